//! What one file holds, or why it can't come in.

use dioxus::prelude::*;
use storage::{backend::Batch, comfyui::Import, rescue};

use super::{
    import::{Candidate, Checked, Choice, Outcome, Refusal, sentence, use_importer},
    use_panels,
};
use crate::{
    media::words,
    store::use_store,
    widgets::{Icon, IconName},
};

/// One file.
#[component]
pub fn Report(number: usize, candidate: Candidate) -> Element {
    let Candidate { file, bytes, outcome } = candidate;
    match outcome {
        Outcome::ComfyUi(import) => comfyui(&file, &import),
        Outcome::Package(checked) => match checked.package.refusal() {
            None => rsx! {
                Sound { number, file, bytes, checked }
            },
            Some(_) => rsx! {
                Damaged { number, file, bytes, checked }
            },
        },
        Outcome::Rescued(batch) => rescued(&file, &batch),
        Outcome::Ignored(entries) => ignored(&file, &entries),
        Outcome::Refused(refusal) => refused(&file, &refusal),
    }
}

/// The first names of a list, and how many more there are.
fn some_of(names: &[String]) -> Element {
    let shown = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(3);
    rsx! {
        code { "{shown}" }
        if more > 0 {
            " and {more} more"
        }
    }
}

/// What is in a backup and is no package.
fn ignored(backup: &str, entries: &[String]) -> Element {
    let (count, are) = (words::count(entries.len(), "entry", "entries"), if entries.len() == 1 { "is" } else { "are" });
    rsx! {
        div { class: "ledger plain", "data-ignored": "{entries.len()}",
            Icon { name: IconName::CircleSlash }
            span { class: "q",
                "{count} of {backup} {are} ignored: "
                {some_of(entries)}
            }
        }
    }
}

/// Work that could not be stored when it was saved to this file.
fn rescued(file: &str, batch: &Batch) -> Element {
    let rescue::Contents { names, workflows, nodes, edges } = rescue::contents(batch);
    let title = if names.is_empty() { words::count(workflows, "workflow", "workflows") } else { names.join(", ") };
    rsx! {
        div {
            class: "report",
            "data-import-report": "{file}",
            "data-valid": "true",
            "data-nodes": "{nodes}",
            "data-edges": "{edges}",
            "data-assets": "0",
            div { class: "rt",
                Icon { name: IconName::CircleCheck }
                span {
                    b { dir: "auto", "{title}" }
                    span { class: "file", "{file} · rescued work" }
                }
                span { class: "num q", "{words::count(nodes, \"node\", \"nodes\")} · {words::count(edges, \"edge\", \"edges\")}" }
            }
            div { class: "ledger plain",
                Icon { name: IconName::Info }
                span { class: "q", "It is merged with what is here: whichever was changed last stands. Nothing else is touched." }
            }
        }
    }
}

fn comfyui(file: &str, import: &Import) -> Element {
    let (nodes, edges) = (import.workflow.nodes.len(), import.workflow.edges.len());
    rsx! {
        div {
            class: "report",
            "data-import-report": "{file}",
            "data-valid": "true",
            "data-nodes": "{nodes}",
            "data-edges": "{edges}",
            "data-assets": "0",
            div { class: "rt",
                Icon { name: IconName::CircleCheck }
                span {
                    b { "{import.workflow.name}" }
                    span { class: "file", "{file} · ComfyUI workflow" }
                }
                span { class: "num q", "{words::count(nodes, \"node\", \"nodes\")} · {words::count(edges, \"edge\", \"edges\")}" }
            }
            for (number , warning) in import.warnings.iter().enumerate() {
                div { class: "ledger plain", key: "{number}",
                    Icon { name: IconName::Info }
                    span { class: "q", "{warning}" }
                }
            }
        }
    }
}

