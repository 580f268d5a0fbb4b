//! What the tests share: a store, the database beneath it, and the events between the two.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use storage::{
    BoxFuture, Error, Event, Result, Session,
    backend::{AssetRows, AssetUse, Backend, Batch, Committed, Loaded, OplogRecord, Rows, Wanted, memory::Memory},
    model::{
        Asset, AssetId, EdgeId, Ends, EntityKey, Json, Node, NodeId, Object, Point, RegisterName, Registers, Row, Size,
        Stamp, WorkflowId,
    },
    tabs::hub::Hub,
};
use tokio::sync::{Semaphore, mpsc::UnboundedReceiver};

use super::super::{Document, Store};

/// A store on a database in memory.
pub struct Desk {
    pub store: Store,
    pub disk: Arc<Disk>,
    events: UnboundedReceiver<Event>,
    hub: Hub,
}

impl Desk {
    /// An empty one.
    pub async fn new() -> Self {
        Self::on(Memory::new()).await
    }

    /// One more store on a database.
    pub async fn on(memory: Memory) -> Self {
        let disk = Arc::new(Disk::new(memory));
        let hub = Hub::default();
        let (session, events) = Session::on_channel(disk.clone(), |hear| hub.join(hear)).await.unwrap();
        Self { store: Store::open(session).await.unwrap(), disk, events, hub }
    }

    /// One more tab on the same database with the same workflow open: each hears of what the others have stored.
    pub async fn tab(&self) -> Self {
        let tab = self.closed_tab().await;
        if let Some(id) = self.store.open_id() {
            tab.store.open_workflow(id).await.unwrap();
        }
        tab
    }

    /// The same with nothing open.
    pub async fn closed_tab(&self) -> Self {
        let disk = Arc::new(Disk::new(self.disk.memory.clone()));
        let (session, events) = Session::on_channel(disk.clone(), |hear| self.hub.join(hear)).await.unwrap();
        Self { store: Store::open(session).await.unwrap(), disk, events, hub: self.hub.clone() }
    }

    /// An empty one with a workflow open.
    pub async fn open() -> Self {
        let desk = Self::new().await;
        let id = desk.store.create_workflow("A");
        desk.store.open_workflow(id).await.unwrap();
        desk
    }

    /// One more store on the same database, with the same workflow open: what is there after a restart, or in another window.
    pub async fn another(&self) -> Self {
        let other = Self::on(self.disk.memory.clone()).await;
        if let Some(id) = self.store.open_id() {
            other.store.open_workflow(id).await.unwrap();
        }
        other
    }

    /// Waits until everything is stored, and hears of it.
    pub async fn settle(&mut self) {
        self.store.session().flush().await;
        while let Ok(event) = self.events.try_recv() {
            self.store.heard(event).await;
        }
    }

    /// The events that wait, unheard.
    pub fn unheard(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }

    /// What was committed while `act` ran and because of it.
    pub async fn committed(&mut self, act: impl FnOnce(&Store)) -> Vec<Arc<Batch>> {
        self.settle().await;
        let before = self.disk.batches().len();
        act(&self.store);
        self.settle().await;
        self.disk.batches().split_off(before)
    }

    pub fn workflow(&self) -> WorkflowId {
        self.store.open_id().unwrap()
    }

    pub fn add(&self, kind: &str) -> NodeId {
        self.store.add_node(kind, Point::default()).unwrap()
    }

    /// Connects two ports, or says why not.
    pub fn connect(&self, source: (NodeId, &str), target: (NodeId, &str)) -> std::result::Result<EdgeId, String> {
        self.store.connect(ends(source, target))
    }

    pub fn set(&self, id: NodeId, key: &str, value: impl Into<Json>) {
        self.store.update_node_config(id, &Object::from_iter([(key, value.into())]));
    }

    /// A node that is shown.
    pub fn node(&self, id: NodeId) -> Option<Node> {
        self.store.with_document(|document| document.node(id)).unwrap()
    }

    /// One of a node's settings.
    pub fn setting(&self, id: NodeId, key: &str) -> Option<Json> {
        self.node(id).unwrap().config.get(key).cloned()
    }

    pub fn registers(&self, id: NodeId) -> Registers {
        self.store.with_document(|document| document.node_registers(id).unwrap().clone()).unwrap()
    }

    /// When one of a node's registers was set.
    pub fn stamp(&self, id: NodeId, name: &RegisterName) -> Stamp {
        self.registers(id).get(name).unwrap().stamp
    }

    pub fn edges(&self) -> BTreeMap<EdgeId, Ends> {
        let edges = self.store.with_document(Document::edges).unwrap();
        edges.into_iter().map(|edge| (edge.id, edge.ends)).collect()
    }

    /// The row of a node as it is stored.
    pub async fn stored(&self, id: NodeId) -> Row {
        let loaded = self.disk.load(self.workflow()).await.unwrap();
        loaded.nodes.rows.into_iter().find(|(here, _)| *here == id).unwrap().1
    }

    /// Everything that is stored of the open workflow.
    pub async fn loaded(&self) -> Loaded {
        self.disk.memory.load(self.workflow()).await.unwrap()
    }
}

pub fn ends((source, output): (NodeId, &str), (target, input): (NodeId, &str)) -> Ends {
    Ends { source, target, source_handle: Some(output.into()), target_handle: Some(input.into()) }
}

pub fn point(x: f64, y: f64) -> Point {
    Point { x, y }
}

pub fn size(width: f64, height: f64) -> Size {
    Size { width, height }
}

/// The names of the registers that a batch sets of one entity.
pub fn names(batch: &Batch, key: EntityKey) -> BTreeSet<String> {
    let patches = batch.rows().filter(|(here, _)| *here == key);
    patches.flat_map(|(_, patch)| patch.iter().map(|(name, _)| name.to_string())).collect()
}

