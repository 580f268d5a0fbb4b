//! Reading.
//!
//! Through our own connection, not through rexie: a reader that opens without a version makes a deleted database again,
//! empty, and hides why something failed. (`tests/conformance` pins both, and reads everything through rexie besides.)

use std::{collections::BTreeSet, rc::Rc};

use futures::try_join;
use js_sys::Array;
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{IdbKeyRange, IdbRequest};

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

/// So many rows are asked for at once. While the database reads the next ones, those before are decoded.
pub(super) const PART: u32 = 2_048;

/// Which rows of a table.
#[derive(Clone, Copy)]
enum Scope {
    Everything,
    Of(WorkflowId),
}

impl Scope {
    fn range(self) -> Result<JsValue> {
        match self {
            Self::Everything => Ok(JsValue::UNDEFINED),
            Self::Of(workflow) => convert::range(workflow).map(JsValue::from),
        }
    }

    /// What comes after the row of an id.
    fn after(self, id: Uuid) -> Result<JsValue> {
        let range = match self {
            Self::Everything => IdbKeyRange::lower_bound_with_open(&id.to_string().into(), true),
            Self::Of(workflow) => convert::range_after(workflow, id),
        };
        range.map(JsValue::from).map_err(refused)
    }
}

/// A request for all rows of a scope: the first of them.
pub(super) struct All {
    table: Table,
    scope: Scope,
    first: IdbRequest,
}

impl All {
    fn ask(started: &Started, table: Table, scope: Scope) -> Result<Self> {
        let first = Self::ask_part(started, table, &scope.range()?)?;
        Ok(Self { table, scope, first })
    }

    fn ask_part(started: &Started, table: Table, range: &JsValue) -> Result<IdbRequest> {
        started.table(table.name())?.get_all_with_key_and_limit(range, PART).map_err(refused)
    }

    /// Reads all rows, in the order of their ids. None: one of them can't be read. The transaction must not have ended; until all
    /// are here, there is always a request that keeps it from that.
    async fn rows<Id>(
        &self,
        started: &Started,
        connection: &Connection,
        id: fn(Uuid) -> Id,
    ) -> Result<Option<Vec<(Id, Row)>>> {
        let mut rows: Vec<(Uuid, Row)> = Vec::new();
        let mut asked = Some(self.first.clone());
        while let Some(request) = asked {
            started.reach(connection, &request).await?;
            let values: Array = request.result().map_err(refused)?.unchecked_into();
            asked = None;
            if values.length() == PART {
                let Some(last) = last_id(&values) else { return Ok(None) };
                asked = Some(Self::ask_part(started, self.table, &self.scope.after(last)?)?);
            }
            let Some(part) = decode(&values) else { return Ok(None) };
            rows.extend(part);
        }
        // They come in the order of their keys, so ids in another order are not those of the keys.
        let in_order = rows.is_sorted_by(|(left, _), (right, _)| left < right);
        Ok(in_order.then(|| rows.into_iter().map(|(uuid, row)| (id(uuid), row)).collect()))
    }

    /// Gives what was read, or reads each row by itself.
    async fn or_one_by_one<Id>(
        &self,
        rows: Option<Vec<(Id, Row)>>,
        connection: &Connection,
        id: fn(Uuid) -> Id,
        key: impl Fn(Uuid) -> EntityKey,
    ) -> Result<Rows<Id>> {
        match rows {
            Some(rows) => Ok(Rows { rows, corrupt: Vec::new() }),
            None => self.rows_one_by_one(connection, id, key).await,
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
        let range = self.scope.range()?;
        let values = store.get_all_with_key(&range).map_err(refused)?;
        let keys = store.get_all_keys_with_key(&range).map_err(refused)?;
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

/// The id in the last of these rows.
fn last_id(values: &Array) -> Option<Uuid> {
    let text = convert::text(&values.get(values.length().checked_sub(1)?))?;
    Row::parse(&text).ok().map(|(id, _)| id)
}

/// Decodes rows with one crossing from JavaScript. None: one of them can't be read.
fn decode(values: &Array) -> Option<Vec<(Uuid, Row)>> {
    let mut text = format!("[{}]", String::from(values.join(",")));
    // What a row that is an object becomes; a text may hold these words as well, which does no harm.
    if text.contains("[object Object]") {
        let texts: Array = values.iter().map(|value| convert::text(&value).map_or(value, JsValue::from)).collect();
        text = format!("[{}]", String::from(texts.join(",")));
    }
    Row::parse_all(&text).ok().filter(|rows| rows.len() == values.length() as usize)
}

/// Queues what [`workflows`] needs.
pub(super) fn ask_workflows(connection: &Connection) -> Result<(Started, All)> {
    let started = Started::new(connection, &[Table::Workflows.name()], Access::Read)?;
    let all = All::ask(&started, Table::Workflows, Scope::Everything)?;
    Ok((started, all))
}

pub(super) async fn workflows(connection: Rc<Connection>, (started, all): (Started, All)) -> Result<Rows<WorkflowId>> {
    let rows = all.rows(&started, &connection, WorkflowId::from_uuid).await?;
    started.end(&connection).await?;
    let key = |id| EntityKey::workflow(WorkflowId::from_uuid(id));
    all.or_one_by_one(rows, &connection, WorkflowId::from_uuid, key).await
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
    let workflow =
        started.table(Table::Workflows.name())?.get(&convert::key(EntityKey::workflow(id))).map_err(refused)?;
    let nodes = All::ask(&started, Table::Nodes, Scope::Of(id))?;
    let edges = All::ask(&started, Table::Edges, Scope::Of(id))?;
    Ok(Load { started, id, workflow, nodes, edges })
}

pub(super) async fn load(connection: Rc<Connection>, load: Load) -> Result<Loaded> {
    let Load { started, id, workflow, nodes, edges } = load;
    // Both at once: whoever waits for the other would find the transaction ended.
    let (of_nodes, of_edges) = try_join!(
        nodes.rows(&started, &connection, NodeId::from_uuid),
        edges.rows(&started, &connection, EdgeId::from_uuid),
    )?;
    started.end(&connection).await?;
    let node = |node| EntityKey::node(id, NodeId::from_uuid(node));
    let edge = |edge| EntityKey::edge(id, EdgeId::from_uuid(edge));
    let stored = workflow.result().map_err(refused)?;
    let mut loaded = Loaded {
        nodes: nodes.or_one_by_one(of_nodes, &connection, NodeId::from_uuid, node).await?,
        edges: edges.or_one_by_one(of_edges, &connection, EdgeId::from_uuid, edge).await?,
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
