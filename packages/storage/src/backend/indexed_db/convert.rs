//! Between JavaScript's values and ours.

use js_sys::{Array, JSON, Reflect};
use uuid::Uuid;
use wasm_bindgen::JsValue;
use web_sys::IdbKeyRange;

use crate::{
    Error, Result, SCHEMA_VERSION,
    model::{EntityKey, Json, Part, Row, WorkflowId},
};

/// The key of an entity's row.
pub(super) fn key(key: EntityKey) -> JsValue {
    match key.part {
        Part::Itself => key.workflow.to_string().into(),
        Part::Node(_) | Part::Edge(_) => {
            Array::of2(&key.workflow.to_string().into(), &key.uuid().to_string().into()).into()
        }
    }
}

/// Every key of a workflow's nodes or edges: an array sorts after every string.
pub(super) fn range(workflow: WorkflowId) -> Result<IdbKeyRange> {
    let workflow = JsValue::from(workflow.to_string());
    IdbKeyRange::bound(&Array::of1(&workflow), &Array::of2(&workflow, &Array::new())).map_err(refused)
}

/// Those of them that come after an id.
pub(super) fn range_after(workflow: WorkflowId, id: Uuid) -> std::result::Result<IdbKeyRange, JsValue> {
    let workflow = JsValue::from(workflow.to_string());
    let (from, to) = (Array::of2(&workflow, &id.to_string().into()), Array::of2(&workflow, &Array::new()));
    IdbKeyRange::bound_with_lower_open(&from, &to, true)
}

/// Reads a stored row and checks that it is the row of its key.
pub(super) fn row(key: EntityKey, stored: &JsValue) -> Result<Row> {
    let corrupt = |reason: String| Error::CorruptRow { key, reason };
    let text = text(stored).ok_or_else(|| corrupt("it is no text".into()))?;
    let (id, row) = Row::parse(&text).map_err(|error| corrupt(error.to_string()))?;
    if id == key.uuid() { Ok(row) } else { Err(corrupt(format!("it is the row of {id}"))) }
}

/// A row's text: the row itself, or what a row with an index besides has as its `text`.
pub(super) fn text(stored: &JsValue) -> Option<String> {
    stored.as_string().or_else(|| Reflect::get(stored, &"text".into()).ok()?.as_string())
}

/// A setting as a plain value.
pub(super) fn setting(value: &Json) -> Result<JsValue> {
    JSON::parse(value.text()).map_err(refused)
}

/// A plain value as JSON.
pub(super) fn json(value: &JsValue) -> Result<Json> {
    let text = JSON::stringify(value).ok().and_then(|text| text.as_string());
    // What JSON can't hold stringifies to undefined.
    let text = text.ok_or_else(|| Error::Corrupt("a setting is no JSON".into()))?;
    serde_json::from_str(&text).map_err(|error| Error::Corrupt(error.to_string()))
}

/// Why the engine refused.
pub(super) fn refused(error: JsValue) -> Error {
    let text =
        |name: &str| Reflect::get(&error, &name.into()).ok().and_then(|text| text.as_string()).unwrap_or_default();
    let (name, message) = (text("name"), text("message"));
    match name.as_str() {
        "QuotaExceededError" => Error::Full(message),
        "VersionError" => Error::Newer { found: 0, known: SCHEMA_VERSION },
        // The connection is closing, was closed by the browser, or the process behind it is gone.
        "InvalidStateError" | "AbortError" | "UnknownError" => Error::Disconnected(message),
        "SecurityError" => Error::Unavailable(message),
        _ => Error::Refused { name, message },
    }
}
