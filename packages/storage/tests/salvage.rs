//! A damaged database is set aside as it is, and what can be read of it opens.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so at once")]

use std::{
    fs,
    io::{Seek, SeekFrom, Write},
    path::Path,
    sync::Arc,
};

use storage::{
    Error, Location, Session,
    backend::{
        Batch,
        sqlite::{FILE, Sqlite},
    },
    blobs::{Source, Ticket},
    model::{EntityKey, Node, NodeId, Point, Workflow, WorkflowId},
};
use tempfile::TempDir;

const WORKFLOWS: usize = 3;
const NODES: usize = 400;

async fn open(folder: &Path) -> Session {
    Session::open(Location::Folder(folder.to_owned())).await.unwrap().0
}

/// Workflows of many nodes, and a file. Gives the ids.
async fn fill(folder: &Path) -> Vec<WorkflowId> {
    let session = open(folder).await;
    let mut ids = Vec::new();
    for number in 0..WORKFLOWS {
        let stamp = session.stamp();
        let workflow = Workflow::new(WorkflowId::new(stamp), &format!("Workflow {number}"));
        let mut batch = Batch::new();
        batch.merge(EntityKey::workflow(workflow.id), &workflow.to_registers(stamp));
        for number in 0..NODES {
            let mut node = Node::new(NodeId::new(session.stamp()), "prompt", Point { x: 0., y: 0. });
            node.title = format!("Node {number} {}", "x".repeat(300));
            batch.merge(EntityKey::node(workflow.id, node.id), &node.to_registers(stamp).unwrap());
        }
        session.write(batch);
        ids.push(workflow.id);
    }
    let bytes: Arc<[u8]> = b"not lost".as_slice().into();
    session.assets().put(Source::Bytes(bytes), None, Ticket::default()).await.unwrap();
    session.flush().await;
    session.close().await;
    ids
}

/// Writes over a part of the database's file.
fn damage(folder: &Path, from: u64, bytes: usize) {
    let mut file = fs::OpenOptions::new().write(true).open(folder.join(FILE)).unwrap();
    file.seek(SeekFrom::Start(from)).unwrap();
    file.write_all(&vec![0xa5; bytes]).unwrap();
}

fn kept_files(folder: &Path) -> usize {
    let kinds = fs::read_dir(folder.join("atelier/assets")).unwrap().map(|kind| kind.unwrap().path());
    kinds.filter(|kind| kind.is_dir()).map(|kind| fs::read_dir(kind).unwrap().count()).sum()
}

#[tokio::test]
async fn what_can_be_read_of_a_damaged_database_opens_and_the_rest_is_set_aside() {
    let home = TempDir::new().unwrap();
    let ids = fill(home.path()).await;
    let size = fs::metadata(home.path().join(FILE)).unwrap().len();
    damage(home.path(), size / 2 / 8192 * 8192, 8192);
    let session = open(home.path()).await;
    let mut damaged = 0;
    for id in &ids {
        match session.load(*id).await {
            Ok(loaded) => assert_eq!(loaded.nodes.rows.len(), NODES),
            Err(error) => {
                assert!(matches!(error, Error::Corrupt(_)), "{error}");
                damaged += 1;
            }
        }
    }
    assert!(damaged > 0, "nothing of the tables was hit");
    session.close().await;
    drop(session);
    let before = fs::read(home.path().join(FILE)).unwrap();

    let salvaged = Sqlite::salvage(home.path()).await.unwrap();

    assert!(salvaged.is_partial);
    assert_eq!(fs::read(&salvaged.aside).unwrap(), before, "the damaged file is as it was");
    let session = open(home.path()).await;
    assert_eq!(session.workflows().await.unwrap().rows.len(), WORKFLOWS);
    let mut nodes = 0;
    for id in &ids {
        nodes += session.load(*id).await.unwrap().nodes.rows.len();
    }
    let lost = WORKFLOWS * NODES - nodes;
    // A page holds some twenty of them.
    assert!((1..=60).contains(&lost), "{lost} nodes were lost with one page");
    session.close().await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_set_aside_and_its_media_stay() {
    let home = TempDir::new().unwrap();
    fill(home.path()).await;
    damage(home.path(), 0, 4096);
    let refused = Session::open(Location::Folder(home.path().to_owned())).await.map(drop);
    assert!(matches!(refused, Err(Error::Corrupt(_))), "{refused:?}");

    let first = Sqlite::salvage(home.path()).await.unwrap();

    assert!(first.is_partial);
    assert_eq!(first.rows, 0);
    let session = open(home.path()).await;
    assert!(session.workflows().await.unwrap().rows.is_empty());
    assert_eq!(session.assets().sweep().await.unwrap(), 0);
    assert_eq!(kept_files(home.path()), 1, "the media of lost rows may be all that is left");
    session.close().await;
    drop(session);

    // Another time another name.
    damage(home.path(), 0, 4096);
    let second = Sqlite::salvage(home.path()).await.unwrap();
    assert_ne!(first.aside, second.aside);
    assert!(first.aside.exists() && second.aside.exists());
}

#[tokio::test]
async fn a_sound_database_loses_nothing_by_it() {
    let home = TempDir::new().unwrap();
    let ids = fill(home.path()).await;
    let salvaged = Sqlite::salvage(home.path()).await.unwrap();
    assert!(!salvaged.is_partial);
    let session = open(home.path()).await;
    for id in ids {
        assert_eq!(session.load(id).await.unwrap().nodes.rows.len(), NODES);
    }
    let usage = session.assets().usage().await.unwrap();
    assert_eq!(usage.assets.len(), 1);
    session.close().await;
}
