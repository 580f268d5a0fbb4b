//! Bringing a database to this build's schema, inside the engine's own upgrade: it is done as a whole, with the new version, or not
//! at all.
//!
//! The engine calls once for all versions between the old and the new. Each step is to be a transaction of its own, so whoever is
//! more than one behind is opened at each version in turn.

use std::rc::Rc;

use js_sys::Array;
use tracing::{Instrument as _, debug_span, info};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{IdbDatabase, IdbKeyRange, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransaction};

use super::{connection::Missing, convert::refused, transaction::settled};
use crate::{BoxFuture, Error, Result, SCHEMA_VERSION, backend::SCHEMA, migrate};

/// All tables. `assets` and `nodes` have an index besides.
pub(super) const TABLES: [&str; 8] = ["workflows", "nodes", "edges", "assets", "blobs", "handles", "kv", "oplog"];

/// The schema that a new database begins with, whatever steps follow.
const FIRST: u32 = 1;

/// So many rows are in memory at once when a table is copied.
const PIECE: u32 = 500;

/// What a step is given. It must wait for nothing but the engine, or its transaction is over.
pub type Run = fn(Rc<Upgrade>) -> BoxFuture<Result<()>>;

/// The steps of a build.
pub type Steps = migrate::Steps<Run>;

/// This build's.
pub(super) const STEPS: Steps = Steps::new(&[]);
const _: () = assert!(STEPS.version() == SCHEMA_VERSION, "the last step leads to this build's schema");

/// The copy that is made of a table before the step from `version` on.
pub fn backup_of(table: &str, version: u32) -> String {
    format!("backup {version} {table}")
}

/// The engine's transaction in which a database is changed.
pub struct Upgrade {
    database: IdbDatabase,
    transaction: IdbTransaction,
}

impl Upgrade {
    pub(super) fn new(request: &IdbOpenDbRequest) -> Result<Self> {
        let database = request.result().map_err(refused)?.unchecked_into();
        let transaction = request.transaction().ok_or_else(|| Error::Disconnected("an upgrade is over".into()))?;
        Ok(Self { database, transaction })
    }

    /// Undoes everything.
    pub(super) fn abort(&self) {
        let _ended_already = self.transaction.abort();
    }

    /// One of the tables.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn table(&self, name: &str) -> Result<IdbObjectStore> {
        self.transaction.object_store(name).map_err(refused)
    }

    /// Makes a table.
    ///
    /// # Errors
    /// There is one of that name.
    pub fn make_table(&self, name: &str) -> Result<IdbObjectStore> {
        self.database.create_object_store(name).map_err(refused)
    }

    /// Hands every row of a table to `work`: its key and its value.
    ///
    /// # Errors
    /// Those of the engine and of `work`.
    pub async fn each(&self, table: &str, mut work: impl FnMut(JsValue, JsValue) -> Result<()>) -> Result<()> {
        let store = self.table(table)?;
        let mut range = JsValue::UNDEFINED;
        loop {
            let keys = store.get_all_keys_with_key_and_limit(&range, PIECE).map_err(refused)?;
            let values = store.get_all_with_key_and_limit(&range, PIECE).map_err(refused)?;
            let (keys, values) = (self.answer(&keys), self.answer(&values));
            let (keys, values): (Array, Array) = (keys.await?.unchecked_into(), values.await?.unchecked_into());
            for (key, value) in keys.iter().zip(values.iter()) {
                work(key, value)?;
            }
            if keys.length() < PIECE {
                return Ok(());
            }
            let last = keys.get(keys.length() - 1);
            range = IdbKeyRange::lower_bound_with_open(&last, true).map_err(refused)?.into();
        }
    }

    /// What a request answers.
    async fn answer(&self, request: &IdbRequest) -> Result<JsValue> {
        settled(request).await?;
        request.result().map_err(refused)
    }

    /// Makes what a new database has.
    fn make(&self) -> Result<()> {
        let stores = self.database.object_store_names();
        for table in TABLES {
            if stores.contains(table) {
                continue;
            }
            let store = self.make_table(table)?;
            if table == "assets" {
                let unique = web_sys::IdbIndexParameters::new();
                unique.set_unique(true);
                store.create_index_with_str_and_optional_parameters("hash", "hash", &unique).map_err(refused)?;
            }
            if table == "nodes" {
                let each = web_sys::IdbIndexParameters::new();
                each.set_multi_entry(true);
                store.create_index_with_str_and_optional_parameters("assets", "assets", &each).map_err(refused)?;
            }
            if table == "kv" {
                store.put_with_key(&FIRST.into(), &SCHEMA.into()).map_err(refused)?;
            }
        }
        Ok(())
    }

    /// Copies the tables that a step changes.
    async fn back_up(&self, tables: &[&str], version: u32) -> Result<()> {
        for table in tables {
            let copy = self.make_table(&backup_of(table, version))?;
            self.each(table, |key, value| copy.put_with_key(&value, &key).map(drop).map_err(refused)).await?;
        }
        Ok(())
    }

    async fn step(self: &Rc<Self>, steps: Steps, from: u32, is_new: bool) -> Result<()> {
        let Some(step) = steps.after(from) else { return Ok(()) };
        if !is_new {
            self.back_up(step.tables, from).await?;
        }
        (step.run)(Rc::clone(self)).instrument(debug_span!("migration", from, step = step.name)).await?;
        self.table("kv")?.put_with_key(&(from + 1).into(), &SCHEMA.into()).map_err(refused)?;
        info!(from, to = from + 1, step = step.name, "the database is migrated, once its transaction ends");
        Ok(())
    }
}

/// What an upgrade came to, other than being done.
pub(super) enum Halted {
    /// It would have been several steps at once; the database is still of this version.
    Behind(u32),
    /// It was undone.
    Failed(Error),
}

/// Makes what the database lacks: at once, as far as it is new, so that the engine sees work before the event is over.
pub(super) fn begin(upgrade: &Rc<Upgrade>, old: u32, missing: Missing) -> Result<(), Halted> {
    if old > 0 {
        return Ok(());
    }
    if missing == Missing::Refuse {
        return Err(Halted::Failed(Error::Deleted));
    }
    upgrade.make().map_err(Halted::Failed)
}

/// Does the steps from `old` to `new`. A new database is empty: all of them together are one.
pub(super) async fn finish(upgrade: &Rc<Upgrade>, steps: Steps, old: u32, new: u32) -> Result<(), Halted> {
    let is_new = old == 0;
    if !is_new && new > old + 1 {
        return Err(Halted::Behind(old));
    }
    for from in old.max(FIRST)..new {
        upgrade.step(steps, from, is_new).await.map_err(Halted::Failed)?;
    }
    Ok(())
}
