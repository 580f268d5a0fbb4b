//! A device: a database, an engine, and somebody who works on it.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use futures::FutureExt;

use crate::{
    BoxFuture, Result,
    backend::{Backend, Batch, Committed, memory::Memory},
    model::{Clock, EntityKey, Json, Register, RegisterName, Registers, Row, Stamp, WorkflowId},
    sync::{Config, Effect, Event, Stored, StoredWorkflow, SyncEngine, kept::Kept, kept_key, progress_key},
};

/// A change that was acknowledged as saved.
#[derive(Debug)]
pub struct Edit {
    pub key: EntityKey,
    pub name: RegisterName,
    pub register: Register,
}

/// A device.
pub struct Replica {
    pub number: usize,
    pub memory: Memory,
    pub engine: SyncEngine,
    /// What the engine wants and has not got yet.
    pub wanted: VecDeque<Effect>,
    /// Raised by every crash: what is under way for an earlier life never arrives.
    pub life: u64,
    pub alive: bool,
    /// By how much the wall clock is wrong, in milliseconds.
    pub skew: i64,
    pub clock: Clock,
    pub edits: Vec<Edit>,
    /// What of it is in copies that its user made.
    pub copied: BTreeMap<EntityKey, Registers>,
    /// The user's name on the server.
    pub user: &'static str,
}

/// What a database in memory says, at once.
fn now<T>(future: BoxFuture<Result<T>>) -> T {
    future.now_or_never().expect("memory waits for nothing").unwrap()
}

impl Replica {
    pub fn new(number: usize, seed: u64, user: &'static str) -> Self {
        Self {
            number,
            memory: Memory::new(),
            engine: engine(seed),
            wanted: VecDeque::new(),
            life: 0,
            alive: true,
            skew: 0,
            clock: Clock::new(seed),
            edits: Vec::new(),
            copied: BTreeMap::new(),
            user,
        }
    }

    /// What its user believes the time to be.
    pub fn wall(&self, now: u64) -> u64 {
        now.saturating_add_signed(self.skew)
    }

    pub fn stamp(&mut self, now: u64) -> Stamp {
        let wall = self.wall(now);
        self.clock.tick(wall)
    }

    pub fn handle(&mut self, now: u64, event: Event) {
        let effects = self.engine.handle(now, event);
        self.wanted.extend(effects);
    }

    /// Everything in memory is gone; the disk stays.
    pub fn crash(&mut self) {
        self.life += 1;
        self.alive = false;
        self.wanted.clear();
    }

    /// Starts again, with a clock that has seen what is stored.
    pub fn start(&mut self, now: u64, seed: u64) {
        self.alive = true;
        self.engine = engine(seed);
        self.clock = Clock::new(seed);
        if let Some(newest) = self.newest() {
            self.clock.observe(newest);
        }
        self.handle(now, Event::Start);
        self.handle(now, Event::Lead);
    }

    /// The newest stamp of all that is stored.
    pub fn newest(&self) -> Option<Stamp> {
        self.content().values().filter_map(Registers::newest).max()
    }

    pub fn workflows(&self) -> Vec<WorkflowId> {
        now_workflows(&self.memory)
    }

    pub fn rows(&self, workflow: WorkflowId) -> Vec<(EntityKey, Row)> {
        now(self.memory.load(workflow)).into_rows(workflow).collect()
    }

    pub fn rows_of(&self, keys: BTreeSet<EntityKey>) -> Vec<(EntityKey, Row)> {
        now(self.memory.rows(keys))
    }

    pub fn commit(&mut self, batch: Batch) -> Committed {
        let committed = now(self.memory.commit(Arc::new(batch)));
        for (_, row) in &committed.rows {
            if let Some(newest) = row.registers.newest() {
                self.clock.observe(newest);
            }
        }
        committed
    }

    pub fn stored(&self) -> Stored {
        let kv = |key: &str| now(self.memory.kv(key));
        let workflows = self.workflows().into_iter().map(|id| StoredWorkflow {
            id,
            progress: kv(&progress_key(id)),
            kept: kv(&kept_key(id)),
        });
        Stored { oplog: now(self.memory.oplog()), workflows: workflows.collect() }
    }

    pub fn oplog(&self) -> usize {
        now(self.memory.oplog()).len()
    }

    /// What is kept of its user's values that were rejected.
    pub fn rejected(&self) -> BTreeSet<(EntityKey, String, Stamp)> {
        let kept = |id: WorkflowId| {
            let kept = now(self.memory.kv(&kept_key(id))).map(|json: Json| json.read::<Kept>().unwrap());
            let values: Vec<_> = kept.unwrap_or_default().iter().cloned().collect();
            values
                .into_iter()
                .filter(|value| value.code.is_some())
                .map(move |value| (value.key(id), value.register.clone(), value.stamp))
        };
        self.workflows().into_iter().flat_map(kept).collect()
    }

    /// Everything that it has.
    pub fn content(&self) -> BTreeMap<EntityKey, Registers> {
        let rows = self.workflows().into_iter().flat_map(|id| self.rows(id));
        rows.map(|(key, row)| (key, row.registers)).collect()
    }
}

fn now_workflows(memory: &Memory) -> Vec<WorkflowId> {
    now(memory.workflows()).rows.into_iter().map(|(id, _)| id).collect()
}

fn engine(seed: u64) -> SyncEngine {
    // Few entities to a page and few bytes until the state is uploaded instead, so that both happen.
    let most_bytes = if seed.is_multiple_of(3) { 3_000 } else { 1_000_000 };
    let page = [2, 17, 40, 500][usize::try_from(seed % 4).unwrap()];
    SyncEngine::new(Config { page, most_bytes, ..Config::new("simulated", seed) })
}
