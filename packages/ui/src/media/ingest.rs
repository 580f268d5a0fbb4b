//! Files come in: each is a card with progress until its bytes are complete, and a node from then on (law 8).
//!
//! What is on its way lives in this window's memory only. It is stored once its bytes are, and its hold on them lasts until
//! the node that refers to them is on the disk.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    pin::pin,
    rc::Rc,
};

use dioxus::{core::spawn_forever, prelude::WritableExt};
use engine::Picture;
use futures::future::{Either, select};
use storage::{
    Error,
    blobs::{Added, Notice, Source, Ticket},
    model::{Asset, NodeId, Point, WorkflowId},
};
use tokio::sync::Semaphore;
use tracing::warn;

use super::{Incoming, words};
use crate::{
    canvas::geometry::{BLOCK, Room, media_size},
    panels::storage::StorageDesk,
    platform,
    store::{Store, Topic},
    widgets::{ToastAction, Toaster},
};

/// So many files are read at once: more would only share the disk.
const AT_ONCE: usize = 4;
/// More columns than this leave the screen.
const COLUMNS: usize = 8;

/// A file on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    /// Names it.
    pub id: u64,
    /// Where it goes.
    pub workflow: WorkflowId,
    /// Where its node's top left corner will be.
    pub at: Point,
    /// How large its card may be.
    pub room: Room,
    /// The node whose content it replaces.
    pub into: Option<NodeId>,
    /// What the file is called.
    pub name: String,
    /// How large it is.
    pub bytes: u64,
    /// How far it is.
    pub stage: Stage,
}

/// How far a file is.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// Others are before it.
    Waiting,
    /// So many bytes are there.
    Coming(u64),
    /// Its bytes are there. It is being looked at.
    Looking,
    /// It can't come in.
    Failed(Failure),
}

/// Why a file can't come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// For people: what happened, and what to do.
    pub words: String,
    /// Whether there is no room.
    pub full: bool,
}

struct Entry {
    arrival: Arrival,
    source: Source,
    ticket: Ticket,
}

/// What brings files in. Clones share it.
#[derive(Clone)]
pub struct Ingest(Rc<Inner>);

struct Inner {
    store: Store,
    toaster: Toaster,
    /// A full disk leads to the storage panel.
    desk: StorageDesk,
    entries: RefCell<BTreeMap<u64, Entry>>,
    next: Cell<u64>,
    slots: Rc<Semaphore>,
    /// Which node the files are for that are being chosen.
    chosen_for: Cell<Option<NodeId>>,
    /// Whether the browser was asked to keep what is stored.
    asked: Cell<bool>,
    /// What was said that this device can't do.
    noticed: RefCell<BTreeSet<Notice>>,
    /// Whether it was said that room runs short.
    warned: Cell<bool>,
}

impl Ingest {
    /// Nothing is on its way.
    pub fn new(store: Store, toaster: Toaster, desk: StorageDesk) -> Self {
        Self(Rc::new(Inner {
            store,
            toaster,
            desk,
            entries: RefCell::default(),
            next: Cell::default(),
            slots: Rc::new(Semaphore::new(AT_ONCE)),
            chosen_for: Cell::default(),
            asked: Cell::default(),
            noticed: RefCell::default(),
            warned: Cell::default(),
        }))
    }

    /// Brings files into a workflow. The first one's card is at `at`, the others beside and below it. With `into`, a single
    /// file takes the place of what that node holds.
    pub fn bring(&self, workflow: WorkflowId, files: Vec<Incoming>, at: Point, into: Option<NodeId>) {
        let into = into.filter(|_| files.len() == 1);
        let columns = columns(files.len());
        let room = if files.len() == 1 { Room::Free } else { Room::Cell };
        for (index, Incoming { name, bytes, source }) in files.into_iter().enumerate() {
            let id = self.0.next.get();
            self.0.next.set(id + 1);
            let (column, row) = (index % columns, index / columns);
            let at = Point { x: at.x + column as f64 * BLOCK.x, y: at.y + row as f64 * BLOCK.y };
            let arrival = Arrival { id, workflow, at, room, into, name, bytes, stage: Stage::Waiting };
            self.0.entries.borrow_mut().insert(id, Entry { arrival, source, ticket: Ticket::default() });
            self.start(id);
        }
        self.0.store.notify(vec![Topic::Arrivals]);
    }

