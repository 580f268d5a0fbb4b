//! Sessions that sync with a server in memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{
    BoxFuture, CopyError, Event as Told, Session,
    backend::{Backend, Batch, Rows, fault::FaultBackend, memory::Memory},
    model::{Clock, EntityKey, Json, NodeId, RegisterName, Registers, Row, Stamp, WorkflowId},
    sync::{
        Config, Driver, Failure, Problem, Sending, Settings, State, Status,
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

/// What the wall clock said when it was a year ahead.
fn ahead() -> Stamp {
    Clock::new(9).tick(crate::platform::wall_clock() + 365 * 24 * 3_600_000)
}

/// Waits until a workflow has changes that the server doesn't take because of their time.
async fn refused(device: &Device, workflow: WorkflowId) {
    let is_ahead = |status: &Status| {
        let Some(one) = status.workflows.get(&workflow) else { return false };
        matches!(one.problem, Some(Problem::ClockAhead(hours)) if hours > 8_000)
            && one.waiting.iter().all(|op| matches!(op.state, Sending::Ahead(_)))
    };
    let mut status = device.driver.as_ref().unwrap().status();
    tokio::time::timeout(Duration::from_mins(10), status.wait_for(is_ahead)).await.expect("it is refused").unwrap();
}

fn text(device: &Device, node: EntityKey, text: &str) {
    device.set(node, RegisterName::config("text"), text);
}

#[tokio::test(start_paused = true)]
async fn what_a_clock_a_year_ahead_has_dated_comes_in_as_a_copy_and_the_clock_starts_again() {
    let (server, ahead) = (server(), ahead());
    let (mut one, mut two) = (Device::new(&server).await, Device::new(&server).await);
    let (workflow, node) = keys(&one);
    one.set(workflow, RegisterName::Name, "Dunes");
    one.set(node, RegisterName::Type, "prompt");
    text(&one, node, "At dawn");
    one.sync("one");
    one.settle().await;

    // The clock was ahead for a while, and is right again: what it has stamped stays.
    one.session.observe([&Registers::new().with(RegisterName::Title, ahead, "")].into_iter());
    text(&one, node, "At dusk");
    let private = WorkflowId::new(one.session.stamp());
    one.driver.as_ref().unwrap().hear(crate::sync::Event::Include(private, false));
    one.set(EntityKey::workflow(private), RegisterName::Name, "Private");
    one.session.flush().await;
    refused(&one, workflow.workflow).await;
    assert!(one.session.stamp() > ahead);

    let copies = one.session.bring_in_as_copies().await.unwrap();
    assert_eq!(copies.len(), 2);
    one.settle().await;
    two.sync("two");
    two.settle().await;
    // The original has what the server has, here as there; the copy has what waited.
    for device in [&one, &two] {
        assert_eq!(device.value(node, &RegisterName::config("text")).await, Some("At dawn".into()));
    }
    let names = |rows: Rows<WorkflowId>| {
        let name = |(id, row): (WorkflowId, Row)| Some((row.registers.value(&RegisterName::Name)?.read().ok()?, id));
        rows.rows.into_iter().filter_map(name).collect::<BTreeMap<String, _>>()
    };
    let (here, there) = (names(one.backend.workflows().await.unwrap()), names(two.backend.workflows().await.unwrap()));
    assert_eq!(here.keys().collect::<Vec<_>>(), ["Dunes", "Dunes (copy)", "Private (copy)"]);
    assert_eq!(there.keys().collect::<Vec<_>>(), ["Dunes", "Dunes (copy)"], "what is private stays so");
    let copy = two.session.load(here["Dunes (copy)"]).await.unwrap();
    let texts: Vec<_> =
        copy.nodes.rows.iter().map(|(_, row)| row.registers.value(&RegisterName::config("text"))).collect();
    assert_eq!(texts, [Some(&"At dusk".into())]);
    let status = one.driver.as_ref().unwrap().status().borrow().clone();
    assert!(status.workflows[&workflow.workflow].kept.is_empty(), "what the copy has is not listed as lost");

    // Edits are taken again, and a later start has the right time as well.
    let now = crate::platform::wall_clock();
    assert!(one.session.stamp().millis() <= now + 60_000, "the clock has started again");
    text(&one, node, "At noon");
    one.settle().await;
    two.settle().await;
    assert_eq!(two.value(node, &RegisterName::config("text")).await, Some("At noon".into()));
    let again = Device::on(one.backend.clone(), &server).await;
    assert!(again.session.stamp().millis() <= now + 60_000);
}

#[tokio::test(start_paused = true)]
async fn the_clock_stays_ahead_as_long_as_something_is_left_that_an_edit_would_lose_against() {
    let (server, ahead) = (server(), ahead());
    let mut one = Device::new(&server).await;
    let ((first, node), (second, other)) = (keys(&one), keys(&one));
    for (workflow, node) in [(first, node), (second, other)] {
        one.set(workflow, RegisterName::Name, "Dunes");
        one.set(node, RegisterName::Type, "prompt");
    }
    one.sync("one");
    one.settle().await;
    one.session.observe([&Registers::new().with(RegisterName::Title, ahead, "")].into_iter());
    text(&one, node, "A");
    text(&one, other, "B");
    refused(&one, first.workflow).await;
    refused(&one, second.workflow).await;
    let driver = one.driver.clone().unwrap();
    driver.hear(crate::sync::Event::SetAside(first.workflow));
    let is_through = |status: &Status| status.workflows[&first.workflow].problem.is_none();
    driver.status().wait_for(is_through).await.unwrap();
    one.session.flush().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(one.value(node, &RegisterName::config("text")).await, None);
    assert!(one.session.stamp() > ahead, "the other has it still");
    text(&one, other, "C");
    one.session.flush().await;
    assert_eq!(one.value(other, &RegisterName::config("text")).await, Some("C".into()), "no edit is lost");
    refused(&one, second.workflow).await;
    driver.hear(crate::sync::Event::SetAside(second.workflow));
    one.settle().await;
    assert!(one.session.stamp() < ahead, "nothing is left of it");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_brought_in_while_the_clock_is_wrong_or_sync_is_off() {
    let server = server();
    // As far as the device knows: the server's clock is the one that is right.
    server.lock().unwrap().now -= 48 * 3_600_000;
    let mut one = Device::new(&server).await;
    assert!(matches!(one.session.bring_in_as_copies().await, Err(CopyError::Off)));
    let (workflow, _) = keys(&one);
    one.set(workflow, RegisterName::Name, "Dunes");
    one.sync("one");
    let is_ahead = |status: &Status| {
        let one = status.workflows.get(&workflow.workflow);
        one.is_some_and(|one| matches!(one.problem, Some(Problem::ClockAhead(_))))
    };
    one.driver.as_ref().unwrap().status().wait_for(is_ahead).await.unwrap();
    assert!(one.session.clock_ahead().is_some_and(|ahead| ahead / 3_600_000 >= 47));
    assert!(matches!(one.session.bring_in_as_copies().await, Err(CopyError::StillAhead(_))));
    assert_eq!(one.backend.workflows().await.unwrap().rows.len(), 1);
}

#[tokio::test]
async fn a_device_keeps_its_name_whatever_is_set() {
    let memory = Arc::new(Memory::new());
    let (session, _events) = Session::on(memory.clone()).await.unwrap();
    // Nobody listens there.
    let first = Settings { on: true, address: "http://127.0.0.1:1".into(), ..Settings::default() };
    let first = session.set_sync(&first).await.unwrap();
    assert!(!first.device.is_empty());
    let off = session.set_sync(&Settings { on: false, ..first.clone() }).await.unwrap();
    let elsewhere = Settings { on: true, address: "http://localhost:1".into(), ..off };
    let elsewhere = session.set_sync(&elsewhere).await.unwrap();
    // Whoever says nothing of a name means the one that there is, also at once and after a start.
    let unnamed = Settings { device: String::new(), ..elsewhere.clone() };
    assert_eq!(session.set_sync(&unnamed).await.unwrap().device, first.device);
    session.keep_originals(true).await.unwrap();
    session.flush().await;
    let stored = session.sync_settings().await.unwrap();
    assert_eq!((&elsewhere.device, &stored.device), (&first.device, &first.device));
    assert!(stored.keep_originals && stored.on);
    session.stop_sync();
    let (again, _events) = Session::on(memory).await.unwrap();
    let bad = Settings { address: "nowhere".into(), ..unnamed.clone() };
    assert!(again.set_sync(&bad).await.is_err());
    assert_eq!(again.set_sync(&Settings { on: false, ..unnamed }).await.unwrap().device, first.device);
}
