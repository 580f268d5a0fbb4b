//! The strip below: the workflow's other media.

use dioxus::prelude::*;
use storage::model::{MediaKind, NodeId};

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
    let letter = |node: NodeId| match node {
        node if node == a => Some('A'),
        node if Some(node) == b => Some('B'),
        _ => None,
    };
    rsx! {
        div { class: "film",
            div { class: "strip-of", role: "group", aria_label: "In this workflow",
                for item in reel.around(a, EACH_SIDE).iter().cloned() {
                    Frame { key: "{item.node}-{item.asset}", reel: reel.clone(), letter: letter(item.node), item }
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

/// One of them. `letter` is what it is shown as, if it is shown.
#[component]
fn Frame(reel: Reel, item: Item, letter: Option<char>) -> Element {
    let store = use_store();
    let showing: Showing = use_context();
    let known = use_asset(&store, item.asset);
    let name = item.name(&known);
    let thumbnail = known.row().and_then(|row| row.thumbnail.clone()).filter(|_| item.kind != MediaKind::Audio);
    let compares = (showing.mode)() != Mode::One;
    rsx! {
        button {
            aria_label: "{name}",
            aria_current: if letter == Some('A') { "true" },
            class: if letter == Some('B') { "is-b" },
            title: "{name}",
            onclick: move |event: MouseEvent| showing.choose(&reel, item.node, event.modifiers().shift()),
            if let Some(thumbnail) = thumbnail {
                img { src: "{thumbnail}", alt: "", draggable: false, decoding: "async" }
            } else {
                Icon { name: media_icon(item.kind) }
            }
            if let Some(letter) = letter.filter(|_| compares) {
                span { class: "let", "{letter}" }
            }
        }
    }
}
