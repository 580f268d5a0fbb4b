//! The stored data was deleted while it was in use, by the browser or by another program.

use dioxus::prelude::*;

use crate::{
    store::{Topic, use_store, use_topic},
    widgets::{Icon, IconName},
};

/// How many names are told.
const TOLD: usize = 5;

/// Says what was stored anew and what is lost, until the user has read it.
#[component]
pub fn Deleted() -> Element {
    let store = use_store();
    use_topic(&store, Topic::Deleted);
    use_topic(&store, Topic::Library);
    let Some(lost) = store.deletion() else { return VNode::empty() };
    let open = store.open_id().and_then(|id| store.summary(id)).map(|summary| summary.name);
    let names: Vec<_> = lost.iter().take(TOLD).map(|name| format!("“{name}”")).collect();
    let more = lost.len().saturating_sub(TOLD);
    rsx! {
        div { class: "takeover", role: "alert", "data-deleted": "{lost.len()}",
            Icon { name: IconName::TriangleAlert }
            p {
                b { "What Atelier had stored here was deleted by something else. " }
                if let Some(open) = open {
                    "“{open}” was open and has been stored again. "
                }
                if lost.is_empty() {
                    "Nothing else is lost."
                } else {
                    "Not in this window, and so lost unless you have a backup: "
                    {names.join(", ")}
                    if more > 0 {
                        " and {more} more"
                    }
                    "."
                }
            }
            button { class: "btn small", onclick: move |_| store.forget_deletion(), "Understood" }
        }
    }
}
