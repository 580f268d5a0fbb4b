//! The storage panel: what is kept where, for whom, and how to make room.

mod button;
mod clean_up;
mod desk;
mod figures;
mod files;
mod folder;
mod overview;
mod places;
mod workflows;

use dioxus::prelude::*;

pub use self::{
    button::StorageButton,
    desk::{Counted, Report, StorageDesk, Task, Work},
    figures::Figures,
};
use self::{
    clean_up::{Chosen, CleanUp, Review},
    files::Files,
    overview::Overview,
    places::Places,
    workflows::Workflows,
};
use super::BackUpButton;
use crate::{
    store::use_store,
    widgets::{Icon, IconName, Modal, use_dom_id},
};

/// The panel, while it is open.
#[component]
pub fn StoragePanel() -> Element {
    let store = use_store();
    let desk: StorageDesk = use_context();
    // Cards want to know as well, so this goes on while the panel is closed.
    use_future(move || {
        let store = store.clone();
        async move { store.follow_folder().await }
    });
    rsx! {
        if (desk.open)() {
            Panel {}
        }
    }
}

#[component]
fn Panel() -> Element {
    let store = use_store();
    let desk: StorageDesk = use_context();
    let mut open = desk.open;
    let heading = format!("{}-title", use_dom_id());
    let counting = store.clone();
    use_future(move || {
        let store = counting.clone();
        async move { desk.count(&store).await }
    });
    let counted = desk.counted.read().clone();
    rsx! {
        Modal { class: "drawer", role: "region", labelled_by: heading.clone(), onclose: move |()| open.set(false),
            header {
                div { class: "grow",
                    h2 { id: heading, "Storage" }
                    p { class: "q", "Your workflows and their media live on this device." }
                }
                button {
                    r#type: "button",
                    class: "btn quiet small icon",
                    aria_label: "Close",
                    onclick: move |_| open.set(false),
                    Icon { name: IconName::X }
                }
            }
            match counted {
                None => rsx! {
                    div { class: "in",
                        p { class: "q", role: "status", "Counting…" }
                    }
                },
                Some(Err(reason)) => rsx! {
                    div { class: "in",
                        div { class: "msg error", role: "alert",
                            Icon { name: IconName::CircleAlert }
                            div {
                                b { "What is kept can’t be read" }
                                p { class: "q", "{reason}. Nothing was changed." }
                            }
                            button {
                                class: "btn small",
                                onclick: move |_| {
                                    let store = store.clone();
                                    async move { desk.count(&store).await }
                                },
                                "Try again"
                            }
                        }
                    }
                },
                Some(Ok(counted)) => {
                    let version = (desk.version)();
                    rsx! {
                        div { class: "in",
                            Overview { version }
                            if counted.figures.files > 0 {
                                CleanUp { version }
                                Workflows { version }
                            }
                            Places { version }
                            section {
                                div { class: "row",
                                    h3 { class: "h grow", "Backup" }
                                    BackUpButton { class: "btn small" }
                                }
                                p { class: "q s12", "All workflows and their media in one file that you keep elsewhere. To bring them back, import that file." }
                            }
                            if counted.figures.files > 0 {
                                Files { version }
                            }
                        }
                        Chosen { version }
                    }
                }
            }
        }
        if (desk.reviewing)() {
            Review {}
        }
    }
}

/// What was counted last, for the panel's parts: they are rendered only when it is there.
fn use_counted() -> Option<std::rc::Rc<Counted>> {
    let desk: StorageDesk = use_context();
    desk.counted.read().as_ref().and_then(|counted| counted.as_ref().ok()).cloned()
}
