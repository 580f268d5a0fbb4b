//! Several tabs with one workflow open: what one stores, the others show.

use storage::{
    Event, SCHEMA_VERSION,
    backend::{Backend, Batch},
    model::{Edge, EntityKey, Node, RegisterName, Registers},
    tabs::{Changes, Touched},
};

use super::{
    any::{Dice, Player},
    desk::{Desk, point},
};
use crate::store::Document;

fn shown(desk: &Desk) -> (Vec<Node>, Vec<Edge>) {
    desk.store.with_document(|all| (all.nodes(), all.edges())).unwrap()
}

#[tokio::test]
async fn an_edit_shows_in_the_other_tab_and_nothing_else_of_it_is_read() {
    let mut here = Desk::open().await;
    let (id, other) = (here.add("generic"), here.add("note"));
    here.settle().await;
    let mut there = here.tab().await;
    there.store.rename_node(other, "Ours");
    here.set(id, "seed", 7_u32);
    here.settle().await;
    let events = there.unheard();
    let mut said = events.iter().filter_map(|event| match event {
        Event::Elsewhere(changes) => Some(changes),
        _ => None,
    });
    let (Some(Changes { rows, ranges }), None) = (said.next(), said.next()) else { panic!("{events:?}") };
    let keys: Vec<_> = rows.iter().map(|row| row.key).collect();
    assert_eq!(keys, [EntityKey::workflow(here.workflow()), EntityKey::node(here.workflow(), id)]);
    assert!(ranges.is_empty());
    for event in events {
        there.store.heard(event).await;
    }
    assert_eq!(there.setting(id, "seed"), Some(7_u32.into()));
    assert_eq!(there.node(id), here.node(id), "with its version");
    assert_eq!(there.node(other).unwrap().title, "Ours", "an edit that waits stays applied");
}

#[tokio::test]
async fn what_has_been_seen_is_not_read_again() {
    let mut here = Desk::open().await;
    let id = here.add("generic");
    here.settle().await;
    let there = here.tab().await;
    let version = there.node(id).unwrap().version;
    let key = EntityKey::node(here.workflow(), id);
    // The database says something else now; whoever reads it again would show it.
    let mut batch = Batch::new();
    let stamp = here.store.session().stamp();
    let titled = Registers::new().with(RegisterName::Title, stamp, "Read");
    batch.merge(key, &titled);
    here.disk.commit(batch.into()).await.unwrap();
    let said = |version| Event::Elsewhere(Changes { rows: vec![Touched { key, version }], ..Changes::default() });
    there.store.heard(said(version)).await;
    assert_ne!(there.node(id).unwrap().title, "Read");
    there.store.heard(said(version + 1)).await;
    assert_eq!(there.node(id).unwrap().title, "Read");
}

#[tokio::test]
async fn an_import_of_many_is_read_as_a_range() {
    let mut here = Desk::open().await;
    let mut there = here.tab().await;
    there.settle().await;
    for number in 0..300 {
        here.store.add_node("note", point(f64::from(number), 0.));
    }
    here.settle().await;
    there.settle().await;
    assert_eq!(shown(&there), shown(&here));
    assert_eq!(there.store.summary(here.workflow()), here.store.summary(here.workflow()));
}

#[tokio::test]
async fn a_new_workflow_a_name_and_a_deletion_show_in_the_other_library() {
    let mut here = Desk::open().await;
    let mut there = here.closed_tab().await;
    let id = here.store.create_workflow("B");
    here.settle().await;
    there.settle().await;
    assert_eq!(there.store.workflows(), here.store.workflows());
    there.store.open_workflow(id).await.unwrap();
    here.store.rename_workflow(id, "C");
    here.settle().await;
    there.settle().await;
    assert_eq!(there.store.summary(id).unwrap().name, "C");
    here.store.remove_workflow(id);
    here.settle().await;
    there.settle().await;
    assert_eq!((there.store.summary(id), there.store.open_id()), (None, None), "what is deleted isn't open any more");
    here.store.restore_workflow(id);
    here.settle().await;
    there.settle().await;
    assert_eq!(there.store.summary(id).unwrap().name, "C");
}

#[tokio::test]
async fn what_is_said_while_a_workflow_is_being_loaded_is_in_it() {
    let mut here = Desk::open().await;
    let id = here.add("generic");
    here.settle().await;
    let mut there = here.closed_tab().await;
    there.disk.hold(here.workflow());
    let disk = there.disk.clone();
    let opening = there.store.clone();
    let workflow = here.workflow();
    let set = async {
        here.set(id, "seed", 7_u32);
        here.settle().await;
        there.settle().await;
        disk.tell(workflow);
    };
    let (opened, ()) = tokio::join!(opening.open_workflow(workflow), set);
    opened.unwrap();
    assert_eq!(there.setting(id, "seed"), Some(7_u32.into()));
}

