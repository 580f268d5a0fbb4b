//! The single writer between memory and the database.
//!
//! Edits are put into a queue and are on their way to the database before [`Writer::enqueue`] returns, unless a commit is
//! under way or somebody holds the writer ([`Writer::hold`]); then they gather, and go together in the next one. There is at
//! most one commit under way. No timer decides an
//! order; timers only space the repetitions of a commit that failed. Such a commit is kept as it was and repeated, which the
//! merge makes harmless, until it succeeds.

mod state;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    future::Future,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::future::{Either, select};
use tokio::sync::{Notify, watch};
use tracing::{Instrument as _, debug, debug_span, warn};

pub use self::state::SaveState;
use crate::{
    BoxFuture, Error, MaybeSend, MaybeSync, Result,
    backend::{Backend, Batch, Committed},
    platform,
};

/// Between the first failure and the second attempt. Doubles with each further failure.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The queue of one tab or process. Clones share it.
#[derive(Clone)]
pub struct Writer(Arc<Inner>);

/// Hears what a commit has stored, or why it failed, in the order in which that happens.
pub trait Listener: Fn(&Result<Committed>) + MaybeSend + MaybeSync + 'static {}
impl<T: Fn(&Result<Committed>) + MaybeSend + MaybeSync + 'static> Listener for T {}

struct Inner {
    backend: Arc<dyn Backend>,
    listener: Box<dyn Listener>,
    queue: Mutex<Queue>,
    progress: watch::Sender<Progress>,
}

#[derive(Default)]
struct Queue {
    gathering: Batch,
    under_way: Option<Arc<UnderWay>>,
    failure: Option<(Error, bool)>,
    /// How many batches were put in.
    enqueued: u64,
    /// How many of them are in `under_way` or committed.
    taken: u64,
    /// How many of them are committed.
    committed: u64,
    /// How many of them somebody waits for, held or not.
    wanted: u64,
    /// How many [`Hold`]s there are.
    holds: usize,
}

/// While it exists, edits gather: a pointer that drags makes sixty a second, and the disk needs the last. Whoever flushes gets
/// what has gathered stored all the same.
#[derive(Debug)]
#[must_use = "edits gather for as long as this exists"]
pub struct Hold(Writer);

impl Drop for Hold {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        queue.holds -= 1;
        self.0.advance(&mut queue);
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Writer").field(&self.state()).finish()
    }
}

/// What is being committed, or waits for its repetition.
struct UnderWay {
    batch: Arc<Batch>,
    /// Ends the pause before a repetition. Each commit has its own: being in a hurry with one says nothing of the next.
    hurry: Notify,
}

#[derive(Clone, Debug, PartialEq)]
struct Progress {
    committed: u64,
    state: SaveState,
}

