//! Whoever runs a node works from a snapshot. What it hands back overrides nothing that the user has done since.

use storage::model::{NodeId, NodeResult, NodeStatus, RegisterName, Run};

use super::desk::{Desk, point};
use crate::store::Selection;

/// A node as it was when its run began, and what came of it.
async fn ran() -> (Desk, NodeId, Run) {
    let desk = Desk::open().await;
    let id = desk.add("prompt");
    desk.set(id, "text", "A lighthouse");
    let snapshot = desk.node(id).unwrap();
    let text = snapshot.config.get("text").unwrap().read::<String>().unwrap().to_uppercase();
    (desk, id, Run { status: NodeStatus::Done, result: Some(NodeResult::Text(text)), ..Run::default() })
}

#[tokio::test]
async fn a_result_leaves_what_the_user_changed_meanwhile() {
    let (mut desk, id, run) = ran().await;
    desk.set(id, "text", "A castle");
    desk.store.rename_node(id, "Scene");
    desk.store.update_node_dimensions(id, Some(point(70., 80.)), Some(super::desk::size(300., 300.)));
    let before = desk.node(id).unwrap();
    let registers = desk.registers(id);
    desk.store.update_node_result(desk.workflow(), id, &run).unwrap();
    let after = desk.node(id).unwrap();
    assert_eq!((after.status, after.result), (NodeStatus::Done, run.result.clone()));
    assert_eq!(
        (after.config, after.title, after.position, after.size),
        (before.config, before.title, before.position, before.size)
    );
    for (name, register) in registers.iter() {
        assert_eq!(desk.registers(id).get(name), Some(register), "{name} keeps its stamp");
    }
    desk.settle().await;
    assert_eq!(desk.another().await.registers(id), desk.registers(id));
}

#[tokio::test]
async fn a_result_doesnt_bring_a_deleted_node_back_but_is_there_when_the_user_does() {
    let (mut desk, id, run) = ran().await;
    let removed = desk.store.remove(&Selection::node(id)).unwrap();
    desk.store.update_node_result(desk.workflow(), id, &run).unwrap();
    assert_eq!((desk.node(id), desk.store.node_count()), (None, 0));
    desk.settle().await;
    assert_eq!(desk.another().await.store.node_count(), 0);
    assert_eq!(desk.store.summary(desk.workflow()).unwrap().nodes, 0);
    desk.store.restore(&removed);
    assert_eq!(desk.node(id).unwrap().result, run.result);
}

#[tokio::test]
async fn a_result_arrives_also_when_another_workflow_is_open() {
    let (mut desk, id, run) = ran().await;
    let workflow = desk.workflow();
    let other = desk.store.create_workflow("B");
    desk.store.open_workflow(other).await.unwrap();
    desk.store.update_node_result(workflow, id, &run).unwrap();
    assert_eq!(desk.store.node_count(), 0, "not in that one");
    desk.settle().await;
    desk.store.open_workflow(workflow).await.unwrap();
    assert_eq!(desk.node(id).unwrap().result, run.result);
}

#[tokio::test]
async fn status_and_result_are_one_value() {
    let (desk, id, run) = ran().await;
    desk.store.update_node_result(desk.workflow(), id, &run).unwrap();
    let running = Run { status: NodeStatus::Running, ..Run::default() };
    desk.store.update_node_result(desk.workflow(), id, &running).unwrap();
    let node = desk.node(id).unwrap();
    assert_eq!((node.status, node.result), (NodeStatus::Running, None), "never one run's status with another's result");
    assert!(desk.registers(id).get(&RegisterName::Run).is_some());
}
