use storage::model::NodeId;

use super::desk::Desk;
use crate::store::Selection;

/// A prompt that feeds a step, both selected, and the edge.
async fn desk() -> (Desk, [NodeId; 2]) {
    let desk = Desk::open().await;
    let [prompt, step] = ["prompt", "generic"].map(|kind| desk.add(kind));
    let edge = desk.connect((prompt, "text"), (step, "in")).unwrap();
    desk.store.select(Selection { nodes: [prompt, step].into(), edges: [edge].into() });
    (desk, [prompt, step])
}

#[tokio::test]
async fn what_is_deleted_is_no_longer_selected() {
    let (desk, [prompt, step]) = desk().await;
    desk.store.remove_nodes(&[prompt].into());
    assert_eq!(desk.store.selection(), Selection::node(step), "nor is its edge, which is hidden");
    desk.store.set_nodes(&[]).unwrap();
    assert!(desk.store.selection().is_empty());
}

#[tokio::test]
async fn what_comes_back_is_not_selected_again() {
    let (desk, _) = desk().await;
    let removed = desk.store.remove_selected().unwrap();
    desk.store.restore(&removed);
    assert!(desk.store.selection().is_empty());
    assert_eq!((desk.store.node_count(), desk.edges().len()), (2, 1));
}

#[tokio::test]
async fn what_another_window_deletes_is_no_longer_selected() {
    let (mut desk, [prompt, step]) = desk().await;
    desk.settle().await;
    let mut there = desk.another().await;
    there.store.remove_nodes(&[step].into());
    there.settle().await;
    // The row that we write comes back as it is stored now.
    desk.store.rename_node(step, "Mine");
    desk.settle().await;
    assert_eq!(desk.store.selection(), Selection::node(prompt));
}

#[tokio::test]
async fn what_is_selected_is_deleted_in_one_commit() {
    let (mut desk, _) = desk().await;
    let mut removed = None;
    let committed = desk.committed(|store| removed = store.remove_selected()).await;
    assert_eq!(committed.iter().map(|batch| batch.rows().count()).collect::<Vec<_>>(), [3]);
    let parts = removed.unwrap().parts;
    assert_eq!((parts.nodes.len(), parts.edges.len()), (2, 1));
    assert_eq!(desk.store.remove_selected(), None, "nothing is left");
}

#[tokio::test]
async fn what_was_deleted_comes_back_also_when_its_workflow_isnt_open_any_more() {
    let (mut desk, _) = desk().await;
    let id = desk.workflow();
    let removed = desk.store.remove_selected().unwrap();
    let other = desk.store.create_workflow("B");
    desk.store.open_workflow(other).await.unwrap();
    desk.store.restore(&removed);
    desk.settle().await;
    assert_eq!(desk.store.node_count(), 0, "not into the one that is open");
    desk.store.open_workflow(id).await.unwrap();
    assert_eq!((desk.store.node_count(), desk.edges().len()), (2, 1));
}

#[tokio::test]
async fn another_workflow_opens_with_nothing_selected() {
    let (desk, _) = desk().await;
    let other = desk.store.create_workflow("B");
    desk.store.open_workflow(other).await.unwrap();
    assert!(desk.store.selection().is_empty());
}
