//! What is refused leaves everything as it was, whatever is wrong with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, types::Value as Cell};
use serde_json::{Value, json};

use super::{
    ASSET, CONTENT, EDGE, FILE, Fixture, ONE,
    graphs::put,
    wide,
    zip::{Entry, archive, archive_with, extra},
};
use crate::{
    Location, Session,
    backend::{Batch, sqlite},
    blobs::{Assets, Source, Ticket},
    model::{EntityKey, Node, NodeId, NodeResult, Point, Workflow, WorkflowId},
    package::{Found, Limits, PackageError, find, look},
};

/// The format's own list of codes.
const FORMAT: &str = include_str!("../../../../../docs/package-format.md");

/// Every code that the format has.
fn codes() -> BTreeSet<&'static str> {
    let (_, section) = FORMAT.split_once("## What a reader must refuse").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
    let mut codes: BTreeSet<_> = cells.flat_map(|cell| cell.trim_end_matches('`').split("`, `")).collect();
    codes.extend(["is-backup", "packed-twice"]);
    codes
}

/// Files of each kind, and how they are to be refused.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let mut all = archives();
    all.extend(entries());
    all.extend(texts());
    all.extend(sizes());
    all.extend(backups());
    all
}

/// The archive as such.
fn archives() -> Vec<(&'static str, Vec<u8>)> {
    let whole = archive(&Fixture::new().entries());
    vec![
        ("not-zip", vec![7; 4096]),
        ("truncated", whole[..whole.len() / 2].to_vec()),
        ("not-exact", [&whole[..], b"more"].concat()),
        ("not-exact", archive_with(&Fixture::new().entries(), b"", &|file, _| file.extend(b"hidden"))),
    ]
}

/// An entry too many, or the asset's changed.
fn entries() -> Vec<(&'static str, Vec<u8>)> {
    let with = |entry: Entry| {
        let mut entries = Fixture::new().entries();
        entries.push(entry);
        archive(&entries)
    };
    let changed = |change: &dyn Fn(&mut Entry)| {
        let mut entries = Fixture::new().entries();
        change(&mut entries[2]);
        archive(&entries)
    };
    let without = |at: usize| {
        let mut entries = Fixture::new().entries();
        entries.remove(at);
        archive(&entries)
    };
    let bomb = Entry::deflated(FILE, &vec![0; 16 << 20]);
    vec![
        ("encrypted", changed(&|entry| entry.flags |= 1)),
        ("unsupported-method", changed(&|entry| entry.method = 14)),
        ("symlink", with(Entry { attributes: 0o120_777 << 16, ..Entry::stored("assets/link", b"/etc/passwd") })),
        ("unsafe-name", with(Entry::stored("../../escaped", b"x"))),
        ("duplicate-entry", with(Entry::stored(&FILE.to_uppercase(), b"x"))),
        ("header-disagree", changed(&|entry| entry.local_sizes = Some((1, 1)))),
        ("overlap", shared()),
        ("bomb", changed(&|entry| *entry = bomb.clone())),
        ("bomb", changed(&|entry| *entry = Entry { bytes: 1000, ..bomb.clone() })),
        ("entry-damaged", changed(&|entry| entry.crc32 ^= 1)),
        ("size-mismatch", changed(&|entry| *entry = Entry::stored(FILE, b"short"))),
        ("hash-mismatch", changed(&|entry| *entry = Entry::stored(FILE, &[b"N", &CONTENT[1..]].concat()))),
        ("manifest-missing", without(0)),
        ("workflow-missing", without(1)),
        ("asset-file-missing", without(2)),
    ]
}

/// One content under two names.
fn shared() -> Vec<u8> {
    let other = "assets/again.png";
    let mut entries = Fixture::new().entries();
    entries.push(Entry::stored(other, CONTENT));
    let mut file = archive(&entries);
    let name_of = |name: &str| file.windows(name.len()).rposition(|part| part == name.as_bytes()).unwrap();
    // Where an entry is stands before its name in the directory.
    let (one, two) = (name_of(FILE), name_of(other));
    file.copy_within(one - 4..one, two - 4);
    file
}

