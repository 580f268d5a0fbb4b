//! `SQLite`: the desktop's database.
//!
//! One thread owns the connection and does one job at a time, so that no caller ever waits for the disk while it holds
//! anything, and calls take effect in the order in which they were made, but for rows of assets and small contents that wait to be
//! added: those are added together with the first of them. Write-ahead log and `synchronous=FULL`: a commit
//! returns when the disk has it. Pages of 8 KiB suit rows of half a kilobyte (sqlite.org/intern-v-extern-blob.html).

mod notes;
mod salvage;
mod together;
mod upgrade;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params};
use tokio::sync::oneshot;
use tracing::info;
use uuid::Uuid;

use super::{AssetRows, AssetUse, Backend, Batch, Committed, Loaded, OplogRecord, Rows, SCHEMA, Wanted, apply};
use crate::{
    BoxFuture, Error, Result,
    model::{Asset, AssetId, EdgeId, EntityKey, Json, NodeId, Part, Row, Table, WorkflowId},
};

pub(crate) use notes::{Claim, Note};
pub use salvage::Salvaged;
use together::Together;
pub use upgrade::{Run, Steps, backup_of};

/// The database's file in the data folder.
pub const FILE: &str = "atelier.db";

/// How long a call waits for another connection that is writing.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection. Clones share it.
#[derive(Clone)]
pub struct Sqlite {
    jobs: mpsc::Sender<Job>,
    adding: Arc<Together<Asset, Asset>>,
    noting: Arc<Together<Note, ()>>,
    newer: Newer,
    closed: Closed,
}

/// The larger schema that was found, 0 for none. The thread finds it, everybody may ask.
type Newer = Arc<AtomicU32>;

/// Whether it was closed and nothing was asked since that has opened it again.
type Closed = Arc<AtomicBool>;

type Job = Box<dyn FnOnce(&mut Worker) + Send>;

impl Sqlite {
    /// Opens the database in `folder`, making both if they are missing. One that a newer build wrote is only read.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when it is no database, which leaves it untouched; whatever a step of a migration failed with.
    pub fn open(folder: &Path) -> BoxFuture<Result<Self>> {
        Self::open_as(folder, upgrade::STEPS)
    }

    /// The same as a build with these steps: for tests of migrations.
    ///
    /// # Errors
    /// As [`Sqlite::open`].
    #[cfg(any(test, feature = "testing"))]
    pub fn open_with(folder: &Path, steps: Steps) -> BoxFuture<Result<Self>> {
        Self::open_as(folder, steps)
    }

    fn open_as(folder: &Path, steps: Steps) -> BoxFuture<Result<Self>> {
        let file = folder.join(FILE);
        let (newer, closed) = (Newer::default(), Closed::default());
        let (found, reopened) = (Arc::clone(&newer), Arc::clone(&closed));
        let (jobs, inbox) = mpsc::channel::<Job>();
        let (tell, told) = oneshot::channel();
        let work = move || {
            let mut worker = match Worker::open(file, steps, found, reopened) {
                Ok(worker) => worker,
                Err(error) => {
                    let _nobody_waits = tell.send(Err(error));
                    return;
                }
            };
            let _nobody_waits = tell.send(Ok(()));
            for job in inbox {
                job(&mut worker);
            }
        };
        let started = thread::Builder::new().name("atelier-sqlite".into()).spawn(work);
        Box::pin(async move {
            started.map_err(|error| Error::Unavailable(error.to_string()))?;
            told.await.map_err(|_| gone())??;
            Ok(Self { jobs, adding: Arc::default(), noting: Arc::default(), newer, closed })
        })
    }

