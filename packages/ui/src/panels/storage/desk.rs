//! What the storage panel knows and does. It lives as long as the window: what was begun goes on when the panel is closed.

use std::{collections::BTreeSet, rc::Rc};

use dioxus::{core::spawn_forever, prelude::*};
use storage::{
    Error,
    blobs::{Damage, Quota, Ticket, Usage, Where},
    model::AssetId,
};
use tracing::warn;

use super::Figures;
use crate::{media::words, platform, store::Store};

/// From so many files on it may take a moment to know who uses them.
const MANY: usize = 1_000;

/// Everything that is kept, counted.
#[derive(Clone, Debug)]
pub struct Counted {
    /// As it is, without who uses it.
    pub usage: Rc<Usage>,
    /// In figures.
    pub figures: Figures,
}

/// Work that takes its time.
#[derive(Clone, Debug)]
pub struct Work {
    /// What it is.
    pub task: Task,
    /// How many bytes are done.
    pub done: u64,
    /// How many there are.
    pub total: u64,
    /// Calls it off.
    pub ticket: Ticket,
}

/// What can be done with all media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Move them.
    Move(Where),
    /// Read and compare them.
    Verify,
}

impl Task {
    /// What it is called while it goes on.
    pub fn label(self) -> &'static str {
        match self {
            Self::Move(Where::Folder) => "Moving media to your folder",
            Self::Move(_) => "Moving media back",
            Self::Verify => "Reading every file",
        }
    }
}

/// How that ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// Everything is right.
    Fine(Task, usize),
    /// Some are not.
    Damaged(Task, Rc<[Damage]>),
    /// It was called off.
    Cancelled(Task),
    /// It could not be done.
    Failed(Task, String),
}

/// The panel's state. Copies share it.
#[derive(Clone, Copy, PartialEq)]
pub struct StorageDesk {
    /// Whether the panel is open.
    pub open: Signal<bool>,
    /// What the device lets us keep.
    pub quota: Signal<Option<Quota>>,
    /// What is kept. None while it is being counted.
    pub counted: Signal<Option<Result<Rc<Counted>, String>>>,
    /// How often it was counted: what shows it in parts is told by that.
    pub version: Signal<u64>,
    /// What is about to be removed.
    pub chosen: Signal<BTreeSet<AssetId>>,
    /// Whether that is being reviewed.
    pub reviewing: Signal<bool>,
    /// What goes on.
    pub work: Signal<Option<Rc<Work>>>,
    /// How the last work ended.
    pub report: Signal<Option<Report>>,
}

impl StorageDesk {
    /// A closed panel, with its signals in the current scope.
    pub fn new() -> Self {
        Self {
            open: Signal::new(false),
            quota: Signal::new(None),
            counted: Signal::new(None),
            version: Signal::new(0),
            chosen: Signal::new(BTreeSet::new()),
            reviewing: Signal::new(false),
            work: Signal::new(None),
            report: Signal::new(None),
        }
    }

    /// Counts everything anew. The first time, what is kept is shown before it is known who uses it, if that is much.
    pub async fn count(mut self, store: &Store) {
        let counted = self.ask(store).await.map(Rc::new).map_err(|error| error.to_string());
        if let Ok(counted) = &counted {
            // Only what nothing uses may be chosen, and that may have changed.
            let unused = counted.figures.unused.iter().map(|at| counted.usage.assets[*at].id);
            let unused: BTreeSet<_> = unused.collect();
            self.chosen.write().retain(|id| unused.contains(id));
        }
        self.show(counted);
    }

    async fn ask(mut self, store: &Store) -> Result<Counted, Error> {
        let assets = store.session().assets();
        let usage = Rc::new(assets.stored().await?);
        self.quota.set(usage.quota);
        let shows_nothing = !matches!(*self.counted.peek(), Some(Ok(_)));
        if shows_nothing && usage.assets.len() >= MANY {
            let figures = Figures::without_uses(&usage);
            self.show(Ok(Rc::new(Counted { usage: Rc::clone(&usage), figures })));
        }
        let uses = assets.uses_of(&usage.assets).await?;
        Ok(Counted { figures: Figures::of(&usage, &uses), usage })
    }

    fn show(mut self, counted: Result<Rc<Counted>, String>) {
        self.counted.set(Some(counted));
        *self.version.write() += 1;
    }

    /// Asks only how much room there is.
    pub async fn look_at_quota(mut self, store: &Store) -> Option<Quota> {
        let quota = platform::quota(store.session().assets()).await;
        if *self.quota.peek() != quota {
            self.quota.set(quota);
        }
        quota
    }

    /// Removes what was chosen. Says what came of it if that isn't plain to see.
    pub async fn clean_up(mut self, store: &Store) -> Result<Option<String>, String> {
        let ids = std::mem::take(&mut *self.chosen.write());
        self.reviewing.set(false);
        let cleaned = store.session().assets().clean_up(ids).await.map_err(|error| error.to_string());
        store.learn_assets_again().await;
        self.count(store).await;
        let cleaned = cleaned?;
        Ok((cleaned.kept > 0).then(|| {
            let kept = words::count(cleaned.kept, "file stays", "files stay");
            format!("{} freed. {kept}: a workflow uses them again.", words::size(cleaned.freed))
        }))
    }

    /// Begins work, unless some goes on.
    pub fn begin(mut self, store: &Store, task: Task) {
        if self.work.peek().is_some() {
            return;
        }
        let total =
            self.counted.peek().as_ref().and_then(|counted| counted.as_ref().ok()).map(|counted| counted.usage.bytes());
        let files =
            self.counted.peek().as_ref().and_then(|counted| counted.as_ref().ok()).map(|counted| counted.figures.files);
        let work = Work { task, done: 0, total: total.unwrap_or_default(), ticket: Ticket::default() };
        self.report.set(None);
        self.work.set(Some(Rc::new(work.clone())));
        let store = store.clone();
        spawn_forever(self.follow(work.clone()));
        spawn_forever(async move {
            let assets = store.session().assets();
            let done = match task {
                Task::Move(to) => assets.move_all(to, work.ticket.clone()).await,
                Task::Verify => assets.verify(work.ticket.clone()).await,
            };
            if let Err(error) = &done {
                warn!(error = error.code(), ?task, "not everything was done");
            }
            self.report.set(Some(match done {
                Ok(damaged) if damaged.is_empty() => Report::Fine(task, files.unwrap_or_default()),
                Ok(damaged) => Report::Damaged(task, damaged.into()),
                Err(Error::Cancelled) => Report::Cancelled(task),
                Err(error) => Report::Failed(task, error.to_string()),
            }));
            self.work.set(None);
            store.learn_assets_again().await;
            self.count(&store).await;
        });
    }

    /// Tells how far the work is, in whole per cents.
    async fn follow(mut self, work: Work) {
        let mut progress = work.ticket.progress();
        let mut shown = 0;
        while progress.changed().await.is_ok() {
            let done = *progress.borrow_and_update();
            let is_ours = self.work.peek().is_some();
            if !is_ours {
                return;
            }
            if words::percent(done, work.total) != shown {
                shown = words::percent(done, work.total);
                self.work.set(Some(Rc::new(Work { done, ..work.clone() })));
            }
        }
    }
}
