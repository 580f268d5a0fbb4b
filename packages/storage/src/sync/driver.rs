//! Does what an engine wants: reads and writes the database, calls the server, and lets time pass.
//!
//! One task has the engine. Everything that happens comes to it through one channel, so it hears one thing after the other;
//! reading, calls and the watch run beside it and say what came of them. Commits go to the writer in the order in which the engine
//! wanted them.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::future::{AbortHandle, abortable};
use tokio::sync::{Notify, mpsc, watch};
use tracing::{Instrument as _, debug, debug_span, info, warn};

use super::{
    Config, Effect, Event, State, Status, Stored, StoredWorkflow, SyncEngine, kept_key,
    mailbox::{Mailbox, next},
    progress_key,
    transport::Transport,
    watch as news,
};
use crate::{
    BoxFuture, MaybeSend, MaybeSync, Result,
    backend::{Backend, OplogRecord},
    model::{EntityKey, Row, Stamp, WorkflowId},
    platform::{monotonic_millis, random_bits, sleep, spawn},
    writer::Writer,
};

/// What only one tab does.
const NAME: &str = "sync";
/// Between attempts to read a database that doesn't answer.
const PAUSE: Duration = Duration::from_secs(2);

/// Makes stamps that nothing else has.
pub trait Stamps: Fn() -> Stamp + MaybeSend + MaybeSync + 'static {}
impl<T: Fn() -> Stamp + MaybeSend + MaybeSync + 'static> Stamps for T {}

/// What a driver works on.
#[derive(Clone)]
pub struct Desk {
    /// What is stored.
    pub backend: Arc<dyn Backend>,
    /// What stores.
    pub writer: Writer,
    /// What says when.
    pub stamps: Arc<dyn Stamps>,
    /// The way to the server.
    pub transport: Arc<dyn Transport>,
}

/// A running engine. Clones share it; it ends with the last of them, or with [`Driver::stop`].
#[derive(Clone)]
pub struct Driver(Arc<Inner>);

/// A driver that may have ended.
pub(crate) struct WeakDriver(Weak<Inner>);

impl WeakDriver {
    pub fn upgrade(&self) -> Option<Driver> {
        self.0.upgrade().map(Driver)
    }
}

struct Inner {
    events: mpsc::UnboundedSender<Heard>,
    status: watch::Receiver<Status>,
    /// How many records were told that the engine hasn't heard of yet.
    unheard: Arc<AtomicUsize>,
    woken: Arc<Notify>,
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("status", &*self.0.status.borrow()).finish_non_exhaustive()
    }
}

/// What comes through the channel.
#[derive(Debug)]
enum Heard {
    Event(Event),
    /// Another tab may have added to the oplog.
    Recorded,
    /// The oplog was read.
    Read(Vec<OplogRecord>),
    Stop,
}

/// The task's own.
struct Task {
    desk: Desk,
    engine: SyncEngine,
    mailbox: Mailbox<Heard>,
    status: watch::Sender<Status>,
    timer: Option<u64>,
    watch: Option<AbortHandle>,
    /// Told when the network may have come back.
    woken: Arc<Notify>,
    unheard: Arc<AtomicUsize>,
    reading: Reading,
}

/// Where the reading of what other tabs have recorded is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Idle,
    UnderWay,
    /// Under way, and to be repeated: something was recorded since it began.
    Again,
}

impl Driver {
    /// Starts an engine that is on. It does something once this tab leads.
    pub fn start(desk: Desk, config: Config) -> Self {
        let (events, heard) = mpsc::unbounded_channel();
        let (status, told) = watch::channel(Status::default());
        let mailbox = Mailbox::new(&events);
        let unheard: Arc<AtomicUsize> = Arc::default();
        let woken: Arc<Notify> = Arc::default();
        let task = Task {
            desk,
            engine: SyncEngine::new(config),
            mailbox: mailbox.clone(),
            status,
            timer: None,
            watch: None,
            woken: Arc::clone(&woken),
            unheard: Arc::clone(&unheard),
            reading: Reading::Idle,
        };
        let driver = Self(Arc::new(Inner { events, status: told, unheard, woken }));
        driver.hear(Event::Start);
        mailbox.run(NAME, Heard::Event(Event::Lead), task.run(heard));
        driver
    }

    /// Tells the engine what happened, or what the user wants.
    pub fn hear(&self, event: Event) {
        // After it was stopped nobody listens.
        let _is_stopped = self.0.events.send(Heard::Event(event));
    }

    /// Something was stored here with this record of it.
    pub fn recorded(&self, record: OplogRecord) {
        self.0.unheard.fetch_add(1, Ordering::Relaxed);
        let _is_stopped = self.0.events.send(Heard::Event(Event::Recorded(record)));
    }

    /// Something was stored in another tab, perhaps with a record of it.
    pub fn recorded_elsewhere(&self) {
        let _is_stopped = self.0.events.send(Heard::Recorded);
    }

    /// The machine or the page may have slept, or have its network back.
    pub fn woken(&self) {
        self.0.woken.notify_one();
        self.recorded_elsewhere();
    }

    /// Whether the server has everything that was stored here with a record, as far as that is known.
    pub fn has_sent_all(&self) -> bool {
        let status = self.0.status.borrow();
        self.0.unheard.load(Ordering::Relaxed) == 0 && status.state == State::UpToDate && status.pending == 0
    }

    /// How sync goes, from now on.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.0.status.clone()
    }

    /// Itself, without keeping it running.
    pub(crate) fn weak(&self) -> WeakDriver {
        WeakDriver(Arc::downgrade(&self.0))
    }

    /// Ends it. What waits stays in the oplog.
    pub fn stop(&self) {
        let _is_stopped = self.0.events.send(Heard::Stop);
    }
}

