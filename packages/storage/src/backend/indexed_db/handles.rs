//! Handles of folders: objects of the browser's, which only a database can keep. A row is `{id, handle}` under its id.

use std::rc::Rc;

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::IdbRequest;

use super::{
    connection::{Access, Connection},
    convert::refused,
    transaction::Started,
};
use crate::Result;

const HANDLES: &str = "handles";

/// Queues the writing of the only handle.
pub(super) fn begin_put(connection: &Connection, key: &str, handle: &JsValue) -> Result<Started> {
    let started = Started::new(connection, &[HANDLES], Access::Write)?;
    let queue = || {
        let row = Object::new();
        Reflect::set(&row, &"id".into(), &key.into()).map_err(refused)?;
        Reflect::set(&row, &"handle".into(), handle).map_err(refused)?;
        let store = started.table(HANDLES)?;
        store.clear().map_err(refused)?;
        store.put_with_key(&row, &key.into()).map(drop).map_err(refused)
    };
    queue().inspect_err(|_| started.abort())?;
    Ok(started)
}

/// Queues the removal of all handles.
pub(super) fn begin_delete(connection: &Connection) -> Result<Started> {
    let started = Started::new(connection, &[HANDLES], Access::Write)?;
    let queue = || started.table(HANDLES)?.clear().map(drop).map_err(refused);
    queue().inspect_err(|_| started.abort())?;
    Ok(started)
}

/// Queues the reading of all handles.
pub(super) fn ask(connection: &Connection) -> Result<(Started, [IdbRequest; 2])> {
    let started = Started::new(connection, &[HANDLES], Access::Read)?;
    let store = started.table(HANDLES)?;
    let both = [store.get_all_keys().map_err(refused)?, store.get_all().map_err(refused)?];
    Ok((started, both))
}

/// The first of them: there is one.
pub(super) async fn handle(
    connection: Rc<Connection>,
    (started, [keys, rows]): (Started, [IdbRequest; 2]),
) -> Result<Option<(String, JsValue)>> {
    started.end(&connection).await?;
    let [keys, rows] = [keys, rows].map(|request| request.result().map(JsCast::unchecked_into::<Array>));
    let (key, row) = (keys.map_err(refused)?.get(0), rows.map_err(refused)?.get(0));
    let Some(key) = key.as_string() else { return Ok(None) };
    Ok(Some((key, Reflect::get(&row, &"handle".into()).map_err(refused)?)))
}
