//! Writing.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use js_sys::{Array, Function, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{IdbKeyRange, IdbObjectStore, IdbRequest, IdbRequestReadyState, IdbTransaction};

use super::{
    assets,
    connection::{Access, Connection},
    convert::{self, refused},
    sealing,
};
use crate::{
    Error, Result,
    backend::{Batch, Committed, apply},
    model::{AssetId, EntityKey, Json, Table, WorkflowId},
};

/// From so many rows of one table and workflow on it pays to ask first which of them exist: as a rule none do, when
/// something is imported, or all.
const MANY: usize = 64;

/// A transaction and the promise of its end.
pub(super) struct Started {
    transaction: IdbTransaction,
    ended: Promise,
}

impl Started {
    /// Starts a transaction. From here on its end is listened to.
    pub(super) fn new(connection: &Connection, tables: &[&str], access: Access) -> Result<Self> {
        let transaction = connection.transaction(tables, access)?;
        // The promise's own functions are the listeners: there is no closure that could be dropped too early.
        let ended = Promise::new(&mut |resolve: Function, reject: Function| {
            transaction.set_oncomplete(Some(&resolve));
            transaction.set_onabort(Some(&reject));
        });
        Ok(Self { transaction, ended })
    }

    pub(super) fn table(&self, name: &str) -> Result<IdbObjectStore> {
        self.transaction.object_store(name).map_err(refused)
    }

    /// Waits for the end of everything.
    pub(super) async fn end(self, connection: &Connection) -> Result<()> {
        JsFuture::from(self.ended.clone()).await.map(drop).map_err(|_| self.reason(connection))
    }

    /// Waits for the end, and says why the engine has aborted. None: it has not, or it does not say why.
    pub(super) async fn failure(self) -> Option<Error> {
        JsFuture::from(self.ended).await.err()?;
        self.transaction.error().map(|error| refused(error.into()))
    }

    /// Waits for a request, and so for all that were queued before it. Should the transaction end first, so does the wait.
    pub(super) async fn reach(&self, connection: &Connection, request: &IdbRequest) -> Result<()> {
        if request.ready_state() == IdbRequestReadyState::Done {
            return Ok(());
        }
        let succeeded = Promise::new(&mut |resolve: Function, _| request.set_onsuccess(Some(&resolve)));
        let first = Promise::race(&Array::of2(&succeeded, &self.ended));
        JsFuture::from(first).await.map(drop).map_err(|_| self.reason(connection))
    }

    /// Why the transaction was aborted. Without a reason its connection went away.
    fn reason(&self, connection: &Connection) -> Error {
        let lost = || Error::Disconnected("the transaction was aborted without a reason".into());
        connection.forget_if_lost(self.transaction.error().map_or_else(lost, |error| refused(error.into())))
    }

    /// Undoes what was queued. Somebody must hear the promise's rejection, or the page reports it as unhandled.
    pub(super) fn abort(&self) {
        let _ended_already = self.transaction.abort();
        let ended = JsFuture::from(self.ended.clone());
        spawn_local(async move {
            let _expected = ended.await;
        });
    }

    /// Tells the engine that nothing more comes, where that is safe: what is sealed at once outlives a reload.
    pub(super) fn seal(&self) -> Result<()> {
        if sealing::is_safe() { self.commit() } else { Ok(()) }
    }

    /// Tells the engine that nothing more comes, safe or not.
    #[expect(deprecated, reason = "web-sys calls it so because its name changed, not the browsers")]
    pub(super) fn commit(&self) -> Result<()> {
        self.transaction.commit().map_err(refused)
    }
}

