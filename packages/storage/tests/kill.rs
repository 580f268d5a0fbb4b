//! A process that is killed while it writes has lost nothing that it was told is saved, and left nothing half.
//!
//! The test starts itself again as another process, which writes and says what is saved, until it is killed.

#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so at once")]

use std::{
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
    backend::{Batch, sqlite::FILE},
    model::{EntityKey, NodeId, RegisterName, Registers, Stamp, WorkflowId},
};
use uuid::Uuid;

/// Tells the process in which folder to write.
const FOLDER: &str = "ATELIER_TEST_KILL";
/// The beginning of the line that says that a stamp is saved. The test harness prints lines of its own.
const SAVED: &str = "saved ";
const ROUNDS: usize = 5;
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

/// Two nodes, the workflow and a setting, all of which say `stamp`.
fn batch(stamp: Stamp) -> Batch {
    let text = stamp.to_string();
    let named = Registers::new().with(RegisterName::Name, stamp, text.as_str());
    let moved =
        Registers::new().with(RegisterName::Type, stamp, "prompt").with(RegisterName::Position, stamp, text.as_str());
    let mut batch = Batch::new();
    batch.merge(EntityKey::workflow(workflow()), &named);
    batch.merge(EntityKey::node(workflow(), own_node(stamp)), &moved);
    batch.merge(EntityKey::node(workflow(), shared_node()), &moved);
    batch.set("last", Some(text.into()));
    batch
}

/// What the other process does. In a test run of its own: nothing.
#[tokio::test]
async fn write_until_killed() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let (session, _events) = Session::open(Location::Folder(folder.into())).await.unwrap();
    loop {
        // Some alone, some together: what is written during a commit gathers.
        let stamps: Vec<_> = (0..=random(4))
            .map(|_| {
                let stamp = session.stamp();
                session.write(batch(stamp));
                stamp
            })
            .collect();
        session.flush().await;
        for stamp in stamps {
            writeln!(stdout(), "{SAVED}{stamp}").unwrap();
        }
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill_and_no_batch_is_half() {
    let home = tempfile::tempdir().unwrap();
    let mut saved = Vec::new();
    for _ in 0..ROUNDS {
        let before = saved.len();
        saved.extend(write_and_kill(home.path()));
        assert!(saved.len() > before, "it was killed before anything was saved");
        check(home.path(), &saved).await;
    }
}

/// Returns what the other process said is saved.
fn write_and_kill(folder: &Path) -> Vec<Stamp> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "write_until_killed", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (tell, told) = mpsc::channel::<Stamp>();
    let reader = thread::spawn(move || {
        // The last line may be half; then it is no stamp.
        let stamps = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix(SAVED)?.parse().ok());
        stamps.for_each(|stamp| tell.send(stamp).unwrap());
    });
    let mut saved: Vec<_> = (0..=random(60)).map_while(|_| told.recv_timeout(PATIENCE).ok()).collect();
    thread::sleep(Duration::from_micros(random(5_000)));
    // On Unix this is SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap();
    saved.extend(told);
    saved
}

async fn check(folder: &Path, saved: &[Stamp]) {
    let connection = rusqlite::Connection::open(folder.join(FILE)).unwrap();
    let whole: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
    drop(connection);

    let (session, _events) = Session::open(Location::Folder(folder.to_owned())).await.unwrap();
    let loaded = session.load(workflow()).await.unwrap();
    assert!(loaded.nodes.corrupt.is_empty() && loaded.corrupt.is_none());
    let nodes: Vec<_> = loaded.nodes.rows.iter().filter(|(id, _)| *id != shared_node()).collect();
    for (id, row) in &nodes {
        assert_eq!(row.registers.newest().map(own_node), Some(*id), "a node holds another's stamp");
    }
    for stamp in saved {
        assert!(nodes.iter().any(|(id, _)| *id == own_node(*stamp)), "{stamp} was saved and is lost");
    }
    // Of the newest batch everything is there, and nothing of a newer one.
    let newest = nodes.iter().filter_map(|(_, row)| row.registers.newest()).max().unwrap();
    let text = newest.to_string();
    let (_, shared) = loaded.nodes.rows.iter().find(|(id, _)| *id == shared_node()).unwrap();
    assert_eq!(shared.registers.newest(), Some(newest));
    assert_eq!(shared.registers.value(&RegisterName::Position), Some(&text.as_str().into()));
    let row = loaded.workflow.unwrap();
    assert_eq!(row.registers.newest(), Some(newest));
    assert_eq!(row.counts.unwrap().nodes, loaded.nodes.rows.len() as u64);
    assert_eq!(session.kv("last").await.unwrap(), Some(text.as_str().into()));
    assert!(session.stamp() > newest);
    session.close().await;
}

/// A number below `limit`.
fn random(limit: u64) -> u64 {
    getrandom::u64().unwrap() % limit
}
