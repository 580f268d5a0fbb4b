//! Does what an engine of originals wants: looks into the database, calls the server, and lets time pass.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::sync::{mpsc, watch};
use tracing::{debug, info, warn};

use super::{Changed, Effect, Event, MediaEngine, MediaStatus, Referred, Remote, references, remote_key};
use crate::{
    Error, Result,
    backend::{Backend, Batch},
    blobs::{Assets, Look, Ticket},
    model::{AssetId, EntityKey, Json, Part, Row, WorkflowId},
    platform::{monotonic_millis, sleep, spawn},
    sync::{
        event::Failure,
        mailbox::{Mailbox, next},
        status::{State, Status},
        transport::media::{Found, MediaTransport},
        wire::Role,
    },
    tabs::Changes,
};

/// What only one tab does.
const NAME: &str = "media";
/// How many rows are read at once.
const ROWS: usize = 500;
/// How long at least between two figures of an upload.
const BEAT: Duration = Duration::from_millis(250);

/// What a driver works on.
#[derive(Clone)]
pub struct MediaDesk {
    /// What is stored.
    pub backend: Arc<dyn Backend>,
    /// The originals of this device.
    pub assets: Assets,
    /// The way to the server.
    pub transport: Arc<dyn MediaTransport>,
}

/// A running engine. Clones share it; it ends with the last of them.
#[derive(Clone)]
pub struct MediaDriver(Arc<Inner>);

struct Inner {
    events: mpsc::UnboundedSender<Heard>,
    status: watch::Receiver<MediaStatus>,
}

impl fmt::Debug for MediaDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaDriver").field("status", &*self.0.status.borrow()).finish_non_exhaustive()
    }
}

#[derive(Debug)]
enum Heard {
    Event(Event),
    /// These rows were stored here.
    Rows(Vec<(EntityKey, Row)>),
    /// Another tab has stored these.
    Elsewhere(Changes),
    /// Something else is known of these.
    Assets(BTreeSet<AssetId>),
    Stop,
}

struct Task {
    desk: MediaDesk,
    engine: MediaEngine,
    mailbox: Mailbox<Heard>,
    status: watch::Sender<MediaStatus>,
    timer: Option<u64>,
    listed: BTreeMap<WorkflowId, Role>,
}

impl MediaDriver {
    /// Starts an engine. It sends once this tab leads; what the user wants to see it fetches in any case. `sync` tells which workflows
    /// are synced.
    pub fn start(desk: MediaDesk, seed: u64, keep_all: bool, sync: watch::Receiver<Status>) -> Self {
        let (events, heard) = mpsc::unbounded_channel();
        let (status, told) = watch::channel(MediaStatus::default());
        let mailbox = Mailbox::new(&events);
        let task = Task {
            desk,
            engine: MediaEngine::new(seed),
            mailbox: mailbox.clone(),
            status,
            timer: None,
            listed: BTreeMap::new(),
        };
        let driver = Self(Arc::new(Inner { events, status: told }));
        driver.hear(Event::KeepAll(keep_all));
        mailbox.run(NAME, Heard::Event(Event::Lead), task.run(heard));
        driver.follow(sync);
        driver
    }

    /// Tells the engine what happened, or what the user wants.
    pub fn hear(&self, event: Event) {
        let _is_stopped = self.0.events.send(Heard::Event(event));
    }

    /// These rows were stored.
    pub(crate) fn stored(&self, rows: &[(EntityKey, Row)]) {
        let refers =
            |(key, row): &&(EntityKey, Row)| matches!(key.part, Part::Node(_)) && !row.registers.assets().is_empty();
        let rows: Vec<_> = rows.iter().filter(refers).cloned().collect();
        if !rows.is_empty() {
            let _is_stopped = self.0.events.send(Heard::Rows(rows));
        }
    }

    /// Another tab has stored something.
    pub(crate) fn stored_elsewhere(&self, changes: Changes) {
        let _is_stopped = self.0.events.send(Heard::Elsewhere(changes));
    }

    /// Something else is known of these, here or in another tab.
    pub(crate) fn assets_changed(&self, ids: BTreeSet<AssetId>) {
        let _is_stopped = self.0.events.send(Heard::Assets(ids));
    }

    /// Itself, without keeping it running.
    pub(crate) fn weak(&self) -> impl Fn() -> Option<Self> + use<> {
        let weak = Arc::downgrade(&self.0);
        move || weak.upgrade().map(Self)
    }

    /// How it goes, from now on.
    pub fn status(&self) -> watch::Receiver<MediaStatus> {
        self.0.status.clone()
    }

    /// Ends it. What is under way ends by itself.
    pub fn stop(&self) {
        let _is_stopped = self.0.events.send(Heard::Stop);
    }

