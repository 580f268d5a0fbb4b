//! Two devices and a server in memory, which keeps originals and damages one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{
    BoxFuture, Session,
    backend::{Batch, memory::Memory},
    blobs::{Source, Ticket},
    model::{Asset, AssetId, EntityKey, Json, NodeId, RegisterName, Registers, WorkflowId},
    sync::{
        Config, Failure, State,
        media::{Fetching, MediaDriver, Remote},
        transport::{
            media::{Found, MediaTransport},
            memory::{MemoryTransport, Server},
        },
    },
    tabs::hub::Hub,
};

/// What a server keeps.
#[derive(Clone, Default)]
struct Store(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    contents: BTreeMap<String, (Remote, Arc<[u8]>)>,
    uploads: usize,
    /// So many calls fail first.
    busy: usize,
    /// So many pieces an upload has, a second each.
    pieces: u32,
}

impl Store {
    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn busy(&self) -> Result<(), Failure> {
        let mut kept = self.kept();
        if kept.busy > 0 {
            kept.busy -= 1;
            return Err(Failure::Busy(503));
        }
        Ok(())
    }
}

impl MediaTransport for Store {
    fn find(&self, _: WorkflowId, hashes: Vec<String>) -> BoxFuture<Result<Vec<Found>, Failure>> {
        let this = self.clone();
        Box::pin(async move {
            this.busy()?;
            let kept = this.kept();
            let found = hashes.iter().filter_map(|hash| kept.contents.get(hash));
            Ok(found.map(|(remote, _)| Found { remote: remote.clone(), url: String::new() }).collect())
        })
    }

    fn upload(&self, remote: Remote, source: Source, ticket: Ticket) -> BoxFuture<Result<(), Failure>> {
        let this = self.clone();
        Box::pin(async move {
            this.busy()?;
            let Source::Bytes(bytes) = source else { panic!("what is in memory is bytes") };
            let pieces = u64::from(this.kept().pieces);
            for piece in 1..=pieces {
                ticket.advance(bytes.len() as u64 * piece / pieces);
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            let mut kept = this.kept();
            kept.uploads += 1;
            kept.contents.insert(remote.hash.clone(), (remote, bytes));
            Ok(())
        })
    }

    fn download(&self, found: Found) -> BoxFuture<Result<Source, Failure>> {
        let this = self.clone();
        Box::pin(async move {
            this.busy()?;
            Ok(Source::Bytes(Arc::clone(&this.kept().contents[&found.remote.hash].1)))
        })
    }
}

struct Device {
    session: Session,
    media: MediaDriver,
    driver: crate::sync::Driver,
}

impl Device {
    async fn new(name: &str, server: &Arc<Mutex<Server>>, store: &Store) -> Self {
        Self::tab(name, server, store, &Memory::new(), &Hub::default()).await
    }

    /// One of several tabs.
    async fn tab(name: &str, server: &Arc<Mutex<Server>>, store: &Store, memory: &Memory, hub: &Hub) -> Self {
        let connected = Session::on_channel(Arc::new(memory.clone()), |hear| hub.join(hear)).await;
        let (session, _events) = connected.unwrap();
        let transport = MemoryTransport::new(Arc::clone(server), "ada");
        let driver = session.start_sync(Arc::new(transport), Config::new(name, 7));
        let media = session.start_media_sync(Arc::new(store.clone()), &driver, false);
        Self { session, media, driver }
    }

    async fn put(&self, bytes: &'static [u8]) -> Asset {
        let put = self.session.assets().put(Source::Bytes(bytes.into()), Some("dune.bin".into()), Ticket::default());
        put.await.unwrap().asset
    }

    fn refer(&self, node: EntityKey, asset: &Asset) {
        let stamp = self.session.stamp();
        let mut batch = Batch::new();
        let own = Registers::new().with(RegisterName::Name, stamp, "Dunes");
        batch.merge(EntityKey::workflow(node.workflow), &own);
        let reference = Json::new(&asset.reference()).unwrap();
        let registers = Registers::new().with(RegisterName::Type, stamp, "media").with(
            RegisterName::config("media"),
            stamp,
            reference,
        );
        batch.merge(node, &registers);
        self.session.write(batch);
    }