    /// Reads what the contract does not know of: bytes and handles. Under way when this returns.
    pub(crate) fn read<T: Send + 'static>(
        &self,
        job: impl Fn(&Connection) -> Result<T> + Send + 'static,
    ) -> BoxFuture<Result<T>> {
        self.call(move |worker| job(worker.connection()?))
    }

    /// Writes what the contract does not know of, in one transaction. Under way when this returns.
    pub(crate) fn write<T: Send + 'static>(
        &self,
        job: impl Fn(&Transaction) -> Result<T> + Send + 'static,
    ) -> BoxFuture<Result<T>> {
        self.call(move |worker| {
            let transaction = worker.write()?;
            let result = job(&transaction)?;
            transaction.commit()?;
            Ok(result)
        })
    }

    /// Queues what is done together with all that wait in the queue by then, in one transaction.
    fn together<Q: Send + 'static, A: Send + 'static>(
        &self,
        queue: &Arc<Together<Q, A>>,
        asked: Q,
        all: fn(&Transaction, &[Q]) -> Result<Vec<A>>,
    ) -> BoxFuture<Result<A>> {
        let (told, queue) = (queue.wait(asked), Arc::clone(queue));
        let queued = self.jobs.send(Box::new(move |worker| {
            queue.answer(|asked| {
                worker.insist(|worker| {
                    let transaction = worker.write()?;
                    let answers = all(&transaction, asked)?;
                    transaction.commit()?;
                    Ok(answers)
                })
            });
        }));
        Box::pin(async move {
            queued.map_err(|_| gone())?;
            told.await.map_err(|_| gone())?
        })
    }

    /// Queues a job at once; the future gives its result. A job that loses the connection is done again on a new one.
    fn call<T: Send + 'static>(&self, job: impl Fn(&mut Worker) -> Result<T> + Send + 'static) -> BoxFuture<Result<T>> {
        let (tell, told) = oneshot::channel();
        let queued = self.jobs.send(Box::new(move |worker| {
            let _nobody_waits = tell.send(worker.insist(job));
        }));
        Box::pin(async move {
            queued.map_err(|_| gone())?;
            told.await.map_err(|_| gone())?
        })
    }
}

fn gone() -> Error {
    Error::Disconnected("the database's thread has ended".into())
}

impl Backend for Sqlite {
    fn workflows(&self) -> BoxFuture<Result<Rows<WorkflowId>>> {
        self.call(|worker| {
            let mut query =
                worker.connection()?.prepare_cached("SELECT id, CAST(row AS BLOB) FROM workflows ORDER BY id")?;
            read_rows(&mut query, [], WorkflowId::from_uuid, |id| EntityKey::workflow(WorkflowId::from_uuid(id)))
        })
    }

    fn load(&self, workflow: WorkflowId) -> BoxFuture<Result<Loaded>> {
        self.call(move |worker| {
            // A deferred transaction that only reads: all three tables as they were at one moment.
            let snapshot = worker.connection()?.transaction()?;
            let mut loaded = Loaded::default();
            let text: Option<Vec<u8>> = snapshot
                .prepare_cached("SELECT CAST(row AS BLOB) FROM workflows WHERE id = ?1")?
                .query_row([workflow.uuid().as_bytes()], |row| row.get(0))
                .optional()?;
            match text.map(|text| parse(EntityKey::workflow(workflow), &text)) {
                None => {}
                Some(Ok((_, row))) => loaded.workflow = Some(row),
                Some(Err(error)) => loaded.corrupt = Some(error),
            }
            let of = [workflow.uuid().as_bytes().to_vec()];
            let mut query =
                snapshot.prepare_cached("SELECT id, CAST(row AS BLOB) FROM nodes WHERE workflow = ?1 ORDER BY id")?;
            let key = |id| EntityKey::node(workflow, NodeId::from_uuid(id));
            loaded.nodes = read_rows(&mut query, rusqlite::params_from_iter(of.iter()), NodeId::from_uuid, key)?;
            let mut query =
                snapshot.prepare_cached("SELECT id, CAST(row AS BLOB) FROM edges WHERE workflow = ?1 ORDER BY id")?;
            let key = |id| EntityKey::edge(workflow, EdgeId::from_uuid(id));
            loaded.edges = read_rows(&mut query, rusqlite::params_from_iter(of.iter()), EdgeId::from_uuid, key)?;
            Ok(loaded)
        })
    }

