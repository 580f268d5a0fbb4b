//! `IndexedDB`: the browser's database.
//!
//! From the raw transaction up, since no wrapper tells a full disk from success, or a deleted database from an empty one.
//! - Every transaction has one promise, made before anything is queued: it resolves at `complete` and rejects at `abort`. That
//!   a request succeeded proves nothing; a full disk is noticed after the last one.
//! - A commit's requests are queued before [`Backend::commit`] returns.
//! - Writing transactions ask for strict durability: `complete` then means that the disk has it.
//! - A connection lost under us is opened again once, and the call repeated.
//!
//! Rows are texts (`model::Row` says why) under the keys `workflow` or `[workflow, id]`; settings are plain values.

mod adding;
mod assets;
mod connection;
mod convert;
mod handles;
mod read;
mod sealing;
mod transaction;
mod upgrade;

use std::{collections::BTreeSet, future::Future, rc::Rc, sync::Arc};

use wasm_bindgen::JsValue;

use super::{AssetRows, AssetUse, Backend, Batch, Committed, Loaded, Notice, OplogRecord, Rows, Wanted};
use crate::{
    BoxFuture, Error, Result,
    model::{Asset, AssetId, EntityKey, Json, Row, WorkflowId},
    platform::detached,
};
use adding::Adding;
use connection::{Connection, Missing};
pub use upgrade::{Run, Steps, Upgrade, backup_of};

/// An open database. Clones share the connection.
#[derive(Clone)]
pub struct IndexedDb(Rc<Connection>, Rc<Adding>);

impl IndexedDb {
    /// Opens the database, making it if it is missing. One that a newer build wrote is only read. `notify` hears what happens
    /// to the connection by itself.
    ///
    /// # Errors
    /// [`Error::Newer`] when a newer build wrote the data in a way that this one can't read; whatever a step of a migration
    /// failed with.
    pub fn open(name: &str, notify: impl Fn(Notice) + 'static) -> BoxFuture<Result<Self>> {
        Self::open_as(name, upgrade::STEPS, notify)
    }

    /// The same as a build with these steps: for tests of migrations.
    ///
    /// # Errors
    /// As [`IndexedDb::open`].
    #[cfg(any(test, feature = "testing"))]
    pub fn open_with(name: &str, steps: Steps, notify: impl Fn(Notice) + 'static) -> BoxFuture<Result<Self>> {
        Self::open_as(name, steps, notify)
    }

    fn open_as(name: &str, steps: Steps, notify: impl Fn(Notice) + 'static) -> BoxFuture<Result<Self>> {
        let connection = Rc::new(Connection::new(name, steps, notify));
        Self::run(async move {
            connection.open(Missing::Create).await?;
            Ok(Self(connection, Rc::default()))
        })
    }

    /// Runs `work` to its end, whoever waits for it.
    fn run<T: 'static>(work: impl Future<Output = Result<T>> + 'static) -> BoxFuture<Result<T>> {
        detached(work, || Err(Error::Disconnected("the page is going away".into())))
    }

    /// Does `work` and, if the connection turns out to be lost, opens another and does it once more. The first attempt's
    /// transaction is queued when this returns.
    fn attempt<S, T, F>(
        &self,
        start: impl Fn(&Connection) -> Result<S> + 'static,
        finish: fn(Rc<Connection>, S) -> F,
    ) -> BoxFuture<Result<T>>
    where
        S: 'static,
        T: 'static,
        F: Future<Output = Result<T>> + 'static,
    {
        let first = start(&self.0);
        let connection = Rc::clone(&self.0);
        Self::run(async move {
            let result = match first {
                Ok(started) => finish(Rc::clone(&connection), started).await,
                Err(error) => Err(error),
            };
            match result {
                Err(Error::Disconnected(_)) => {
                    connection.open(Missing::Refuse).await?;
                    let started = start(&connection)?;
                    finish(connection, started).await
                }
                result => result,
            }
        })
    }
}

/// Blobs: bytes that have no better place.
impl IndexedDb {
    /// Whether the engine stores blobs. Safari's private windows store everything else.
    pub(crate) fn takes_blobs(&self) -> BoxFuture<Result<bool>> {
        self.attempt(assets::begin_try_blob, assets::finish_try_blob)
    }

    /// Stores a blob under a key, or all of its bytes in a buffer.
    pub(crate) fn put_blob(&self, key: String, blob: JsValue) -> BoxFuture<Result<()>> {
        self.attempt(move |connection| assets::begin_put_blob(connection, &key, &blob), transaction::ended)
    }

    /// What is stored under a key; undefined if there is nothing.
    pub(crate) fn blob(&self, key: String) -> BoxFuture<Result<JsValue>> {
        self.attempt(move |connection| assets::ask_blob(connection, &key), assets::result)
    }

    /// Gives a blob another key, over what has it. Returns whether it was there.
    pub(crate) fn rename_blob(&self, from: String, to: String) -> BoxFuture<Result<bool>> {
        self.attempt(move |connection| assets::begin_rename_blob(connection, &from, &to), assets::finish_rename_blob)
    }

    /// Removes blobs. Missing ones are fine.
    pub(crate) fn delete_blobs(&self, keys: Vec<String>) -> BoxFuture<Result<()>> {
        self.attempt(move |connection| assets::begin_delete_blobs(connection, &keys), transaction::ended)
    }

