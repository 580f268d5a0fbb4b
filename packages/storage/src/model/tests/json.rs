//! What this build doesn't know comes back as it came: byte for byte.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

use super::any;
use crate::model::{
    AssetRef, Edge, Json, Node, NodeResult, NodeStatus, Object, Point, Run, Size, Viewport, Workflow, WorkflowId,
};

fn written<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap()
}

fn read<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap()
}

/// The fields of a value, each as text.
fn fields<T: Serialize>(value: &T) -> Object {
    read(&written(value))
}

/// The fields in which two values differ.
fn differing<T: Serialize>(left: &T, right: &T) -> Vec<String> {
    let (left, right) = (fields(left), fields(right));
    let names: BTreeSet<_> = left.iter().chain(right.iter()).map(|(name, _)| name.to_owned()).collect();
    names.into_iter().filter(|name| left.get(name) != right.get(name)).collect()
}

proptest! {
    #[test]
    fn a_workflow_comes_back_whole(workflow in any::workflow()) {
        prop_assert_eq!(read::<Workflow>(&written(&workflow)), workflow);
    }

    #[test]
    fn an_edge_comes_back_whole(edge in any::edge()) {
        prop_assert_eq!(read::<Edge>(&written(&edge)), edge);
    }

    #[test]
    fn a_reference_comes_back_whole(asset in any::asset_ref()) {
        prop_assert_eq!(read::<AssetRef>(&written(&asset)), asset);
    }

    #[test]
    fn a_run_comes_back_whole(run in any::run()) {
        prop_assert_eq!(read::<Run>(&written(&run)), run);
    }

    #[test]
    fn a_result_comes_back_whole(result in any::result()) {
        prop_assert_eq!(read::<NodeResult>(&written(&result)), result);
    }

    #[test]
    fn a_value_keeps_its_text(json in any::json()) {
        prop_assert_eq!(written(&json), json.text());
        prop_assert_eq!(read::<Json>(json.text()), json);
    }

    #[test]
    fn editing_one_field_of_a_node_changes_no_other(node in any::node(), title in any::text()) {
        let mut edited: Node = read(&written(&node));
        prop_assert_eq!(&edited, &node);
        edited.title = title + "!";
        prop_assert_eq!(differing(&node, &edited), if edited.title == node.title { vec![] } else { vec!["title"] });
    }

    #[test]
    fn editing_the_name_of_a_workflow_changes_nothing_else(workflow in any::workflow(), name in any::text()) {
        let mut edited: Workflow = read(&written(&workflow));
        edited.name = format!("{}{name}!", workflow.name);
        prop_assert_eq!(differing(&workflow, &edited), ["name"]);
    }

    #[test]
    fn a_node_is_its_registers(node in any::node(), stamp in any::stamp()) {
        let registers = node.to_registers(stamp).unwrap();
        let expected = Node { updated_at: stamp.millis(), version: 3, ..node };
        let back = Node::from_registers(expected.id, &registers, 3);
        prop_assert_eq!(back.as_ref(), Some(&expected));
        prop_assert_eq!(back.unwrap().to_registers(stamp).unwrap(), registers);
    }

    #[test]
    fn an_edge_is_its_registers(edge in any::edge(), stamp in any::stamp()) {
        let registers = edge.to_registers(stamp).unwrap();
        let expected = Edge { updated_at: stamp.millis(), version: 3, ..edge };
        prop_assert_eq!(Edge::from_registers(expected.id, &registers, 3), Some(expected));
    }

    #[test]
    fn no_registers_are_too_strange_to_be_read(registers in any::registers(), id in any::<u128>()) {
        let id = uuid::Uuid::from_u128(id);
        if let Some(node) = Node::from_registers(crate::model::NodeId::from_uuid(id), &registers, 1) {
            prop_assert!(!written(&node).is_empty());
        }
        if let Some(edge) = Edge::from_registers(crate::model::EdgeId::from_uuid(id), &registers, 1) {
            prop_assert!(!written(&edge).is_empty());
        }
    }
}

