//! Where files come from: a drop, the clipboard, or the system's dialog.

use dioxus::prelude::*;
use storage::model::{NodeId, Point};

use super::{FIELD, Incoming, Ingest, first_of, sorted};
use crate::{
    canvas::{Editor, use_editor},
    panels::{Panels, look_over, show, use_panels},
    platform,
    store::{Store, use_store},
    widgets::{Icon, IconName, Toaster},
};

/// Brings files in: workflows to the import, all others onto the canvas at `at`, a point of the world, or in the middle of the
/// view, or into a node. Without an open workflow a new one is made for them.
pub async fn bring_in(
    (store, editor, ingest): (Store, Editor, Ingest),
    panels: Panels,
    toaster: Toaster,
    files: Vec<Incoming>,
    at: Option<Point>,
    into: Option<NodeId>,
) {
    let (workflows, media) = sorted(files);
    if !workflows.is_empty() {
        look_over(&store, panels, workflows).await;
    }
    if media.is_empty() {
        return;
    }
    let fresh = store.open_id().is_none();
    if fresh {
        let id = store.create_workflow(&store.free_name("Untitled"));
        show(&store, &editor, toaster, id).await;
    }
    let Some(workflow) = store.open_id() else { return };
    let at = at.filter(|_| !fresh).unwrap_or_else(|| first_of(media.len(), editor.room_in_view()));
    ingest.bring(workflow, media, at, into);
}

/// The button "Add media", and the field behind it.
#[component]
pub fn AddMedia() -> Element {
    let store = use_store();
    let editor = use_editor();
    let ingest: Ingest = use_context();
    let toaster: Toaster = use_context();
    let panels = use_panels();
    let chosen = ingest.clone();
    rsx! {
        button {
            class: "btn quiet icon",
            aria_label: "Add media",
            "data-tip": "Add images, videos or sounds",
            "data-tip-at": "above",
            onclick: move |_| ingest.choose(None),
            Icon { name: IconName::ImageUp }
        }
        input {
            r#type: "file",
            id: FIELD,
            "data-media": true,
            aria_label: "Images, videos, sounds and other files to add",
            hidden: true,
            multiple: true,
            onchange: move |event| {
                let files = platform::chosen(event.files());
                // The same file may be chosen again.
                platform::clear(FIELD);
                let into = chosen.chosen_for();
                let handles = (store.clone(), editor.clone(), chosen.clone());
                async move { bring_in(handles, panels, toaster, files, None, into).await }
            },
        }
    }
}
