//! Sessions that sync with a server in memory.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{
    BoxFuture, Event as Told, Session,
    backend::{Backend, Batch, fault::FaultBackend, memory::Memory},
    model::{EntityKey, Json, NodeId, RegisterName, Registers, WorkflowId},
    sync::{
        Config, Driver, Failure, Settings, State,
        transport::{
            Transport,
            memory::{MemoryTransport, Server},
        },
        wire::{ApplyOps, Changes, ChangesSince, Head, OpsApplied},
    },
};

/// A way to the server that can be cut.
#[derive(Clone)]
struct Line {
    inner: MemoryTransport,
    is_up: Arc<Mutex<bool>>,
}

impl Line {
    fn set(&self, up: bool) {
        *self.is_up.lock().unwrap_or_else(PoisonError::into_inner) = up;
    }

    fn through<T: Send + 'static>(&self, call: BoxFuture<Result<T, Failure>>) -> BoxFuture<Result<T, Failure>> {
        let is_up = *self.is_up.lock().unwrap_or_else(PoisonError::into_inner);
        Box::pin(async move { if is_up { call.await } else { Err(Failure::Network("cut".into())) } })
    }
}

impl Transport for Line {
    fn push(&self, body: ApplyOps) -> BoxFuture<Result<OpsApplied, Failure>> {
        self.through(self.inner.push(body))
    }

    fn pull(&self, body: ChangesSince) -> BoxFuture<Result<Changes, Failure>> {
        self.through(self.inner.pull(body))
    }

    fn heads(&self) -> BoxFuture<Result<Vec<Head>, Failure>> {
        self.through(self.inner.heads())
    }
}

/// A device of a user's.
struct Device {
    backend: Memory,
    session: Session,
    line: Line,
    driver: Option<Driver>,
}

impl Device {
    async fn new(server: &Arc<Mutex<Server>>) -> Self {
        Self::on(Memory::new(), server).await
    }

    async fn on(backend: Memory, server: &Arc<Mutex<Server>>) -> Self {
        Self::over(backend.clone(), Arc::new(backend), server).await
    }

    /// With a session that sees the database through another one.
    async fn over(backend: Memory, seen: Arc<dyn Backend>, server: &Arc<Mutex<Server>>) -> Self {
        let (session, _events) = Session::on(seen).await.unwrap();
        let line = Line { inner: MemoryTransport::new(Arc::clone(server), "ada"), is_up: Arc::new(Mutex::new(true)) };
        Self { backend, session, line, driver: None }
    }

    fn sync(&mut self, name: &str) {
        let config = Config::new(name, 7);
        self.driver = Some(self.session.start_sync(Arc::new(self.line.clone()), config));
    }

    fn set(&self, key: EntityKey, name: RegisterName, value: &str) {
        let mut batch = Batch::new();
        batch.merge(key, &Registers::new().with(name, self.session.stamp(), value));
        self.session.write(batch);
    }

    async fn value(&self, key: EntityKey, name: &RegisterName) -> Option<Json> {
        let rows = self.session.rows([key].into()).await.unwrap();
        rows.first().and_then(|(_, row)| row.registers.value(name).cloned())
    }

    /// Waits until the server has everything and nothing of it is missing here.
    async fn settle(&self) {
        self.session.flush().await;
        let mut status = self.driver.as_ref().unwrap().status();
        // More than the watch takes to look again.
        tokio::time::sleep(Duration::from_mins(1)).await;
        let settled = status.wait_for(|status| status.state == State::UpToDate && status.pending == 0);
        tokio::time::timeout(Duration::from_mins(10), settled).await.expect("it never came to rest").unwrap();
        self.session.flush().await;
    }
}

fn server() -> Arc<Mutex<Server>> {
    Arc::new(Mutex::new(Server::new(crate::platform::wall_clock())))
}

/// A workflow with a node.
fn keys(device: &Device) -> (EntityKey, EntityKey) {
    let workflow = WorkflowId::new(device.session.stamp());
    (EntityKey::workflow(workflow), EntityKey::node(workflow, NodeId::new(device.session.stamp())))
}

