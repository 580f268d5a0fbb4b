//! What the card of a file shows: a thumbnail while it is small on the screen, the original while it is large.

use std::rc::Rc;

use dioxus::prelude::*;
use engine::Picture;
use storage::{
    blobs::Look,
    model::{Asset, AssetId, MediaKind, NodeId},
};

use super::{
    editor::{Detail, use_editor},
    geometry::Words,
};
use crate::{
    media::{Closed, ClosedLine, Elsewhere, Ingest, use_address, use_closed, words},
    platform,
    store::{Known, Topic, use_asset, use_store, use_topic},
    viewer::Viewer,
    widgets::{Icon, IconName},
};

/// A thumbnail is stretched by no more than this.
const STRETCH: f64 = 1.25;

/// The body of a node that holds a file, or shows one.
#[component]
pub fn MediaBody(id: NodeId, kind: MediaKind, width: f64) -> Element {
    let store = use_store();
    let ingest: Ingest = use_context();
    use_topic(&store, Topic::Node(id));
    let Some(content) = store.content(id) else { return VNode::empty() };
    let reference = engine::media(&content.node);
    let alt = content.node.config.get("alt").and_then(|json| json.read::<String>().ok()).unwrap_or_default();
    let asset = reference.as_ref().and_then(|reference| reference.id);
    let facts = reference.map(|reference| {
        let kind = reference.mime.as_deref().map(words::kind);
        kind.into_iter().chain(reference.bytes.map(words::size)).collect::<Vec<_>>().join(" · ")
    });
    rsx! {
        if let Some(asset) = asset {
            Kept { key: "{asset}", id, asset, kind, width, alt, facts: facts.unwrap_or_default(), takes: matches!(content.shape.picture, Picture::Media(_)) }
        } else {
            div { class: "media last",
                div { class: "ask",
                    "No file yet. Drop one here, or"
                    button {
                        class: "nbtn",
                        onpointerdown: |event| event.stop_propagation(),
                        onkeydown: |event| keep_press(&event),
                        onclick: move |_| ingest.choose(Some(id)),
                        "Choose…"
                    }
                }
            }
        }
    }
}

/// A file that is kept, or was. `facts` is what the node itself knows of it; it `takes` another that is dropped on it, or doesn't.
#[component]
fn Kept(id: NodeId, asset: AssetId, kind: MediaKind, width: f64, alt: String, facts: String, takes: bool) -> Element {
    let store = use_store();
    let viewer: Viewer = use_context();
    let known = use_asset(&store, asset);
    let row = match &known {
        Known::Here(row) => Some(Rc::clone(row)),
        Known::Asked => None,
        Known::Missing => {
            return rsx! {
                Elsewhere { node: id, asset, alt, facts: facts.clone(), takes }
                Foot { left: facts.clone(), right: String::new(), tip: facts, width }
            };
        }
    };
    let Some(row) = row else {
        // Its place is kept, and nothing is said: the answer is there in a moment.
        return rsx! {
            div { class: "media" }
            Foot { left: String::new(), right: String::new(), tip: facts, width }
        };
    };
    let (left, right) = (words::name(&row), words::in_short(&row));
    let measures = words::measures(&row).into_iter();
    let tip: Vec<_> =
        [left.clone(), words::kind(&row.mime)].into_iter().chain(measures).chain([words::size(row.bytes)]).collect();
    let alt = if alt.is_empty() { left.clone() } else { alt };
    rsx! {
        div {
            class: "media",
            class: if matches!(kind, MediaKind::Audio | MediaKind::Other) { "plain" },
            ondoubleclick: move |event| {
                event.stop_propagation();
                viewer.open(id);
            },
            match kind {
                MediaKind::Image => rsx! {
                    Still { row, width, alt }
                },
                MediaKind::Video => rsx! {
                    Film { row, width, alt }
                },
                MediaKind::Audio => rsx! {
                    Sound { row, alt }
                },
                MediaKind::Other => rsx! {
                    Inert { row }
                },
            }
        }
        div {
            class: "open-foot",
            ondoubleclick: move |event| {
                event.stop_propagation();
                viewer.open(id);
            },
            Foot { left, right, tip: tip.join(" · "), width }
        }
    }
}

/// Whether a card's picture has more of the screen's pixels than its thumbnail can fill. Told anew in steps of the zoom.
fn use_large(width: f64) -> bool {
    let editor = use_editor();
    let zoom = 2_f64.powf(f64::from((editor.sharpness)()) / 2.);
    is_large(width * zoom * platform::pixel_ratio()) && (editor.detail)() == Detail::Near
}

fn is_large(pixels: f64) -> bool {
    pixels > f64::from(Look::SIDE) * STRETCH
}

/// A picture.
#[component]
fn Still(row: Rc<Asset>, width: f64, alt: String) -> Element {
    let large = use_large(width) || row.thumbnail.is_none();
    let closed = use_closed(Some(&row));
    let address = use_address(row.id, large && closed.is_none());
    let mut loaded = use_signal(|| false);
    let mut unshown = use_signal(|| false);
    let (original, failure) = (address.read().url(), address.read().failure());
    // The thumbnail stands until the original is there, and whenever there is none.
    let source = original.or_else(|| row.thumbnail.clone());
    rsx! {
        if let Some(source) = source {
            img {
                src: "{source}",
                alt: "{alt}",
                draggable: false,
                decoding: "async",
                "data-asset-id": "{row.id}",
                "data-loaded": "{loaded}",
                onload: move |_| {
                    loaded.set(true);
                    unshown.set(false);
                },
                onerror: move |_| unshown.set(true),
            }
        } else {
            span { hidden: true, "data-asset-id": "{row.id}", "data-loaded": "false" }
        }
        if let Some(state) = closed {
            if row.thumbnail.is_some() {
                ClosedLine { state }
            } else {
                Closed { state, class: "ask" }
            }
        } else if let Some(reason) = failure {
            div { class: if row.thumbnail.is_some() { "note-line" } else { "ask" }, role: "status", "The original can’t be read: {reason}" }
        } else if unshown() {
            div { class: "ask", role: "status", "This can’t be shown as a picture here. It is kept as it is." }
        }
    }
}

