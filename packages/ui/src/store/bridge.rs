//! What storage says, brought into memory.

use std::collections::BTreeSet;

use storage::{
    Event,
    backend::{Batch, Notice},
    model::{EntityKey, Json, Part, Row, WorkflowId},
    rescue,
    tabs::{Changes, Touched},
};
use tokio::sync::mpsc::UnboundedReceiver;
use tracing::{debug, error, warn};

use super::{Document, Store, Topic, opening::LAST_OPEN};
use crate::widgets::sleep;

/// A lock that another tab has let go is free a moment later.
const LOCK_PAUSE: u64 = 150;

impl Store {
    /// Brings what storage says into memory, for as long as the window is open.
    pub async fn listen(self, mut events: UnboundedReceiver<Event>) {
        // The events before this: what others stored while the library was being read.
        while let Some(event) = events.recv().await {
            let (event, next) = gather(event, &mut events);
            for event in [Some(event), next].into_iter().flatten() {
                self.heard(event).await;
            }
        }
    }

    /// Does what an event asks for.
    pub(super) async fn heard(&self, event: Event) {
        if self.state().missed && matches!(event, Event::Committed(_) | Event::Elsewhere(_)) {
            self.catch_up().await;
        }
        match event {
            Event::Committed(rows) => self.committed(&rows),
            Event::Deleted => self.rewrite().await,
            Event::Connection(notice) => {
                warn!(?notice, "the database's connection");
                if notice != Notice::Blocked {
                    self.look_again().await;
                }
            }
            Event::Elsewhere(changes) => self.read_elsewhere(changes).await,
            Event::Assets(ids) => {
                for id in ids {
                    self.learn_asset_again(id).await;
                }
            }
            Event::Undone(workflows) => {
                for workflow in workflows {
                    self.read_anew(workflow).await;
                }
            }
            Event::Woke => {
                self.catch_up().await;
                self.look_elsewhere().await;
            }
            Event::Presence => {
                sleep(LOCK_PAUSE).await;
                self.look_elsewhere().await;
            }
            Event::Newer(found) => {
                error!(found, "a newer build works on the data; nothing is written any more");
                self.state_mut().newer = Some(found);
                self.notify(vec![Topic::Newer]);
            }
        }
    }

    /// Reads what another tab has stored, of what is shown here and has not been seen, and merges it.
    async fn read_elsewhere(&self, Changes { rows, ranges }: Changes) {
        let mut keys: BTreeSet<_> = rows.iter().filter(|row| self.wants(row)).map(|row| row.key).collect();
        keys.extend(ranges.iter().map(|workflow| EntityKey::workflow(*workflow)));
        if !keys.is_empty() {
            match self.session().rows(keys).await {
                Ok(rows) => self.committed(&rows),
                Err(error) => self.missed(&error),
            }
        }
        for workflow in ranges {
            self.read_again(workflow).await;
        }
    }

    /// Brings in whatever was missed: the library, and the open workflow if it was written since.
    async fn catch_up(&self) {
        debug!("catching up with what others have stored");
        let known = self.open_version();
        let library = match self.session().workflows().await {
            Ok(library) => library,
            Err(error) => return self.missed(&error),
        };
        self.state_mut().missed = false;
        let rows: Vec<_> = library.rows.into_iter().map(|(id, row)| (EntityKey::workflow(id), row)).collect();
        self.committed(&rows);
        // A workflow's row is written by each commit to anything in it.
        if let Some(open) = self.open_id().filter(|_| known < self.open_version()) {
            self.read_again(open).await;
        }
    }

    /// The connection was taken from us. Whoever did it may have deleted everything, or be a newer build: that is found out now, and not
    /// with the next edit, before which the page may be gone.
    async fn look_again(&self) {
        match self.session().workflows().await {
            Ok(_) => self.catch_up().await,
            Err(storage::Error::Deleted) => self.rewrite().await,
            Err(error) => self.missed(&error),
        }
    }