    fn rows(&self, keys: BTreeSet<EntityKey>) -> BoxFuture<Result<Vec<(EntityKey, Row)>>> {
        self.call(move |worker| {
            let snapshot = worker.connection()?.transaction()?;
            let mut rows = Vec::with_capacity(keys.len());
            for key in &keys {
                let parsed = read_row(&snapshot, *key)?.map(|text| parse(*key, &text));
                rows.extend(parsed.and_then(Result::ok).map(|(_, row)| (*key, row)));
            }
            Ok(rows)
        })
    }

    fn commit(&self, batch: Arc<Batch>) -> BoxFuture<Result<Committed>> {
        self.call(move |worker| worker.commit(&batch))
    }

    fn delete(&self, workflow: WorkflowId) -> BoxFuture<Result<()>> {
        self.call(move |worker| {
            let transaction = worker.write()?;
            for sql in [
                "DELETE FROM uses WHERE workflow = ?1",
                "DELETE FROM edges WHERE workflow = ?1",
                "DELETE FROM nodes WHERE workflow = ?1",
                "DELETE FROM workflows WHERE id = ?1",
            ] {
                transaction.prepare_cached(sql)?.execute([workflow.uuid().as_bytes()])?;
            }
            Ok(transaction.commit()?)
        })
    }

    fn kv(&self, key: &str) -> BoxFuture<Result<Option<Json>>> {
        let key = key.to_owned();
        self.call(move |worker| read_kv(worker.connection()?, &key))
    }

    fn oplog(&self) -> BoxFuture<Result<Vec<OplogRecord>>> {
        self.call(|worker| {
            let mut query = worker.connection()?.prepare_cached("SELECT record FROM oplog ORDER BY id")?;
            let texts = query.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
            let record =
                |text: String| serde_json::from_str(&text).map_err(|error| Error::Corrupt(format!("oplog: {error}")));
            texts.into_iter().map(record).collect()
        })
    }

    fn assets(&self) -> BoxFuture<Result<AssetRows>> {
        self.call(|worker| {
            let mut query =
                worker.connection()?.prepare_cached("SELECT id, CAST(row AS BLOB) FROM assets ORDER BY id")?;
            let mut found = query.query([])?;
            let mut rows = AssetRows::default();
            while let Some(row) = found.next()? {
                let (id, text): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
                match parse_asset(&id, &text) {
                    Ok(asset) => rows.rows.push(asset.without_thumbnail()),
                    Err(error) => rows.corrupt.push(error),
                }
            }
            Ok(rows)
        })
    }

    fn asset(&self, wanted: Wanted) -> BoxFuture<Result<Option<Asset>>> {
        self.call(move |worker| read_asset(worker.connection()?, &wanted))
    }

    fn assets_of(&self, hashes: BTreeSet<String>) -> BoxFuture<Result<Vec<Asset>>> {
        self.call(move |worker| {
            let connection = worker.connection()?;
            let found = hashes.iter().map(|hash| read_asset(connection, &Wanted::Hash(hash.clone())));
            let known = found.filter_map(Result::transpose).map(|asset| asset.map(Asset::without_thumbnail));
            known.collect()
        })
    }

    fn add_asset(&self, asset: Asset) -> BoxFuture<Result<Asset>> {
        self.together(&self.adding, asset, add_assets)
    }

    fn change_asset(&self, asset: Asset) -> BoxFuture<Result<bool>> {
        self.call(move |worker| {
            let transaction = worker.write()?;
            let known = transaction
                .prepare_cached("SELECT 1 FROM assets WHERE id = ?1")?
                .exists([asset.id.uuid().as_bytes()])?;
            if known {
                write_asset(&transaction, &asset)?;
                transaction.commit()?;
            }
            Ok(known)
        })
    }

    fn remove_assets(&self, ids: BTreeSet<AssetId>) -> BoxFuture<Result<Vec<Asset>>> {
        self.call(move |worker| {
            let transaction = worker.write()?;
            let mut removed = Vec::new();
            for id in &ids {
                let used = transaction
                    .prepare_cached("SELECT 1 FROM uses WHERE asset = ?1")?
                    .exists([id.uuid().as_bytes()])?;
                let Some(asset) = read_asset(&transaction, &Wanted::Id(*id))?.filter(|_| !used) else { continue };
                transaction.prepare_cached("DELETE FROM assets WHERE id = ?1")?.execute([id.uuid().as_bytes()])?;
                removed.push(asset);
            }
            transaction.commit()?;
            Ok(removed)
        })
    }

