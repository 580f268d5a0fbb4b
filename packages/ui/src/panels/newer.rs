//! A newer build has taken over, or has written what was opened (law 10).

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
    let (said, advice) = if store.was_newer() {
        ("A newer Atelier has written your work. ", platform::WAS_NEWER_ADVICE)
    } else {
        ("A newer Atelier has opened your work. ", platform::NEWER_ADVICE)
    };
    rsx! {
        div { class: "takeover", role: "alert", "data-newer": "true",
            Icon { name: IconName::TriangleAlert }
            p {
                b { {said} }
                "Here it can be looked at and exported, but nothing is changed any more. "
                {advice}
            }
            if platform::CAN_RELOAD {
                button { class: "btn small", onclick: |_| platform::reload(), "Reload" }
            }
        }
    }
}
