//! Reading.
//!
//! Through our own connection, not through rexie: a reader that opens without a version makes a deleted database again,
//! empty, and hides why something failed. (`tests/conformance` pins both, and reads everything through rexie besides.)

use std::{collections::BTreeSet, rc::Rc};

use js_sys::Array;
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::IdbRequest;

use super::{
    connection::{Access, Connection},
    convert::{self, refused},
    transaction::Started,
};
use crate::{
    Error, Result,
    backend::{Loaded, OplogRecord, Rows},
    model::{EdgeId, EntityKey, Json, NodeId, Row, Table, WorkflowId},
};

/// A request for everything in a range.
pub(super) struct All {
    table: Table,
    range: JsValue,
    values: IdbRequest,
}

impl All {
    fn ask(started: &Started, table: Table, range: JsValue) -> Result<Self> {
        let values = started.table(table.name())?.get_all_with_key(&range).map_err(refused)?;
        Ok(Self { table, range, values })
    }

    /// Decodes all rows with one crossing from JavaScript; should one be unreadable, each by itself.
    async fn rows<Id>(
        &self,
        connection: &Connection,
        id: fn(Uuid) -> Id,
        key: impl Fn(Uuid) -> EntityKey,
    ) -> Result<Rows<Id>> {
        let values: Array = self.values.result().map_err(refused)?.unchecked_into();
        let mut text = format!("[{}]", String::from(values.join(",")));
        // What a row that is an object becomes; a text may hold these words as well, which does no harm.
        if text.contains("[object Object]") {
            let texts: Array = values.iter().map(|value| convert::text(&value).map_or(value, JsValue::from)).collect();
            text = format!("[{}]", String::from(texts.join(",")));
        }
        match Row::parse_all(&text) {
            // They come in the order of their keys, so ids in another order are not those of the keys.
            Ok(rows)
                if rows.len() == values.length() as usize
                    && rows.is_sorted_by(|(left, _), (right, _)| left < right) =>
            {
                Ok(Rows { rows: rows.into_iter().map(|(uuid, row)| (id(uuid), row)).collect(), corrupt: Vec::new() })
            }
            _ => self.rows_one_by_one(connection, id, key).await,
        }
    }

    /// Reads again, with the keys, so that the rows that can't be read have a name.
    async fn rows_one_by_one<Id>(
        &self,
        connection: &Connection,
        id: fn(Uuid) -> Id,
        key: impl Fn(Uuid) -> EntityKey,
    ) -> Result<Rows<Id>> {
        let started = Started::new(connection, &[self.table.name()], Access::Read)?;
        let store = started.table(self.table.name())?;
        let values = store.get_all_with_key(&self.range).map_err(refused)?;
        let keys = store.get_all_keys_with_key(&self.range).map_err(refused)?;
        started.end(connection).await?;
        let values: Array = values.result().map_err(refused)?.unchecked_into();
        let keys: Array = keys.result().map_err(refused)?.unchecked_into();
        let mut rows = Rows::default();
        for (stored_key, value) in keys.iter().zip(values.iter()) {
            let own = stored_key.dyn_ref::<Array>().map_or_else(|| stored_key.clone(), |pair| pair.get(1));
            let uuid = own.as_string().and_then(|text| Uuid::try_parse(&text).ok());
            // Only somebody else can have written a key that is no UUID.
            let uuid = uuid.ok_or_else(|| Error::Corrupt("a row's key is no UUID".into()))?;
            match convert::row(key(uuid), &value) {
                Ok(row) => rows.rows.push((id(uuid), row)),
                Err(error) => rows.corrupt.push(error),
            }
        }
        Ok(rows)
    }
}

/// Queues what [`workflows`] needs.
pub(super) fn ask_workflows(connection: &Connection) -> Result<(Started, All)> {
    let started = Started::new(connection, &[Table::Workflows.name()], Access::Read)?;
    let all = All::ask(&started, Table::Workflows, JsValue::UNDEFINED)?;
    Ok((started, all))
}

pub(super) async fn workflows(connection: Rc<Connection>, (started, all): (Started, All)) -> Result<Rows<WorkflowId>> {
    started.end(&connection).await?;
    all.rows(&connection, WorkflowId::from_uuid, |id| EntityKey::workflow(WorkflowId::from_uuid(id))).await
}

