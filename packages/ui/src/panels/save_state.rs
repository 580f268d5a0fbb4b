//! How saving goes, in words that are true.

use dioxus::prelude::*;
use storage::{Error, SaveState};

use super::{storage::StorageDesk, sync::SyncDesk};
use crate::{
    platform::{self, monotonic_millis},
    store::{Store, use_store},
    widgets::{Reach, SaveLadder, Toaster, sleep},
};

/// The save state. The disk's dot is filled only once the write has completed.
#[component]
pub fn Saving() -> Element {
    let store = use_store();
    let mut state = use_signal(|| store.session().state());
    let mut saved_at = use_signal(|| None::<f64>);
    let session = store.session().clone();
    use_future(move || {
        let session = session.clone();
        async move {
            loop {
                let seen = state.peek().clone();
                let now = session.changed_from(seen).await;
                if now == SaveState::Saved {
                    saved_at.set(Some(monotonic_millis()));
                }
                state.set(now);
            }
        }
    });
    let now = state.read().clone();
    let sent = use_context::<SyncDesk>().has_sent_all(&store);
    let (name, reach) = match &now {
        SaveState::Saved if sent == Some(true) => ("saved", Reach::Server),
        SaveState::Saved => ("saved", Reach::Disk),
        SaveState::Saving(_) => ("saving", Reach::Window),
        SaveState::Failed { .. } => ("failed", Reach::Window),
    };
    let failed = match &now {
        SaveState::Failed { error, unsaved, .. } => Some((reason(error), *unsaved)),
        _ => None,
    };
    let failing = |wanted: fn(&Error) -> bool| matches!(&now, SaveState::Failed { error, .. } if wanted(error));
    let is_full = failing(|error| matches!(error, Error::Full(_)));
    let is_unstored = failing(|error| matches!(error, Error::Unavailable(_)));
    let desk: StorageDesk = use_context();
    let (retry, rescued) = (store.clone(), store.clone());
    let toaster: Toaster = use_context();
    rsx! {
        div {
            class: "save num",
            role: "status",
            "data-save-state": name,
            "data-synced": sent.map(|all| (all && reach == Reach::Server).to_string()),
            SaveLadder { reach, failed: failed.is_some(), synced: sent.is_some() }
            match (&now, failed) {
                (_, Some((reason, unsaved))) => rsx! {
                    span { title: "{unsaved} changes wait in memory", "Not saved: {reason}" }
                    if is_full {
                        // Where space is freed, and where media move to a folder.
                        button { class: "btn small", onclick: move |_| desk.open.clone().set(true), "Free some space" }
                    }
                    if !is_unstored {
                        button { class: "btn small", onclick: move |_| retry.session().retry(), "Try again" }
                    }
                    button {
                        class: "btn small",
                        title: "Everything that isn’t stored, as a file that can be imported",
                        onclick: move |_| rescue(&rescued, toaster),
                        "Save to a file"
                    }
                },
                (SaveState::Saving(_), _) => rsx! {
                    span { "Saving…" }
                },
                _ => match saved_at() {
                    Some(at) => rsx! {
                        span {
                            if reach == Reach::Server { "Synced" } else { "Saved on disk" }
                            Since { at }
                        }
                    },
                    None if store.workflows().is_empty() => rsx! {
                        span { "Nothing to save yet" }
                    },
                    None => rsx! {
                        span { if reach == Reach::Server { "Synced" } else { "Saved on disk" } }
                    },
                },
            }
        }
    }
}

/// Saves what isn't stored to a file.
pub(super) fn rescue(store: &Store, toaster: Toaster) {
    // It may have been stored between the drawing and the press, or nothing was done yet.
    let Some(text) = store.rescued() else { return toaster.info("Everything is stored, or there is nothing yet") };
    match platform::save_text("Atelier rescued work.json", text) {
        Ok(Some(path)) => toaster.info(format!("Saved as {path}. Import it once there is room.")),
        // The browser shows its downloads itself.
        Ok(None) => {}
        Err(reason) => toaster.error(format!("It can’t be saved to a file: {reason}.")),
    }
}

/// How long ago that was, told anew as time passes.
#[component]
fn Since(at: ReadSignal<f64>) -> Element {
    let mut now = use_signal(monotonic_millis);
    use_future(move || async move {
        loop {
            let young = *now.peek() - *at.peek() < 60_000.;
            sleep(if young { 2_000 } else { 30_000 }).await;
            now.set(monotonic_millis());
        }
    });
    let seconds = ((now() - at()) / 1000.).max(0.).floor();
    let text = match seconds {
        seconds if seconds < 2. => return VNode::empty(),
        seconds if seconds < 60. => format!("{seconds} s ago"),
        seconds if seconds < 3600. => format!("{} min ago", (seconds / 60.).floor()),
        seconds => format!("{} h ago", (seconds / 3600.).floor()),
    };
    rsx! {
        span { class: "when", " · {text}" }
    }
}

/// What keeps it from being saved, and what to do, in few words.
fn reason(error: &Error) -> String {
    match error {
        Error::Full(_) => "the disk is full. Free some space; it is tried again by itself.".into(),
        Error::Newer { .. } => "a newer Atelier has taken over. Reload the page.".into(),
        Error::Deleted => "the stored data was deleted. It is being written anew.".into(),
        Error::Disconnected(_) => "the database does not answer. It is tried again by itself.".into(),
        Error::Unavailable(_) => "this window has no storage. Save to a file before you close it.".into(),
        Error::Locked(_) => "another program holds the data. It is tried again by itself.".into(),
        error => format!("{error}. It is tried again by itself."),
    }
}
