//! What the session promises.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::mpsc::UnboundedReceiver,
    task,
    time::{sleep, timeout},
};
use uuid::Uuid;

use super::{Event, Listeners, Location, Session};
use crate::{
    Error, SCHEMA_VERSION, SaveState,
    backend::{
        Backend, Batch,
        fault::{Fault, FaultBackend},
        memory::Memory,
        sqlite::{FILE, Sqlite},
    },
    blobs::{Source, Ticket, Where},
    model::{EntityKey, NodeId, RegisterName, Registers, Row, Stamp, WorkflowId},
    parking::{self, ParkError, Place},
    tabs::Nobody,
};

const SECOND: Duration = Duration::from_secs(1);

fn workflow() -> WorkflowId {
    WorkflowId::from_uuid(Uuid::from_u128(1))
}

fn node() -> EntityKey {
    EntityKey::node(workflow(), NodeId::from_uuid(Uuid::from_u128(2)))
}

/// The stamp of a clock that is ahead of every wall: in the year 5138.
fn ahead() -> Stamp {
    Stamp::try_from(Uuid::from_u64_pair((100_000_000_000_000 << 16) | 0x7000, (0b10 << 62) | 1)).unwrap()
}

fn titled(stamp: Stamp, title: &str) -> Batch {
    let mut batch = Batch::new();
    let titled = Registers::new().with(RegisterName::Type, stamp, "prompt").with(RegisterName::Title, stamp, title);
    batch.merge(node(), &titled);
    batch
}

fn title(row: &Row) -> String {
    row.registers.value(&RegisterName::Title).unwrap().read().unwrap()
}

/// The node as it is stored.
async fn stored(backend: &dyn Backend) -> Option<Row> {
    backend.load(workflow()).await.unwrap().nodes.rows.pop().map(|(_, row)| row)
}

async fn on(backend: impl Backend) -> (Session, UnboundedReceiver<Event>) {
    Session::on(Arc::new(backend)).await.unwrap()
}

/// Everything is stored before long.
async fn saved(session: &Session) {
    timeout(SECOND * 60, session.flush()).await.expect("it is never stored");
    assert_eq!(session.state(), SaveState::Saved);
}

/// A page that shares `place` with others, and its events.
async fn page(backend: impl Backend, place: &Place) -> (Session, UnboundedReceiver<Event>) {
    let (listeners, events) = Listeners::new();
    let opened = super::Opened { backend: Arc::new(backend), ..super::Opened::memory() };
    (Session::start(opened, place.clone(), listeners, Arc::new(Nobody)).await.unwrap(), events)
}

async fn in_folder(folder: &Path) -> crate::Result<(Session, UnboundedReceiver<Event>)> {
    Session::open(Location::Folder(folder.to_owned())).await
}

/// What happens next; something does before long.
async fn next(events: &mut UnboundedReceiver<Event>) -> Event {
    timeout(SECOND * 60, events.recv()).await.expect("nothing happens").expect("nothing can happen any more")
}

