//! What is promised of media, wherever their bytes are: laws 7 and 8.

use std::{collections::BTreeSet, rc::Rc, sync::Arc};

use futures::{
    FutureExt,
    future::{join, join_all},
};
use storage::{
    Error, Session,
    backend::{Backend, memory::Memory},
    blobs::{Added, Cleaned, FolderState, Look, Place, Source, Ticket, Where},
    model::{Asset, AssetId, EntityKey, Json},
};

use super::places::bytes;
use crate::{
    Device, Ground,
    author::{Author, deleted, one, set},
};

/// A window with its media in the place that is checked.
struct Window {
    session: Session,
    db: Arc<dyn Backend>,
    place: Arc<dyn Place>,
}

impl Window {
    async fn open(ground: &Rc<dyn Ground>) -> Self {
        Self::on(ground, Arc::new(Memory::new())).await
    }

    async fn on(ground: &Rc<dyn Ground>, db: Arc<dyn Backend>) -> Self {
        let device = ground.device().await;
        let place = match ground.at() {
            Where::Own => device.own.clone(),
            Where::Folder => device.folder.clone(),
            _ => Some(Arc::clone(&device.database)),
        };
        let session = session(Arc::clone(&db), device).await;
        session.assets().move_all(ground.at(), Ticket::default()).await.unwrap();
        Self { session, db, place: place.unwrap() }
    }

    /// Keeps a content.
    async fn put(&self, bytes: &[u8]) -> Added {
        self.session.assets().put(Source::Bytes(bytes.into()), None, Ticket::default()).await.unwrap()
    }

    /// Keeps a content and lets go of it.
    async fn keep(&self, bytes: &[u8]) -> Asset {
        self.put(bytes).await.asset
    }

    /// Stores a node that refers to an asset, and says whether the asset is here.
    async fn refer(&self, key: EntityKey, author: &mut Author, asset: &Asset) -> bool {
        let picture = Json::new(&asset.reference()).unwrap();
        let committed = self.db.commit(one(key, set("config.picture", author.stamp(), picture))).await.unwrap();
        committed.missing.is_empty()
    }

    async fn read(&self, asset: &Asset) -> Vec<u8> {
        self.session.assets().read(asset.id, 0..u64::MAX).await.unwrap()
    }

    async fn rows(&self) -> Vec<Asset> {
        self.db.assets().await.unwrap().rows
    }

    fn clean_up(&self, assets: &[&Asset]) -> impl Future<Output = Cleaned> + use<> {
        let (all, ids) = (self.session.assets().clone(), assets.iter().map(|asset| asset.id).collect());
        async move { all.clean_up(ids).await.unwrap() }
    }

    /// Every row has its bytes, and there are no others.
    async fn check(&self) {
        assert_eq!(self.session.assets().verify(Ticket::default()).await.unwrap(), []);
        let known: BTreeSet<_> = self.rows().await.iter().map(|asset| asset.id).collect();
        assert_eq!(self.place.sweep(known).await.unwrap(), 0, "bytes without a row");
    }

    /// The other of the device's places, if it has two.
    async fn other(ground: &Rc<dyn Ground>) -> Option<(Where, Arc<dyn Place>)> {
        let Device { own, database, .. } = ground.device().await;
        if ground.at() == Where::Own { Some((Where::Database, database)) } else { Some((Where::Own, own?)) }
    }
}

/// A session on a device's places.
async fn session(db: Arc<dyn Backend>, device: Device) -> Session {
    let (session, _events) = Session::on_places(db, device.own, device.database).await.unwrap();
    if device.folder.is_some() {
        session.assets().pretend_folder(device.folder, FolderState::Granted { name: "folder".into() });
    }
    session
}

fn node(author: &mut Author) -> EntityKey {
    EntityKey::node(author.workflow(), author.node())
}

pub async fn the_same_content_is_stored_once(ground: Rc<dyn Ground>) {
    let window = Window::open(&ground).await;
    let content = bytes(1, 100_000);
    let first = window.put(&content).await;
    assert!(first.is_new);
    for again in [window.put(&content).await, {
        let source = ground.source(content.clone()).await;
        window.session.assets().put(source, Some("copy.bin".into()), Ticket::default()).await.unwrap()
    }] {
        assert_eq!((again.is_new, &again.asset), (false, &first.asset));
    }
    assert_eq!(window.rows().await, [first.asset]);
    window.check().await;
}