    /// Hears which workflows are synced, and when there is a network again.
    fn follow(&self, mut sync: watch::Receiver<Status>) {
        let events: Weak<Inner> = Arc::downgrade(&self.0);
        spawn(Box::pin(async move {
            let (mut before, mut was_reached) = (None, true);
            loop {
                let (listed, is_reached) = {
                    let status = sync.borrow_and_update();
                    let listed: BTreeMap<_, _> = status
                        .workflows
                        .iter()
                        .filter(|(_, one)| one.included && one.problem.is_none())
                        .filter_map(|(id, one)| Some((*id, one.role?)))
                        .collect();
                    (listed, !matches!(status.state, State::Offline | State::SignedOut))
                };
                let Some(inner) = events.upgrade() else { return };
                let tell = |event| drop(inner.events.send(Heard::Event(event)));
                if before.as_ref() != Some(&listed) {
                    before = Some(listed.clone());
                    tell(Event::Listed(listed));
                }
                if is_reached && !was_reached {
                    tell(Event::Retry);
                }
                was_reached = is_reached;
                drop(inner);
                if sync.changed().await.is_err() {
                    return;
                }
            }
        }));
    }
}

impl Task {
    async fn run(mut self, mut heard: mpsc::UnboundedReceiver<Heard>) {
        loop {
            let event = match next(&mut heard, self.timer, Heard::Event(Event::Timer)).await {
                Some(Heard::Event(event)) => event,
                Some(Heard::Rows(rows)) => {
                    let desk = self.desk.clone();
                    self.beside(async move { Some(Event::Referred(desk.referred(&rows).await)) });
                    continue;
                }
                Some(Heard::Elsewhere(changes)) => {
                    self.elsewhere(changes);
                    continue;
                }
                Some(Heard::Assets(ids)) if self.engine.lacks_any() => {
                    let desk = self.desk.clone();
                    self.beside(async move { Some(Event::Changed(desk.changed(ids).await)) });
                    continue;
                }
                // Nothing that is looked for can be among them: an import of thousands costs nothing here.
                Some(Heard::Assets(ids)) => {
                    Event::Changed(ids.into_iter().map(|id| Changed { id, kept: None }).collect())
                }
                Some(Heard::Stop) | None => break,
            };
            match &event {
                Event::Timer => self.timer = None,
                Event::Listed(listed) => {
                    let new = listed.keys().filter(|id| !self.listed.contains_key(*id)).copied().collect();
                    self.listed.clone_from(listed);
                    self.gather(new);
                }
                _ => {}
            }
            for effect in self.engine.handle(monotonic_millis(), event) {
                self.act(effect);
            }
        }
        self.status.send_replace(MediaStatus::default());
    }

    fn act(&mut self, effect: Effect) {
        let desk = self.desk.clone();
        match effect {
            Effect::Ask { request, workflow, hashes } => {
                debug!(contents = hashes.len(), "asking which originals the server has");
                self.beside(async move {
                    Some(Event::Answered { request, answer: desk.transport.find(workflow, hashes).await })
                });
            }
            Effect::Upload { hash, kept } => {
                let ticket = Ticket::default();
                self.count(hash.clone(), ticket.progress());
                self.beside(async move { Some(Event::Uploaded { answer: desk.upload(kept, ticket).await, hash }) });
            }
            Effect::Fetch { found, id } => self.beside(async move {
                Some(Event::Fetched { hash: found.remote.hash.clone(), answer: desk.fetch(found, id).await })
            }),
            Effect::Remember { ids, remote } => self.beside(async move {
                desk.remember(&ids, &remote).await;
                Some(Event::Learned)
            }),
            Effect::Alias { id, kept } => self.beside(async move {
                if let Err(error) = desk.assets.alias(id, kept).await {
                    warn!(error = error.code(), "that two ids are of one content can't be stored");
                }
                Some(Event::Learned)
            }),
            Effect::Timer(at) => self.timer = at,
            Effect::Tell => drop(self.status.send_replace(self.engine.status())),
        }
    }

    /// Does something beside the engine, which hears what comes of it.
    fn beside(&self, work: impl Future<Output = Option<Event>> + crate::MaybeSend + 'static) {
        self.mailbox.beside(async move { work.await.map(Heard::Event) });
    }

    /// Has the engine hear how much of an upload has gone, until that ends.
    fn count(&self, hash: String, mut progress: watch::Receiver<u64>) {
        let mailbox = self.mailbox.clone();
        spawn(Box::pin(async move {
            while progress.changed().await.is_ok() {
                let bytes = *progress.borrow_and_update();
                if !mailbox.tell(Heard::Event(Event::Sending { hash: hash.clone(), bytes })) {
                    return;
                }
                sleep(BEAT).await;
            }
        }));
    }

