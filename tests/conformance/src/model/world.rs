//! Tabs, the database that they share, and the truth.

use std::sync::Arc;

use storage::{
    backend::{Backend, fault::FaultBackend},
    model::{EdgeId, EntityKey, NodeId, Registers, Stamp, WorkflowId},
    tabs::hub::Hub,
};
use uuid::Uuid;

use super::{
    Made,
    plan::{Change, Plan, Step, TABS},
    tab::{Tab, entities},
    truth::{Entities, Truth},
};
use crate::{
    author::{connected, created, deleted, named, set},
    harness::Harness,
    reference::Reference,
};

pub(super) struct World<'a> {
    harness: &'a dyn Harness,
    plan: &'a Plan,
    number: u64,
    hub: Hub,
    tabs: Vec<Tab>,
    /// Which life each tab is in. No two are the same.
    lives: Vec<usize>,
    lived: usize,
    /// How many commits and reads each tab has made in its earlier lives.
    before: Made,
    /// The connections of tabs that were killed. A database may still be storing what they asked for last.
    killed: Vec<Arc<FaultBackend<dyn Backend>>>,
    truth: Truth,
}

/// The id of an entity: of which world, and which one there.
fn id(world: u64, number: u64) -> Uuid {
    Uuid::from_u64_pair((1_800_000_000_000 << 16) | 0x7000, (0b10 << 62) | (world << 16) | number)
}

impl<'a> World<'a> {
    pub async fn new(harness: &'a dyn Harness, number: u64, plan: &'a Plan) -> Self {
        let (hub, truth) = (Hub::default(), Truth::default());
        let mut world = Self {
            harness,
            plan,
            number,
            hub,
            tabs: Vec::new(),
            lives: (0..TABS).collect(),
            lived: TABS,
            before: [(0, 0); TABS],
            killed: Vec::new(),
            truth,
        };
        for tab in 0..TABS {
            let opened = world.open(tab).await;
            world.tabs.push(opened);
        }
        world
    }

    fn workflows(&self) -> [WorkflowId; 2] {
        [0, 1].map(|number| WorkflowId::from_uuid(id(self.number, number)))
    }

