//! The one thing that the interface holds: it opens everything and ties it together.

mod asset_news;
mod copies;
mod listeners;
#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "wasm32")]
mod web;

use std::{
    collections::BTreeSet,
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::mpsc;
use tracing::{info, warn};

#[cfg(not(target_arch = "wasm32"))]
use self::native as target;
#[cfg(target_arch = "wasm32")]
use self::web as target;

pub use self::copies::CopyError;
use self::{asset_news::AssetNews, listeners::Listeners};
use crate::{
    Error, MaybeSend, Result, SCHEMA_VERSION, SaveState,
    backend::{Backend, Batch, Committed, Loaded, Notice, Rows, memory::Memory},
    blobs::{self, Assets, Device, MemoryPlace, Place},
    model::{AssetId, Clock, EntityKey, Json, Registers, Row, Stamp, WorkflowId},
    parking::{self, Parked},
    platform::{random_bits, spawn, wall_clock},
    sync::{
        self, Driver,
        media::{MediaDesk, MediaDriver, Remote, remote_key},
        transport::{Transport, convex::Convex, media::MediaTransport},
    },
    tabs::{Changes, Channel, Hear, Message, Nobody, Presence},
    writer::{Hold, Writer},
};

/// Where everything lives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Location {
    /// In memory: nothing survives.
    Memory,
    /// On the desktop: a folder.
    #[cfg(not(target_arch = "wasm32"))]
    Folder(std::path::PathBuf),
    /// On the web: a database of this origin.
    #[cfg(target_arch = "wasm32")]
    Database(String),
}

/// What happens by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// These rows were stored, as they are now.
    Committed(Vec<(EntityKey, Row)>),
    /// The stored data was deleted while it was in use. What is in memory is all there is: [`Session::rewrite`] stores it anew.
    Deleted,
    /// Something happened to the connection.
    Connection(Notice),
    /// Another tab has stored these: whoever shows them reads them with [`Session::rows`] or [`Session::load`].
    Elsewhere(Changes),
    /// Of these workflows something was taken back that a server doesn't take, or rows were removed, here or in another tab: whoever
    /// holds them in memory reads them anew with [`Session::load`], since merging would keep what is gone.
    Undone(BTreeSet<WorkflowId>),
    /// Something else is known of these assets, here or in another tab: a row, a look, or an id. Whoever shows them looks again.
    Assets(BTreeSet<AssetId>),
    /// The page may have slept and missed what others stored.
    Woke,
    /// A workflow was opened or left in another tab or window.
    Presence,
    /// A build with this newer schema works on the data: nothing may be written any more (law 10).
    Newer(u32),
}

/// An open storage. Clones share it.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    backend: Arc<dyn Backend>,
    writer: Writer,
    listeners: Listeners,
    channel: Arc<dyn Channel>,
    presence: Presence,
    assets: Assets,
    clock: Arc<Mutex<Clock>>,
    parking: parking::Place,
    /// What this page has left or taken over. The newest that it left holds everything of the others that isn't stored.
    parked: Mutex<Vec<parking::Key>>,
    /// What it has left of something that was too much.
    part: Mutex<Option<parking::Key>>,
    /// Whether it was said that a newer build has written the data. So it was if that was found when it was opened.
    said_newer: AtomicBool,
    /// What syncs, while sync is on.
    sync: Arc<Mutex<Option<Driver>>>,
    /// What syncs originals, while sync is on.
    media: Arc<Mutex<Option<MediaDriver>>>,
    /// The deployment that they speak with, if it is one.
    deployment: Mutex<Option<Arc<Convex>>>,
}

impl Session {
    /// Opens what is at `location`, and stores what a page that went away has left behind.
    ///
    /// # Errors
    /// Everything that keeps the data from being read at all; then nothing was changed. [`Error::Unavailable`]: there is nothing to
    /// read from; [`Session::open_unstored`] works all the same.
    pub async fn open(location: Location) -> Result<(Self, mpsc::UnboundedReceiver<Event>)> {
        let (listeners, events) = Listeners::new();
        // Before anything is read, so that nothing is missed: what is heard meanwhile waits among the events.
        let channel = target::channel(&location, &listeners);
        let opened = target::open(location, listeners.clone()).await?;
        let session = Self::start(opened, parking::Place::of_this_platform(), listeners, channel).await?;
        session.0.assets.sweep_later();
        Ok((session, events))
    }

