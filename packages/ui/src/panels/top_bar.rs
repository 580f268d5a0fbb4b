//! The bar at the top: the open workflow's name and how saving goes.

use dioxus::prelude::*;
use storage::model::WorkflowId;

use super::{export::ExportButton, save_state::Saving, use_panels};
use crate::{
    platform,
    store::{Topic, use_store, use_topic},
    widgets::{Icon, IconName, InlineRename},
};

/// The bar.
#[component]
pub fn TopBar() -> Element {
    let store = use_store();
    use_topic(&store, Topic::Open);
    let mut library = use_panels().library_toggled;
    rsx! {
        header { class: "bar",
            div { class: "brand",
                svg { class: "mark", view_box: "0 0 20 20", "aria-hidden": "true",
                    path { d: "M4 15.5V9.4C4 5.6 6.5 3 10 3s6 2.6 6 6.4v6.1M4 11h12" }
                    circle { cx: 4, cy: 16, r: 2.1 }
                    circle { cx: 16, cy: 16, r: 2.1 }
                }
                span { class: "word grow", "Atelier" }
                button {
                    class: "btn quiet small icon",
                    aria_label: "Show or hide the library",
                    "data-tip": "Show or hide the library",
                    onclick: move |_| library.toggle(),
                    Icon { name: IconName::PanelLeft }
                }
            }
            div {
                div { class: "grow",
                    if let Some(id) = store.open_id() {
                        Name { key: "{id}", id }
                    }
                }
                Saving {}
                ExportButton {}
            }
        }
    }
}

/// The open workflow's name; pressing it renames.
#[component]
fn Name(id: WorkflowId) -> Element {
    let store = use_store();
    use_topic(&store, Topic::Workflow(id));
    let mut renaming = use_signal(|| false);
    let name = store.summary(id).map_or_else(String::new, |summary| summary.name);
    platform::set_title(&format!("{name} · Atelier"));
    rsx! {
        if renaming() {
            InlineRename {
                label: "Workflow name",
                value: name,
                onrename: move |name: String| {
                    store.rename_workflow(id, &name);
                    renaming.set(false);
                },
                oncancel: move |()| renaming.set(false),
            }
        } else {
            button { class: "wname cut", title: "Rename", onclick: move |_| renaming.set(true), "{name}" }
        }
    }
}
