//! An original that isn't on this device: what is known of it, where it is, and the way to have it.

use dioxus::prelude::*;
use storage::{
    model::{AssetId, MediaKind, NodeId},
    sync::media::{Event, Fetching, Remote},
};
use tracing::warn;

use crate::{
    canvas::keep_press,
    media::words,
    panels::sync::SyncDesk,
    store::{Store, use_store},
    viewer::Viewer,
    widgets::{Icon, IconName},
};

/// What is known of it, and how its fetching goes. Neither, without sync.
fn use_remote(asset: AssetId) -> (Option<Remote>, Option<Fetching>) {
    let store = use_store();
    // Not every window has sync.
    let desk = try_use_context::<SyncDesk>();
    let mut remote = use_signal(|| None::<Remote>);
    let media = desk.map(|desk| desk.media);
    let news = use_memo(move || media.map_or(0, |media| media.read().news));
    use_effect(move || {
        let _told_anew = news();
        let session = store.session().clone();
        spawn(async move {
            match session.remote(asset).await {
                Ok(known) => {
                    if *remote.peek() != known {
                        remote.set(known);
                    }
                }
                Err(error) => warn!(error = error.code(), %asset, "what is known of an original can't be read"),
            }
        });
    });
    let fetching = use_memo(move || media.and_then(|media| media.read().fetches.get(&asset).cloned()));
    (remote(), fetching())
}

/// Has it come.
fn want(store: &Store, asset: AssetId) {
    if let Some(driver) = store.session().media_sync() {
        driver.hear(Event::Wanted(asset));
    }
}

/// The picture of a card, and what can be done. `takes`: another file can be dropped on it.
#[component]
pub fn Elsewhere(node: NodeId, asset: AssetId, alt: String, facts: String, takes: bool) -> Element {
    let store = use_store();
    let viewer: Viewer = use_context();
    let (remote, fetching) = use_remote(asset);
    let Some(remote) = remote else {
        let hint = match (store.session().media_sync().is_some(), takes) {
            (true, _) => "It comes when the device that has it has sent it.",
            (false, true) => "Drop the file here to have it again.",
            (false, false) => "",
        };
        return rsx! {
            div { class: "media", "data-missing": "true",
                div { class: "ask", role: "status",
                    Icon { name: IconName::FileX }
                    span { b { "Not on this device" } }
                    {hint}
                }
            }
        };
    };
    let state = match &fetching {
        None => "not-downloaded",
        Some(Fetching::Waiting) => "waiting",
        Some(Fetching::UnderWay) => "downloading",
        Some(Fetching::Failed(_)) => "failed",
    };
    let kind = MediaKind::of(&remote.mime);
    let is_shown = remote.thumbnail.is_some();
    let name = remote.name.clone().unwrap_or(facts);
    rsx! {
        div {
            class: "media",
            class: if matches!(kind, MediaKind::Audio | MediaKind::Other) { "plain" },
            "data-missing": "true",
            "data-remote": state,
            ondoubleclick: move |event| {
                event.stop_propagation();
                viewer.open(node);
            },
            if let Some(thumbnail) = remote.thumbnail.clone() {
                img { src: "{thumbnail}", alt: if alt.is_empty() { name.clone() } else { alt }, draggable: false, "data-thumbnail-of": "{asset}" }
            }
            div { class: if is_shown { "note-line closed" } else { "ask" }, role: "status",
                Icon { name: IconName::Download }
                match fetching {
                    Some(Fetching::UnderWay) => rsx! {
                        span { class: "cut grow", "Downloading {words::size(remote.bytes)}…" }
                    },
                    Some(Fetching::Waiting) => rsx! {
                        span { class: "cut grow", "Waits for the server…" }
                    },
                    Some(Fetching::Failed(reason)) => rsx! {
                        span { class: "cut grow", title: "{reason}", "Not downloaded: {reason}" }
                        Fetch { asset, label: "Try again", small: is_shown }
                    },
                    None => rsx! {
                        span { class: "cut grow", "Not downloaded · {words::size(remote.bytes)}" }
                        Fetch { asset, label: "Download", small: is_shown }
                    },
                }
            }
        }
    }
}

#[component]
fn Fetch(asset: AssetId, label: &'static str, small: bool) -> Element {
    let store = use_store();
    rsx! {
        button {
            class: if small { "link" } else { "nbtn" },
            onpointerdown: |event| event.stop_propagation(),
            ondoubleclick: |event| event.stop_propagation(),
            onkeydown: |event| keep_press(&event),
            onclick: move |event| {
                event.stop_propagation();
                want(&store, asset);
            },
            {label}
        }
    }
}

/// The same where somebody has opened it to look at it: then it comes by itself.
#[component]
pub fn Coming(asset: AssetId, name: String) -> Element {
    let store = use_store();
    let (remote, fetching) = use_remote(asset);
    let wanting = store.clone();
    use_hook(move || want(&wanting, asset));
    let words = match (&remote, fetching) {
        (_, Some(Fetching::Failed(reason))) => format!("“{name}” can’t be downloaded: {reason}."),
        (Some(remote), Some(_)) => format!("“{name}” is being downloaded ({})…", words::size(remote.bytes)),
        (None, Some(_)) => format!("“{name}” comes when the device that has it has sent it."),
        (_, None) => format!("“{name}” is not on this device."),
    };
    rsx! {
        if let Some(thumbnail) = remote.and_then(|remote| remote.thumbnail) {
            img { src: "{thumbnail}", alt: "{name}", draggable: false }
        }
        p { class: "empty", role: "status", "{words}" }
    }
}