    /// What is on its way into a workflow. [`Topic::Arrivals`]
    pub fn arrivals(&self, workflow: WorkflowId) -> Vec<u64> {
        let entries = self.0.entries.borrow();
        entries.iter().filter(|(_, entry)| entry.arrival.workflow == workflow).map(|(id, _)| *id).collect()
    }

    /// The name of a file that found no room and waits to be tried again. Browsers don't always tell through their quota that
    /// there is none. [`Topic::Arrivals`]
    pub fn without_room(&self) -> Option<String> {
        let is_full = |arrival: &Arrival| matches!(&arrival.stage, Stage::Failed(failure) if failure.full);
        let entries = self.0.entries.borrow();
        entries
            .values()
            .map(|entry| &entry.arrival)
            .find(|arrival| is_full(arrival))
            .map(|arrival| arrival.name.clone())
    }

    /// How far one of them is. [`Topic::Arrival`]
    pub fn arrival(&self, id: u64) -> Option<Arrival> {
        self.0.entries.borrow().get(&id).map(|entry| entry.arrival.clone())
    }

    /// Calls a file off, or forgets one that failed. Nothing of it stays.
    pub fn remove(&self, id: u64) {
        if let Some(entry) = self.0.entries.borrow_mut().remove(&id) {
            entry.ticket.cancel();
        }
        self.0.store.notify(vec![Topic::Arrivals]);
    }

    /// Tries again what failed.
    pub fn retry(&self, id: u64) {
        if let Some(entry) = self.0.entries.borrow_mut().get_mut(&id) {
            entry.ticket = Ticket::default();
        }
        self.say(id, Stage::Waiting);
        self.start(id);
    }

    /// Has the user choose files: for a node that holds one, or for new nodes.
    pub fn choose(&self, into: Option<NodeId>) {
        self.0.chosen_for.set(into);
        platform::click(super::FIELD);
    }

    /// For which node files were being chosen.
    pub fn chosen_for(&self) -> Option<NodeId> {
        self.0.chosen_for.take()
    }

    /// Opens the storage panel.
    pub fn open_storage(&self) {
        self.0.desk.open.clone().set(true);
    }

    fn start(&self, id: u64) {
        let this = self.clone();
        // Not of the component that the files were dropped on: that may go before they are there.
        spawn_forever(async move { this.run(id).await });
    }

    async fn run(self, id: u64) {
        let slots = Rc::clone(&self.0.slots);
        // Nobody closes the semaphore.
        let Ok(slot) = slots.acquire().await else { return };
        let Some((source, name, ticket)) = self.begin(id) else { return };
        self.ask_to_keep();
        self.say_notices();
        let put = self.put(id, source, name, &ticket).await;
        // Some of what can't be done shows only when it is tried.
        self.say_notices();
        let came = match put {
            Ok(added) => self.arrive(id, added, &ticket).await,
            Err(error) => Err(error),
        };
        drop(slot);
        match came {
            // Of many that come in together, the last one asks.
            Ok(()) if self.0.entries.borrow().is_empty() => self.warn_of_little_room().await,
            Ok(()) => {}
            Err(Error::Cancelled) => {
                self.0.entries.borrow_mut().remove(&id);
                self.0.store.notify(vec![Topic::Arrivals]);
            }
            Err(error) => self.fail(id, &error),
        }
    }

    fn begin(&self, id: u64) -> Option<(Source, String, Ticket)> {
        let begun = self
            .0
            .entries
            .borrow()
            .get(&id)
            .map(|entry| (entry.source.clone(), entry.arrival.name.clone(), entry.ticket.clone()));
        self.say(id, Stage::Coming(0));
        begun
    }

