//! Golden shapes: what people, packages and databases see. A change here is a change of the format.

use uuid::Uuid;

use super::any::stamp_of;
use crate::{
    backend::Batch,
    model::{
        AssetId, AssetPlace, AssetRef, Counts, Edge, EdgeId, Ends, EntityKey, Json, Node, NodeId, NodeResult,
        NodeStatus, Object, Point, RegisterName, Registers, Row, Size, Stamp, Viewport, Workflow, WorkflowId,
    },
    parking,
};

fn uuid(number: u64) -> Uuid {
    Uuid::from_u64_pair(0x0192_f8a0_0000_7000, 0x8000_0000_0000_0000 | number)
}

fn stamp(number: u64) -> Stamp {
    stamp_of(0x0192_f8a0_0000, number, 0)
}

fn config() -> Object {
    [("seed", Json::from(u64::MAX)), ("text", Json::from("A \"lighthouse\""))].into_iter().collect()
}

#[test]
fn a_new_node() {
    let node = Node::new(NodeId::from_uuid(uuid(1)), "prompt", Point { x: 1.5, y: -2. });
    assert_eq!(
        serde_json::to_string(&node).unwrap(),
        r#"{"config":{},"id":"0192f8a0-0000-7000-8000-000000000001","position":{"x":1.5,"y":-2.0},"status":"idle","title":"","type":"prompt","updatedAt":0,"version":0}"#
    );
}

#[test]
fn a_node_with_everything() {
    let result = AssetRef {
        id: Some(AssetId::from_uuid(uuid(9))),
        place: AssetPlace::Opfs { path: "atelier/assets/image/9".into() },
        mime: Some("image/png".into()),
        bytes: Some(1234),
        hash: Some(format!("sha256-{}", "0".repeat(64))),
        extra: [("later", Json::from(true))].into_iter().collect(),
    };
    let node = Node {
        title: "Light".into(),
        status: NodeStatus::Done,
        size: Some(Size { width: 240., height: 160.5 }),
        config: config(),
        result: Some(NodeResult::Asset(result)),
        updated_at: 1_730_000_000_000,
        version: 3,
        extra: [("colour", Json::from("red"))].into_iter().collect(),
        ..Node::new(NodeId::from_uuid(uuid(1)), "comfy.KSampler", Point::default())
    };
    assert_eq!(
        serde_json::to_string(&node).unwrap(),
        concat!(
            r#"{"colour":"red","config":{"seed":18446744073709551615,"text":"A \"lighthouse\""},"#,
            r#""id":"0192f8a0-0000-7000-8000-000000000001","position":{"x":0.0,"y":0.0},"#,
            r#""result":{"bytes":1234,"hash":"sha256-0000000000000000000000000000000000000000000000000000000000000000","#,
            r#""id":"0192f8a0-0000-7000-8000-000000000009","kind":"opfs","later":true,"mime":"image/png","#,
            r#""path":"atelier/assets/image/9"},"size":{"width":240.0,"height":160.5},"status":"done","title":"Light","#,
            r#""type":"comfy.KSampler","updatedAt":1730000000000,"version":3}"#
        )
    );
}

#[test]
fn an_edge() {
    let ends = Ends {
        source: NodeId::from_uuid(uuid(1)),
        target: NodeId::from_uuid(uuid(2)),
        source_handle: Some("IMAGE".into()),
        target_handle: None,
    };
    assert_eq!(
        serde_json::to_string(&Edge::new(EdgeId::from_uuid(uuid(3)), ends)).unwrap(),
        concat!(
            r#"{"id":"0192f8a0-0000-7000-8000-000000000003","source":"0192f8a0-0000-7000-8000-000000000001","#,
            r#""sourceHandle":"IMAGE","target":"0192f8a0-0000-7000-8000-000000000002","updatedAt":0,"version":0}"#
        )
    );
}

#[test]
fn a_workflow() {
    let workflow = Workflow {
        viewport: Some(Viewport { x: 10., y: 20., zoom: 0.5 }),
        updated_at: 1_730_000_000_000,
        version: 2,
        ..Workflow::new(WorkflowId::from_uuid(uuid(1)), "Portraits")
    };
    assert_eq!(
        serde_json::to_string(&workflow).unwrap(),
        concat!(
            r#"{"edges":[],"id":"0192f8a0-0000-7000-8000-000000000001","name":"Portraits","nodes":[],"#,
            r#""updatedAt":1730000000000,"version":2,"viewport":{"x":10.0,"y":20.0,"zoom":0.5}}"#
        )
    );
}

