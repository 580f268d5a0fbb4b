use storage::model::{EntityKey, Json, Node, NodeId, NodeStatus, Object, RegisterName, Run};

use super::desk::{Desk, names, point, size};
use crate::store::Document;

fn nodes(desk: &Desk) -> Vec<Node> {
    desk.store.with_document(Document::nodes).unwrap()
}

fn nobody() -> NodeId {
    NodeId::from_uuid(uuid::Uuid::from_u128(7))
}

#[tokio::test]
async fn a_new_node_is_there_at_once_and_after_a_restart() {
    let mut desk = Desk::open().await;
    let id = desk.store.add_node("prompt", point(10.126, -0.004)).unwrap();
    let node = desk.node(id).unwrap();
    assert_eq!((node.kind.as_str(), node.position), ("prompt", point(10.13, 0.)), "to a hundredth");
    desk.settle().await;
    assert_eq!(desk.another().await.node(id), desk.node(id));
    assert_eq!(desk.store.add_node("prompt", point(f64::NAN, 0.)), None, "nowhere");
    assert_eq!(desk.store.node_count(), 1);
}

#[tokio::test]
async fn without_an_open_workflow_nothing_is_added() {
    let desk = Desk::new().await;
    assert_eq!(desk.store.add_node("prompt", point(0., 0.)), None);
    desk.store.rename_node(nobody(), "A");
    assert!(desk.disk.batches().is_empty());
}

#[tokio::test]
async fn what_a_workflow_doesnt_have_cant_be_changed() {
    let mut desk = Desk::open().await;
    let id = desk.workflow();
    let committed = desk
        .committed(|store| {
            store.rename_node(nobody(), "A");
            store.update_node_config(nobody(), &Object::from_iter([("a", Json::from(1_u32))]));
            store.remove_node_config(nobody(), "a");
            store.update_node_dimensions(nobody(), Some(point(0., 0.)), None);
            store.move_nodes(&[(nobody(), point(0., 0.))]);
            store.remove_nodes(&[nobody()].into());
            store.update_node_result(id, nobody(), &Run::default()).unwrap();
        })
        .await;
    assert!(committed.is_empty(), "{committed:?}");
}

#[tokio::test]
async fn setting_some_keys_leaves_the_others_alone() {
    let mut desk = Desk::open().await;
    let id = desk.add("generic");
    desk.set(id, "seed", 1_u32);
    desk.set(id, "instruction", "Paint");
    let seed = desk.stamp(id, &RegisterName::config("seed"));
    let key = EntityKey::node(desk.workflow(), id);
    let both =
        Object::from_iter([("instruction", Json::from("Draw")), ("quality", serde_json::from_str("null").unwrap())]);
    let committed = desk.committed(|store| store.update_node_config(id, &both)).await;
    assert_eq!(names(&committed[0], key), ["config.instruction".to_owned(), "config.quality".into()].into());
    assert_eq!(desk.stamp(id, &RegisterName::config("seed")), seed);
    assert_eq!(desk.setting(id, "instruction"), Some("Draw".into()));
    assert_eq!(desk.setting(id, "quality").unwrap().text(), "null", "a value like any other");
}

#[tokio::test]
async fn a_removed_key_is_an_absence_with_a_stamp() {
    let mut desk = Desk::open().await;
    let id = desk.add("generic");
    desk.set(id, "seed", 1_u32);
    let name = RegisterName::config("seed");
    let before = desk.stamp(id, &name);
    desk.store.remove_node_config(id, "seed");
    assert_eq!(desk.setting(id, "seed"), None);
    desk.settle().await;
    let register = desk.stored(id).await.registers.get(&name).unwrap().clone();
    assert!(register.value.is_none() && register.stamp > before);
    desk.set(id, "seed", 2_u32);
    assert_eq!(desk.setting(id, "seed"), Some(2_u32.into()), "and can be set again");
}

#[tokio::test]
async fn an_empty_configuration_changes_nothing() {
    let mut desk = Desk::open().await;
    let id = desk.add("generic");
    assert!(desk.committed(|store| store.update_node_config(id, &Object::default())).await.is_empty());
}

#[tokio::test]
async fn position_and_size_are_one_patch_with_one_stamp() {
    let mut desk = Desk::open().await;
    let id = desk.add("note");
    let key = EntityKey::node(desk.workflow(), id);
    let place = (Some(point(30., 40.)), Some(size(320.4, 200.)));
    let committed = desk.committed(|store| store.update_node_dimensions(id, place.0, place.1)).await;
    assert_eq!(committed.len(), 1);
    assert_eq!(names(&committed[0], key), ["position".to_owned(), "size".into()].into());
    assert_eq!(desk.stamp(id, &RegisterName::Position), desk.stamp(id, &RegisterName::Size));
    let node = desk.another().await.node(id).unwrap();
    assert_eq!((node.position, node.size), (point(30., 40.), Some(size(320., 200.))));
}

