//! Finds the assets to which a value refers.

use std::{borrow::Cow, collections::BTreeSet, fmt};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::AssetId;

/// Adds the `id` of each object in the value that has a `kind` as an [`AssetRef`](super::AssetRef) of stored bytes does.
/// A commit asks this of every value that it writes, so nothing is made of the value but what is looked for.
pub(super) fn collect_assets(json: &str, found: &mut BTreeSet<AssetId>) {
    if json.starts_with(['{', '[']) && json.contains("\"kind\"") {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        // It is valid JSON. In what is nested deeper than serde reads, 128 levels, nobody keeps a reference.
        let _text = Seeker(found).deserialize(&mut deserializer);
    }
}

/// Reads a value. Gives it if it is a text.
struct Seeker<'a>(&'a mut BTreeSet<AssetId>);

impl<'de> DeserializeSeed<'de> for Seeker<'_> {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seeker<'_> {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let (mut kind, mut id) = (None, None);
        while let Some(name) = fields.next_key_seed(Seeker(self.0))? {
            let value = fields.next_value_seed(Seeker(self.0))?;
            match name.as_deref() {
                Some("kind") => kind = value,
                Some("id") => id = value,
                _ => {}
            }
        }
        if let (Some("opfs" | "fs-handle" | "idb"), Some(id)) = (kind.as_deref(), id) {
            self.0.extend(id.parse::<AssetId>());
        }
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Self::Value, A::Error> {
        while values.next_element_seed(Seeker(self.0))?.is_some() {}
        Ok(None)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, _value: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _value: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _value: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _value: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str) -> Vec<String> {
        let mut found = BTreeSet::new();
        collect_assets(json, &mut found);
        found.into_iter().map(|id: AssetId| id.to_string()).collect()
    }

    const ONE: &str = "01977e2a-0000-7000-8000-000000000001";
    const TWO: &str = "01977e2a-0000-7000-8000-000000000002";

    #[test]
    fn references_are_found_wherever_they_are() {
        let json = format!(
            r#"{{"a": [1, -1, 1.5, null, true, {{"id": "{ONE}", "kind": "opfs"}}], "b\n": {{"kind": "idb", "x": {{}}, "id": "{TWO}"}}}}"#
        );
        assert_eq!(found(&json), [ONE, TWO]);
    }

    #[test]
    fn what_is_no_reference_to_stored_bytes_is_none() {
        for json in [
            format!(r#"{{"id": "{ONE}"}}"#),
            format!(r#"{{"kind": "url", "id": "{ONE}"}}"#),
            format!(r#"{{"kind": ["opfs"], "id": "{ONE}"}}"#),
            format!(r#"{{"kind": "opfs", "inner": {{"id": "{ONE}"}}}}"#),
            r#"{"kind": "opfs", "id": "no UUID"}"#.to_owned(),
            r#""\"kind\"""#.to_owned(),
            r#"{"kind": "opfs""#.to_owned(),
        ] {
            assert!(found(&json).is_empty(), "{json}");
        }
    }
}
