//! Where originals are, how they are moved, and whether they are what they were.

use dioxus::prelude::*;
use storage::blobs::{FolderState, Where};

use super::{Report, StorageDesk, Task, Work, folder::FolderRow, use_counted};
use crate::{
    media::words,
    panels::use_panels,
    platform,
    store::{Topic, use_store, use_topic},
    widgets::{Icon, IconName, VirtualList},
};

/// The section.
#[component]
pub fn Places(version: u64) -> Element {
    let store = use_store();
    let desk: StorageDesk = use_context();
    use_topic(&store, Topic::Folder);
    let Some(counted) = use_counted() else { return VNode::empty() };
    let assets = store.session().assets();
    let (folder, preferred) = (assets.folder(), assets.preferred());
    let work = desk.work.read().clone();
    let busy = work.is_some();
    let report = desk.report.read().clone();
    let figure = |at: Where| counted.figures.places.get(&at).copied().unwrap_or_default();
    // Private files are named even when there are none; the database only when it had to take some.
    let shown = [Where::Own, Where::Database].into_iter().filter(|at| *at == Where::Own || figure(*at).0 > 0);
    // Where new media go is plain until there is a folder.
    let own = assets_go_here(&folder, preferred);
    let check = store.clone();
    let (mut open, mut diagnostics) = (desk.open, use_panels().diagnostics);
    rsx! {
        section { "data-version": "{version}",
            h3 { class: "h", "Where originals are" }
            div { class: "card",
                for at in shown {
                    div { key: "{at:?}", class: "lrow c3", "data-storage-place": "{at:?}", "data-bytes": "{figure(at).1}",
                        Icon { name: if at == Where::Own { IconName::HardDrive } else { IconName::Layers } }
                        span {
                            "{words::place(at)}"
                            small { class: "num", "{words::count(figure(at).0, \"file\", \"files\")}{fate(at)}{own.filter(|_| at == Where::Own).unwrap_or_default()}" }
                        }
                        span { class: "num end", "{words::size(figure(at).1)}" }
                    }
                }
                FolderRow { version }
                div { class: "lrow c3",
                    Icon { name: IconName::ShieldCheck }
                    span {
                        "Whether every file is what it was"
                        small { "Reads all of them and compares them with their checksums" }
                    }
                    button { class: "btn small", disabled: busy || counted.figures.files == 0, onclick: move |_| desk.begin(&check, Task::Verify), "Verify" }
                }
                div { class: "lrow c3",
                    Icon { name: IconName::Info }
                    span {
                        "What is going on inside"
                        small { "State, versions and the last lines of the log, without anything of your work" }
                    }
                    button {
                        class: "btn small",
                        onclick: move |_| {
                            open.set(false);
                            diagnostics.set(true);
                        },
                        "Diagnostics"
                    }
                }
                if let Some(work) = work {
                    Going { work: work.as_ref().clone() }
                }
            }
            if let Some(report) = report {
                Ended { report }
            }
        }
    }
}

/// What is said of the private files once there is a folder: whether new media go there.
fn assets_go_here(folder: &FolderState, preferred: Where) -> Option<&'static str> {
    match (folder, preferred) {
        (FolderState::None, _) | (FolderState::Granted { .. }, Where::Folder) => None,
        (_, Where::Folder) => Some(" · new media go here until your folder can be used"),
        _ => Some(" · new media go here"),
    }
}

/// What may become of what is there.
fn fate(at: Where) -> &'static str {
    match at {
        Where::Own if !platform::IS_NATIVE => " · gone if you clear this site’s data",
        _ => "",
    }
}

