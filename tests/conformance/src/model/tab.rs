//! A tab: a session, and what it shows of the workflows.

use std::{collections::BTreeSet, sync::Arc};

use futures::{
    future::{Either, select},
    pin_mut,
};
use storage::{
    Event, Result, SaveState, Session,
    backend::{Backend, Batch, Loaded, fault::FaultBackend},
    model::{EntityKey, Registers, WorkflowId},
    tabs::{Changes, hub::Hub},
    writer::Hold,
};

use super::truth::Entities;
use crate::harness::Harness;

pub(super) struct Tab {
    pub session: Session,
    pub backend: Arc<FaultBackend<dyn Backend>>,
    pub hold: Option<Hold>,
    events: tokio::sync::mpsc::UnboundedReceiver<Event>,
    workflows: [WorkflowId; 2],
    shown: Entities,
    /// Whether something could not be read when it was time.
    is_behind: bool,
}

fn put(shown: &mut Entities, key: EntityKey, registers: &Registers) {
    shown.entry(key).or_default().merge(registers);
}

/// The entities of a workflow as it was loaded.
pub(super) fn entities(id: WorkflowId, loaded: Loaded) -> impl Iterator<Item = (EntityKey, Registers)> {
    let own = loaded.workflow.map(|row| (EntityKey::workflow(id), row.registers));
    let nodes = loaded.nodes.rows.into_iter().map(move |(node, row)| (EntityKey::node(id, node), row.registers));
    let edges = loaded.edges.rows.into_iter().map(move |(edge, row)| (EntityKey::edge(id, edge), row.registers));
    own.into_iter().chain(nodes).chain(edges)
}

impl Tab {
    /// A tab that shows both workflows. It tries until it can read the library, as users do.
    pub async fn open(backend: Arc<FaultBackend<dyn Backend>>, hub: &Hub, workflows: [WorkflowId; 2]) -> Self {
        let (session, events) = loop {
            if let Ok(opened) = Session::on_channel(backend.clone(), |hear| hub.join(hear)).await {
                break opened;
            }
        };
        let shown = Entities::default();
        let mut tab = Self { session, backend, hold: None, events, workflows, shown, is_behind: true };
        tab.catch_up().await;
        tab
    }

    pub fn write(&mut self, patches: &[(EntityKey, Registers)]) {
        let mut batch = Batch::new();
        for (key, patch) in patches {
            put(&mut self.shown, *key, patch);
            batch.merge(*key, patch);
        }
        self.session.write(batch);
    }

    /// The page was out of sight and is looked at again. It may have missed what others stored.
    pub fn wake(&mut self) {
        self.is_behind = true;
    }

    /// Waits until everything is stored. Does not wait for the pause after a failure.
    pub async fn flush(&self, harness: &dyn Harness) {
        let flushed = self.session.flush();
        pin_mut!(flushed);
        let all = async {
            while let Either::Right(_) = select(&mut flushed, harness.pause(1)).await {
                self.session.retry();
            }
        };
        harness.within(all).await;
        assert_eq!(self.session.state(), SaveState::Saved);
    }

    /// Hears what has happened since.
    pub async fn hear(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            match event {
                Event::Committed(rows) => {
                    for (key, row) in rows.iter().filter(|(key, _)| self.workflows.contains(&key.workflow)) {
                        put(&mut self.shown, *key, &row.registers);
                    }
                }
                Event::Elsewhere(changes) => self.is_behind |= self.read(changes).await.is_err(),
                Event::Presence | Event::Woke | Event::Connection(_) | Event::Assets(_) => {}
                Event::Deleted | Event::Newer(_) | Event::Undone(_) => panic!("nobody did that: {event:?}"),
            }
        }
        self.catch_up().await;
    }

    async fn read(&mut self, Changes { rows, ranges }: Changes) -> Result<()> {
        let ours = |key: &EntityKey| self.workflows.contains(&key.workflow);
        let keys: BTreeSet<_> = rows.iter().map(|row| row.key).filter(ours).collect();
        for (key, row) in self.session.rows(keys).await? {
            put(&mut self.shown, key, &row.registers);
        }
        for id in self.workflows {
            if ranges.contains(&id) {
                self.load(id).await?;
            }
        }
        Ok(())
    }

    /// Reads everything again, if something was missed. If that fails, it is still to be done.
    async fn catch_up(&mut self) {
        if !self.is_behind {
            return;
        }
        for id in self.workflows {
            if self.load(id).await.is_err() {
                return;
            }
        }
        self.is_behind = false;
    }

    async fn load(&mut self, id: WorkflowId) -> Result<()> {
        for (key, registers) in entities(id, self.session.load(id).await?) {
            put(&mut self.shown, key, &registers);
        }
        Ok(())
    }

    /// What it shows, when nothing is missing any more.
    pub async fn shown(mut self) -> Entities {
        loop {
            self.hear().await;
            if !self.is_behind {
                return self.shown;
            }
        }
    }
}