    /// Keeps the bytes, and tells how far they are.
    async fn put(&self, id: u64, source: Source, name: String, ticket: &Ticket) -> storage::Result<Added> {
        let mut progress = ticket.progress();
        let total = self.arrival(id).map_or(0, |arrival| arrival.bytes);
        let mut shown = 0;
        let assets = self.0.store.session().assets().clone();
        let mut put = pin!(assets.put(source, Some(name).filter(|name| !name.is_empty()), ticket.clone()));
        loop {
            let told = match select(put.as_mut(), pin!(progress.changed())).await {
                Either::Left((added, _)) => return added,
                Either::Right((told, _)) => told,
            };
            match told {
                Ok(()) => {
                    let done = *progress.borrow_and_update();
                    // A card shows whole per cents; it need not be rendered for each piece.
                    if words::percent(done, total) != shown {
                        shown = words::percent(done, total);
                        self.say(id, Stage::Coming(done));
                    }
                }
                // Nobody tells any more.
                Err(_) => return put.await,
            }
        }
    }

    /// Gives a content that is there its node.
    async fn arrive(&self, id: u64, added: Added, ticket: &Ticket) -> storage::Result<()> {
        self.say(id, Stage::Looking);
        let asset = self.looked_at(added.asset.clone()).await;
        let Some(Arrival { workflow, at, room, into, name, .. }) = self.arrival(id) else {
            return Err(Error::Cancelled);
        };
        if ticket.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let size = media_size(&asset, room);
        let store = &self.0.store;
        let refused = |error: serde_json::Error| Error::Refused { name: "JSON".into(), message: error.to_string() };
        match into.filter(|node| self.takes(*node, &asset)) {
            Some(node) => store.replace_media(workflow, node, &asset, size).map_err(refused)?,
            None => {
                if into.is_some() {
                    let kind = words::kind(&asset.mime);
                    self.0
                        .toaster
                        .info(format!("“{name}” is of another kind ({kind}), so it became a node of its own."));
                }
                store.add_media(workflow, &asset, at, size).map_err(refused)?;
            }
        }
        self.0.entries.borrow_mut().remove(&id);
        store.learn_asset(asset);
        store.notify(vec![Topic::Arrivals]);
        // From here on the row is found by the node that refers to it; until then nobody may clean it up.
        store.session().flush().await;
        drop(added.held);
        Ok(())
    }

    /// Whether a node can hold such a content.
    fn takes(&self, node: NodeId, asset: &Asset) -> bool {
        let picture = self.0.store.with_document(|document| document.picture(node)).flatten();
        picture == Some(Picture::Media(asset.kind()))
    }

    /// The row with what only the page's own player can find out: how long it plays, and a picture of it.
    async fn looked_at(&self, asset: Asset) -> Asset {
        let assets = self.0.store.session().assets();
        let Some(look) = platform::look(assets, &asset).await else { return asset };
        let id = asset.id;
        if let Err(error) = assets.set_look(id, look).await {
            warn!(error = error.code(), "what a video looks like can't be kept");
        }
        assets.asset(id).await.ok().flatten().unwrap_or(asset)
    }

    /// With the first file or workflow that comes in: asks the browser not to clear what is stored by itself. Some ask their user,
    /// who may take their time; nothing waits for it.
    pub fn ask_to_keep(&self) {
        if !self.0.asked.replace(true) {
            spawn_forever(async { _ = platform::ask_to_keep().await });
        }
    }

    /// Says what this device can't do, each thing once.
    fn say_notices(&self) {
        // That there are no folders is said where one would be chosen.
        let notices = self.0.store.session().assets().notices().into_iter();
        for notice in notices.filter(|notice| *notice != Notice::NoFolders) {
            if self.0.noticed.borrow_mut().insert(notice) {
                let (title, words) = words::notice(notice);
                self.0.toaster.info(format!("{title}. {words}"));
            }
        }
    }

    fn fail(&self, id: u64, error: &Error) {
        let Some(arrival) = self.arrival(id) else { return };
        warn!(error = error.code(), bytes = arrival.bytes, "a file can't come in");
        let failure = failure(error, arrival.bytes);
        let full = failure.full;
        self.say(id, Stage::Failed(failure));
        if full {
            self.say_full(&arrival.name);
            self.0.store.notify(vec![Topic::Arrivals]);
        }
    }

