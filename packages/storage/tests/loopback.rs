//! Sync as a process does it, with the server's own functions: `tests/sync/loopback` at the address in `ATELIER_LOOPBACK`, whose faults
//! they share, so one test runs after the other.

#![cfg(not(target_arch = "wasm32"))]
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on should say so at once"
)]

use std::{env, sync::Arc, time::Duration};

use serde_json::{Value, json};
use storage::{
    Location, Session,
    backend::Batch,
    blobs::{Source, Ticket},
    model::{Asset, EntityKey, Json, NodeId, RegisterName, Registers, WorkflowId},
    sync::{
        Failure, News, Settings, State, Status,
        media::{self, Fetching, MediaStatus},
        transport::{Subscription, Transport, convex::Convex, http, socket},
        wire::Head,
    },
};
use tempfile::TempDir;
use tokio::time::timeout;

/// How long anything may take. Generous: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long nothing is waited for.
const MOMENT: Duration = Duration::from_millis(500);

fn address() -> String {
    env::var("ATELIER_LOOPBACK").unwrap()
}

/// Tells the server what is to go wrong, and hears what it has counted.
fn control(command: &Value) -> Value {
    let url = format!("{}/__loopback", address());
    let mut answer = ureq::post(url).send(command.to_string()).unwrap();
    serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
}

/// A server on which nothing goes wrong any more, and nothing was counted.
fn calm() {
    control(&json!({"clear": true, "reset": true, "disconnect": true}));
}

fn fault(fault: Value) {
    control(&json!({"faults": [fault]}));
}

fn calls(path: &str) -> u64 {
    control(&json!({}))["paths"][path]["calls"].as_u64().unwrap_or_default()
}

fn deployment(token: &str) -> Convex {
    let convex = Convex::new(&address(), Arc::new(http::Client)).unwrap().with_sockets(Arc::new(socket::Client));
    convex.sign_in(Some(token.to_owned()));
    convex
}

async fn next(subscription: &mut Subscription) -> Result<Vec<Head>, Failure> {
    timeout(PATIENCE, subscription.recv()).await.expect("nothing is told").expect("it says why it ends")
}

/// A device of a user's, that syncs.
struct Device {
    session: Session,
    _home: TempDir,
}

impl Device {
    async fn new(token: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let (session, _) = Session::open(Location::Folder(home.path().to_owned())).await.unwrap();
        let settings = Settings { on: true, address: address(), token: token.to_owned(), ..Settings::default() };
        session.set_sync(&settings).await.unwrap();
        Self { session, _home: home }
    }

    async fn until(&self, what: &str, is_so: impl Fn(&Status) -> bool) {
        let mut status = self.session.sync().unwrap().status();
        let said = timeout(PATIENCE, status.wait_for(is_so)).await.map(drop);
        assert!(said.is_ok(), "{what}: {:?}", *self.session.sync().unwrap().status().borrow());
    }

    async fn settled(&self) {
        self.session.flush().await;
        self.until("it comes to rest", |status| status.state == State::UpToDate && status.pending == 0).await;
        self.session.flush().await;
    }

    fn set(&self, key: EntityKey, name: RegisterName, value: &str) {
        let mut batch = Batch::new();
        batch.merge(key, &Registers::new().with(name, self.session.stamp(), value));
        self.session.write(batch);
    }

    /// A node that refers to a content that it has.
    async fn picture(&self, content: &[u8]) -> (EntityKey, Asset) {
        let put = self.session.assets().put(Source::Bytes(content.into()), Some("dune.bin".into()), Ticket::default());
        let asset = put.await.unwrap().asset;
        let (workflow, node) = keys(self);
        self.set(workflow, RegisterName::Name, "Dunes");
        let (mut batch, stamp) = (Batch::new(), self.session.stamp());
        let reference = Json::new(&asset.reference()).unwrap();
        let registers = Registers::new().with(RegisterName::Type, stamp, "media");
        batch.merge(node, &registers.with(RegisterName::config("media"), stamp, reference));
        self.session.write(batch);
        (node, asset)
    }

    async fn until_media(&self, what: &str, is_so: impl Fn(&MediaStatus) -> bool) {
        let driver = self.session.media_sync().unwrap();
        let said = timeout(PATIENCE, driver.status().wait_for(is_so)).await.map(drop);
        assert!(said.is_ok(), "{what}: {:?}", *driver.status().borrow());
    }

    /// What it has of a content.
    async fn content(&self, asset: &Asset) -> Option<Vec<u8>> {
        self.session.assets().read(asset.id, 0..u64::MAX).await.ok()
    }

    /// Waits until it has this value.
    async fn has(&self, key: EntityKey, name: &RegisterName, value: &str) {
        let mut events = self.session.subscribe();
        let arrives = async {
            loop {
                let rows = self.session.rows([key].into()).await.unwrap();
                if rows.first().and_then(|(_, row)| row.registers.value(name)) == Some(&Json::from(value)) {
                    return;
                }
                events.recv().await.unwrap();
            }
        };
        timeout(PATIENCE, arrives).await.unwrap_or_else(|_| panic!("{value} doesn't arrive"));
    }
}