    /// Reads all of a workflow that is shown and merges it.
    async fn read_again(&self, workflow: WorkflowId) {
        if self.open_id() != Some(workflow) && self.opening() != Some(workflow) {
            return;
        }
        match self.session().load(workflow).await {
            Ok(loaded) => self.committed(&loaded.into_rows(workflow).collect::<Vec<_>>()),
            Err(error) => self.missed(&error),
        }
    }

    /// Puts what is stored of a workflow, and what waits for that, in the place of what is in memory: something was taken back, which a
    /// merge would keep.
    async fn read_anew(&self, id: WorkflowId) {
        let loaded = match self.session().load(id).await {
            Ok(loaded) => loaded,
            Err(error) => return self.missed(&error),
        };
        let mut topics = self.state_mut().library.replace(id, loaded.workflow.clone());
        let is_open = self.open_id() == Some(id);
        if is_open {
            let state = &mut *self.state_mut();
            let document = Document::from_loaded(id, loaded);
            topics.extend(state.open.iter().chain([&document]).flat_map(Document::topics));
            state.open = Some(document);
            topics.extend(state.forget_selected());
        }
        self.notify(topics);
        if self.opening() == Some(id) {
            // What is being read may still have it.
            if let Err(error) = self.open_workflow(id).await {
                self.missed(&error);
            }
        }
        if is_open && self.summary(id).is_none() {
            self.close_workflow();
        }
    }

    fn missed(&self, error: &storage::Error) {
        warn!(
            error = error.code(),
            "what another tab stored can't be read; it is tried again with the next that is heard"
        );
        self.state_mut().missed = true;
    }

    fn open_version(&self) -> u64 {
        let state = self.state();
        state.open.as_ref().map_or(0, |document| state.library.version(document.id()))
    }

    /// Whether a row is shown here and was written since it was seen.
    fn wants(&self, row: &Touched) -> bool {
        let state = self.state();
        let workflow = row.key.workflow;
        if row.key.part == Part::Itself {
            return state.library.version(workflow) < row.version;
        }
        if state.opening.as_ref().is_some_and(|opening| opening.id == workflow) {
            return true;
        }
        let open = state.open.as_ref().filter(|document| document.id() == workflow);
        open.is_some_and(|document| document.version(row.key.part) < row.version)
    }

    /// Says in which workflow this window is, and looks where others are.
    pub async fn say_presence(&self) {
        self.session().enter(self.0.window, self.open_id()).await;
    }

    /// Says that this window is gone.
    pub fn leave(&self) {
        self.session().leave(self.0.window);
    }

    /// Looks which workflows are open in other tabs and windows.
    pub async fn look_elsewhere(&self) {
        let elsewhere = self.session().elsewhere(self.0.window).await;
        let changed: Vec<_> = {
            let mut state = self.state_mut();
            let before = std::mem::replace(&mut state.elsewhere, elsewhere);
            before.symmetric_difference(&state.elsewhere).map(|id| Topic::Workflow(*id)).collect()
        };
        self.notify(changed);
    }

    /// Merges rows as they are stored now: they may hold what another tab has written.
    pub(super) fn committed(&self, rows: &[(EntityKey, Row)]) {
        let open = self.open_id();
        let mut topics = self.merge(rows.iter().map(|(key, row)| (*key, &row.registers)));
        {
            let mut state = self.state_mut();
            for (key, row) in rows {
                if key.part == Part::Itself {
                    topics.extend(state.library.set_counts(key.workflow, row.counts, row.version));
                }
                if let Some(document) = state.open.as_mut().filter(|document| document.id() == key.workflow) {
                    document.set_version(key.part, row.version);
                }
            }
        }
        self.notify(topics);
        // Deleted by another tab: what is closed here is not lost, and comes back if it is restored.
        if let Some(open) = open.filter(|id| rows.iter().any(|(key, _)| *key == EntityKey::workflow(*id)))
            && self.summary(open).is_none()
        {
            self.close_workflow();
        }
    }