    /// Finds out to which contents what another tab has stored refers.
    fn elsewhere(&self, Changes { rows, ranges }: Changes) {
        let keys = rows.iter().map(|row| row.key).filter(|key| matches!(key.part, Part::Node(_)));
        let keys: BTreeSet<_> = keys.filter(|key| self.listed.contains_key(&key.workflow)).collect();
        if !keys.is_empty() {
            let desk = self.desk.clone();
            self.beside(async move {
                let rows = desk.backend.rows(keys).await.unwrap_or_default();
                Some(Event::Referred(desk.referred(&rows).await))
            });
        }
        self.gather(ranges.into_iter().filter(|workflow| self.listed.contains_key(workflow)).collect());
    }

    /// Finds out to which contents these workflows refer.
    fn gather(&self, workflows: Vec<WorkflowId>) {
        for workflow in workflows {
            let desk = self.desk.clone();
            self.beside(async move {
                match desk.gather(workflow).await {
                    Ok(referred) => Some(Event::Referred(referred)),
                    Err(error) => {
                        warn!(error = error.code(), "which originals a workflow has can't be read");
                        None
                    }
                }
            });
        }
    }
}

impl MediaDesk {
    /// The contents to which a workflow refers.
    async fn gather(&self, workflow: WorkflowId) -> Result<Vec<Referred>> {
        let uses = self.assets.uses_in(workflow).await?;
        let nodes: BTreeSet<_> = uses.into_iter().map(|one| EntityKey::node(workflow, one.node)).collect();
        let nodes: Vec<_> = nodes.into_iter().collect();
        let mut referred = Vec::new();
        for some in nodes.chunks(ROWS) {
            let rows = self.backend.rows(some.iter().copied().collect()).await?;
            referred.extend(self.referred(&rows).await);
        }
        Ok(referred)
    }

    /// The contents to which these rows refer.
    async fn referred(&self, rows: &[(EntityKey, Row)]) -> Vec<Referred> {
        let mut referred = Vec::new();
        for (key, row) in rows {
            for one in references(&row.registers) {
                // What can't be read now is looked for again with the next start.
                let kept = self.assets.known_as(&one.hash).await.unwrap_or_default();
                let remembered = self.backend.kv(&remote_key(one.id)).await.unwrap_or_default();
                referred.push(Referred {
                    workflow: key.workflow,
                    id: one.id,
                    hash: one.hash,
                    bytes: kept.as_ref().map_or(one.bytes, |asset| asset.bytes),
                    kept: kept.map(|asset| asset.id),
                    is_remembered: remembered.is_some(),
                });
            }
        }
        referred
    }

    /// What is kept of these.
    async fn changed(&self, ids: BTreeSet<AssetId>) -> Vec<Changed> {
        // What can't be read now is looked for again with the next start.
        let rows = self.assets.rows(&ids).await.unwrap_or_default();
        let kept = |id| rows.get(id).map(|asset| (asset.hash.clone(), asset.id));
        ids.iter().map(|id| Changed { id: *id, kept: kept(id) }).collect()
    }

    async fn upload(&self, kept: AssetId, ticket: Ticket) -> Result<(), Failure> {
        let gone = |error: Error| Failure::Refused(format!("the original can't be read here: {error}"));
        let Some(asset) = self.assets.asset(kept).await.map_err(gone)? else {
            return Err(Failure::Refused("the original isn't on this device any more".into()));
        };
        let source = self.assets.open(kept).await.map_err(gone)?;
        let sent = self.transport.upload(Remote::of(&asset), source, ticket).await;
        match &sent {
            Ok(()) => info!(asset = %kept, bytes = asset.bytes, "the server has an original"),
            Err(failure) => warn!(asset = %kept, %failure, "an original was not sent"),
        }
        sent
    }

    async fn fetch(&self, found: Found, id: AssetId) -> Result<AssetId, Failure> {
        let remote = found.remote.clone();
        let source = self.transport.download(found).await?;
        let put = self.assets.put_as(id, &remote.hash, source, remote.name, Ticket::default()).await;
        let asset = match put {
            Ok(asset) => asset,
            Err(Error::Io { reason, .. }) => return Err(Failure::Network(reason)),
            Err(Error::Refused { name, message }) if name == "WrongContent" => return Err(Failure::Refused(message)),
            Err(error) => return Err(Failure::Refused(error.to_string())),
        };
        let Remote { width, height, duration, thumbnail, .. } = remote;
        if asset.thumbnail.is_none() && thumbnail.is_some() {
            // What only another device's player could find out.
            let looked = self.assets.set_look(asset.id, Look { width, height, duration, thumbnail }).await;
            if let Err(error) = looked {
                warn!(error = error.code(), "how an original looks can't be stored");
            }
        }
        Ok(asset.id)
    }

    async fn remember(&self, ids: &[AssetId], remote: &Remote) {
        let mut batch = Batch::new();
        for id in ids {
            batch.set(&remote_key(*id), Json::new(remote).ok());
        }
        if let Err(error) = self.backend.commit(Arc::new(batch)).await {
            warn!(error = error.code(), "how an original looks can't be stored");
        }
        for id in ids {
            self.assets.changed(*id);
        }
    }
}
