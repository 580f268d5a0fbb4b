//! What the import promises, on small files. `tests/comfyui_templates.rs` asks the same of real ones.

mod awkward;
mod refusals;
mod widgets;

use serde_json::{Value, json};

use super::*;
use crate::model::{Clock, Node, NodeStatus, Point, Size};

/// Imports a text.
fn import_text(text: &str) -> Result<Import, ImportError> {
    import_in(&Limits::DEFAULT, text)
}

fn import_in(limits: &Limits, text: &str) -> Result<Import, ImportError> {
    let mut clock = Clock::new(7);
    import_within(limits, text, "A file", &mut || clock.tick(1_000))
}

/// Imports a file that must be fine.
fn imported(file: &Value) -> Import {
    import_text(&file.to_string()).unwrap()
}

/// A file with these nodes and links.
fn file(nodes: Value, links: Value) -> Value {
    json!({ "nodes": nodes, "links": links, "version": 0.4 })
}

/// A node of which a test says what it is about.
fn node(more: Value) -> Value {
    let mut node = json!({ "id": 1, "type": "Any", "pos": [10, 20], "size": [200, 100] });
    node.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    node
}

/// The only node of a file that holds nothing else.
fn only(more: Value) -> Node {
    imported(&file(json!([node(more)]), json!([]))).workflow.nodes.remove(0)
}

/// A file that has one of everything.
fn everything() -> Value {
    json!({
        "id": "9a1b", "revision": 0, "last_node_id": 6, "last_link_id": 4,
        "nodes": [
            {
                "id": 1, "type": "CheckpointLoaderSimple", "pos": [-140.5, 460], "size": [410, 282], "flags": {}, "order": 0,
                "mode": 0, "inputs": [],
                "outputs": [
                    { "name": "MODEL", "type": "MODEL", "links": [1] },
                    { "name": "CLIP", "type": "CLIP", "links": null }
                ],
                "properties": { "Node name for S&R": "CheckpointLoaderSimple" }, "widgets_values": ["sd.safetensors"]
            },
            {
                "id": "2", "type": "KSampler", "title": "Sample", "pos": { "0": 300, "1": 460 }, "size": { "0": 210, "1": 90 },
                "inputs": [
                    { "name": "model", "type": "MODEL", "link": 1 },
                    { "name": "steps", "type": "INT", "widget": { "name": "steps" }, "link": 2 }
                ],
                "outputs": [{ "name": "LATENT", "type": "LATENT", "links": [3] }],
                "widgets_values": [18_446_744_073_709_551_615_u64, "randomize", 20, 8, "euler", "normal", 1]
            },
            { "id": 3, "type": "PrimitiveInt", "pos": [0, 0], "size": [0, 0], "outputs": [{ "name": "INT", "type": "INT" }],
              "widgets_values": [20, "fixed"] },
            { "id": 4, "type": "5c0f", "pos": [600, 460], "inputs": [{ "name": "a", "type": "*" }, { "name": "a", "type": "*" }],
              "outputs": null, "widgets_values": ["A lighthouse", 512] },
            { "id": 5, "type": "MarkdownNote", "pos": [0, -200], "size": [300, 88], "widgets_values": ["# Hello"] },
            { "id": 6, "type": "Note", "title": "Mind", "pos": [400, -200], "size": [300, 88], "widgets_values": ["this"],
              "widgets_values_named": { "text": "this" }, "color": "#432" }
        ],
        "links": [
            [1, 1, 0, 2, 0, "MODEL"],
            { "id": 2, "origin_id": 3, "origin_slot": 0, "target_id": 2, "target_slot": 1, "type": "INT", "parentId": 9 },
            [3, "2", 0, 4, 1, "LATENT"],
            [4, 1, 1, 99, 0, "CLIP"]
        ],
        "floatingLinks": [{ "id": 8 }], "reroutes": [{ "id": 9, "pos": [1, 2] }],
        "groups": [{ "title": "Step 1", "bounding": [0, 0, 100, 100] }],
        "definitions": { "subgraphs": [{
            "id": "5c0f", "name": "Text to image", "inputs": [
                { "name": "image", "type": "IMAGE", "linkIds": [12] },
                { "name": "text", "type": "STRING", "linkIds": [10] },
                { "name": "width", "type": "INT", "linkIds": [11, 13] }
            ],
            "nodes": [
                { "id": 20, "type": "CLIPTextEncode", "inputs": [
                    { "name": "clip", "type": "CLIP" }, { "name": "text", "type": "STRING", "widget": { "name": "text" } }
                ] },
                { "id": 21, "type": "EmptyLatentImage", "inputs": [
                    { "name": "width", "type": "INT", "widget": { "name": "width" } }
                ] }
            ],
            "links": [
                { "id": 10, "origin_id": -10, "origin_slot": 1, "target_id": 20, "target_slot": 1, "type": "STRING" },
                { "id": 11, "origin_id": -10, "origin_slot": 2, "target_id": 21, "target_slot": 0, "type": "INT" },
                { "id": 12, "origin_id": -10, "origin_slot": 0, "target_id": 20, "target_slot": 0, "type": "IMAGE" }
            ]
        }] },
        "config": {}, "extra": { "ds": { "scale": 0.8, "offset": [1.5, 2] } }, "version": 0.4, "of a newer build": [1]
    })
}