/// A video. Its player is there while it can be seen well; from further away its poster is enough.
#[component]
fn Film(row: Rc<Asset>, width: f64, alt: String) -> Element {
    let editor = use_editor();
    let near = (editor.detail)() == Detail::Near;
    let closed = use_closed(Some(&row));
    let address = use_address(row.id, near && closed.is_none());
    let mut loaded = use_signal(|| false);
    let mut unshown = use_signal(|| false);
    let (url, failure) = (address.read().url(), address.read().failure());
    let poster = row.thumbnail.clone();
    // A poster is all that is seen before it plays, and then nothing else is fetched.
    let preload = if poster.is_some() { "none" } else { "metadata" };
    let seen = loaded() || poster.is_some();
    rsx! {
        if let Some(url) = url.filter(|_| near) {
            video {
                src: "{url}",
                poster,
                controls: true,
                preload,
                aria_label: "{alt}",
                "playsinline": true,
                "data-asset-id": "{row.id}",
                "data-loaded": "{seen}",
                // The player's own presses and keys: they neither drag the card nor delete it.
                onpointerdown: |event| event.stop_propagation(),
                ondoubleclick: |event| event.stop_propagation(),
                onkeydown: |event| keep_keys(&event),
                onloadeddata: move |_| loaded.set(true),
                onloadedmetadata: move |_| loaded.set(true),
                onerror: move |_| unshown.set(true),
            }
        } else if let Some(poster) = poster {
            img { src: "{poster}", alt: "{alt}", draggable: false, "data-asset-id": "{row.id}", "data-loaded": "true" }
        }
        if let Some(state) = closed {
            if row.thumbnail.is_some() {
                ClosedLine { state }
            } else {
                Closed { state, class: "ask" }
            }
        } else if let Some(reason) = failure {
            div { class: "note-line", role: "status", "The original can’t be read: {reason}" }
        } else if unshown() {
            div { class: "note-line", role: "status", "This window can’t play it. It is kept as it is." }
        }
    }
}

/// A sound.
#[component]
fn Sound(row: Rc<Asset>, alt: String) -> Element {
    let editor = use_editor();
    let near = (editor.detail)() == Detail::Near;
    let closed = use_closed(Some(&row));
    let address = use_address(row.id, near && closed.is_none());
    let mut loaded = use_signal(|| false);
    let mut unshown = use_signal(|| false);
    let (url, failure) = (address.read().url(), address.read().failure());
    rsx! {
        if let Some(url) = url {
            audio {
                src: "{url}",
                controls: true,
                preload: "metadata",
                aria_label: "{alt}",
                "data-asset-id": "{row.id}",
                "data-loaded": "{loaded}",
                onpointerdown: |event| event.stop_propagation(),
                onkeydown: |event| keep_keys(&event),
                onloadedmetadata: move |_| loaded.set(true),
                onerror: move |_| unshown.set(true),
            }
        }
        if let Some(state) = closed {
            ClosedLine { state }
        } else if let Some(reason) = failure {
            div { class: "note-line", role: "status", "The original can’t be read: {reason}" }
        } else if unshown() {
            div { class: "note-line", role: "status", "This window can’t play it. It is kept as it is." }
        }
    }
}

/// Anything else: what it is, and nothing of what is in it.
#[component]
fn Inert(row: Rc<Asset>) -> Element {
    rsx! {
        div { class: "inert", "data-asset-id": "{row.id}",
            Icon { name: IconName::File }
            span { "{words::kind(&row.mime)}" }
        }
    }
}

/// The line below: the name, and figures.
#[component]
fn Foot(left: String, right: String, tip: String, width: f64) -> Element {
    // Only what may be too long is clipped: see `Words`.
    let long = Words(&left).width_at_most(12.5) + Words(&right).width_at_most(12.5) > width - 34.;
    rsx! {
        footer { class: "foot", title: "{tip}",
            span { class: if long { "grow cut" } else { "grow" }, "{left}" }
            span { "{right}" }
        }
    }
}

/// Keeps the keys that press a button on a card from the card and the canvas, which would take them for their own.
pub fn keep_press(event: &KeyboardEvent) {
    if matches!(event.key(), Key::Enter) || event.key() == Key::Character(" ".into()) {
        event.stop_propagation();
    }
}

/// Keeps a player's keys from the canvas, where Space pans and Delete deletes. Escape goes on.
pub fn keep_keys(event: &KeyboardEvent) {
    if event.key() != Key::Escape {
        event.stop_propagation();
    }
}

#[cfg(test)]
mod tests {
    use super::is_large;

    #[test]
    fn an_original_is_wanted_once_a_thumbnail_would_be_stretched() {
        assert!(!is_large(248.) && !is_large(320.));
        assert!(is_large(321.) && is_large(496.));
    }
}
