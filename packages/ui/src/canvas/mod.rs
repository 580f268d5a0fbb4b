//! The canvas: a world of nodes and edges, seen through a viewport.
//!
//! One transformed parent holds what is in view; a spatial index decides what that is. Panning changes one style. A node is an
//! element only while it is near the view, and zoomed far out the world is one drawing.

mod add_node;
mod bodies;
mod card;
mod controls;
mod edges;
mod editor;
mod far;
pub mod geometry;
mod gesture;
pub mod grid;
mod keys;
mod media_body;
mod ports;
#[cfg(test)]
mod tests;
mod wheel;

use dioxus::prelude::*;
use storage::model::Size;

use self::{
    add_node::AddNode,
    card::Cards,
    controls::{Dock, Zoom},
    edges::{Draft, Edges, Why},
    editor::Detail,
    far::Far,
};
pub use self::{
    card::{icon as node_icon, media_icon},
    editor::{Editor, use_editor},
    media_body::{keep_keys, keep_press},
};
use crate::{
    media::Arrivals,
    store::{Topic, use_store, use_topic},
};

/// The canvas of the open workflow.
#[component]
pub fn Canvas() -> Element {
    let store = use_store();
    let editor = use_editor();
    use_topic(&store, Topic::Viewport);
    use_topic(&store, Topic::Graph);
    let view = editor.view();
    let detail = (editor.detail)();
    let mood = (editor.mood)();
    // Further out every other dot, or they would be a grey.
    let step = view.zoom * if detail == Detail::Near { 24. } else { 48. };
    let (down, wheel, twice, keys, released) =
        (editor.clone(), editor.clone(), editor.clone(), editor.clone(), editor.clone());
    let (mounted, resized) = (editor.clone(), editor.clone());
    rsx! {
        main {
            class: "canvas {mood.class()}",
            "data-canvas": true,
            "data-x": "{view.x}",
            "data-y": "{view.y}",
            "data-zoom": "{view.zoom}",
            "data-node-count": "{store.node_count()}",
            "data-detail": detail.name(),
            "data-tool": if (editor.hand)() || (editor.space)() { "pan" } else { "select" },
            aria_label: "Canvas",
            tabindex: 0,
            background_position: "{view.x}px {view.y}px",
            background_size: "{step}px {step}px",
            onmounted: move |event| mounted.clone().measure(event.data()),
            onresize: move |event| {
                if let Ok(size) = event.get_content_box_size() {
                    resized.clone().resized(Size { width: size.width, height: size.height });
                }
            },
            onpointerdown: move |event| down.press_background(&event),
            onwheel: move |event| wheel.wheel(&event),
            ondoubleclick: move |event| twice.ask_for_node_at(event.client_coordinates()),
            onkeydown: move |event| keys.key_down(&event),
            onkeyup: move |event| released.key_up(&event),
            if detail == Detail::Far {
                Far {}
            }
            World {}
            Marquee {}
            Why {}
            AddNode {}
            Dock {}
            Zoom {}
        }
    }
}

/// What moves when the view does.
#[component]
fn World() -> Element {
    let store = use_store();
    let editor = use_editor();
    use_topic(&store, Topic::Viewport);
    let view = editor.view();
    rsx! {
        div { class: "world", transform: "translate({view.x}px, {view.y}px) scale({view.zoom})",
            svg { class: "edges",
                Edges {}
                Draft {}
            }
            Cards {}
            Arrivals {}
        }
    }
}

/// The rectangle that selects what it touches.
#[component]
fn Marquee() -> Element {
    let editor = use_editor();
    let marquee = (editor.marquee)();
    rsx! {
        if let Some(rect) = marquee {
            div {
                class: "marquee",
                left: "{rect.left}px",
                top: "{rect.top}px",
                width: "{rect.width()}px",
                height: "{rect.height()}px",
            }
        }
    }
}
