//! Which workflows are open in other windows of this process.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::model::WorkflowId;

/// Which window shows which workflow. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Presence(Arc<Mutex<BTreeMap<u64, WorkflowId>>>);

impl Presence {
    /// Says that a window shows this workflow now, or none. Windows have numbers of their owners' choice.
    #[expect(clippy::unused_async, reason = "a browser has to be asked")]
    pub async fn enter(&self, window: u64, workflow: Option<WorkflowId>) {
        let mut windows = self.windows();
        match workflow {
            Some(workflow) => windows.insert(window, workflow),
            None => windows.remove(&window),
        };
    }

    /// The workflows that windows other than this one show.
    #[expect(clippy::unused_async, reason = "a browser has to be asked")]
    pub async fn elsewhere(&self, window: u64) -> BTreeSet<WorkflowId> {
        self.windows().iter().filter(|(other, _)| **other != window).map(|(_, workflow)| *workflow).collect()
    }

    fn windows(&self) -> MutexGuard<'_, BTreeMap<u64, WorkflowId>> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
