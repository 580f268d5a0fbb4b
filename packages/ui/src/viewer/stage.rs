//! Where pictures are shown: zoomed with the wheel, moved with the pointer.

use std::rc::Rc;

use dioxus::{
    html::{geometry::WheelDelta, input_data::MouseButtonSet},
    prelude::*,
};
use storage::model::{Asset, AssetId, MediaKind, Point, Size, Viewport};

use super::{Item, Mode, Reel, Showing, view};
use crate::{
    canvas::keep_keys,
    media::{Closed, Coming, use_address, use_closed, words},
    store::{Known, use_asset, use_store},
    widgets::{Icon, IconName, keep_typing},
};

/// What a picture without measures is taken for, such as a drawing made of lines.
const UNKNOWN: Size = Size { width: 1024., height: 768. };
/// How far a key moves the edge between two pictures, in per cent.
const KEY_STEP: f64 = 2.;

/// What the pointer holds.
#[derive(Clone, Copy, PartialEq)]
enum Grab {
    /// The picture, since it was there.
    Picture { from: Point, view: Viewport },
    /// The edge between two.
    Edge,
}

/// The stage. With two pictures side by side it has two panes.
#[component]
pub fn Stage(reel: Reel, item: Item) -> Element {
    let showing: Showing = use_context();
    let mode = (showing.mode)();
    let b = (showing.b)().and_then(|b| reel.item(b).cloned()).filter(|_| mode != Mode::One);
    let letter = if mode == Mode::One { "" } else { "A" };
    let over = b.clone().filter(|_| mode != Mode::Beside);
    rsx! {
        div { class: if mode == Mode::Beside { "stage two" } else { "stage" },
            if item.kind == MediaKind::Image {
                Pane { key: "{item.asset}", a: item.clone(), b: over, letter }
                if let Some(b) = b.filter(|_| mode == Mode::Beside) {
                    Pane { key: "{b.asset}-b", a: b.clone(), letter: "B" }
                }
            } else {
                Player { key: "{item.asset}", item }
            }
        }
    }
}

