//! What floats over the canvas: tools and zoom.

use dioxus::prelude::*;

use super::editor::{Editor, use_editor};
use crate::{
    media::AddMedia,
    store::{Selection, Topic, use_store, use_topic},
    widgets::{Icon, IconName},
};

/// The tools.
#[component]
pub fn Dock() -> Element {
    let editor = use_editor();
    let mut hand = editor.hand;
    let is_hand = hand();
    let (add, note) = (editor.clone(), editor.clone());
    rsx! {
        div {
            class: "dock",
            role: "toolbar",
            aria_label: "Tools",
            onpointerdown: |event| event.stop_propagation(),
            ondoubleclick: |event| event.stop_propagation(),
            button {
                class: "btn quiet icon",
                aria_label: "Select",
                aria_pressed: "{!is_hand}",
                "data-tip": "Select",
                "data-tip-at": "above",
                onclick: move |_| hand.set(false),
                Icon { name: IconName::MousePointer2 }
            }
            button {
                class: "btn quiet icon",
                aria_label: "Move the view",
                aria_pressed: "{is_hand}",
                "data-tip": "Move the view · Space",
                "data-tip-at": "above",
                onclick: move |_| hand.set(true),
                Icon { name: IconName::Hand }
            }
            span { class: "sep" }
            button { class: "btn quiet", onclick: move |_| add.ask_for_node(),
                Icon { name: IconName::Plus }
                "Add node"
            }
            button {
                class: "btn quiet icon",
                aria_label: "Add a note",
                "data-tip": "Add a note",
                "data-tip-at": "above",
                onclick: move |_| {
                    let middle = super::geometry::to_world(note.view(), note.middle());
                    let corner = storage::model::Point { x: middle.x - 124., y: middle.y - 56. };
                    if let Some(id) = note.store.add_node("note", corner) {
                        note.store.select(Selection::node(id));
                    }
                    note.focus();
                },
                Icon { name: IconName::StickyNote }
            }
            AddMedia {}
        }
    }
}

/// How far the view is zoomed in, and buttons for that.
#[component]
pub fn Zoom() -> Element {
    let store = use_store();
    let editor = use_editor();
    use_topic(&store, Topic::Viewport);
    let percent = (editor.view().zoom * 100.).round();
    let (out, into, fit) = (editor.clone(), editor.clone(), editor.clone());
    rsx! {
        div {
            class: "minimap",
            role: "group",
            aria_label: "Zoom",
            onpointerdown: |event| event.stop_propagation(),
            ondoubleclick: |event| event.stop_propagation(),
            div { class: "z",
                button {
                    class: "btn quiet small icon",
                    aria_label: "Zoom out",
                    "data-tip": "Zoom out · −",
                    "data-tip-at": "above",
                    onclick: move |_| out.zoom_step(-1),
                    Icon { name: IconName::Minus }
                }
                output { class: "num", "{percent}%" }
                button {
                    class: "btn quiet small icon",
                    aria_label: "Zoom in",
                    "data-tip": "Zoom in · +",
                    "data-tip-at": "above",
                    onclick: move |_| into.zoom_step(1),
                    Icon { name: IconName::Plus }
                }
                button {
                    class: "btn quiet small icon",
                    aria_label: "Show everything",
                    "data-tip": "Show everything · 1",
                    "data-tip-at": "end",
                    onclick: move |_| fit.fit(),
                    Icon { name: IconName::Scan }
                }
            }
        }
    }
}

impl Editor {
    /// Zooms one step in or out around the middle.
    pub(super) fn zoom_step(&self, steps: i32) {
        self.zoom(1.25_f64.powi(steps), self.middle());
    }
}
