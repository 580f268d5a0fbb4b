//! The sync panel over a server in memory.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use dioxus::prelude::*;
use storage::{
    model::{Clock, RegisterName, Registers},
    sync::{
        Config,
        transport::memory::{MemoryTransport, Server},
    },
};

use super::stage::{Stage, add, set};
use crate::{panels::sync::SyncDesk, store::Document};

fn wall_clock() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}

#[tokio::test]
async fn work_from_a_clock_ahead_is_offered_as_a_copy_and_comes_in_as_one() {
    let (mut stage, node) = Stage::new(|store| add(store, "prompt", 0., 0.)).await;
    let store = stage.store.clone();
    let server = Arc::new(Mutex::new(Server::new(wall_clock())));
    let transport = Arc::new(MemoryTransport::new(server, "ada"));
    store.session().start_sync(transport, Config::new("stage", 7));
    let desk: SyncDesk = stage.context();
    stage.act(|_| {
        let mut open = desk.open;
        open.set(true);
        desk.follow(&store);
    });
    stage.until("it is synced", |stage| stage.html().contains(r#"data-sync-state="up-to-date""#)).await;
    assert!(!stage.html().contains("data-clock-ahead"), "nothing is said while all is well");

    // The clock was a year ahead for a moment.
    let year = u64::try_from(Duration::from_hours(365 * 24).as_millis()).unwrap();
    let stamp = Clock::new(9).tick(wall_clock() + year);
    store.session().observe([&Registers::new().with(RegisterName::Title, stamp, "")].into_iter());
    set(&store, node, "text", "At dusk");
    stage.until("it is offered", |stage| stage.html().contains(r#"data-clock-ahead="offer""#)).await;
    let html = stage.html();
    assert!(html.contains("in 364 days") && html.contains("Give them up"), "{html}");
    assert!(html.contains("1 change can’t be sent now") && !html.contains("Everything is synced"), "{html}");
    assert_eq!(store.workflows().len(), 1);

    stage.press("Bring in as a copy");
    stage.until("it is done", |stage| !stage.html().contains("data-clock-ahead")).await;
    stage.settle().await;
    let names: Vec<_> = store.workflows().into_iter().map(|id| store.summary(id).unwrap().name).collect();
    assert_eq!(names, ["A (copy)", "A"]);
    let text = |node| store.with_document(|document| document.node(node).unwrap().config.get("text").cloned()).unwrap();
    assert_eq!(text(node), None, "the original is what the server has");
    store.open_workflow(store.workflows()[0]).await.unwrap();
    let copied = store.with_document(Document::node_ids).unwrap();
    assert_eq!(text(copied[0]), Some("At dusk".into()));
    assert!(stage.html().contains("has what waited"), "{}", stage.html());
}