    /// A session without a database, for a window that is given none: everything works, and all of it is unsaved for `reason`.
    /// What can be parked is, and stored by the next session that has a database.
    ///
    /// # Errors
    /// None today.
    pub async fn open_unstored(reason: Error) -> Result<(Self, mpsc::UnboundedReceiver<Event>)> {
        let (listeners, events) = Listeners::new();
        let opened = Opened::unstored(reason);
        let session = Self::start(opened, parking::Place::of_this_platform(), listeners, Arc::new(Nobody)).await?;
        Ok((session, events))
    }

    /// A session on a database that is open already: for tests.
    ///
    /// # Errors
    /// The library can't be read.
    pub async fn on(backend: Arc<dyn Backend>) -> Result<(Self, mpsc::UnboundedReceiver<Event>)> {
        Self::on_channel(backend, |_| Arc::new(Nobody)).await
    }

    /// The same as one of several tabs: `connect` opens the channel to the others. What comes in it gives to the function.
    ///
    /// # Errors
    /// The library can't be read.
    pub async fn on_channel(
        backend: Arc<dyn Backend>,
        connect: impl FnOnce(Hear) -> Arc<dyn Channel>,
    ) -> Result<(Self, mpsc::UnboundedReceiver<Event>)> {
        let (listeners, events) = Listeners::new();
        let channel = connect(listeners.hear());
        let opened = Opened { backend, ..Opened::memory() };
        Ok((Self::start(opened, parking::Place::nowhere(), listeners, channel).await?, events))
    }

    /// The same with places for media: private files, if there are any, and the database's own.
    ///
    /// # Errors
    /// The library can't be read.
    pub async fn on_places(
        backend: Arc<dyn Backend>,
        own: Option<Arc<dyn Place>>,
        database: Arc<dyn Place>,
    ) -> Result<(Self, mpsc::UnboundedReceiver<Event>)> {
        let (listeners, events) = Listeners::new();
        let opened = Opened { backend, own, database, ..Opened::memory() };
        Ok((Self::start(opened, parking::Place::nowhere(), listeners, Arc::new(Nobody)).await?, events))
    }