/// Closed, nobody passes.
type Gate = Arc<Semaphore>;

fn gate(permits: usize) -> Gate {
    Arc::new(Semaphore::new(permits))
}

async fn pass(gate: Gate) {
    drop(gate.acquire().await);
}

/// A database in memory that remembers what was committed, and answers when it is told to.
pub struct Disk {
    pub memory: Memory,
    batches: Mutex<Vec<Arc<Batch>>>,
    commits: Gate,
    loads: Mutex<BTreeMap<WorkflowId, Gate>>,
    refuses_rows: AtomicBool,
    broken: Mutex<BTreeSet<WorkflowId>>,
    is_deleted: AtomicBool,
}

impl Disk {
    fn new(memory: Memory) -> Self {
        Self {
            memory,
            batches: Mutex::default(),
            commits: gate(1),
            loads: Mutex::default(),
            refuses_rows: AtomicBool::new(false),
            broken: Mutex::default(),
            is_deleted: AtomicBool::new(false),
        }
    }

    /// Every batch that was asked to be committed.
    pub fn batches(&self) -> Vec<Arc<Batch>> {
        self.batches.lock().unwrap().clone()
    }

    /// From now on commits begin when [`Disk::resume`] is called.
    pub async fn stop(&self) {
        self.commits.acquire().await.unwrap().forget();
    }

    pub fn resume(&self) {
        self.commits.add_permits(1);
    }

    /// What is read of a workflow from now on is read at once and told when [`Disk::tell`] is called.
    pub fn hold(&self, id: WorkflowId) {
        self.loads.lock().unwrap().insert(id, gate(0));
    }

    pub fn tell(&self, id: WorkflowId) {
        self.loads.lock().unwrap().remove(&id).unwrap().add_permits(1);
    }

    /// From now on single rows can't be read, or can again.
    pub fn refuse_rows(&self, refuse: bool) {
        self.refuses_rows.store(refuse, Ordering::Relaxed);
    }

    /// Somebody has deleted everything that was stored.
    pub async fn delete_all(&self) {
        for (id, _) in self.memory.workflows().await.unwrap().rows {
            self.memory.delete(id).await.unwrap();
        }
        self.is_deleted.store(true, Ordering::Relaxed);
    }

    /// From now on a workflow can't be read.
    pub fn ruin(&self, id: WorkflowId) {
        self.broken.lock().unwrap().insert(id);
    }
}

impl Backend for Disk {
    fn workflows(&self) -> BoxFuture<Result<Rows<WorkflowId>>> {
        if self.is_deleted.load(Ordering::Relaxed) {
            return Box::pin(async { Err(Error::Deleted) });
        }
        self.memory.workflows()
    }

    fn load(&self, workflow: WorkflowId) -> BoxFuture<Result<Loaded>> {
        if self.broken.lock().unwrap().contains(&workflow) {
            return Box::pin(async { Err(Error::Corrupt("a test".into())) });
        }
        let loaded = self.memory.load(workflow);
        let gate = self.loads.lock().unwrap().get(&workflow).cloned();
        Box::pin(async move {
            if let Some(gate) = gate {
                pass(gate).await;
            }
            loaded.await
        })
    }

    fn rows(&self, keys: BTreeSet<EntityKey>) -> BoxFuture<Result<Vec<(EntityKey, Row)>>> {
        if self.refuses_rows.load(Ordering::Relaxed) {
            return Box::pin(async { Err(Error::Disconnected("a test".into())) });
        }
        self.memory.rows(keys)
    }

    fn commit(&self, batch: Arc<Batch>) -> BoxFuture<Result<Committed>> {
        self.batches.lock().unwrap().push(batch.clone());
        if self.commits.available_permits() > 0 {
            return self.memory.commit(batch);
        }
        let (memory, gate) = (self.memory.clone(), self.commits.clone());
        Box::pin(async move {
            pass(gate).await;
            memory.commit(batch).await
        })
    }

    fn delete(&self, workflow: WorkflowId) -> BoxFuture<Result<()>> {
        self.memory.delete(workflow)
    }

    fn kv(&self, key: &str) -> BoxFuture<Result<Option<Json>>> {
        self.memory.kv(key)
    }

    fn oplog(&self) -> BoxFuture<Result<Vec<OplogRecord>>> {
        self.memory.oplog()
    }

    fn assets(&self) -> BoxFuture<Result<AssetRows>> {
        self.memory.assets()
    }

    fn asset(&self, wanted: Wanted) -> BoxFuture<Result<Option<Asset>>> {
        self.memory.asset(wanted)
    }

    fn assets_of(&self, hashes: BTreeSet<String>) -> BoxFuture<Result<Vec<Asset>>> {
        self.memory.assets_of(hashes)
    }

    fn add_asset(&self, asset: Asset) -> BoxFuture<Result<Asset>> {
        self.memory.add_asset(asset)
    }

    fn change_asset(&self, asset: Asset) -> BoxFuture<Result<bool>> {
        self.memory.change_asset(asset)
    }

    fn remove_assets(&self, ids: BTreeSet<AssetId>) -> BoxFuture<Result<Vec<Asset>>> {
        self.memory.remove_assets(ids)
    }

    fn uses(&self) -> BoxFuture<Result<Vec<AssetUse>>> {
        self.memory.uses()
    }

    fn newer(&self) -> Option<u32> {
        self.memory.newer()
    }

    fn recreate(&self) -> BoxFuture<Result<()>> {
        self.is_deleted.store(false, Ordering::Relaxed);
        self.memory.recreate()
    }

    fn close(&self) -> BoxFuture<()> {
        self.memory.close()
    }
}