/// The two files in it.
fn texts() -> Vec<(&'static str, Vec<u8>)> {
    let manifest = |pointer: &str, value: Value| {
        let mut fixture = Fixture::new();
        put(&mut fixture.manifest, pointer, Some(value));
        archive(&fixture.entries())
    };
    let workflow = |pointer: &str, value: Value| {
        let mut fixture = Fixture::new();
        put(&mut fixture.workflow, pointer, Some(value));
        archive(&fixture.entries())
    };
    let text = |at: usize, from: &str, to: &str| {
        let Fixture { manifest, workflow } = Fixture::new();
        let name = ["manifest.json", "workflow.json"][at];
        let text = [manifest, workflow][at].to_string();
        assert!(text.contains(from), "{from}");
        let mut entries = Fixture::new().entries();
        entries[at] = Entry::deflated(name, text.replacen(from, to, 1).as_bytes());
        archive(&entries)
    };
    let again = |list: &str, manifest_too: bool| {
        let mut fixture = Fixture::new();
        let file = if manifest_too { &mut fixture.manifest } else { &mut fixture.workflow };
        let first = file[list][0].clone();
        file[list].as_array_mut().unwrap().push(first);
        archive(&fixture.entries())
    };
    let deep = format!("\"config\":{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let elsewhere = json!({"kind": "opfs", "path": "atelier/assets/image/x"});
    vec![
        ("manifest-json", text(0, "]", ",]")),
        ("manifest-shape", manifest("/assets", json!({}))),
        ("package-version", manifest("/packageVersion", json!(2))),
        ("two-workflows", manifest("/workflow/id", json!(ONE))),
        ("duplicate-asset-id", again("assets", true)),
        ("asset-path", manifest("/assets/0/file", json!("other/a.png"))),
        ("hash-malformed", manifest("/assets/0/hash", json!("md5-0"))),
        ("url-scheme", manifest("/assets/0/url", json!("file:///etc/passwd"))),
        ("workflow-json", text(1, "]", ",]")),
        ("workflow-shape", workflow("/nodes", json!({}))),
        ("json-too-deep", text(1, "\"config\":{}", &deep)),
        ("bad-number", text(1, "-1.5", "1e400")),
        ("bad-size", workflow("/nodes/0/size", json!({"width": 1e300, "height": 1}))),
        ("bad-id", workflow("/nodes/0/id", json!("node-1"))),
        ("duplicate-node-id", workflow("/nodes/1/id", json!(ONE))),
        ("duplicate-edge-id", again("edges", false)),
        ("edge-unknown-node", workflow("/edges/0/target", json!(EDGE))),
        ("url-scheme", workflow("/nodes/0/result", json!({"kind": "url", "url": "javascript:alert(1)"}))),
        ("ref-unknown", workflow("/nodes/0/result", json!({"kind": "embedded", "id": ONE}))),
        ("ref-kind", workflow("/nodes/1/config/a", elsewhere)),
    ]
}

/// What is beyond a limit, or says so.
fn sizes() -> Vec<(&'static str, Vec<u8>)> {
    let replaced = |at: usize, entry: Entry| {
        let mut entries = Fixture::new().entries();
        entries[at] = entry;
        archive(&entries)
    };
    let spaces = |bytes: u64| vec![b' '; usize::try_from(bytes).unwrap() + 1];
    let claim = |name: &str, bytes: u64| Entry {
        central_sizes: Some((u32::MAX, u32::MAX)),
        extra: extra(1, &[bytes, bytes]),
        ..Entry::stored(name, b"")
    };
    let limits = Limits::DEFAULT;
    let large: Vec<_> = (0..3).map(|number| claim(&number.to_string(), limits.asset_bytes)).collect();
    let many = wide::layout((0..=limits.entries).map(|_| wide::zeros(0)));
    vec![
        ("manifest-too-large", replaced(0, Entry::stored("manifest.json", &spaces(limits.manifest_bytes)))),
        ("workflow-too-large", replaced(1, Entry::stored("workflow.json", &spaces(limits.workflow_bytes)))),
        ("asset-too-large", replaced(2, claim(FILE, limits.asset_bytes + 1))),
        ("too-large", archive(&[Fixture::new().entries(), large].concat())),
        ("too-many-entries", many.to_bytes(|_| Vec::new())),
    ]
}

/// What is in a backup and can't be there.
fn backups() -> Vec<(&'static str, Vec<u8>)> {
    let sound = archive(&Fixture::new().entries());
    let backup = archive(&[Entry::stored("sound.genaiw.zip", &sound)]);
    vec![
        ("is-backup", archive(&[Entry::stored("backup.genaiw.zip", &backup)])),
        ("packed-twice", archive(&[Entry::deflated("again.genaiw.zip", &sound)])),
    ]
}

/// Why the file, or a package in it, stays out.
async fn refusal(assets: &Assets, source: &Source) -> Result<(), PackageError> {
    match find(assets, source.clone(), Ticket::default()).await? {
        Found::Package(package) => package.refusal().cloned().map_or(Ok(()), Err),
        Found::Backup(backup) => {
            for inside in backup.packages {
                let package = look(assets, inside.source(source).await?, Ticket::default()).await?;
                package.refusal().cloned().map_or(Ok(()), Err)?;
            }
            Ok(())
        }
    }
}

/// Everything that is stored: each table's rows, and each file's bytes.
#[derive(Debug, PartialEq)]
struct Stored {
    tables: BTreeMap<String, Vec<Vec<Cell>>>,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Stored {
    fn of(folder: &Path) -> Self {
        let database = Connection::open(folder.join(sqlite::FILE)).unwrap();
        let rows = |sql: &str| -> Vec<Vec<Cell>> {
            let mut query = database.prepare(sql).unwrap();
            let columns = query.column_count();
            let rows = query.query_map([], |row| (0..columns).map(|at| row.get(at)).collect());
            rows.unwrap().collect::<Result<_, _>>().unwrap()
        };
        let mut tables = BTreeMap::new();
        for name in rows("SELECT name FROM sqlite_schema WHERE type = 'table'") {
            let [Cell::Text(name)] = &name[..] else { panic!("{name:?}") };
            tables.insert(name.clone(), rows(&format!("SELECT * FROM {name} ORDER BY 1, 2")));
        }
        let mut files = BTreeMap::new();
        add_files(folder, &mut files);
        Self { tables, files }
    }
}

fn add_files(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add_files(&path, files);
        } else if path.file_stem().is_some_and(|name| name == "atelier") {
            // The database and what belongs to it: its rows are looked at.
        } else {
            files.insert(path.clone(), fs::read(path).unwrap());
        }
    }
}

