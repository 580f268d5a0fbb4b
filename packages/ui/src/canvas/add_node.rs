//! The list of kinds that can be added.

use std::rc::Rc;

use dioxus::prelude::*;
use engine::KINDS;
use storage::model::Point;

use super::{
    card::icon,
    editor::{SLACK_MOVING, use_editor},
    geometry::CARD_WIDTH,
};
use crate::{
    store::Selection,
    widgets::{SearchItem, SearchList},
};

/// Asks which node to add, while the editor wants one.
#[component]
pub fn AddNode() -> Element {
    let editor = use_editor();
    let Some(at) = (editor.adding)() else { return VNode::empty() };
    let items: Rc<[SearchItem]> = KINDS
        .iter()
        .map(|kind| SearchItem {
            key: kind.name.into(),
            icon: icon(kind.picture),
            title: kind.title.into(),
            hint: kind.summary.into(),
            group: String::new(),
            words: kind.words.into(),
        })
        .collect();
    let (mut adding, focused) = (editor.adding, editor.clone());
    rsx! {
        SearchList {
            label: "Add node",
            verb: "add",
            items,
            onpick: move |kind: String| {
                adding.set(None);
                // The card's title comes to lie under the pointer.
                let corner = Point { x: at.x - CARD_WIDTH / 2., y: at.y - 20. };
                if let Some(id) = editor.store.add_node(&kind, corner) {
                    editor.store.select(Selection::node(id));
                    editor.refresh(SLACK_MOVING);
                }
                editor.focus();
            },
            onclose: move |()| {
                adding.set(None);
                focused.focus();
            },
        }
    }
}
