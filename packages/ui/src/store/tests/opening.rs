use storage::{
    backend::Backend,
    model::{Viewport, WorkflowId},
};
use tokio::task::LocalSet;

use super::desk::Desk;

const VIEW: Viewport = Viewport { x: -120.25, y: 40., zoom: 0.75 };
const ELSEWHERE: Viewport = Viewport { x: 9., y: 9., zoom: 2. };

/// Two workflows, none of them open.
async fn two() -> (Desk, WorkflowId, WorkflowId) {
    let desk = Desk::new().await;
    let (one, two) = (desk.store.create_workflow("One"), desk.store.create_workflow("Two"));
    (desk, one, two)
}

/// Lets what is ready go on.
async fn breathe() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_workflow_that_was_open_last_is_remembered() {
    let (desk, one, two) = two().await;
    assert_eq!(desk.store.last_open().await.unwrap(), None);
    for id in [one, two] {
        desk.store.open_workflow(id).await.unwrap();
        assert_eq!(desk.store.last_open().await.unwrap(), Some(id));
    }
    desk.store.session().flush().await;
    let again = Desk::on(desk.disk.memory.clone()).await;
    assert_eq!(again.store.last_open().await.unwrap(), Some(two));
    again.store.remove_workflow(two);
    assert_eq!(again.store.last_open().await.unwrap(), None, "it is gone");
    desk.store.close_workflow();
    assert_eq!(desk.store.last_open().await.unwrap(), None, "none was open");
}

#[tokio::test]
async fn a_second_wish_wins_over_a_slower_first() {
    let (desk, slow, quick) = two().await;
    desk.disk.hold(slow);
    LocalSet::new()
        .run_until(async {
            let store = desk.store.clone();
            let first = tokio::task::spawn_local(async move { store.open_workflow(slow).await });
            breathe().await;
            assert_eq!(desk.store.opening(), Some(slow));
            desk.store.open_workflow(quick).await.unwrap();
            assert_eq!((desk.store.open_id(), desk.store.opening()), (Some(quick), None));
            desk.disk.tell(slow);
            first.await.unwrap().unwrap();
        })
        .await;
    assert_eq!(desk.store.open_id(), Some(quick));
    assert_eq!(desk.store.last_open().await.unwrap(), Some(quick));
}

#[tokio::test]
async fn whichever_answers_first_the_last_wish_is_granted() {
    let (desk, one, two) = two().await;
    for wishes in [[one, two, one], [two, one, two]] {
        for id in [one, two] {
            desk.disk.hold(id);
        }
        LocalSet::new()
            .run_until(async {
                let mut opening = Vec::new();
                for id in wishes {
                    let store = desk.store.clone();
                    opening.push(tokio::task::spawn_local(async move { store.open_workflow(id).await }));
                    breathe().await;
                }
                desk.disk.tell(wishes[1]);
                breathe().await;
                assert_eq!((desk.store.open_id(), desk.store.opening()), (None, Some(wishes[2])));
                desk.disk.tell(wishes[2]);
                for opening in opening {
                    opening.await.unwrap().unwrap();
                }
            })
            .await;
        assert_eq!((desk.store.open_id(), desk.store.opening()), (Some(wishes[2]), None));
        desk.store.close_workflow();
    }
}

#[tokio::test]
async fn asking_for_what_is_open_takes_an_earlier_wish_back() {
    let (desk, slow, open) = two().await;
    desk.store.open_workflow(open).await.unwrap();
    desk.disk.hold(slow);
    LocalSet::new()
        .run_until(async {
            let store = desk.store.clone();
            let first = tokio::task::spawn_local(async move { store.open_workflow(slow).await });
            breathe().await;
            desk.store.open_workflow(open).await.unwrap();
            assert_eq!(desk.store.opening(), None);
            desk.disk.tell(slow);
            first.await.unwrap().unwrap();
        })
        .await;
    assert_eq!(desk.store.open_id(), Some(open));
}

#[tokio::test]
async fn a_workflow_that_is_deleted_while_it_loads_does_not_open() {
    let (desk, slow, open) = two().await;
    desk.store.open_workflow(open).await.unwrap();
    desk.disk.hold(slow);
    LocalSet::new()
        .run_until(async {
            let store = desk.store.clone();
            let opening = tokio::task::spawn_local(async move { store.open_workflow(slow).await });
            breathe().await;
            desk.store.remove_workflow(slow);
            desk.disk.tell(slow);
            opening.await.unwrap().unwrap();
        })
        .await;
    assert_eq!(desk.store.open_id(), Some(open));
}

