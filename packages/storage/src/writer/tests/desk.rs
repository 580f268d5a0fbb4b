//! A writer with everything around it that a test looks at.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::{
    Result, SaveState,
    backend::{
        Backend, Batch, Committed,
        fault::{Fault, FaultBackend},
        memory::Memory,
    },
    model::{Clock, Counts, EntityKey, Json, NodeId, RegisterName, Registers, Row, Stamp, WorkflowId},
    parking,
    writer::Writer,
};

/// The wall clock of a desk: it stands still, so that every desk makes the same stamps.
const NOW: u64 = 1_800_000_000_000;

const MONTH: Duration = Duration::from_hours(30 * 24);

/// Settings that tests write.
pub const SETTINGS: [&str; 3] = ["first", "second", "third"];

/// What the listener heard, and when.
type Heard = Arc<Mutex<Vec<(Instant, Result<Committed>)>>>;

/// A writer, its database, and what is expected of both.
pub struct Desk {
    pub writer: Writer,
    pub backend: Arc<FaultBackend<Memory>>,
    pub memory: Memory,
    heard: Heard,
    clock: Clock,
    /// Everything that was put in.
    enqueued: Batch,
}

/// What a database holds, but for versions and for how the oplog is cut into records.
#[derive(Debug, Default, PartialEq)]
pub struct Content {
    pub rows: BTreeMap<EntityKey, (Registers, Option<Counts>)>,
    pub settings: BTreeMap<&'static str, Json>,
    pub recorded: BTreeMap<EntityKey, Registers>,
}

impl Desk {
    /// `faults` by number of the commit.
    pub fn new(faults: impl IntoIterator<Item = (usize, Fault)>) -> Self {
        let memory = Memory::new();
        let backend = Arc::new(FaultBackend::new(memory.clone(), faults));
        let heard = Heard::default();
        let ear = Arc::clone(&heard);
        let listener = move |result: &Result<Committed>| ear.lock().unwrap().push((Instant::now(), result.clone()));
        let writer = Writer::new(Arc::clone(&backend) as Arc<dyn Backend>, listener);
        Self { writer, backend, memory, heard, clock: Clock::new(7), enqueued: Batch::new() }
    }

    /// The next stamp.
    pub fn stamp(&mut self) -> Stamp {
        self.clock.tick(NOW)
    }

    /// Puts a batch in.
    pub fn enqueue(&mut self, batch: &Batch) {
        self.enqueued.absorb(batch.clone());
        self.writer.enqueue(batch.clone());
    }

    /// Moves a node, making it if need be.
    pub fn move_node(&mut self, number: u128, x: u32) -> Stamp {
        let stamp = self.stamp();
        self.enqueue(&moved(number, x, stamp));
        stamp
    }

    /// Changes a setting.
    pub fn set(&mut self, setting: &str, value: u32) {
        let mut batch = Batch::new();
        batch.set(setting, Some(value.into()));
        self.enqueue(&batch);
    }

    /// Waits until everything is committed; not for ever.
    pub async fn flush(&self) {
        timeout(MONTH, self.writer.flush()).await.expect("it is never committed");
    }

    /// The row as it is stored.
    pub async fn row(&self, number: u128) -> Option<Row> {
        let loaded = self.memory.load(workflow()).await.unwrap();
        let mut rows = loaded.nodes.rows.into_iter();
        rows.find(|(id, _)| EntityKey::node(workflow(), *id) == node(number)).map(|(_, row)| row)
    }

    /// Where the node is stored to be.
    pub async fn x(&self, number: u128) -> Option<u32> {
        self.row(number).await?.registers.value(&RegisterName::Position)?.read().ok()
    }

    /// What the listener heard, and when.
    pub fn heard(&self) -> Vec<(Instant, Result<Committed>)> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits until the state is another; not for ever.
    pub async fn next_state(&self) -> SaveState {
        timeout(MONTH, self.writer.changed_from(self.writer.state())).await.expect("it stays as it is")
    }

    /// Everything that was put in is stored, as if it had been one batch, and the writer says so.
    pub async fn check_all_stored(&self) {
        assert_eq!(self.writer.state(), SaveState::Saved);
        assert_eq!(self.writer.uncommitted(), None);
        let plain = Memory::new();
        plain.commit(Arc::new(self.enqueued.clone())).await.unwrap();
        assert_eq!(Content::of(&self.memory).await, Content::of(&plain).await);
    }

    /// Commits went one after the other, each was repeated until it succeeded, unaltered, before the next began.
    pub fn check_order(&self) {
        assert!(self.backend.most_at_once() <= 1);
        let (batches, heard) = (self.backend.batches(), self.heard());
        for (pair, (_, result)) in batches.windows(2).zip(&heard) {
            assert_eq!(result.is_err(), Arc::ptr_eq(&pair[0], &pair[1]));
        }
    }
}

impl Content {
    pub async fn of(memory: &Memory) -> Self {
        let mut content = Self::default();
        for (workflow, row) in memory.workflows().await.unwrap().rows {
            content.rows.insert(EntityKey::workflow(workflow), (row.registers, row.counts));
            let loaded = memory.load(workflow).await.unwrap();
            for (id, row) in loaded.nodes.rows {
                content.rows.insert(EntityKey::node(workflow, id), (row.registers, row.counts));
            }
            for (id, row) in loaded.edges.rows {
                content.rows.insert(EntityKey::edge(workflow, id), (row.registers, row.counts));
            }
        }
        for setting in SETTINGS {
            if let Some(value) = memory.kv(setting).await.unwrap() {
                content.settings.insert(setting, value);
            }
        }
        for record in memory.oplog().await.unwrap() {
            let batch = parking::from_text(&format!(r#"{{"patches":{}}}"#, record.patches.text())).unwrap();
            for (key, patch) in batch.rows() {
                content.recorded.entry(key).or_default().merge(patch);
            }
        }
        content
    }
}

/// The one workflow.
pub fn workflow() -> WorkflowId {
    WorkflowId::from_uuid(Uuid::from_u128(1))
}

/// One of its nodes.
pub fn node(number: u128) -> EntityKey {
    EntityKey::node(workflow(), NodeId::from_uuid(Uuid::from_u128(number)))
}

/// Moves a node, making it if need be.
pub fn moved(number: u128, x: u32, stamp: Stamp) -> Batch {
    let patch = Registers::new().with(RegisterName::Type, stamp, "prompt").with(RegisterName::Position, stamp, x);
    let mut batch = Batch::new();
    batch.merge(node(number), &patch);
    batch
}
