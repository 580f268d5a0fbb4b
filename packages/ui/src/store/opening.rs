//! Which workflow is open, and which part of it is looked at.

use storage::{
    backend::Batch,
    model::{Json, Part, Registers, Viewport, WorkflowId},
};

use super::{Document, Selection, Store, Topic};

/// Setting: the workflow that was open last.
pub(super) const LAST_OPEN: &str = "lastOpen";

/// Setting: where the user looked last.
fn viewport_key(id: WorkflowId) -> String {
    format!("viewport/{id}")
}

/// A workflow that is being loaded.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) id: WorkflowId,
    /// Tells one loading from the next, also of the same workflow.
    turn: u64,
    /// What was merged while it was loading: it may not be in what is read.
    pub(super) meanwhile: Vec<(Part, Registers)>,
}

impl Store {
    /// Opens a workflow, unless another one is asked for meanwhile.
    ///
    /// # Errors
    /// It can't be read; then what was open stays open.
    pub async fn open_workflow(&self, id: WorkflowId) -> storage::Result<()> {
        if self.open_id() == Some(id) {
            self.give_up_opening();
            return Ok(());
        }
        let turn = self.begin_opening(id);
        let read = async { Ok((self.session().load(id).await?, self.session().kv(&viewport_key(id)).await?)) };
        let read: storage::Result<_> = read.await;
        let Some(opening) = self.state_mut().opening.take_if(|opening| opening.turn == turn) else { return Ok(()) };
        match read {
            Ok((loaded, viewport)) => {
                let mut document = Document::from_loaded(id, loaded);
                for (part, patch) in &opening.meanwhile {
                    document.merge(*part, patch, &self.state().area);
                }
                self.show(Some(document), viewport.and_then(|json| json.read().ok()));
                Ok(())
            }
            Err(error) => {
                self.notify(vec![Topic::Open]);
                Err(error)
            }
        }
    }

    /// Shows no workflow.
    pub fn close_workflow(&self) {
        self.show(None, None);
    }

    fn begin_opening(&self, id: WorkflowId) -> u64 {
        let turn = {
            let mut state = self.state_mut();
            state.turns += 1;
            state.opening = Some(Opening { id, turn: state.turns, meanwhile: Vec::new() });
            state.turns
        };
        self.notify(vec![Topic::Open]);
        turn
    }

    /// Leaves open what is open.
    pub(super) fn give_up_opening(&self) {
        let given_up = self.state_mut().opening.take();
        if given_up.is_some() {
            self.notify(vec![Topic::Open]);
        }
    }

    /// Puts a document, or nothing, in the place of what was open.
    fn show(&self, open: Option<Document>, viewport: Option<Viewport>) {
        self.keep_viewport();
        let id = open.as_ref().map(Document::id);
        {
            let mut state = self.state_mut();
            (state.open, state.viewport, state.selection) = (open, viewport, Selection::default());
        }
        let mut batch = Batch::new();
        batch.set(LAST_OPEN, id.map(|id| Json::from(id.to_string())));
        self.session().write(batch);
        self.notify(vec![Topic::Open, Topic::Graph, Topic::Selection, Topic::Viewport]);
    }

    /// The workflow that was open last, if it is still there.
    ///
    /// # Errors
    /// The setting can't be read.
    pub async fn last_open(&self) -> storage::Result<Option<WorkflowId>> {
        let id: Option<WorkflowId> = self.session().kv(LAST_OPEN).await?.and_then(|json| json.read().ok());
        Ok(id.filter(|id| self.summary(*id).is_some()))
    }

    /// Looks elsewhere. [`Store::keep_viewport`] stores it, once the movement is over.
    pub fn set_viewport(&self, viewport: Viewport) {
        {
            let mut state = self.state_mut();
            if state.open.is_none() || state.viewport == Some(viewport) {
                return;
            }
            (state.viewport, state.viewport_moved) = (Some(viewport), true);
        }
        self.notify(vec![Topic::Viewport]);
    }

    /// Stores where the user looks, unless that is stored. It has no stamp: it is a matter of this device.
    pub fn keep_viewport(&self) {
        let moved = std::mem::take(&mut self.state_mut().viewport_moved);
        let json = self.viewport().filter(|_| moved).and_then(|viewport| Json::new(&viewport).ok());
        if let (Some(id), Some(json)) = (self.open_id(), json) {
            let mut batch = Batch::new();
            batch.set(&viewport_key(id), Some(json));
            self.session().write(batch);
        }
    }
}