/// The file's object, put together again from nothing but the workflow. Its lists of nodes and links come first; the links
/// are sorted.
fn original(workflow: &Workflow) -> (Vec<Object>, Vec<Json>, Object) {
    let nodes = workflow.nodes.iter().map(|node| {
        let mut original: Object = node.extra.get("comfy").unwrap().read().unwrap();
        for field in ["inputs", "outputs"] {
            if let Some(slots) = node.extra.get(field) {
                original.put(field, slots.clone());
            }
        }
        original
    });
    let mut rest: Object = workflow.extra.get("comfy").unwrap().read().unwrap();
    let mut links: Vec<Json> = rest.remove("links").map_or(Vec::new(), |links| links.read().unwrap());
    links.extend(workflow.edges.iter().map(|edge| edge.extra.get("comfy").unwrap().clone()));
    links.sort();
    (nodes.collect(), links, rest)
}

/// Asserts that the workflow holds the whole file.
fn assert_nothing_lost(text: &str, workflow: &Workflow) {
    let mut rest: Object = raw::parse(text, &Limits::DEFAULT).unwrap().read().unwrap();
    let nodes: Vec<Object> = rest.remove("nodes").unwrap().read().unwrap();
    let mut links: Vec<Json> = rest.remove("links").unwrap().read().unwrap();
    links.sort();
    assert_eq!(original(workflow), (nodes, links, rest));
}

#[test]
fn a_file_becomes_a_workflow() {
    let Import { workflow, warnings } = imported(&everything());
    assert_eq!(workflow.name, "A file");
    assert_eq!(workflow.viewport, None);
    let kinds: Vec<_> = workflow.nodes.iter().map(|node| (&*node.kind, &*node.title)).collect();
    assert_eq!(
        kinds,
        [
            ("comfy.CheckpointLoaderSimple", ""),
            ("comfy.KSampler", "Sample"),
            ("comfy.PrimitiveInt", ""),
            ("comfy.5c0f", "Text to image"),
            ("comfy.MarkdownNote", ""),
            ("comfy.Note", "Mind"),
        ]
    );
    let places: Vec<_> = workflow.nodes.iter().map(|node| (node.position, node.size)).collect();
    assert_eq!(
        places[..4],
        [
            (Point { x: -140.5, y: 460. }, Some(Size { width: 410., height: 282. })),
            (Point { x: 300., y: 460. }, Some(Size { width: 210., height: 90. })),
            (Point { x: 0., y: 0. }, None),
            (Point { x: 600., y: 460. }, None),
        ]
    );
    assert!(workflow.nodes.iter().all(|node| node.status == NodeStatus::Idle && node.result.is_none()));
    assert_eq!(warnings, ["Link 4 is kept but not shown: node 99 is not in the file."]);
}

