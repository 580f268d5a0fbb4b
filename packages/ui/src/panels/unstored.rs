//! A window that stores nothing.

use dioxus::prelude::*;
use storage::blobs::Notice;

use super::save_state::rescue;
use crate::{
    media::words,
    store::use_store,
    widgets::{Icon, IconName, Toaster},
};

/// Says that nothing is kept, for as long as the window is there.
#[component]
pub fn Unstored() -> Element {
    let store = use_store();
    let toaster: Toaster = use_context();
    if !store.session().assets().notices().contains(&Notice::NoDatabase) {
        return VNode::empty();
    }
    let (title, words) = words::notice(Notice::NoDatabase);
    rsx! {
        div { class: "takeover", role: "alert", "data-unstored": "true",
            Icon { name: IconName::TriangleAlert }
            p {
                b { "{title}. " }
                "{words}"
            }
            button { class: "btn small", onclick: move |_| rescue(&store, toaster), "Save to a file" }
        }
    }
}
