use std::sync::Arc;

use storage::{
    Event,
    backend::{Backend, Batch, Notice},
    model::{EntityKey, RegisterName, Registers},
    rescue,
};
use tokio::{sync::mpsc::unbounded_channel, task::LocalSet};

use super::desk::{Desk, point};
use crate::{
    canvas::geometry::Rect,
    store::{Document, Topic},
};

/// Two windows on one database with the same workflow open, and a node in it.
async fn windows() -> (Desk, Desk, storage::model::NodeId) {
    let mut here = Desk::open().await;
    let id = here.add("generic");
    here.settle().await;
    let there = here.another().await;
    (here, there, id)
}

#[tokio::test]
async fn what_another_window_wrote_arrives_with_our_next_commit_of_the_row() {
    let (mut here, mut there, id) = windows().await;
    there.set(id, "seed", 7_u32);
    there.store.update_node_dimensions(id, Some(point(90., 0.)), None);
    there.settle().await;
    assert_eq!(here.setting(id, "seed"), None);
    here.set(id, "instruction", "Paint");
    here.settle().await;
    assert_eq!(here.setting(id, "seed"), Some(7_u32.into()));
    assert_eq!(here.setting(id, "instruction"), Some("Paint".into()));
    assert_eq!(here.store.rect(id).unwrap().corner(), point(90., 0.));
    there.store.rename_node(id, "Ours");
    there.settle().await;
    assert_eq!(there.registers(id), here.another().await.registers(id), "and theirs with theirs");
}

#[tokio::test]
async fn of_two_values_the_later_stands_in_both_windows() {
    let (mut here, mut there, id) = windows().await;
    here.set(id, "seed", 1_u32);
    here.settle().await;
    // Hears of ours, so its stamps are later.
    there.store.rename_node(id, "A");
    there.settle().await;
    there.set(id, "seed", 2_u32);
    there.settle().await;
    here.store.rename_node(id, "B");
    here.settle().await;
    there.store.rename_node(id, "C");
    there.settle().await;
    assert_eq!(here.setting(id, "seed"), Some(2_u32.into()));
    assert_eq!(there.setting(id, "seed"), Some(2_u32.into()));
}

#[tokio::test]
async fn our_own_commit_tells_us_nothing_new() {
    let (mut here, _, id) = windows().await;
    here.set(id, "seed", 1_u32);
    here.store.move_nodes(&[(id, point(5., 5.))]);
    here.settle().await;
    let row = here.stored(id).await;
    let key = EntityKey::node(here.workflow(), id);
    assert_eq!(here.store.merge([(key, &row.registers)].into_iter()), []);
    assert_eq!(here.node(id).unwrap().version, row.version, "but how often the row was written");
}

#[tokio::test]
async fn an_older_value_from_elsewhere_doesnt_override_ours() {
    let (mut here, _, id) = windows().await;
    let key = EntityKey::node(here.workflow(), id);
    let old = here.store.session().stamp();
    here.store.rename_node(id, "Ours");
    let mut batch = Batch::new();
    batch.merge(
        key,
        &Registers::new().with(RegisterName::Title, old, "Older").with(RegisterName::config("seed"), old, 3_u32),
    );
    let committed = here.disk.memory.commit(Arc::new(batch)).await.unwrap();
    here.store.committed(&committed.rows);
    assert_eq!(here.node(id).unwrap().title, "Ours");
    assert_eq!(here.setting(id, "seed"), Some(3_u32.into()), "another register is another matter");
    here.settle().await;
}

#[tokio::test]
async fn what_is_moved_into_view_from_elsewhere_is_looked_for() {
    let (here, _, id) = windows().await;
    here.store.set_area(Rect::new(point(1000., 1000.), super::desk::size(500., 500.)));
    let key = EntityKey::node(here.workflow(), id);
    let moved = |x: f64| {
        let at = storage::model::Json::new(&point(x, 1100.)).unwrap();
        Registers::new().with(RegisterName::Position, here.store.session().stamp(), at)
    };
    for (x, changes_what_is_near) in [(-5000., false), (1100., true), (1200., false), (9000., true), (9100., false)] {
        let topics = here.store.merge([(key, &moved(x))].into_iter());
        assert!(topics.contains(&Topic::Place(id)));
        assert_eq!(topics.contains(&Topic::Graph), changes_what_is_near, "{x}");
    }
}

