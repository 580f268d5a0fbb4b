//! A database of schema 1, as the first build wrote it: every later build opens it and finds everything.
//!
//! `v1/atelier.sql` makes the file, `v1/contents.txt` is what must be found in it. Both were written once, by
//! `write_the_fixture` while the schema was 1, and are never written again.

#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so at once")]

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path, sync::Arc};

use rusqlite::{Connection, types::Value};
use storage::{
    SCHEMA_VERSION,
    backend::{
        Backend, Batch, Wanted,
        sqlite::{FILE, Sqlite},
    },
    model::{
        Asset, AssetId, AssetPlace, Clock, Edge, EdgeId, Ends, EntityKey, Json, Node, NodeId, Object, Point,
        RegisterName, Registers, WorkflowId,
    },
};

const SQL: &str = include_str!("v1/atelier.sql");
const CONTENTS: &str = include_str!("v1/contents.txt");

#[tokio::test]
async fn a_database_of_schema_1_opens_with_everything_in_it() {
    let folder = tempfile::tempdir().unwrap();
    Connection::open(folder.path().join(FILE)).unwrap().execute_batch(SQL).unwrap();
    assert_eq!(contents(folder.path()).await, CONTENTS);
}

#[tokio::test]
#[ignore = "writes the fixture anew, which is done for a new schema alone, under a new name"]
async fn write_the_fixture() {
    assert_eq!(SCHEMA_VERSION, 1, "this build does not write schema 1");
    let folder = tempfile::tempdir().unwrap();
    write(folder.path()).await;
    let there = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/v1");
    fs::write(there.join("atelier.sql"), dump(&folder.path().join(FILE))).unwrap();
    fs::write(there.join("contents.txt"), contents(folder.path()).await).unwrap();
}