/// A package that can come in.
#[component]
fn Sound(number: usize, file: String, bytes: u64, checked: Checked) -> Element {
    let package = &checked.package;
    let workflow = &package.workflow;
    let (nodes, edges) = (workflow.nodes.len(), workflow.edges.len());
    rsx! {
        div {
            class: "report",
            "data-import-report": "{file}",
            "data-valid": "true",
            "data-nodes": "{nodes}",
            "data-edges": "{edges}",
            "data-assets": "{package.assets.len()}",
            "data-assets-new": "{checked.outlook.new}",
            "data-assets-here": "{checked.outlook.here}",
            "data-ignored": "{package.ignored.len()}",
            div { class: "rt",
                Icon { name: IconName::CircleCheck }
                span {
                    b { dir: "auto", "{workflow.name}" }
                    span { class: "file", "{file} · {words::size(bytes)}" }
                }
                span { class: "num q", "{words::count(nodes, \"node\", \"nodes\")} · {words::count(edges, \"edge\", \"edges\")}" }
            }
            Contents { checked: checked.clone() }
            Ways { number, checked: checked.clone() }
        }
    }
}

/// What would become of what is in a package, and what else is to be said of it.
#[component]
fn Contents(checked: Checked) -> Element {
    let Checked { package, outlook, .. } = checked;
    let lost = outlook.missing + outlook.rejected;
    let has_ledger = outlook.new + outlook.here + outlook.urls + lost + package.ignored.len() > 0;
    rsx! {
        if has_ledger {
            div { class: "ledger",
                if outlook.new > 0 {
                    Icon { name: IconName::Plus }
                    b { "{outlook.new} come in" }
                    span { class: "q", "every content was read and its hash compared" }
                    span { class: "q num end", "{words::size(outlook.new_bytes)}" }
                }
                if outlook.here > 0 {
                    Icon { name: IconName::CopyCheck }
                    b { "{outlook.here} already here" }
                    span { class: "q", "same hash as files you have; not stored twice" }
                    span { class: "q num end", "{words::size(package.bytes() - outlook.new_bytes)}" }
                }
                if outlook.urls > 0 {
                    Icon { name: IconName::Cloud }
                    b { "{outlook.urls} stay online" }
                    span { class: "q", "kept as links; nothing is fetched" }
                    span { class: "q num end" }
                }
                if outlook.missing > 0 {
                    Icon { name: IconName::TriangleAlert }
                    b { "{outlook.missing} missing" }
                    span { class: "q", "listed, and not in the file" }
                    span { class: "q num end" }
                }
                if outlook.rejected > 0 {
                    Icon { name: IconName::TriangleAlert }
                    b { "{outlook.rejected} damaged" }
                    span { class: "q", "not what the file says that they are" }
                    span { class: "q num end" }
                }
                if !package.ignored.is_empty() {
                    Icon { name: IconName::CircleSlash }
                    b { "{package.ignored.len()} ignored" }
                    span { class: "q",
                        {some_of(&package.ignored)}
                        " not part of the format"
                    }
                    span { class: "q num end" }
                }
            }
        }
        for (number , warning) in package.warnings.iter().enumerate() {
            div { class: "ledger plain", key: "{number}",
                Icon { name: IconName::Info }
                span { class: "q", "{warning}" }
            }
        }
    }
}

