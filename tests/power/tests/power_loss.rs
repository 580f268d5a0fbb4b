//! Whenever power fails, nothing is lost of which it was said that it is saved, nothing is half, and no row is without its bytes.
//!
//! A session works for a while and is recorded. Then, for many moments, what the disk may hold is written to a folder and opened.

#![cfg(all(unix, not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "all of this is tests")]

use std::{
    collections::BTreeSet,
    env, fs,
    panic::{self, AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Mutex, PoisonError},
};

use power::{Disk, Op, Trust, record};
use rusqlite::Connection;
use storage::{
    Location, Session,
    backend::{Batch, sqlite::FILE},
    blobs::{Source, Ticket, Where},
    model::{Asset, AssetId, EntityKey, Json, NodeId, RegisterName, Registers, Stamp, WorkflowId},
    parking,
};
use uuid::Uuid;

/// How many moments are tried, unless `ATELIER_ROUNDS` says.
const MOMENTS: usize = 60;
/// How many batches a session of the recording stores: enough for the log to be brought into the database meanwhile.
const BATCHES: usize = 250;
/// How many sessions there are.
const SESSIONS: usize = 3;

/// Recordings are of the whole process.
static ALONE: Mutex<()> = Mutex::new(());

fn workflow() -> WorkflowId {
    WorkflowId::from_uuid(Uuid::from_u128(1))
}

/// A node that every batch moves.
fn shared_node() -> NodeId {
    NodeId::from_uuid(Uuid::from_u128(2))
}

/// A node of its own, which may refer to an asset, the shared one, the workflow, a setting and a record, all of which say `stamp`.
fn batch(stamp: Stamp, asset: Option<&Asset>) -> Batch {
    let text = stamp.to_string();
    let moved =
        Registers::new().with(RegisterName::Type, stamp, "image").with(RegisterName::Position, stamp, text.as_str());
    let own = match asset {
        None => moved.clone(),
        Some(asset) => {
            moved.clone().with(RegisterName::config("picture"), stamp, Json::new(&asset.reference()).unwrap())
        }
    };
    let mut batch = Batch::new();
    batch.merge(EntityKey::workflow(workflow()), &Registers::new().with(RegisterName::Name, stamp, text.as_str()));
    batch.merge(EntityKey::node(workflow(), NodeId::new(stamp)), &own);
    batch.merge(EntityKey::node(workflow(), shared_node()), &moved);
    batch.set("last", Some(text.into())).record();
    batch
}

fn random(limit: u64) -> u64 {
    getrandom::u64().unwrap() % limit.max(1)
}

async fn open(folder: &Path) -> Session {
    Session::open(Location::Folder(folder.to_owned())).await.unwrap().0
}

/// Lets a session work, and gives what was done to the disk.
fn work(folder: &Path) -> Vec<Op> {
    let recorder = record(folder);
    block_on(async {
        for number in 0..SESSIONS {
            let session = open(folder).await;
            let to = if number == 1 { Where::Database } else { Where::Own };
            assert_eq!(session.assets().move_all(to, Ticket::default()).await.unwrap(), []);
            let mut unused = Vec::new();
            for turn in 0..BATCHES {
                let asset = if turn % 6 == 0 { Some(put(&session, turn % 18 == 0).await) } else { None };
                if let Some(asset) = &asset {
                    recorder.promised(format!("asset {}", asset.id));
                    if turn % 4 == 0 {
                        unused.push(asset.id);
                    }
                }
                let stamps: Vec<_> = (0..=random(3))
                    .map(|_| {
                        let stamp = session.stamp();
                        session.write(batch(stamp, asset.as_ref().filter(|asset| !unused.contains(&asset.id))));
                        stamp
                    })
                    .collect();
                session.flush().await;
                for stamp in stamps {
                    recorder.promised(format!("stamp {stamp}"));
                }
                if unused.len() > 2 {
                    for asset in &unused {
                        recorder.withdrawn(format!("asset {asset}"));
                    }
                    let cleaned = session.assets().clean_up(unused.drain(..).collect()).await.unwrap();
                    assert_eq!(cleaned.kept, 0);
                }
            }
            session.close().await;
        }
    });
    recorder.stop()
}

/// Keeps a content: a large one, whose file is synced at once, or a small one, which is noted first.
async fn put(session: &Session, is_large: bool) -> Asset {
    let least = if is_large { 70_000 } else { 0 };
    let mut content = vec![0; usize::try_from(least + random(20_000)).unwrap()];
    getrandom::fill(&mut content).unwrap();
    session.assets().put(Source::Bytes(content.into()), None, Ticket::default()).await.unwrap().asset
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap().block_on(future)
}

/// What was promised by then.
#[derive(Clone, Default)]
struct Promises {
    stamps: BTreeSet<Stamp>,
    assets: BTreeSet<AssetId>,
}

impl Promises {
    fn heed(&mut self, op: &Op) {
        let (Op::Promised(what) | Op::Withdrawn(what)) = op else { return };
        match (what.split_once(' ').unwrap(), op) {
            (("stamp", stamp), _) => drop(self.stamps.insert(stamp.parse().unwrap())),
            ((_, asset), Op::Promised(_)) => drop(self.assets.insert(asset.parse().unwrap())),
            ((_, asset), _) => drop(self.assets.remove(&asset.parse().unwrap())),
        }
    }
}