    fn uses(&self) -> BoxFuture<Result<Vec<AssetUse>>> {
        self.call(|worker| {
            let sql = "SELECT asset, workflow, node FROM uses ORDER BY asset, workflow, node";
            let mut query = worker.connection()?.prepare_cached(sql)?;
            let uses = query.query_map([], |row| {
                Ok(AssetUse {
                    asset: AssetId::from_uuid(Uuid::from_bytes(row.get(0)?)),
                    workflow: WorkflowId::from_uuid(Uuid::from_bytes(row.get(1)?)),
                    node: NodeId::from_uuid(Uuid::from_bytes(row.get(2)?)),
                })
            })?;
            Ok(uses.collect::<rusqlite::Result<_>>()?)
        })
    }

    fn newer(&self) -> Option<u32> {
        Some(self.newer.load(Ordering::SeqCst)).filter(|found| *found > 0)
    }

    fn recreate(&self) -> BoxFuture<Result<()>> {
        self.call(Worker::recreate)
    }

    fn close(&self) -> BoxFuture<()> {
        self.closed.store(true, Ordering::SeqCst);
        let closed = self.call(|worker| {
            worker.connection = None;
            // What was asked before may have opened it once more.
            worker.closed.store(true, Ordering::SeqCst);
            Ok(())
        });
        Box::pin(async move {
            // An error means that the thread has ended: closed as well.
            drop(closed.await);
        })
    }
}

/// What the thread owns.
struct Worker {
    file: PathBuf,
    /// None after closing; the next call opens it again.
    connection: Option<Connection>,
    /// The file that was opened. Another one of the same name is somebody else's: ours was deleted.
    opened: Option<FileId>,
    steps: Steps,
    newer: Newer,
    closed: Closed,
}

/// The schema that a new file begins with, whatever steps follow.
const FIRST: u32 = 1;

