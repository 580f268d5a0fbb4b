//! Media in a data folder, over several starts and in several windows.

#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so at once")]

use std::{collections::BTreeSet, fs, path::Path, sync::Arc, time::Duration};

use storage::{
    Error, Location, Session,
    backend::{Backend, Batch, sqlite::Sqlite},
    blobs::{FolderState, Notice, Source, Ticket, Where},
    model::{Asset, EntityKey, Json, NodeId, RegisterName, Registers, WorkflowId},
};
use tokio::time::timeout;

async fn open(folder: &Path) -> Session {
    Session::open(Location::Folder(folder.to_owned())).await.unwrap().0
}

async fn keep(session: &Session, content: &[u8]) -> Asset {
    let source = Source::Bytes(content.into());
    session.assets().put(source, Some("name.bin".into()), Ticket::default()).await.unwrap().asset
}

async fn read(session: &Session, asset: &Asset) -> storage::Result<Vec<u8>> {
    session.assets().read(asset.id, 0..u64::MAX).await
}

fn granted(name: &str) -> FolderState {
    FolderState::Granted { name: name.into() }
}

#[tokio::test]
async fn media_are_there_at_the_next_start() {
    let home = tempfile::tempdir().unwrap();
    let session = open(home.path()).await;
    assert!(session.assets().notices().is_empty());
    let kept = keep(&session, b"kept").await;
    session.close().await;
    drop(session);
    let session = open(home.path()).await;
    assert_eq!(session.assets().asset(kept.id).await.unwrap(), Some(kept.clone()));
    assert_eq!(read(&session, &kept).await.unwrap(), b"kept");
    assert_eq!(session.assets().url(kept.id).await.unwrap().as_str(), format!("media://localhost/{}", kept.id));
    assert_eq!(fs::read(home.path().join(format!("atelier/assets/other/{}", kept.id))).unwrap(), b"kept");
}

#[tokio::test]
async fn what_the_disk_has_room_for_is_told() {
    let home = tempfile::tempdir().unwrap();
    let session = open(home.path()).await;
    keep(&session, &[1; 1000]).await;
    let quota = session.assets().usage().await.unwrap().quota.unwrap();
    assert!(quota.persistent && quota.used > 1000 && quota.total > quota.used, "{quota:?}");
}

#[tokio::test]
async fn where_files_cannot_be_written_media_go_to_the_database_and_it_is_said() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("atelier"), "somebody's file").unwrap();
    let session = open(home.path()).await;
    assert_eq!(session.assets().notices(), [Notice::NoFiles]);
    let kept = keep(&session, b"kept").await;
    assert_eq!(Where::of(&kept.place), Where::Database);
    drop(session);
    let session = open(home.path()).await;
    assert_eq!(read(&session, &kept).await.unwrap(), b"kept");
    // Once the folder can be written, they can move there.
    drop(session);
    fs::remove_file(home.path().join("atelier")).unwrap();
    let session = open(home.path()).await;
    assert_eq!(session.assets().move_all(Where::Own, Ticket::default()).await.unwrap(), []);
    assert_eq!(read(&session, &kept).await.unwrap(), b"kept");
    assert_eq!(session.assets().verify(Ticket::default()).await.unwrap(), []);
}

#[tokio::test]
async fn a_chosen_folder_is_remembered_and_takes_new_media() {
    let home = tempfile::tempdir().unwrap();
    let (data, disk) = (home.path().join("data"), home.path().join("disk"));
    fs::create_dir(&disk).unwrap();
    let session = open(&data).await;
    let assets = session.assets();
    assert_eq!(assets.folder(), FolderState::None);
    let error = assets.move_all(Where::Folder, Ticket::default()).await.unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error:?}");
    let kept = keep(&session, b"kept").await;
    assets.use_folder(disk.clone()).await.unwrap();
    assert_eq!(assets.folder(), granted("disk"));
    assert_eq!(assets.move_all(Where::Folder, Ticket::default()).await.unwrap(), []);
    drop(session);

    let session = open(&data).await;
    assert_eq!(session.assets().folder(), granted("disk"));
    let new = keep(&session, b"new").await;
    for (asset, content) in [(&kept, &b"kept"[..]), (&new, b"new")] {
        assert_eq!(read(&session, asset).await.unwrap(), content);
        let row = session.assets().asset(asset.id).await.unwrap().unwrap();
        assert_eq!(Where::of(&row.place), Where::Folder);
    }
    assert!(fs::read_dir(data.join("atelier/assets/other")).unwrap().next().is_none(), "something was left behind");
}

