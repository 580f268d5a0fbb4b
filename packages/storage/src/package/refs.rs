//! References to media, wherever in a value they are.

use crate::model::{AssetRef, Json, Node, Object};

/// Gives every object that is a reference to media to `change`, the innermost first, and the value with what became of them.
/// Everything else stays as it is, digit for digit. What is nested in a value is at most as deep as a package may be.
///
/// # Errors
/// Those of `change`.
pub(super) fn rewrite<E>(json: &Json, change: &mut impl FnMut(&Object) -> Result<Option<Json>, E>) -> Result<Json, E> {
    let text = json.text();
    // Most values refer to nothing. A key can also be written with escapes.
    if !text.starts_with(['{', '[']) || !(text.contains("kind") || text.contains('\\')) {
        return Ok(json.clone());
    }
    if text.starts_with('[') {
        let Ok(values) = json.read::<Vec<Json>>() else { return Ok(json.clone()) };
        let mut changed = Vec::with_capacity(values.len());
        for value in &values {
            changed.push(rewrite(value, change)?);
        }
        if changed == values {
            return Ok(json.clone());
        }
        return Ok(Json::new(&changed).unwrap_or_else(|_| json.clone()));
    }
    let Ok(fields) = json.read::<Object>() else { return Ok(json.clone()) };
    let rewritten = rewrite_fields(&fields, change)?;
    if is_reference(&rewritten)
        && let Some(other) = change(&rewritten)?
    {
        return Ok(other);
    }
    if rewritten == fields {
        return Ok(json.clone());
    }
    Ok(Json::new(&rewritten).unwrap_or_else(|_| json.clone()))
}

/// The same for each field of an object that is no reference itself.
pub(super) fn rewrite_fields<E>(
    object: &Object,
    change: &mut impl FnMut(&Object) -> Result<Option<Json>, E>,
) -> Result<Object, E> {
    let mut changed = Object::default();
    for (field, json) in object.iter() {
        changed.put(field, rewrite(json, change)?);
    }
    Ok(changed)
}

/// The same for what a node has made.
///
/// # Errors
/// Those of `change`.
pub(super) fn rewrite_result<E>(
    node: &mut Node,
    change: &mut impl FnMut(&Object) -> Result<Option<Json>, E>,
) -> Result<(), E> {
    if let Some(result) = &node.result
        && let Ok(json) = Json::new(result)
        && let Ok(changed) = rewrite(&json, change)?.read()
    {
        node.result = Some(changed);
    }
    Ok(())
}

/// Whether an object is a reference: it has a `kind` of the format, and what goes with that.
fn is_reference(object: &Object) -> bool {
    let is_text = |field: &str| object.get(field).is_some_and(|json| json.text().starts_with('"'));
    match kind(object).as_deref() {
        Some("url") => is_text("url"),
        Some("embedded") => is_text("id"),
        Some("opfs" | "fs-handle" | "idb") => ["id", "path", "handleId", "blobKey"].into_iter().any(is_text),
        _ => false,
    }
}

/// What kind of reference an object is, if it is one.
pub(super) fn kind(object: &Object) -> Option<String> {
    object.get("kind")?.read().ok()
}

/// A text of an object.
pub(super) fn text(object: &Object, field: &str) -> Option<String> {
    object.get(field)?.read().ok()
}

/// A reference in place of another, with what that had beyond the format.
pub(super) fn in_place_of(old: &Object, new: &AssetRef) -> Option<Json> {
    let mut fields = without_place(old);
    let new: Object = Json::new(new).ok()?.read().ok()?;
    for (field, json) in new.iter() {
        fields.put(field, json.clone());
    }
    Json::new(&fields).ok()
}

/// What a reference has beyond the format.
pub(super) fn without_place(old: &Object) -> Object {
    let mut fields = old.clone();
    for field in ["kind", "id", "url", "path", "handleId", "blobKey", "mime", "bytes", "hash"] {
        fields.remove(field);
    }
    fields
}

/// A value that nobody else makes: for texts that were checked.
#[cfg(test)]
pub(super) fn raw(text: String) -> Option<Json> {
    serde_json::value::RawValue::from_string(text).ok().map(Json::from)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn upper(json: &str) -> String {
        let json = raw(json.to_owned()).unwrap();
        let changed: Result<_, Infallible> =
            rewrite(&json, &mut |object| Ok(text(object, "id").map(|id| id.to_uppercase().as_str().into())));
        changed.unwrap().text().to_owned()
    }

    #[test]
    fn references_are_changed_wherever_they_are_and_nothing_else_is() {
        let json = r#"{"z": [1.50, {"kind": "embedded", "id": "a"}], "k\u0069nd": 1, "seed": 123456789012345678901}"#;
        let changed = upper(json);
        assert!(changed.contains(r#"[1.50,"A"]"#) && changed.contains("123456789012345678901"), "{changed}");
        assert_eq!(upper(r#"{"\u006bind": "idb", "id": "a"}"#), r#""A""#);
        for same in
            [r#"{"kind": "other", "id": "a"}"#, r#"{"kind": "embedded"}"#, r#"[ "kind", {"a" : 1e1} ]"#, "\"kind\""]
        {
            assert_eq!(upper(same), same);
        }
    }
}
