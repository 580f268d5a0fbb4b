//! A database that fails on purpose, for tests.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::pending,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::{AssetRows, AssetUse, Backend, Batch, Committed, Loaded, OplogRecord, Rows, Wanted};
use crate::{
    BoxFuture, Error, MaybeSend, Result,
    model::{Asset, AssetId, EntityKey, Json, Row, WorkflowId},
    platform,
};

/// What goes wrong with a commit.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It is refused; nothing is stored.
    Before(Error),
    /// It is stored, and reported as failed.
    After(Error),
    /// It takes so long.
    Delay(Duration),
    /// It takes so long and is refused; nothing is stored.
    Late(Duration, Error),
}

/// Hands every call on to `B`, and lets chosen commits and reads fail. Both are counted from 0, each by itself.
pub struct FaultBackend<B: ?Sized> {
    inner: Arc<B>,
    faults: Mutex<BTreeMap<usize, Fault>>,
    commits: AtomicUsize,
    failing: Mutex<BTreeMap<usize, Error>>,
    reads: AtomicUsize,
    oplogs: AtomicUsize,
    is_dead: Arc<AtomicBool>,
    batches: Mutex<Vec<Arc<Batch>>>,
    under_way: Arc<UnderWay>,
}

/// How many commits there are and were at once.
#[derive(Default)]
struct UnderWay {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl<B: Backend> FaultBackend<B> {
    /// `faults` by number of the commit.
    pub fn new(inner: B, faults: impl IntoIterator<Item = (usize, Fault)>) -> Self {
        Self::over(Arc::new(inner), faults)
    }
}

impl<B: Backend + ?Sized> FaultBackend<B> {
    /// The same over what is shared already.
    pub fn over(inner: Arc<B>, faults: impl IntoIterator<Item = (usize, Fault)>) -> Self {
        Self {
            inner,
            faults: Mutex::new(faults.into_iter().collect()),
            commits: AtomicUsize::new(0),
            failing: Mutex::default(),
            reads: AtomicUsize::new(0),
            oplogs: AtomicUsize::new(0),
            is_dead: Arc::default(),
            batches: Mutex::default(),
            under_way: Arc::default(),
        }
    }

    /// These reads fail too, by their number.
    #[must_use]
    pub fn failing(self, reads: impl IntoIterator<Item = (usize, Error)>) -> Self {
        Self { failing: Mutex::new(reads.into_iter().collect()), ..self }
    }

    /// From now on nobody gets an answer, and nothing more is stored than what is being stored: the process was killed.
    pub fn kill(&self) {
        self.is_dead.store(true, Ordering::SeqCst);
    }

    /// How many reads there were.
    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    /// How many of them were of the oplog.
    pub fn oplogs(&self) -> usize {
        self.oplogs.load(Ordering::SeqCst)
    }

    /// What `ask` asks for, unless it fails.
    fn read<T: MaybeSend + 'static>(&self, ask: impl FnOnce(&B) -> BoxFuture<Result<T>>) -> BoxFuture<Result<T>> {
        let number = self.reads.fetch_add(1, Ordering::SeqCst);
        let failure = self.failing.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
        match failure {
            Some(error) => Box::pin(async move { Err(error) }),
            None => self.to_the_living(ask(&self.inner)),
        }
    }

