//! A process that is killed in the middle of putting media has lost none that it was told is kept, and left no row without bytes.
//! And a content of any size needs no memory.
//!
//! The tests start themselves again as another process, which puts media until it is killed, or says what memory that took.

#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so at once")]

use std::{
    collections::BTreeSet,
    env,
    fs::{self, File},
    io::{BufRead, BufReader, Write, stdout},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use storage::{
    Location, Session,
    backend::sqlite::FILE,
    blobs::{Source, Ticket, Where},
    model::AssetId,
};

/// Tells the other process in which folder to put media.
const FOLDER: &str = "ATELIER_TEST_MEDIA";
/// Tells it to put them in the database.
const DATABASE: &str = "ATELIER_TEST_MEDIA_DATABASE";
/// The beginnings of the lines that it says something with. The test harness prints lines of its own.
const KEPT: &str = "kept ";
const MEMORY: &str = "memory ";
const ROUNDS: usize = 4;
/// How long nothing may be kept.
const PATIENCE: Duration = Duration::from_mins(1);

async fn open(folder: &Path) -> Session {
    Session::open(Location::Folder(folder.to_owned())).await.unwrap().0
}

/// The other process's session, with new media going where they should.
async fn open_there() -> Option<Session> {
    let session = open(Path::new(&env::var_os(FOLDER)?)).await;
    let to = if env::var_os(DATABASE).is_some() { Where::Database } else { Where::Own };
    assert_eq!(session.assets().move_all(to, Ticket::default()).await.unwrap(), []);
    Some(session)
}

/// Starts one of the tests below as another process.
fn start(test: &str, folder: &Path, to: Where) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(FOLDER, folder).stdout(Stdio::piped());
    if to == Where::Database {
        command.env(DATABASE, "1");
    }
    command.spawn().unwrap()
}

/// What the other process does. In a test run of its own: nothing.
#[tokio::test]
async fn put_until_killed() {
    let Some(session) = open_there().await else { return };
    loop {
        let mut content = vec![0; usize::try_from(random(3_000_000)).unwrap()];
        getrandom::fill(&mut content).unwrap();
        let put = |content: Vec<u8>| session.assets().put(Source::Bytes(content.into()), None, Ticket::default());
        // Some alone, some beside another, some of a content that is known.
        let (first, second) = tokio::join!(put(content.clone()), put(content[content.len() / 2..].to_vec()));
        for added in [first, second, put(content).await] {
            writeln!(stdout(), "{KEPT}{}", added.unwrap().asset.id).unwrap();
        }
    }
}

#[tokio::test]
async fn what_was_kept_in_files_survives_a_kill_and_no_row_is_without_bytes() {
    kill_and_check(Where::Own).await;
}

#[tokio::test]
async fn what_was_kept_in_the_database_survives_a_kill_and_no_row_is_without_bytes() {
    kill_and_check(Where::Database).await;
}

async fn kill_and_check(to: Where) {
    let home = tempfile::tempdir().unwrap();
    let mut kept = BTreeSet::new();
    // All rounds look at all media again, so there are fewer of them than of edits.
    let asked = env::var("ATELIER_ROUNDS").ok().and_then(|rounds| rounds.parse::<usize>().ok());
    for _ in 0..asked.map_or(ROUNDS, |rounds| (rounds / 5).max(1)) {
        let before = kept.len();
        kept.extend(put_and_kill(home.path(), to));
        assert!(kept.len() > before, "it was killed before anything was kept");
        check(home.path(), &kept).await;
    }
}

/// Returns what the other process said is kept.
fn put_and_kill(folder: &Path, to: Where) -> Vec<AssetId> {
    let mut child = start("put_until_killed", folder, to);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (tell, told) = mpsc::channel::<AssetId>();
    let reader = thread::spawn(move || {
        // The last line may be half; then it is no id.
        let ids = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix(KEPT)?.parse().ok());
        ids.for_each(|id| tell.send(id).unwrap());
    });
    let mut kept: Vec<_> = (0..=random(12)).map_while(|_| told.recv_timeout(PATIENCE).ok()).collect();
    thread::sleep(Duration::from_micros(random(40_000)));
    // On Unix this is SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap();
    kept.extend(told);
    kept
}

async fn check(folder: &Path, kept: &BTreeSet<AssetId>) {
    let session = open(folder).await;
    let assets = session.assets();
    // Before anything is swept, and after.
    assert_eq!(assets.verify(Ticket::default()).await.unwrap(), []);
    assets.sweep().await.unwrap();
    assert_eq!(assets.verify(Ticket::default()).await.unwrap(), []);
    let rows: BTreeSet<_> = assets.usage().await.unwrap().assets.iter().map(|asset| asset.id).collect();
    assert!(rows.is_superset(kept), "something was kept and is lost");
    session.close().await;
    assert_eq!(stored(folder), rows.iter().map(ToString::to_string).collect(), "bytes without a row");
}

/// The names of all contents in the folder, in files and in the database, with what is only staged.
fn stored(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder.join("atelier/assets")).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            let files = fs::read_dir(entry.path()).unwrap();
            names.extend(files.map(|file| file.unwrap().file_name().into_string().unwrap()));
        } else {
            names.insert(entry.file_name().into_string().unwrap());
        }
    }
    let connection = rusqlite::Connection::open(folder.join(FILE)).unwrap();
    let mut query = connection.prepare("SELECT key FROM blobs").unwrap();
    let keys = query.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap);
    // A note of a small file begins with `~` and its kind.
    names.extend(keys.map(|key| key.split('/').find(|part| !part.starts_with('~')).unwrap().to_owned()));
    names
}

/// How large the file is that must not be in memory, in bytes.
const LARGE: u64 = 300 * 1024 * 1024;
/// How much more memory there may have been at any time, in kB.
const ROOM: u64 = 24 * 1024;

/// What the other process does: puts a large file, copies it to the other place, and reads it all.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn put_a_large_file_and_say_what_memory_it_took() {
    let Some(session) = open_there().await else { return };
    let assets = session.assets();
    // Everything is warm: threads, statements, buffers.
    assets.put(Source::Bytes(Arc::from(vec![1; 2_000_000])), None, Ticket::default()).await.unwrap();
    let file = Path::new(&env::var_os(FOLDER).unwrap()).join("large");
    File::create(&file).unwrap().set_len(LARGE).unwrap();
    let before = peak();
    let added = assets.put(Source::File(file), None, Ticket::default()).await.unwrap();
    assert_eq!(added.asset.bytes, LARGE);
    drop(added);
    let other = if env::var_os(DATABASE).is_some() { Where::Own } else { Where::Database };
    assert_eq!(assets.move_all(other, Ticket::default()).await.unwrap(), []);
    assert_eq!(assets.verify(Ticket::default()).await.unwrap(), []);
    writeln!(stdout(), "{MEMORY}{}", peak() - before).unwrap();
}

/// The most memory that this process ever had, in kB.
#[cfg(target_os = "linux")]
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_large_file_is_put_moved_and_verified_in_little_memory() {
    for to in [Where::Own, Where::Database] {
        let home = tempfile::tempdir().unwrap();
        let output = start("put_a_large_file_and_say_what_memory_it_took", home.path(), to).wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let memory = text.lines().find_map(|line| line.strip_prefix(MEMORY)?.parse::<u64>().ok());
        assert!(memory.is_some_and(|memory| memory < ROOM), "{to:?}: {memory:?} kB\n{text}");
    }
}

/// A number below `limit`.
fn random(limit: u64) -> u64 {
    getrandom::u64().unwrap() % limit
}
