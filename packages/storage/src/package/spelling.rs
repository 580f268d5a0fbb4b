//! The spelling of JSON: what says the same is written in the same way.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::model::Json;

/// JSON without white space between its values and with the keys of every object sorted. Numbers and texts stay as they are
/// written. Of a key that an object has twice the last counts, as for whoever reads it.
pub(super) fn sorted(text: &str) -> String {
    written(text, Texts::Kept)
}

/// The same with texts in one spelling: two values are one if this is. Numbers are one if their digits are, so that nobody has
/// to hold them.
pub(super) fn plain(json: &Json) -> String {
    written(json.text(), Texts::Plain)
}

/// How texts are written.
#[derive(Clone, Copy, PartialEq)]
enum Texts {
    /// With the escapes that they have.
    Kept,
    /// With those that they need.
    Plain,
}

/// How deep values are sorted: a package that is deeper than [`super::Limits::json_depth`] does not come in, and the stack is
/// not endless.
const DEEPEST: usize = 128;

fn written(text: &str, texts: Texts) -> String {
    let mut written = String::with_capacity(text.len());
    write(text, texts, DEEPEST, &mut written);
    written
}

/// What is too deep is written as it is, and so is what has half of a pair of surrogates: that is JSON and no text.
fn write(text: &str, texts: Texts, depth: usize, to: &mut String) {
    let mut comma = "";
    if let Some(depth) = depth.checked_sub(1)
        && text.starts_with('{')
        && let Ok(fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text)
    {
        to.push('{');
        for (key, value) in fields {
            to.push_str(comma);
            to.push_str(Json::from(key).text());
            to.push(':');
            write(value.get(), texts, depth, to);
            comma = ",";
        }
        to.push('}');
    } else if let Some(depth) = depth.checked_sub(1)
        && text.starts_with('[')
        && let Ok(values) = serde_json::from_str::<Vec<&RawValue>>(text)
    {
        to.push('[');
        for value in values {
            to.push_str(comma);
            write(value.get(), texts, depth, to);
            comma = ",";
        }
        to.push(']');
    } else if texts == Texts::Plain
        && text.starts_with('"')
        && let Ok(value) = serde_json::from_str::<String>(text)
    {
        to.push_str(Json::from(value).text());
    } else {
        to.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::refs::raw, *};

    #[test]
    fn keys_are_sorted_at_every_level_and_all_else_stays_as_it_is() {
        let text = r#"{"b": [ {"z" : 1.50, "\u0061": -0e+5}, [ ] ], "é": {}, "a": {"y":"\u00e9\/ \"", "x": 12345678901234567890123}}"#;
        let expected = r#"{"a":{"x":12345678901234567890123,"y":"\u00e9\/ \""},"b":[{"a":-0e+5,"z":1.50},[]],"é":{}}"#;
        assert_eq!(sorted(text), expected);
        assert_eq!(sorted(expected), expected);
        assert_eq!(sorted(r#"{"a":1,"b":2,"\u0061":3}"#), r#"{"a":3,"b":2}"#);
    }

    #[test]
    fn what_can_not_be_sorted_is_not_lost() {
        let half = r#"{"b":"\ud800","a":{"\ud800":1,"a":2}}"#;
        assert_eq!(sorted(half), r#"{"a":{"\ud800":1,"a":2},"b":"\ud800"}"#);
        assert_eq!(plain(&raw(half.to_owned()).unwrap()), sorted(half));
        let nested = |depth: usize| ["[".repeat(depth), r#"{"b":1,"a":2}"#.to_owned(), "]".repeat(depth)].concat();
        assert_eq!(sorted(&nested(100)), nested(100).replace(r#""b":1,"a":2"#, r#""a":2,"b":1"#));
        assert_eq!(sorted(&nested(100_000)), nested(100_000));
    }
}
