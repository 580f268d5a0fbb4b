//! What is refused, and in which words.

use serde_json::{Value, json};

use super::{everything, file, import_in, import_text, node};
use crate::comfyui::{ImportError, Limits};

fn refusal(text: &str) -> (&'static str, String) {
    let error = import_text(text).unwrap_err();
    (error.reason(), error.to_string())
}

#[test]
fn what_is_not_json_is_refused_with_the_place() {
    let sentence = |what| format!("the file is not JSON: {what}");
    assert_eq!(refusal(""), ("not-json", sentence("EOF while parsing a value in line 1, column 0")));
    assert_eq!(refusal("{\n \"nodes\": [1,]}"), ("not-json", sentence("expected value in line 2, column 14")));
    assert_eq!(refusal("{} {}"), ("not-json", sentence("trailing characters in line 1, column 4")));
    assert_eq!(refusal("\u{89}PNG").0, "not-json");
    assert_eq!(refusal(r#"{"nodes": [NaN]}"#).0, "not-json");
}

#[test]
fn the_api_format_is_refused_with_the_way_out() {
    let api = json!({ "3": { "class_type": "KSampler", "inputs": { "seed": 1 } }, "_meta": 1 });
    let (reason, sentence) = refusal(&api.to_string());
    assert_eq!(reason, "api-format");
    assert!(sentence.contains("\"Export\""), "{sentence}");
}

#[test]
fn json_of_another_kind_is_refused_with_what_is_missing() {
    for (text, missing) in [
        ("[]", "it is not an object with nodes and links"),
        ("null", "it is not an object with nodes and links"),
        ("{}", "it has no list of nodes"),
        (r#"{"nodes": null}"#, "it has no list of nodes"),
        (r#"{"nodes": [], "edges": []}"#, "it has no list of links"),
    ] {
        assert_eq!(refusal(text), ("no-workflow", format!("this is not a ComfyUI workflow: {missing}")), "{text}");
    }
}

#[test]
fn a_wrong_type_is_refused_with_its_path() {
    let with = |more: Value| file(json!([node(json!({})), node(more)]), json!([]));
    let links = |link: Value| file(json!([]), json!([link]));
    let cases = [
        (file(json!({}), json!([])), "nodes should be a list, but is an object"),
        (file(json!([]), json!("x")), "links should be a list, but is a text"),
        (file(json!([7]), json!([])), "nodes[0] should be an object, but is a number"),
        (with(json!({ "id": null })), "nodes[1].id should be a number or a text, but is missing"),
        (with(json!({ "id": [1] })), "nodes[1].id should be a number or a text, but is a list"),
        (with(json!({ "type": null })), "nodes[1].type should be a text, but is missing"),
        (with(json!({ "type": 5 })), "nodes[1].type should be a text, but is a number"),
        (with(json!({ "title": {} })), "nodes[1].title should be a text, but is an object"),
        (with(json!({ "pos": "left" })), "nodes[1].pos should be two numbers, but is a text"),
        (with(json!({ "pos": [1, "2"] })), "nodes[1].pos[1] should be a number, but is a text"),
        (with(json!({ "size": true })), "nodes[1].size should be two numbers, but is true or false"),
        (with(json!({ "inputs": {} })), "nodes[1].inputs should be a list, but is an object"),
        (with(json!({ "outputs": [{}, 1] })), "nodes[1].outputs[1] should be an object, but is a number"),
        (links(json!(null)), "links[0] should be an object, but is null"),
        (links(json!([1, 2])), "links[0] should be a link of five or more parts, but is one of 2"),
        (links(json!([1, {}, 0, 2, 0])), "links[0].origin_id should be a number or a text, but is an object"),
        (
            links(json!({ "target_slot": true })),
            "links[0].target_slot should be a number or a text, but is true or false",
        ),
    ];
    for (file, sentence) in cases {
        assert_eq!(refusal(&file.to_string()), ("wrong-type", sentence.to_owned()));
    }
}

#[test]
fn half_a_character_is_refused_where_it_matters_and_kept_elsewhere() {
    let text = |title: &str, value: &str| {
        format!(
            r#"{{"nodes":[{{"id":1,"type":"A","title":{title},"pos":[0,0],"widgets_values":[{value}]}}],"links":[]}}"#
        )
    };
    let half = r#""\ud800""#;
    let (reason, sentence) = refusal(&text(half, "1"));
    assert_eq!(reason, "wrong-type");
    assert!(sentence.starts_with("nodes[0].title should be a text, but is "), "{sentence}");
    let import = import_text(&text(r#""""#, half)).unwrap();
    assert_eq!(import.workflow.nodes[0].config.get("widget_0").unwrap().text(), half);
}

#[test]
fn each_limit_is_kept() {
    let text = everything().to_string();
    let refused = |limits: Limits| import_in(&limits, &text).unwrap_err();
    let all = Limits::DEFAULT;
    assert_eq!(refused(Limits { bytes: 10, ..all }), ImportError::TooLarge { bytes: text.len(), limit: 10 });
    assert_eq!(refused(Limits { depth: 3, ..all }), ImportError::TooDeep { limit: 3 });
    let many = |path: &str, count, limit| ImportError::TooMany { path: path.into(), count, limit };
    assert_eq!(refused(Limits { nodes: 5, ..all }), many("nodes", 6, 5));
    assert_eq!(refused(Limits { links: 3, ..all }), many("links", 4, 3));
    assert_eq!(refused(Limits { entries: 12, ..all }), many("the file", 14, 12));
    let values = file(json!([node(json!({ "widgets_values": vec![0; 15] }))]), json!([])).to_string();
    let refused = import_in(&Limits { entries: 14, ..all }, &values).unwrap_err();
    assert_eq!(refused, many("nodes[0].widgets_values", 15, 14));
    assert_eq!(refused.reason(), "too-many");
}

#[test]
fn warnings_are_counted_beyond_their_limit() {
    let links: Vec<_> = (0..5).map(|id| json!([id, 1, 0, 2, 0])).collect();
    let text = file(json!([]), json!(links)).to_string();
    let warnings = import_in(&Limits { warnings: 2, ..Limits::DEFAULT }, &text).unwrap().warnings;
    assert_eq!(warnings[1..], ["Link 1 is kept but not shown: node 1 is not in the file.", "And 3 more of these."]);
}

#[test]
fn a_million_brackets_are_refused_without_a_fall() {
    for (open, close) in [("[", "]"), ("{\"nodes\":", "}")] {
        let text = format!("{}0{}", open.repeat(1_000_000), close.repeat(1_000_000));
        assert_eq!(refusal(&text).0, "too-deep");
        assert_eq!(refusal(&open.repeat(1_000_000)).0, "not-json");
    }
}