#[tokio::test(start_paused = true)]
async fn what_one_device_has_and_changes_comes_to_the_other_and_back() {
    let server = server();
    let (mut one, mut two) = (Device::new(&server).await, Device::new(&server).await);
    let (workflow, node) = keys(&one);
    // Before sync is on: it is uploaded.
    one.set(workflow, RegisterName::Name, "Dunes");
    one.set(node, RegisterName::Type, "prompt");
    one.session.flush().await;
    one.sync("one");
    one.settle().await;
    two.sync("two");
    two.settle().await;
    assert_eq!(two.value(workflow, &RegisterName::Name).await, Some("Dunes".into()));

    let mut told = two.session.subscribe();
    one.set(node, RegisterName::config("text"), "At dawn");
    one.settle().await;
    two.settle().await;
    assert_eq!(two.value(node, &RegisterName::config("text")).await, Some("At dawn".into()));
    let mut heard = Vec::new();
    while let Ok(event) = told.try_recv() {
        heard.push(event);
    }
    let tells = |event: &Told| matches!(event, Told::Committed(rows) if rows.iter().any(|(key, _)| *key == node));
    assert!(heard.iter().any(tells), "whoever shows it is told: {heard:?}");

    two.set(node, RegisterName::Title, "Mine");
    two.settle().await;
    one.settle().await;
    assert_eq!(one.value(node, &RegisterName::Title).await, Some("Mine".into()));
    for device in [&one, &two] {
        assert_eq!(device.backend.oplog().await.unwrap(), [], "what the server has is pruned");
    }
}

#[tokio::test(start_paused = true)]
async fn edits_without_a_connection_wait_and_go_when_there_is_one_also_after_a_restart() {
    let server = server();
    let mut one = Device::new(&server).await;
    let (workflow, node) = keys(&one);
    one.set(workflow, RegisterName::Name, "Dunes");
    one.sync("one");
    one.settle().await;

    one.line.set(false);
    one.set(node, RegisterName::Type, "prompt");
    one.session.flush().await;
    let mut status = one.driver.as_ref().unwrap().status();
    let offline = status.wait_for(|status| status.state == State::Offline && status.pending > 0);
    tokio::time::timeout(Duration::from_mins(10), offline).await.expect("it says so").unwrap();
    one.session.stop_sync();
    drop(one.driver.take());
    one.session.flush().await;

    // Another start on the same data.
    let mut again = Device::on(one.backend.clone(), &server).await;
    again.sync("one");
    again.settle().await;
    let stored = server.lock().unwrap();
    let there = stored.workflow(workflow.workflow).unwrap();
    assert!(there.entities().any(|(key, _)| key == node), "it arrived");
}

#[tokio::test(start_paused = true)]
async fn without_sync_nothing_is_recorded() {
    let one = Device::new(&server()).await;
    let (workflow, _) = keys(&one);
    one.set(workflow, RegisterName::Name, "Dunes");
    one.session.flush().await;
    assert_eq!(one.backend.oplog().await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn the_oplog_is_not_read_again_for_what_is_committed_here() {
    let (server, memory) = (server(), Memory::new());
    let watched = Arc::new(FaultBackend::new(memory.clone(), []));
    let mut one = Device::over(memory, watched.clone(), &server).await;
    let (workflow, node) = keys(&one);
    one.set(workflow, RegisterName::Name, "Dunes");
    one.sync("one");
    one.settle().await;
    let before = watched.oplogs();
    assert!(before > 0, "it is read at the start");
    for edit in 0..20 {
        one.set(node, RegisterName::Title, &edit.to_string());
        one.session.flush().await;
    }
    one.settle().await;
    assert_eq!(watched.oplogs(), before);
    let there = server.lock().unwrap().workflow(workflow.workflow).unwrap().entities().count();
    assert_eq!(there, 2, "all of it was sent");
    // What another tab records is only there.
    one.driver.as_ref().unwrap().recorded_elsewhere();
    one.settle().await;
    assert_eq!(watched.oplogs(), before + 1);
}

#[tokio::test]
async fn a_device_keeps_its_name_whatever_is_set() {
    let (session, _events) = Session::on(Arc::new(Memory::new())).await.unwrap();
    // Nobody listens there.
    let first = session.set_sync(&Settings { on: true, address: "http://127.0.0.1:1".into(), ..Settings::default() });
    let first = first.unwrap();
    assert!(!first.device.is_empty());
    let off = session.set_sync(&Settings { on: false, ..first.clone() }).unwrap();
    let elsewhere = session.set_sync(&Settings { on: true, address: "http://localhost:1".into(), ..off }).unwrap();
    session.keep_originals(true).await.unwrap();
    session.flush().await;
    let stored = session.sync_settings().await.unwrap();
    assert_eq!((&elsewhere.device, &stored.device), (&first.device, &first.device));
    assert!(stored.keep_originals && stored.on);
    session.stop_sync();
}