    async fn until(&self, what: &str, is_so: impl Fn(&crate::sync::media::MediaStatus) -> bool) {
        let mut status = self.media.status();
        let so = status.wait_for(|status| is_so(status));
        let waited = tokio::time::timeout(Duration::from_hours(1), so).await.map(|so| so.is_ok());
        assert_eq!(waited, Ok(true), "{what}: {:?} {:?}", self.media.status().borrow(), self.driver.status().borrow());
    }

    async fn settled(&self) {
        self.session.flush().await;
        tokio::time::sleep(Duration::from_mins(1)).await;
        let mut status = self.driver.status();
        let settled = status.wait_for(|status| status.state == State::UpToDate && status.pending == 0);
        tokio::time::timeout(Duration::from_mins(10), settled).await.expect("it never comes to rest").unwrap();
        self.session.flush().await;
    }

    async fn bytes(&self, id: AssetId) -> Option<Vec<u8>> {
        self.session.assets().read(id, 0..100).await.ok()
    }
}

fn server() -> Arc<Mutex<Server>> {
    Arc::new(Mutex::new(Server::new(crate::platform::wall_clock())))
}

#[tokio::test(start_paused = true)]
async fn an_original_is_sent_once_and_comes_when_it_is_wanted() {
    let (server, store) = (server(), Store::default());
    store.kept().busy = 3;
    let one = Device::new("one", &server, &store).await;
    let node = EntityKey::node(WorkflowId::new(one.session.stamp()), NodeId::new(one.session.stamp()));
    let asset = one.put(b"the dunes at dawn").await;
    one.refer(node, &asset);
    one.until("it is sent in spite of failures", |status| status.sent == 1 && status.to_send == 0).await;

    let two = Device::new("two", &server, &store).await;
    two.settled().await;
    two.until("it is known of", |status| status.elsewhere == 1 && status.news > 0).await;
    assert_eq!(two.bytes(asset.id).await, None, "nobody has asked for it");
    let remote = two.session.remote(asset.id).await.unwrap().unwrap();
    assert_eq!((remote.name.as_deref(), remote.bytes), (Some("dune.bin"), 17));
    two.media.hear(crate::sync::media::Event::Wanted(asset.id));
    two.until("it comes", |status| status.elsewhere == 0).await;
    assert_eq!(two.bytes(asset.id).await.unwrap(), b"the dunes at dawn");
    two.settled().await;
    assert_eq!(store.kept().uploads, 1, "and it isn't sent back");
}

#[tokio::test(start_paused = true)]
async fn how_many_bytes_have_gone_is_told_while_they_go() {
    let (server, store) = (server(), Store::default());
    store.kept().pieces = 4;
    let one = Device::new("one", &server, &store).await;
    let node = EntityKey::node(WorkflowId::new(one.session.stamp()), NodeId::new(one.session.stamp()));
    let asset = one.put(b"the dunes at dawn, as they are").await;
    assert_eq!(asset.bytes, 30);
    let mut status = one.media.status();
    one.refer(node, &asset);
    let mut figures = Vec::new();
    let sending = async {
        loop {
            let now = status.borrow_and_update().clone();
            if now.under_way_bytes > 0 {
                assert_eq!(now.to_send_bytes, 30);
                figures.push(now.under_way_bytes);
            }
            if now.sent == 1 {
                assert_eq!((now.sent_bytes, now.to_send_bytes, now.under_way_bytes), (30, 0, 0));
                return;
            }
            status.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_hours(1), sending).await.expect("it is never sent");
    figures.dedup();
    assert_eq!(figures, [7, 15, 22, 30]);
}

#[tokio::test(start_paused = true)]
async fn a_content_with_another_hash_is_refused_in_words_and_not_kept() {
    let (server, store) = (server(), Store::default());
    let one = Device::new("one", &server, &store).await;
    let node = EntityKey::node(WorkflowId::new(one.session.stamp()), NodeId::new(one.session.stamp()));
    let asset = one.put(b"the dunes at dawn").await;
    one.refer(node, &asset);
    one.until("it is sent", |status| status.sent == 1).await;
    store.kept().contents.get_mut(&asset.hash).unwrap().1 = Arc::from(&b"the dunes at dusk"[..]);

    let two = Device::new("two", &server, &store).await;
    two.settled().await;
    two.until("it is known of", |status| status.elsewhere == 1).await;
    two.media.hear(crate::sync::media::Event::Wanted(asset.id));
    let is_refused = |fetching: &Fetching| matches!(fetching, Fetching::Failed(reason) if reason.contains("hash"));
    two.until("it is refused", |status| status.fetches.get(&asset.id).is_some_and(is_refused)).await;
    assert_eq!(two.bytes(asset.id).await, None);
    assert_eq!(two.session.assets().usage().await.unwrap().assets, []);
    assert_eq!(two.session.assets().sweep().await, Ok(0), "nothing of it is left");
    // Whole at the second try.
    store.kept().contents.get_mut(&asset.hash).unwrap().1 = Arc::from(&b"the dunes at dawn"[..]);
    two.media.hear(crate::sync::media::Event::Wanted(asset.id));
    two.until("it comes", |status| status.fetches.is_empty()).await;
    assert_eq!(two.bytes(asset.id).await.unwrap(), b"the dunes at dawn");
}

#[tokio::test(start_paused = true)]
async fn what_one_tab_has_fetched_the_other_knows_of_without_asking() {
    let (server, store, memory, hub) = (server(), Store::default(), Memory::new(), Hub::default());
    let one = Device::new("one", &server, &store).await;
    let node = EntityKey::node(WorkflowId::new(one.session.stamp()), NodeId::new(one.session.stamp()));
    let asset = one.put(b"the dunes at dawn").await;
    one.refer(node, &asset);
    one.until("it is sent", |status| status.sent == 1).await;

    let left = Device::tab("two", &server, &store, &memory, &hub).await;
    let right = Device::tab("two", &server, &store, &memory, &hub).await;
    for tab in [&left, &right] {
        tab.settled().await;
        tab.until("it is known of", |status| status.elsewhere == 1).await;
    }
    let mut told = right.session.subscribe();
    let before = right.media.status().borrow().news;
    left.media.hear(crate::sync::media::Event::Wanted(asset.id));
    right.until("it is here", |status| status.elsewhere == 0 && status.news > before).await;
    let is_told = |event: crate::Event| matches!(event, crate::Event::Assets(ids) if ids.contains(&asset.id));
    assert!(std::iter::from_fn(|| told.try_recv().ok()).any(is_told), "whoever shows it looks again");
}

#[tokio::test(start_paused = true)]
async fn the_same_picture_on_two_devices_is_one_content_under_both_names() {
    let (server, store) = (server(), Store::default());
    let (one, two) = (Device::new("one", &server, &store).await, Device::new("two", &server, &store).await);
    let node = EntityKey::node(WorkflowId::new(one.session.stamp()), NodeId::new(one.session.stamp()));
    let (theirs, mine) = (one.put(b"a picture").await, two.put(b"a picture").await);
    assert_ne!(theirs.id, mine.id);
    one.refer(node, &theirs);
    one.settled().await;
    two.settled().await;
    for _ in 0..1000 {
        if two.bytes(theirs.id).await.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(two.bytes(theirs.id).await.unwrap(), b"a picture");
    assert_eq!(two.session.assets().usage().await.unwrap().uses[0].asset, mine.id);
    let cleaned = two.session.assets().clean_up([mine.id].into()).await.unwrap();
    assert_eq!((cleaned.removed, cleaned.kept), (0, 1), "it is in use under the other's name");
    let sent = [&one, &two].map(|device| device.media.status().borrow().sent);
    assert_eq!((store.kept().uploads, sent.iter().sum::<usize>()), (1, 1), "whoever is first sends it");
}
