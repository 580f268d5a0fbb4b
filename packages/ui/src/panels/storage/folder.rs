//! The folder that the user chose: whether it can be used, and what can be done with it.

use std::future::Future;

use dioxus::prelude::*;
use storage::blobs::{FolderState, Notice, Where};

use super::{StorageDesk, Task, use_counted};
use crate::{
    media::{AllowFolder, state_name, words},
    platform,
    store::{Store, Topic, use_store, use_topic},
    widgets::{Icon, IconName, Toaster},
};

/// The hidden field through which a folder is chosen, where the window has no dialog of its own.
const FIELD: &str = "media-folder";

/// Has the user choose a folder. The dialog opens before this returns, as it may only in a click. Says whether there is one now.
fn choose(store: &Store, desk: StorageDesk, toaster: Toaster) -> impl Future<Output = bool> + use<> {
    let chosen = platform::choose_folder(FIELD, store.session().assets().clone());
    let store = store.clone();
    async move {
        let chosen = match chosen.await {
            Ok(chosen) => chosen,
            Err(reason) => {
                toaster.error(format!("The folder can’t be used: {reason}."));
                false
            }
        };
        desk.count(&store).await;
        chosen
    }
}

/// Moves all media to the folder; before that, has the user choose one if there is none.
pub fn choose_and_move(store: &Store, desk: StorageDesk, toaster: Toaster) -> impl Future<Output = ()> + use<> {
    let is_there = matches!(store.session().assets().folder(), FolderState::Granted { .. });
    let chosen = (!is_there).then(|| choose(store, desk, toaster));
    let store = store.clone();
    async move {
        let is_chosen = match chosen {
            Some(chosen) => chosen.await,
            None => true,
        };
        if is_chosen {
            desk.begin(&store, Task::Move(Where::Folder));
        }
    }
}

/// Its row among the places.
#[component]
pub fn FolderRow(version: u64) -> Element {
    let store = use_store();
    let desk: StorageDesk = use_context();
    let toaster: Toaster = use_context();
    use_topic(&store, Topic::Folder);
    let Some(counted) = use_counted() else { return VNode::empty() };
    let state = store.session().assets().folder();
    let (files, bytes) = counted.figures.places.get(&Where::Folder).copied().unwrap_or_default();
    let outside = counted.figures.files - files;
    let offered = store.has_folders();
    if !offered && files == 0 {
        return rsx! {
            NoFolders {}
        };
    }
    let busy = desk.work.read().is_some();
    let usable = matches!(state, FolderState::Granted { .. });
    let chosen = state != FolderState::None;
    let preferred = store.session().assets().preferred() == Where::Folder;
    let (to, back, forgotten, choosing) = (store.clone(), store.clone(), store.clone(), store.clone());
    rsx! {
        div {
            class: "lrow c3",
            class: if chosen && !usable { "warned" },
            "data-storage-place": "Folder",
            "data-bytes": "{bytes}",
            "data-folder-state": state_name(&state),
            "data-version": "{version}",
            Icon { name: if usable || !chosen { IconName::Folder } else { IconName::TriangleAlert } }
            span {
                "{name(&state)}"
                small { class: "num", "{words(&state, files, preferred)}" }
                div { class: "row acts",
                    AllowFolder { state: state.clone(), class: "btn small" }
                    if usable && (outside > 0 || !preferred) {
                        button { class: "btn small", disabled: busy, onclick: move |_| desk.begin(&to, Task::Move(Where::Folder)),
                            if outside > 0 { "Move media to it" } else { "Keep new media in it" }
                        }
                    }
                    if usable && files > 0 {
                        button { class: "btn small", disabled: busy, onclick: move |_| desk.begin(&back, Task::Move(Where::Own)), "Move back" }
                    }
                    if offered {
                        button {
                            class: "btn small",
                            disabled: busy,
                            onclick: move |_| {
                                let chosen = choose(&choosing, desk, toaster);
                                async move { _ = chosen.await }
                            },
                            Icon { name: IconName::FolderOpen }
                            if chosen { "Change…" } else { "Choose…" }
                        }
                    }
                    if chosen && files == 0 {
                        button {
                            class: "btn quiet small",
                            disabled: busy,
                            onclick: move |_| {
                                let store = forgotten.clone();
                                async move {
                                    if let Err(error) = store.session().assets().forget_folder().await {
                                        toaster.error(format!("The folder stays: {error}."));
                                    }
                                    desk.count(&store).await;
                                }
                            },
                            "Stop using it"
                        }
                    }
                }
            }
            span { class: "num end", "{words::size(bytes)}" }
        }
        if platform::IS_NATIVE {
            Field {}
        }
    }
}

/// What stands there in a browser that has none.
#[component]
fn NoFolders() -> Element {
    let (title, words) = words::notice(Notice::NoFolders);
    rsx! {
        div { class: "lrow c3", "data-notice": "NoFolders",
            Icon { name: IconName::Folder }
            span {
                "{title}"
                small { "{words}" }
            }
        }
    }
}

/// The field that a window's process opens its dialog for.
#[component]
fn Field() -> Element {
    let store = use_store();
    let desk: StorageDesk = use_context();
    let toaster: Toaster = use_context();
    rsx! {
        input {
            r#type: "file",
            id: FIELD,
            aria_label: "Folder for media",
            hidden: true,
            directory: true,
            onchange: move |event| {
                let (store, files) = (store.clone(), event.files());
                async move {
                    if files.is_empty() {
                        return;
                    }
                    let assets = store.session().assets().clone();
                    if let Err(reason) = platform::use_folder(assets, files).await {
                        toaster.error(format!("The folder can’t be used: {reason}."));
                    }
                    desk.count(&store).await;
                }
            },
        }
    }
}

fn name(state: &FolderState) -> String {
    match state {
        FolderState::None => "A folder of your own".into(),
        FolderState::Granted { name }
        | FolderState::NeedsClick { name }
        | FolderState::Denied { name }
        | FolderState::Missing { name } => format!("Your folder “{name}”"),
    }
}

fn words(state: &FolderState, files: usize, preferred: bool) -> String {
    let count = words::count(files, "file", "files");
    match state {
        FolderState::None => "Plain files that other programs can open, on any disk".into(),
        FolderState::Granted { .. } if preferred => format!("{count} · new media go here"),
        FolderState::Granted { .. } => count,
        FolderState::NeedsClick { .. } => {
            format!("{count}. Nothing is lost: the browser wants you to allow the folder again")
        }
        FolderState::Denied { .. } if platform::IS_NATIVE => {
            format!("{count}. The system doesn’t let Atelier write to it; allow that, or choose another")
        }
        FolderState::Denied { .. } => format!(
            "{count}. Nothing is lost, but this browser keeps Atelier out. Allow file editing in the site’s settings, left of the address, then ask again, or choose the folder anew"
        ),
        FolderState::Missing { .. } => {
            format!(
                "{count}. It isn’t there: connect its disk or undo its new name, then look again; or choose where it is now"
            )
        }
    }
}
