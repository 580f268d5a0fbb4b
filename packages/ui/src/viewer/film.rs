//! The strip below: the workflow's other media.

use dioxus::prelude::*;
use storage::model::MediaKind;

use super::{Item, Mode, Reel, Showing};
use crate::{
    canvas::media_icon,
    store::{use_asset, use_store},
    widgets::Icon,
};

/// So many are shown at each side: a workflow may have hundreds.
const EACH_SIDE: usize = 24;

/// The strip.
#[component]
pub fn Film(reel: Reel) -> Element {
    let showing: Showing = use_context();
    let a = (showing.a)();
    let compares = (showing.mode)() != Mode::One;
    let b = (showing.b)().filter(|_| compares);
    rsx! {
        div { class: "film",
            div { class: "strip-of", role: "group", aria_label: "In this workflow",
                for item in reel.around(a, EACH_SIDE).iter().cloned() {
                    button {
                        key: "{item.node}",
                        aria_label: "{item.title}",
                        aria_current: if item.node == a { "true" },
                        class: if Some(item.node) == b { "is-b" },
                        title: "{item.title}",
                        onclick: {
                            let (reel, node) = (reel.clone(), item.node);
                            move |event: MouseEvent| showing.choose(&reel, node, event.modifiers().shift())
                        },
                        Frame { key: "{item.asset}", item: item.clone() }
                        if compares && item.node == a {
                            span { class: "let", "A" }
                        }
                        if Some(item.node) == b {
                            span { class: "let", "B" }
                        }
                    }
                }
            }
            span { class: "hint s12 qq",
                span { class: "keys", kbd { "←" } kbd { "→" } }
                "step"
                if compares {
                    span { class: "keys", kbd { "Space" } }
                    "flip A and B"
                    span { class: "keys", kbd { "Shift" } }
                    "click chooses B"
                } else if reel.beside(a).is_some() {
                    span { class: "keys", kbd { "C" } }
                    "compare"
                }
            }
        }
    }
}

/// One of them.
#[component]
fn Frame(item: Item) -> Element {
    let store = use_store();
    let thumbnail = use_asset(&store, item.asset).row().and_then(|row| row.thumbnail.clone());
    rsx! {
        if let Some(thumbnail) = thumbnail.filter(|_| item.kind != MediaKind::Audio) {
            img { src: "{thumbnail}", alt: "", draggable: false, decoding: "async" }
        } else {
            Icon { name: media_icon(item.kind) }
        }
    }
}
