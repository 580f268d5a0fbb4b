//! A process that is killed while it writes has lost nothing that it was told is saved, left nothing half, no row without its
//! bytes, and an oplog that agrees with the state.
//!
//! The test starts itself again as another process, which writes and says what is saved, until it is killed. `cargo xtask test
//! crash` does that 200 times; `ATELIER_ROUNDS` says how often otherwise.

#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so at once")]

use std::{
    collections::BTreeSet,
    env,
    io::{BufRead, BufReader, Write, stdout},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use storage::{
    Location, Session,
    backend::{
        Backend, Batch, Loaded,
        sqlite::{FILE, Sqlite},
    },
    blobs::{Source, Ticket},
    model::{Asset, AssetId, EntityKey, Json, NodeId, RegisterName, Registers, Stamp, WorkflowId},
    parking,
};
use uuid::Uuid;

/// Tells the process in which folder to write.
const FOLDER: &str = "ATELIER_TEST_KILL";
/// The beginning of the line that says that a stamp is saved. The test harness prints lines of its own.
const SAVED: &str = "saved ";
/// The same of an asset.
const KEPT: &str = "kept ";
const ROUNDS: usize = 20;
/// How long nothing may be saved.
const PATIENCE: Duration = Duration::from_secs(30);

fn workflow() -> WorkflowId {
    WorkflowId::from_uuid(Uuid::from_u128(1))
}

/// A node that is written once.
fn own_node(stamp: Stamp) -> NodeId {
    NodeId::new(stamp)
}

/// A node that every batch moves.
fn shared_node() -> NodeId {
    NodeId::from_uuid(Uuid::from_u128(2))
}

/// Two nodes, the workflow, a setting and a record, all of which say `stamp`. The node of its own may refer to an asset.
fn batch(stamp: Stamp, asset: Option<&Asset>) -> Batch {
    let text = stamp.to_string();
    let named = Registers::new().with(RegisterName::Name, stamp, text.as_str());
    let moved =
        Registers::new().with(RegisterName::Type, stamp, "prompt").with(RegisterName::Position, stamp, text.as_str());
    let mut batch = Batch::new();
    batch.merge(EntityKey::workflow(workflow()), &named);
    let own = match asset {
        Some(asset) => {
            let reference = Json::new(&asset.reference()).unwrap();
            moved.clone().with(RegisterName::config("picture"), stamp, reference)
        }
        None => moved.clone(),
    };
    batch.merge(EntityKey::node(workflow(), own_node(stamp)), &own);
    batch.merge(EntityKey::node(workflow(), shared_node()), &moved);
    batch.set("last", Some(text.into())).record();
    batch
}

/// What the other process says.
#[derive(Default)]
struct Said {
    saved: Vec<Stamp>,
    kept: Vec<AssetId>,
}

/// What the other process does. In a test run of its own: nothing.
#[tokio::test]
async fn write_until_killed() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let (session, _events) = Session::open(Location::Folder(folder.into())).await.unwrap();
    loop {
        // A picture in some of them.
        let asset = if random(4) == 0 { Some(put(&session).await) } else { None };
        if let Some(asset) = &asset {
            writeln!(stdout(), "{KEPT}{}", asset.id).unwrap();
        }
        // Some alone, some together: what is written during a commit gathers.
        let stamps: Vec<_> = (0..=random(4))
            .map(|_| {
                let stamp = session.stamp();
                session.write(batch(stamp, asset.as_ref()));
                stamp
            })
            .collect();
        session.flush().await;
        for stamp in stamps {
            writeln!(stdout(), "{SAVED}{stamp}").unwrap();
        }
    }
}