/// Waits for a request of a transaction that nobody else listens to.
pub(super) async fn settled(request: &IdbRequest) -> Result<()> {
    let settled = Promise::new(&mut |resolve: Function, reject: Function| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    JsFuture::from(settled).await.map(drop).map_err(|_| {
        refused(request.error().map_or_else(|error| error, |error| error.map_or(JsValue::UNDEFINED, JsValue::from)))
    })
}

/// A commit whose first reads are queued.
pub(super) struct Commit {
    started: Started,
    batch: Arc<Batch>,
    reads: Vec<(EntityKey, IdbRequest)>,
    /// Which rows exist at all, for those of which there are many.
    lookups: Vec<(Vec<EntityKey>, IdbRequest)>,
}

/// Runs synchronously: when it returns, the engine has the transaction and its reads.
pub(super) fn begin_commit(connection: &Connection, batch: &Arc<Batch>) -> Result<Commit> {
    let keys = apply::keys(batch);
    let mut tables: BTreeSet<&str> = keys.iter().map(|key| key.table().name()).collect();
    // The former for rows that can't be read, the latter for what nodes refer to.
    tables.extend(["kv", "assets"]);
    if batch.is_recorded() || batch.pruned().next().is_some() {
        tables.insert("oplog");
    }
    let tables: Vec<_> = tables.into_iter().collect();
    let started = Started::new(connection, &tables, Access::Write)?;
    let queue = || {
        let mut groups: BTreeMap<(Table, WorkflowId), Vec<EntityKey>> = BTreeMap::new();
        for key in keys {
            let workflow = key.workflow;
            // Workflows have no common range, and there are few.
            groups.entry((key.table(), workflow)).or_default().push(key);
        }
        let (mut reads, mut lookups) = (Vec::new(), Vec::new());
        for ((table, _), keys) in groups {
            let store = started.table(table.name())?;
            match (keys.first(), keys.last()) {
                (Some(first), Some(last)) if keys.len() >= MANY => {
                    let span = IdbKeyRange::bound(&convert::key(*first), &convert::key(*last)).map_err(refused)?;
                    let request = store.get_all_keys_with_key(&span).map_err(refused)?;
                    lookups.push((keys, request));
                }
                _ => ask(&store, keys, &mut reads)?,
            }
        }
        Ok((reads, lookups))
    };
    match queue() {
        Ok((reads, lookups)) => Ok(Commit { started, batch: Arc::clone(batch), reads, lookups }),
        Err(error) => {
            started.abort();
            Err(error)
        }
    }
}

fn ask(store: &IdbObjectStore, keys: Vec<EntityKey>, reads: &mut Vec<(EntityKey, IdbRequest)>) -> Result<()> {
    for key in keys {
        reads.push((key, store.get(&convert::key(key)).map_err(refused)?));
    }
    Ok(())
}

/// Reads, merges, writes and waits for the end.
pub(super) async fn finish_commit(connection: Rc<Connection>, commit: Commit) -> Result<Committed> {
    let Commit { started, batch, mut reads, lookups } = commit;
    // Requests succeed in the order in which they were made, but which kind came last depends on the batch.
    let last = [reads.last().map(|(_, request)| request), lookups.last().map(|(_, request)| request)];
    for request in last.into_iter().flatten() {
        started.reach(&connection, request).await?;
    }
    // From here on no foreign await: the transaction lives only as long as this turn, or as requests are pending.
    let known = reads.len();
    for (keys, request) in lookups {
        if let Err(error) = ask_existing(&started, keys, &request, &mut reads) {
            started.abort();
            return Err(error);
        }
    }
    if reads.len() > known
        && let Some((_, last)) = reads.last()
    {
        started.reach(&connection, last).await?;
    }
    match write(&started, &batch, &reads) {
        Ok((applied, referred)) => {
            started.end(&connection).await?;
            let is_missing = |found: &IdbRequest| found.result().is_ok_and(|key| key.is_undefined());
            let missing = referred.into_iter().filter(|(_, found)| is_missing(found)).map(|(id, _)| id).collect();
            Ok(applied.into_committed(missing))
        }
        Err(error) => {
            started.abort();
            Err(connection.forget_if_lost(error))
        }
    }
}

/// Asks for those of `keys` whose rows exist.
fn ask_existing(
    started: &Started,
    keys: Vec<EntityKey>,
    lookup: &IdbRequest,
    reads: &mut Vec<(EntityKey, IdbRequest)>,
) -> Result<()> {
    let existing: Array = lookup.result().map_err(refused)?.unchecked_into();
    if existing.length() == 0 {
        return Ok(());
    }
    let existing: BTreeSet<String> =
        existing.iter().filter_map(|key| key.unchecked_into::<Array>().get(1).as_string()).collect();
    let Some(first) = keys.first() else { return Ok(()) };
    let store = started.table(first.table().name())?;
    let keys = keys.into_iter().filter(|key| existing.contains(&key.uuid().to_string())).collect();
    ask(&store, keys, reads)
}

/// What was written, and each asset to which it refers, with the question whether it is there.
type Written = (apply::Applied, Vec<(AssetId, IdbRequest)>);

/// Merges, queues every write and seals the transaction. Its reads have ended.
fn write(started: &Started, batch: &Batch, reads: &[(EntityKey, IdbRequest)]) -> Result<Written> {
    let settings = started.table("kv")?;
    let mut stored = BTreeMap::new();
    for (key, request) in reads {
        let found = request.result().map_err(refused)?;
        if found.is_undefined() {
            continue;
        }
        match convert::row(*key, &found) {
            Ok(row) => drop(stored.insert(*key, row)),
            // Set aside as it is, whatever it is.
            Err(_) => drop(settings.put_with_key(&found, &format!("aside/{key}").into()).map_err(refused)?),
        }
    }
    let applied = apply::apply(batch, stored);
    let (mut table, mut referred, mut text) = (None, BTreeSet::new(), String::with_capacity(1024));
    for (key, row) in &applied.rows {
        let name = key.table();
        let store = match table.take() {
            Some((open, store)) if open == name => store,
            _ => started.table(name.name())?,
        };
        let refers = if name == Table::Nodes { row.registers.assets() } else { BTreeSet::new() };
        text.clear();
        row.write_text(key.uuid(), &mut text);
        let value = assets::node_value(&text, &refers)?;
        store.put_with_key(&value, &convert::key(*key)).map_err(refused)?;
        referred.extend(refers);
        table = Some((name, store));
    }
    for (key, value) in batch.kv() {
        match value {
            Some(value) => settings.put_with_key(&convert::setting(value)?, &key.into()),
            None => settings.delete(&key.into()),
        }
        .map_err(refused)?;
    }
    if let Some(record) = &applied.record {
        let text = Json::new(record).map_err(|error| Error::Corrupt(error.to_string()))?;
        let id = record.id.to_string();
        started.table("oplog")?.put_with_key(&text.text().into(), &id.into()).map_err(refused)?;
    }
    for id in batch.pruned() {
        started.table("oplog")?.delete(&id.to_string().into()).map_err(refused)?;
    }
    for key in &applied.removed {
        started.table(key.table().name())?.delete(&convert::key(*key)).map_err(refused)?;
    }
    let known = started.table("assets")?;
    let ask = |id: AssetId| Ok((id, known.get_key(&id.to_string().into()).map_err(refused)?));
    let referred = referred.into_iter().map(ask).collect::<Result<_>>()?;
    started.seal()?;
    Ok((applied, referred))
}

/// Queues the removal of a workflow.
pub(super) fn begin_delete(connection: &Connection, workflow: WorkflowId) -> Result<Started> {
    let tables = Table::ALL.map(Table::name);
    let started = Started::new(connection, &tables, Access::Write)?;
    let queue = || {
        let range = convert::range(workflow)?;
        started.table(Table::Nodes.name())?.delete(&range).map_err(refused)?;
        started.table(Table::Edges.name())?.delete(&range).map_err(refused)?;
        started.table(Table::Workflows.name())?.delete(&workflow.to_string().into()).map_err(refused)?;
        started.seal()
    };
    match queue() {
        Ok(()) => Ok(started),
        Err(error) => {
            started.abort();
            Err(error)
        }
    }
}

/// Waits for the end.
pub(super) async fn ended(connection: Rc<Connection>, started: Started) -> Result<()> {
    started.end(&connection).await
}
