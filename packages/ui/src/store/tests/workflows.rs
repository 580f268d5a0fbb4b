use storage::{
    backend::Backend,
    model::{Edge, EdgeId, Json, Node, NodeId, Object, RegisterName, Workflow, WorkflowId},
};

use super::desk::{Desk, ends, point};
use crate::store::{Document, Store};

fn name(store: &Store, id: WorkflowId) -> Option<String> {
    store.summary(id).map(|summary| summary.name)
}

/// A prompt that feeds a step, and a note: with something of everything.
fn draw(desk: &Desk) -> [NodeId; 3] {
    let [prompt, step, note] = ["prompt", "generic", "note"].map(|kind| desk.add(kind));
    desk.set(prompt, "text", "A lighthouse");
    desk.set(step, "seed", serde_json::from_str::<Json>("18446744073709551615").unwrap());
    desk.store.rename_node(step, "Paint");
    desk.store.update_node_dimensions(note, Some(point(-40.5, 1e6)), Some(super::desk::size(300., 200.)));
    desk.connect((prompt, "text"), (step, "prompt")).unwrap();
    [prompt, step, note]
}

/// A workflow but for what its copy has of its own: ids are replaced by places in the order of ids.
type Plain = (Vec<Node>, Vec<(usize, usize, Option<String>, Option<String>, Object)>);

async fn plain(store: &Store, id: WorkflowId) -> Plain {
    let document = Document::from_loaded(id, store.session().load(id).await.unwrap());
    let place = |id: NodeId| document.node_ids().iter().position(|here| *here == id).unwrap();
    let edges = document.edges().into_iter().map(|Edge { ends, extra, .. }| {
        (place(ends.source), place(ends.target), ends.source_handle, ends.target_handle, extra)
    });
    let without_own = |node: Node| Node { id: NodeId::from_uuid(uuid(0)), updated_at: 0, version: 0, ..node };
    (document.nodes().into_iter().map(without_own).collect(), edges.collect())
}

fn uuid(number: u8) -> uuid::Uuid {
    uuid::Uuid::from_bytes([number; 16])
}

#[tokio::test]
async fn a_new_workflow_is_in_the_library_at_once_and_there_after_a_restart() {
    let desk = Desk::new().await;
    let first = desk.store.create_workflow("First");
    let second = desk.store.create_workflow("Second");
    assert_eq!(desk.store.workflows(), [second, first], "the newest comes first");
    assert_eq!(desk.store.open_id(), None);
    desk.store.session().flush().await;
    let store = desk.another().await.store;
    assert_eq!(store.workflows(), [second, first]);
    assert_eq!(name(&store, first).as_deref(), Some("First"));
}

#[tokio::test]
async fn another_name_changes_nothing_else() {
    let mut desk = Desk::open().await;
    draw(&desk);
    desk.settle().await;
    let before = desk.loaded().await;
    let id = desk.workflow();
    let committed = desk.committed(|store| store.rename_workflow(id, "B")).await;
    assert_eq!(name(&desk.store, id).as_deref(), Some("B"));
    assert_eq!(committed.len(), 1);
    let after = desk.loaded().await;
    assert_eq!((after.nodes, after.edges), (before.nodes, before.edges));
    assert_eq!(name(&desk.another().await.store, id).as_deref(), Some("B"));
}

#[tokio::test]
async fn a_deleted_workflow_is_closed_and_comes_back_whole() {
    let mut desk = Desk::open().await;
    let id = desk.workflow();
    draw(&desk);
    let before = plain(&desk.store, id).await;
    desk.store.remove_workflow(id);
    assert_eq!((desk.store.workflows(), desk.store.open_id()), (vec![], None));
    desk.settle().await;
    assert_eq!(desk.another().await.store.workflows(), []);
    desk.store.restore_workflow(id);
    assert_eq!(name(&desk.store, id).as_deref(), Some("A"));
    assert_eq!(plain(&desk.store, id).await, before);
    desk.settle().await;
    assert_eq!(plain(&desk.another().await.store, id).await, before);
}

#[tokio::test]
async fn deleting_another_workflow_leaves_open_what_is_open() {
    let desk = Desk::open().await;
    let other = desk.store.create_workflow("B");
    desk.store.remove_workflow(other);
    assert!(desk.store.open_id().is_some());
}

#[tokio::test]
async fn a_copy_is_the_same_graph_with_ids_of_its_own() {
    let desk = Desk::open().await;
    draw(&desk);
    let id = desk.workflow();
    let copy = desk.store.duplicate_workflow(id).await.unwrap();
    assert_eq!(plain(&desk.store, copy).await, plain(&desk.store, id).await);
    assert_eq!(name(&desk.store, copy).as_deref(), Some("A 2"));
    assert_eq!(desk.store.open_id(), Some(id), "the copy isn't opened");
    let parts = |loaded: storage::backend::Loaded| {
        let nodes = loaded.nodes.rows.into_iter().map(|(id, _)| id.uuid());
        nodes.chain(loaded.edges.rows.into_iter().map(|(id, _)| id.uuid())).collect::<Vec<_>>()
    };
    let theirs = parts(desk.store.session().load(id).await.unwrap());
    let its = parts(desk.store.session().load(copy).await.unwrap());
    assert!(its.len() == 4 && its.iter().all(|id| !theirs.contains(id)));
}

#[tokio::test]
async fn a_workflow_that_isnt_open_can_be_copied() {
    let mut desk = Desk::open().await;
    draw(&desk);
    let id = desk.workflow();
    desk.store.close_workflow();
    desk.settle().await;
    let copy = desk.store.duplicate_workflow(id).await.unwrap();
    assert_eq!(plain(&desk.store, copy).await, plain(&desk.store, id).await);
}