#[tokio::test]
async fn moving_leaves_the_size_alone_and_the_other_way_round() {
    let desk = Desk::open().await;
    let id = desk.add("note");
    desk.store.update_node_dimensions(id, None, Some(size(320., 200.)));
    let sized = desk.stamp(id, &RegisterName::Size);
    desk.store.update_node_dimensions(id, Some(point(1., 2.)), None);
    assert_eq!(desk.stamp(id, &RegisterName::Size), sized);
    let moved = desk.stamp(id, &RegisterName::Position);
    desk.store.update_node_dimensions(id, None, Some(size(400., 200.)));
    assert_eq!(desk.stamp(id, &RegisterName::Position), moved);
    desk.store.update_node_dimensions(id, None, None);
    desk.store.update_node_dimensions(id, Some(point(f64::INFINITY, 0.)), None);
    assert_eq!(desk.node(id).unwrap().position, point(1., 2.), "a place that is none is none");
}

#[tokio::test]
async fn several_nodes_move_in_one_commit() {
    let mut desk = Desk::open().await;
    let moves: Vec<_> = (0..5_u32).map(|n| (desk.add("note"), point(f64::from(n), 0.))).collect();
    let committed = desk.committed(|store| store.move_nodes(&moves)).await;
    assert_eq!(committed.iter().map(|batch| batch.rows().count()).collect::<Vec<_>>(), [5]);
    let there = desk.another().await;
    assert!(moves.iter().all(|(id, at)| there.node(*id).unwrap().position == *at));
}

#[tokio::test]
async fn setting_what_is_there_writes_nothing() {
    let mut desk = Desk::open().await;
    let id = desk.add("generic");
    desk.set(id, "seed", 1_u32);
    desk.store.rename_node(id, "Paint");
    desk.store.update_node_result(desk.workflow(), id, &Run::default()).unwrap();
    let all = nodes(&desk);
    let committed = desk.committed(|store| store.set_nodes(&all).unwrap()).await;
    assert!(committed.is_empty(), "{committed:?}");
}

#[tokio::test]
async fn only_what_differs_gets_a_new_stamp() {
    let mut desk = Desk::open().await;
    let (one, other) = (desk.add("generic"), desk.add("note"));
    desk.set(one, "seed", 1_u32);
    desk.set(one, "quality", "best");
    let mut all = nodes(&desk);
    all[0].title = "Paint".into();
    all[0].config = Object::from_iter([("seed", Json::from(1_u32)), ("enabled", false.into())]);
    let key = EntityKey::node(desk.workflow(), one);
    let committed = desk.committed(|store| store.set_nodes(&all).unwrap()).await;
    assert_eq!(committed.len(), 1);
    assert_eq!(
        names(&committed[0], key),
        ["config.enabled", "config.quality", "title"].map(String::from).into(),
        "set, removed, set; the seed is equal"
    );
    assert!(names(&committed[0], EntityKey::node(desk.workflow(), other)).is_empty());
    assert_eq!(desk.setting(one, "quality"), None);
    assert_eq!(desk.node(one).unwrap().title, "Paint");
}

#[tokio::test]
async fn nodes_are_added_deleted_and_brought_back_as_it_takes() {
    let mut desk = Desk::open().await;
    let (one, two) = (desk.add("generic"), desk.add("note"));
    let both = nodes(&desk);
    let fresh = Node::new(NodeId::new(desk.store.session().stamp()), "prompt", point(5., 5.));
    desk.store.set_nodes(&[both[0].clone(), fresh.clone()]).unwrap();
    assert_eq!(desk.store.with_document(Document::node_ids).unwrap(), [one, fresh.id]);
    desk.store.set_nodes(&both).unwrap();
    assert_eq!(desk.store.with_document(Document::node_ids).unwrap(), [one, two]);
    desk.settle().await;
    assert_eq!(nodes(&desk.another().await), nodes(&desk));
}

#[tokio::test]
async fn what_this_build_doesnt_know_outlives_setting() {
    use storage::{backend::Batch, model::Registers};
    let mut desk = Desk::open().await;
    let id = desk.add("generic");
    desk.settle().await;
    let (key, stamp) = (EntityKey::node(desk.workflow(), id), desk.store.session().stamp());
    // As a newer build writes: a register of its own, a field in a known register, another spelling of the same place.
    let json = |text: &str| serde_json::from_str::<Json>(text).unwrap();
    let newer = Registers::new()
        .with(RegisterName::parse("mood"), stamp, "calm")
        .with(RegisterName::Run, stamp, json(r#"{"status":"done","result":"a text","seconds":3}"#))
        .with(RegisterName::Position, stamp, json(r#"{"y":2.0,"x":1.0,"z":9}"#));
    let mut batch = Batch::new();
    batch.merge(key, &newer);
    desk.store.session().write(batch);
    desk.settle().await;
    let mut all = nodes(&desk);
    assert_eq!((all[0].position, &all[0].status), (point(1., 2.), &NodeStatus::Done));
    all[0].title = "Paint".into();
    let committed = desk.committed(|store| store.set_nodes(&all).unwrap()).await;
    assert_eq!(names(&committed[0], key), ["title".to_owned()].into());
    for (name, register) in newer.iter() {
        assert_eq!(desk.registers(id).get(name), Some(register));
    }
}

#[tokio::test]
async fn a_number_that_is_none_changes_nothing() {
    let mut desk = Desk::open().await;
    desk.add("note");
    let mut all = nodes(&desk);
    all.push(Node::new(nobody(), "note", point(f64::NAN, 0.)));
    all[0].title = "A".into();
    assert!(desk.committed(|store| assert!(store.set_nodes(&all).is_err())).await.is_empty());
    assert_eq!(nodes(&desk)[0].title, "");
}
