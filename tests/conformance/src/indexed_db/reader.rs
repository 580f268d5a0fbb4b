//! A reader that shares no code with ours: rexie.

use rexie::{Rexie, TransactionMode};
use storage::{
    backend::{Backend, OplogRecord, SCHEMA},
    model::{Row, WorkflowId},
};
use uuid::Uuid;
use wasm_bindgen::JsValue;

/// Everything in one table: keys and values.
pub async fn table(database: &Rexie, name: &str) -> Vec<(JsValue, JsValue)> {
    let transaction = database.transaction(&[name], TransactionMode::ReadOnly).unwrap();
    let store = transaction.store(name).unwrap();
    let (keys, values) = futures::join!(store.get_all_keys(None, None), store.get_all(None, None));
    keys.unwrap().into_iter().zip(values.unwrap()).collect()
}

/// Opens a database as whoever only wants to read it would: without a version.
pub async fn open(name: &str) -> Rexie {
    Rexie::builder(name).build().await.unwrap()
}

/// Panics unless this reader finds what `db` says that there is of `workflow`, which is the only one.
pub async fn check(name: &str, db: &dyn Backend, workflow: WorkflowId) {
    let reader = open(name).await;
    let rows = |found: Vec<(JsValue, JsValue)>| -> Vec<(String, (Uuid, Row))> {
        let text = |value: &JsValue| value.as_string().unwrap();
        let key = |key: &JsValue| String::from(js_sys::Array::of1(key).join("/"));
        found.iter().map(|(stored, value)| (key(stored), Row::parse(&text(value)).unwrap())).collect()
    };
    let loaded = db.load(workflow).await.unwrap();
    let own = loaded.workflow.unwrap();
    assert_eq!(rows(table(&reader, "workflows").await), [(workflow.to_string(), (workflow.uuid(), own))]);
    let nodes = loaded.nodes.rows.into_iter().map(|(id, row)| (format!("{workflow},{id}"), (id.uuid(), row)));
    assert!(nodes.eq(rows(table(&reader, "nodes").await)));
    let edges = loaded.edges.rows.into_iter().map(|(id, row)| (format!("{workflow},{id}"), (id.uuid(), row)));
    assert!(edges.eq(rows(table(&reader, "edges").await)));
    for (key, value) in table(&reader, "kv").await {
        let stored = js_sys::JSON::stringify(&value).unwrap().as_string();
        let told = db.kv(&key.as_string().unwrap()).await.unwrap();
        assert_eq!(told.map(|json| json.text().to_owned()), stored);
    }
    let setting = |name: &str| {
        let (reader, name) = (&reader, name.to_owned());
        async move {
            table(reader, "kv").await.into_iter().find(|(key, _)| key.as_string().as_ref() == Some(&name)).unwrap().1
        }
    };
    assert_eq!(setting(SCHEMA).await, JsValue::from(storage::SCHEMA_VERSION), "a number, for whoever looks");
    let records = table(&reader, "oplog").await.into_iter().map(|(key, value)| {
        let record: OplogRecord = serde_json::from_str(&value.as_string().unwrap()).unwrap();
        assert_eq!(key.as_string(), Some(record.id.to_string()));
        record
    });
    assert_eq!(records.collect::<Vec<_>>(), db.oplog().await.unwrap());
    reader.close();
}