/// What a newer build might write, in its own words: spaces, digits and escapes included.
const LATER: &str = r#"{
    "id": "0192f8a0-0000-7000-8000-000000000001", "type": "comfy.KSampler", "position": {"x": 1.5, "y": -2},
    "config": {"seed": 18446744073709551615, "big": 9007199254740993, "cfg": 1.10, "tiny": 1e-400, "text": "\u00e9\/", "none": null},
    "status": "dreaming",
    "result": {"kind": "hologram", "layers": [ 1, 2.0 ,3e0 ]},
    "ports": [ {"name" : "in"} ],
    "nothing": null
}"#;

#[test]
fn digits_spaces_and_escapes_stay_what_they_were() {
    let mut node: Node = read(LATER);
    assert_eq!(node.status, NodeStatus::Other("dreaming".into()));
    node.title = "Mine".into();
    let fields = fields(&node);
    let text = |name| fields.get(name).map(Json::text);
    assert_eq!(text("ports"), Some(r#"[ {"name" : "in"} ]"#));
    assert_eq!(text("nothing"), Some("null"));
    assert_eq!(text("status"), Some(r#""dreaming""#));
    assert_eq!(text("result"), Some(r#"{"kind": "hologram", "layers": [ 1, 2.0 ,3e0 ]}"#));
    assert_eq!(
        text("config"),
        Some(
            r#"{"big":9007199254740993,"cfg":1.10,"none":null,"seed":18446744073709551615,"text":"\u00e9\/","tiny":1e-400}"#
        )
    );
}

#[test]
fn a_reference_keeps_fields_that_belong_to_another_kind_of_place() {
    let text = r#"{"kind":"url","path":"cache/1.png","url":"https://example.com/1.png"}"#;
    assert_eq!(written(&read::<AssetRef>(text)), text);
}

#[test]
fn a_result_that_is_only_nearly_a_reference_is_kept_as_it_is() {
    for text in [
        r#"{"kind":"url"}"#,
        r#"{"kind":"opfs","path":"a","bytes":-1}"#,
        r#"{"kind":"cloud","url":"a"}"#,
        "[1.0]",
        "5e0",
    ] {
        assert_eq!(read::<NodeResult>(text), NodeResult::Other(read(text)), "{text}");
        assert_eq!(written(&read::<NodeResult>(text)), text);
    }
}

#[test]
fn a_place_that_is_no_number_is_refused_and_never_written_as_null() {
    let id = WorkflowId::from_uuid(uuid::Uuid::nil());
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let at = |position| Node::new(crate::model::NodeId::from_uuid(uuid::Uuid::nil()), "note", position);
        let node = at(Point { x: 0., y: bad });
        assert!(node.to_registers(any::stamp_of(1, 0, 0)).is_err());
        assert!(serde_json::to_string(&node).is_err());
        let node = Node { size: Some(Size { width: bad, height: 1. }), ..at(Point::default()) };
        assert!(node.to_registers(any::stamp_of(1, 0, 0)).is_err());
        let viewport = Some(Viewport { zoom: bad, ..Viewport::default() });
        assert!(serde_json::to_string(&Workflow { viewport, ..Workflow::new(id, "A") }).is_err());
    }
}

#[test]
fn what_must_be_there_is_named_when_it_is_not() {
    let error =
        serde_json::from_str::<Node>(r#"{"id":"0192f8a0-0000-7000-8000-000000000001","type":"note"}"#).unwrap_err();
    assert!(error.to_string().contains("position"), "{error}");
    let error =
        serde_json::from_str::<Edge>(r#"{"id":"0192f8a0-0000-7000-8000-000000000001","source":5}"#).unwrap_err();
    assert!(error.to_string().contains("source"), "{error}");
}
