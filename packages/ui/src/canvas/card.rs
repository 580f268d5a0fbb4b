//! Node cards.

use dioxus::prelude::*;
use engine::Picture;
use storage::model::{MediaKind, NodeId, NodeStatus};

use super::{
    bodies::Body,
    editor::{Detail, use_editor},
    geometry::{Rect, Words},
    gesture::Mood,
    ports::{Marks, port_rows},
};
use crate::{
    platform::{self, PageState},
    store::{Document, Topic, use_store, use_topic},
    widgets::{Icon, IconName, InlineRename},
};

/// The cards near the view.
#[component]
pub fn Cards() -> Element {
    let store = use_store();
    let editor = use_editor();
    use_topic(&store, Topic::Graph);
    let area = (editor.area)();
    let nodes = store.with_document(|document: &Document| document.within(&area).0).unwrap_or_default();
    use_effect(move || {
        // Without an area the canvas hasn't been measured, and nothing is shown yet.
        if (editor.area)() != Rect::default() || (editor.detail)() == Detail::Far {
            platform::say_state(PageState::Ready);
        }
    });
    rsx! {
        for id in nodes {
            Card { key: "{id}", id }
        }
    }
}

/// A card's place, and how it stands: what moves while it is dragged. What is on it is [`Face`]'s.
#[component]
pub fn Card(id: NodeId) -> Element {
    let store = use_store();
    let editor = use_editor();
    use_topic(&store, Topic::Place(id));
    use_topic(&store, Topic::Node(id));
    use_topic(&store, Topic::NodeSelected(id));
    let (Some(rect), Some(content)) = (store.rect(id), store.content(id)) else { return VNode::empty() };
    let selected = store.is_node_selected(id);
    let dragging = selected && (editor.mood)() == Mood::Dragging;
    let note = content.shape.picture == Picture::Note;
    let status = match &content.node.status {
        NodeStatus::Other(_) => NodeStatus::Idle,
        status => status.clone(),
    };
    let (pressed, corner) = (editor.clone(), editor.clone());
    rsx! {
        article {
            class: "node",
            class: if note { "note" },
            class: if selected { "is-selected" },
            class: if dragging { "is-dragging" },
            "data-node-id": "{id}",
            "data-node-type": "{content.node.kind}",
            "data-status": "{status}",
            "data-stale": "false",
            "data-x": "{rect.left}",
            "data-y": "{rect.top}",
            "data-width": "{rect.width()}",
            "data-height": "{rect.height()}",
            aria_label: "{content.shape.title}, {content.shape.kind}",
            aria_selected: "{selected}",
            tabindex: 0,
            transform: "translate({rect.left}px, {rect.top}px)",
            width: "{rect.width()}px",
            height: "{rect.height()}px",
            onpointerdown: move |event| pressed.press_node(id, &event),
            ondoubleclick: move |event| event.stop_propagation(),
            onkeydown: move |event| editor.key_on_node(id, &event),
            Face { id, width: rect.width() }
            if !note {
                Marks { id, width: rect.width() }
            }
            span {
                class: "grip",
                "data-part": "resize",
                onpointerdown: move |event| corner.press_corner(id, &event),
            }
        }
    }
}

/// What is on a card.
#[component]
fn Face(id: NodeId, width: f64) -> Element {
    let store = use_store();
    let editor = use_editor();
    use_topic(&store, Topic::Node(id));
    let Some(content) = store.content(id) else { return VNode::empty() };
    let renaming = (editor.renaming)() == Some(id);
    if content.shape.picture == Picture::Note {
        // A note is all paper: the paper is its handle.
        return rsx! {
            div { class: "words", "data-part": "header",
                Body { id, width }
            }
        };
    }
    let mut rename = editor.renaming;
    let title = content.shape.title.clone();
    let renamed = store.clone();
    let long = Words(&title).width_at_most(14.) > width - 56.;
    rsx! {
        header { class: "top", "data-part": "header",
            Icon { name: icon(content.shape.picture) }
            if renaming {
                InlineRename {
                    label: "Title",
                    value: title,
                    onrename: move |title: String| {
                        renamed.rename_node(id, &title);
                        rename.set(None);
                    },
                    oncancel: move |()| rename.set(None),
                }
            } else {
                h3 { class: if long { "title cut" } else { "title" }, title: "{title}", ondoubleclick: move |_| rename.set(Some(id)), "{title}" }
            }
        }
        {port_rows(&store, id, &content, width)}
        Body { id, width }
    }
}

/// The icon of a kind of card.
pub fn icon(picture: Picture) -> IconName {
    match picture {
        Picture::Note => IconName::StickyNote,
        Picture::Prompt => IconName::TextCursorInput,
        Picture::Image => IconName::Image,
        Picture::Media(kind) => media_icon(kind),
        Picture::Generic => IconName::Box,
    }
}

/// The icon of a kind of media.
pub fn media_icon(kind: MediaKind) -> IconName {
    match kind {
        MediaKind::Image => IconName::ImageUp,
        MediaKind::Video => IconName::Clapperboard,
        MediaKind::Audio => IconName::AudioLines,
        MediaKind::Other => IconName::File,
    }
}
