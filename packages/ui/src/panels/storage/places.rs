//! Where originals are, how they are moved, and whether they are what they were.

use dioxus::prelude::*;
use storage::blobs::{FolderState, Where};

use super::{Report, StorageDesk, Task, Work, use_counted};
use crate::{
    media::words,
    platform,
    store::use_store,
    widgets::{Icon, IconName, Toaster, VirtualList},
};

/// The hidden field through which a folder is chosen.
const FIELD: &str = "media-folder";

/// The section.
#[component]
pub fn Places(version: u64) -> Element {
    let store = use_store();
    let desk: StorageDesk = use_context();
    let toaster: Toaster = use_context();
    let Some(counted) = use_counted() else { return VNode::empty() };
    let folder = store.session().assets().folder();
    let work = desk.work.read().clone();
    let busy = work.is_some();
    let report = desk.report.read().clone();
    let figure = |at: Where| counted.figures.places.get(&at).copied().unwrap_or_default();
    let (files, _) = figure(Where::Folder);
    // Private files are named even when there are none; the database only when it had to take some.
    let shown = [Where::Own, Where::Database].into_iter().filter(|at| *at == Where::Own || figure(*at).0 > 0);
    let outside = counted.figures.files - files;
    let usable = matches!(folder, FolderState::Granted { .. });
    let (to, back, check, chosen) = (store.clone(), store.clone(), store.clone(), store);
    rsx! {
        section { "data-version": "{version}",
            h3 { class: "h", "Where originals are" }
            div { class: "card",
                for at in shown {
                    div { key: "{at:?}", class: "lrow c3", "data-storage-place": "{at:?}", "data-bytes": "{figure(at).1}",
                        Icon { name: if at == Where::Own { IconName::HardDrive } else { IconName::Layers } }
                        span {
                            "{words::place(at)}"
                            small { class: "num", "{words::count(figure(at).0, \"file\", \"files\")}{fate(at)}" }
                        }
                        span { class: "num end", "{words::size(figure(at).1)}" }
                    }
                }
                if platform::HAS_FOLDERS || files > 0 {
                    div { class: "lrow c4", "data-storage-place": "Folder", "data-bytes": "{figure(Where::Folder).1}",
                        Icon { name: IconName::Folder }
                        span {
                            "{folder_name(&folder)}"
                            small { class: "num", "{folder_words(&folder, files)}" }
                        }
                        div { class: "row",
                            if usable && outside > 0 {
                                button { class: "btn small", disabled: busy, onclick: move |_| desk.begin(&to, Task::Move(Where::Folder)), "Move media to it" }
                            }
                            if usable && files > 0 {
                                button { class: "btn small", disabled: busy, onclick: move |_| desk.begin(&back, Task::Move(Where::Own)), "Move back" }
                            }
                            if platform::HAS_FOLDERS {
                                button { class: "btn small", disabled: busy, onclick: |_| platform::click(FIELD),
                                    Icon { name: IconName::FolderOpen }
                                    if folder == FolderState::None { "Choose…" } else { "Change…" }
                                }
                            }
                        }
                        span { class: "num end", "{words::size(figure(Where::Folder).1)}" }
                    }
                }
                div { class: "lrow c3",
                    Icon { name: IconName::ShieldCheck }
                    span {
                        "Whether every file is what it was"
                        small { "Reads all of them and compares them with their checksums" }
                    }
                    button { class: "btn small", disabled: busy || counted.figures.files == 0, onclick: move |_| desk.begin(&check, Task::Verify), "Verify" }
                }
                if let Some(work) = work {
                    Going { work: work.as_ref().clone() }
                }
            }
            if platform::HAS_FOLDERS {
                input {
                    r#type: "file",
                    id: FIELD,
                    aria_label: "Folder for media",
                    hidden: true,
                    directory: true,
                    onchange: move |event| {
                        let (store, files) = (chosen.clone(), event.files());
                        async move {
                            if files.is_empty() {
                                return;
                            }
                            let assets = store.session().assets().clone();
                            if let Err(reason) = platform::use_folder(assets, files).await {
                                toaster.error(format!("The folder can’t be used: {reason}."));
                            }
                            desk.count(&store).await;
                        }
                    },
                }
            }
            if let Some(report) = report {
                Ended { report }
            }
        }
    }
}

/// What may become of what is there.
fn fate(at: Where) -> &'static str {
    match at {
        Where::Own if !platform::HAS_FOLDERS => " · gone if you clear this site’s data",
        _ => "",
    }
}

fn folder_name(folder: &FolderState) -> String {
    match folder {
        FolderState::None => "A folder of your own".into(),
        FolderState::Granted { name }
        | FolderState::NeedsClick { name }
        | FolderState::Denied { name }
        | FolderState::Missing { name } => format!("Your folder “{name}”"),
    }
}

fn folder_words(folder: &FolderState, files: usize) -> String {
    let count = words::count(files, "file", "files");
    match folder {
        FolderState::None => "Plain files that other programs can open, on any disk".into(),
        FolderState::Granted { .. } => format!("{count}, which other programs can open"),
        FolderState::NeedsClick { .. } => format!("{count}. The browser wants you to allow it again"),
        FolderState::Denied { .. } => {
            format!("{count}. The system doesn’t let Atelier write to it; allow that, or choose another")
        }
        FolderState::Missing { .. } => format!("{count}. It isn’t there; connect its disk, or choose where it is now"),
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