#[test]
fn every_place_of_an_asset() {
    for (place, text) in [
        (AssetPlace::Url { url: "https://example.com/a".into() }, r#"{"kind":"url","url":"https://example.com/a"}"#),
        (AssetPlace::Opfs { path: "a".into() }, r#"{"kind":"opfs","path":"a"}"#),
        (AssetPlace::FsHandle { handle_id: "a".into() }, r#"{"handleId":"a","kind":"fs-handle"}"#),
        (AssetPlace::Idb { blob_key: "a".into() }, r#"{"blobKey":"a","kind":"idb"}"#),
        (AssetPlace::Embedded, r#"{"kind":"embedded"}"#),
    ] {
        assert_eq!(serde_json::to_string(&AssetRef { place, ..AssetRef::url("") }).unwrap(), text);
    }
}

#[test]
fn the_row_of_a_node() {
    let node = Node { config: config(), ..Node::new(NodeId::from_uuid(uuid(1)), "prompt", Point { x: 1., y: 2. }) };
    let mut registers = node.to_registers(stamp(1)).unwrap();
    registers.merge(
        &Registers::new()
            .with(RegisterName::Title, stamp(2), "Light")
            .with(RegisterName::Deleted, stamp(3), true)
            .without(RegisterName::config("seed"), stamp(4)),
    );
    let row = Row { registers, version: 3, counts: None };
    assert_eq!(
        row.to_text(uuid(1)),
        concat!(
            r#"{"id":"0192f8a0-0000-7000-8000-000000000001","version":3,"stamp":"0192f8a0-0000-7001-8000-000000000000","#,
            r#""fields":{"deleted":true,"position":{"x":1.0,"y":2.0},"title":"Light","type":"prompt","config.text":"A \"lighthouse\""},"#,
            r#""stamps":{"deleted":"0192f8a0-0000-7003-8000-000000000000","title":"0192f8a0-0000-7002-8000-000000000000","#,
            r#""config.seed":"0192f8a0-0000-7004-8000-000000000000"}}"#
        )
    );
}

#[test]
fn the_row_of_a_workflow() {
    let registers = Workflow::new(WorkflowId::from_uuid(uuid(1)), "Portraits").to_registers(stamp(1));
    let counts = Some(Counts { nodes: 2, edges: 1, updated_at: 1_730_000_000_000 });
    assert_eq!(
        Row { registers, version: 1, counts }.to_text(uuid(1)),
        concat!(
            r#"{"id":"0192f8a0-0000-7000-8000-000000000001","version":1,"stamp":"0192f8a0-0000-7001-8000-000000000000","#,
            r#""fields":{"name":"Portraits"},"counts":{"nodes":2,"edges":1,"updatedAt":1730000000000}}"#
        )
    );
    assert_eq!(
        Row::default().to_text(uuid(1)),
        r#"{"id":"0192f8a0-0000-7000-8000-000000000001","version":0,"fields":{}}"#
    );
}

#[test]
fn a_parked_batch() {
    let workflow = WorkflowId::from_uuid(uuid(1));
    let mut batch = Batch::new();
    batch
        .merge(EntityKey::workflow(workflow), &Registers::new().with(RegisterName::Name, stamp(1), "Portraits"))
        .merge(
            EntityKey::node(workflow, NodeId::from_uuid(uuid(2))),
            &Registers::new().without(RegisterName::Size, stamp(2)),
        )
        .set("theme", Some("dark".into()))
        .set("gone", None)
        .record();
    assert_eq!(
        parking::to_text(&batch),
        concat!(
            r#"{"patches":[{"workflow":"0192f8a0-0000-7000-8000-000000000001","#,
            r#""registers":{"name":{"stamp":"0192f8a0-0000-7001-8000-000000000000","value":"Portraits"}}},"#,
            r#"{"workflow":"0192f8a0-0000-7000-8000-000000000001","node":"0192f8a0-0000-7000-8000-000000000002","#,
            r#""registers":{"size":{"stamp":"0192f8a0-0000-7002-8000-000000000000"}}}],"#,
            r#""kv":{"gone":{},"theme":{"value":"dark"}},"record":true}"#
        )
    );
}