    /// Everything that is in memory as a whole: the open workflow, and those in which there is nothing. Of the others only names
    /// are.
    fn whole_memory(&self) -> Batch {
        let (mut batch, state) = (Batch::new(), self.state());
        let open = state.open.as_ref().map(Document::id);
        for (id, registers) in state.library.all() {
            if open == Some(id) || state.library.is_empty(id) {
                batch.merge(EntityKey::workflow(id), registers);
            }
        }
        if let Some(document) = &state.open {
            document.add_to(&mut batch);
            batch.set(LAST_OPEN, Some(Json::from(document.id().to_string())));
        }
        batch
    }

    /// Everything that is in memory.
    fn memory(&self) -> Batch {
        let mut batch = Batch::new();
        let state = self.state();
        for (id, registers) in state.library.all() {
            batch.merge(EntityKey::workflow(id), registers);
        }
        if let Some(document) = &state.open {
            document.add_to(&mut batch);
        }
        batch
    }

    /// What can't be stored, for a file: the open workflow as a whole, since whoever reads the file may have nothing of it, and
    /// what else waits. None: everything is stored.
    pub fn rescued(&self) -> Option<String> {
        let mut batch = self.session().unsaved()?;
        let memory = self.memory();
        let touched = batch.workflows();
        for (key, registers) in memory.rows().filter(|(key, _)| touched.contains(&key.workflow)) {
            batch.merge(key, registers);
        }
        Some(rescue::to_text(&batch))
    }

    /// Takes in what a file of rescued work holds, by the merge. Gives one of the workflows that it touches.
    pub fn take_rescued(&self, rescued: &Batch) -> Option<WorkflowId> {
        self.session().observe(rescued.rows().map(|(_, registers)| registers));
        self.apply(rescued.rows().map(|(key, registers)| (key, registers.clone())).collect());
        rescued.workflows().into_iter().find(|id| self.summary(*id).is_some())
    }

    /// Stores what is in memory anew, because the stored data was deleted under us, and says what is gone. A workflow of which only
    /// the name is in memory does not come back as one without nodes: unless another window has it whole, it is gone.
    async fn rewrite(&self) {
        let batch = self.whole_memory();
        let kept = batch.workflows();
        let gone: Vec<_> = self.workflows().into_iter().filter(|id| !kept.contains(id)).collect();
        if let Err(error) = self.session().rewrite(batch).await {
            error!(error = error.code(), "the deleted database could not be made again");
            return;
        }
        let lost: Vec<_> = gone.iter().filter_map(|id| Some((*id, self.summary(*id)?.name))).collect();
        let mut topics = vec![Topic::Deleted];
        {
            let mut state = self.state_mut();
            for id in gone {
                topics.extend(state.library.replace(id, None));
            }
            let before = state.deletion.take().map(|deletion| deletion.lost).unwrap_or_default();
            state.deletion = Some(Deletion { lost: before.into_iter().chain(lost).collect() });
        }
        self.notify(topics);
        // What other windows have stored anew meanwhile.
        self.catch_up().await;
    }

    /// What is known of a deletion of the stored data, until it was seen.
    pub fn deletion(&self) -> Option<Vec<String>> {
        let state = self.state();
        let lost = &state.deletion.as_ref()?.lost;
        // What another window has brought back is not lost.
        Some(lost.iter().filter(|(id, _)| state.library.summary(*id).is_none()).map(|(_, name)| name.clone()).collect())
    }

    /// The user has seen what [`Store::deletion`] says.
    pub fn forget_deletion(&self) {
        self.state_mut().deletion = None;
        self.notify(vec![Topic::Deleted]);
    }
}

/// The stored data was deleted while it was in use.
pub(super) struct Deletion {
    /// The workflows that could not be stored anew, with their names.
    lost: Vec<(WorkflowId, String)>,
}

/// Gathers all changes of others that have been heard already: one reading for all of them. Gives what comes after them.
fn gather(event: Event, events: &mut UnboundedReceiver<Event>) -> (Event, Option<Event>) {
    let Event::Elsewhere(mut changes) = event else { return (event, None) };
    loop {
        match events.try_recv() {
            Ok(Event::Elsewhere(more)) => changes.absorb(more),
            next => return (Event::Elsewhere(changes), next.ok()),
        }
    }
}