    #[cfg_attr(
        target_arch = "wasm32",
        expect(clippy::arc_with_non_send_sync, reason = "shared between targets; the browser has one thread")
    )]
    async fn start(
        opened: Opened,
        parking: parking::Place,
        listeners: Listeners,
        channel: Arc<dyn Channel>,
    ) -> Result<Self> {
        let Opened { backend, own, database, device, notices } = opened;
        // No clock starts behind anything that was stored: what was parked is stored with stamps before anybody reads.
        let clock = Arc::new(Mutex::new(Clock::new(random_bits())));
        let workflows = backend.workflows().await?;
        info!(
            schema = SCHEMA_VERSION,
            workflows = workflows.rows.len(),
            unreadable = workflows.corrupt.len(),
            "opened"
        );
        observe_workflows(&clock, &workflows);
        let (seen, tell, others) = (Arc::clone(&clock), listeners.clone(), Arc::clone(&channel));
        let sync: Arc<Mutex<Option<Driver>>> = Arc::default();
        let media: Arc<Mutex<Option<MediaDriver>>> = Arc::default();
        let (recording, referring) = (Arc::clone(&sync), Arc::clone(&media));
        let listener = move |result: &Result<Committed>| match result {
            Ok(committed) => {
                // They may hold what another connection has written, and an edit of that must be later.
                observe(&seen, committed.rows.iter().map(|(_, row)| &row.registers));
                let undone: BTreeSet<_> =
                    committed.undone.iter().chain(&committed.removed).map(|key| key.workflow).collect();
                if !(committed.rows.is_empty() && undone.is_empty()) {
                    others.post(&Message::stored(&committed.rows).with_undone(undone.clone()));
                }
                tell.tell(&Event::Committed(committed.rows.clone()));
                if !undone.is_empty() {
                    tell.tell(&Event::Undone(undone));
                }
                if let (Some(driver), Some(record)) = (&*lock(&recording), &committed.record) {
                    driver.recorded(record.clone());
                }
                if let Some(driver) = &*lock(&referring) {
                    driver.stored(&committed.rows);
                }
            }
            Err(Error::Deleted) => tell.tell(&Event::Deleted),
            Err(Error::Newer { found, .. }) => tell.tell(&Event::Newer(*found)),
            Err(_) => {}
        };
        let writer = Writer::new(Arc::clone(&backend), listener);
        let stamps = Arc::clone(&clock);
        let stamp = move || lock(&stamps).tick(wall_clock());
        let news = AssetNews::new(listeners.clone(), Arc::clone(&channel));
        let changed = move |id| news.tell(id);
        let assets = Assets::new(Arc::clone(&backend), own, database, device, notices, stamp, changed);
        assets.recall().await;
        let (parked, part) = (Mutex::default(), Mutex::default());
        let presence = Presence::default();
        let said_newer = backend.newer().is_some().into();
        let session = Self(Arc::new(Inner {
            backend,
            writer,
            listeners,
            channel,
            presence,
            assets,
            clock,
            parking,
            parked,
            part,
            said_newer,
            sync,
            media,
            deployment: Mutex::default(),
        }));
        copies::follow(Arc::downgrade(&session.0), session.subscribe());
        session.take_over_parked();
        Ok(session)
    }

    /// Stores what pages have left behind. That is under way before anything is read, and stays parked until it is done.
    fn take_over_parked(&self) {
        // A newer build stores it.
        if self.newer().is_some() {
            return;
        }
        let (mut batch, mut keys) = (Batch::new(), Vec::new());
        for Parked { key, text } in self.0.parking.left() {
            match parking::from_text(&text) {
                Ok(left) => {
                    batch.absorb(left);
                    keys.push(key);
                }
                // Perhaps another build can.
                Err(_) => warn!("what was parked cannot be read; it stays"),
            }
        }
        if keys.is_empty() {
            return;
        }
        info!(changes = batch.len(), "merging what earlier pages left behind");
        if let Some(newest) = batch.newest() {
            lock(&self.0.clock).observe(newest);
        }
        self.write(batch);
        *lock(&self.0.parked) = keys;
        self.remove_parked_once_stored();
    }

    /// All workflows' rows, deleted ones too. Later stamps are larger than all that they hold.
    pub async fn workflows(&self) -> Result<Rows<WorkflowId>> {
        let workflows = self.0.backend.workflows().await;
        self.say_newer();
        let workflows = workflows?;
        observe_workflows(&self.0.clock, &workflows);
        Ok(workflows)
    }

    /// A workflow with everything that belongs to it. Later stamps are larger than all that it holds.
    pub async fn load(&self, workflow: WorkflowId) -> Result<Loaded> {
        // Asked before and after: what is committed in between may be in neither the queue nor what was read.
        let before = self.0.writer.uncommitted();
        let loaded = self.0.backend.load(workflow).await;
        self.say_newer();
        let mut loaded = loaded?;
        for batch in before.into_iter().chain(self.0.writer.uncommitted()) {
            loaded.merge(workflow, &batch);
        }
        let nodes = loaded.nodes.rows.iter().map(|(_, row)| &row.registers);
        let edges = loaded.edges.rows.iter().map(|(_, row)| &row.registers);
        self.observe(nodes.chain(edges).chain(loaded.workflow.as_ref().map(|row| &row.registers)));
        Ok(loaded)
    }

    /// These rows as they are stored. Later stamps are larger than all that they hold.
    pub async fn rows(&self, keys: BTreeSet<EntityKey>) -> Result<Vec<(EntityKey, Row)>> {
        let rows = self.0.backend.rows(keys).await;
        self.say_newer();
        let rows = rows?;
        self.observe(rows.iter().map(|(_, row)| &row.registers));
        Ok(rows)
    }

    /// Everything that happens from now on: for one more window.
    pub fn subscribe(&self) -> mpsc::UnboundedReceiver<Event> {
        self.0.listeners.subscribe()
    }

    /// Says which workflow a window shows, to all others. A window has a number of its owner's choice.
    pub async fn enter(&self, window: u64, workflow: Option<WorkflowId>) {
        self.0.presence.enter(window, workflow).await;
        self.0.channel.post(&Message::presence());
        self.0.listeners.tell(&Event::Presence);
    }

    /// Says that a window is gone: it shows nothing any more. The others hear of it soon.
    pub fn leave(&self, window: u64) {
        let this = self.clone();
        spawn(Box::pin(async move { this.enter(window, None).await }));
    }

    /// The workflows that other windows and tabs show.
    pub async fn elsewhere(&self, window: u64) -> BTreeSet<WorkflowId> {
        self.0.presence.elsewhere(window).await
    }

    /// One of the settings, also while it is on its way to the disk.
    pub async fn kv(&self, key: &str) -> Result<Option<Json>> {
        // Asked before and after, as in [`Session::load`].
        let before = self.0.writer.uncommitted();
        let stored = self.0.backend.kv(key).await?;
        let waiting = self.0.writer.uncommitted().into_iter().chain(before);
        let mut set = waiting.filter_map(|batch| batch.setting(key).map(Option::<&Json>::cloned));
        Ok(set.next().unwrap_or(stored))
    }

    /// Everything that isn't known to be stored. None: nothing.
    pub fn unsaved(&self) -> Option<Batch> {
        self.0.writer.uncommitted()
    }

    /// Images, videos and sounds.
    pub fn assets(&self) -> &Assets {
        &self.0.assets
    }

    /// The stamp of a change that happens now.
    pub fn stamp(&self) -> Stamp {
        lock(&self.0.clock).tick(wall_clock())
    }

    /// Takes note of stamps from elsewhere.
    pub fn observe<'a>(&self, all: impl Iterator<Item = &'a Registers>) {
        observe(&self.0.clock, all);
    }

    /// Stores changes, in the order of the calls. They are on their way when this returns.
    ///
    /// Of what a newer build has written nothing is changed ([`Session::newer`]): then changes are refused by
    /// [`SaveState::Failed`], and settings, which only say where somebody looked last, are let go.
    pub fn write(&self, batch: Batch) {
        if self.newer().is_some() && batch.rows().next().is_none() {
            return self.say_newer();
        }
        let mut batch = batch;
        if batch.rows().next().is_some() && lock(&self.0.sync).is_some() {
            batch.record_as(self.stamp());
        }
        self.0.writer.enqueue(batch);
    }

    /// Turns sync on: from now on changes are recorded for the server, what is stored is uploaded as far as the server lacks it,
    /// and what others change comes in as [`Event::Committed`]. Gives what tells how it goes.
    pub fn start_sync(&self, transport: Arc<dyn Transport>, config: sync::Config) -> Driver {
        let clock = Arc::clone(&self.0.clock);
        let stamps = move || lock(&clock).tick(wall_clock());
        let desk = sync::Desk {
            backend: Arc::clone(&self.0.backend),
            writer: self.0.writer.clone(),
            stamps: Arc::new(stamps),
            transport,
        };
        // Recording first: what is changed while the engine starts is heard by it.
        let mut sync = lock(&self.0.sync);
        let driver = Driver::start(desk, config);
        if let Some(before) = sync.replace(driver.clone()) {
            before.stop();
        }
        // What other tabs record is theirs to tell, and for the one who leads to send.
        let (mut events, heard) = (self.subscribe(), driver.weak());
        spawn(Box::pin(async move {
            while let Some(event) = events.recv().await {
                let Some(driver) = heard.upgrade() else { return };
                match event {
                    Event::Elsewhere(_) => driver.recorded_elsewhere(),
                    Event::Woke => driver.woken(),
                    _ => {}
                }
            }
        }));
        driver
    }

    /// Sends originals and fetches them, beside what [`Session::start_sync`] has started. `keep_all`: all of them are to be here, and
    /// not only those that somebody looks at.
    pub fn start_media_sync(&self, transport: Arc<dyn MediaTransport>, sync: &Driver, keep_all: bool) -> MediaDriver {
        let desk = MediaDesk { backend: Arc::clone(&self.0.backend), assets: self.0.assets.clone(), transport };
        let driver = MediaDriver::start(desk, random_bits(), keep_all, sync.status());
        if let Some(before) = lock(&self.0.media).replace(driver.clone()) {
            before.stop();
        }
        let (mut events, heard) = (self.subscribe(), driver.weak());
        spawn(Box::pin(async move {
            while let Some(event) = events.recv().await {
                let Some(driver) = heard() else { return };
                match event {
                    Event::Elsewhere(changes) => driver.stored_elsewhere(changes),
                    Event::Assets(ids) => driver.assets_changed(ids),
                    _ => {}
                }
            }
        }));
        driver
    }

    /// What syncs originals, while sync is on.
    pub fn media_sync(&self) -> Option<MediaDriver> {
        lock(&self.0.media).clone()
    }

    /// What is known of an original that isn't here, by the id that a node refers to it with.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn remote(&self, id: AssetId) -> Result<Option<Remote>> {
        Ok(self.kv(&remote_key(id)).await?.and_then(|stored| stored.read().ok()))
    }

    /// Keeps whether all originals are to be here.
    ///
    /// # Errors
    /// The settings can't be read.
    pub async fn keep_originals(&self, all: bool) -> Result<()> {
        let settings = sync::Settings { keep_originals: all, ..self.sync_settings().await? };
        let mut batch = Batch::new();
        batch.set(sync::SETTINGS, Json::new(&settings).ok());
        self.write(batch);
        if let Some(driver) = self.media_sync() {
            driver.hear(sync::media::Event::KeepAll(all));
        }
        Ok(())
    }

    /// What the user has said about sync.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn sync_settings(&self) -> Result<sync::Settings> {
        let stored = self.kv(sync::SETTINGS).await?;
        Ok(stored.and_then(|stored| stored.read().ok()).unwrap_or_default())
    }

    /// Keeps what the user says about sync, and turns it on or off. Gives what is kept, which has a name for the device: without one in
    /// `settings` the one that it has, or a new one the first time.
    ///
    /// # Errors
    /// The address is none, or what is kept can't be read; then nothing was changed.
    pub async fn set_sync(
        &self,
        settings: &sync::Settings,
    ) -> std::result::Result<sync::Settings, sync::SettingsError> {
        let mut settings = settings.clone();
        if settings.device.is_empty() {
            settings.device = self.sync_settings().await?.device;
        }
        if settings.device.is_empty() {
            settings.device = self.stamp().to_string();
        }
        let transport = if settings.on { Some(sync::connect(&settings)?) } else { None };
        let mut batch = Batch::new();
        batch.set(sync::SETTINGS, Json::new(&settings).ok());
        self.write(batch);
        match transport {
            Some(transport) => self.start_both(transport, &settings),
            None => self.stop_sync(),
        }
        Ok(settings)
    }

    fn start_both(&self, transport: Arc<Convex>, settings: &sync::Settings) {
        let config = sync::Config::new(&settings.device, random_bits());
        let driver = self.start_sync(Arc::clone(&transport) as Arc<dyn Transport>, config);
        *lock(&self.0.deployment) = Some(Arc::clone(&transport));
        self.start_media_sync(transport, &driver, settings.keep_originals);
    }

    /// Goes on syncing if the user has turned it on, unless that is under way.
    ///
    /// # Errors
    /// The settings can't be read.
    pub async fn resume_sync(&self) -> Result<()> {
        let settings = self.sync_settings().await?;
        if settings.on && self.newer().is_none() && self.sync().is_none() {
            match sync::connect(&settings) {
                Ok(transport) => self.start_both(transport, &settings),
                Err(error) => warn!(%error, "sync is on, and has no address"),
            }
        }
        Ok(())
    }

    /// What syncs, while sync is on.
    pub fn sync(&self) -> Option<Driver> {
        lock(&self.0.sync).clone()
    }

    /// Turns sync off. What the server hasn't been sent stays in the oplog.
    pub fn stop_sync(&self) {
        if let Some(driver) = lock(&self.0.sync).take() {
            driver.stop();
        }
        if let Some(driver) = lock(&self.0.media).take() {
            driver.stop();
        }
        lock(&self.0.deployment).take();
    }

    /// The deployment that sync speaks with, while it is on.
    pub fn deployment(&self) -> Option<Arc<Convex>> {
        lock(&self.0.deployment).clone()
    }

    /// Says once that a newer build has written the data meanwhile: whoever reads may be the first to see it.
    fn say_newer(&self) {
        if let Some(found) = self.newer()
            && !self.0.said_newer.swap(true, Ordering::Relaxed)
        {
            self.0.listeners.tell(&Event::Newer(found));
        }
    }

    /// The larger schema of a newer build that has written the data, if one has: it can be looked at and not be changed.
    pub fn newer(&self) -> Option<u32> {
        self.0.backend.newer()
    }

    /// Resolves when everything that was written before this call is on the disk.
    pub fn flush(&self) -> impl Future<Output = ()> + MaybeSend + use<> {
        self.0.writer.flush()
    }

    /// Has edits gather until the result is dropped: for a movement that makes many and of which the last counts. They are
    /// unsaved meanwhile and said to be, and are parked and flushed like any.
    pub fn hold(&self) -> Hold {
        self.0.writer.hold()
    }

    /// How saving goes.
    pub fn state(&self) -> SaveState {
        self.0.writer.state()
    }

    /// Resolves when the state is no longer `seen`, with what it is then.
    pub fn changed_from(&self, seen: SaveState) -> impl Future<Output = SaveState> + MaybeSend + use<> {
        self.0.writer.changed_from(seen)
    }

    /// Tries again now what could not be stored.
    pub fn retry(&self) {
        self.0.writer.retry();
    }

    /// After [`Event::Deleted`]: makes the database again and stores `memory`, which is everything that is known.
    ///
    /// # Errors
    /// The database can't be made. What waits is kept.
    pub async fn rewrite(&self, memory: Batch) -> Result<()> {
        self.0.backend.recreate().await?;
        self.0.writer.enqueue(memory);
        self.0.writer.retry();
        Ok(())
    }

    /// Leaves behind what isn't stored yet, at once: the page is going away, or may. If that is too much, what was changed
    /// last, so that an edit does not go with the import that it waits for. Of use in a browser; a native process ends when
    /// its work is done.
    ///
    /// # Errors
    /// It is too much, or there is no room for it; then the user should be asked to wait.
    pub fn park(&self) -> Result<(), parking::ParkError> {
        let Some(batch) = self.0.writer.uncommitted() else {
            self.remove_parked();
            return Ok(());
        };
        match self.0.parking.leave(parking::to_text(&batch)) {
            Ok(key) => {
                self.remove_parked();
                lock(&self.0.parked).push(key);
                self.remove_parked_once_stored();
                Ok(())
            }
            Err(parking::ParkError::TooMuch(bytes)) => {
                self.park_part(&batch)?;
                Err(parking::ParkError::TooMuch(bytes))
            }
            Err(error) => Err(error),
        }
    }

    /// Leaves as much of the batch as there is room for. What was left before stays: it may hold what this leaves out.
    fn park_part(&self, batch: &Batch) -> Result<(), parking::ParkError> {
        let newest = parking::newest(batch);
        if newest.is_empty() {
            return Ok(());
        }
        let key = self.0.parking.leave(parking::to_text(&newest))?;
        if let Some(old) = lock(&self.0.part).replace(key) {
            self.0.parking.remove(&old);
        }
        self.remove_parked_once_stored();
        Ok(())
    }

    fn remove_parked(&self) {
        let part = lock(&self.0.part).take();
        for key in lock(&self.0.parked).drain(..).chain(part) {
            self.0.parking.remove(&key);
        }
    }

    /// Removes what is parked now when everything that was written before this call is on the disk.
    fn remove_parked_once_stored(&self) {
        let keys: Vec<_> = lock(&self.0.parked).iter().cloned().chain(lock(&self.0.part).clone()).collect();
        if keys.is_empty() {
            return;
        }
        let (stored, parking) = (self.flush(), self.0.parking.clone());
        spawn(Box::pin(async move {
            stored.await;
            for key in &keys {
                parking.remove(key);
            }
        }));
    }

    /// Ends the connection once everything under way has finished. What is written or read after that opens it again, so
    /// [`Session::flush`] comes first.
    pub async fn close(&self) {
        self.0.backend.close().await;
    }
}

