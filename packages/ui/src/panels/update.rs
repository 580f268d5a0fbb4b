//! A new version of the app is there.

use ::storage::{SaveState, Session};
use dioxus::prelude::*;

use crate::{
    platform::{self, Update},
    store::use_store,
    widgets::{Icon, IconName, Toaster},
};

/// Says that there is a new version, and takes it when the user agrees.
#[component]
pub fn NewVersion() -> Element {
    let store = use_store();
    let toaster: Toaster = use_context();
    let update = use_signal(|| None);
    let mut agreed = use_signal(|| false);
    use_hook(|| {
        platform::on_update(move |news| {
            let mut update = update;
            // From outside of any component's event.
            update.set(Some(news));
        });
    });
    let Some(news) = update() else { return VNode::empty() };
    let (said, detail, action) = match news {
        Update::Waits => ("A new version of Atelier is ready. ", "It starts when you say so.", "Update"),
        Update::Taken => (
            "Atelier was updated in another tab. ",
            "This tab goes on with the version before until it is loaded anew.",
            "Reload",
        ),
    };
    rsx! {
        div { class: "takeover news", role: "status", "data-update": news.name(),
            Icon { name: IconName::Info }
            p {
                b { {said} }
                {detail}
            }
            button {
                r#type: "button",
                class: "btn small",
                disabled: agreed(),
                onclick: move |_| {
                    let store = store.clone();
                    async move {
                        agreed.set(true);
                        store.keep_viewport();
                        if is_saved(store.session()).await {
                            match news {
                                Update::Waits => platform::take_update(),
                                Update::Taken => platform::reload(),
                            }
                        } else {
                            agreed.set(false);
                            toaster.error("Your last changes aren’t stored yet, so nothing was updated.");
                        }
                    }
                },
                {action}
            }
            button {
                r#type: "button",
                class: "btn quiet small icon",
                aria_label: "Later",
                onclick: move |_| update.clone().set(None),
                Icon { name: IconName::X }
            }
        }
    }
}

/// Waits until everything is stored, or can't be.
async fn is_saved(session: &Session) -> bool {
    let mut state = session.state();
    while let SaveState::Saving(_) = state {
        state = session.changed_from(state).await;
    }
    state == SaveState::Saved
}
