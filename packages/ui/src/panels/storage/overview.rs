//! How much there is, and how much there may be.

use dioxus::prelude::*;
use storage::blobs::{Notice, Quota, Where};

use super::{
    StorageDesk,
    figures::{kind_class, kind_word, room},
    folder, use_counted,
};
use crate::{
    media::{Ingest, words},
    platform,
    store::{Topic, use_store, use_topic},
    widgets::{Icon, IconName, Toaster},
};

/// The figures at the top.
#[component]
pub fn Overview(version: u64) -> Element {
    let store = use_store();
    let desk: StorageDesk = use_context();
    let toaster: Toaster = use_context();
    let ingest: Ingest = use_context();
    use_topic(&store, Topic::Arrivals);
    let Some(counted) = use_counted() else { return VNode::empty() };
    let (figures, usage) = (&counted.figures, &counted.usage);
    let quota = (desk.quota)();
    let media = figures.split.total();
    // A browser rounds what it tells, and tells it late: never less than there is.
    let used = quota.map_or(media, |quota| quota.used.max(media));
    let (total, left) = quota.map_or((used, 0), |quota| (quota.total.max(used), quota.total.saturating_sub(used)));
    let rest = used - media;
    let of = if platform::IS_NATIVE { "that this disk has room for" } else { "that this browser allows" };
    let share = |bytes: u64| if total == 0 { 0. } else { bytes as f64 / total as f64 * 100. };
    let all = store.session().assets().notices().into_iter();
    let notices: Vec<_> = all.filter(|notice| *notice != Notice::NoFolders).collect();
    let moves =
        store.has_folders() && figures.files > figures.places.get(&Where::Folder).map_or(0, |(files, _)| *files);
    let keep = move |_| {
        let store = store.clone();
        async move {
            if platform::ask_to_keep().await {
                desk.look_at_quota(&store).await;
            } else {
                toaster.info("The browser doesn’t promise it yet. It may once you use Atelier more often, or install it as an app.");
            }
        }
    };
    rsx! {
        for notice in notices {
            Said { key: "{notice:?}", notice }
        }
        if let Some(name) = ingest.without_room() {
            div { class: "msg error", role: "status", "data-full": "true",
                Icon { name: IconName::CircleAlert }
                div {
                    b { "There was no room for “{name}”" }
                    p { class: "q", "{ways_out(moves)} Then try it again. Nothing that is stored suffers." }
                }
                if moves {
                    MoveOut {}
                }
            }
        } else if let Some(quota) = quota.filter(Quota::is_nearly_full) {
            div { class: "msg warn", role: "status",
                Icon { name: IconName::TriangleAlert }
                div {
                    b { class: "num", "{words::size(left)} left of {words::size(quota.total)}" }
                    p { class: "q num", "{room(left, figures.files, media)}" }
                }
                if moves {
                    MoveOut {}
                }
            }
        }
        if !usage.corrupt.is_empty() {
            div { class: "msg error", role: "alert",
                Icon { name: IconName::CircleAlert }
                div {
                    b { class: "num", "{words::count(usage.corrupt.len(), \"file’s entry can’t be read\", \"files’ entries can’t be read\")}" }
                    p { class: "q", "{usage.corrupt[0]}. They are left as they are." }
                }
            }
        }
        section { "data-storage-used": "{used}", "data-storage-media": "{media}", "data-version": "{version}",
            div { class: "row",
                span { class: "figure num", "{words::size(used)}" }
                if quota.is_some() {
                    span { class: "q grow num", "of the {words::size(total)} {of}" }
                } else {
                    span { class: "q grow num", "in {words::count(figures.files, \"file\", \"files\")}" }
                }
                match quota.map(|quota| quota.persistent) {
                    Some(true) => rsx! {
                        span { class: "chip ok", "data-persistent": "true",
                            Icon { name: IconName::ShieldCheck }
                            "Safe from automatic clearing"
                        }
                    },
                    Some(false) => rsx! {
                        span { class: "chip warn", "data-persistent": "false",
                            Icon { name: IconName::ShieldAlert }
                            "The browser may clear it"
                        }
                        button { class: "btn small", onclick: keep, "Keep it safe" }
                    },
                    None => rsx! {},
                }
            }
            div { class: "usage", "aria-hidden": "true",
                for (kind , bytes) in figures.split.parts() {
                    i { key: "{kind_class(kind)}", class: kind_class(kind), width: "{share(bytes)}%" }
                }
                if rest > 0 {
                    i { class: "u-data", width: "{share(rest)}%" }
                }
                i { class: "u-free" }
            }
            div { class: "key num",
                for (kind , bytes) in figures.split.parts() {
                    span { key: "{kind_class(kind)}",
                        i { class: kind_class(kind) }
                        "{kind_word(kind)} {words::size(bytes)}"
                    }
                }
                if rest > 0 {
                    span {
                        i { class: "u-data" }
                        "Workflows and the rest {words::size(rest)}"
                    }
                }
                if quota.is_some() {
                    span {
                        i { class: "u-free" }
                        "Free {words::size(left)}"
                    }
                }
            }
        }
    }
}

/// How to make room.
fn ways_out(moves: bool) -> &'static str {
    if moves {
        "Clean up what no workflow uses, or move media to a folder of yours."
    } else {
        "Clean up what no workflow uses, or remove nodes whose files you don’t need."
    }
}

/// The button that makes room by moving media out of the browser's share of the disk, or to another disk.
#[component]
fn MoveOut() -> Element {
    let store = use_store();
    let desk: StorageDesk = use_context();
    let toaster: Toaster = use_context();
    let busy = desk.work.read().is_some();
    rsx! {
        button { class: "btn small", disabled: busy, onclick: move |_| folder::choose_and_move(&store, desk, toaster), "Move media to a folder…" }
    }
}

/// One thing that it can't do, and what is done instead.
#[component]
fn Said(notice: Notice) -> Element {
    let (title, words) = words::notice(notice);
    rsx! {
        div { class: "msg info", "data-notice": "{notice:?}",
            Icon { name: IconName::Info }
            div {
                b { "{title}" }
                p { class: "q", "{words}" }
            }
        }
    }
}