impl Writer {
    /// A writer to `backend` with nothing to do.
    #[cfg_attr(
        target_arch = "wasm32",
        expect(clippy::arc_with_non_send_sync, reason = "shared between targets; the browser has one thread")
    )]
    pub fn new(backend: Arc<dyn Backend>, listener: impl Listener) -> Self {
        let (progress, _) = watch::channel(Progress { committed: 0, state: SaveState::Saved });
        Self(Arc::new(Inner { backend, listener: Box::new(listener), queue: Mutex::default(), progress }))
    }

    /// Puts changes into the queue. If no commit is under way, theirs is when this returns.
    pub fn enqueue(&self, batch: Batch) {
        if batch.is_empty() {
            return;
        }
        let mut queue = self.queue();
        queue.gathering.absorb(batch);
        queue.enqueued += 1;
        self.advance(&mut queue);
    }

    /// Has edits gather until the result is dropped.
    pub fn hold(&self) -> Hold {
        self.queue().holds += 1;
        Hold(self.clone())
    }

    /// Resolves when everything that was enqueued before this call is committed, however often that takes to succeed.
    pub fn flush(&self) -> impl Future<Output = ()> + MaybeSend + use<> {
        let enqueued = {
            let mut queue = self.queue();
            queue.wanted = queue.enqueued;
            self.advance(&mut queue);
            queue.enqueued
        };
        let mut progress = self.0.progress.subscribe();
        // Keeps the writer, and so the sender, alive while somebody waits.
        let this = self.clone();
        async move {
            // The error means that the sender is gone, which it can't be.
            drop(progress.wait_for(|progress| progress.committed >= enqueued).await);
            drop(this);
        }
    }

    /// How saving goes.
    pub fn state(&self) -> SaveState {
        self.0.progress.borrow().state.clone()
    }

    /// Resolves when [`Writer::state`] is no longer `seen`, with what it is then.
    pub fn changed_from(&self, seen: SaveState) -> impl Future<Output = SaveState> + MaybeSend + use<> {
        let mut progress = self.0.progress.subscribe();
        let this = self.clone();
        async move {
            let changed =
                progress.wait_for(|progress| progress.state != seen).await.map(|progress| progress.state.clone());
            changed.unwrap_or_else(|_| this.state())
        }
    }

    /// Repeats a failed commit now; if it is being tried at this moment and fails, then at once. Does nothing if there is none.
    pub fn retry(&self) {
        if let Some(under_way) = &self.queue().under_way {
            under_way.hurry.notify_one();
        }
    }

    /// Everything that isn't known to be committed. None: nothing.
    pub fn uncommitted(&self) -> Option<Batch> {
        let queue = self.queue();
        let mut batch = queue.under_way.as_ref().map(|under_way| Batch::clone(&under_way.batch)).unwrap_or_default();
        batch.absorb(queue.gathering.clone());
        (!batch.is_empty()).then_some(batch)
    }

    /// Starts the next commit if there is something to commit and nothing under way; says how saving goes.
    fn advance(&self, queue: &mut Queue) {
        let may = queue.holds == 0 || queue.wanted > queue.taken;
        if may && queue.under_way.is_none() && !queue.gathering.is_empty() {
            let batch = Arc::new(std::mem::take(&mut queue.gathering));
            let under_way = Arc::new(UnderWay { batch, hurry: Notify::new() });
            queue.under_way = Some(Arc::clone(&under_way));
            queue.taken = queue.enqueued;
            // Called here, not in the task: the commit is under way before the edit's event is over.
            let first = self.0.backend.commit(Arc::clone(&under_way.batch));
            let this = self.clone();
            let span = debug_span!("commit", changes = under_way.batch.len());
            platform::spawn(Box::pin(this.see_through(under_way, first).instrument(span)));
        }
        self.publish(queue);
    }

    /// Waits for the commit, and repeats it until it succeeds.
    async fn see_through(self, under_way: Arc<UnderWay>, mut commit: BoxFuture<Result<Committed>>) {
        let mut pause = FIRST_PAUSE;
        loop {
            let result = commit.await;
            (self.0.listener)(&result);
            match result {
                Ok(committed) => return self.succeeded(&committed),
                Err(error) => {
                    let retrying = self.failed(error);
                    under_way.wait(retrying.then_some(pause)).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    commit = self.0.backend.commit(Arc::clone(&under_way.batch));
                }
            }
        }
    }

    fn succeeded(&self, committed: &Committed) {
        debug!(rows = committed.rows.len(), "committed");
        let mut queue = self.queue();
        queue.under_way = None;
        queue.failure = None;
        queue.committed = queue.taken;
        self.advance(&mut queue);
    }

    /// Returns whether it is tried again by itself.
    fn failed(&self, error: Error) -> bool {
        let retrying = error.may_pass();
        warn!(error = error.code(), retrying, "a commit failed; its changes are kept");
        let mut queue = self.queue();
        queue.failure = Some((error, retrying));
        self.publish(&queue);
        retrying
    }

    fn publish(&self, queue: &Queue) {
        let unsaved = queue.gathering.len() + queue.under_way.as_ref().map_or(0, |under_way| under_way.batch.len());
        let state = match &queue.failure {
            Some((error, retrying)) => SaveState::Failed { error: error.clone(), retrying: *retrying, unsaved },
            None if unsaved == 0 => SaveState::Saved,
            None => SaveState::Saving(unsaved),
        };
        let progress = Progress { committed: queue.committed, state };
        self.0.progress.send_if_modified(|now| {
            let modified = *now != progress;
            *now = progress;
            modified
        });
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while it is held, so what a panicking thread leaves is whole.
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay {
    /// Until the pause is over or somebody is in a hurry. Without a pause: until somebody is.
    async fn wait(&self, pause: Option<Duration>) {
        let hurry = self.hurry.notified();
        let Some(pause) = pause else { return hurry.await };
        match select(pin!(hurry), pin!(platform::sleep(pause))).await {
            Either::Left(_) | Either::Right(_) => {}
        }
    }
}
