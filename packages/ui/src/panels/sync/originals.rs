//! How it goes with pictures, videos and sounds.

use dioxus::prelude::*;
use storage::sync::media::{Event, Fetching};

use super::SyncDesk;
use crate::{
    media::words,
    store::use_store,
    widgets::{Icon, IconName, Toaster, use_dom_id},
};

/// So many problems are listed; more have one cause.
const LISTED: usize = 5;

/// The section.
#[component]
pub fn Originals() -> Element {
    let store = use_store();
    let toaster: Toaster = use_context();
    let desk: SyncDesk = use_context();
    let id = use_dom_id();
    let media = desk.media.read().clone();
    let keeps = desk.settings.read().keep_originals;
    let under_way = media.fetches.values().filter(|one| **one == Fetching::UnderWay).count();
    let figure =
        |count: usize, bytes: u64| format!("{} · {}", words::count(count, "file", "files"), words::size(bytes));
    let percent = words::percent(media.sent_bytes, media.sent_bytes + media.to_send_bytes);
    let retrying = store.clone();
    rsx! {
        section {
            "data-to-send": "{media.to_send}",
            "data-sent": "{media.sent}",
            "data-elsewhere": "{media.elsewhere}",
            h3 { class: "h", "Pictures, videos and sounds" }
            dl { class: "facts wide diag num",
                dt { "To send" }
                dd { if media.to_send == 0 { "None" } else { {figure(media.to_send, media.to_send_bytes)} } }
                if media.sent > 0 {
                    dt { "Sent since the start" }
                    dd { {figure(media.sent, media.sent_bytes)} }
                }
                dt { "Not downloaded" }
                dd {
                    if media.elsewhere == 0 { "None" } else { {figure(media.elsewhere, media.elsewhere_bytes)} }
                    if under_way > 0 { ", {under_way} on the way" }
                }
            }
            if media.to_send > 0 {
                div { class: "meter below", role: "progressbar", aria_label: "Originals sent", aria_valuenow: "{percent}",
                    i { width: "{percent}%" }
                }
            }
            if !media.problems.is_empty() {
                div { class: "msg warn below", role: "status",
                    Icon { name: IconName::TriangleAlert }
                    div {
                        b { {words::count(media.problems.len(), "file is stuck", "files are stuck")} }
                        for problem in media.problems.iter().take(LISTED) {
                            p { key: "{problem.asset}-{problem.is_upload}", class: "q",
                                if problem.is_upload { "Not sent: {problem.reason}." } else { "Not downloaded: {problem.reason}." }
                            }
                        }
                    }
                    button {
                        class: "btn small",
                        onclick: move |_| {
                            if let Some(driver) = retrying.session().media_sync() {
                                driver.hear(Event::Retry);
                            }
                        },
                        "Try again"
                    }
                }
            }
            label { class: "option below", r#for: "{id}",
                input {
                    id: "{id}",
                    class: "check",
                    r#type: "checkbox",
                    checked: keeps,
                    onchange: move |event| {
                        let (store, all, mut settings) = (store.clone(), event.checked(), desk.settings);
                        async move {
                            match store.session().keep_originals(all).await {
                                Ok(()) => settings.write().keep_originals = all,
                                Err(error) => toaster.error(format!("It can’t be kept: {error}.")),
                            }
                        }
                    },
                }
                span {
                    "Keep offline"
                    small { "Downloads all originals, not only those that you open." }
                }
            }
        }
    }
}
