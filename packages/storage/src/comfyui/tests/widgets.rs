//! Which value has which name.

use serde_json::{Value, json};

use super::only;

/// Asserts a node's settings.
fn assert_config(node: Value, expected: Value) {
    let node = only(node);
    let config: Value = serde_json::to_value(&node.config).unwrap();
    assert_eq!(config, expected);
}

/// An input that stands for a widget.
fn input(name: &str, kind: &str) -> Value {
    json!({ "name": name, "type": kind, "widget": { "name": name } })
}

/// Asserts the settings of a node with such names, in their order, beside its values.
fn assert_named(values: &str, names: &str, expected: Value) {
    let node = format!(r#"{{"id":1,"type":"A","pos":[0,0],"widgets_values":{values},"widgets_values_named":{names}}}"#);
    let import = super::import_text(&format!(r#"{{"nodes":[{node}],"links":[]}}"#)).unwrap();
    assert_eq!(serde_json::to_value(&import.workflow.nodes[0].config).unwrap(), expected);
}

#[test]
fn names_beside_the_values_are_used() {
    let names = r#"{"prompt": "a", "n": 4, "seed": 3, "control_after_generate": "fixed"}"#;
    let expected = json!({ "prompt": "a", "n": 4, "seed": 3, "control_after_generate": "fixed" });
    for values in [r#"["a", 4, 3, "fixed"]"#, "null", "{}", "[]"] {
        assert_named(values, names, expected.clone());
    }
}

#[test]
fn names_that_a_tool_has_sorted_find_their_values() {
    let names = r#"{"control_after_generate": "fixed", "n": 4, "prompt": "a", "seed": 4}"#;
    let expected = json!({ "prompt": "a", "n": 4, "seed": 4, "control_after_generate": "fixed", "widget_4": null });
    assert_named(r#"["a", 4, 4, "fixed", null]"#, names, expected);
}

#[test]
fn the_list_is_right_where_the_names_have_other_values() {
    let expected = json!({ "image": "new.png", "upload": "image" });
    assert_named(r#"["new.png", "image"]"#, r#"{"image": "old.png", "upload": "image"}"#, expected);
    // Not sorted, so the order counts even where the values say otherwise.
    assert_named("[512, 1024]", r#"{"width": 1024, "height": 512}"#, json!({ "width": 512, "height": 1024 }));
}

#[test]
fn values_that_the_names_leave_out_do_not_shift_the_others() {
    let expected = json!({
        "model": "m", "widget_1": null, "seed": 42, "control_after_generate": "fixed", "draft": false, "style": "gone",
        "widget_6": "randomize"
    });
    let names = r#"{"model": "m", "seed": 42, "control_after_generate": "randomize", "draft": false, "style": "x"}"#;
    assert_named(r#"["m", null, 42, "fixed", false, "gone", "randomize"]"#, names, expected);
}

#[test]
fn names_that_the_list_leaves_out_bring_their_values() {
    let expected = json!({ "text": "a", "added": true, "steps": 3 });
    assert_named(r#"["a", 3]"#, r#"{"text": "a", "added": true, "steps": 3}"#, expected);
}

#[test]
fn inputs_name_the_values_when_there_are_as_many() {
    let inputs =
        json!([{ "name": "model", "type": "MODEL" }, input("a", "INT"), input("b", "COMBO"), input("c", "STRING")]);
    assert_config(json!({ "inputs": inputs, "widgets_values": [1, "x", "y"] }), json!({ "a": 1, "b": "x", "c": "y" }));
}

#[test]
fn the_value_behind_a_seed_has_no_input() {
    let inputs = json!([input("a", "STRING"), input("seed", "INT"), input("b", "STRING"), input("noise_seed", "INT")]);
    let node = json!({ "inputs": inputs, "widgets_values": ["fixed", 5, "fixed", "randomize", 6, "increment"] });
    let expected = json!({
        "a": "fixed", "seed": 5, "control_after_generate": "fixed", "b": "randomize", "noise_seed": 6,
        "control_after_generate#1": "increment"
    });
    assert_config(node, expected);
}

#[test]
fn some_inputs_name_only_what_is_certain() {
    let inputs = json!([input("steps", "INT"), input("end", "INT")]);
    // Either number can be the first or the second of three.
    assert_config(
        json!({ "inputs": inputs, "widgets_values": [1, 2, 3] }),
        json!({ "widget_0": 1, "widget_1": 2, "widget_2": 3 }),
    );
    let node = json!({ "inputs": inputs, "widgets_values": ["on", 1, 2.5, "x", 3] });
    assert_config(node, json!({ "widget_0": "on", "steps": 1, "widget_2": 2.5, "widget_3": "x", "end": 3 }));
    let inputs = json!([input("text", "STRING"), input("on", "BOOLEAN")]);
    let node = json!({ "inputs": inputs, "widgets_values": ["a", "b", true] });
    assert_config(node, json!({ "widget_0": "a", "widget_1": "b", "on": true }));
    // Nothing fits: the inputs are of another version of the node.
    let node = json!({ "inputs": [input("on", "BOOLEAN")], "widgets_values": ["a", "b"] });
    assert_config(node, json!({ "widget_0": "a", "widget_1": "b" }));
}

#[test]
fn core_classes_have_names() {
    let sampler = json!({ "type": "KSampler", "widgets_values": [7, "randomize", 20, 8, "euler", "normal", 1] });
    let expected = json!({
        "seed": 7, "control_after_generate": "randomize", "steps": 20, "cfg": 8, "sampler_name": "euler",
        "scheduler": "normal", "denoise": 1
    });
    assert_config(sampler, expected);
    assert_config(json!({ "type": "Note", "widgets_values": ["Mind"] }), json!({ "text": "Mind" }));
    // Another version of the class, by its number of values or by an input that is not known.
    assert_config(json!({ "type": "Note", "widgets_values": ["a", "b"] }), json!({ "widget_0": "a", "widget_1": "b" }));
    let node = json!({ "type": "LoadImage", "inputs": [input("file", "COMBO")], "widgets_values": ["a.png", "image"] });
    assert_config(node, json!({ "widget_0": "a.png", "widget_1": "image" }));
}

#[test]
fn a_subgraph_names_the_values_of_its_instances() {
    let import = super::imported(&super::everything());
    let config = serde_json::to_value(&import.workflow.nodes[3].config).unwrap();
    assert_eq!(config, json!({ "text": "A lighthouse", "width": 512 }));
}

#[test]
fn values_of_any_other_shape_are_kept() {
    assert_config(json!({ "widgets_values": { "b": 1, "a": [2] } }), json!({ "a": [2], "b": 1 }));
    assert_config(json!({ "widgets_values": "alone" }), json!({ "widget_0": "alone" }));
    assert_config(json!({ "widgets_values": null }), json!({}));
    assert_config(json!({}), json!({}));
    assert_config(json!({ "widgets_values": [1], "widgets_values_named": ["a"] }), json!({ "widget_0": 1 }));
}

#[test]
fn no_name_is_given_twice() {
    let expected = json!({ "widget_1": 1, "a": 2, "widget_2": 3 });
    assert_named("[1, 2, 3]", r#"{"widget_1": 1, "a": 2}"#, expected);
    let expected = json!({ "widget_0": 1, "widget_0#1": 2, "a": 3 });
    assert_named("[1, 2, 3]", r#"{"widget_0": 2, "a": 3}"#, expected);
    let node = json!({ "inputs": [input("a", "INT"), input("a", "INT")], "widgets_values": [1, 2] });
    assert_config(node, json!({ "a": 1, "a#1": 2 }));
}
