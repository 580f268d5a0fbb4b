//! The two JSON files: strictly, and without a way to use up the stack.

use std::{borrow::Cow, cell::RefCell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::PackageError;

/// What is wrong with a JSON text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Beyond the limit.
    TooDeep,
    /// A number that is none.
    Number(String),
    /// An object has a key twice: which, and how deep the object is.
    Twice { key: String, depth: usize },
    /// No JSON.
    Syntax(String),
}

impl Fault {
    /// As an error of that file.
    pub(super) fn of(self, entry: &str, limit: usize, syntax: impl FnOnce(String) -> PackageError) -> PackageError {
        match self {
            Self::TooDeep => PackageError::JsonTooDeep { entry: entry.into(), limit },
            Self::Number(what) => PackageError::BadNumber { entry: entry.into(), what },
            Self::Twice { key, .. } => syntax(format!("an object has the key {key:?} twice")),
            Self::Syntax(what) => syntax(what),
        }
    }
}

/// Checks that a file is one JSON value in UTF-8, with or without a byte order mark, in which no object has a key twice. Gives
/// its text without the white space between values, since values are kept as text.
pub(super) fn checked(bytes: &[u8], limit: usize) -> Result<Cow<'_, str>, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|error| Fault::Syntax(format!("it is not UTF-8: {error}")))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let compact = compact(text, limit)?;
    let twice = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = Strict { depth: 0, twice: &twice }.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    let Err(error) = read else { return Ok(compact) };
    if let Some((key, depth)) = twice.take() {
        return Err(Fault::Twice { key, depth });
    }
    let what = error.to_string();
    Err(if what.starts_with("number out of range") { Fault::Number(what) } else { Fault::Syntax(what) })
}

/// JSON without the white space between its values: the same text, if there is none.
fn compact(text: &str, limit: usize) -> Result<Cow<'_, str>, Fault> {
    let mut compact = String::new();
    let (mut depth, mut start) = (0_usize, 0);
    let (mut in_text, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        if in_text {
            (in_text, escaped) = (escaped || byte != b'"', !escaped && byte == b'\\');
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b' ' | b'\n' | b'\r' | b'\t' => {
                if start == 0 {
                    compact.reserve_exact(text.len());
                }
                compact.push_str(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        if depth > limit {
            return Err(Fault::TooDeep);
        }
    }
    if start == 0 {
        return Ok(text.into());
    }
    compact.push_str(&text[start..]);
    Ok(compact.into())
}

/// Reads any value, keeps nothing of it, and stops at a key that is there already.
struct Strict<'a> {
    depth: usize,
    twice: &'a RefCell<Option<(String, usize)>>,
}

impl Strict<'_> {
    fn inner(&self) -> Self {
        Self { depth: self.depth + 1, twice: self.twice }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut keys = std::collections::HashSet::new();
        while let Some(key) = fields.next_key::<String>()? {
            if keys.contains(&key) {
                self.twice.replace(Some((key, self.depth)));
                return Err(A::Error::custom("a key is there twice"));
            }
            keys.insert(key);
            fields.next_value_seed(self.inner())?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        while values.next_element_seed(self.inner())?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, _value: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _value: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _value: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _value: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _value: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_the_text_without_white_space() {
        let text = "\u{feff}{ \"a b\" : [ 1.50 , 12345678901234567890123 ] , \"c\\\" \" : null }\n";
        assert_eq!(checked(text.as_bytes(), 9).unwrap(), r#"{"a b":[1.50,12345678901234567890123],"c\" ":null}"#);
    }

    #[test]
    fn each_fault_is_told_apart() {
        let deep = ["[".repeat(200_000), "]".repeat(200_000)].concat();
        assert_eq!(checked(deep.as_bytes(), 100), Err(Fault::TooDeep));
        assert!(checked(["[".repeat(100), "]".repeat(100)].concat().as_bytes(), 100).is_ok());
        for number in ["1e400", "-1e999", "[{\"x\": 1e309}]"] {
            assert!(matches!(checked(number.as_bytes(), 9), Err(Fault::Number(_))), "{number}");
        }
        let twice = r#"{"a": {"b": 1, "\u0062": 2}}"#;
        assert_eq!(checked(twice.as_bytes(), 9), Err(Fault::Twice { key: "b".into(), depth: 1 }));
        for broken in [&b""[..], b"{", b"[1,]", b"{} {}", b"NaN", b"\xff", b"'a'", b"{\"a\":1,}"] {
            assert!(matches!(checked(broken, 9), Err(Fault::Syntax(_))), "{broken:?}");
        }
    }
}