/// A workflow's requests.
pub(super) struct Load {
    started: Started,
    id: WorkflowId,
    workflow: IdbRequest,
    nodes: All,
    edges: All,
}

/// Queues what [`load`] needs, in one transaction.
pub(super) fn ask_load(connection: &Connection, id: WorkflowId) -> Result<Load> {
    let started = Started::new(connection, &Table::ALL.map(Table::name), Access::Read)?;
    let range = JsValue::from(convert::range(id)?);
    let workflow =
        started.table(Table::Workflows.name())?.get(&convert::key(EntityKey::workflow(id))).map_err(refused)?;
    let nodes = All::ask(&started, Table::Nodes, range.clone())?;
    let edges = All::ask(&started, Table::Edges, range)?;
    Ok(Load { started, id, workflow, nodes, edges })
}

pub(super) async fn load(connection: Rc<Connection>, load: Load) -> Result<Loaded> {
    let Load { started, id, workflow, nodes, edges } = load;
    started.end(&connection).await?;
    let stored = workflow.result().map_err(refused)?;
    let mut loaded = Loaded {
        nodes: nodes.rows(&connection, NodeId::from_uuid, |node| EntityKey::node(id, NodeId::from_uuid(node))).await?,
        edges: edges.rows(&connection, EdgeId::from_uuid, |edge| EntityKey::edge(id, EdgeId::from_uuid(edge))).await?,
        ..Loaded::default()
    };
    if !stored.is_undefined() {
        match convert::row(EntityKey::workflow(id), &stored) {
            Ok(row) => loaded.workflow = Some(row),
            Err(error) => loaded.corrupt = Some(error),
        }
    }
    Ok(loaded)
}

/// Queues what [`rows`] needs, in one transaction.
pub(super) fn ask_rows(
    connection: &Connection,
    keys: &BTreeSet<EntityKey>,
) -> Result<(Started, Vec<(EntityKey, IdbRequest)>)> {
    let started = Started::new(connection, &Table::ALL.map(Table::name), Access::Read)?;
    let ask =
        |key: &EntityKey| Ok((*key, started.table(key.table().name())?.get(&convert::key(*key)).map_err(refused)?));
    let requests = keys.iter().map(ask).collect::<Result<_>>()?;
    Ok((started, requests))
}

pub(super) async fn rows(
    connection: Rc<Connection>,
    (started, requests): (Started, Vec<(EntityKey, IdbRequest)>),
) -> Result<Vec<(EntityKey, Row)>> {
    started.end(&connection).await?;
    let mut rows = Vec::with_capacity(requests.len());
    for (key, request) in requests {
        let found = request.result().map_err(refused)?;
        if let Ok(row) = convert::row(key, &found) {
            rows.push((key, row));
        }
    }
    Ok(rows)
}

/// Queues what [`kv`] needs.
pub(super) fn ask_kv(connection: &Connection, key: &str) -> Result<(Started, IdbRequest)> {
    let started = Started::new(connection, &["kv"], Access::Read)?;
    let request = started.table("kv")?.get(&key.into()).map_err(refused)?;
    Ok((started, request))
}

pub(super) async fn kv(connection: Rc<Connection>, (started, request): (Started, IdbRequest)) -> Result<Option<Json>> {
    started.end(&connection).await?;
    let value = request.result().map_err(refused)?;
    if value.is_undefined() { Ok(None) } else { convert::json(&value).map(Some) }
}

/// Queues what [`oplog`] needs.
pub(super) fn ask_oplog(connection: &Connection) -> Result<(Started, IdbRequest)> {
    let started = Started::new(connection, &["oplog"], Access::Read)?;
    let request = started.table("oplog")?.get_all().map_err(refused)?;
    Ok((started, request))
}

pub(super) async fn oplog(
    connection: Rc<Connection>,
    (started, request): (Started, IdbRequest),
) -> Result<Vec<OplogRecord>> {
    started.end(&connection).await?;
    let values: Array = request.result().map_err(refused)?.unchecked_into();
    let record = |value: JsValue| {
        let text = value.as_string().unwrap_or_default();
        serde_json::from_str(&text).map_err(|error| Error::Corrupt(format!("oplog: {error}")))
    };
    values.iter().map(record).collect()
}
