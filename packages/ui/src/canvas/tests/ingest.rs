//! Files come in: with progress, one after the other, and whole or not at all.

use std::{
    collections::BTreeSet,
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use storage::{
    BoxFuture, Error, Result,
    blobs::{MemoryPlace, Place, Source, Staged, Ticket},
    model::{Asset, AssetId, AssetPlace, MediaKind, NodeId, Point},
};
use tokio::sync::Semaphore;

use super::stage::{Stage, add};
use crate::{
    media::{Incoming, Ingest},
    store::{Document, Store},
};

pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
pub const PDF: &[u8] = b"%PDF-1.7\n";
pub const MP3: &[u8] = b"ID3\x04\0\0\0\0";
pub const MP4: &[u8] = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2";

/// A picture of its own.
pub fn png(name: &str) -> Incoming {
    Incoming::of_bytes(name, [PNG, name.as_bytes()].concat())
}

/// A place that takes bytes when it is told to, and fails when it is told to.
#[derive(Clone)]
struct Slow {
    place: MemoryPlace,
    gate: Arc<Semaphore>,
    fault: Arc<Mutex<Option<Error>>>,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Slow {
    fn closed() -> Self {
        Self {
            place: MemoryPlace::default(),
            gate: Arc::new(Semaphore::new(0)),
            fault: Arc::default(),
            now: Arc::default(),
            most: Arc::default(),
        }
    }

    fn open(&self, files: usize) {
        self.gate.add_permits(files);
    }

    fn fail(&self, error: Option<Error>) {
        *self.fault.lock().unwrap() = error;
    }
}

impl Place for Slow {
    fn stage(&self, id: AssetId, source: Source, ticket: Ticket) -> BoxFuture<Result<Staged>> {
        let this = self.clone();
        Box::pin(async move {
            this.most.fetch_max(this.now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            ticket.advance(6);
            this.gate.acquire().await.unwrap().forget();
            this.now.fetch_sub(1, Ordering::Relaxed);
            if let Some(error) = this.fault.lock().unwrap().clone() {
                return Err(error);
            }
            this.place.stage(id, source, ticket).await
        })
    }

    fn keep(&self, staged: AssetId, id: AssetId, kind: MediaKind) -> BoxFuture<Result<AssetPlace>> {
        self.place.keep(staged, id, kind)
    }

    fn discard(&self, id: AssetId) -> BoxFuture<Result<()>> {
        self.place.discard(id)
    }

    fn read(&self, asset: &Asset, range: Range<u64>) -> BoxFuture<Result<Vec<u8>>> {
        self.place.read(asset, range)
    }

    fn open(&self, asset: &Asset) -> BoxFuture<Result<Source>> {
        self.place.open(asset)
    }

    fn hash(&self, asset: &Asset, ticket: Ticket) -> BoxFuture<Result<String>> {
        self.place.hash(asset, ticket)
    }

    fn delete(&self, asset: &Asset) -> BoxFuture<Result<()>> {
        self.place.delete(asset)
    }

    fn sweep(&self, known: BTreeSet<AssetId>) -> BoxFuture<Result<u64>> {
        self.place.sweep(known)
    }
}

fn none(_: &Store) {}

impl Stage {
    /// Drops files at a point of the world, or on a node.
    pub fn drop_files(&mut self, files: Vec<Incoming>, into: Option<NodeId>) {
        let ingest: Ingest = self.context();
        let workflow = self.store.open_id().unwrap();
        self.act(|_| ingest.bring(workflow, files, Point { x: 40., y: 60. }, into));
    }

    /// The nodes that there are, by kind.
    pub fn kinds(&self) -> Vec<String> {
        self.store.with_document(Document::nodes).unwrap().into_iter().map(|node| node.kind).collect()
    }

    /// The nodes that there are.
    pub fn node_ids(&self) -> Vec<NodeId> {
        self.store.with_document(Document::node_ids).unwrap()
    }

    fn arriving(&self) -> usize {
        self.html().matches("data-arrival=").count()
    }
}

#[tokio::test]
async fn a_file_is_a_card_with_progress_until_its_bytes_are_there_and_a_node_from_then_on() {
    let place = Slow::closed();
    let (mut stage, ()) = Stage::on(Arc::new(place.clone()), none).await;
    stage.drop_files(vec![png("cat.png")], None);
    stage.until("it is under way", |stage| stage.html().contains(r#"role="progressbar""#)).await;
    let html = stage.html();
    assert!(html.contains("cat.png") && html.contains("6 B of 23 B") && html.contains("26%"), "{html}");
    assert_eq!(stage.kinds(), [""; 0], "law 8: no node before its bytes");
    stage.store.session().flush().await;
    let stored = stage.store.session().load(stage.store.open_id().unwrap()).await.unwrap();
    assert!(stored.nodes.rows.is_empty(), "and none on the disk");
    place.open(1);
    stage.until("it is a node", |stage| !stage.kinds().is_empty()).await;
    assert_eq!((stage.kinds(), stage.arriving()), (vec!["image-file".to_owned()], 0));
    let node = stage.store.with_document(Document::nodes).unwrap().remove(0);
    assert_eq!(node.position, Point { x: 40., y: 60. });
    stage.store.session().flush().await;
    let stored = stage.store.session().load(stage.store.open_id().unwrap()).await.unwrap();
    assert_eq!(stored.nodes.rows.len(), 1);
    let texts: String =
        stored.nodes.rows[0].1.registers.iter().filter_map(|(_, one)| Some(one.value.as_ref()?.text())).collect();
    assert!(texts.contains("sha256-") && !texts.contains("base64") && !texts.contains("PNG"), "law 7: {texts}");
}

#[tokio::test]
async fn a_file_that_is_called_off_leaves_nothing() {
    let place = Slow::closed();
    let (mut stage, ()) = Stage::on(Arc::new(place.clone()), none).await;
    stage.drop_files(vec![png("cat.png")], None);
    stage.until("it is under way", |stage| stage.can_press("Cancel")).await;
    stage.press("Cancel");
    assert_eq!(stage.arriving(), 0);
    place.open(1);
    stage.until("the place is done", |_| place.now.load(Ordering::Relaxed) == 0).await;
    stage.until("all is quiet", |_| true).await;
    assert_eq!(stage.kinds(), [""; 0]);
    assert!(stage.store.session().assets().usage().await.unwrap().assets.is_empty());
}

#[tokio::test]
async fn a_full_disk_names_the_ways_out_and_the_file_can_be_tried_again() {
    let place = Slow::closed();
    place.fail(Some(Error::Full("quota".into())));
    place.open(1);
    let (mut stage, ()) = Stage::on(Arc::new(place.clone()), none).await;
    stage.drop_files(vec![png("cat.png")], None);
    stage.until("it failed", |stage| stage.html().contains(r#"data-arrival-state="failed""#)).await;
    let html = stage.html();
    assert!(html.contains("There is no room for it") && html.contains("Clean up") && html.contains("folder"), "{html}");
    stage.press("Open Storage");
    assert!(stage.html().contains(r#"class="drawer" role="region""#));
    stage.press("Close");
    place.fail(None);
    place.open(1);
    stage.press("Try again");
    stage.until("it is a node", |stage| stage.kinds() == ["image-file"]).await;
    assert_eq!(stage.arriving(), 0);
}

#[tokio::test]
async fn what_failed_can_be_removed_and_hinders_no_other() {
    let place = Slow::closed();
    place.fail(Some(Error::Io { what: "cat.png".into(), reason: "a bad sector".into() }));
    place.open(1);
    let (mut stage, ()) = Stage::on(Arc::new(place.clone()), none).await;
    stage.drop_files(vec![png("cat.png")], None);
    stage.until("it failed", |stage| stage.html().contains("a bad sector")).await;
    assert!(!stage.can_press("Storage…"), "that is no matter of room");
    place.fail(None);
    place.open(1);
    stage.drop_files(vec![png("dog.png")], None);
    stage.until("the other is a node", |stage| stage.kinds().len() == 1).await;
    assert_eq!(stage.arriving(), 1);
    stage.press("Remove");
    assert_eq!(stage.arriving(), 0);
}

#[tokio::test]
async fn many_files_come_in_a_few_at_a_time_beside_each_other() {
    let place = Slow::closed();
    let (mut stage, ()) = Stage::on(Arc::new(place.clone()), none).await;
    stage.drop_files((0..10).map(|n| png(&format!("{n}.png"))).collect(), None);
    stage.until("some are under way", |_| place.now.load(Ordering::Relaxed) == 4).await;
    assert_eq!(stage.arriving(), 10);
    assert!(stage.html().contains("Waits"));
    place.open(10);
    stage.until("all are nodes", |stage| stage.kinds().len() == 10).await;
    assert_eq!(place.most.load(Ordering::Relaxed), 4);
    let corners: BTreeSet<_> = stage
        .store
        .with_document(Document::nodes)
        .unwrap()
        .iter()
        .map(|node| (node.position.x.to_bits(), node.position.y.to_bits()))
        .collect();
    assert_eq!(corners.len(), 10, "none hides another");
}

#[tokio::test]
async fn the_same_content_is_kept_once_however_often_it_comes() {
    let (mut stage, ()) = Stage::new(none).await;
    let twice = Incoming::of_bytes("copy.png", png("cat.png").read().await.unwrap());
    stage.drop_files(vec![png("cat.png"), twice], None);
    stage.until("both are nodes", |stage| stage.kinds().len() == 2).await;
    stage.store.session().flush().await;
    let usage = stage.store.session().assets().usage().await.unwrap();
    assert_eq!((usage.assets.len(), usage.uses.len()), (1, 2));
}

#[tokio::test]
async fn every_content_becomes_the_node_that_it_really_is() {
    let (mut stage, ()) = Stage::new(none).await;
    let files =
        [("a.png", PNG), ("b.png", MP4), ("c.txt", MP3), ("d.mp4", PDF), ("e", b"<html><script>alert(1)</script>")];
    for (count, (name, bytes)) in files.into_iter().enumerate() {
        stage.drop_files(vec![Incoming::of_bytes(name, bytes)], None);
        stage.until(name, |stage| stage.kinds().len() == count + 1).await;
    }
    assert_eq!(stage.kinds(), ["image-file", "video-file", "audio-file", "file", "file"], "whatever they are called");
}

#[tokio::test]
async fn a_file_that_is_dropped_on_a_node_replaces_what_it_holds() {
    let (mut stage, node) = Stage::new(|store| add(store, "image-file", 0., 0.)).await;
    assert!(stage.card(node).contains("No file yet"));
    for name in ["cat.png", "dog.png"] {
        stage.drop_files(vec![png(name)], Some(node));
        stage.until(name, |stage| stage.card(node).contains(name)).await;
        assert_eq!(stage.node_ids(), [node]);
    }
    // A sound is no picture: nothing is lost, and it says so.
    stage.drop_files(vec![Incoming::of_bytes("song.mp3", MP3)], Some(node));
    stage.until("it is a node of its own", |stage| stage.kinds().len() == 2).await;
    assert!(stage.card(node).contains("dog.png"));
    assert!(stage.html().contains("became a node of its own"));
    // Of several none replaces anything.
    stage.drop_files(vec![png("one.png"), png("two.png")], Some(node));
    stage.until("they are nodes", |stage| stage.kinds().len() == 4).await;
    assert!(stage.card(node).contains("dog.png"));
}

#[tokio::test]
async fn a_file_goes_where_it_was_dropped_even_if_another_workflow_is_open_by_then() {
    let place = Slow::closed();
    let (mut stage, ()) = Stage::on(Arc::new(place.clone()), none).await;
    let first = stage.store.open_id().unwrap();
    stage.drop_files(vec![png("cat.png")], None);
    stage.until("it is under way", |_| place.now.load(Ordering::Relaxed) == 1).await;
    let other = stage.store.create_workflow("B");
    stage.store.open_workflow(other).await.unwrap();
    place.open(1);
    let ingest: Ingest = stage.context();
    stage.until("it has come", |_| ingest.arrivals(first).is_empty()).await;
    assert_eq!(stage.kinds(), [""; 0]);
    stage.store.session().flush().await;
    assert_eq!(stage.store.session().load(first).await.unwrap().nodes.rows.len(), 1);
}
