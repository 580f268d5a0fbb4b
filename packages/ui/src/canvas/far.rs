//! The world from far away: shapes in one drawing.

use std::{collections::BTreeMap, fmt::Write};

use dioxus::prelude::*;
use engine::Picture;
use storage::model::MediaKind;

use super::{editor::use_editor, geometry};
use crate::store::{Document, Topic, use_store, use_topic};

/// Everything, drawn together. Panning and zooming change one attribute of it.
#[component]
pub fn Far() -> Element {
    let store = use_store();
    let editor = use_editor();
    use_topic(&store, Topic::Viewport);
    let view = editor.view();
    rsx! {
        svg { class: "far", "aria-hidden": "true",
            g { transform: "translate({view.x} {view.y}) scale({view.zoom})", Shapes {} }
        }
    }
}

/// The shapes themselves: one path for all cards of a look, one for all edges.
#[component]
fn Shapes() -> Element {
    let store = use_store();
    use_topic(&store, Topic::Graph);
    use_topic(&store, Topic::Places);
    use_topic(&store, Topic::Selection);
    let selected = store.selection().nodes;
    let draw = |document: &Document| {
        let mut edges = String::new();
        for ends in document.all_ends() {
            if let (Some(source), Some(target)) = (document.rect(ends.source), document.rect(ends.target)) {
                let middle = |top: f64, bottom: f64| f64::midpoint(top, bottom);
                let from = storage::model::Point { x: source.right, y: middle(source.top, source.bottom) };
                let to = storage::model::Point { x: target.left, y: middle(target.top, target.bottom) };
                edges.push_str(&geometry::path(from, to));
            }
        }
        let mut cards: BTreeMap<&'static str, String> = BTreeMap::new();
        for id in document.node_ids() {
            let Some(rect) = document.rect(id) else { continue };
            let look = if selected.contains(&id) { "selected" } else { document.picture(id).map_or("card", look) };
            let path = cards.entry(look).or_default();
            let (x, y, width, height) =
                (rect.left.round(), rect.top.round(), rect.width().round(), rect.height().round());
            // Writing to a String cannot fail.
            write!(path, "M{x} {y}h{width}v{height}h-{width}z").unwrap_or_default();
        }
        (edges, cards)
    };
    let (edges, cards) = store.with_document(draw).unwrap_or_default();
    rsx! {
        path { class: "far-edges", d: "{edges}" }
        for (look , path) in cards {
            path { key: "{look}", class: "far-{look}", d: "{path}" }
        }
    }
}

fn look(picture: Picture) -> &'static str {
    match picture {
        Picture::Note => "note",
        Picture::Image | Picture::Media(MediaKind::Image | MediaKind::Video) => "image",
        Picture::Prompt | Picture::Generic | Picture::Media(_) => "card",
    }
}