#[test]
fn an_edge_names_the_slots_that_its_link_counts() {
    let workflow = imported(&everything()).workflow;
    let at = |id| workflow.nodes.iter().position(|node| node.id == id).unwrap();
    let ends = workflow.edges.iter().map(|edge| {
        let Ends { source, target, source_handle, target_handle } = edge.ends.clone();
        (at(source), source_handle.unwrap(), at(target), target_handle.unwrap())
    });
    let expected = [(0, "MODEL", 1, "model"), (2, "INT", 1, "steps"), (1, "LATENT", 3, "a (2)")];
    let expected = expected.map(|(from, output, to, input)| (from, output.to_owned(), to, input.to_owned()));
    assert_eq!(ends.collect::<Vec<_>>(), expected);
}

#[test]
fn nothing_is_lost() {
    let text = serde_json::to_string_pretty(&everything()).unwrap();
    assert_nothing_lost(&text, &import_text(&text).unwrap().workflow);
}

#[test]
fn digits_stay_as_they_are() {
    let values = "[1234567890123456789012345678901234567890, 0.10000000000000000000000000001, 1.10, 1E+2, 1e999, -0]";
    let text = format!(r#"{{"nodes":[{{"id":1,"type":"A","pos":[0,0],"widgets_values":{values}}}],"links":[]}}"#);
    let import = import_text(&text).unwrap();
    assert_nothing_lost(&text, &import.workflow);
    let kept: Vec<_> = import.workflow.nodes[0].config.iter().map(|(_, value)| value.text()).collect();
    assert_eq!(format!("[{}]", kept.join(", ")), values);
}

#[test]
fn white_space_between_values_goes_and_within_texts_stays() {
    let text = "\u{feff} { \"nodes\" : [ { \"id\":1,\r\n\"type\":\"A\",\t\"pos\":[ 0, 0 ], \"title\": \"a  \\\" b\\\\\" , \
                \"widgets_values\": [ \" x \\n\", { \"a b\" : [ 1 , 2 ] } ] } ] , \"links\" : [ ] }";
    let node = &import_text(text).unwrap().workflow.nodes[0];
    assert_eq!(node.title, "a  \" b\\");
    assert_eq!(node.config.get("widget_0").unwrap().text(), r#"" x \n""#);
    assert_eq!(node.config.get("widget_1").unwrap().text(), r#"{"a b":[1,2]}"#);
}

#[test]
fn an_instance_of_a_subgraph_shows_its_name_and_size() {
    let workflow = imported(&everything()).workflow;
    assert_eq!(workflow.nodes[3].extra.get("subgraph").unwrap().text(), r#"{"name":"Text to image","nodes":2}"#);
    assert!(workflow.nodes[2].extra.get("subgraph").is_none());
    let mut file = everything();
    file["nodes"][3]["title"] = json!("My own");
    assert_eq!(imported(&file).workflow.nodes[3].title, "My own");
}

#[test]
fn ports_and_edges_agree_on_handles() {
    let slots = json!([
        { "name": "a", "type": "IMAGE", "label": "first", "localized_name": "Erstes" },
        { "name": "a", "type": "INT", "localized_name": "Zweites", "widget": { "name": "seed" } },
        { "name": "a (2)", "type": 0 },
        { "name": "a", "type": ["euler", "heun"] },
        { "name": "", "type": -1 },
        { "name": "", "type": "IMAGE" },
        {}
    ]);
    let slots = handles(&Json::from(slots));
    let all: Vec<_> = slots.iter().map(|slot| (&*slot.handle, &*slot.label, &*slot.kind)).collect();
    assert_eq!(
        all,
        [
            ("a", "first", "IMAGE"),
            ("a (3)", "Zweites", "INT"),
            ("a (2)", "a (2)", "*"),
            ("a (4)", "a", "COMBO"),
            ("", "-1", "-1"),
            (" (2)", "IMAGE", "IMAGE"),
            ("slot 6", "slot 6", "*"),
        ]
    );
    assert_eq!(slots[1].widget.as_deref(), Some("seed"));
    assert_eq!(handles(&Json::from("no list")), []);
}

#[test]
fn a_link_that_leads_nowhere_is_kept_and_told() {
    let nodes = json!([node(json!({ "outputs": [{ "name": "out" }], "inputs": [{ "name": "in" }] }))]);
    let links = json!([
        [1, 1, 0, 1, 0, "*"], [1, 1, 0, 1, 0, "*"], [2, 7, 0, 1, 0, "*"], [3, 1, 5, 1, 0, "*"], [4, 1, 0, 1, -1, "*"],
        [5, null, 0, 1, 0, "*"], { "id": 6, "origin_id": 1, "origin_slot": 0, "target_id": 1, "target_slot": "0" },
        { "id": null, "origin_id": 1.0, "origin_slot": 0, "target_id": 1 }
    ]);
    let text = file(nodes, links).to_string();
    let Import { workflow, warnings } = import_text(&text).unwrap();
    assert_nothing_lost(&text, &workflow);
    assert_eq!(workflow.edges.len(), 3);
    assert_eq!(
        warnings,
        [
            "Link 2 is kept but not shown: node 7 is not in the file.",
            "Link 3 is kept but not shown: node 1 has no output 5.",
            "Link 4 is kept but not shown: it does not say which input of node 1.",
            "Link 5 is kept but not shown: it does not say which node's output.",
            "Link without a number is kept but not shown: it does not say which input of node 1.",
        ]
    );
}

#[test]
fn nodes_with_one_number_stay_apart() {
    let output = json!({ "outputs": [{ "name": "out" }], "inputs": [{ "name": "in" }] });
    let Import { workflow, warnings } =
        imported(&file(json!([node(output.clone()), node(output)]), json!([[1, 1, 0, 1, 0]])));
    assert_ne!(workflow.nodes[0].id, workflow.nodes[1].id);
    assert_eq!(workflow.edges[0].ends.source, workflow.nodes[0].id);
    assert_eq!(warnings, ["Several nodes have the number 1; links lead to the first of them."]);
}

#[test]
fn an_impossible_place_is_set_right_with_a_warning() {
    for pos in [json!([null, null]), json!([1e300, 0]), json!([5]), json!({}), Value::Null] {
        let Import { workflow, warnings } = imported(&file(json!([node(json!({ "pos": pos }))]), json!([])));
        assert_eq!(workflow.nodes[0].position, Point::default(), "{pos}");
        assert!(warnings.len() == 1 && warnings[0].starts_with("Node 1 (Any) has "), "{warnings:?}");
    }
    for (size, warned) in [(json!([1e9, 10]), 1), (json!([null, 10]), 1), (json!([-5, 10]), 0), (Value::Null, 0)] {
        let Import { workflow, warnings } = imported(&file(json!([node(json!({ "size": size }))]), json!([])));
        assert_eq!((workflow.nodes[0].size, warnings.len()), (None, warned), "{size}");
    }
}

#[test]
fn an_unknown_form_of_subgraphs_is_kept_with_a_warning() {
    let mut file = everything();
    file["definitions"]["subgraphs"] = json!({ "5c0f": {} });
    let text = file.to_string();
    let Import { workflow, warnings } = import_text(&text).unwrap();
    assert_nothing_lost(&text, &workflow);
    assert!(warnings[0].starts_with("The file's subgraphs have an unknown form"));
    assert_eq!((&*workflow.nodes[3].kind, &*workflow.nodes[3].title), ("comfy.5c0f", ""));
}
