//! A database in memory: for tests, and where a browser offers nothing else.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Backend, Batch, Committed, Loaded, OplogRecord, Rows, SCHEMA, apply};
use crate::{
    BoxFuture, Result, SCHEMA_VERSION,
    model::{EntityKey, Json, Part, Row, Stamp, WorkflowId},
};

/// A database that lives as long as its last connection. Clones are further connections to it.
#[derive(Clone)]
pub struct Memory(Arc<Mutex<Data>>);

struct Data {
    rows: BTreeMap<EntityKey, Row>,
    kv: BTreeMap<String, Json>,
    oplog: BTreeMap<Stamp, OplogRecord>,
}

impl Default for Memory {
    fn default() -> Self {
        let kv = BTreeMap::from([(SCHEMA.to_owned(), Json::from(SCHEMA_VERSION))]);
        Self(Arc::new(Mutex::new(Data { rows: BTreeMap::new(), kv, oplog: BTreeMap::new() })))
    }
}

impl Memory {
    /// An empty database.
    pub fn new() -> Self {
        Self::default()
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        // No method panics between two changes, so what a panicking thread leaves is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Memory {
    fn workflows(&self) -> BoxFuture<Result<Rows<WorkflowId>>> {
        let data = self.data();
        let own = data.rows.iter().filter(|(key, _)| key.part == Part::Itself);
        let rows = own.map(|(key, row)| (key.workflow, row.clone())).collect();
        now(Ok(Rows { rows, corrupt: Vec::new() }))
    }

    fn load(&self, workflow: WorkflowId) -> BoxFuture<Result<Loaded>> {
        let data = self.data();
        let mut loaded = Loaded::default();
        for (key, row) in
            data.rows.range(EntityKey::workflow(workflow)..).take_while(|(key, _)| key.workflow == workflow)
        {
            match key.part {
                Part::Itself => loaded.workflow = Some(row.clone()),
                Part::Node(id) => loaded.nodes.rows.push((id, row.clone())),
                Part::Edge(id) => loaded.edges.rows.push((id, row.clone())),
            }
        }
        now(Ok(loaded))
    }

    fn commit(&self, batch: Arc<Batch>) -> BoxFuture<Result<Committed>> {
        let mut data = self.data();
        let stored =
            apply::keys(&batch).into_iter().filter_map(|key| Some((key, data.rows.get(&key)?.clone()))).collect();
        let applied = apply::apply(&batch, stored);
        data.rows.extend(applied.rows.iter().cloned());
        for (key, value) in batch.kv() {
            match value {
                Some(value) => data.kv.insert(key.to_owned(), value.clone()),
                None => data.kv.remove(key),
            };
        }
        if let Some(record) = applied.record {
            data.oplog.insert(record.id, record);
        }
        now(Ok(Committed { rows: applied.rows }))
    }

    fn delete(&self, workflow: WorkflowId) -> BoxFuture<Result<()>> {
        self.data().rows.retain(|key, _| key.workflow != workflow);
        now(Ok(()))
    }

    fn kv(&self, key: &str) -> BoxFuture<Result<Option<Json>>> {
        now(Ok(self.data().kv.get(key).cloned()))
    }

    fn oplog(&self) -> BoxFuture<Result<Vec<OplogRecord>>> {
        now(Ok(self.data().oplog.values().cloned().collect()))
    }

    fn recreate(&self) -> BoxFuture<Result<()>> {
        now(Ok(()))
    }

    fn close(&self) -> BoxFuture<()> {
        now(())
    }
}

fn now<T: crate::MaybeSend + 'static>(value: T) -> BoxFuture<T> {
    Box::pin(std::future::ready(value))
}