/// The node's row, as the next commit tells it.
async fn committed(events: &mut UnboundedReceiver<Event>) -> Row {
    match next(events).await {
        Event::Committed(rows) => rows.into_iter().find(|(key, _)| *key == node()).unwrap().1,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_clock_starts_after_the_last_stamp_that_was_stored_whatever_the_wall_clock_says() {
    let memory = Memory::new();
    let (first, _) = on(memory.clone()).await;
    first.write(titled(ahead(), "from the future"));
    saved(&first).await;
    let (second, _) = on(memory).await;
    assert!(second.stamp() > ahead());
}

#[tokio::test]
async fn stamps_rise_and_no_two_sessions_make_the_same() {
    let memory = Memory::new();
    let ((first, _), (second, _)) = (on(memory.clone()).await, on(memory).await);
    let mut stamps = Vec::new();
    for session in [&first, &second] {
        let own: Vec<_> = (0..1000).map(|_| session.stamp()).collect();
        assert!(own.is_sorted());
        stamps.extend(own);
    }
    stamps.sort_unstable();
    stamps.dedup();
    assert_eq!(stamps.len(), 2000);
}

#[tokio::test]
async fn what_was_read_is_older_than_the_next_stamp() {
    let memory = Memory::new();
    let ((loading, _), (listing, _)) = (on(memory.clone()).await, on(memory.clone()).await);
    let mut batch = titled(ahead(), "from the future");
    batch.merge(EntityKey::workflow(workflow()), &Registers::new().with(RegisterName::Name, ahead(), "A"));
    memory.commit(Arc::new(batch)).await.unwrap();
    assert!(loading.stamp() < ahead());
    loading.load(workflow()).await.unwrap();
    assert!(loading.stamp() > ahead());
    assert!(listing.stamp() < ahead());
    listing.workflows().await.unwrap();
    assert!(listing.stamp() > ahead());
}

#[tokio::test]
async fn a_commit_tells_what_another_connection_wrote_and_later_edits_of_it_win() {
    let memory = Memory::new();
    let ((here, mut events), (there, _)) = (on(memory.clone()).await, on(memory.clone()).await);
    there.write(titled(ahead(), "theirs"));
    saved(&there).await;
    let mut batch = Batch::new();
    batch.merge(node(), &Registers::new().with(RegisterName::Position, here.stamp(), 1_u32));
    here.write(batch);
    let row = committed(&mut events).await;
    assert_eq!(title(&row), "theirs");
    assert_eq!(row.registers.value(&RegisterName::Position).unwrap().text(), "1");
    assert_eq!(Some(row), stored(&memory).await);
    here.write(titled(here.stamp(), "mine"));
    assert_eq!(title(&committed(&mut events).await), "mine");
}

#[tokio::test(start_paused = true)]
async fn what_is_on_its_way_is_read_as_well() {
    let memory = Memory::new();
    let slow = (0..2).map(|number| (number, Fault::Delay(SECOND)));
    let (session, _events) = on(FaultBackend::new(memory.clone(), slow)).await;
    session.write(titled(session.stamp(), "under way"));
    let mut batch = Batch::new();
    batch.merge(node(), &Registers::new().with(RegisterName::Position, session.stamp(), 1_u32));
    batch.set("theme", Some("dark".into()));
    session.write(batch);
    let loaded = session.load(workflow()).await.unwrap();
    assert_eq!(stored(&memory).await, None);
    let row = &loaded.nodes.rows[0].1;
    assert_eq!(title(row), "under way");
    assert_eq!(row.registers.value(&RegisterName::Position).unwrap().text(), "1");
    assert_eq!(memory.kv("theme").await, Ok(None));
    assert_eq!(session.kv("theme").await, Ok(Some("dark".into())));
}

#[tokio::test(start_paused = true)]
async fn failures_that_pass_are_no_events() {
    let backend = FaultBackend::new(Memory::new(), [(0, Fault::Before(Error::Full("no room".into())))]);
    let (session, mut events) = on(backend).await;
    session.write(titled(session.stamp(), "A"));
    saved(&session).await;
    assert_eq!(title(&committed(&mut events).await), "A");
    assert!(events.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn after_a_deletion_nothing_is_written_until_memory_is_stored_anew() {
    let memory = Memory::new();
    let (session, mut events) = on(FaultBackend::new(memory.clone(), [(0, Fault::Before(Error::Deleted))])).await;
    let edit = titled(session.stamp(), "edit");
    session.write(edit.clone());
    assert_eq!(next(&mut events).await, Event::Deleted);
    sleep(SECOND * 3600).await;
    assert_eq!(session.state(), SaveState::Failed { error: Error::Deleted, retrying: false, unsaved: 1 });
    assert_eq!(stored(&memory).await, None);
    let mut everything = edit;
    everything.merge(EntityKey::workflow(workflow()), &Registers::new().with(RegisterName::Name, session.stamp(), "A"));
    session.rewrite(everything).await.unwrap();
    saved(&session).await;
    assert_eq!(title(&stored(&memory).await.unwrap()), "edit");
    assert!(memory.load(workflow()).await.unwrap().workflow.unwrap().registers.value(&RegisterName::Name).is_some());
}

#[tokio::test]
async fn memory_is_a_location() {
    let (session, mut events) = Session::open(Location::Memory).await.unwrap();
    session.write(titled(session.stamp(), "A"));
    saved(&session).await;
    assert_eq!(title(&committed(&mut events).await), "A");
}

#[tokio::test]
async fn what_was_flushed_into_a_folder_is_there_when_it_is_opened_again() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("made/when/needed");
    let (session, mut events) = in_folder(&folder).await.unwrap();
    let stamp = session.stamp();
    let mut batch = titled(stamp, "A");
    batch.set("theme", Some("dark".into()));
    session.write(batch);
    saved(&session).await;
    let row = committed(&mut events).await;
    session.close().await;
    drop(session);

    let (session, _events) = in_folder(&folder).await.unwrap();
    assert_eq!(session.load(workflow()).await.unwrap().nodes.rows, [(NodeId::from_uuid(node().uuid()), row)]);
    assert_eq!(session.kv("theme").await.unwrap(), Some("dark".into()));
    assert_eq!(session.kv("schemaVersion").await.unwrap(), Some(SCHEMA_VERSION.into()));
    assert!(session.stamp() > stamp);
}

#[tokio::test]
async fn a_closed_session_opens_again_for_what_comes_after() {
    let home = tempfile::tempdir().unwrap();
    let (session, _events) = in_folder(home.path()).await.unwrap();
    session.close().await;
    session.write(titled(session.stamp(), "late"));
    saved(&session).await;
    assert_eq!(title(&stored(&Sqlite::open(home.path()).await.unwrap()).await.unwrap()), "late");
}

#[tokio::test]
async fn a_folder_that_is_deleted_while_it_is_open_is_made_again_from_memory() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("data");
    let (session, mut events) = in_folder(&folder).await.unwrap();
    let before = titled(session.stamp(), "before");
    session.write(before.clone());
    saved(&session).await;
    committed(&mut events).await;
    std::fs::remove_dir_all(&folder).unwrap();

    let mut name = Batch::new();
    name.merge(EntityKey::workflow(workflow()), &Registers::new().with(RegisterName::Name, session.stamp(), "A"));
    session.write(name.clone());
    assert_eq!(next(&mut events).await, Event::Deleted);
    assert!(!folder.exists());
    assert_eq!(session.load(workflow()).await, Err(Error::Deleted));

    let mut everything = before;
    everything.absorb(name);
    session.rewrite(everything).await.unwrap();
    saved(&session).await;
    let again = Sqlite::open(&folder).await.unwrap();
    assert_eq!(title(&stored(&again).await.unwrap()), "before");
    assert!(again.load(workflow()).await.unwrap().workflow.unwrap().registers.value(&RegisterName::Name).is_some());
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_replaced_while_it_is_open_takes_all_of_memory() {
    let (home, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (session, mut events) = in_folder(home.path()).await.unwrap();
    let before = titled(session.stamp(), "before");
    session.write(before.clone());
    saved(&session).await;
    committed(&mut events).await;
    Sqlite::open(elsewhere.path()).await.unwrap().close().await;
    std::fs::rename(elsewhere.path().join(FILE), home.path().join(FILE)).unwrap();

    let mut theme = Batch::new();
    theme.set("theme", Some("dark".into()));
    session.write(theme);
    assert_eq!(next(&mut events).await, Event::Deleted);
    session.rewrite(before).await.unwrap();
    saved(&session).await;
    let again = Sqlite::open(home.path()).await.unwrap();
    assert_eq!(title(&stored(&again).await.unwrap()), "before");
    assert_eq!(again.kv("theme").await.unwrap(), Some("dark".into()));
}

/// Does what a newer build would do to the database in `folder`.
fn upgrade(folder: &Path) {
    let connection = rusqlite::Connection::open(folder.join(FILE)).unwrap();
    connection.pragma_update(None, "user_version", SCHEMA_VERSION + 1).unwrap();
}

/// Everything in a folder and below that is of any worth, by path. The database's log comes and goes with who reads it.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            found.extend(contents(&path));
        } else if !name.ends_with("lock") && !name.ends_with("-wal") && !name.ends_with("-shm") {
            found.insert(path.clone(), std::fs::read(path).unwrap());
        }
    }
    found
}

#[tokio::test]
async fn newer_data_is_opened_to_be_looked_at_and_nothing_is_written() {
    let home = tempfile::tempdir().unwrap();
    let (session, _events) = in_folder(home.path()).await.unwrap();
    session.write(titled(session.stamp(), "kept"));
    let put = |session: &Session, content: &'static [u8]| {
        let assets = session.assets().clone();
        async move { assets.put(Source::Bytes(content.into()), None, Ticket::default()).await }
    };
    let kept = put(&session, b"a content").await.unwrap().asset;
    saved(&session).await;
    session.close().await;
    drop(session);
    upgrade(home.path());
    // What a newer build may keep for reasons of its own.
    let others = home.path().join(format!("atelier/assets/image/{}", Uuid::from_u128(9)));
    std::fs::create_dir_all(others.parent().unwrap()).unwrap();
    std::fs::write(&others, "of a newer build").unwrap();
    let before = contents(home.path());

    let newer = Error::Newer { found: SCHEMA_VERSION + 1, known: SCHEMA_VERSION };
    let (session, _events) = in_folder(home.path()).await.unwrap();
    assert_eq!(session.newer(), Some(SCHEMA_VERSION + 1));
    let loaded = session.load(workflow()).await.unwrap();
    assert_eq!(title(&loaded.nodes.rows[0].1), "kept");
    assert_eq!(session.assets().read(kept.id, 0..100).await.unwrap(), b"a content");
    // Where somebody looked last is nothing that must be refused in words.
    let mut looked = Batch::new();
    looked.set("lastOpen", Some("a".into()));
    session.write(looked);
    assert_eq!(session.state(), SaveState::Saved);
    assert_eq!(put(&session, b"another").await.map(|added| added.asset), Err(newer.clone()));
    assert_eq!(session.assets().clean_up([kept.id].into()).await.map(|cleaned| cleaned.removed), Err(newer.clone()));
    assert_eq!(session.assets().move_all(Where::Database, Ticket::default()).await.map(drop), Err(newer.clone()));
    assert_eq!(session.assets().sweep().await, Ok(0));
    session.write(titled(session.stamp(), "refused"));
    let state = session.changed_from(SaveState::Saving(1)).await;
    assert_eq!(state, SaveState::Failed { error: newer, retrying: false, unsaved: 1 });
    session.close().await;
    assert_eq!(contents(home.path()), before);
}

