//! Assets' rows, the index of their uses, and blobs.
//!
//! An asset's row is an object, `{hash, row}`, because its hash has an index. A node that refers to assets is one as well,
//! `{text, assets}`, and so gets into the index `assets`; every other row is a text and stays out of it.
//!
//! Thumbnails are blobs of their own: with them, reading 10,000 rows takes a second and 70 MB, without them a tenth of it.

use std::{collections::BTreeSet, rc::Rc};

use js_sys::{Array, Function, Object, Reflect};
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, IdbIndex, IdbKeyRange, IdbRequest};

use super::{
    connection::{Access, Connection},
    convert::refused,
    read::PART,
    transaction::{Started, settled},
};
use crate::{
    Error, Result,
    backend::{AssetRows, AssetUse, Wanted},
    model::{Asset, AssetId, NodeId, WorkflowId},
};

pub(super) const ASSETS: &str = "assets";
pub(super) const BLOBS: &str = "blobs";
const NODES: &str = "nodes";
/// The key of the blob that is only tried.
const TRIED: &str = "tried";

/// What an asset's thumbnail is called among the blobs: this, and the asset's id. No blob of a content is called so.
const LOOK: &str = "look:";

/// What is stored for a node: its text, and what it refers to, if anything.
pub(super) fn node_value(text: &str, assets: &BTreeSet<AssetId>) -> Result<JsValue> {
    if assets.is_empty() {
        return Ok(text.into());
    }
    let ids: Array = assets.iter().map(|id| JsValue::from(id.to_string())).collect();
    object(&[("text", &text.into()), ("assets", &ids)])
}

fn object(fields: &[(&str, &JsValue)]) -> Result<JsValue> {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &(*name).into(), value).map_err(refused)?;
    }
    Ok(object.into())
}

fn value(asset: &Asset) -> Result<JsValue> {
    let row =
        serde_json::to_string(&asset.clone().without_thumbnail()).map_err(|error| Error::Corrupt(error.to_string()))?;
    object(&[("hash", &asset.hash.as_str().into()), ("row", &row.into())])
}

/// Reads an asset's row, and checks that it is the row of its key if that is given.
pub(super) fn parse(key: Option<&JsValue>, stored: &JsValue) -> Result<Asset> {
    let named = key.and_then(JsValue::as_string).unwrap_or_default();
    let corrupt = |reason: String| Error::Corrupt(format!("asset {named}: {reason}"));
    let text = Reflect::get(stored, &"row".into()).ok().and_then(|row| row.as_string());
    let text = text.ok_or_else(|| corrupt("it has no text".into()))?;
    let asset: Asset = serde_json::from_str(&text).map_err(|error| corrupt(error.to_string()))?;
    let own = key.is_none() || named == asset.id.to_string();
    if own { Ok(asset) } else { Err(corrupt(format!("it is the row of {}", asset.id))) }
}

fn key(id: AssetId) -> JsValue {
    id.to_string().into()
}

fn look_key(id: AssetId) -> JsValue {
    format!("{LOOK}{id}").into()
}

/// Queues the reading of a thumbnail.
pub(super) fn ask_look(started: &Started, id: AssetId) -> Result<IdbRequest> {
    started.table(BLOBS)?.get(&look_key(id)).map_err(refused)
}

/// A row with its thumbnail. Early builds kept it in the row.
pub(super) fn with_look(asset: Asset, look: &IdbRequest) -> Result<Asset> {
    let found = look.result().map_err(refused)?.as_string();
    Ok(Asset { thumbnail: found.or(asset.thumbnail.clone()), ..asset })
}

fn uses_index(started: &Started) -> Result<IdbIndex> {
    started.table(NODES)?.index(ASSETS).map_err(refused)
}

/// Requests for some rows: their keys and their values.
type PartOf = [IdbRequest; 2];

/// Queues what [`assets`] needs.
pub(super) fn ask_assets(connection: &Connection) -> Result<(Started, PartOf)> {
    let started = Started::new(connection, &[ASSETS], Access::Read)?;
    let first = ask_part(&started, &JsValue::UNDEFINED)?;
    Ok((started, first))
}

