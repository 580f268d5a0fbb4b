//! What can be done with a workflow of the library.

use dioxus::prelude::*;
use storage::model::WorkflowId;

use super::{ToExport, library::show, use_panels};
use crate::{
    canvas::use_editor,
    store::use_store,
    widgets::{IconName, Menu, MenuItem, MenuLine, ToastAction, Toaster},
    windows::use_windows,
};

/// An item's open menu.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OpenMenu {
    /// Of which workflow.
    pub id: WorkflowId,
    /// From the window's left edge.
    pub x: f64,
    /// From the window's top edge.
    pub y: f64,
}

/// The menu, while it is open.
#[component]
pub fn ItemMenu() -> Element {
    let store = use_store();
    let editor = use_editor();
    let toaster: Toaster = use_context();
    let panels = use_panels();
    let windows = use_windows();
    let (mut menu, mut renaming, mut export) = (panels.menu, panels.renaming, panels.export);
    let Some(OpenMenu { id, x, y }) = menu() else { return VNode::empty() };
    let copied = store.clone();
    rsx! {
        Menu { label: "Workflow", x, y, onclose: move |()| menu.set(None),
            MenuItem {
                label: "Rename",
                icon: IconName::Pencil,
                hint: "F2",
                onchoose: move |()| renaming.set(Some(id)),
            }
            MenuItem {
                label: "Duplicate",
                icon: IconName::Copy,
                onchoose: move |()| {
                    let (store, editor) = (copied.clone(), editor.clone());
                    // Not the menu's own task: that ends with the menu.
                    dioxus::dioxus_core::spawn_forever(async move {
                        match store.duplicate_workflow(id).await {
                            Ok(copy) => show(&store, &editor, toaster, copy).await,
                            Err(error) => toaster.error(format!("It can’t be duplicated: {error}.")),
                        }
                    });
                },
            }
            MenuItem {
                label: "Export",
                icon: IconName::Upload,
                onchoose: move |()| export.set(Some(ToExport::One(id))),
            }
            if let Some(windows) = windows {
                MenuItem {
                    label: "Open in new window",
                    icon: IconName::AppWindow,
                    onchoose: move |()| windows.open(Some(id)),
                }
            }
            MenuLine {}
            MenuItem {
                label: "Delete",
                icon: IconName::Trash2,
                danger: true,
                onchoose: move |()| {
                    let name = store.summary(id).map_or_else(String::new, |summary| summary.name);
                    store.remove_workflow(id);
                    let back = store.clone();
                    let undo = ToastAction::new("Undo", move || back.restore_workflow(id));
                    toaster.offer(format!("“{name}” deleted"), undo);
                },
            }
        }
    }
}
