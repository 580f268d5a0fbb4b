//! A database of schema 1, as the first build wrote it: every later build opens it and finds everything.
//!
//! `v1/atelier.sql` makes the file, `v1/contents.txt` is what must be found in it. Both were written by `write_the_fixture` while
//! the schema was 1, and are never written again.

#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so at once")]

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path, sync::Arc};

use rusqlite::{Connection, types::Value};
use storage::{
    Location, SCHEMA_VERSION, Session,
    backend::{
        Backend, Batch, Wanted,
        sqlite::{FILE, Sqlite},
    },
    blobs::{Files, FolderState, Place, Source, SqlitePlace, Ticket, Where},
    model::{
        Asset, AssetId, AssetPlace, Clock, Edge, EdgeId, Ends, EntityKey, Json, MediaKind, Node, NodeId, NodeResult,
        NodeStatus, Object, Point, RegisterName, Registers, Stamp, WorkflowId,
    },
};

const SQL: &str = include_str!("v1/atelier.sql");
const CONTENTS: &str = include_str!("v1/contents.txt");

/// A folder for media, as the fixture has it. A test has it elsewhere.
const DISK: &str = "/media/disk";
/// What is in the database, and in that folder.
const KEPT: [(&str, &[u8]); 2] =
    [("in the database.txt", b"bytes in the database"), ("in a folder.txt", b"bytes in a folder")];

#[tokio::test]
async fn a_database_of_schema_1_opens_with_everything_in_it() {
    let folder = tempfile::tempdir().unwrap();
    Connection::open(folder.path().join(FILE)).unwrap().execute_batch(SQL).unwrap();
    assert_eq!(contents(folder.path()).await, CONTENTS);
}

#[tokio::test]
async fn media_of_schema_1_are_where_they_were() {
    let home = tempfile::tempdir().unwrap();
    let (data, disk) = (home.path().join("data"), home.path().join("disk"));
    fs::create_dir(&data).unwrap();
    let moved = SQL.replace(DISK, json(&disk).text().trim_matches('"'));
    assert_ne!(moved, SQL);
    Connection::open(data.join(FILE)).unwrap().execute_batch(&moved).unwrap();
    let database = Sqlite::open(&data).await.unwrap();
    for asset in database.assets().await.unwrap().rows {
        // The layout of such a folder is kept as well.
        if let AssetPlace::FsHandle { handle_id } = &asset.place {
            let folder = disk.join("atelier").join(handle_id);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(asset.id.to_string()), KEPT[1].1).unwrap();
        }
    }
    database.close().await;

    let session = Session::open(Location::Folder(data)).await.unwrap().0;
    let assets = session.assets();
    assert_eq!(assets.folder(), FolderState::Granted { name: "disk".into() });
    assert_eq!(assets.preferred(), Where::Folder);
    let all = assets.usage().await.unwrap().assets;
    for ((name, content), place) in KEPT.into_iter().zip([Where::Database, Where::Folder]) {
        let asset = all.iter().find(|asset| asset.name.as_deref() == Some(name)).unwrap();
        assert_eq!(Where::of(&asset.place), place);
        assert_eq!(assets.read(asset.id, 0..u64::MAX).await.unwrap(), content);
        assert_eq!(assets.uses(asset.id).await.unwrap().len(), 1, "a node shows it");
    }
    // Of the first one there was never more than its row.
    let damaged = assets.verify(Ticket::default()).await.unwrap();
    assert_eq!(damaged.iter().map(|damage| Where::of(&damage.asset.place)).collect::<Vec<_>>(), [Where::Own]);
}

#[tokio::test]
#[ignore = "writes the fixture anew, which is done for a new schema alone, under a new name"]
async fn write_the_fixture() {
    assert_eq!(SCHEMA_VERSION, 1, "this build does not write schema 1");
    let (folder, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(folder.path()).await;
    write_media(folder.path(), disk.path()).await;
    let there = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/v1");
    let text = dump(&folder.path().join(FILE)).replace(json(disk.path()).text().trim_matches('"'), DISK);
    fs::write(there.join("atelier.sql"), text).unwrap();
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

/// Media in the database and in a folder of the user's, and nodes that show them.
async fn write_media(folder: &Path, disk: &Path) {
    let session = Session::open(Location::Folder(folder.to_owned())).await.unwrap().0;
    session.assets().use_folder(disk.to_owned()).await.unwrap();
    let stays = session.assets().move_all(Where::Folder, Ticket::default()).await.unwrap();
    assert_eq!(stays.len(), 1, "it has no bytes");
    session.close().await;
    let raw = Connection::open(folder.join(FILE)).unwrap();
    let handle: String = raw.query_row("SELECT id FROM handles", [], |row| row.get(0)).unwrap();
    drop(raw);

    let mut clock = Clock::new(8);
    let mut stamp = || clock.tick(1_800_000_000_000);
    let db = Sqlite::open(folder).await.unwrap();
    let places: [Arc<dyn Place>; 2] =
        [Arc::new(SqlitePlace::new(db.clone())), Arc::new(Files::chosen(disk, handle.parse().unwrap()))];
    let workflow = WorkflowId::new(stamp());
    let mut batch = Batch::new();
    batch.record();
    batch.merge(EntityKey::workflow(workflow), &Registers::new().with(RegisterName::Name, stamp(), "Media"));
    for ((name, content), place) in KEPT.into_iter().zip(places) {
        let asset = kept(&*place, stamp(), name, content).await;
        db.add_asset(asset.clone()).await.unwrap();
        let mut node = Node::new(NodeId::new(stamp()), "image", Point::default());
        node.status = NodeStatus::Done;
        node.result = Some(NodeResult::Asset(asset.reference()));
        batch.merge(EntityKey::node(workflow, node.id), &node.to_registers(stamp()).unwrap());
    }
    db.commit(Arc::new(batch)).await.unwrap();
    db.close().await;
}

/// The row of a content that is there now.
async fn kept(place: &dyn Place, stamp: Stamp, name: &str, content: &[u8]) -> Asset {
    let id = AssetId::new(stamp);
    let staged = place.stage(id, Source::Bytes(content.into()), Ticket::default()).await.unwrap();
    Asset {
        id,
        hash: staged.hash,
        crc32: staged.crc32,
        mime: "text/plain".into(),
        bytes: staged.bytes,
        place: place.keep(id, id, MediaKind::Other).await.unwrap(),
        name: Some(name.to_owned()),
        width: None,
        height: None,
        duration: None,
        thumbnail: None,
        created_at: 1_800_000_000_000,
        extra: Object::default(),
    }
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> Json {
    Json::new(value).unwrap()
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