fn ask_part(started: &Started, range: &JsValue) -> Result<PartOf> {
    let store = started.table(ASSETS)?;
    let keys = store.get_all_keys_with_key_and_limit(range, PART).map_err(refused)?;
    Ok([keys, store.get_all_with_key_and_limit(range, PART).map_err(refused)?])
}

pub(super) async fn assets(connection: Rc<Connection>, (started, first): (Started, PartOf)) -> Result<AssetRows> {
    let rows = in_parts(&connection, &started, first).await?;
    started.end(&connection).await?;
    match rows {
        Some(rows) => Ok(AssetRows { rows, corrupt: Vec::new() }),
        None => one_by_one(&connection).await,
    }
}

/// Reads all rows, and understands some while the database reads the next. None: one of them can't be read, or is not the row of its
/// key.
async fn in_parts(connection: &Connection, started: &Started, first: PartOf) -> Result<Option<Vec<Asset>>> {
    let mut rows: Vec<Asset> = Vec::new();
    let mut asked = Some(first);
    while let Some([keys, values]) = asked {
        started.reach(connection, &values).await?;
        let keys: Array = keys.result().map_err(refused)?.unchecked_into();
        let values: Array = values.result().map_err(refused)?.unchecked_into();
        asked = None;
        if keys.length() == PART {
            let range = IdbKeyRange::lower_bound_with_open(&keys.get(PART - 1), true).map_err(refused)?;
            asked = Some(ask_part(started, &range)?);
        }
        let Some(part) = parse_all(&values) else { return Ok(None) };
        let own = uuids(&keys).into_iter().eq(part.iter().map(|asset| Some(asset.id.uuid())));
        if !part.is_empty() && !own {
            return Ok(None);
        }
        rows.extend(part.into_iter().map(Asset::without_thumbnail));
    }
    Ok(Some(rows))
}

/// Reads rows with one crossing from JavaScript. None: one of them can't be read.
fn parse_all(values: &Array) -> Option<Vec<Asset>> {
    let name = JsValue::from("row");
    let texts: Array = values.iter().map(|value| Reflect::get(&value, &name).unwrap_or_default()).collect();
    let text = format!("[{}]", String::from(texts.join(",")));
    serde_json::from_str(&text).ok().filter(|rows: &Vec<_>| rows.len() == values.length() as usize)
}

/// Reads again, with the keys, so that the rows that can't be read have a name.
async fn one_by_one(connection: &Connection) -> Result<AssetRows> {
    let started = Started::new(connection, &[ASSETS], Access::Read)?;
    let store = started.table(ASSETS)?;
    let both = [store.get_all_keys().map_err(refused)?, store.get_all().map_err(refused)?];
    started.end(connection).await?;
    let [keys, values] = both.map(|request| request.result().map(JsCast::unchecked_into::<Array>));
    let mut rows = AssetRows::default();
    for (key, value) in keys.map_err(refused)?.iter().zip(values.map_err(refused)?.iter()) {
        match parse(Some(&key), &value) {
            Ok(asset) => rows.rows.push(asset.without_thumbnail()),
            Err(error) => rows.corrupt.push(error),
        }
    }
    Ok(rows)
}

/// Queues what [`asset`] needs.
pub(super) fn ask_asset(connection: &Connection, wanted: &Wanted) -> Result<(Started, Option<JsValue>, IdbRequest)> {
    let started = Started::new(connection, &[ASSETS, BLOBS], Access::Read)?;
    let store = started.table(ASSETS)?;
    let (key, found) = match wanted {
        Wanted::Id(id) => (Some(key(*id)), store.get(&key(*id))),
        Wanted::Hash(hash) => (None, store.index("hash").map_err(refused)?.get(&hash.as_str().into())),
    };
    Ok((started, key, found.map_err(refused)?))
}

pub(super) async fn asset(
    connection: Rc<Connection>,
    (started, key, found): (Started, Option<JsValue>, IdbRequest),
) -> Result<Option<Asset>> {
    started.reach(&connection, &found).await?;
    let found = found.result().map_err(refused)?;
    if found.is_undefined() {
        started.end(&connection).await?;
        return Ok(None);
    }
    finish_known(&connection, started, key.as_ref(), &found).await.map(Some)
}

