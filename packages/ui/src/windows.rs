//! What a window knows of the others of its process. A page in a browser has none.

use std::{cell::RefCell, path::PathBuf, rc::Rc};

use dioxus::prelude::*;
use storage::model::WorkflowId;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::Start;

/// What can be done beyond one window. Clones share it.
#[derive(Clone)]
pub struct Windows {
    open: Rc<dyn Fn(Option<WorkflowId>)>,
    files: Rc<RefCell<Option<UnboundedReceiver<Vec<PathBuf>>>>>,
}

impl Windows {
    /// `open` opens one more window with a workflow, or with the one that was open last. From `files` come those that the
    /// application was started with.
    pub fn new(open: impl Fn(Option<WorkflowId>) + 'static, files: UnboundedReceiver<Vec<PathBuf>>) -> Self {
        Self { open: Rc::new(open), files: Rc::new(RefCell::new(Some(files))) }
    }

    /// Opens one more window.
    pub fn open(&self, workflow: Option<WorkflowId>) {
        (self.open)(workflow);
    }

    /// The files that come in, for the one who brings them in.
    pub(crate) fn take_files(&self) -> Option<UnboundedReceiver<Vec<PathBuf>>> {
        self.files.borrow_mut().take()
    }
}

/// The other windows, where there may be some.
pub fn use_windows() -> Option<Windows> {
    use_hook(|| try_consume_context::<Start>().and_then(|start| start.windows))
}