#[tokio::test]
async fn what_a_server_does_not_take_goes_from_memory_in_every_tab() {
    let mut here = Desk::open().await;
    let id = here.add("generic");
    here.store.rename_node(id, "Theirs");
    here.settle().await;
    let kept = here.stamp(id, &RegisterName::Title);
    let mut there = here.tab().await;
    here.store.rename_node(id, "Refused");
    here.set(id, "seed", 7_u32);
    here.settle().await;
    there.settle().await;
    assert_eq!(there.node(id).unwrap().title, "Refused");

    let title = |stamp, title: &str| Registers::new().with(RegisterName::Title, stamp, title);
    let key = EntityKey::node(here.workflow(), id);
    let refused = title(here.stamp(id, &RegisterName::Title), "Refused");
    let mut batch = Batch::new();
    batch.undo(key, &refused, &title(kept, "Theirs"));
    here.store.session().write(batch);
    // What waits meanwhile stays.
    there.set(id, "instruction", "Paint");
    here.settle().await;
    there.settle().await;
    here.settle().await;
    for desk in [&here, &there] {
        assert_eq!(desk.node(id).unwrap().title, "Theirs");
        assert_eq!(desk.setting(id, "seed"), Some(7_u32.into()));
        assert_eq!(desk.setting(id, "instruction"), Some("Paint".into()));
    }

    // Rows that are removed go as well, and with the workflow's own the workflow.
    let mut batch = Batch::new();
    for (key, row) in here.store.session().load(here.workflow()).await.unwrap().into_rows(here.workflow()) {
        batch.remove(key, row.version);
    }
    here.store.session().write(batch);
    here.settle().await;
    there.settle().await;
    for desk in [&here, &there] {
        assert_eq!((desk.store.open_id(), desk.store.workflows()), (None, Vec::new()));
    }
}

#[tokio::test]
async fn a_tab_that_slept_catches_up() {
    let mut here = Desk::open().await;
    let id = here.add("generic");
    here.settle().await;
    let mut there = here.tab().await;
    there.settle().await;
    here.set(id, "seed", 7_u32);
    here.store.create_workflow("B");
    here.settle().await;
    // A frozen page hears nothing.
    there.unheard();
    assert_eq!(there.setting(id, "seed"), None);
    there.store.heard(Event::Woke).await;
    assert_eq!(there.setting(id, "seed"), Some(7_u32.into()));
    assert_eq!(there.store.workflows(), here.store.workflows());
}

#[tokio::test]
async fn what_could_not_be_read_is_read_with_the_next_that_is_heard() {
    let mut here = Desk::open().await;
    let id = here.add("generic");
    here.settle().await;
    let mut there = here.tab().await;
    there.settle().await;
    there.disk.refuse_rows(true);
    here.set(id, "seed", 7_u32);
    here.settle().await;
    there.settle().await;
    assert_eq!(there.setting(id, "seed"), None);
    there.disk.refuse_rows(false);
    here.store.create_workflow("B");
    here.settle().await;
    there.settle().await;
    assert_eq!(there.setting(id, "seed"), Some(7_u32.into()));
}

#[tokio::test]
async fn once_a_newer_build_works_on_the_data_nothing_is_changed() {
    let mut here = Desk::open().await;
    let id = here.add("generic");
    here.settle().await;
    let before = here.disk.batches().len();
    here.store.heard(Event::Newer(SCHEMA_VERSION + 1)).await;
    assert_eq!(here.store.newer(), Some(SCHEMA_VERSION + 1));
    here.set(id, "seed", 7_u32);
    here.store.remove_workflow(here.workflow());
    here.settle().await;
    assert_eq!(here.setting(id, "seed"), None, "what can't be stored doesn't look as if it were");
    assert_eq!(here.disk.batches().len(), before);
}

#[tokio::test]
async fn who_has_a_workflow_open_is_seen_by_the_other_window() {
    let mut here = Desk::open().await;
    let workflow = here.workflow();
    // Two windows of one process share a session.
    let window = crate::store::Store::open(here.store.session().clone()).await.unwrap();
    here.store.say_presence().await;
    window.look_elsewhere().await;
    here.store.look_elsewhere().await;
    assert!(window.is_elsewhere(workflow) && !here.store.is_elsewhere(workflow));
    here.store.close_workflow();
    here.store.say_presence().await;
    window.look_elsewhere().await;
    assert!(!window.is_elsewhere(workflow));
    here.settle().await;
}

/// Law 2 over tabs: whatever each does, in whatever order they hear of it, they end alike, and so does the disk.
#[tokio::test]
async fn four_tabs_at_work_on_one_workflow_end_alike() {
    for seed in 1..=6 {
        let mut first = Desk::open().await;
        first.settle().await;
        let mut players = vec![Player::new(first, seed)];
        for number in 1..4 {
            let tab = players[0].desk.tab().await;
            players.push(Player::new(tab, seed * 10 + number));
        }
        let mut dice = Dice::new(seed);
        for step in 0..240 {
            let who = dice.roll(4);
            players[who].step().await;
            players[who].check();
            // One is loaded anew in between.
            if step == 120 {
                let mut old = players.pop().unwrap();
                old.desk.settle().await;
                let tab = players[0].desk.tab().await;
                players.push(Player::new(tab, seed * 10 + 9));
            }
        }
        // What one hears may have it commit nothing, so two rounds are enough.
        for _ in 0..2 {
            for player in &mut players {
                player.desk.settle().await;
            }
        }
        let [one, others @ ..] = &players[..] else { panic!("four") };
        let again = one.desk.another().await;
        for other in others.iter().map(|player| &player.desk).chain([&again]) {
            assert_eq!(shown(other), shown(&one.desk), "seed {seed}");
            for id in one.node_ids() {
                assert_eq!(other.registers(id), one.desk.registers(id), "seed {seed}");
            }
            assert_eq!(other.store.summary(one.desk.workflow()), one.desk.store.summary(one.desk.workflow()));
        }
        assert!(one.desk.store.with_document(Document::node_count).unwrap() > 5, "something was done");
    }
}