/// Queues what [`assets_of`] needs.
pub(super) fn ask_assets_of(connection: &Connection, hashes: &BTreeSet<String>) -> Result<(Started, Vec<IdbRequest>)> {
    let started = Started::new(connection, &[ASSETS], Access::Read)?;
    let index = started.table(ASSETS)?.index("hash").map_err(refused)?;
    let ask = |hash: &String| index.get(&hash.as_str().into()).map_err(refused);
    let asked = hashes.iter().map(ask).collect::<Result<_>>().inspect_err(|_| started.abort())?;
    Ok((started, asked))
}

pub(super) async fn assets_of(
    connection: Rc<Connection>,
    (started, asked): (Started, Vec<IdbRequest>),
) -> Result<Vec<Asset>> {
    started.end(&connection).await?;
    let mut known = Vec::new();
    for found in asked {
        let found = found.result().map_err(refused)?;
        if !found.is_undefined() {
            known.push(parse(None, &found)?.without_thumbnail());
        }
    }
    Ok(known)
}

/// Reads the thumbnail of a row that was found.
async fn finish_known(
    connection: &Rc<Connection>,
    started: Started,
    key: Option<&JsValue>,
    found: &JsValue,
) -> Result<Asset> {
    let ask = || {
        let asset = parse(key, found)?;
        let look = ask_look(&started, asset.id)?;
        Ok((asset, look))
    };
    let (asset, look) = ask().inspect_err(|_| started.abort())?;
    started.end(connection).await?;
    with_look(asset, &look)
}

/// A row to be written once it is known whether it is there.
pub(super) struct Change {
    started: Started,
    asset: Asset,
    there: IdbRequest,
}

/// Queues the question whether the row is there.
pub(super) fn begin_change(connection: &Connection, asset: &Asset) -> Result<Change> {
    let started = Started::new(connection, &[ASSETS, BLOBS], Access::Write)?;
    let there = started.table(ASSETS)?.get(&key(asset.id)).map_err(refused)?;
    Ok(Change { started, asset: asset.clone(), there })
}

pub(super) async fn finish_change(connection: Rc<Connection>, change: Change) -> Result<bool> {
    let Change { started, asset, there } = change;
    started.reach(&connection, &there).await?;
    let known = !there.result().map_err(refused)?.is_undefined();
    if known {
        write(&started, &asset)?;
    }
    started.end(&connection).await?;
    Ok(known)
}

fn write(started: &Started, asset: &Asset) -> Result<()> {
    queue_row(started, asset).and_then(|()| started.seal()).inspect_err(|_| started.abort())
}

/// Queues the writing of a row and its thumbnail.
pub(super) fn queue_row(started: &Started, asset: &Asset) -> Result<()> {
    started.table(ASSETS)?.put_with_key(&value(asset)?, &key(asset.id)).map_err(refused)?;
    let (looks, look_key) = (started.table(BLOBS)?, look_key(asset.id));
    match &asset.thumbnail {
        Some(thumbnail) => looks.put_with_key(&thumbnail.as_str().into(), &look_key).map(drop),
        None => looks.delete(&look_key).map(drop),
    }
    .map_err(refused)
}

/// Rows that are removed if nothing refers to them.
pub(super) struct Removal {
    started: Started,
    /// Each with how often it is referred to, its row and its thumbnail.
    asked: Vec<(AssetId, [IdbRequest; 3])>,
}

/// Queues the questions.
pub(super) fn begin_remove(connection: &Connection, ids: &BTreeSet<AssetId>) -> Result<Removal> {
    let started = Started::new(connection, &[NODES, ASSETS, BLOBS], Access::Write)?;
    let (uses, store) = (uses_index(&started)?, started.table(ASSETS)?);
    let ask = |id: &AssetId| {
        let uses = uses.count_with_key(&key(*id)).map_err(refused)?;
        let row = store.get(&key(*id)).map_err(refused)?;
        Ok((*id, [uses, row, ask_look(&started, *id)?]))
    };
    let asked = ids.iter().map(ask).collect::<Result<_>>().inspect_err(|_| started.abort())?;
    Ok(Removal { started, asked })
}