    fn to_the_living<T: MaybeSend + 'static>(&self, answer: BoxFuture<Result<T>>) -> BoxFuture<Result<T>> {
        let is_dead = Arc::clone(&self.is_dead);
        Box::pin(async move {
            let answer = answer.await;
            if is_dead.load(Ordering::SeqCst) { pending().await } else { answer }
        })
    }

    /// Everything that was asked to be committed, in order, also what failed.
    pub fn batches(&self) -> Vec<Arc<Batch>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many commits were under way at the same moment, at most.
    pub fn most_at_once(&self) -> usize {
        self.under_way.most.load(Ordering::SeqCst)
    }

    /// The commit of that number, which may go wrong.
    fn commit_or_fail(&self, number: usize, batch: Arc<Batch>) -> BoxFuture<Result<Committed>> {
        let fault = self.faults.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
        match fault {
            None => self.inner.commit(batch),
            Some(Fault::Before(error)) => Box::pin(async move { Err(error) }),
            Some(Fault::After(error)) => {
                let stored = self.inner.commit(batch);
                Box::pin(async move {
                    stored.await?;
                    Err(error)
                })
            }
            Some(Fault::Delay(time)) => {
                let inner = Arc::clone(&self.inner);
                Box::pin(async move {
                    platform::sleep(time).await;
                    inner.commit(batch).await
                })
            }
            Some(Fault::Late(time, error)) => Box::pin(async move {
                platform::sleep(time).await;
                Err(error)
            }),
        }
    }
}

impl<B: Backend + ?Sized> Backend for FaultBackend<B> {
    fn workflows(&self) -> BoxFuture<Result<Rows<WorkflowId>>> {
        self.read(|inner| inner.workflows())
    }

    fn load(&self, workflow: WorkflowId) -> BoxFuture<Result<Loaded>> {
        self.read(|inner| inner.load(workflow))
    }

    fn rows(&self, keys: BTreeSet<EntityKey>) -> BoxFuture<Result<Vec<(EntityKey, Row)>>> {
        self.read(|inner| inner.rows(keys))
    }

    fn commit(&self, batch: Arc<Batch>) -> BoxFuture<Result<Committed>> {
        if self.is_dead.load(Ordering::SeqCst) {
            return Box::pin(pending());
        }
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&batch));
        let number = self.commits.fetch_add(1, Ordering::SeqCst);
        let under_way = Arc::clone(&self.under_way);
        under_way.most.fetch_max(under_way.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let result = self.to_the_living(self.commit_or_fail(number, batch));
        Box::pin(async move {
            let result = result.await;
            under_way.now.fetch_sub(1, Ordering::SeqCst);
            result
        })
    }

    fn delete(&self, workflow: WorkflowId) -> BoxFuture<Result<()>> {
        self.inner.delete(workflow)
    }

    fn kv(&self, key: &str) -> BoxFuture<Result<Option<Json>>> {
        self.read(|inner| inner.kv(key))
    }

    fn oplog(&self) -> BoxFuture<Result<Vec<OplogRecord>>> {
        self.oplogs.fetch_add(1, Ordering::SeqCst);
        self.read(|inner| inner.oplog())
    }

    fn assets(&self) -> BoxFuture<Result<AssetRows>> {
        self.read(|inner| inner.assets())
    }

    fn asset(&self, wanted: Wanted) -> BoxFuture<Result<Option<Asset>>> {
        self.read(|inner| inner.asset(wanted))
    }

    fn assets_of(&self, hashes: BTreeSet<String>) -> BoxFuture<Result<Vec<Asset>>> {
        self.read(|inner| inner.assets_of(hashes))
    }

    fn add_asset(&self, asset: Asset) -> BoxFuture<Result<Asset>> {
        self.inner.add_asset(asset)
    }

    fn change_asset(&self, asset: Asset) -> BoxFuture<Result<bool>> {
        self.inner.change_asset(asset)
    }

    fn remove_assets(&self, ids: BTreeSet<AssetId>) -> BoxFuture<Result<Vec<Asset>>> {
        self.inner.remove_assets(ids)
    }

    fn uses(&self) -> BoxFuture<Result<Vec<AssetUse>>> {
        self.read(|inner| inner.uses())
    }

    fn newer(&self) -> Option<u32> {
        self.inner.newer()
    }

    fn recreate(&self) -> BoxFuture<Result<()>> {
        self.inner.recreate()
    }

    fn close(&self) -> BoxFuture<()> {
        self.inner.close()
    }
}