pub async fn puts_of_one_content_at_once_keep_one(ground: Rc<dyn Ground>) {
    let window = Window::open(&ground).await;
    let content = bytes(1, 100_000);
    let added = join_all((0..6).map(|_| window.put(&content))).await;
    assert_eq!(added.iter().filter(|added| added.is_new).count(), 1);
    assert_eq!(added.iter().map(|added| added.asset.id).collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(window.rows().await.len(), 1);
    window.check().await;
}

pub async fn a_content_that_was_lost_is_healed_by_putting_it_again(ground: Rc<dyn Ground>) {
    let window = Window::open(&ground).await;
    let content = bytes(1, 1_500_000);
    let lost = window.keep(&content).await;
    window.place.delete(&lost).await.unwrap();
    let error = window.session.assets().read(lost.id, 0..1).await.unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error:?}");
    let healed = window.put(&content).await;
    assert_eq!((healed.asset.id, healed.is_new), (lost.id, false));
    assert!(window.read(&lost).await == content);
    window.check().await;
}

pub async fn a_clean_up_frees_what_nobody_refers_to_and_nothing_else(ground: Rc<dyn Ground>) {
    let (window, mut author) = (Window::open(&ground).await, Author::new(1));
    let (used, unused, other) = (window.keep(b"used").await, window.keep(b"unused").await, window.keep(b"other").await);
    let key = node(&mut author);
    assert!(window.refer(key, &mut author, &used).await);
    let cleaned = window.clean_up(&[&used, &unused]).await;
    assert_eq!((cleaned.removed, cleaned.freed, cleaned.kept), (1, 6, 1));
    assert_eq!(window.rows().await, [used.clone(), other]);
    assert!(window.place.read(&unused, 0..1).await.is_err());
    window.check().await;
    // The node goes; then the asset can.
    window.db.commit(one(key, deleted(author.stamp(), true))).await.unwrap();
    assert_eq!(window.clean_up(&[&used]).await.freed, 4);
    window.check().await;
}

pub async fn nothing_is_cleaned_up_while_somebody_holds_it(ground: Rc<dyn Ground>) {
    let (window, mut author) = (Window::open(&ground).await, Author::new(1));
    let added = window.put(b"dropped a moment ago").await;
    let clean_up = window.clean_up(&[&added.asset]);
    futures::pin_mut!(clean_up);
    for _ in 0..5 {
        assert!(clean_up.as_mut().now_or_never().is_none());
        ground.pause(10).await;
    }
    // The node is stored, and only then is the content let go.
    assert!(window.refer(node(&mut author), &mut author, &added.asset).await);
    drop(added.held);
    assert_eq!(clean_up.await.kept, 1);
    assert_eq!(window.read(&added.asset).await, b"dropped a moment ago");
}

pub async fn who_holds_one_content_may_put_another_while_a_clean_up_waits(ground: Rc<dyn Ground>) {
    let window = Window::open(&ground).await;
    let first = window.put(b"first").await;
    let clean_up = window.clean_up(&[&first.asset]);
    futures::pin_mut!(clean_up);
    assert!(clean_up.as_mut().now_or_never().is_none());
    let (second, late) = (window.put(b"second"), ground.pause(10_000));
    futures::pin_mut!(second);
    let futures::future::Either::Left((second, _)) = futures::future::select(second, late).await else {
        panic!("it waits for who waits for it")
    };
    drop((first, second));
    assert_eq!(clean_up.await.removed, 1);
}

pub async fn who_reuses_a_content_while_it_is_cleaned_up_never_has_a_row_without_bytes(ground: Rc<dyn Ground>) {
    let (window, mut author) = (Window::open(&ground).await, Author::new(1));
    for round in 0..20 {
        let content = bytes(round, 5_000);
        let known = window.keep(&content).await;
        let key = node(&mut author);
        let reuse = async {
            if round % 2 == 0 {
                ground.pause(u32::try_from(round % 5).unwrap()).await;
            }
            let added = window.put(&content).await;
            let here = window.refer(key, &mut author, &added.asset).await;
            drop(added.held);
            (added.asset, here)
        };
        let clean_up = async {
            ground.pause(u32::try_from(round % 3).unwrap()).await;
            window.clean_up(&[&known]).await
        };
        let ((asset, here), _) = join(reuse, clean_up).await;
        assert!(here, "round {round}: a node refers to what is gone");
        assert!(window.read(&asset).await == content, "round {round}");
        window.check().await;
    }
}

pub async fn a_put_that_fails_leaves_nothing(ground: Rc<dyn Ground>) {
    let window = Window::open(&ground).await;
    let ticket = Ticket::default();
    ticket.cancel();
    let source = ground.source(bytes(1, 2_000_000)).await;
    let error = window.session.assets().put(source, None, ticket).await.unwrap_err();
    assert_eq!(error, Error::Cancelled);
    assert_eq!(window.rows().await, []);
    window.check().await;
}

pub async fn a_sweep_steps_back_while_somebody_adds_media(ground: Rc<dyn Ground>) {
    let window = Window::open(&ground).await;
    let id = AssetId::new(window.session.stamp());
    window.place.stage(id, Source::Bytes(b"staged".as_slice().into()), Ticket::default()).await.unwrap();
    let held = window.put(b"being added").await;
    assert_eq!(window.session.assets().sweep().await.unwrap(), 0);
    drop(held);
    assert_eq!(window.session.assets().sweep().await.unwrap(), 6);
    window.check().await;
}

