//! The contents that a node refers to.

use serde_json::Value;

use crate::model::{AssetId, Registers};

/// A reference in a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// By which id.
    pub id: AssetId,
    /// To which content: `sha256-` and 64 lower-case hex digits.
    pub hash: String,
    /// Its size, as far as the node knows.
    pub bytes: u64,
}

/// Every reference to stored bytes, wherever in the values, once each. None of a deleted entity's, and none without a hash.
pub fn references(registers: &Registers) -> Vec<Reference> {
    let mut found = Vec::new();
    if registers.is_deleted() {
        return found;
    }
    for value in registers.iter().filter_map(|(_, register)| register.value.as_ref()) {
        let text = value.text();
        if text.starts_with(['{', '[']) && text.contains("\"kind\"") && text.contains("sha256-") {
            // It is valid JSON, or nested deeper than anybody keeps a reference.
            if let Ok(value) = serde_json::from_str(text) {
                seek(&value, &mut found);
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn seek(value: &Value, found: &mut Vec<Reference>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| seek(value, found)),
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str);
            if matches!(text("kind"), Some("opfs" | "fs-handle" | "idb"))
                && let (Some(Ok(id)), Some(hash)) =
                    (text("id").map(str::parse), text("hash").filter(|hash| is_hash(hash)))
            {
                let bytes = fields.get("bytes").and_then(Value::as_u64).unwrap_or_default();
                found.push(Reference { id, hash: hash.to_owned(), bytes });
            }
            fields.values().for_each(|value| seek(value, found));
        }
        _ => {}
    }
}

fn is_hash(text: &str) -> bool {
    let digits = text.strip_prefix("sha256-").unwrap_or_default();
    digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::{Json, RegisterName, Stamp};

    #[test]
    fn references_are_found_with_their_hashes_and_a_deleted_node_has_none() {
        let stamp = Stamp::try_from(Uuid::from_u64_pair(0x0197_7e2a_0000_7000, (0b10 << 62) | 1)).unwrap();
        let hash = format!("sha256-{}", "0a".repeat(32));
        let value = serde_json::json!({"outputs": [
            {"kind": "opfs", "id": "01977e2a-0000-7000-8000-000000000001", "hash": hash, "bytes": 12},
            {"kind": "idb", "id": "01977e2a-0000-7000-8000-000000000001", "hash": hash, "bytes": 12},
            {"kind": "url", "url": "https://a.example/b.png", "hash": hash},
            {"kind": "opfs", "id": "01977e2a-0000-7000-8000-000000000002", "hash": "sha256-short"},
        ]});
        let registers = Registers::new().with(RegisterName::config("media"), stamp, Json::new(&value).unwrap());
        let found = references(&registers);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].hash.as_str(), found[0].bytes), (hash.as_str(), 12));
        assert_eq!(references(&registers.with(RegisterName::Deleted, stamp, true)), []);
    }
}
