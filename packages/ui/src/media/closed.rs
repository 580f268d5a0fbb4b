//! Originals in a folder that can't be used now: what is said of them where they would be, and the way back.

use dioxus::prelude::*;
use storage::{
    blobs::{FolderState, Where},
    model::Asset,
};

use crate::{
    canvas::keep_press,
    platform,
    store::{Topic, use_store, use_topic},
    widgets::{Icon, IconName, Toaster},
};

/// Why an original can't be had now, if it is in a folder that can't be used.
pub fn use_closed(asset: Option<&Asset>) -> Option<FolderState> {
    let store = use_store();
    use_topic(&store, Topic::Folder);
    if asset.map(|asset| Where::of(&asset.place)) != Some(Where::Folder) {
        return None;
    }
    let state = store.session().assets().folder();
    // Of no folder nothing is known yet: whoever reads finds out.
    Some(state).filter(|state| !matches!(state, FolderState::None | FolderState::Granted { .. }))
}

/// What is said of it, and the button.
#[component]
pub fn Closed(state: FolderState, class: String) -> Element {
    let words = match &state {
        FolderState::None | FolderState::Granted { .. } => return VNode::empty(),
        FolderState::NeedsClick { .. } => "The original is in your folder.".to_owned(),
        FolderState::Denied { name } => format!("The original is in “{name}”, which Atelier may not open."),
        FolderState::Missing { name } => format!("The original is in “{name}”, which isn’t there now."),
    };
    rsx! {
        div { class, role: "status", "data-folder-state": state_name(&state),
            span { "{words}" }
            AllowFolder { state: state.clone(), class: "nbtn" }
        }
    }
}

/// The same in one line below a picture that stands: it covers as little of it as it can.
#[component]
pub fn ClosedLine(state: FolderState) -> Element {
    let words = match &state {
        FolderState::None | FolderState::Granted { .. } => return VNode::empty(),
        // The button says it all.
        FolderState::NeedsClick { .. } => None,
        FolderState::Denied { name } => Some(format!("“{name}” is closed")),
        FolderState::Missing { name } => Some(format!("“{name}” isn’t there now")),
    };
    rsx! {
        div { class: "note-line closed", role: "status", "data-folder-state": state_name(&state),
            Icon { name: IconName::Folder }
            if let Some(words) = words {
                span { class: "cut grow", title: "{words}", "{words}" }
            }
            AllowFolder { state: state.clone(), class: "link" }
        }
    }
}

/// The button that gets a folder back: asks for it, or looks for it.
#[component]
pub fn AllowFolder(state: FolderState, class: String) -> Element {
    let store = use_store();
    let toaster: Toaster = use_context();
    let label = match &state {
        FolderState::None | FolderState::Granted { .. } => return VNode::empty(),
        FolderState::NeedsClick { name } => format!("Allow access to “{name}”"),
        FolderState::Denied { .. } => "Ask again".to_owned(),
        FolderState::Missing { .. } => "Look again".to_owned(),
    };
    rsx! {
        button {
            class,
            title: "{label}",
            onpointerdown: |event| event.stop_propagation(),
            ondoubleclick: |event| event.stop_propagation(),
            onkeydown: |event| keep_press(&event),
            onclick: move |event| {
                event.stop_propagation();
                // Asked now: a moment later this is no click any more.
                let allowed = platform::allow_folder(store.session().assets().clone());
                async move {
                    if let Err(reason) = allowed.await {
                        toaster.error(format!("The folder can’t be looked at: {reason}."));
                    }
                }
            },
            span { class: "cut", "{label}" }
        }
    }
}

/// For the page's attributes.
pub fn state_name(state: &FolderState) -> &'static str {
    match state {
        FolderState::None => "none",
        FolderState::Granted { .. } => "granted",
        FolderState::NeedsClick { .. } => "needs-click",
        FolderState::Denied { .. } => "denied",
        FolderState::Missing { .. } => "missing",
    }
}