pub async fn a_sweep_removes_what_interrupted_work_has_left_and_nothing_else(ground: Rc<dyn Ground>) {
    let window = Window::open(&ground).await;
    let kept = window.keep(b"kept").await;
    let [staged, nobodys] = [0, 1].map(|_| AssetId::new(window.session.stamp()));
    for id in [staged, nobodys] {
        window.place.stage(id, Source::Bytes(bytes(9, 1_000).into()), Ticket::default()).await.unwrap();
    }
    window.place.keep(nobodys, nobodys, kept.kind()).await.unwrap();
    assert_eq!(window.session.assets().sweep().await.unwrap(), 2_000);
    assert_eq!(window.session.assets().sweep().await.unwrap(), 0);
    assert_eq!(window.read(&kept).await, b"kept");
    window.check().await;
}

pub async fn a_sweep_leaves_bytes_of_which_the_row_is_lost_while_a_node_refers_to_them(ground: Rc<dyn Ground>) {
    let (window, mut author) = (Window::open(&ground).await, Author::new(1));
    let kept = window.keep(b"kept").await;
    // The database was deleted, and made again from what is in memory: nodes.
    let window = Window::open(&ground).await;
    assert!(!window.refer(node(&mut author), &mut author, &kept).await);
    assert_eq!(window.session.assets().sweep().await.unwrap(), 0);
    assert_eq!(window.place.read(&kept, 0..9).await.unwrap(), b"kept");
}

pub async fn a_move_that_is_called_off_leaves_everything_readable(ground: Rc<dyn Ground>) {
    let Some((there, other)) = Window::other(&ground).await else { return };
    let window = Window::open(&ground).await;
    let content = bytes(1, 6_000_000);
    let kept = window.keep(&content).await;
    let ticket = Ticket::default();
    let mut progress = ticket.progress();
    let call_off = async {
        progress.changed().await.unwrap();
        ticket.cancel();
    };
    let (moved, ()) = join(window.session.assets().move_all(there, ticket.clone()), call_off).await;
    assert!(matches!(moved, Err(Error::Cancelled) | Ok(_)), "{moved:?}");
    assert!(window.read(&kept).await == content);
    let known = window.rows().await.iter().filter(|asset| Where::of(&asset.place) == there).map(|one| one.id).collect();
    assert_eq!(other.sweep(known).await.unwrap(), 0);
}

pub async fn verifying_names_what_was_changed_or_lost(ground: Rc<dyn Ground>) {
    let window = Window::open(&ground).await;
    let mut all = vec![];
    for seed in 0..4 {
        all.push(window.keep(&bytes(seed, 10_000)).await);
    }
    change(&*window.place, &all[1]).await;
    window.place.delete(&all[2]).await.unwrap();
    let ticket = Ticket::default();
    let damage = window.session.assets().verify(ticket.clone()).await.unwrap();
    assert_eq!(damage.iter().map(|damage| damage.asset.id).collect::<Vec<_>>(), [all[1].id, all[2].id]);
    assert_eq!(*ticket.progress().borrow(), 40_000);
    ticket.cancel();
    assert_eq!(window.session.assets().verify(ticket).await, Err(Error::Cancelled));
}

pub async fn what_was_found_to_be_damaged_is_healed_by_putting_it_again(ground: Rc<dyn Ground>) {
    let window = Window::open(&ground).await;
    let content = bytes(1, 10_000);
    let kept = window.keep(&content).await;
    change(&*window.place, &kept).await;
    let damage = window.session.assets().verify(Ticket::default()).await.unwrap();
    assert_eq!(damage.len(), 1);
    let healed = window.put(&content).await;
    assert_eq!((healed.asset.id, healed.is_new), (kept.id, false));
    assert!(window.read(&kept).await == content);
    assert_eq!(window.session.assets().verify(Ticket::default()).await.unwrap(), []);
    window.check().await;
}

pub async fn media_keep_their_thumbnails_when_they_move(ground: Rc<dyn Ground>) {
    let Some((there, _)) = Window::other(&ground).await else { return };
    let window = Window::open(&ground).await;
    let (assets, kept) = (window.session.assets(), window.keep(b"a drawing").await);
    let look = Look { thumbnail: Some("data:image/webp;base64,AAAA".into()), ..Look::default() };
    assets.set_look(kept.id, look.clone()).await.unwrap();
    assert_eq!(assets.move_all(there, Ticket::default()).await.unwrap(), []);
    let moved = assets.asset(kept.id).await.unwrap().unwrap();
    assert_eq!((Where::of(&moved.place), moved.thumbnail), (there, look.thumbnail));
}

