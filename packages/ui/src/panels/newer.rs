//! A newer build has taken over (law 10).

use dioxus::prelude::*;

use crate::{
    platform,
    store::{Topic, use_store, use_topic},
    widgets::{Icon, IconName},
};

/// Says that nothing is written any more and why, for as long as that is so.
#[component]
pub fn NewerBuild() -> Element {
    let store = use_store();
    use_topic(&store, Topic::Newer);
    if store.newer().is_none() {
        return VNode::empty();
    }
    rsx! {
        div { class: "takeover", role: "alert", "data-newer": "true",
            Icon { name: IconName::TriangleAlert }
            p {
                b { "A newer Atelier has opened your work. " }
                "Here it can be looked at, but nothing is changed any more. "
                {platform::NEWER_ADVICE}
            }
            if platform::CAN_RELOAD {
                button { class: "btn small", onclick: |_| platform::reload(), "Reload" }
            }
        }
    }
}