/// Brings the clock to the newest of the stamps.
fn observe<'a>(clock: &Mutex<Clock>, all: impl Iterator<Item = &'a Registers>) {
    if let Some(newest) = all.filter_map(Registers::newest).max() {
        lock(clock).observe(newest);
    }
}

/// Brings the clock to the newest stamp in any of the workflows: the row of each has the time of its newest change.
fn observe_workflows(clock: &Mutex<Clock>, workflows: &Rows<WorkflowId>) {
    observe(clock, workflows.rows.iter().map(|(_, row)| &row.registers));
    let changed = workflows.rows.iter().filter_map(|(_, row)| Some(row.counts?.updated_at));
    if let Some(newest) = changed.max() {
        lock(clock).observe_millis(newest);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while one is held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a platform has opened.
struct Opened {
    backend: Arc<dyn Backend>,
    /// The private folder, where there is one.
    own: Option<Arc<dyn Place>>,
    /// The database's own place for bytes.
    database: Arc<dyn Place>,
    /// What media need beyond their places.
    device: Device,
    /// What the platform can't do.
    notices: Vec<blobs::Notice>,
}

impl Opened {
    /// What forgets everything.
    fn memory() -> Self {
        let database = Arc::new(MemoryPlace::default());
        Self { backend: Arc::new(Memory::new()), own: None, database, device: Device::default(), notices: Vec::new() }
    }

    /// What lives in this window alone, since there is no database. It is said to be stored at no time.
    fn unstored(reason: Error) -> Self {
        let notices = vec![blobs::Notice::NoDatabase];
        Self { backend: Arc::new(Memory::refusing(reason)), notices, ..Self::memory() }
    }
}
