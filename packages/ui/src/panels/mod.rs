//! What stands around the canvas.

mod back_up;
mod deleted;
mod diagnostics;
mod export;
mod first_run;
mod going;
mod import;
mod import_report;
mod inspector;
mod item_menu;
mod library;
mod newer;
mod save_state;
pub mod storage;
pub mod sync;
mod top_bar;
mod unreadable;
mod unstored;
mod update;

use dioxus::prelude::*;
// The crate, not the panel.
use ::storage::model::WorkflowId;

pub use self::{
    back_up::BackUpButton,
    deleted::Deleted,
    diagnostics::{Diagnostics, failure_report},
    export::ExportDialog,
    first_run::FirstRun,
    import::{Drop, ImportDialog, look_over},
    inspector::Inspector,
    item_menu::ItemMenu,
    library::{Library, show},
    newer::NewerBuild,
    top_bar::TopBar,
    unreadable::{say_unreadable_parts, say_unreadable_workflows},
    unstored::Unstored,
    update::NewVersion,
};
use self::{going::Going, import::Candidate, item_menu::OpenMenu};

/// What goes out as a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ToExport {
    One(WorkflowId),
    All,
}

/// What the panels share beside the store.
#[derive(Clone, Copy)]
pub struct Panels {
    /// Whether the library is the other way round than at first: hidden in a wide window, shown in a narrow one.
    pub library_toggled: Signal<bool>,
    /// The workflow whose name is being edited.
    renaming: Signal<Option<WorkflowId>>,
    /// The open menu of an item.
    menu: Signal<Option<OpenMenu>>,
    /// The files that are about to be imported.
    pub import: Signal<Option<Vec<Candidate>>>,
    /// Files that are being checked, or media that are being stored.
    pub import_going: Signal<Option<Going>>,
    /// What is about to be exported.
    export: Signal<Option<ToExport>>,
    /// Whether the diagnostics are shown.
    pub diagnostics: Signal<bool>,
    /// Whether a file hangs over the window.
    pub drop: Signal<bool>,
}

impl Panels {
    /// Panels with their signals in the current scope.
    pub fn new() -> Self {
        Self {
            library_toggled: Signal::new(false),
            renaming: Signal::new(None),
            menu: Signal::new(None),
            import: Signal::new(None),
            import_going: Signal::new(None),
            export: Signal::new(None),
            diagnostics: Signal::new(false),
            drop: Signal::new(false),
        }
    }
}

/// The panels of this window.
pub fn use_panels() -> Panels {
    use_context()
}