async fn put(session: &Session) -> Asset {
    let mut content = vec![0; usize::try_from(random(200_000)).unwrap()];
    getrandom::fill(&mut content).unwrap();
    session.assets().put(Source::Bytes(content.into()), None, Ticket::default()).await.unwrap().asset
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill_and_no_batch_is_half() {
    let home = tempfile::tempdir().unwrap();
    let rounds = env::var("ATELIER_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let mut said = Said::default();
    for _ in 0..rounds {
        let before = said.saved.len();
        write_and_kill(home.path(), &mut said);
        assert!(said.saved.len() > before, "it was killed before anything was saved");
        check(home.path(), &said).await;
    }
}

/// Adds what the other process said is saved.
fn write_and_kill(folder: &Path, said: &mut Said) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "write_until_killed", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (tell, told) = mpsc::channel::<String>();
    let reader = thread::spawn(move || lines.map_while(Result::ok).for_each(|line| tell.send(line).unwrap()));
    let wanted = said.saved.len() + 1 + usize::try_from(random(40)).unwrap();
    while said.saved.len() < wanted {
        let Ok(line) = told.recv_timeout(PATIENCE) else { break };
        said.heed(&line);
    }
    thread::sleep(Duration::from_micros(random(5_000)));
    // On Unix this is SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap();
    for line in &told {
        said.heed(&line);
    }
}

impl Said {
    /// The last line may be half; then it is no stamp and no id.
    fn heed(&mut self, line: &str) {
        self.saved.extend(line.strip_prefix(SAVED).and_then(|stamp| stamp.parse::<Stamp>().ok()));
        self.kept.extend(line.strip_prefix(KEPT).and_then(|id| id.parse::<AssetId>().ok()));
    }
}

async fn check(folder: &Path, said: &Said) {
    let connection = rusqlite::Connection::open(folder.join(FILE)).unwrap();
    let whole: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
    drop(connection);

    let (session, _events) = Session::open(Location::Folder(folder.to_owned())).await.unwrap();
    let loaded = session.load(workflow()).await.unwrap();
    assert!(loaded.nodes.corrupt.is_empty() && loaded.corrupt.is_none());
    let mut own = BTreeSet::new();
    for (id, row) in loaded.nodes.rows.iter().filter(|(id, _)| *id != shared_node()) {
        assert_eq!(row.registers.newest().map(own_node), Some(*id), "a node holds another's stamp");
        own.insert(*id);
    }
    for stamp in &said.saved {
        assert!(own.contains(&own_node(*stamp)), "{stamp} was saved and is lost");
    }
    // Of the newest batch everything is there, and nothing of a newer one.
    let rows = loaded.nodes.rows.iter().filter(|(id, _)| *id != shared_node());
    let newest = rows.filter_map(|(_, row)| row.registers.newest()).max().unwrap();
    let text = newest.to_string();
    let (_, shared) = loaded.nodes.rows.iter().find(|(id, _)| *id == shared_node()).unwrap();
    assert_eq!(shared.registers.newest(), Some(newest));
    assert_eq!(shared.registers.value(&RegisterName::Position), Some(&text.as_str().into()));
    let row = loaded.workflow.as_ref().unwrap();
    assert_eq!(row.registers.newest(), Some(newest));
    assert_eq!(row.counts.unwrap().nodes, loaded.nodes.rows.len() as u64);
    assert_eq!(session.kv("last").await.unwrap(), Some(text.as_str().into()));
    assert!(session.stamp() > newest);
    check_oplog(folder, &loaded).await;

    let damaged = session.assets().verify(Ticket::default()).await.unwrap();
    assert_eq!(damaged.len(), 0, "rows without their bytes: {damaged:?}");
    let rows: BTreeSet<_> = session.assets().usage().await.unwrap().assets.iter().map(|asset| asset.id).collect();
    assert!(said.kept.iter().all(|id| rows.contains(id)), "media were kept and are lost");
    session.close().await;
}

/// The records of all commits, merged, are the state.
async fn check_oplog(folder: &Path, loaded: &Loaded) {
    let database = Sqlite::open(folder).await.unwrap();
    let mut recorded = Batch::new();
    for record in database.oplog().await.unwrap() {
        recorded.absorb(parking::from_text(&format!(r#"{{"patches":{}}}"#, record.patches.text())).unwrap());
    }
    database.close().await;
    let recorded: Vec<_> = recorded.rows().map(|(key, registers)| (key, registers.clone())).collect();
    let mut state: Vec<_> = loaded.clone().into_rows(workflow()).map(|(key, row)| (key, row.registers)).collect();
    state.sort_by_key(|(key, _)| *key);
    assert!(recorded == state, "the oplog and the state differ");
}

/// A number below `limit`.
fn random(limit: u64) -> u64 {
    getrandom::u64().unwrap() % limit
}