impl Task {
    async fn run(mut self, mut heard: mpsc::UnboundedReceiver<Heard>) {
        info!("sync has started");
        loop {
            let event = match next(&mut heard, self.timer, Heard::Event(Event::Timer)).await {
                Some(Heard::Event(event)) => event,
                Some(Heard::Recorded) => {
                    self.read_oplog();
                    continue;
                }
                Some(Heard::Read(records)) => {
                    self.read(records);
                    continue;
                }
                Some(Heard::Stop) | None => break,
            };
            if matches!(event, Event::Timer) {
                self.timer = None;
            }
            let is_record = matches!(event, Event::Recorded(_));
            for effect in self.engine.handle(monotonic_millis(), event) {
                self.act(effect);
            }
            if is_record {
                self.unheard.fetch_sub(1, Ordering::Relaxed);
                // Whoever asks whether all is sent asks again.
                self.status.send_modify(|_| {});
            }
        }
        for effect in self.engine.handle(monotonic_millis(), Event::Stop) {
            self.act(effect);
        }
        self.status.send_replace(self.engine.status());
        info!("sync has ended");
    }

    fn act(&mut self, effect: Effect) {
        let desk = self.desk.clone();
        match effect {
            Effect::Load => self.beside(async move { Event::Loaded(Box::new(patiently(&desk, load).await)) }),
            Effect::Read { request, workflow, keys } => self.beside(async move {
                let rows = patiently(&desk, |desk| {
                    let (backend, keys) = (Arc::clone(&desk.backend), keys.clone());
                    Box::pin(async move {
                        match keys {
                            Some(keys) => backend.rows(keys).await,
                            None => Ok(backend.load(workflow).await?.into_rows(workflow).collect()),
                        }
                    }) as BoxFuture<Result<Vec<(EntityKey, Row)>>>
                });
                Event::Read { request, rows: rows.await, stamp: (desk.stamps)() }
            }),
            Effect::Commit(batch) => desk.writer.enqueue(batch),
            Effect::Push { request, body } => {
                debug!(ops = body.ops.len(), "pushing");
                let pushing = async move { Event::Pushed { request, answer: desk.transport.push(body).await } };
                self.beside(pushing.instrument(debug_span!("push")));
            }
            Effect::Pull { request, body } => {
                debug!(cursor = body.cursor, "pulling");
                let pulling = async move { Event::Pulled { request, answer: desk.transport.pull(body).await } };
                self.beside(pulling.instrument(debug_span!("pull")));
            }
            Effect::Watch(on) => self.watch(on),
            // Whoever knows the user says that he has signed in.
            Effect::RenewToken => drop(self.mailbox.tell(Heard::Event(Event::SignedOut))),
            Effect::Timer(at) => self.timer = at,
            Effect::Tell => drop(self.status.send_replace(self.engine.status())),
        }
    }

    /// Does something beside the engine, which hears what comes of it.
    fn beside(&self, work: impl Future<Output = Event> + MaybeSend + 'static) {
        self.mailbox.beside(async move { Some(Heard::Event(work.await)) });
    }

    /// Has what is new on the server told, until it is called with false.
    fn watch(&mut self, on: bool) {
        if let Some(before) = self.watch.take() {
            before.abort();
        }
        if !on {
            return;
        }
        let mailbox = self.mailbox.clone();
        let tell = move |event| mailbox.tell(Heard::Event(event));
        let watching = news::run(Arc::clone(&self.desk.transport), Arc::clone(&self.woken), random_bits(), tell);
        let (watching, handle) = abortable(watching);
        self.watch = Some(handle);
        spawn(Box::pin(async move {
            let _ended_or_called_off = watching.await;
        }));
    }

    /// Has the engine hear of all records, of which it knows some. However many tabs record however much, one reading is under way.
    fn read_oplog(&mut self) {
        if self.reading != Reading::Idle {
            self.reading = Reading::Again;
            return;
        }
        self.reading = Reading::UnderWay;
        let backend = Arc::clone(&self.desk.backend);
        self.mailbox.beside(async move {
            let records = backend.oplog().await.unwrap_or_else(|error| {
                warn!(error = error.code(), "the oplog can't be read; it is read with the next change");
                Vec::new()
            });
            Some(Heard::Read(records))
        });
    }

    fn read(&mut self, records: Vec<OplogRecord>) {
        let again = self.reading == Reading::Again;
        self.reading = Reading::Idle;
        for record in records {
            for effect in self.engine.handle(monotonic_millis(), Event::Recorded(record)) {
                self.act(effect);
            }
        }
        if again {
            self.read_oplog();
        }
    }
}

/// Reads something, however often that takes to succeed.
async fn patiently<T>(desk: &Desk, read: impl Fn(&Desk) -> BoxFuture<Result<T>>) -> T {
    loop {
        match read(desk).await {
            Ok(read) => return read,
            Err(error) => warn!(error = error.code(), "what sync needs can't be read; it is tried again"),
        }
        sleep(PAUSE).await;
    }
}

fn load(desk: &Desk) -> BoxFuture<Result<Stored>> {
    let backend = Arc::clone(&desk.backend);
    Box::pin(async move {
        // The oplog last: what is recorded meanwhile is heard besides.
        let mut workflows: BTreeMap<WorkflowId, StoredWorkflow> = BTreeMap::new();
        for (id, _) in backend.workflows().await?.rows {
            let progress = backend.kv(&progress_key(id)).await?;
            let kept = backend.kv(&kept_key(id)).await?;
            workflows.insert(id, StoredWorkflow { id, progress, kept });
        }
        Ok(Stored { oplog: backend.oplog().await?, workflows: workflows.into_values().collect() })
    })
}