/// Something of everything that a database can hold.
async fn write(folder: &Path) {
    let mut clock = Clock::new(7);
    let mut stamp = || clock.tick(1_800_000_000_000);
    let db = Sqlite::open(folder).await.unwrap();
    let workflow = WorkflowId::new(stamp());
    let [first, second, deleted] = [(); 3].map(|()| NodeId::new(stamp()));
    let asset = Asset {
        id: AssetId::new(stamp()),
        hash: format!("sha256-{:064x}", 0xbeef),
        crc32: 0x1234_5678,
        mime: "image/png".into(),
        bytes: 1_234,
        place: AssetPlace::Opfs { path: "atelier/assets/image/lighthouse".into() },
        name: Some("lighthouse — 灯台.png".into()),
        width: Some(640),
        height: Some(480),
        duration: None,
        thumbnail: Some("data:image/png;base64,iVBORw0KGgo=".into()),
        created_at: 1_800_000_000_000,
        extra: Object::default(),
    };
    db.add_asset(asset.clone()).await.unwrap();

    let node = |id, kind: &str, title: &str| {
        let mut node = Node::new(id, kind, Point { x: -12.5, y: 80. });
        title.clone_into(&mut node.title);
        node
    };
    let mut prompt = node(first, "prompt", "“Prompt” — 提示 🌊");
    prompt.config.put("text", "A lighthouse\n\tat “night”");
    prompt.config.put("seed", 18_446_744_073_709_551_615_u64);
    let mut image = node(second, "image", "");
    image
        .config
        .put("asset", serde_json::from_str::<Json>(&serde_json::to_string(&asset.reference()).unwrap()).unwrap());
    let ends = Ends { source: first, target: second, source_handle: Some("text".into()), target_handle: None };
    let (edge, loose) = (EdgeId::new(stamp()), EdgeId::new(stamp()));
    let mut batch = Batch::new();
    batch.record();
    let named = Registers::new().with(RegisterName::Name, stamp(), "Nightfall").with(
        RegisterName::extra("colour"),
        stamp(),
        "of a build to come",
    );
    batch.merge(EntityKey::workflow(workflow), &named);
    for one in [&prompt, &image, &node(deleted, "note", "gone")] {
        batch.merge(EntityKey::node(workflow, one.id), &one.to_registers(stamp()).unwrap());
    }
    batch.merge(EntityKey::node(workflow, deleted), &Registers::new().with(RegisterName::Deleted, stamp(), true));
    let cleared = Registers::new().without(RegisterName::config("negative"), stamp());
    batch.merge(EntityKey::node(workflow, first), &cleared);
    for (id, ends) in [(edge, ends.clone()), (loose, Ends { target: deleted, ..ends })] {
        batch.merge(EntityKey::edge(workflow, id), &Edge::new(id, ends).to_registers(stamp()).unwrap());
    }
    batch.set("viewport/test", Some(serde_json::from_str(r#"{"x":1.5,"y":-2,"zoom":0.75}"#).unwrap()));
    db.commit(Arc::new(batch)).await.unwrap();
    let mut other = Batch::new();
    let second = WorkflowId::new(stamp());
    other.merge(EntityKey::workflow(second), &Registers::new().with(RegisterName::Name, stamp(), "Empty"));
    db.commit(Arc::new(other)).await.unwrap();
    db.close().await;
}

/// Everything that the contract gives, as a text.
async fn contents(folder: &Path) -> String {
    let db = Sqlite::open(folder).await.unwrap();
    let mut text = String::new();
    let workflows = db.workflows().await.unwrap();
    assert!(workflows.corrupt.is_empty());
    for (id, row) in workflows.rows {
        writeln!(text, "workflow {} {:?}", row.to_text(id.uuid()), row.counts.unwrap()).unwrap();
        let loaded = db.load(id).await.unwrap();
        assert!(loaded.nodes.corrupt.is_empty() && loaded.edges.corrupt.is_empty());
        for (id, row) in loaded.nodes.rows {
            writeln!(text, "node {}", row.to_text(id.uuid())).unwrap();
        }
        for (id, row) in loaded.edges.rows {
            writeln!(text, "edge {}", row.to_text(id.uuid())).unwrap();
        }
    }
    for asset in db.assets().await.unwrap().rows {
        let whole = db.asset(Wanted::Id(asset.id)).await.unwrap().unwrap();
        writeln!(text, "asset {}", serde_json::to_string(&whole).unwrap()).unwrap();
    }
    let uses: BTreeSet<_> =
        db.uses().await.unwrap().into_iter().map(|one| format!("use {} {}", one.node, one.asset)).collect();
    for one in uses {
        writeln!(text, "{one}").unwrap();
    }
    for record in db.oplog().await.unwrap() {
        writeln!(text, "record {}", serde_json::to_string(&record).unwrap()).unwrap();
    }
    writeln!(text, "setting {}", db.kv("viewport/test").await.unwrap().unwrap().text()).unwrap();
    db.close().await;
    text
}

/// What makes the same file again.
fn dump(file: &Path) -> String {
    let db = Connection::open(file).unwrap();
    let version: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let mut text = String::new();
    let mut tables = Vec::new();
    let mut made =
        db.prepare("SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid").unwrap();
    let mut rows = made.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let (name, kind, sql): (String, String, String) =
            (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap());
        writeln!(text, "{sql};").unwrap();
        if kind == "table" {
            tables.push(name);
        }
    }
    for table in tables {
        let mut all = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = all.column_count();
        let mut rows = all.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<_> = (0..columns).map(|at| literal(row.get(at).unwrap())).collect();
            writeln!(text, "INSERT INTO {table} VALUES ({});", values.join(", ")).unwrap();
        }
    }
    writeln!(text, "PRAGMA user_version = {version};").unwrap();
    text
}

fn literal(value: Value) -> String {
    match value {
        Value::Null => "NULL".into(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => format!("{number:?}"),
        Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Blob(bytes) => format!(
            "x'{}'",
            bytes.iter().fold(String::new(), |mut hex, byte| {
                write!(hex, "{byte:02x}").unwrap();
                hex
            })
        ),
    }
}