/// Puts another content in the place of an asset's.
async fn change(place: &dyn Place, asset: &Asset) {
    let other = Source::Bytes(bytes(99, usize::try_from(asset.bytes).unwrap()).into());
    place.stage(asset.id, other, Ticket::default()).await.unwrap();
    assert_eq!(place.keep(asset.id, asset.id, asset.kind()).await.unwrap(), asset.place);
}

pub async fn all_media_move_to_another_place_and_back(ground: Rc<dyn Ground>) {
    let Some((there, other)) = Window::other(&ground).await else { return };
    let window = Window::open(&ground).await;
    let assets = window.session.assets();
    let contents: Vec<_> = (0..3).map(|seed| bytes(seed, 1_100_000)).collect();
    for content in &contents {
        window.keep(content).await;
    }
    let before = window.rows().await;
    let ticket = Ticket::default();
    assert_eq!(assets.move_all(there, ticket.clone()).await.unwrap(), []);
    assert_eq!(*ticket.progress().borrow(), 3_300_000);
    let moved = window.rows().await;
    assert!(moved.iter().all(|asset| Where::of(&asset.place) == there));
    assert_eq!(window.place.sweep(BTreeSet::new()).await.unwrap(), 0, "something was left behind");
    for (asset, content) in moved.iter().zip(&contents) {
        assert!(window.read(asset).await == *content);
    }
    // New ones go there as well.
    let new = window.keep(b"new").await;
    assert_eq!(Where::of(&new.place), there);
    assert_eq!(assets.verify(Ticket::default()).await.unwrap(), []);

    assert_eq!(assets.move_all(ground.at(), Ticket::default()).await.unwrap(), []);
    assert_eq!(window.rows().await[..3], before);
    assert_eq!(other.sweep(BTreeSet::new()).await.unwrap(), 0, "something was left behind");
    window.check().await;
}

pub async fn what_has_changed_is_not_moved(ground: Rc<dyn Ground>) {
    let Some((there, other)) = Window::other(&ground).await else { return };
    let window = Window::open(&ground).await;
    let (good, bad) = (window.keep(&bytes(1, 10_000)).await, window.keep(&bytes(2, 10_000)).await);
    change(&*window.place, &bad).await;
    let failed = window.session.assets().move_all(there, Ticket::default()).await.unwrap();
    assert_eq!(failed.iter().map(|damage| damage.asset.id).collect::<Vec<_>>(), [bad.id]);
    let rows = window.rows().await;
    let of = |id| rows.iter().find(|asset| asset.id == id).map(|asset| Where::of(&asset.place));
    assert_eq!((of(good.id), of(bad.id)), (Some(there), Some(ground.at())));
    assert_eq!(other.sweep([good.id].into()).await.unwrap(), 0);
    assert_eq!(window.read(&bad).await.len(), 10_000);
}

pub async fn moving_to_where_media_are_already_changes_nothing(ground: Rc<dyn Ground>) {
    let window = Window::open(&ground).await;
    let kept = window.keep(&bytes(1, 10_000)).await;
    for to in [ground.at(), ground.at()] {
        assert_eq!(window.session.assets().move_all(to, Ticket::default()).await.unwrap(), []);
    }
    if Window::other(&ground).await.is_none() {
        // Without private files this is the same place.
        assert_eq!(window.session.assets().move_all(Where::Own, Ticket::default()).await.unwrap(), []);
    }
    assert_eq!(window.rows().await, [kept]);
    window.check().await;
}

pub async fn where_new_media_go_is_remembered(ground: Rc<dyn Ground>) {
    let window = Window::open(&ground).await;
    window.keep(b"before").await;
    let next = session(Arc::clone(&window.db), ground.device().await).await;
    let source = Source::Bytes(b"after".as_slice().into());
    let after = next.assets().put(source, None, Ticket::default()).await.unwrap();
    assert_eq!(Where::of(&after.asset.place), ground.at());
}

pub async fn usage_tells_what_is_kept_where_and_for_whom(ground: Rc<dyn Ground>) {
    let (window, mut author) = (Window::open(&ground).await, Author::new(1));
    let (used, unused) = (window.keep(b"used").await, window.keep(b"unused").await);
    let (first, second) = (node(&mut author), node(&mut author));
    for key in [first, second] {
        window.refer(key, &mut author, &used).await;
    }
    let usage = window.session.assets().usage().await.unwrap();
    assert_eq!((usage.bytes(), usage.corrupt.len()), (10, 0));
    assert_eq!(usage.by_place(), [(ground.at(), (2, 10))].into());
    assert_eq!(usage.by_workflow(), [(first.workflow, 4), (second.workflow, 4)].into());
    assert_eq!(usage.unreferenced().collect::<Vec<_>>(), [&unused]);
}
