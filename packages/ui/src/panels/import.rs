//! Bringing files in: checked first, shown, then stored or not.

use dioxus::prelude::*;
use storage::{
    comfyui::{self, Import},
    model::Stamp,
};

use super::{library::show, use_panels};
use crate::{
    canvas::use_editor,
    media::{Incoming, Ingest, words},
    platform,
    store::{Store, use_store},
    widgets::{Dialog, Icon, IconName, Toaster},
};

/// The hidden field through which files are chosen.
const FIELD: &str = "import-files";

/// A file that was looked at.
#[derive(Clone, PartialEq)]
pub struct Candidate {
    file: String,
    outcome: Result<Box<Import>, Refusal>,
}

/// Why a file can't come in.
#[derive(Clone, Debug, PartialEq)]
struct Refusal {
    /// For programs: short and stable.
    code: &'static str,
    /// For people.
    words: String,
}

/// Opens the system's dialog to choose files.
pub fn choose_files() {
    platform::click(FIELD);
}

/// The button "Import", and the field behind it.
#[component]
pub fn Choose() -> Element {
    let store = use_store();
    let panels = use_panels();
    let mut import = panels.import;
    rsx! {
        button { class: "footbtn", onclick: |_| choose_files(),
            Icon { name: IconName::PackageOpen }
            span { "Import" }
        }
        input {
            r#type: "file",
            id: FIELD,
            "data-import": true,
            aria_label: "Files to bring in",
            hidden: true,
            multiple: true,
            accept: ".json,application/json",
            onchange: move |event| {
                let (store, files) = (store.clone(), platform::chosen(event.files()));
                async move {
                    let candidates = look_at(&store, files).await;
                    if !candidates.is_empty() {
                        import.set(Some(candidates));
                    }
                }
            },
        }
    }
}

/// Where files may be dropped: anywhere.
#[component]
pub fn Drop() -> Element {
    let drop = use_panels().drop;
    rsx! {
        if drop() {
            div { class: "drop",
                p { "Drop to add" }
            }
        }
    }
}

/// Reads and checks files. Nothing is stored.
pub async fn look_at(store: &Store, files: Vec<Incoming>) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for file in files {
        let outcome = match file.read().await {
            Ok(bytes) => check(&bytes, &file.name, &mut || store.session().stamp()),
            Err(error) => Err(Refusal { code: "unreadable", words: format!("The file can’t be read: {error}") }),
        };
        candidates.push(Candidate { file: file.name, outcome });
    }
    candidates
}

fn check(bytes: &[u8], file: &str, next_stamp: &mut dyn FnMut() -> Stamp) -> Result<Box<Import>, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|error| Refusal {
        code: "not-text",
        words: format!("This is no text from byte {} on, so it is no workflow.", error.valid_up_to()),
    })?;
    let name = file.rsplit_once('.').map_or(file, |(name, _)| name);
    comfyui::import(text, name, next_stamp)
        .map(Box::new)
        .map_err(|error| Refusal { code: error.reason(), words: error.to_string() })
}

/// The report, and the decision.
#[component]
pub fn ImportDialog() -> Element {
    let store = use_store();
    let editor = use_editor();
    let toaster: Toaster = use_context();
    let ingest: Ingest = use_context();
    let mut import = use_panels().import;
    let Some(candidates) = import() else { return VNode::empty() };
    let valid = candidates.iter().filter(|candidate| candidate.outcome.is_ok()).count();
    let subtitle = match candidates.len() {
        1 => "The file was checked from end to end. Nothing has been written yet.".to_owned(),
        count => format!("{count} files were checked from end to end. Nothing has been written yet."),
    };
    let come_in = move |_| {
        let mut last = None;
        for candidate in import.take().into_iter().flatten() {
            let Ok(mut brought) = candidate.outcome else { continue };
            brought.workflow.name = store.free_name(&brought.workflow.name);
            match store.import_workflow(&brought.workflow) {
                Ok(id) => last = Some(id),
                Err(error) => toaster.error(format!("{} can’t come in: {error}", candidate.file)),
            }
        }
        if let Some(id) = last {
            ingest.ask_to_keep();
            let (store, editor) = (store.clone(), editor.clone());
            dioxus::dioxus_core::spawn_forever(async move { show(&store, &editor, toaster, id).await });
        }
    };
    rsx! {
        Dialog { title: "Import", subtitle, onclose: move |()| import.set(None),
            div { class: "in",
                for (number , candidate) in candidates.iter().enumerate() {
                    Report { key: "{number}", candidate: candidate.clone() }
                }
            }
            footer {
                span { class: "grow" }
                button { class: "btn", onclick: move |_| import.set(None), "Cancel" }
                button { class: "btn primary", autofocus: valid > 0, disabled: valid == 0, onclick: come_in, "Import" }
            }
        }
    }
}

/// What one file holds, or why it can't come in.
#[component]
fn Report(candidate: Candidate) -> Element {
    match candidate.outcome {
        Ok(import) => {
            let (nodes, edges) = (import.workflow.nodes.len(), import.workflow.edges.len());
            rsx! {
                div {
                    class: "report",
                    "data-import-report": "{candidate.file}",
                    "data-valid": "true",
                    "data-nodes": "{nodes}",
                    "data-edges": "{edges}",
                    "data-assets": "0",
                    div { class: "rt",
                        Icon { name: IconName::CircleCheck }
                        span {
                            b { "{import.workflow.name}" }
                            span { class: "file", "{candidate.file} · ComfyUI workflow" }
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
        Err(Refusal { code, words }) => rsx! {
            div {
                class: "report bad",
                role: "alert",
                "data-import-report": "{candidate.file}",
                "data-valid": "false",
                "data-reason": code,
                div { class: "rt",
                    Icon { name: IconName::CircleX }
                    span {
                        b { "{candidate.file}" }
                    }
                    span { class: "chip error", "Can’t come in" }
                }
                div { class: "ledger plain",
                    Icon { name: IconName::FileX }
                    span { "{words}" }
                }
            }
        },
    }
}