const SCHEMA_SQL: &str = "
CREATE TABLE workflows (id BLOB PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE nodes (workflow BLOB NOT NULL, id BLOB NOT NULL, row TEXT NOT NULL, PRIMARY KEY (workflow, id)) WITHOUT ROWID;
CREATE TABLE edges (workflow BLOB NOT NULL, id BLOB NOT NULL, row TEXT NOT NULL, PRIMARY KEY (workflow, id)) WITHOUT ROWID;
CREATE TABLE assets (id BLOB PRIMARY KEY, hash TEXT UNIQUE, row TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE blobs (key TEXT PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE handles (id TEXT PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE kv (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE oplog (id BLOB PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
";

/// The index of uses, which files of early builds don't have yet: nothing in them referred to media.
const USES_SQL: &str = "
CREATE TABLE IF NOT EXISTS uses (asset BLOB NOT NULL, workflow BLOB NOT NULL, node BLOB NOT NULL, PRIMARY KEY (asset, workflow, node)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS uses_by_node ON uses (workflow, node);
";

impl Worker {
    fn open(file: PathBuf, steps: Steps, newer: Newer, closed: Closed) -> Result<Self> {
        let mut worker = Self { file, connection: None, opened: None, steps, newer, closed };
        worker.make_folder()?;
        worker.connect()?;
        Ok(worker)
    }

    fn connect(&mut self) -> Result<()> {
        let mut connection = Connection::open(&self.file)?;
        connection.busy_timeout(PATIENCE)?;
        match self.version(&connection) {
            Ok(_) => self.prepare(&mut connection)?,
            // Closed before anything was changed.
            Err(Error::Newer { .. }) => connection = upgrade::open_to_read(&self.file)?,
            Err(error) => return Err(error),
        }
        connection.set_prepared_statement_cache_capacity(32);
        self.opened = file_id(&self.file);
        self.connection = Some(connection);
        self.closed.store(false, Ordering::SeqCst);
        Ok(())
    }

    /// Makes what the file lacks.
    fn prepare(&mut self, connection: &mut Connection) -> Result<()> {
        // Before the log mode: afterwards the size of a page stays what it is.
        connection.pragma_update(None, "page_size", 8192)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Asked again: two processes may have opened an empty file at the same time.
        let is_new = self.version(&transaction)? == 0;
        if is_new {
            transaction.execute_batch(SCHEMA_SQL)?;
            write_kv(&transaction, SCHEMA, &Json::from(FIRST))?;
            transaction.pragma_update(None, "user_version", FIRST)?;
            info!(schema = FIRST, "a database was made");
        }
        transaction.execute_batch(USES_SQL)?;
        transaction.commit()?;
        upgrade::upgrade(connection, &self.file, self.steps, is_new)
    }

    /// The schema of what is stored, 0 in a new file. One that is newer than this build's is an error.
    fn version(&self, connection: &Connection) -> Result<u32> {
        let (found, known) = (found_version(connection)?, self.steps.version());
        if found > known {
            self.newer.store(found, Ordering::SeqCst);
            return Err(Error::Newer { found, known });
        }
        Ok(found)
    }

    /// Does a job, and once more if that loses the connection.
    fn insist<T>(&mut self, job: impl Fn(&mut Self) -> Result<T>) -> Result<T> {
        let mut result = job(self);
        if matches!(result, Err(Error::Disconnected(_))) {
            self.connection = None;
            result = job(self);
        }
        self.explained(result)
    }

    /// What can't be read of a newer schema is no damage: this build doesn't know how.
    fn explained<T>(&self, result: Result<T>) -> Result<T> {
        let found = self.newer.load(Ordering::SeqCst);
        match result {
            Err(Error::Refused { .. } | Error::Corrupt(_)) if found > 0 => {
                Err(Error::Newer { found, known: self.steps.version() })
            }
            result => result,
        }
    }

    /// The connection, unless its file was deleted under it: what would be written to it then, nobody would find again.
    fn connection(&mut self) -> Result<&mut Connection> {
        if self.opened != file_id(&self.file) {
            self.connection = None;
            return Err(Error::Deleted);
        }
        if self.connection.is_none() {
            self.connect()?;
        }
        self.connection.as_mut().ok_or_else(gone)
    }

    fn recreate(&mut self) -> Result<()> {
        let found = file_id(&self.file);
        if found == self.opened {
            return Ok(());
        }
        self.connection = None;
        if found.is_none() {
            // What the lost file has left would be taken for the new one's.
            for suffix in ["-wal", "-shm"] {
                let mut name = self.file.clone().into_os_string();
                name.push(suffix);
                match fs::remove_file(&name) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(Error::Unavailable(format!("{}: {error}", name.display())));
                    }
                    _ => {}
                }
            }
        }
        self.make_folder()?;
        self.connect()
    }

    fn make_folder(&self) -> Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|error| Error::Unavailable(format!("{}: {error}", folder.display())))
    }

    fn write(&mut self) -> Result<Transaction<'_>> {
        // Asked each time: a newer build may have opened the database since, and then nothing older may write to it.
        let (known, newer) = (self.steps.version(), Arc::clone(&self.newer));
        let found = found_version(self.connection()?)?;
        if found > known {
            newer.store(found, Ordering::SeqCst);
            // The next one that is opened only reads.
            self.connection = None;
            return Err(Error::Newer { found, known });
        }
        // Immediate: a transaction that begins by reading could not be made a writing one while another writes.
        let transaction = self.connection()?.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // And once more, now that nobody else can change it.
        let found = found_version(&transaction)?;
        if found > known {
            newer.store(found, Ordering::SeqCst);
            return Err(Error::Newer { found, known });
        }
        Ok(transaction)
    }

    fn commit(&mut self, batch: &Batch) -> Result<Committed> {
        let transaction = self.write()?;
        let mut stored = BTreeMap::new();
        let mut aside = Vec::new();
        let fresh = fresh_workflows(&transaction, batch)?;
        for key in apply::keys(batch) {
            if fresh.contains(&key.workflow) {
                continue;
            }
            let Some(text) = read_row(&transaction, key)? else { continue };
            match parse(key, &text) {
                Ok((_, row)) => drop(stored.insert(key, row)),
                Err(_) => aside.push((key, text)),
            }
        }
        let applied = apply::apply(batch, stored);
        for (key, text) in aside {
            write_kv(&transaction, &format!("aside/{key}"), &Json::from(String::from_utf8_lossy(&text).as_ref()))?;
        }
        write_rows(&transaction, &applied.rows)?;
        for (key, value) in batch.kv() {
            match value {
                Some(value) => write_kv(&transaction, key, value)?,
                None => drop(transaction.prepare_cached("DELETE FROM kv WHERE key = ?1")?.execute([key])?),
            }
        }
        if let Some(record) = &applied.record {
            let text = serde_json::to_string(record).map_err(|error| Error::Corrupt(error.to_string()))?;
            let sql = "INSERT OR REPLACE INTO oplog (id, record) VALUES (?1, ?2)";
            transaction.prepare_cached(sql)?.execute(params![record.id.uuid().as_bytes(), text])?;
        }
        for id in batch.pruned() {
            transaction.prepare_cached("DELETE FROM oplog WHERE id = ?1")?.execute([id.uuid().as_bytes()])?;
        }
        for key in &applied.removed {
            remove_row(&transaction, *key)?;
        }
        let missing = write_uses(&transaction, &applied, &fresh)?;
        transaction.commit()?;
        Ok(applied.into_committed(missing))
    }
}

/// Adds rows whose contents are not known yet. The answers are the rows that are there afterwards, in the same order.
fn add_assets(transaction: &Transaction, assets: &[Asset]) -> Result<Vec<Asset>> {
    let mut there = Vec::with_capacity(assets.len());
    for asset in assets {
        let known = read_asset(transaction, &Wanted::Hash(asset.hash.clone()))?;
        if known.is_none() {
            write_asset(transaction, asset)?;
        }
        there.push(known.unwrap_or_else(|| asset.clone()));
    }
    Ok(there)
}

/// Brings the index of uses in line with the rows that are written, and gives the assets that aren't there. Nodes of `fresh`
/// workflows have no entries yet.
fn write_uses(
    transaction: &Transaction,
    applied: &apply::Applied,
    fresh: &BTreeSet<WorkflowId>,
) -> Result<BTreeSet<AssetId>> {
    let mut missing = BTreeSet::new();
    for (workflow, node, assets) in applied.assets() {
        if !fresh.contains(&workflow) {
            let sql = "DELETE FROM uses WHERE workflow = ?1 AND node = ?2";
            transaction.prepare_cached(sql)?.execute([workflow.uuid().as_bytes(), node.uuid().as_bytes()])?;
        }
        for asset in assets {
            let sql = "INSERT OR IGNORE INTO uses (asset, workflow, node) VALUES (?1, ?2, ?3)";
            let ids = [asset.uuid(), workflow.uuid(), node.uuid()];
            transaction.prepare_cached(sql)?.execute(ids.each_ref().map(Uuid::as_bytes))?;
            let mut known = transaction.prepare_cached("SELECT 1 FROM assets WHERE id = ?1")?;
            if !known.exists([asset.uuid().as_bytes()])? {
                missing.insert(asset);
            }
        }
    }
    Ok(missing)
}

/// Reads an asset's row and checks that it is the row of its key.
fn parse_asset(id: &[u8], text: &[u8]) -> Result<Asset> {
    let named = || Uuid::from_slice(id).map_or_else(|_| format!("{id:?}"), |id| id.hyphenated().to_string());
    let corrupt = |reason: String| Error::Corrupt(format!("the row of asset {}: {reason}", named()));
    let asset: Asset = serde_json::from_slice(text).map_err(|error| corrupt(error.to_string()))?;
    if asset.id.uuid().as_bytes() == id { Ok(asset) } else { Err(corrupt(format!("it is that of {}", asset.id))) }
}

fn read_asset(connection: &Connection, wanted: &Wanted) -> Result<Option<Asset>> {
    let read = |row: &rusqlite::Row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?));
    let found = match wanted {
        Wanted::Id(id) => connection
            .prepare_cached("SELECT id, CAST(row AS BLOB) FROM assets WHERE id = ?1")?
            .query_row([id.uuid().as_bytes()], read),
        Wanted::Hash(hash) => connection
            .prepare_cached("SELECT id, CAST(row AS BLOB) FROM assets WHERE hash = ?1")?
            .query_row([hash], read),
    };
    found.optional()?.map(|(id, text)| parse_asset(&id, &text)).transpose()
}

