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

mod connection;
mod convert;
mod read;
mod transaction;

use std::{future::Future, rc::Rc, sync::Arc};

use super::{Backend, Batch, Committed, Loaded, Notice, OplogRecord, Rows};
use crate::{
    BoxFuture, Error, Result,
    model::{Json, WorkflowId},
    platform::detached,
};
use connection::{Connection, Missing};

/// An open database. Clones share the connection.
#[derive(Clone)]
pub struct IndexedDb(Rc<Connection>);

impl IndexedDb {
    /// Opens the database, making it if it is missing. `notify` hears what happens to the connection by itself.
    ///
    /// # Errors
    /// [`Error::Newer`] when a newer build wrote the data; it is left untouched.
    pub fn open(name: &str, notify: impl Fn(Notice) + 'static) -> BoxFuture<Result<Self>> {
        let connection = Rc::new(Connection::new(name, notify));
        Self::run(async move {
            connection.open(Missing::Create).await?;
            Ok(Self(connection))
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

impl Backend for IndexedDb {
    fn workflows(&self) -> BoxFuture<Result<Rows<WorkflowId>>> {
        self.attempt(read::ask_workflows, read::workflows)
    }

    fn load(&self, workflow: WorkflowId) -> BoxFuture<Result<Loaded>> {
        self.attempt(move |connection| read::ask_load(connection, workflow), read::load)
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

    fn recreate(&self) -> BoxFuture<Result<()>> {
        let connection = Rc::clone(&self.0);
        Self::run(async move { connection.open(Missing::Create).await })
    }

    fn close(&self) -> BoxFuture<()> {
        self.0.close();
        Box::pin(std::future::ready(()))
    }
}