/// How a package comes in, where there is something to choose or to know.
#[component]
fn Ways(number: usize, checked: Checked) -> Element {
    let store = use_store();
    let mut import = use_panels().import;
    let Checked { package, here, is_backed_up, choice, .. } = checked;
    let name = package.workflow.name.clone();
    let free = store.free_name(&name);
    let mut choose = move |chosen: Choice| {
        if let Some(candidate) = import.write().as_mut().and_then(|all| all.get_mut(number))
            && let Outcome::Package(checked) = &mut candidate.outcome
        {
            checked.choice = chosen;
        }
    };
    let Some(here) = here else {
        return rsx! {
            if is_backed_up {
                div { class: "ledger plain",
                    Icon { name: IconName::Files }
                    span { class: "q", "It is not here. It comes back as what it was." }
                }
            } else if free != name {
                div { class: "ledger plain",
                    Icon { name: IconName::Files }
                    span { class: "q",
                        "You already have a “{name}”. This one comes in as "
                        b { "{free}" }
                        "; yours stays."
                    }
                }
            }
        };
    };
    let leave = is_backed_up.then_some((Choice::Leave, "Leave yours as it is", "Nothing of it comes in.".to_owned()));
    let copy = (Choice::Copy, "Import a copy", format!("It comes in as “{free}”; yours stays as it is."));
    let update =
        (Choice::Update, "Update yours", "What differs becomes as it is in the file. Nothing is deleted.".to_owned());
    rsx! {
        div { class: "ledger plain",
            Icon { name: IconName::Files }
            div { role: "radiogroup", aria_label: "This workflow is here already",
                span { class: "q", "This workflow is here already, as “{here}”." }
                for (way , label , hint) in leave.into_iter().chain([copy, update]) {
                    label { class: "option", key: "{way:?}",
                        input {
                            r#type: "radio",
                            class: "radio",
                            name: "way-{number}",
                            checked: choice == way,
                            onchange: move |_| choose(way),
                        }
                        span {
                            "{label}"
                            small { "{hint}" }
                        }
                    }
                }
            }
        }
    }
}

/// A package of which some media are missing or damaged.
#[component]
fn Damaged(number: usize, file: String, bytes: u64, checked: Checked) -> Element {
    let importer = use_importer();
    let mut import = use_panels().import;
    let package = &checked.package;
    let workflow = &package.workflow;
    let code = package.refusal().map_or("", storage::package::PackageError::code);
    let bring = move |_| {
        let mut all = import.take().unwrap_or_default();
        if number < all.len() {
            let chosen = all.remove(number);
            // The others still wait for a decision.
            import.set(Some(all).filter(|all| !all.is_empty()));
            importer.clone().bring(vec![chosen]);
        }
    };
    rsx! {
        div {
            class: "report bad",
            role: "alert",
            "data-import-report": "{file}",
            "data-valid": "false",
            "data-reason": code,
            "data-nodes": "{workflow.nodes.len()}",
            "data-edges": "{workflow.edges.len()}",
            "data-assets": "{package.assets.len()}",
            "data-assets-missing": "{checked.outlook.missing}",
            "data-assets-rejected": "{checked.outlook.rejected}",
            div { class: "rt",
                Icon { name: IconName::CircleX }
                span {
                    b { dir: "auto", "{workflow.name}" }
                    span { class: "file", "{file} · {words::size(bytes)}" }
                }
                span { class: "chip error", "Can’t come in" }
            }
            Contents { checked: checked.clone() }
            div { class: "ledger plain",
                Icon { name: IconName::FileX }
                div {
                    for (id , error) in package.damaged.iter().take(5) {
                        p { key: "{id}", "{sentence(&error.to_string())}" }
                    }
                    if package.damaged.len() > 5 {
                        p { "And {package.damaged.len() - 5} more." }
                    }
                    p { class: "q", "The graph itself is sound. Ask for the file again, or do without." }
                }
                button {
                    class: "btn small",
                    disabled: checked.choice == Choice::Leave,
                    onclick: bring,
                    "Import without the damaged parts"
                }
            }
            Ways { number, checked: checked.clone() }
        }
    }
}

fn refused(file: &str, refusal: &Refusal) -> Element {
    let Refusal { code, words } = refusal;
    let code = code.as_str();
    rsx! {
        div {
            class: "report bad",
            role: "alert",
            "data-import-report": "{file}",
            "data-valid": "false",
            "data-reason": code,
            div { class: "rt",
                Icon { name: IconName::CircleX }
                span {
                    b { "{file}" }
                }
                span { class: "chip error", "Can’t come in" }
            }
            div { class: "ledger plain",
                Icon { name: IconName::FileX }
                span { "{words}" }
            }
        }
    }
}
