//! What is going on inside, for whoever has to find out why something doesn't work. Nothing in it is the user's: no names, no
//! texts, no addresses.

use std::fmt::Write as _;

use dioxus::prelude::*;
use storage::{SCHEMA_VERSION, SaveState, blobs::Notice, log, log::Line};
use tracing::Level;

use super::{storage::StorageDesk, use_panels};
use crate::{
    media::words,
    platform,
    store::{Store, use_store},
    widgets::{Icon, IconName, Modal, Toaster, use_dom_id},
};

/// How many lines of the log are shown; the report has all.
const SHOWN: usize = 60;
/// How many of the last failures are shown by themselves.
const FAILURES: usize = 5;

/// A heading and what stands below it.
type Section = (&'static str, Vec<(&'static str, String)>);

/// The page, while it is open.
#[component]
pub fn Diagnostics() -> Element {
    let open = use_panels().diagnostics;
    rsx! {
        if open() {
            Page {}
        }
    }
}

#[component]
fn Page() -> Element {
    let store = use_store();
    let desk: StorageDesk = use_context();
    let toaster: Toaster = use_context();
    let mut open = use_panels().diagnostics;
    let heading = format!("{}-title", use_dom_id());
    let mut state = use_signal(|| store.session().state());
    let following = store.clone();
    use_future(move || {
        let session = following.session().clone();
        async move {
            loop {
                let seen = state.peek().clone();
                state.set(session.changed_from(seen).await);
            }
        }
    });
    let asking = store.clone();
    use_future(move || {
        let store = asking.clone();
        async move {
            desk.look_at_quota(&store).await;
        }
    });
    let sections = sections(&store, desk, &state.read());
    let lines = log::lines();
    let copied = report(&sections, &lines);
    let shown: Vec<_> = lines.iter().rev().take(SHOWN).cloned().collect();
    let failures: Vec<_> =
        lines.iter().rev().filter(|line| line.level <= Level::WARN).take(FAILURES).cloned().collect();
    rsx! {
        Modal { class: "drawer", role: "region", labelled_by: heading.clone(), onclose: move |()| open.set(false),
            header {
                div { class: "grow",
                    h2 { id: heading, "Diagnostics" }
                    p { class: "q", "What is going on inside. Nothing here is of your work: no names, no texts." }
                }
                button {
                    r#type: "button",
                    class: "btn quiet small icon",
                    aria_label: "Close",
                    onclick: move |_| open.set(false),
                    Icon { name: IconName::X }
                }
            }
            div { class: "in",
                for (title , facts) in sections {
                    section { key: "{title}",
                        h3 { class: "h", "{title}" }
                        dl { class: "facts wide diag num",
                            for (name , value) in facts {
                                dt { key: "{name}", "{name}" }
                                dd { "data-fact": name, "{value}" }
                            }
                        }
                    }
                }
                section {
                    h3 { class: "h", "Last failures" }
                    if failures.is_empty() {
                        p { class: "q", "None since this window was opened." }
                    } else {
                        ol { class: "card log", aria_label: "Last failures, newest first",
                            for (at , line) in failures.iter().enumerate() {
                                li { key: "{at}", "data-level": "{line.level}", "{line}" }
                            }
                        }
                    }
                }
                section {
                    h3 { class: "h", "Log" }
                    if shown.is_empty() {
                        p { class: "q", "Nothing has been logged." }
                    } else {
                        ol { class: "card log", aria_label: "Log, newest first",
                            for (at , line) in shown.iter().enumerate() {
                                li { key: "{at}", "data-level": "{line.level}", "{line}" }
                            }
                        }
                    }
                }
            }
            footer {
                button {
                    class: "btn primary",
                    onclick: move |_| {
                        let copied = copied.clone();
                        async move {
                            match platform::copy_text(&copied).await {
                                Ok(()) => toaster.info("The report is in the clipboard"),
                                Err(reason) => toaster.error(format!("It can’t be copied: {reason}.")),
                            }
                        }
                    },
                    Icon { name: IconName::Copy }
                    "Copy report"
                }
            }
        }
    }
}

fn sections(store: &Store, desk: StorageDesk, state: &SaveState) -> Vec<Section> {
    let (saving, waiting, failure) = match state {
        SaveState::Saved => ("saved", 0, "none"),
        SaveState::Saving(waiting) => ("saving", *waiting, "none"),
        SaveState::Failed { error, unsaved, .. } => ("failed", *unsaved, error.code()),
    };
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let ids = store.workflows();
    let summaries = ids.iter().filter_map(|id| store.summary(*id));
    let (nodes, edges) = summaries.fold((0, 0), |(nodes, edges), one| (nodes + one.nodes, edges + one.edges));
    let quota = (desk.quota)();
    let mut capabilities: Vec<_> = platform::capabilities().into_iter().map(|(name, has)| (name, yes(has))).collect();
    let has_files = !store.session().assets().notices().contains(&Notice::NoFiles);
    capabilities.push(("Private files", yes(has_files)));
    capabilities.push(("Persistent", quota.map_or_else(|| "not known".to_owned(), |quota| yes(quota.persistent))));
    vec![
        (
            "State",
            vec![
                ("Saving", saving.to_owned()),
                ("Queue", words::count(waiting, "change", "changes")),
                ("Failing now", failure.to_owned()),
                ("Newer build", store.newer().map_or_else(|| "no".to_owned(), |schema| format!("schema {schema}"))),
            ],
        ),
        versions(),
        ("Capabilities", capabilities),
        (
            "Kept here",
            vec![
                ("Workflows", words::grouped(ids.len())),
                ("Nodes", nodes.to_string()),
                ("Edges", edges.to_string()),
                ("Unreadable", words::count(store.unreadable_workflows().len(), "workflow", "workflows")),
                ("In use", quota.map_or_else(|| "not known".to_owned(), |quota| words::size(quota.used))),
                ("Room", quota.map_or_else(|| "not known".to_owned(), |quota| words::size(quota.total))),
            ],
        ),
    ]
}

/// The report of a window that has nothing to show: why, what this is, and what was logged.
pub fn failure_report(error: &storage::Error) -> String {
    let capabilities = platform::capabilities().into_iter();
    let capabilities = capabilities.map(|(name, has)| (name, if has { "yes" } else { "no" }.to_owned())).collect();
    let sections = [("State", vec![("Failure", error.code().to_owned())]), versions(), ("Capabilities", capabilities)];
    report(&sections, &log::lines())
}

fn versions() -> Section {
    let facts = vec![
        ("Atelier", env!("CARGO_PKG_VERSION").to_owned()),
        ("Schema", SCHEMA_VERSION.to_string()),
        ("Engine", platform::engine()),
    ];
    ("Versions", facts)
}

/// Everything as plain text.
fn report(sections: &[Section], lines: &[Line]) -> String {
    let mut text = String::from("Atelier diagnostics\n");
    // Writing into a string never fails.
    for (title, facts) in sections {
        let _is_written = writeln!(text, "\n{title}");
        for (name, value) in facts {
            let _is_written = writeln!(text, "  {name}: {value}");
        }
    }
    let _is_written = writeln!(text, "\nLog");
    for line in lines {
        let _is_written = writeln!(text, "  {line}");
    }
    text
}
