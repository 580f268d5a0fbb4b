//! A disk that has no room left while rows are stored, as `SQLite` finds it.

use std::{sync::Arc, time::Duration};

use tempfile::TempDir;
use tokio::time::timeout;

use super::desk::{moved, node, workflow};
use crate::{
    Error, SaveState,
    backend::{Backend, Batch, Loaded, sqlite::Sqlite},
    model::{Clock, EntityKey, Json, RegisterName, Registers, Stamp},
    writer::Writer,
};

const PATIENCE: Duration = Duration::from_mins(1);
/// Each has a text that fills a page or so.
const NODES: u128 = 200;

/// The file may grow to so many pages, from now on.
async fn limit(database: &Sqlite, pages: u32) {
    let limited = database.read(move |connection| {
        Ok(connection.pragma_update_and_check(None, "max_page_count", pages, |row| row.get::<_, u32>(0))?)
    });
    assert_eq!(limited.await.unwrap(), pages);
}

async fn pages(database: &Sqlite) -> u32 {
    let count = database.read(|connection| Ok(connection.pragma_query_value(None, "page_count", |row| row.get(0))?));
    count.await.unwrap()
}

/// A workflow with many nodes, a setting, and a record of all that for the server.
fn large(stamp: Stamp) -> Batch {
    let mut batch = Batch::new();
    batch.merge(EntityKey::workflow(workflow()), &Registers::new().with(RegisterName::Name, stamp, "Large"));
    for number in 0..NODES {
        let text = number.to_string().repeat(4_000);
        let registers = Registers::new().with(RegisterName::Type, stamp, "note");
        batch.merge(node(number), &registers.with(RegisterName::config("text"), stamp, text));
    }
    batch.set("theme", Some("dark".into())).record();
    batch
}

/// What another connection finds.
async fn stored(folder: &TempDir) -> (Loaded, Option<Json>, usize) {
    let other = Sqlite::open(folder.path()).await.unwrap();
    let (rows, theme) = (other.load(workflow()).await.unwrap(), other.kv("theme").await.unwrap());
    (rows, theme, other.oplog().await.unwrap().len())
}

#[tokio::test]
async fn what_has_no_room_is_said_and_kept_and_stored_whole_once_there_is() {
    let folder = TempDir::new().unwrap();
    let database = Sqlite::open(folder.path()).await.unwrap();
    let writer = Writer::new(Arc::new(database.clone()), |_| {});
    let mut clock = Clock::new(7);
    let mut stamp = || clock.tick(1_800_000_000_000);
    writer.enqueue(moved(NODES, 1, stamp()));
    writer.flush().await;
    let before = stored(&folder).await;
    assert_eq!((before.0.nodes.rows.len(), before.2), (1, 0));

    let size = pages(&database).await;
    limit(&database, size).await;
    let batch = large(stamp());
    let count = batch.len();
    writer.enqueue(batch);
    let is_full = |state: &SaveState, waiting: usize| matches!(state, SaveState::Failed { error: Error::Full(_), retrying: true, unsaved } if *unsaved == waiting);
    let failed = timeout(PATIENCE, writer.changed_from(SaveState::Saving(count))).await.unwrap();
    assert!(is_full(&failed, count), "{failed:?}");
    assert_eq!(stored(&folder).await, before, "nothing of it is stored");
    // What comes meanwhile waits behind it, and so does what would have room.
    writer.enqueue(moved(NODES + 1, 2, stamp()));
    assert!(is_full(&writer.state(), count + 1), "{:?}", writer.state());
    assert_eq!(writer.uncommitted().map(|batch| batch.len()), Some(count + 1));
    assert_eq!((stored(&folder).await, pages(&database).await), (before, size));

    // Somebody makes room, and says nothing of it.
    limit(&database, u32::MAX - 1).await;
    timeout(PATIENCE, writer.flush()).await.expect("it is never stored");
    assert_eq!((writer.state(), writer.uncommitted()), (SaveState::Saved, None));
    let (rows, theme, records) = stored(&folder).await;
    assert_eq!((theme, records), (Some("dark".into()), 1));
    assert_eq!(rows.nodes.rows.len() as u128, NODES + 2);
    assert!(rows.nodes.rows.iter().all(|(_, row)| row.version == 1), "failed attempts count nowhere");
}