#[tokio::test]
async fn storage_is_heard_for_as_long_as_the_window_is_open() {
    let (here, mut there, id) = windows().await;
    there.store.rename_node(id, "Theirs");
    let made = there.store.create_workflow("Made there");
    there.settle().await;
    let (tell, events) = unbounded_channel();
    let row = (EntityKey::node(here.workflow(), id), there.stored(id).await);
    tell.send(Event::Committed(vec![row])).unwrap();
    let library = there.disk.workflows().await.unwrap().rows;
    tell.send(Event::Committed(library.into_iter().map(|(id, row)| (EntityKey::workflow(id), row)).collect())).unwrap();
    drop(tell);
    here.store.clone().listen(events).await;
    assert_eq!(here.node(id).unwrap().title, "Theirs");
    assert_eq!(here.store.workflows(), [made, here.workflow()]);
}

#[tokio::test]
async fn when_the_stored_data_is_deleted_under_us_everything_in_memory_is_stored_anew() {
    let (mut here, _, id) = windows().await;
    here.set(id, "seed", 1_u32);
    here.settle().await;
    let workflow = here.workflow();
    here.disk.memory.delete(workflow).await.unwrap();
    assert_eq!(here.another().await.store.workflows(), []);
    let (tell, events) = unbounded_channel();
    let store = here.store.clone();
    LocalSet::new()
        .run_until(async {
            let listening = tokio::task::spawn_local(store.listen(events));
            tell.send(Event::Deleted).unwrap();
            drop(tell);
            listening.await.unwrap();
        })
        .await;
    here.settle().await;
    let again = here.another().await;
    assert_eq!(again.store.workflows(), [workflow]);
    assert_eq!(again.registers(id), here.registers(id));
    assert_eq!(again.store.with_document(Document::node_count), Some(1));
}

#[tokio::test]
async fn when_the_connection_is_taken_away_it_is_found_out_at_once_what_became_of_the_data() {
    let (mut here, _, id) = windows().await;
    here.settle().await;
    let (workflow, before) = (here.workflow(), here.disk.batches().len());
    for notice in [Notice::Displaced, Notice::Closed] {
        here.store.heard(Event::Connection(notice)).await;
        here.settle().await;
        assert_eq!(here.disk.batches().len(), before, "nothing happened to it");
        assert_eq!(here.store.deletion(), None);
    }
    here.disk.delete_all().await;
    here.store.heard(Event::Connection(Notice::Displaced)).await;
    here.settle().await;
    assert!(here.store.deletion().is_some());
    let again = here.another().await;
    assert_eq!(again.store.workflows(), [workflow]);
    assert_eq!(again.registers(id), here.registers(id));
}

#[tokio::test]
async fn what_is_not_stored_can_be_saved_and_comes_in_elsewhere_as_a_whole() {
    let mut here = Desk::open().await;
    let (one, other) = (here.add("prompt"), here.add("generic"));
    here.settle().await;
    assert_eq!(here.store.rescued(), None, "everything is stored");
    here.disk.stop().await;
    here.set(one, "text", "Dunes");
    let rescued = rescue::from_text(&here.store.rescued().unwrap()).unwrap();

    let mut there = Desk::new().await;
    let workflow = there.store.take_rescued(&rescued).unwrap();
    assert_eq!(workflow, here.workflow());
    there.store.open_workflow(workflow).await.unwrap();
    there.settle().await;
    assert_eq!(there.setting(one, "text"), Some("Dunes".into()));
    assert_eq!((there.registers(one), there.registers(other)), (here.registers(one), here.registers(other)));
    assert!(there.store.session().stamp() > here.registers(one).newest().unwrap(), "later edits of it win");
    // Once more, and where it came from: nothing changes.
    there.store.take_rescued(&rescued);
    here.disk.resume();
    here.settle().await;
    let before = here.registers(one);
    here.store.take_rescued(&rescued);
    here.settle().await;
    assert_eq!(here.registers(one), before);
}