fn write_asset(transaction: &Transaction, asset: &Asset) -> Result<()> {
    let text = serde_json::to_string(asset).map_err(|error| Error::Corrupt(error.to_string()))?;
    let sql = "INSERT OR REPLACE INTO assets (id, hash, row) VALUES (?1, ?2, ?3)";
    transaction.prepare_cached(sql)?.execute(params![asset.id.uuid().as_bytes(), asset.hash, text])?;
    Ok(())
}

/// The schema of what is stored, 0 in a new file.
fn found_version(connection: &Connection) -> Result<u32> {
    Ok(connection.prepare_cached("PRAGMA user_version")?.query_row([], |row| row.get(0))?)
}

/// Tells a file from another one of the same name.
#[cfg(unix)]
type FileId = (u64, u64);

#[cfg(unix)]
fn file_id(file: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;

    fs::metadata(file).ok().map(|found| (found.dev(), found.ino()))
}

/// Here a file that is open cannot be deleted, so there never is another one of the same name.
#[cfg(not(unix))]
type FileId = ();

#[cfg(not(unix))]
fn file_id(file: &Path) -> Option<FileId> {
    file.exists().then_some(())
}

/// Those of the batch's workflows of which nothing is stored: 10,000 reads fewer when one is imported.
fn fresh_workflows(transaction: &Transaction<'_>, batch: &Batch) -> Result<BTreeSet<WorkflowId>> {
    let mut query = transaction.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM workflows WHERE id = ?1) OR EXISTS (SELECT 1 FROM nodes WHERE workflow = ?1)
             OR EXISTS (SELECT 1 FROM edges WHERE workflow = ?1)",
    )?;
    let mut fresh = BTreeSet::new();
    for workflow in batch.workflows() {
        if !query.query_row([workflow.uuid().as_bytes()], |row| row.get::<_, bool>(0))? {
            fresh.insert(workflow);
        }
    }
    Ok(fresh)
}