/// One picture, or two on top of each other.
#[component]
fn Pane(a: Item, b: Option<Item>, letter: &'static str) -> Element {
    let store = use_store();
    let showing: Showing = use_context();
    let mode = (showing.mode)();
    let Showing { mut view, mut wipe, mut pane, .. } = showing;
    let mut grab = use_signal(|| None::<Grab>);
    let known = use_asset(&store, a.asset);
    let picture = known.row().and_then(measures).unwrap_or(UNKNOWN);
    let now = view().unwrap_or_else(|| view::fitted(picture, pane()));
    let edge = wipe();
    let name = a.name(&known);
    // Until the pane is measured nobody knows how large a picture fits into it.
    let measured = pane().width > 0.;
    let (wide, high) = (picture.width * now.zoom, picture.height * now.zoom);
    if known == Known::Missing {
        return rsx! {
            Coming { asset: a.asset, name }
        };
    }
    rsx! {
        div {
            class: "pane",
            class: if grab().is_some() { "is-grabbed" },
            onresize: move |event| {
                if let Ok(size) = event.get_content_box_size() {
                    pane.set(Size { width: size.width, height: size.height });
                }
            },
            onwheel: move |event| {
                event.prevent_default();
                let at = event.element_coordinates();
                let change = match event.delta() {
                    WheelDelta::Pixels(delta) => delta.y,
                    WheelDelta::Lines(delta) => delta.y * 33.,
                    WheelDelta::Pages(delta) => delta.y * 400.,
                };
                let speed = if event.modifiers().ctrl() { 0.01 } else { 0.002 };
                view.set(Some(view::zoomed(now, 2_f64.powf(-change.clamp(-200., 200.) * speed), Point { x: at.x, y: at.y })));
            },
            onpointerdown: move |event| {
                let at = event.client_coordinates();
                grab.set(Some(Grab::Picture { from: Point { x: at.x, y: at.y }, view: now }));
            },
            onpointermove: move |event| {
                let Some(held) = *grab.peek() else { return };
                if event.held_buttons() == MouseButtonSet::empty() && event.pointer_type() != "touch" {
                    // Released where we couldn't hear it.
                    grab.set(None);
                    return;
                }
                let at = event.client_coordinates();
                match held {
                    Grab::Picture { from, view: before } => {
                        view.set(Some(Viewport { x: before.x + at.x - from.x, y: before.y + at.y - from.y, zoom: before.zoom }));
                    }
                    Grab::Edge => wipe.set(view::wipe(now, picture, event.element_coordinates().x)),
                }
            },
            onpointerup: move |_| grab.set(None),
            onpointercancel: move |_| grab.set(None),
            ondoubleclick: move |event| {
                let at = event.element_coordinates();
                // To its own size at the pointer, and back to all of it.
                let close = view.peek().is_none() && now.zoom < 1.;
                view.set(close.then(|| view::zoomed(now, 1. / now.zoom, Point { x: at.x, y: at.y })));
            },
            // Nothing in the pane takes the pointer, so that its coordinates are always the pane's.
            div {
                class: "shot",
                class: if mode == Mode::Difference && b.is_some() { "differs" },
                transform: "translate({now.x}px, {now.y}px)",
                width: "{wide}px",
                height: "{high}px",
                Original { key: "{a.asset}", asset: a.asset, title: a.title.clone(), clip: 0., }
                if let Some(b) = &b {
                    Original { key: "{b.asset}-b", asset: b.asset, title: b.title.clone(), clip: if mode == Mode::Slider { edge } else { 0. } }
                }
                if !letter.is_empty() {
                    span { class: "tag", "{letter} · {name}" }
                }
                if let Some(b) = &b {
                    OtherTag { key: "{b.asset}-tag", item: b.clone() }
                }
            }
            if b.is_some() && mode == Mode::Slider {
                div {
                    class: "wipe",
                    role: "slider",
                    tabindex: "0",
                    aria_label: "Edge between A and B",
                    aria_valuemin: 0,
                    aria_valuemax: 100,
                    aria_valuenow: "{edge.round()}",
                    transform: "translate({now.x + wide * edge / 100.}px, {now.y}px)",
                    height: "{high}px",
                    onpointerdown: move |event| {
                        event.stop_propagation();
                        grab.set(Some(Grab::Edge));
                    },
                    onkeydown: move |event| {
                        let to = match event.key() {
                            Key::ArrowLeft | Key::ArrowDown => edge - KEY_STEP,
                            Key::ArrowRight | Key::ArrowUp => edge + KEY_STEP,
                            Key::Home => 0.,
                            Key::End => 100.,
                            _ => return,
                        };
                        event.prevent_default();
                        keep_typing(&event);
                        wipe.set(to.clamp(0., 100.));
                    },
                    b { Icon { name: IconName::ChevronsLeftRight } }
                }
            }
            div { class: "zoom num", visibility: if measured { "visible" } else { "hidden" },
                onpointerdown: |event| event.stop_propagation(),
                ondoubleclick: |event| event.stop_propagation(),
                button {
                    class: "btn small",
                    aria_label: "Zoom {percent(now.zoom)}: show all of it",
                    "data-tip": "Show all of it · 1",
                    "data-tip-at": "above",
                    onclick: move |_| view.set(None),
                    "{percent(now.zoom)}"
                }
                button {
                    class: "btn small",
                    aria_label: "Show it at its own size",
                    onclick: move |_| {
                        let size = *pane.peek();
                        view.set(Some(view::at_zoom(1., picture, size)));
                    },
                    "100%"
                }
            }
        }
    }
}

/// What B is called.
#[component]
fn OtherTag(item: Item) -> Element {
    let store = use_store();
    let name = item.name(&use_asset(&store, item.asset));
    rsx! {
        span { class: "tag other", "B · {name}" }
    }
}

fn percent(zoom: f64) -> String {
    format!("{}%", (zoom * 100.).round())
}

