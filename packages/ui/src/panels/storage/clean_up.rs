//! What no workflow uses, and how it goes: chosen, reviewed, and only then removed.

use std::collections::BTreeSet;

use dioxus::prelude::*;
use storage::model::{Asset, AssetId, MediaKind};

use super::{Counted, StorageDesk, use_counted};
use crate::{
    media::words,
    store::{Known, use_asset, use_store},
    widgets::{Dialog, Icon, IconName, Toaster, VirtualList, sleep},
};

/// How high a row of a list of files is, in pixels.
pub const ROW: f64 = 52.;
/// How high a list of files is at most.
const LIST: f64 = 6. * ROW;

/// How long a row is in sight before its picture is asked for, in milliseconds: whoever scrolls past thousands asks for none.
const LINGER: u64 = 100;

/// The section.
#[component]
pub fn CleanUp(version: u64) -> Element {
    let desk: StorageDesk = use_context();
    let mut looking = use_signal(|| false);
    let Some(counted) = use_counted() else { return VNode::empty() };
    let figures = &counted.figures;
    let mut chosen = desk.chosen;
    let (count, selected) = (figures.unused.len(), chosen.read().len());
    if !figures.knows_uses {
        return rsx! {
            section {
                h3 { class: "h", "Free up space" }
                div { class: "card",
                    p { class: "lrow q", role: "status", "Looking for files that no workflow uses…" }
                }
            }
        };
    }
    if count == 0 {
        return rsx! {
            section {
                h3 { class: "h", "Free up space" }
                p { class: "q", "data-unused": "0", "Nothing to clean up: workflows use every file that is kept." }
            }
        };
    }
    let all: Vec<AssetId> = figures.unused.iter().map(|at| counted.usage.assets[*at].id).collect();
    let row = use_callback(move |index: usize| {
        rsx! {
            Choice { index, version }
        }
    });
    rsx! {
        section {
            div { class: "row",
                h3 { class: "h grow", "Free up space" }
                span { class: "q s12", "Nothing is removed before you have seen the list" }
            }
            div { class: "card",
                div { class: "lrow c4", "data-unused": "{count}",
                    input {
                        r#type: "checkbox",
                        class: "check",
                        aria_label: "All files that no workflow uses",
                        checked: selected == count,
                        onchange: move |event| {
                            chosen.set(if event.checked() { all.iter().copied().collect() } else { BTreeSet::new() });
                        },
                    }
                    span {
                        "Files that no workflow uses"
                        small { class: "num", "{words::count(count, \"file\", \"files\")}, from nodes that were deleted or given another file" }
                    }
                    button {
                        class: "link",
                        aria_expanded: "{looking}",
                        onclick: move |_| looking.toggle(),
                        if looking() { "Hide" } else { "Look" }
                    }
                    span { class: "num end", "{words::size(figures.unused_bytes)}" }
                }
                if looking() {
                    VirtualList {
                        label: "Files that no workflow uses",
                        count,
                        row_height: ROW,
                        height: LIST,
                        version,
                        row,
                    }
                }
            }
        }
    }
}

/// One file that may go.
#[component]
fn Choice(index: usize, version: u64) -> Element {
    let desk: StorageDesk = use_context();
    let Some(counted) = use_counted() else { return VNode::empty() };
    let Some(asset) = unused(&counted, index) else { return VNode::empty() };
    let (id, name) = (asset.id, words::name(asset));
    let mut chosen = desk.chosen;
    rsx! {
        label { class: "lrow c4 file", "data-version": "{version}",
            input {
                r#type: "checkbox",
                class: "check",
                aria_label: "{name}",
                checked: chosen.read().contains(&id),
                onchange: move |event| {
                    let mut chosen = chosen.write();
                    if event.checked() {
                        chosen.insert(id);
                    } else {
                        chosen.remove(&id);
                    }
                },
            }
            Named { asset: asset.clone() }
            span {}
            span { class: "num end", "{words::size(asset.bytes)}" }
        }
    }
}

fn unused(counted: &Counted, index: usize) -> Option<&Asset> {
    counted.usage.assets.get(*counted.figures.unused.get(index)?)
}

/// A file's picture, name and kind.
#[component]
pub fn Named(asset: Asset) -> Element {
    let facts: Vec<_> = [words::kind(&asset.mime)].into_iter().chain(words::measures(&asset)).collect();
    rsx! {
        span { class: "named",
            span { class: "thumb",
                // Another file's picture is another component's.
                for id in [asset.id] {
                    Thumbnail { key: "{id}", id, kind: asset.kind() }
                }
            }
            span { class: "grow",
                span { class: "cut", "{words::name(&asset)}" }
                small { class: "num", "{facts.join(\" · \")}" }
            }
        }
    }
}