fn keys(device: &Device) -> (EntityKey, EntityKey) {
    let workflow = WorkflowId::new(device.session.stamp());
    (EntityKey::workflow(workflow), EntityKey::node(workflow, NodeId::new(device.session.stamp())))
}

#[tokio::test]
#[ignore = "needs ATELIER_LOOPBACK"]
async fn what_is_changed_is_told_at_once_whole_or_in_pieces() {
    calm();
    let (one, two) = (Device::new("test:told").await, deployment("test:told"));
    let mut subscription = two.subscribe().unwrap();
    assert_eq!(next(&mut subscription).await, Ok(vec![]));
    let (workflow, node) = keys(&one);
    one.set(workflow, RegisterName::Name, "Dunes");
    let heads = next(&mut subscription).await.unwrap();
    assert_eq!((heads.len(), heads[0].workflow_id), (1, workflow.workflow));
    one.settled().await;

    fault(json!({"fault": "chunked", "parts": 5, "times": 0}));
    one.set(node, RegisterName::Type, "prompt");
    let more = next(&mut subscription).await.unwrap();
    assert!(more[0].seq > heads[0].seq, "{more:?}");
    assert_eq!(calls("http sync:heads"), 0);
}

#[tokio::test]
#[ignore = "needs ATELIER_LOOPBACK"]
async fn why_a_subscription_ends_is_said() {
    calm();
    assert_eq!(next(&mut deployment("of somebody else's").subscribe().unwrap()).await, Err(Failure::Unauthenticated));

    fault(json!({"fault": "refuse"}));
    assert_eq!(next(&mut deployment("test:why").subscribe().unwrap()).await, Err(Failure::Busy(503)));

    let mut cut = deployment("test:why").subscribe().unwrap();
    next(&mut cut).await.unwrap();
    control(&json!({"disconnect": true}));
    assert!(matches!(next(&mut cut).await, Err(Failure::Network(_))));
    assert!(cut.recv().await.is_none(), "and that is the end");

    for (text, reason) in [("{\"type\":\"Quantum\"}", "Quantum"), ("what?", "can't be read")] {
        fault(json!({"fault": "say", "path": "sync:heads", "text": text}));
        match next(&mut deployment("test:why").subscribe().unwrap()).await {
            Err(Failure::Refused(said)) => assert!(said.contains(reason), "{said}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    let nowhere = Convex::new("http://127.0.0.1:1", Arc::new(http::Client)).unwrap();
    let mut nowhere = nowhere.with_sockets(Arc::new(socket::Client)).subscribe().unwrap();
    assert!(matches!(next(&mut nowhere).await, Err(Failure::Network(_))));
}

#[tokio::test]
#[ignore = "needs ATELIER_LOOPBACK"]
async fn who_no_longer_listens_hangs_up() {
    calm();
    let mut subscription = deployment("test:quiet").subscribe().unwrap();
    next(&mut subscription).await.unwrap();
    assert_eq!(control(&json!({}))["connections"], 1);
    drop(subscription);
    let hung_up = async {
        while control(&json!({}))["connections"] != 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, hung_up).await.expect("the connection stays");

    // Also while the server takes its time.
    fault(json!({"fault": "slow", "ms": 600_000, "path": "transport"}));
    let mut slow = deployment("test:quiet").subscribe().unwrap();
    assert!(timeout(MOMENT, slow.recv()).await.is_err(), "nothing is told yet");
    drop(slow);
    control(&json!({"clear": true}));
    tokio::time::sleep(MOMENT).await;
    assert_eq!(control(&json!({}))["connections"], 0);
}

#[tokio::test]
#[ignore = "needs ATELIER_LOOPBACK"]
async fn while_the_server_says_what_is_new_it_is_not_asked_and_otherwise_it_is() {
    calm();
    let (one, two) = (Device::new("test:both").await, Device::new("test:both").await);
    for device in [&one, &two] {
        device.until("the server tells", |status| status.news == News::Told).await;
    }
    let (workflow, node) = keys(&one);
    let text = RegisterName::config("text");
    one.set(workflow, RegisterName::Name, "Dunes");
    one.set(node, text.clone(), "At dawn");
    two.has(node, &text, "At dawn").await;
    two.set(node, text.clone(), "At dusk");
    one.has(node, &text, "At dusk").await;
    assert_eq!(calls("http sync:heads"), 0, "nobody has asked");

    // No connection is opened any more: the work goes on.
    fault(json!({"fault": "refuse", "times": 0}));
    control(&json!({"disconnect": true}));
    let is_asking = |status: &Status| matches!(&status.news, News::Asked(Some(why)) if why.contains("503"));
    one.until("why it is asked is said", is_asking).await;
    two.until("why it is asked is said", is_asking).await;
    one.set(node, text.clone(), "At noon");
    two.has(node, &text, "At noon").await;
    assert!(calls("http sync:heads") > 0);

    control(&json!({"clear": true}));
    two.until("it is told again", |status| status.news == News::Told).await;
    control(&json!({"reset": true}));
    two.set(node, text.clone(), "At night");
    one.has(node, &text, "At night").await;
}

#[tokio::test]
#[ignore = "needs ATELIER_LOOPBACK"]
async fn without_sync_nobody_is_asked() {
    calm();
    let one = Device::new("test:off").await;
    one.settled().await;
    let settings = Settings { on: false, ..one.session.sync_settings().await.unwrap() };
    one.session.set_sync(&settings).await.unwrap();
    tokio::time::sleep(MOMENT).await;
    let before = control(&json!({"reset": true}));
    assert_eq!(before["connections"], 0);
    let (workflow, _) = keys(&one);
    one.set(workflow, RegisterName::Name, "Dunes");
    one.session.flush().await;
    tokio::time::sleep(MOMENT).await;
    let after = control(&json!({}));
    assert_eq!((&after["total"]["calls"], &after["sockets"]), (&json!(0), &json!(0)), "{after}");
}

#[tokio::test]
#[ignore = "needs ATELIER_LOOPBACK"]
async fn an_original_is_sent_once_whatever_fails_and_comes_whole() {
    calm();
    // More than fits the buffers on the way.
    let content: Vec<u8> = (0..3_000_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let one = Device::new("test:media").await;
    // Each step of the way fails once, and one answer is lost.
    for path in ["assets:urls", "assets:uploadUrl", "storage:upload", "assets:commit"] {
        fault(json!({"fault": "status", "status": 503, "path": path}));
    }
    fault(json!({"fault": "cut", "path": "assets:commit"}));
    let (_, asset) = one.picture(&content).await;
    one.until_media("it is sent", |status| (status.sent, status.to_send) == (1, 0)).await;
    assert_eq!(calls("http storage:upload"), 1, "its bytes went once");

    let two = Device::new("test:media").await;
    two.until_media("it is known of", |status| status.elsewhere == 1 && status.elsewhere_bytes == 3_000_000).await;
    assert_eq!(two.content(&asset).await, None, "nobody has asked for it");
    // Cut in the middle, and then refused.
    fault(json!({"fault": "cut", "path": "storage:get"}));
    fault(json!({"fault": "status", "status": 503, "path": "storage:get"}));
    two.session.media_sync().unwrap().hear(media::Event::Wanted(asset.id));
    two.until_media("it comes", |status| status.elsewhere == 0 && status.fetches.is_empty()).await;
    assert_eq!(two.content(&asset).await.unwrap(), content);
    assert_eq!(two.session.assets().sweep().await, Ok(0), "nothing is left of what was cut");
    two.settled().await;
    assert_eq!(calls("http storage:upload"), 1, "and it isn't sent back");
}

#[tokio::test]
#[ignore = "needs ATELIER_LOOPBACK"]
async fn how_many_bytes_have_gone_is_told_while_they_go() {
    calm();
    // The server doesn't read on: what has gone is in the buffers on the way.
    fault(json!({"fault": "slow", "ms": 600_000, "path": "storage:upload"}));
    let one = Device::new("test:progress").await;
    let (_, asset) = one.picture(&vec![7; 30_000_000]).await;
    let is_going = |status: &MediaStatus| {
        assert_eq!(status.sent, 0);
        status.to_send_bytes == 30_000_000 && (1..30_000_000).contains(&status.under_way_bytes)
    };
    one.until_media("some of it has gone", is_going).await;
    control(&json!({"clear": true}));
    let is_sent = |status: &MediaStatus| (status.sent_bytes, status.under_way_bytes) == (asset.bytes, 0);
    one.until_media("all of it has gone", is_sent).await;
}

#[tokio::test]
#[ignore = "needs ATELIER_LOOPBACK"]
async fn a_server_that_refuses_an_original_is_quoted_and_tried_again_when_the_user_wants() {
    calm();
    let (one, content) = (Device::new("test:refused").await, b"the dunes at dusk");
    fault(json!({"fault": "status", "status": 400, "path": "storage:upload"}));
    let (_, asset) = one.picture(content).await;
    let is_refused = |status: &MediaStatus| status.problems.iter().any(|one| one.is_upload && one.reason == "Fault");
    one.until_media("why is said", is_refused).await;
    one.session.media_sync().unwrap().hear(media::Event::Retry);
    one.until_media("it is sent", |status| status.sent == 1 && status.problems.is_empty()).await;

    let two = Device::new("test:refused").await;
    two.until_media("it is known of", |status| status.elsewhere == 1).await;
    fault(json!({"fault": "status", "status": 404, "path": "storage:get"}));
    let want = || two.session.media_sync().unwrap().hear(media::Event::Wanted(asset.id));
    want();
    let is_gone = |fetching: &Fetching| matches!(fetching, Fetching::Failed(reason) if reason.contains("404"));
    two.until_media("why is said", |status| status.fetches.get(&asset.id).is_some_and(is_gone)).await;
    want();
    two.until_media("it comes", |status| status.fetches.is_empty()).await;
    assert_eq!(two.content(&asset).await.unwrap(), content);
}
