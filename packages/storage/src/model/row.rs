//! A stored row, and its text.
//!
//! A row keeps one stamp and the exceptions to it:
//!
//! ```json
//! {"id": "0192…", "version": 3, "stamp": "0192…", "fields": {"type": "prompt", "config.text": "A lighthouse", "position": {"x": 1, "y": 2}},
//!  "stamps": {"position": "0193…", "config.seed": "0193…"}}
//! ```
//!
//! Every field was set at `stamp` unless `stamps` says otherwise; a name in `stamps` that isn't in `fields` was removed then.
//! A workflow's row has its counts beside that. Texts, because a database that keeps values (`IndexedDB` keeps JavaScript's)
//! would round integers above 2^53, and encodes no faster.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write, sync::Arc};

use serde::{
    Deserialize, Serialize,
    de::{Deserializer, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{Json, Register, RegisterName, Registers, Stamp};

/// An entity as a database keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Its registers.
    pub registers: Registers,
    /// How often the row was written on this device. It stands outside merge and equality of content, and tells a tab
    /// whether it has read the row.
    pub version: u64,
    /// A workflow's counts; None in the rows of nodes and edges.
    pub counts: Option<Counts>,
}

/// What a workflow's row says of its nodes and edges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// How many nodes aren't deleted.
    pub nodes: u64,
    /// How many edges aren't deleted.
    pub edges: u64,
    /// When anything was last changed, in milliseconds since 1970.
    pub updated_at: u64,
}

/// A text that is no row, and why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CorruptText(#[from] serde_json::Error);

/// What serde reads: names and values still as they stand in the text.
#[derive(Deserialize)]
struct Text<'a> {
    id: Uuid,
    #[serde(default)]
    version: u64,
    stamp: Option<Stamp>,
    #[serde(borrow, default)]
    fields: Pairs<'a>,
    #[serde(default)]
    stamps: BTreeMap<String, Stamp>,
    counts: Option<Counts>,
}