/// A file's picture. What was counted has none: it is asked for when its row has been in sight for a moment.
#[component]
fn Thumbnail(id: AssetId, kind: MediaKind) -> Element {
    let store = use_store();
    let mut lingers = use_signal(|| store.asset(id) != Known::Asked);
    use_future(move || async move {
        if !*lingers.peek() {
            sleep(LINGER).await;
            lingers.set(true);
        }
    });
    if lingers() {
        rsx! {
            Look { id, kind }
        }
    } else {
        rsx! {
            Icon { name: crate::canvas::media_icon(kind) }
        }
    }
}

#[component]
fn Look(id: AssetId, kind: MediaKind) -> Element {
    let known = use_asset(&use_store(), id);
    match known.row().and_then(|row| row.thumbnail.as_ref()) {
        Some(thumbnail) => rsx! {
            img { src: "{thumbnail}", alt: "", decoding: "async" }
        },
        None => rsx! {
            Icon { name: crate::canvas::media_icon(kind) }
        },
    }
}

/// What is chosen, and the way on.
#[component]
pub fn Chosen(version: u64) -> Element {
    let desk: StorageDesk = use_context();
    let Some(counted) = use_counted() else { return VNode::empty() };
    let mut reviewing = desk.reviewing;
    let chosen = desk.chosen.read();
    if chosen.is_empty() || !counted.figures.knows_uses {
        return VNode::empty();
    }
    let bytes = bytes_of(&counted, &chosen);
    let files = words::count(chosen.len(), "file", "files");
    // What reads or moves all files has them to itself.
    let busy = desk.work.read().is_some();
    rsx! {
        footer { "data-version": "{version}",
            span { class: "grow num",
                b { class: "b", "{words::size(bytes)} " }
                span { class: "q", "in {files} selected" }
            }
            button { class: "btn primary", disabled: busy, onclick: move |_| reviewing.set(true), "Review {files}…" }
        }
    }
}

fn bytes_of(counted: &Counted, chosen: &BTreeSet<AssetId>) -> u64 {
    counted.usage.assets.iter().filter(|asset| chosen.contains(&asset.id)).map(|asset| asset.bytes).sum()
}

/// The list of what goes, and the decision.
#[component]
pub fn Review() -> Element {
    let store = use_store();
    let desk: StorageDesk = use_context();
    let toaster: Toaster = use_context();
    let mut reviewing = desk.reviewing;
    // What is shown is what is decided on: it does not change while this is open.
    let listed = use_hook(|| {
        let counted = desk.counted.peek().as_ref().and_then(|counted| counted.as_ref().ok()).cloned();
        let chosen = desk.chosen.peek().clone();
        let all = counted.iter().flat_map(|counted| counted.usage.assets.clone());
        let mut listed: Vec<_> = all.filter(|asset| chosen.contains(&asset.id)).collect();
        listed.sort_by_key(|asset| std::cmp::Reverse(asset.bytes));
        std::rc::Rc::new(listed)
    });
    let files = words::count(listed.len(), "file", "files");
    let freed = words::size(listed.iter().map(|asset| asset.bytes).sum());
    let (count, rows) = (listed.len(), std::rc::Rc::clone(&listed));
    let row = use_callback(move |index: usize| match rows.get(index) {
        Some(asset) => rsx! {
            div { class: "lrow file",
                Named { asset: asset.clone() }
                span { class: "num end", "{words::size(asset.bytes)}" }
            }
        },
        None => VNode::empty(),
    });
    rsx! {
        Dialog {
            title: "Delete {files}",
            subtitle: "This frees {freed}. It can’t be undone. Nothing that a workflow uses is touched.",
            onclose: move |()| reviewing.set(false),
            div { class: "in",
                div { class: "card",
                    VirtualList { label: "Files that will be deleted", count, row_height: ROW, height: LIST, version: 0, row }
                }
            }
            footer {
                button { class: "btn", autofocus: true, onclick: move |_| reviewing.set(false), "Keep them" }
                button {
                    class: "btn danger",
                    onclick: move |_| {
                        let store = store.clone();
                        // It goes on when the panel is closed meanwhile.
                        dioxus::core::spawn_forever(async move {
                            match desk.clean_up(&store).await {
                                Ok(None) => {}
                                Ok(Some(words)) => toaster.info(words),
                                Err(reason) => toaster.error(format!("Nothing could be deleted: {reason}.")),
                            }
                        });
                    },
                    Icon { name: IconName::Trash2 }
                    "Delete {files}"
                }
            }
        }
    }
}