    /// All blobs' keys, in an array.
    pub(crate) fn blob_keys(&self) -> BoxFuture<Result<JsValue>> {
        self.attempt(assets::ask_blob_keys, assets::result)
    }
}

/// Rows of assets.
impl IndexedDb {
    /// Adds all rows that wait in one transaction, and then those that came meanwhile.
    fn add_waiting(&self) {
        let Some((assets, tell)) = self.1.begin() else { return };
        let adding = self.add_rows(assets.clone());
        let this = self.clone();
        let _goes_on_by_itself = Self::run(async move {
            let added = match adding.await {
                Ok(added) => added.into_iter().map(Ok).collect(),
                Err(error @ Error::Disconnected(_)) => vec![Err(error); tell.len()],
                // What is wrong with one of them, or too much, is not the others' fault.
                Err(_) => this.add_one_by_one(assets).await,
            };
            this.1.end(tell, added);
            this.add_waiting();
            Ok(())
        });
    }

    fn add_rows(&self, assets: Vec<Asset>) -> BoxFuture<Result<Vec<Asset>>> {
        self.attempt(move |connection| adding::begin_add(connection, &assets), adding::finish_add)
    }

    async fn add_one_by_one(&self, assets: Vec<Asset>) -> Vec<Result<Asset>> {
        let mut added = Vec::with_capacity(assets.len());
        for asset in assets {
            let one = self.add_rows(vec![asset.clone()]).await;
            added.push(one.map(|mut rows| rows.pop().unwrap_or(asset)));
        }
        added
    }
}

/// What the user gave access to: handles of folders.
impl IndexedDb {
    /// Remembers a handle under a key, instead of any other.
    pub(crate) fn put_handle(&self, key: String, handle: JsValue) -> BoxFuture<Result<()>> {
        self.attempt(move |connection| handles::begin_put(connection, &key, &handle), transaction::ended)
    }

    /// The key and the handle that are remembered.
    pub(crate) fn handle(&self) -> BoxFuture<Result<Option<(String, JsValue)>>> {
        self.attempt(handles::ask, handles::handle)
    }

    /// Forgets all handles.
    pub(crate) fn delete_handles(&self) -> BoxFuture<Result<()>> {
        self.attempt(handles::begin_delete, transaction::ended)
    }
}

impl Backend for IndexedDb {
    fn workflows(&self) -> BoxFuture<Result<Rows<WorkflowId>>> {
        self.attempt(read::ask_workflows, read::workflows)
    }

    fn load(&self, workflow: WorkflowId) -> BoxFuture<Result<Loaded>> {
        self.attempt(move |connection| read::ask_load(connection, workflow), read::load)
    }

    fn rows(&self, keys: BTreeSet<EntityKey>) -> BoxFuture<Result<Vec<(EntityKey, Row)>>> {
        self.attempt(move |connection| read::ask_rows(connection, &keys), read::rows)
    }

    fn commit(&self, batch: Arc<Batch>) -> BoxFuture<Result<Committed>> {
        self.attempt(move |connection| transaction::begin_commit(connection, &batch), transaction::finish_commit)
    }

    fn delete(&self, workflow: WorkflowId) -> BoxFuture<Result<()>> {
        self.attempt(move |connection| transaction::begin_delete(connection, workflow), transaction::ended)
    }

    fn kv(&self, key: &str) -> BoxFuture<Result<Option<Json>>> {
        let key = key.to_owned();
        self.attempt(move |connection| read::ask_kv(connection, &key), read::kv)
    }

    fn oplog(&self) -> BoxFuture<Result<Vec<OplogRecord>>> {
        self.attempt(read::ask_oplog, read::oplog)
    }

    fn assets(&self) -> BoxFuture<Result<AssetRows>> {
        self.attempt(assets::ask_assets, assets::assets)
    }

    fn asset(&self, wanted: Wanted) -> BoxFuture<Result<Option<Asset>>> {
        self.attempt(move |connection| assets::ask_asset(connection, &wanted), assets::asset)
    }

    fn assets_of(&self, hashes: BTreeSet<String>) -> BoxFuture<Result<Vec<Asset>>> {
        self.attempt(move |connection| assets::ask_assets_of(connection, &hashes), assets::assets_of)
    }

    fn add_asset(&self, asset: Asset) -> BoxFuture<Result<Asset>> {
        let told = self.1.wait(asset);
        self.add_waiting();
        let lost = || Err(Error::Disconnected("the page is going away".into()));
        Box::pin(async move { told.await.unwrap_or_else(|_| lost()) })
    }

    fn change_asset(&self, asset: Asset) -> BoxFuture<Result<bool>> {
        self.attempt(move |connection| assets::begin_change(connection, &asset), assets::finish_change)
    }

    fn remove_assets(&self, ids: BTreeSet<AssetId>) -> BoxFuture<Result<Vec<Asset>>> {
        self.attempt(move |connection| assets::begin_remove(connection, &ids), assets::finish_remove)
    }

    fn uses(&self) -> BoxFuture<Result<Vec<AssetUse>>> {
        self.attempt(assets::ask_uses, assets::uses)
    }

    fn newer(&self) -> Option<u32> {
        self.0.newer()
    }

    fn recreate(&self) -> BoxFuture<Result<()>> {
        let connection = Rc::clone(&self.0);
        Self::run(async move { connection.open(Missing::Create).await })
    }

    fn close(&self) -> BoxFuture<()> {
        self.0.close();
        Box::pin(std::future::ready(()))
    }
}
