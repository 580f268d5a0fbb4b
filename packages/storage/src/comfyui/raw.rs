//! Reading JSON piece by piece, so that what is kept stays as it was written.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{ImportError, Limits};
use crate::model::{Json, Object};

/// What kind of JSON value a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Null,
    Bool,
    /// A number without point and exponent.
    Integer,
    Fraction,
    Text,
    List,
    Object,
}

impl Shape {
    pub(super) fn of(json: &Json) -> Self {
        let text = json.text();
        match text.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't' | b'f') => Self::Bool,
            Some(b'"') => Self::Text,
            Some(b'[') => Self::List,
            Some(b'{') => Self::Object,
            _ if text.contains(['.', 'e', 'E']) => Self::Fraction,
            _ => Self::Integer,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Bool => "true or false",
            Self::Integer | Self::Fraction => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Object => "an object",
        })
    }
}

/// Reads a whole file: checks that it is JSON within the limits, and takes the white space between its values out, since
/// the values are kept as text.
pub(super) fn parse(text: &str, limits: &Limits) -> Result<Json, ImportError> {
    if text.len() > limits.bytes {
        return Err(ImportError::TooLarge { bytes: text.len(), limit: limits.bytes });
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let _: IgnoredAny = serde_json::from_str(text).map_err(not_json)?;
    serde_json::from_str(&compact(text, limits.depth)?).map_err(not_json)
}

fn not_json(error: serde_json::Error) -> ImportError {
    let (line, column, mut what) = (error.line(), error.column(), error.to_string());
    if let Some(end) = what.rfind(" at line ") {
        what.truncate(end);
    }
    ImportError::NotJson { line, column, what }
}

/// JSON without the white space between its values.
fn compact(text: &str, limit: usize) -> Result<String, ImportError> {
    let mut compact = String::with_capacity(text.len());
    let (mut depth, mut start) = (0, 0);
    let (mut in_text, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        if in_text {
            (in_text, escaped) = (escaped || byte != b'"', !escaped && byte == b'\\');
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth -= 1,
            b' ' | b'\n' | b'\r' | b'\t' => {
                compact.push_str(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        if depth > limit {
            return Err(ImportError::TooDeep { limit });
        }
    }
    compact.push_str(&text[start..]);
    Ok(compact)
}

/// Reads a list of at most `limit` entries.
pub(super) fn list(json: &Json, limit: usize) -> Result<Vec<Json>, ImportError> {
    sized(json, Shape::List, "a list", limit)
}

/// Reads an object of at most `limit` fields.
pub(super) fn object(json: &Json, limit: usize) -> Result<Object, ImportError> {
    sized(json, Shape::Object, "an object", limit)
}

/// Reads an object of at most `limit` fields in the order of the file.
pub(super) fn pairs(json: &Json, limit: usize) -> Result<Vec<(String, Json)>, ImportError> {
    sized(json, Shape::Object, "an object", limit).map(|Pairs(pairs)| pairs)
}

/// Counts before it reads, so that a file cannot ask for more memory than its size explains.
fn sized<T: DeserializeOwned>(
    json: &Json,
    shape: Shape,
    expected: &'static str,
    limit: usize,
) -> Result<T, ImportError> {
    if Shape::of(json) != shape {
        return Err(ImportError::wrong(expected, Shape::of(json)));
    }
    let unreadable = |error: serde_json::Error| ImportError::wrong(expected, error);
    let Count(count) = json.read().map_err(unreadable)?;
    if count > limit {
        return Err(ImportError::TooMany { path: String::new(), count, limit });
    }
    json.read().map_err(unreadable)
}

/// Reads a text.
pub(super) fn text(json: &Json) -> Result<String, ImportError> {
    json.read().map_err(|error: serde_json::Error| match Shape::of(json) {
        Shape::Text => ImportError::wrong("a text", error),
        shape => ImportError::wrong("a text", shape),
    })
}

/// A field, unless it is absent or null.
pub(super) fn field<'a>(object: &'a Object, name: &str) -> Option<&'a Json> {
    object.get(name).filter(|json| Shape::of(json) != Shape::Null)
}

struct Pairs(Vec<(String, Json)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

/// How many entries a list or object has.
struct Count(usize);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Count;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list or an object")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut count = 0;
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Count(count))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut count = 0;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Count(count))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}
