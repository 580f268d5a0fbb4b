//! The button in the library's foot.

use dioxus::prelude::*;
use storage::sync::State;

use super::SyncDesk;
use crate::widgets::{Icon, IconName};

/// Opens the panel, and says in two words how it goes.
#[component]
pub fn SyncButton() -> Element {
    let desk: SyncDesk = use_context();
    let mut open = desk.open;
    let is_open = open();
    let status = desk.status.read();
    let waiting = status.pending;
    let side = match status.state {
        State::Off => "Off".to_owned(),
        State::SignedOut => "Sign in".to_owned(),
        _ if waiting > 0 => format!("{waiting} to send"),
        State::Offline => "Offline".to_owned(),
        State::Starting | State::Busy => "Busy".to_owned(),
        State::Follower | State::UpToDate => "On".to_owned(),
    };
    rsx! {
        button {
            class: "footbtn",
            aria_label: "Sync",
            aria_expanded: "{is_open}",
            onclick: move |_| open.toggle(),
            Icon { name: IconName::RefreshCw }
            span { "Sync" }
            span { class: "side num", "{side}" }
        }
    }
}
