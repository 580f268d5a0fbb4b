//! Files that were damaged or changed at random.

use std::collections::HashSet;

use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};

use super::{assert_nothing_lost, everything, handles, import_text};
use crate::model::Json;

/// Asserts what holds for every text: a reason, or a workflow that is whole.
fn check(text: &str) {
    let import = match import_text(text) {
        Ok(import) => import,
        Err(error) => {
            assert!(!error.reason().is_empty() && !error.to_string().is_empty());
            return;
        }
    };
    let workflow = import.workflow;
    assert_nothing_lost(text, &workflow);
    let ids: HashSet<_> = workflow.nodes.iter().map(|node| node.id).collect();
    assert_eq!(ids.len(), workflow.nodes.len());
    for edge in &workflow.edges {
        let port = |id, handle: &Option<String>, side: &str| {
            let node = workflow.nodes.iter().find(|node| node.id == id).unwrap();
            handles(node.extra.get(side).unwrap()).iter().any(|slot| Some(&slot.handle) == handle.as_ref())
        };
        assert!(port(edge.ends.source, &edge.ends.source_handle, "outputs"));
        assert!(port(edge.ends.target, &edge.ends.target_handle, "inputs"));
    }
    for node in &workflow.nodes {
        assert!(node.position.x.is_finite() && node.position.y.is_finite());
        let original: Value = node.extra.get("comfy").unwrap().read().unwrap();
        if let Some(values) = original["widgets_values"].as_array() {
            let mut left: Vec<Json> = node.config.iter().map(|(_, value)| value.clone()).collect();
            for value in values {
                let at =
                    left.iter().position(|one| one.read::<Value>().unwrap() == *value).expect("the value is a setting");
                left.remove(at);
            }
        }
    }
}

/// A value where the file expects another.
fn other() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(0.5),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("12"),
        json!("text"),
        json!("5c0f"),
        json!("randomize"),
        json!([]),
        json!({}),
        json!([1]),
        json!([1, 2, 3]),
        json!([null, null]),
        json!([[1, 1, 0, 2, 0, "*"]]),
        json!({ "0": 1, "1": 2 }),
        json!({ "name": "a" }),
        json!([{ "name": "text" }]),
        json!({ "text": 1, "seed": 2, "a": 3 }),
    ])
}

/// The JSON pointers to all values in a value.
fn pointers(value: &Value, here: &str, all: &mut Vec<String>) {
    all.push(here.to_owned());
    match value {
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, value)| pointers(value, &format!("{here}/{at}"), all));
        }
        Value::Object(object) => object.iter().for_each(|(key, value)| pointers(value, &format!("{here}/{key}"), all)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn a_value_of_another_kind_is_refused_or_kept(changes in prop::collection::vec((any::<Index>(), other()), 1..6)) {
        let mut file = everything();
        for (place, other) in changes {
            let mut all = Vec::new();
            pointers(&file, "", &mut all);
            *file.pointer_mut(&all[place.index(all.len())]).unwrap() = other;
        }
        check(&file.to_string());
    }

    #[test]
    fn a_damaged_text_is_refused_or_kept(
        damages in prop::collection::vec((any::<Index>(), 0..40_usize, "[\\[\\]{}:,\"\\\\0-9ea.n -]{0,3}"), 1..4),
    ) {
        let mut text: Vec<char> = everything().to_string().chars().collect();
        for (place, length, other) in damages {
            let at = place.index(text.len());
            let end = text.len().min(at + length);
            text.splice(at..end, other.chars());
        }
        check(&text.into_iter().collect::<String>());
    }

    #[test]
    fn the_beginning_of_a_file_is_no_file(end in any::<Index>()) {
        let text = everything().to_string();
        let begun = &text[..end.index(text.len())];
        prop_assert_eq!(import_text(begun).unwrap_err().reason(), "not-json");
    }

    #[test]
    fn any_text_is_refused(text in ".*") {
        prop_assert!(import_text(&text).is_err());
    }
}