fn read_row(transaction: &Transaction<'_>, key: EntityKey) -> Result<Option<Vec<u8>>> {
    let (workflow, id) = (key.workflow.uuid(), key.uuid());
    let text = match key.part {
        Part::Itself => transaction
            .prepare_cached("SELECT CAST(row AS BLOB) FROM workflows WHERE id = ?1")?
            .query_row([id.as_bytes()], |row| row.get(0)),
        Part::Node(_) => transaction
            .prepare_cached("SELECT CAST(row AS BLOB) FROM nodes WHERE workflow = ?1 AND id = ?2")?
            .query_row([workflow.as_bytes(), id.as_bytes()], |row| row.get(0)),
        Part::Edge(_) => transaction
            .prepare_cached("SELECT CAST(row AS BLOB) FROM edges WHERE workflow = ?1 AND id = ?2")?
            .query_row([workflow.as_bytes(), id.as_bytes()], |row| row.get(0)),
    };
    Ok(text.optional()?)
}

fn write_rows(transaction: &Transaction<'_>, rows: &[(EntityKey, Row)]) -> Result<()> {
    let mut workflows = transaction.prepare_cached("INSERT OR REPLACE INTO workflows (id, row) VALUES (?1, ?2)")?;
    let mut nodes =
        transaction.prepare_cached("INSERT OR REPLACE INTO nodes (workflow, id, row) VALUES (?1, ?2, ?3)")?;
    let mut edges =
        transaction.prepare_cached("INSERT OR REPLACE INTO edges (workflow, id, row) VALUES (?1, ?2, ?3)")?;
    let mut text = String::with_capacity(1024);
    for (key, row) in rows {
        let (workflow, id) = (key.workflow.uuid(), key.uuid());
        text.clear();
        row.write_text(id, &mut text);
        match key.table() {
            Table::Workflows => workflows.execute(params![id.as_bytes(), text])?,
            Table::Nodes => nodes.execute(params![workflow.as_bytes(), id.as_bytes(), text])?,
            Table::Edges => edges.execute(params![workflow.as_bytes(), id.as_bytes(), text])?,
        };
    }
    Ok(())
}