/// A session with something in it: a workflow that shows media, and media that nobody shows.
async fn with_work(folder: &Path) -> Session {
    let session = Session::open(Location::Folder(folder.to_owned())).await.unwrap().0;
    let assets = session.assets();
    let shown = assets.put(Source::Bytes(b"shown".as_slice().into()), None, Ticket::default()).await.unwrap();
    assets.put(Source::Bytes(b"kept".as_slice().into()), None, Ticket::default()).await.unwrap();
    let id = WorkflowId::new(session.stamp());
    let mut node = Node::new(NodeId::new(session.stamp()), "note", Point::default());
    node.result = Some(NodeResult::Asset(shown.asset.reference()));
    let stamp = session.stamp();
    let mut batch = Batch::new();
    batch.merge(EntityKey::workflow(id), &Workflow::new(id, "Work").to_registers(stamp));
    batch.merge(EntityKey::node(id, node.id), &node.to_registers(stamp).unwrap());
    session.write(batch);
    session.flush().await;
    // Until small files are synced, the database notes what is in them.
    while !Stored::of(folder).tables["blobs"].is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    session
}

#[tokio::test]
async fn whatever_is_wrong_with_a_file_it_leaves_what_is_stored_as_it_was() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let session = with_work(home.path()).await;
    let before = Stored::of(home.path());
    assert!(before.files.len() >= 2 && before.tables["nodes"].len() == 1 && before.tables["assets"].len() == 2);
    let path = other.path().join("a.genaiw.zip");
    let source = Source::File(path.clone());
    fs::write(&path, archive(&Fixture::new().entries())).unwrap();
    let sound = look(session.assets(), source.clone(), Ticket::default()).await.unwrap();

    let mut seen = BTreeSet::new();
    for (code, file) in hostile() {
        fs::write(&path, file).unwrap();
        let error = refusal(session.assets(), &source).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert_eq!(Stored::of(home.path()), before, "{code}");
        // It takes the place of a sound one after that was checked.
        if let Ok(media) = sound.keep_media(session.assets(), &source, Ticket::default()).await {
            media.undo(session.assets()).await.unwrap();
        }
        assert_eq!(Stored::of(home.path()), before, "{code} in place of what was checked");
        seen.insert(code);
    }
    // More than fits into memory.
    wide::save(&wide::layout([wide::zeros(Limits::DEFAULT.archive_bytes)]), &path);
    let error = refusal(session.assets(), &source).await.unwrap_err();
    assert_eq!(error.code(), "archive-too-large");
    assert_eq!(Stored::of(home.path()), before);
    seen.insert("archive-too-large");
    assert_eq!(seen, codes());

    // Called off, and gone.
    let ticket = Ticket::default();
    ticket.cancel();
    fs::write(&path, archive(&Fixture::new().entries())).unwrap();
    assert_eq!(look(session.assets(), source.clone(), ticket).await, Err(PackageError::Cancelled));
    fs::remove_file(&path).unwrap();
    assert_eq!(refusal(session.assets(), &source).await.unwrap_err().code(), "unreadable");
    assert_eq!(Stored::of(home.path()), before);

    // A sound one does change it.
    fs::write(&path, archive(&Fixture::new().entries())).unwrap();
    assert_eq!(refusal(session.assets(), &source).await, Ok(()));
    let media = sound.keep_media(session.assets(), &source, Ticket::default()).await.unwrap();
    assert!(media.get(ASSET.parse().unwrap()).is_some());
    let after = Stored::of(home.path());
    assert!(after.files.len() == before.files.len() + 1 && after.tables["assets"].len() == 3);
}