#[tokio::test]
async fn a_folder_that_is_unplugged_is_missing_and_comes_back_with_its_media() {
    let home = tempfile::tempdir().unwrap();
    let (data, disk, elsewhere) = (home.path().join("data"), home.path().join("disk"), home.path().join("elsewhere"));
    fs::create_dir(&disk).unwrap();
    let session = open(&data).await;
    session.assets().use_folder(disk.clone()).await.unwrap();
    session.assets().move_all(Where::Folder, Ticket::default()).await.unwrap();
    let kept = keep(&session, b"kept").await;
    drop(session);

    fs::rename(&disk, &elsewhere).unwrap();
    let session = open(&data).await;
    let assets = session.assets();
    assert_eq!(assets.folder(), FolderState::Missing { name: "disk".into() });
    assert!(matches!(read(&session, &kept).await, Err(Error::Missing { .. })));
    let put = assets.put(Source::Bytes(b"new".as_slice().into()), None, Ticket::default()).await;
    assert!(matches!(put, Err(Error::Missing { .. })), "{put:?}");
    assets.sweep().await.unwrap();
    assert!(!disk.exists());
    assert_eq!(assets.asset(kept.id).await.unwrap(), Some(kept.clone()));

    fs::rename(&elsewhere, &disk).unwrap();
    assert_eq!(assets.check_folder().await.unwrap(), granted("disk"));
    assert_eq!(assets.folder(), granted("disk"));
    assert_eq!(read(&session, &kept).await.unwrap(), b"kept");

    // The user has moved it, and says where to.
    fs::rename(&disk, &elsewhere).unwrap();
    assert_eq!(assets.check_folder().await.unwrap(), FolderState::Missing { name: "disk".into() });
    assets.use_folder(elsewhere).await.unwrap();
    assert_eq!(read(&session, &kept).await.unwrap(), b"kept");
    assert_eq!(assets.verify(Ticket::default()).await.unwrap(), []);
}

#[tokio::test]
async fn a_folder_with_media_in_it_is_neither_forgotten_nor_exchanged() {
    let home = tempfile::tempdir().unwrap();
    let (data, disk, other) = (home.path().join("data"), home.path().join("disk"), home.path().join("other"));
    fs::create_dir(&disk).unwrap();
    fs::create_dir(&other).unwrap();
    let session = open(&data).await;
    let assets = session.assets();
    assets.use_folder(disk.clone()).await.unwrap();
    assets.move_all(Where::Folder, Ticket::default()).await.unwrap();
    let kept = keep(&session, b"kept").await;
    for refused in [assets.use_folder(other.clone()).await, assets.forget_folder().await] {
        assert!(matches!(&refused, Err(Error::Io { what, .. }) if what.contains("disk")), "{refused:?}");
    }
    assert_eq!(read(&session, &kept).await.unwrap(), b"kept");
    assets.use_folder(disk.clone()).await.unwrap();

    assert_eq!(assets.move_all(Where::Own, Ticket::default()).await.unwrap(), []);
    assets.use_folder(other).await.unwrap();
    assets.forget_folder().await.unwrap();
    assert_eq!(assets.folder(), FolderState::None);
    assert_eq!(read(&session, &kept).await.unwrap(), b"kept");
    drop(session);
    let session = open(&data).await;
    assert_eq!(session.assets().folder(), FolderState::None);
    assert_eq!(Where::of(&keep(&session, b"new").await.place), Where::Own);
}

#[tokio::test]
async fn a_folder_that_is_gone_can_be_forgotten_and_what_was_in_it_is_healed_when_it_comes_again() {
    let home = tempfile::tempdir().unwrap();
    let (data, disk) = (home.path().join("data"), home.path().join("disk"));
    fs::create_dir(&disk).unwrap();
    let session = open(&data).await;
    let assets = session.assets();
    assets.use_folder(disk.clone()).await.unwrap();
    assets.move_all(Where::Folder, Ticket::default()).await.unwrap();
    let lost = keep(&session, b"lost").await;
    fs::remove_dir_all(&disk).unwrap();
    assets.forget_folder().await.unwrap();
    assert!(matches!(read(&session, &lost).await, Err(Error::Missing { .. })));
    assert_eq!(keep(&session, b"lost").await.id, lost.id);
    assert_eq!(read(&session, &lost).await.unwrap(), b"lost");
    assets.sweep().await.unwrap();
    assert_eq!(assets.verify(Ticket::default()).await.unwrap(), []);
}