fn remove_row(transaction: &Transaction<'_>, key: EntityKey) -> Result<()> {
    let (workflow, id) = (key.workflow.uuid(), key.uuid());
    let sql = match key.table() {
        Table::Workflows => {
            transaction.prepare_cached("DELETE FROM workflows WHERE id = ?1")?.execute([id.as_bytes()])?;
            return Ok(());
        }
        Table::Nodes => {
            let sql = "DELETE FROM uses WHERE workflow = ?1 AND node = ?2";
            transaction.prepare_cached(sql)?.execute([workflow.as_bytes(), id.as_bytes()])?;
            "DELETE FROM nodes WHERE workflow = ?1 AND id = ?2"
        }
        Table::Edges => "DELETE FROM edges WHERE workflow = ?1 AND id = ?2",
    };
    transaction.prepare_cached(sql)?.execute([workflow.as_bytes(), id.as_bytes()])?;
    Ok(())
}

fn read_rows<Id>(
    query: &mut rusqlite::CachedStatement<'_>,
    of: impl rusqlite::Params,
    id: impl Fn(Uuid) -> Id,
    key: impl Fn(Uuid) -> EntityKey,
) -> Result<Rows<Id>> {
    let mut rows = Rows::default();
    let mut found = query.query(of)?;
    while let Some(row) = found.next()? {
        let bytes = row.get_ref(0)?.as_blob().ok().and_then(|bytes| Uuid::from_slice(bytes).ok());
        // Only somebody else can have written a key that is no UUID.
        let uuid = bytes.ok_or_else(|| Error::Corrupt("a row's key is no UUID".into()))?;
        match parse(key(uuid), row.get_ref(1)?.as_bytes().unwrap_or_default()) {
            Ok((_, row)) => rows.rows.push((id(uuid), row)),
            Err(error) => rows.corrupt.push(error),
        }
    }
    Ok(rows)
}

/// Reads a row's text, and checks that it is the row of its key.
fn parse(key: EntityKey, text: &[u8]) -> Result<(Uuid, Row)> {
    let corrupt = |reason: String| Error::CorruptRow { key, reason };
    let text = std::str::from_utf8(text).map_err(|error| corrupt(error.to_string()))?;
    let (id, row) = Row::parse(text).map_err(|error| corrupt(error.to_string()))?;
    if id == key.uuid() { Ok((id, row)) } else { Err(corrupt(format!("it is the row of {id}"))) }
}

fn read_kv(connection: &Connection, key: &str) -> Result<Option<Json>> {
    let text: Option<String> = connection
        .prepare_cached("SELECT value FROM kv WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    let read =
        |text: String| serde_json::from_str(&text).map_err(|error| Error::Corrupt(format!("setting {key}: {error}")));
    text.map(read).transpose()
}

fn write_kv(connection: &Connection, key: &str, value: &Json) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO kv (key, value) VALUES (?1, ?2)";
    connection.prepare_cached(sql)?.execute([key, value.text()])?;
    Ok(())
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(text),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked(text),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(text),
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::Unavailable(text),
            Some(ErrorCode::SystemIoFailure) => Self::Disconnected(text),
            code => Self::Refused { name: code.map_or("SQLite".to_owned(), |code| format!("{code:?}")), message: text },
        }
    }
}
