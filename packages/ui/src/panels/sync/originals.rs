//! How it goes with pictures, videos and sounds.

use dioxus::prelude::*;
use storage::sync::media::{Event, Fetching, MediaStatus};

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
    // Of all since the start, so that it doesn't run back when a file is through.
    let gone = media.sent_bytes + media.under_way_bytes;
    let percent = words::percent(gone, media.sent_bytes + media.to_send_bytes);
    let retrying = store.clone();
    rsx! {
        section {
            "data-to-send": "{media.to_send}",
            "data-sent": "{media.sent}",
            "data-under-way-bytes": "{media.under_way_bytes}",
            "data-elsewhere": "{media.elsewhere}",
            h3 { class: "h", "Pictures, videos and sounds" }
            dl { class: "facts wide diag num",
                dt { "To send" }
                dd { "data-fact": "to-send", {to_send(&media)} }
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

/// What is to be sent, and how much of that has gone.
fn to_send(media: &MediaStatus) -> String {
    if media.to_send == 0 {
        return "None".into();
    }
    let files = words::count(media.to_send, "file", "files");
    let size = words::size(media.to_send_bytes);
    if media.under_way_bytes == 0 {
        format!("{files} · {size}")
    } else {
        format!("{files} · {} of {size}", words::size(media.under_way_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_much_has_gone_is_said_in_bytes() {
        let media = |to_send, to_send_bytes, under_way_bytes| MediaStatus {
            to_send,
            to_send_bytes,
            under_way_bytes,
            ..MediaStatus::default()
        };
        assert_eq!(to_send(&media(0, 0, 0)), "None");
        assert_eq!(to_send(&media(3, 80_000_000, 0)), "3 files · 80 MB");
        assert_eq!(to_send(&media(3, 80_000_000, 12_400_000)), "3 files · 12 MB of 80 MB");
    }
}