pub(super) async fn finish_remove(connection: Rc<Connection>, removal: Removal) -> Result<Vec<Asset>> {
    let Removal { started, asked } = removal;
    if let Some((_, [_, _, last])) = asked.last() {
        started.reach(&connection, last).await?;
    }
    let queue = || {
        let (store, looks) = (started.table(ASSETS)?, started.table(BLOBS)?);
        let mut removed = Vec::new();
        for (id, [uses, row, look]) in &asked {
            let unused = uses.result().map_err(refused)?.as_f64() == Some(0.);
            let row = row.result().map_err(refused)?;
            // One that can't be read stays where it is.
            if let Some(asset) = parse(None, &row).ok().filter(|_| unused) {
                store.delete(&key(*id)).map_err(refused)?;
                looks.delete(&look_key(*id)).map_err(refused)?;
                removed.push(with_look(asset, look)?);
            }
        }
        Ok(removed)
    };
    let removed = queue().inspect_err(|_| started.abort())?;
    started.end(&connection).await?;
    Ok(removed)
}

/// Requests for an index' keys and values.
pub(super) enum Pairs {
    /// In one, which newer engines have: it takes two thirds of the time.
    Records(IdbRequest),
    /// In two.
    Lists([IdbRequest; 2]),
}

impl Pairs {
    fn ask(index: &IdbIndex) -> Result<Self> {
        let together =
            Reflect::get(index, &"getAllRecords".into()).ok().and_then(|name| name.dyn_into::<Function>().ok());
        match together {
            Some(together) => {
                together.call0(index).map(|request| Self::Records(request.unchecked_into())).map_err(refused)
            }
            None => Ok(Self::Lists([index.get_all_keys().map_err(refused)?, index.get_all().map_err(refused)?])),
        }
    }

    /// The rows' own keys, and their values.
    fn read(&self) -> Result<Vec<(JsValue, JsValue)>> {
        let list = |request: &IdbRequest| request.result().map(JsCast::unchecked_into::<Array>).map_err(refused);
        match self {
            Self::Records(request) => {
                let names = [JsValue::from("primaryKey"), JsValue::from("value")];
                let both = |record: JsValue| {
                    let [key, value] = names.each_ref().map(|name| Reflect::get(&record, name).map_err(refused));
                    Ok((key?, value?))
                };
                list(request)?.iter().map(both).collect()
            }
            Self::Lists([keys, values]) => Ok(list(keys)?.iter().zip(list(values)?.iter()).collect()),
        }
    }
}

/// Queues what [`uses`] needs.
pub(super) fn ask_uses(connection: &Connection) -> Result<(Started, Pairs)> {
    let started = Started::new(connection, &[NODES], Access::Read)?;
    let pairs = Pairs::ask(&uses_index(&started)?)?;
    Ok((started, pairs))
}

pub(super) async fn uses(connection: Rc<Connection>, (started, pairs): (Started, Pairs)) -> Result<Vec<AssetUse>> {
    started.end(&connection).await?;
    // A node is in the index once for each asset, each time with all of them.
    let (nodes, assets) = (Array::new(), Array::new());
    let mut counts = Vec::new();
    let name = JsValue::from(ASSETS);
    for (key, value) in pairs.read()? {
        let used: Array = Reflect::get(&value, &name).map_err(refused)?.unchecked_into();
        counts.push(used.length() as usize);
        nodes.push(&key);
        assets.push(&used);
    }
    let (nodes, assets) = (uuids(&nodes), uuids(&assets));
    let mut assets = assets.into_iter();
    let mut uses = Vec::new();
    for (pair, count) in nodes.chunks_exact(2).zip(counts) {
        // Taken whether or not the node can be named: those that come after it are others'.
        let used: Vec<_> = assets.by_ref().take(count).flatten().collect();
        let (Some(workflow), Some(node)) = (pair[0], pair[1]) else { continue };
        uses.extend(used.into_iter().map(|asset| AssetUse {
            asset: AssetId::from_uuid(asset),
            workflow: WorkflowId::from_uuid(workflow),
            node: NodeId::from_uuid(node),
        }));
    }
    uses.sort_unstable();
    uses.dedup();
    Ok(uses)
}

/// What lists of ids have in them, all in one: a text costs more to bring over than to read.
fn uuids(lists: &Array) -> Vec<Option<Uuid>> {
    let all = String::from(lists.flat(1).join(","));
    all.split(',').map(|text| Uuid::try_parse(text).ok()).collect()
}