#[tokio::test]
async fn a_copy_holds_what_is_on_its_way_to_the_disk() {
    let mut desk = Desk::open().await;
    let id = desk.workflow();
    desk.settle().await;
    desk.disk.stop().await;
    let [prompt, ..] = draw(&desk);
    desk.store.close_workflow();
    let copy = desk.store.duplicate_workflow(id).await.unwrap();
    let (nodes, edges) = plain(&desk.store, copy).await;
    assert_eq!((nodes.len(), edges.len()), (3, 1));
    assert_eq!(nodes[0].config.get("text"), Some(&"A lighthouse".into()));
    desk.disk.resume();
    desk.settle().await;
    assert_eq!(plain(&desk.another().await.store, copy).await, (nodes, edges));
    assert!(desk.store.open_id().is_none() && prompt != NodeId::from_uuid(uuid(0)));
}

#[tokio::test]
async fn what_was_deleted_is_not_copied() {
    let desk = Desk::open().await;
    let [prompt, ..] = draw(&desk);
    desk.store.remove_nodes(&[prompt].into());
    let copy = desk.store.duplicate_workflow(desk.workflow()).await.unwrap();
    let loaded = desk.store.session().load(copy).await.unwrap();
    assert_eq!((loaded.nodes.rows.len(), loaded.edges.rows.len()), (2, 0));
}

#[tokio::test]
async fn what_this_build_does_not_know_of_a_workflow_is_copied() {
    let desk = Desk::new().await;
    let mut workflow = Workflow::new(WorkflowId::from_uuid(uuid(1)), "A");
    workflow.extra.put("groups", serde_json::json!([{"title": "Sky"}]));
    desk.store.import_workflow(&workflow).unwrap();
    let copy = desk.store.duplicate_workflow(workflow.id).await.unwrap();
    let loaded = desk.store.session().load(copy).await.unwrap();
    let groups = loaded.workflow.unwrap().registers;
    assert_eq!(groups.value(&RegisterName::extra("groups")).unwrap().text(), r#"[{"title":"Sky"}]"#);
}

#[tokio::test]
async fn a_file_is_stored_whole() {
    let mut desk = Desk::new().await;
    let mut workflow = Workflow::new(WorkflowId::from_uuid(uuid(1)), "From a file");
    workflow.nodes =
        [2, 3].map(|id| Node::new(NodeId::from_uuid(uuid(id)), "generic", point(f64::from(id), 0.))).into();
    workflow.nodes[0].extra.put("colour", "red");
    let [one, two] = [2, 3].map(|id| NodeId::from_uuid(uuid(id)));
    workflow.edges = vec![Edge::new(EdgeId::from_uuid(uuid(4)), ends((one, "out"), (two, "in")))];
    let id = desk.store.import_workflow(&workflow).unwrap();
    assert_eq!(desk.store.workflows(), [id]);
    desk.settle().await;
    assert_eq!(desk.disk.batches().len(), 1, "in one commit");
    let desk = desk.another().await;
    desk.store.open_workflow(id).await.unwrap();
    let known =
        |nodes: Vec<Node>| nodes.into_iter().map(|node| Node { updated_at: 0, version: 0, ..node }).collect::<Vec<_>>();
    assert_eq!(known(desk.store.with_document(Document::nodes).unwrap()), workflow.nodes);
    assert_eq!(desk.edges(), [(workflow.edges[0].id, workflow.edges[0].ends.clone())].into());
}

#[tokio::test]
async fn a_file_with_a_number_that_is_none_is_refused_whole() {
    let desk = Desk::new().await;
    let mut workflow = Workflow::new(WorkflowId::from_uuid(uuid(1)), "A");
    workflow.nodes = vec![Node::new(NodeId::from_uuid(uuid(2)), "note", point(f64::NAN, 0.))];
    assert!(desk.store.import_workflow(&workflow).is_err());
    assert_eq!(desk.store.workflows(), []);
    assert!(desk.disk.batches().is_empty());
}

#[tokio::test]
async fn a_free_name_is_one_that_no_workflow_has() {
    let desk = Desk::new().await;
    assert_eq!(desk.store.free_name("A"), "A");
    for expected in ["A 2", "A 3"] {
        let id = desk.store.create_workflow(&desk.store.free_name("A"));
        assert_eq!(desk.store.free_name("A"), expected);
        assert!(desk.store.summary(id).is_some());
    }
    let first = desk.store.workflows()[1];
    desk.store.remove_workflow(first);
    assert_eq!(desk.store.free_name("A"), "A", "a deleted workflow's name is free");
}

#[tokio::test]
async fn counts_in_the_library_follow_commits() {
    let mut desk = Desk::open().await;
    let id = desk.workflow();
    let counts = |desk: &Desk| desk.store.summary(id).map(|summary| (summary.nodes, summary.edges));
    desk.settle().await;
    let [prompt, ..] = draw(&desk);
    assert_eq!(counts(&desk), Some((0, 0)));
    desk.settle().await;
    assert_eq!(counts(&desk), Some((3, 1)));
    desk.store.remove_nodes(&[prompt].into());
    desk.settle().await;
    assert_eq!(counts(&desk), Some((2, 1)), "a hidden edge counts: it comes back with its node");
    assert_eq!(counts(&desk.another().await), Some((2, 1)));
    let loaded = desk.disk.workflows().await.unwrap().rows;
    assert!(loaded[0].1.counts.unwrap().updated_at > 0);
}