#[tokio::test]
async fn another_window_waits_with_its_clean_up_until_what_is_held_is_let_go() {
    let home = tempfile::tempdir().unwrap();
    let (left, right) = (open(home.path()).await, open(home.path()).await);
    let added = left.assets().put(Source::Bytes(b"held".as_slice().into()), None, Ticket::default()).await.unwrap();
    let ids = BTreeSet::from([added.asset.id]);
    let clean_up = right.assets().clean_up(ids);
    tokio::pin!(clean_up);
    assert!(timeout(Duration::from_millis(300), &mut clean_up).await.is_err());
    assert_eq!(right.assets().sweep().await.unwrap(), 0);
    // It may still add as well.
    keep(&right, b"something else").await;
    drop(added);
    assert_eq!(clean_up.await.unwrap().removed, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_windows_of_which_one_reuses_what_the_other_cleans_up_never_have_a_row_without_bytes() {
    let home = tempfile::tempdir().unwrap();
    let (left, right) = (open(home.path()).await, open(home.path()).await);
    let db: Arc<dyn Backend> = Arc::new(Sqlite::open(home.path()).await.unwrap());
    for round in 0..15_u8 {
        let content = vec![round; 3000];
        let known = keep(&left, &content).await;
        let (workflow, node) = (WorkflowId::new(left.stamp()), NodeId::new(left.stamp()));
        let reuse = async {
            tokio::time::sleep(Duration::from_millis(u64::from(round % 4))).await;
            let added =
                left.assets().put(Source::Bytes(content.clone().into()), None, Ticket::default()).await.unwrap();
            let picture = Json::new(&added.asset.reference()).unwrap();
            let mut batch = Batch::new();
            let shows = Registers::new().with(RegisterName::config("picture"), left.stamp(), picture);
            batch.merge(EntityKey::node(workflow, node), &shows);
            let committed = db.commit(Arc::new(batch)).await.unwrap();
            (added.asset.clone(), committed.missing)
        };
        let clean_up = async {
            tokio::time::sleep(Duration::from_millis(u64::from(round % 3))).await;
            right.assets().clean_up([known.id].into()).await.unwrap();
            right.assets().sweep().await.unwrap();
        };
        let ((asset, missing), ()) = tokio::join!(reuse, clean_up);
        assert!(missing.is_empty(), "round {round}");
        assert_eq!(read(&right, &asset).await.unwrap(), content, "round {round}");
    }
    assert_eq!(left.assets().verify(Ticket::default()).await.unwrap(), []);
    assert_eq!(right.assets().usage().await.unwrap().unreferenced().count(), 0);
}

/// Names a folder on a disk of about 6 MB that is empty, such as a `tmpfs`.
const SMALL_DISK: &str = "ATELIER_TEST_SMALL_DISK";

#[tokio::test]
#[ignore = "it needs a small disk, whose folder ATELIER_TEST_SMALL_DISK names"]
async fn a_full_disk_is_said_leaves_nothing_and_harms_nothing() {
    let home = tempfile::tempdir_in(std::env::var_os(SMALL_DISK).unwrap()).unwrap();
    let session = open(home.path()).await;
    let kept = keep(&session, &vec![1; 1_000_000]).await;
    let large = || Source::Bytes(vec![2; 12_000_000].into());
    for to in [Where::Own, Where::Database] {
        session.assets().move_all(to, Ticket::default()).await.unwrap();
        let error = session.assets().put(large(), None, Ticket::default()).await.unwrap_err();
        assert!(matches!(error, Error::Full(_)), "{to:?}: {error:?}");
        assert_eq!(session.assets().sweep().await.unwrap(), 0, "{to:?}");
        assert_eq!(session.assets().verify(Ticket::default()).await.unwrap(), [], "{to:?}");
        assert_eq!(read(&session, &kept).await.unwrap(), vec![1; 1_000_000]);
        // What is smaller still fits.
        keep(&session, &[if to == Where::Own { 3 } else { 4 }; 1000]).await;
    }
}