    fn say_full(&self, name: &str) {
        let this = self.clone();
        let ways = if self.0.store.has_folders() {
            "Clean up what no workflow uses, or move media to a folder of yours."
        } else {
            "Clean up what no workflow uses, or move media to a folder with Atelier for the desktop."
        };
        let text = format!("There is no room for “{name}”. {ways} Nothing that is stored suffers.");
        self.0.toaster.error_with(text, ToastAction::new("Open Storage", move || this.open_storage()));
    }

    /// Says once that room runs short, before saving could fail.
    pub async fn warn_of_little_room(&self) {
        let quota = self.0.desk.look_at_quota(&self.0.store).await;
        let Some(quota) = quota.filter(storage::blobs::Quota::is_nearly_full) else { return };
        if self.0.warned.replace(true) {
            return;
        }
        let this = self.clone();
        let left = words::size(quota.total.saturating_sub(quota.used));
        let text = format!("{left} left of {}. Free some space before saving could fail.", words::size(quota.total));
        self.0.toaster.offer(text, ToastAction::new("Open Storage", move || this.open_storage()));
    }

    fn say(&self, id: u64, stage: Stage) {
        if let Some(entry) = self.0.entries.borrow_mut().get_mut(&id) {
            entry.arrival.stage = stage;
        }
        self.0.store.notify(vec![Topic::Arrival(id)]);
    }
}

/// In how many columns so many cards come in: about as many as rows.
fn columns(count: usize) -> usize {
    (1..=COLUMNS).find(|columns| columns * columns >= count).unwrap_or(COLUMNS)
}

/// Where the first of so many cards goes so that all of them are around one that would be at `middle`.
pub fn first_of(count: usize, middle: Point) -> Point {
    let columns = columns(count);
    let rows = count.div_ceil(columns);
    let before = |cells: usize| cells.saturating_sub(1) as f64 / 2.;
    Point { x: middle.x - before(columns) * BLOCK.x, y: middle.y - before(rows) * BLOCK.y }
}

/// Why a file can't come in, and what to do.
fn failure(error: &Error, bytes: u64) -> Failure {
    let words = match error {
        Error::Full(_) => {
            format!(
                "There is no room for it: it needs {}. Free some space in Storage, then try again.",
                words::size(bytes)
            )
        }
        Error::Missing { .. } => "It is not there any more. Put it back, then try again.".into(),
        // What systems and browsers say may end with a stop of its own.
        Error::Io { reason, .. } => format!("It can’t be read or kept: {}.", reason.trim_end_matches('.')),
        error => format!("It can’t be kept: {}.", error.to_string().trim_end_matches('.')),
    };
    Failure { words, full: matches!(error, Error::Full(_)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_come_in_as_a_block_and_never_as_a_long_row() {
        let all: Vec<_> = [0, 1, 2, 4, 5, 9, 12, 64, 1000].map(columns).into();
        assert_eq!(all, [1, 1, 2, 2, 3, 3, 4, 8, 8]);
    }

    #[test]
    fn many_are_around_the_middle() {
        let middle = Point { x: 10., y: 20. };
        assert_eq!((first_of(0, middle), first_of(1, middle)), (middle, middle));
        assert_eq!(first_of(2, middle), Point { x: 10. - BLOCK.x / 2., y: 20. });
        assert_eq!(first_of(9, middle), Point { x: 10. - BLOCK.x, y: 20. - BLOCK.y });
    }

    #[test]
    fn a_failure_says_what_to_do() {
        let full = failure(&Error::Full("quota".into()), 1_800_000);
        assert!(full.full && full.words.contains("1.8 MB") && full.words.contains("Storage"), "{}", full.words);
        let gone = failure(&Error::Missing { what: "a".into(), reason: "b".into() }, 1);
        assert!(!gone.full && gone.words.contains("try again"), "{}", gone.words);
    }
}