#[tokio::test]
async fn what_was_parked_is_left_for_the_newer_build_that_has_the_data() {
    let (home, place) = (tempfile::tempdir().unwrap(), Place::default());
    let text = parking::to_text(&titled(ahead(), "parked"));
    place.leave(text.clone()).unwrap();
    Sqlite::open(home.path()).await.unwrap().close().await;
    upgrade(home.path());
    let (session, _events) = page(Sqlite::open(home.path()).await.unwrap(), &place).await;
    assert_eq!(session.state(), SaveState::Saved);
    task::yield_now().await;
    assert_eq!(place.left().into_iter().map(|parked| parked.text).collect::<Vec<_>>(), [text]);
}

#[tokio::test]
async fn data_that_a_newer_build_takes_over_meanwhile_is_not_written_to() {
    let home = tempfile::tempdir().unwrap();
    let (session, _events) = in_folder(home.path()).await.unwrap();
    upgrade(home.path());
    session.write(titled(session.stamp(), "A"));
    let state = session.changed_from(SaveState::Saving(1)).await;
    let error = Error::Newer { found: SCHEMA_VERSION + 1, known: SCHEMA_VERSION };
    assert_eq!(state, SaveState::Failed { error, retrying: false, unsaved: 1 });
    let connection = rusqlite::Connection::open(home.path().join(FILE)).unwrap();
    assert_eq!(connection.query_row("SELECT count(*) FROM nodes", [], |row| row.get(0)), Ok(0));
}

