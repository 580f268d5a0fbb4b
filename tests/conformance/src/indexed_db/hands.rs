//! `hands.js`, typed.

use js_sys::Array;
use storage::model::{EntityKey, Part};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/indexed_db/hands.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    pub async fn sleep(millis: u32) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    pub async fn destroy(name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    pub async fn exists(name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    pub async fn connect(name: &str, version: u32, yields: bool, tables: Vec<String>) -> Result<JsValue, JsValue>;
    pub fn disconnect(database: &JsValue);
    pub fn tables(database: &JsValue) -> Vec<String>;
    pub fn version(database: &JsValue) -> u32;
    pub fn index(database: &JsValue, table: &str, name: &str) -> String;
    #[wasm_bindgen(catch)]
    pub async fn read(name: &str, table: &str, key: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    pub async fn write(name: &str, table: &str, key: &JsValue, value: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    pub async fn contents(name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    pub async fn keys(name: &str, table: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    pub async fn without(name: &str, version: u32, table: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = refuseSettings)]
    pub fn refuse_settings();
    #[wasm_bindgen(js_name = closeUnder)]
    pub fn close_under(name: &str);
    #[wasm_bindgen(js_name = startedTransactions)]
    pub fn started_transactions() -> Vec<String>;
    #[wasm_bindgen(js_name = queuedRequests)]
    pub fn queued_requests() -> u32;
    #[wasm_bindgen(js_name = refuseOpening)]
    pub fn refuse_opening();
    #[wasm_bindgen(js_name = removeIndexedDb)]
    pub fn remove_indexed_db();
    #[wasm_bindgen(js_name = hasFiles)]
    pub fn has_files() -> bool;
    #[wasm_bindgen(catch)]
    pub async fn folder(name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = forgetMoves)]
    pub fn forget_moves();
    #[wasm_bindgen(js_name = looseErrors)]
    pub fn loose_errors() -> String;
}

/// The key of an entity's row.
pub fn key(key: EntityKey) -> JsValue {
    let (workflow, id) = (key.workflow.to_string(), key.uuid().to_string());
    match key.part {
        Part::Itself => id.into(),
        Part::Node(_) | Part::Edge(_) => Array::of2(&workflow.into(), &id.into()).into(),
    }
}