#[tokio::test]
async fn what_arrives_while_a_workflow_loads_is_in_it() {
    let mut desk = Desk::open().await;
    let (id, node) = (desk.workflow(), desk.add("note"));
    desk.settle().await;
    let mut there = desk.another().await;
    let mut here = Desk::on(desk.disk.memory.clone()).await;
    here.disk.hold(id);
    let set = LocalSet::new();
    let store = here.store.clone();
    let opening = set.spawn_local(async move { store.open_workflow(id).await });
    set.run_until(async {
        breathe().await;
        there.store.rename_node(node, "Changed since");
        there.settle().await;
        // What another window would tell.
        here.store.committed(&[(storage::model::EntityKey::node(id, node), there.stored(node).await)]);
        here.disk.tell(id);
        opening.await.unwrap().unwrap();
    })
    .await;
    assert_eq!(here.node(node).unwrap().title, "Changed since");
    here.settle().await;
}

#[tokio::test]
async fn a_workflow_that_cant_be_read_leaves_open_what_was_open() {
    let (desk, broken, open) = two().await;
    desk.store.open_workflow(open).await.unwrap();
    desk.disk.ruin(broken);
    assert!(desk.store.open_workflow(broken).await.is_err());
    assert_eq!((desk.store.open_id(), desk.store.opening()), (Some(open), None));
    assert_eq!(desk.store.last_open().await.unwrap(), Some(open));
}

#[tokio::test]
async fn each_workflow_is_looked_at_where_it_was_last() {
    let (mut desk, one, two) = two().await;
    desk.store.open_workflow(one).await.unwrap();
    assert_eq!(desk.store.viewport(), None, "nobody has looked yet");
    desk.store.set_viewport(VIEW);
    desk.store.open_workflow(two).await.unwrap();
    assert_eq!(desk.store.viewport(), None);
    desk.store.set_viewport(ELSEWHERE);
    desk.store.open_workflow(one).await.unwrap();
    assert_eq!(desk.store.viewport(), Some(VIEW));
    desk.settle().await;
    let again = desk.another().await;
    assert_eq!(again.store.viewport(), Some(VIEW));
    again.store.open_workflow(two).await.unwrap();
    assert_eq!(again.store.viewport(), Some(ELSEWHERE));
}

#[tokio::test]
async fn a_view_that_is_on_its_way_to_the_disk_is_found_again() {
    let (mut desk, one, two) = two().await;
    desk.store.open_workflow(one).await.unwrap();
    desk.settle().await;
    desk.disk.stop().await;
    // Under way, so that what follows waits behind it.
    desk.add("note");
    desk.store.set_viewport(VIEW);
    desk.store.open_workflow(two).await.unwrap();
    desk.store.open_workflow(one).await.unwrap();
    assert_eq!(desk.store.viewport(), Some(VIEW));
    desk.disk.resume();
    desk.settle().await;
}

#[tokio::test]
async fn a_view_is_kept_when_its_workflow_is_deleted_and_brought_back() {
    let desk = Desk::open().await;
    let id = desk.workflow();
    desk.store.set_viewport(VIEW);
    desk.store.remove_workflow(id);
    desk.store.restore_workflow(id);
    desk.store.open_workflow(id).await.unwrap();
    assert_eq!(desk.store.viewport(), Some(VIEW));
}

#[tokio::test]
async fn looking_elsewhere_is_stored_once_it_is_over_and_changes_no_row() {
    let mut desk = Desk::open().await;
    desk.add("note");
    desk.settle().await;
    let before = (desk.loaded().await, desk.disk.workflows().await.unwrap());
    let moving =
        desk.committed(|store| (0..9).for_each(|x| store.set_viewport(Viewport { x: f64::from(x), ..VIEW }))).await;
    assert!(moving.is_empty());
    let kept = desk.committed(|store| (0..3).for_each(|_| store.keep_viewport())).await;
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].rows().count(), kept[0].kv().count(), kept[0].is_recorded()), (0, 1, false));
    assert_eq!((desk.loaded().await, desk.disk.workflows().await.unwrap()), before, "no stamp, no version, no time");
    assert!(desk.disk.oplog().await.unwrap().is_empty());
}