#[tokio::test(start_paused = true)]
async fn what_a_page_leaves_behind_is_stored_by_the_next() {
    let (memory, place) = (Memory::new(), Place::default());
    let never = FaultBackend::new(memory.clone(), [(0, Fault::Delay(SECOND * 3600))]);
    let (leaving, _events) = page(never, &place).await;
    let mut batch = titled(ahead(), "parked");
    batch.set("theme", Some("dark".into()));
    leaving.write(batch);
    leaving.park().unwrap();
    assert_eq!(place.left().len(), 1);

    let (next, _events) = page(memory.clone(), &place).await;
    assert!(next.stamp() > ahead());
    // Under way before anything is read.
    assert_eq!(title(&next.load(workflow()).await.unwrap().nodes.rows[0].1), "parked");
    saved(&next).await;
    task::yield_now().await;
    assert!(place.left().is_empty());
    assert_eq!(next.kv("theme").await.unwrap(), Some("dark".into()));
}

#[tokio::test(start_paused = true)]
async fn what_is_parked_stays_until_it_is_stored() {
    let place = Place::default();
    place.leave(parking::to_text(&titled(ahead(), "parked"))).unwrap();
    let full = |number| (number, Fault::Before(Error::Full("no room".into())));
    let memory = Memory::new();
    let (session, _events) = page(FaultBackend::new(memory.clone(), (0..5).map(full)), &place).await;
    sleep(SECOND).await;
    assert_eq!(place.left().len(), 1);
    assert!(matches!(session.state(), SaveState::Failed { .. }));
    saved(&session).await;
    task::yield_now().await;
    assert!(place.left().is_empty());
    assert_eq!(title(&stored(&memory).await.unwrap()), "parked");
}