/// Opens what is left and compares it with what was promised. Panics if that isn't there.
async fn check(folder: &Path, promises: &Promises) {
    let connection = Connection::open(folder.join(FILE)).unwrap();
    let whole: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
    drop(connection);

    let session = open(folder).await;
    let loaded = session.load(workflow()).await.unwrap();
    assert!(loaded.nodes.corrupt.is_empty() && loaded.corrupt.is_none());
    let own = loaded.nodes.rows.iter().filter(|(id, _)| *id != shared_node());
    let stored: BTreeSet<_> = own.map(|(_, row)| row.registers.newest().unwrap()).collect();
    assert!(stored.is_superset(&promises.stamps), "something was saved and is lost");
    assert_eq!(loaded.nodes.rows.len(), stored.len() + usize::from(!stored.is_empty()), "a node holds another's stamp");

    // Of the newest batch everything is there, and nothing of a newer one.
    let text = stored.last().map(|newest| Json::from(newest.to_string()));
    let shared = loaded.nodes.rows.iter().find(|(id, _)| *id == shared_node()).map(|(_, row)| &row.registers);
    assert_eq!(shared.and_then(|shared| shared.value(&RegisterName::Position)), text.as_ref());
    let name = loaded.workflow.as_ref().and_then(|row| row.registers.value(&RegisterName::Name));
    assert_eq!(name, text.as_ref());
    assert_eq!(session.kv("last").await.unwrap(), text);
    let counted = loaded.workflow.as_ref().and_then(|row| row.counts).map_or(0, |counts| counts.nodes);
    assert_eq!(counted, loaded.nodes.rows.len() as u64);
    check_oplog(folder, &loaded).await;

    // Before anything is swept, and after.
    let assets = session.assets();
    for _ in 0..2 {
        let damaged = assets.verify(Ticket::default()).await.unwrap().len();
        assert_eq!(damaged, 0, "rows without their bytes");
        let rows: BTreeSet<_> = assets.usage().await.unwrap().assets.iter().map(|asset| asset.id).collect();
        assert!(rows.is_superset(&promises.assets), "media were kept and are lost");
        assets.sweep().await.unwrap();
    }
    session.close().await;
}

/// The records of all commits, merged, are the state.
async fn check_oplog(folder: &Path, loaded: &storage::backend::Loaded) {
    use storage::backend::{Backend, sqlite::Sqlite};

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

/// What is wrong after a loss of power after so many of the ops, if anything is.
fn lose_power(ops: &[Op], root: &Path, moment: usize, trust: Trust) -> Option<String> {
    let (mut disk, mut promises) = (Disk::new(root, trust), Promises::default());
    for op in &ops[..moment] {
        disk.apply(op);
        promises.heed(op);
    }
    let left = tempfile::tempdir().unwrap();
    disk.lose_power(left.path(), &mut random).unwrap();
    let hook = panic::take_hook();
    if trust == Trust::Lies {
        // It is expected, and says a lot.
        panic::set_hook(Box::new(|_| {}));
    }
    let checked = catch_unwind(AssertUnwindSafe(|| block_on(check(left.path(), &promises))));
    panic::set_hook(hook);
    let panic = checked.err()?;
    let reason = panic.downcast_ref::<String>().cloned();
    let reason = reason.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default();
    if trust == Trust::Keeps {
        // To be looked at.
        let kept = left.keep();
        return Some(format!("after op {moment}, {:?}: {reason}\nleft in {}", ops.get(moment), kept.display()));
    }
    Some(reason)
}

#[test]
fn whenever_power_fails_nothing_that_was_promised_is_lost() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let home = tempfile::tempdir().unwrap();
    let ops = work(home.path());
    let count = |what: fn(&Op) -> bool| ops.iter().filter(|op| what(op)).count();
    let database = home.path().join(FILE);
    // Brought into the database in the middle of each session, and at its end.
    let brought = ops.iter().filter(|op| matches!(op, Op::Synced(path) if *path == database)).count();
    assert!(brought >= 2 * SESSIONS, "the log was brought into the database {brought} times");
    assert!(count(|op| matches!(op, Op::Synced(_))) > BATCHES * SESSIONS);
    assert!(count(|op| matches!(op, Op::Renamed(..))) > 20 && count(|op| matches!(op, Op::FolderSynced(_))) > 20);
    let stored = Connection::open(home.path().join(FILE)).unwrap();
    let noted: i64 = stored.query_row("SELECT count(*) FROM blobs WHERE key LIKE '~%'", [], |row| row.get(0)).unwrap();
    assert!(noted > 0, "every file was synced before the end, so none of the moments is one between");
    drop(stored);

    let moments = env::var("ATELIER_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(MOMENTS);
    // The very last and the very first among them.
    let mut tried = BTreeSet::from([ops.len(), 0, 1, 2, 3]);
    while tried.len() < moments.min(ops.len()) {
        tried.insert(usize::try_from(random(ops.len() as u64)).unwrap());
    }
    let wrong: Vec<_> =
        tried.iter().filter_map(|moment| lose_power(&ops, home.path(), *moment, Trust::Keeps)).collect();
    assert!(wrong.is_empty(), "{} of {} moments:\n{}", wrong.len(), tried.len(), wrong.join("\n"));
    println!("{} moments of {} ops", tried.len(), ops.len());
}

#[test]
fn a_disk_that_lies_is_found_out() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let home = tempfile::tempdir().unwrap();
    let ops = work(home.path());
    // Half way: then a lot was promised, and with such a disk nothing of it need be there.
    let found = (1..12).filter_map(|part| lose_power(&ops, home.path(), ops.len() * part / 12, Trust::Lies)).count();
    assert!(found >= 8, "of a disk that keeps nothing, {found} of 11 losses were noticed");
    fs::remove_dir_all(home.path()).unwrap();
}