fn measures(asset: &Asset) -> Option<Size> {
    let side = |side: Option<u32>| side.filter(|side| *side > 0).map(f64::from);
    Some(Size { width: side(asset.width)?, height: side(asset.height)? })
}

/// An original over its thumbnail, cut off at the left by `clip` per cent.
#[component]
fn Original(asset: AssetId, title: String, clip: f64) -> Element {
    let store = use_store();
    let known = use_asset(&store, asset);
    let closed = use_closed(known.row());
    let address = use_address(asset, closed.is_none());
    let mut loaded = use_signal(|| false);
    let mut unshown = use_signal(|| false);
    let thumbnail = known.row().and_then(|row| row.thumbnail.clone());
    let (url, failure) = (address.read().url(), address.read().failure());
    let missing = known == Known::Missing;
    rsx! {
        div { class: "layer", clip_path: "inset(0 0 0 {clip}%)", "data-shown-asset": "{asset}", "data-loaded": "{loaded}",
            if let Some(thumbnail) = thumbnail.filter(|_| !loaded()) {
                img { src: "{thumbnail}", alt: "", draggable: false }
            }
            if let Some(url) = url {
                img {
                    src: "{url}",
                    alt: "{title}",
                    draggable: false,
                    onload: move |_| loaded.set(true),
                    onerror: move |_| unshown.set(true),
                }
            }
            if let Some(state) = closed {
                Closed { state, class: "empty" }
            } else if let Some(reason) = failure {
                p { class: "empty", role: "status", "The original can’t be read: {reason}" }
            } else if missing {
                p { class: "empty", role: "status", "It is not on this device." }
            } else if unshown() {
                p { class: "empty", role: "status", "It can’t be shown as a picture here. Download it to open it elsewhere." }
            }
        }
    }
}

/// A video, a sound, or a file that nothing here opens.
#[component]
fn Player(item: Item) -> Element {
    let store = use_store();
    let known = use_asset(&store, item.asset);
    let closed = use_closed(known.row());
    let address = use_address(item.asset, item.kind != MediaKind::Other && closed.is_none());
    let mut unshown = use_signal(|| false);
    let row: Option<Rc<Asset>> = match &known {
        Known::Here(row) => Some(Rc::clone(row)),
        _ => None,
    };
    let (url, failure) = (address.read().url(), address.read().failure());
    let name = item.name(&known);
    let poster = row.as_ref().and_then(|row| row.thumbnail.clone());
    rsx! {
        div { class: "player", "data-shown-asset": "{item.asset}",
            match (item.kind, url) {
                (MediaKind::Video, Some(url)) => rsx! {
                    video {
                        src: "{url}",
                        poster,
                        controls: true,
                        preload: "metadata",
                        aria_label: "{name}",
                        onkeydown: |event| keep_keys(&event),
                        onerror: move |_| unshown.set(true),
                    }
                },
                (MediaKind::Audio, Some(url)) => rsx! {
                    Icon { name: IconName::AudioLines }
                    audio {
                        src: "{url}",
                        controls: true,
                        preload: "metadata",
                        aria_label: "{name}",
                        onkeydown: |event| keep_keys(&event),
                        onerror: move |_| unshown.set(true),
                    }
                },
                (MediaKind::Other, _) => rsx! {
                    Icon { name: IconName::File }
                    if let Some(row) = &row {
                        p { class: "b", "{words::name(row)}" }
                        p { class: "q", "{words::kind(&row.mime)} · {words::size(row.bytes)}. Download it to open it elsewhere: nothing in it is ever run here." }
                    }
                },
                _ => rsx! {},
            }
            if let Some(state) = closed {
                Closed { state, class: "empty" }
            } else if let Some(reason) = failure {
                p { class: "empty", role: "status", "It can’t be read: {reason}" }
            } else if known == Known::Missing {
                Coming { asset: item.asset, name }
            } else if unshown() {
                p { class: "empty", role: "status", "This window can’t play it. Download it to open it elsewhere." }
            }
        }
    }
}