#[tokio::test(start_paused = true)]
async fn a_page_leaves_one_text_however_often_it_goes_and_none_once_all_is_stored() {
    let place = Place::default();
    place.leave(parking::to_text(&titled(ahead(), "of an earlier page"))).unwrap();
    let slow = (0..3).map(|number| (number, Fault::Delay(SECOND)));
    let (session, _events) = page(FaultBackend::new(Memory::new(), slow), &place).await;
    for setting in ["a", "b", "c"] {
        let mut batch = Batch::new();
        batch.set(setting, Some(true.into()));
        session.write(batch);
        session.park().unwrap();
        let left = place.left();
        assert_eq!(left.len(), 1);
        assert_eq!(Some(parking::from_text(&left[0].text).unwrap()), session.0.writer.uncommitted());
    }
    saved(&session).await;
    task::yield_now().await;
    assert!(place.left().is_empty());
    session.park().unwrap();
    assert!(place.left().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_setting_that_was_parked_and_then_stored_does_not_come_back() {
    let (memory, place) = (Memory::new(), Place::default());
    let theme = |value: &str| {
        let mut batch = Batch::new();
        batch.set("theme", Some(value.into()));
        batch
    };
    let (session, _events) = page(FaultBackend::new(memory.clone(), [(0, Fault::Delay(SECOND))]), &place).await;
    session.write(theme("dark"));
    // The page is hidden, comes back, and is then killed without a word.
    session.park().unwrap();
    saved(&session).await;
    session.write(theme("light"));
    saved(&session).await;
    let (next, _events) = page(memory, &place).await;
    saved(&next).await;
    assert_eq!(next.kv("theme").await.unwrap(), Some("light".into()));
}

#[tokio::test(start_paused = true)]
async fn a_text_that_cannot_be_read_stays_parked_and_hinders_nothing() {
    let (memory, place) = (Memory::new(), Place::default());
    place.leave("of a newer build".into()).unwrap();
    place.leave(parking::to_text(&titled(ahead(), "parked"))).unwrap();
    let (session, _events) = page(memory.clone(), &place).await;
    saved(&session).await;
    task::yield_now().await;
    let left: Vec<_> = place.left().into_iter().map(|parked| parked.text).collect();
    assert_eq!(left, ["of a newer build"]);
    assert_eq!(title(&stored(&memory).await.unwrap()), "parked");
}

#[tokio::test(start_paused = true)]
async fn too_much_to_park_is_said_and_what_was_parked_before_stays() {
    let place = Place::default();
    let (session, _events) = page(FaultBackend::new(Memory::new(), [(0, Fault::Delay(SECOND))]), &place).await;
    session.write(titled(session.stamp(), "A"));
    session.park().unwrap();
    session.write(titled(session.stamp(), &"long".repeat(parking::LIMIT / 4)));
    assert!(matches!(session.park(), Err(ParkError::TooMuch(bytes)) if bytes > parking::LIMIT));
    assert_eq!(place.left().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_edit_does_not_go_with_the_import_that_it_waits_for() {
    let place = Place::default();
    let (session, _events) = page(FaultBackend::new(Memory::new(), [(0, Fault::Delay(SECOND))]), &place).await;
    let stamp = session.stamp();
    let mut import = Batch::new();
    for number in 100..5100 {
        let node = EntityKey::node(workflow(), NodeId::from_uuid(Uuid::from_u128(number)));
        import.merge(node, &Registers::new().with(RegisterName::Title, stamp, "long".repeat(200)));
    }
    session.write(import);
    for title in ["A", "B"] {
        session.write(titled(session.stamp(), title));
        assert!(matches!(session.park(), Err(ParkError::TooMuch(_))), "the user is asked all the same");
        let left = place.left();
        assert_eq!(left.len(), 1);
        assert!(left[0].text.len() <= parking::LIMIT);
        let left = parking::from_text(&left[0].text).unwrap();
        assert_eq!(left.len(), 1, "no fragments of the import");
        let (_, registers) = left.rows().next().unwrap();
        assert_eq!(registers.value(&RegisterName::Title).unwrap().read::<String>().unwrap(), title);
    }
    saved(&session).await;
    task::yield_now().await;
    assert!(place.left().is_empty());
}

#[tokio::test]
async fn what_interrupted_work_has_left_is_swept_some_time_after_the_start() {
    let home = tempfile::tempdir().unwrap();
    let (session, _events) = in_folder(home.path()).await.unwrap();
    let part = home.path().join(format!("atelier/assets/.{}.part", Uuid::from_u128(7)));
    std::fs::write(&part, "half of it").unwrap();
    tokio::time::pause();
    sleep(SECOND * 20).await;
    assert!(part.exists(), "a start has more urgent things to do");
    sleep(SECOND * 20).await;
    for _ in 0..1000 {
        if !part.exists() {
            return drop(session);
        }
        // Files are removed on another thread, which knows no paused clock.
        std::thread::sleep(Duration::from_millis(5));
        task::yield_now().await;
    }
    panic!("it is still there");
}