/// Queues the writing of a blob.
pub(super) fn begin_put_blob(connection: &Connection, key: &str, blob: &JsValue) -> Result<Started> {
    let started = Started::new(connection, &[BLOBS], Access::Write)?;
    let queue = || started.table(BLOBS)?.put_with_key(blob, &key.into()).map(drop).map_err(refused);
    queue().inspect_err(|_| started.abort())?;
    Ok(started)
}

/// Queues the writing of an empty blob, to see whether the engine takes it.
pub(super) fn begin_try_blob(connection: &Connection) -> Result<(Started, IdbRequest)> {
    let started = Started::new(connection, &[BLOBS], Access::Write)?;
    let blob = Blob::new().map_err(refused)?;
    let asked = started.table(BLOBS)?.put_with_key(&blob, &TRIED.into());
    let asked = asked.map_err(refused).inspect_err(|_| started.abort())?;
    Ok((started, asked))
}

/// Whether it did. Nothing of it stays.
pub(super) async fn finish_try_blob(
    connection: Rc<Connection>,
    (started, asked): (Started, IdbRequest),
) -> Result<bool> {
    let tried = settled(&asked).await;
    started.abort();
    match tried {
        Ok(()) => Ok(true),
        Err(error) => {
            let failure = asked.error().map_err(refused)?.map(|failure| failure.name());
            // The whole transaction went, and so the connection with it: that says nothing about blobs.
            let is_lost = failure.is_none_or(|name| name == "AbortError");
            if is_lost { Err(connection.forget_if_lost(error)) } else { Ok(false) }
        }
    }
}

/// Queues the removal of blobs.
pub(super) fn begin_delete_blobs(connection: &Connection, keys: &[String]) -> Result<Started> {
    let started = Started::new(connection, &[BLOBS], Access::Write)?;
    let queue = || {
        let store = started.table(BLOBS)?;
        keys.iter().try_for_each(|key| store.delete(&key.as_str().into()).map(drop).map_err(refused))
    };
    queue().inspect_err(|_| started.abort())?;
    Ok(started)
}

/// Queues the reading of a blob, or of everything that has one.
pub(super) fn ask_blob(connection: &Connection, key: &str) -> Result<(Started, IdbRequest)> {
    let started = Started::new(connection, &[BLOBS], Access::Read)?;
    let found = started.table(BLOBS)?.get(&key.into()).map_err(refused)?;
    Ok((started, found))
}

/// Queues the reading of all blobs' keys.
pub(super) fn ask_blob_keys(connection: &Connection) -> Result<(Started, IdbRequest)> {
    let started = Started::new(connection, &[BLOBS], Access::Read)?;
    let found = started.table(BLOBS)?.get_all_keys().map_err(refused)?;
    Ok((started, found))
}

/// Waits for a request's result.
pub(super) async fn result(connection: Rc<Connection>, (started, found): (Started, IdbRequest)) -> Result<JsValue> {
    started.end(&connection).await?;
    found.result().map_err(refused)
}

/// A blob that gets another key.
pub(super) struct Rename {
    started: Started,
    from: String,
    to: String,
    blob: IdbRequest,
}

/// Queues its reading.
pub(super) fn begin_rename_blob(connection: &Connection, from: &str, to: &str) -> Result<Rename> {
    let started = Started::new(connection, &[BLOBS], Access::Write)?;
    let blob = started.table(BLOBS)?.get(&from.into()).map_err(refused)?;
    Ok(Rename { started, from: from.to_owned(), to: to.to_owned(), blob })
}

/// Returns whether it was there.
pub(super) async fn finish_rename_blob(connection: Rc<Connection>, rename: Rename) -> Result<bool> {
    let Rename { started, from, to, blob } = rename;
    started.reach(&connection, &blob).await?;
    let blob = blob.result().map_err(refused)?;
    if !blob.is_undefined() {
        let queue = || {
            let store = started.table(BLOBS)?;
            store.put_with_key(&blob, &to.as_str().into()).map_err(refused)?;
            store.delete(&from.as_str().into()).map(drop).map_err(refused)
        };
        queue().inspect_err(|_| started.abort())?;
    }
    started.end(&connection).await?;
    Ok(!blob.is_undefined())
}