/// Work that goes on.
#[component]
fn Going(work: Work) -> Element {
    let percent = words::percent(work.done, work.total);
    let ticket = work.ticket.clone();
    let cancelled = ticket.is_cancelled();
    rsx! {
        div { class: "lrow c3 going", role: "status", "data-work": work.task.label(),
            Icon { name: IconName::RefreshCw }
            span {
                span { class: "num", "{work.task.label()}: {words::size(work.done)} of {words::size(work.total)}" }
                span {
                    class: "meter",
                    role: "progressbar",
                    aria_label: work.task.label(),
                    aria_valuenow: "{percent}",
                    aria_valuemin: 0,
                    aria_valuemax: 100,
                    i { width: "{percent}%" }
                }
            }
            button { class: "btn small", disabled: cancelled, onclick: move |_| ticket.cancel(), "Cancel" }
        }
    }
}

impl PartialEq for Work {
    fn eq(&self, other: &Self) -> bool {
        (self.task, self.done, self.total) == (other.task, other.done, other.total)
    }
}

/// How work ended.
#[component]
fn Ended(report: Report) -> Element {
    let desk: StorageDesk = use_context();
    let mut closed = desk.report;
    let (class, icon, title, words) = in_words(&report);
    let damaged = match &report {
        Report::Damaged(_, damaged) => damaged.clone(),
        _ => [].into(),
    };
    let count = damaged.len();
    let row = use_callback(move |index: usize| match damaged.get(index) {
        Some(damage) => rsx! {
            div { class: "lrow c3 bad file",
                Icon { name: IconName::FileX }
                span {
                    span { class: "cut", "{words::name(&damage.asset)}" }
                    small { "{damage.reason}" }
                }
                span { class: "num end", "{words::size(damage.asset.bytes)}" }
            }
        },
        None => VNode::empty(),
    });
    rsx! {
        div { class, role: if count > 0 { "alert" } else { "status" }, "data-report": "{count}",
            Icon { name: icon }
            div {
                b { class: "num", "{title}" }
                p { class: "q", "{words}" }
            }
            button { class: "btn quiet small icon", aria_label: "Dismiss", onclick: move |_| closed.set(None), Icon { name: IconName::X } }
        }
        if count > 0 {
            div { class: "card below",
                VirtualList { label: "Files with problems", count, row_height: super::clean_up::ROW, height: 260., version: count as u64, row }
            }
        }
    }
}

fn in_words(report: &Report) -> (&'static str, IconName, String, String) {
    let ok = ("msg ok below", IconName::CircleCheck);
    let info = ("msg info below", IconName::Info);
    let error = ("msg error below", IconName::CircleAlert);
    let ((class, icon), title, words) = match report {
        Report::Fine(Task::Verify, files) => (
            ok,
            format!("{} as they were", words::count(*files, "file is", "files are")),
            "Every checksum is right.".into(),
        ),
        Report::Fine(Task::Move(Where::Folder), _) => {
            (ok, "All media are in your folder".into(), "New ones go there as well.".into())
        }
        Report::Fine(Task::Move(_), _) => (ok, "All media are back".into(), "New ones are kept there as well.".into()),
        Report::Damaged(Task::Verify, damaged) => (
            error,
            format!("{} not what they were", words::count(damaged.len(), "file is", "files are")),
            "Drop the same files onto the canvas again: what is lost is then replaced, and nodes find it.".into(),
        ),
        Report::Damaged(Task::Move(_), damaged) => (
            error,
            format!("{} where they were", words::count(damaged.len(), "file stays", "files stay")),
            "All others were moved. Try again once the reasons below are gone.".into(),
        ),
        Report::Cancelled(Task::Verify) => (info, "Not all files were read".into(), "Nothing was changed.".into()),
        Report::Cancelled(Task::Move(_)) => (
            info,
            "Not all files were moved".into(),
            "What was moved by then stays moved, and everything can be shown.".into(),
        ),
        Report::Failed(Task::Verify, reason) => (error, "The files can’t be read".into(), format!("{reason}.")),
        Report::Failed(Task::Move(_), reason) => (
            error,
            "Not all files were moved".into(),
            format!("{reason}. What was moved stays moved, the rest stays where it is."),
        ),
    };
    (class, icon, title, words)
}