    /// A connection with the faults that are left for this tab.
    #[cfg_attr(
        target_arch = "wasm32",
        expect(clippy::arc_with_non_send_sync, reason = "shared between targets; the browser has one thread")
    )]
    async fn open(&self, tab: usize) -> Tab {
        let (commits, reads) = self.before[tab];
        let faults = self.plan.faults(tab).split_off(&commits);
        let failing = self.plan.failing(tab).split_off(&reads);
        let database: Arc<dyn Backend> = Arc::from(self.harness.db().await);
        let backend = FaultBackend::over(database, faults.into_iter().map(|(number, fault)| (number - commits, fault)))
            .failing(failing.into_iter().map(|(number, error)| (number - reads, error)));
        Tab::open(Arc::new(backend), &self.hub, self.workflows()).await
    }

    /// Two workflows: one with four nodes and two edges, one with a node.
    fn key(&self, entity: u64) -> EntityKey {
        let [first, second] = self.workflows();
        let part = id(self.number, 2 + entity);
        match entity {
            0 => EntityKey::workflow(first),
            1 => EntityKey::workflow(second),
            2..=5 => EntityKey::node(first, NodeId::from_uuid(part)),
            6 | 7 => EntityKey::edge(first, EdgeId::from_uuid(part)),
            _ => EntityKey::node(second, NodeId::from_uuid(part)),
        }
    }

    fn patch(&self, Change { entity, register, value }: Change, stamp: Stamp) -> (EntityKey, Registers) {
        let node = |number: u64| NodeId::from_uuid(id(self.number, 2 + number));
        let text = format!("Value {value}");
        let patch = match (entity, register) {
            (_, 0) => deleted(stamp, value % 2 == 0),
            (_, 1) => set("extra.colour", stamp, text),
            (0 | 1, _) => named(stamp, &text),
            (6 | 7, _) => connected(stamp, node(2), node(3 + value % 3)),
            (_, 2) => created(stamp, &text),
            (_, 3) => set("title", stamp, text),
            (_, register) => set(&format!("config.{register}"), stamp, value),
        };
        (self.key(entity), patch)
    }

    pub async fn take(&mut self, step: Step) {
        match step {
            Step::Edit(tab, changes) => {
                // Each with a stamp of its own; of two for the same register the later is the larger.
                let changes = changes.into_iter().flatten();
                let patches: Vec<_> =
                    changes.map(|change| self.patch(change, self.tabs[tab].session.stamp())).collect();
                self.tabs[tab].write(&patches);
                self.truth.write(self.lives[tab], patches);
            }
            Step::Flush(tab) => self.flush(tab).await,
            Step::Hold(tab) => self.tabs[tab].hold = Some(self.tabs[tab].session.hold()),
            Step::Release(tab) => self.tabs[tab].hold = None,
            Step::Hear(tab) => self.tabs[tab].hear().await,
            Step::Retry(tab) => self.tabs[tab].session.retry(),
            Step::Reload(tab) => {
                self.flush(tab).await;
                self.tabs[tab].session.close().await;
                self.replace(tab).await;
            }
            Step::Kill(tab) => {
                self.tabs[tab].backend.kill();
                self.killed.push(self.tabs[tab].backend.clone());
                self.replace(tab).await;
            }
            Step::Wait => self.harness.pause(3).await,
        }
    }

    async fn flush(&mut self, tab: usize) {
        self.tabs[tab].flush(self.harness).await;
        self.truth.acknowledge(self.lives[tab]);
    }

    /// Opens another tab instead of this one.
    async fn replace(&mut self, tab: usize) {
        let (commits, reads) = counted(&self.tabs[tab]);
        self.before[tab].0 += commits;
        self.before[tab].1 += reads;
        self.tabs[tab] = self.open(tab).await;
        self.lives[tab] = self.lived;
        self.lived += 1;
    }

    /// Everybody stores what they have and hears of the rest. Panics unless all show what is stored, and that is right.
    pub async fn end(mut self) -> Made {
        for tab in 0..TABS {
            self.tabs[tab].hold = None;
            self.flush(tab).await;
        }
        for backend in &self.killed {
            self.harness.within(backend.close()).await;
            // It may have stored what it could not tell the others any more.
            self.tabs.iter_mut().for_each(Tab::wake);
        }
        let stored = self.stored().await;
        self.truth.check(&stored);
        let mut made = self.before;
        for (tab, made) in self.tabs.into_iter().zip(&mut made) {
            let (commits, reads) = counted(&tab);
            *made = (made.0 + commits, made.1 + reads);
            same(&tab.shown().await, &stored);
        }
        made
    }

    /// What another connection finds, whose summaries have to agree with it.
    async fn stored(&self) -> Entities {
        let db = self.harness.db().await;
        let summaries = db.workflows().await.unwrap();
        let mut all = Entities::default();
        for id in self.workflows() {
            let loaded = db.load(id).await.unwrap();
            assert!(loaded.nodes.corrupt.is_empty() && loaded.edges.corrupt.is_empty(), "unreadable rows");
            let found: Entities = entities(id, loaded).collect();
            let listed = summaries.rows.iter().find(|(listed, _)| *listed == id).and_then(|(_, row)| row.counts);
            let counted = (!found.is_empty()).then(|| Reference::of(&found).counts(id));
            assert_eq!(listed, counted, "the counts of a workflow");
            all.extend(found);
        }
        db.close().await;
        all
    }
}

/// Panics with the first difference.
fn same(shown: &Entities, stored: &Entities) {
    for key in shown.keys().chain(stored.keys()) {
        assert_eq!(shown.get(key), stored.get(key), "what a tab shows and what is stored of {key:?}");
    }
}

fn counted(tab: &Tab) -> (usize, usize) {
    (tab.backend.batches().len(), tab.backend.reads())
}
