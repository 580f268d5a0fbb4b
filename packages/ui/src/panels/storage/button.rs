//! The button in the library's foot.

use dioxus::prelude::*;

use super::StorageDesk;
use crate::{
    media::words,
    widgets::{Icon, IconName},
};

/// Opens the panel, and says how full it is.
#[component]
pub fn StorageButton() -> Element {
    let desk: StorageDesk = use_context();
    let mut open = desk.open;
    let quota = (desk.quota)();
    let is_open = open();
    rsx! {
        button {
            class: "footbtn",
            aria_label: "Storage",
            aria_expanded: "{is_open}",
            onclick: move |_| open.toggle(),
            Icon { name: IconName::HardDrive }
            span { "Storage" }
            if let Some(quota) = quota.filter(|quota| quota.total > 0) {
                span { class: "side num", "{words::size(quota.used)} of {words::size(quota.total)}" }
                span { class: if quota.is_nearly_full() { "meter warn" } else { "meter" },
                    i { width: "{words::percent(quota.used, quota.total)}%" }
                }
            }
        }
    }
}