#[derive(Default)]
struct Pairs<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::with_capacity(12);
                while let Some(Name(name)) = map.next_key()? {
                    pairs.push((name, map.next_value()?));
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

/// A key, borrowed unless it has escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl Row {
    /// Reads a row's text and the id in it.
    ///
    /// # Errors
    /// The text is no row.
    pub fn parse(text: &str) -> Result<(Uuid, Self), CorruptText> {
        let whole = Arc::from(text);
        Self::from_text(serde_json::from_str(&whole)?, &whole, None)
    }

    /// Reads a JSON array of rows. Their values share the text.
    ///
    /// # Errors
    /// One of them is no row; which is for the caller to find out, one by one.
    pub fn parse_all(text: &str) -> Result<Vec<(Uuid, Self)>, CorruptText> {
        struct Reader<'a>(&'a Arc<str>);

        impl<'de> Visitor<'de> for Reader<'_> {
            type Value = Vec<(Uuid, Row)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an array of rows")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<Self::Value, A::Error> {
                let mut rows: Self::Value = Vec::new();
                while let Some(text) = texts.next_element::<Text>()? {
                    let like = rows.last().map(|(_, row)| &row.registers);
                    rows.push(Row::from_text(text, self.0, like).map_err(A::Error::custom)?);
                }
                Ok(rows)
            }
        }

        let whole = Arc::from(text);
        let mut deserializer = serde_json::Deserializer::from_str(&whole);
        let rows = deserializer.deserialize_seq(Reader(&whole))?;
        deserializer.end()?;
        Ok(rows)
    }

    /// `text` is a part of `whole`. `like` are the registers of a row that may have the same names: it then shares them.
    fn from_text(mut text: Text, whole: &Arc<str>, like: Option<&Registers>) -> Result<(Uuid, Self), CorruptText> {
        let mut names = like.into_iter().flat_map(Registers::iter).map(|(name, _)| name);
        let mut registers = Vec::with_capacity(text.fields.0.len() + 1);
        for (name, raw) in text.fields.0 {
            let own = if text.stamps.is_empty() { None } else { text.stamps.remove(&*name) };
            let Some(stamp) = own.or(text.stamp) else {
                return Err(CorruptText(Error::custom(format_args!("field {name:?} has no stamp"))));
            };
            // Rows of one kind have their names in the same order.
            let known = names.next().filter(|known| known.is(&name));
            let name = known.cloned().unwrap_or_else(|| RegisterName::parse(&name));
            registers.push((name, Register { stamp, value: Some(Json::part(whole, raw)) }));
        }
        let removed =
            text.stamps.into_iter().map(|(name, stamp)| (RegisterName::parse(&name), Register { stamp, value: None }));
        registers.extend(removed);
        let registers = registers.into_iter().collect();
        Ok((text.id, Self { registers, version: text.version, counts: text.counts }))
    }

    /// The row's text.
    pub fn to_text(&self, id: Uuid) -> String {
        let mut text = String::with_capacity(512);
        self.write_text(id, &mut text);
        text
    }

    /// Writes the row's text behind what is there: whoever writes many needs no allocation for each.
    pub fn write_text(&self, id: Uuid, text: &mut String) {
        let base = self.base();
        text.push_str("{\"id\":");
        push_uuid(text, id);
        push(text, format_args!(",\"version\":{}", self.version));
        if let Some(base) = base {
            text.push_str(",\"stamp\":");
            push_uuid(text, base.uuid());
        }
        text.push_str(",\"fields\":");
        let mut separator = '{';
        for (name, register) in self.registers.iter() {
            if let Some(value) = &register.value {
                push_name(text, separator, name);
                text.push_str(value.text());
                separator = ',';
            }
        }
        text.push_str(if separator == '{' { "{}" } else { "}" });
        let mut separator = '{';
        for (name, register) in self.registers.iter() {
            if register.value.is_none() || Some(register.stamp) != base {
                if separator == '{' {
                    text.push_str(",\"stamps\":");
                }
                push_name(text, separator, name);
                push_uuid(text, register.stamp.uuid());
                separator = ',';
            }
        }
        if separator == ',' {
            text.push('}');
        }
        if let Some(Counts { nodes, edges, updated_at }) = self.counts {
            push(text, format_args!(",\"counts\":{{\"nodes\":{nodes},\"edges\":{edges},\"updatedAt\":{updated_at}}}"));
        }
        text.push('}');
    }

    /// The stamp that most values share: what the entity was created with, as a rule.
    fn base(&self) -> Option<Stamp> {
        let valued = || self.registers.iter().map(|(_, register)| register).filter(|register| register.value.is_some());
        let first = valued().next()?.stamp;
        if valued().all(|register| register.stamp == first) {
            // As in every row that is new: and of those, thousands may be written at once.
            return Some(first);
        }
        let mut tally: Vec<(Stamp, usize)> = Vec::new();
        for register in valued() {
            match tally.iter_mut().find(|(stamp, _)| *stamp == register.stamp) {
                Some((_, count)) => *count += 1,
                None => tally.push((register.stamp, 1)),
            }
        }
        tally.into_iter().max_by_key(|(stamp, count)| (*count, *stamp)).map(|(stamp, _)| stamp)
    }
}

fn push(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    text.write_fmt(what).unwrap_or_default();
}

/// `{"name":` or `,"name":`.
fn push_name(text: &mut String, separator: char, name: &RegisterName) {
    text.push(separator);
    let (first, second) = name.parts();
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if second.bytes().all(plain) {
        text.push('"');
        text.push_str(first);
        text.push_str(second);
        text.push('"');
    } else {
        text.push_str(Json::from(name.to_string()).text());
    }
    text.push(':');
}

/// The UUID with its quotation marks: without `fmt`, which takes longer than all the rest of a row.
fn push_uuid(text: &mut String, uuid: Uuid) {
    text.push('"');
    text.push_str(uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    text.push('"');
}
