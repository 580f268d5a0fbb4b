//! A JSON value as text.

use std::{cmp::Ordering, fmt, io, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, ser::Error};
use serde_json::value::RawValue;

/// A JSON value, kept as the text that it came in.
///
/// So nothing is lost on the way through: a seed above 2^53, a number's digits, the order of keys, and whatever a newer build
/// put into it. Clones share the text, and so do all values of the rows that were read together: a workflow that is opened
/// makes a hundred thousand, and this makes them without an allocation. In return the whole text stays as long as one of them.
#[derive(Clone)]
pub struct Json {
    /// Text with the value in it.
    whole: Arc<str>,
    /// Where the value is. There is valid JSON: every way to make one goes through serde's reader or writer.
    from: u32,
    to: u32,
}

impl Json {
    /// What `value` serialises to.
    ///
    /// # Errors
    /// A value that JSON cannot hold, such as a map whose keys are no strings.
    pub fn new<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(|text| Self::whole(&text))
    }

    /// A value that is a part of `whole`. Copies it if it isn't.
    pub(super) fn part(whole: &Arc<str>, value: &RawValue) -> Self {
        let text = value.get();
        let from = (text.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
        let to = from.wrapping_add(text.len());
        match (u32::try_from(from), u32::try_from(to)) {
            (Ok(start), Ok(end)) if whole.get(from..to).is_some_and(|part| std::ptr::eq(part, text)) => {
                Self { whole: Arc::clone(whole), from: start, to: end }
            }
            _ => Self::whole(text),
        }
    }

    /// # Panics
    /// A text of 4 GiB: no database and no memory of a browser holds one.
    fn whole(text: &str) -> Self {
        #[expect(clippy::expect_used, reason = "nothing that is stored or read here can be as long")]
        let to = u32::try_from(text.len()).expect("less than 4 GiB");
        Self { whole: text.into(), from: 0, to }
    }

    /// Reads the value as a `T`.
    ///
    /// # Errors
    /// The value has another shape.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.text())
    }

    /// The JSON text.
    pub fn text(&self) -> &str {
        &self.whole[self.from as usize..self.to as usize]
    }
}

/// What a value serialises to, in as much memory as that takes: a text that grows takes up to three times as much, and the memory of a
/// page never shrinks. For what may be large, since it is serialised twice.
///
/// # Errors
/// As [`Json::new`].
pub(crate) fn exact_text<T: Serialize + ?Sized>(value: &T) -> Result<String, serde_json::Error> {
    let mut length = Length(0);
    serde_json::to_writer(&mut length, value)?;
    let mut text = Vec::with_capacity(length.0);
    serde_json::to_writer(&mut text, value)?;
    String::from_utf8(text).map_err(serde_json::Error::custom)
}

/// Counts what is written.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a number, for `serialize_with`. JSON has none that is infinite or undefined, and serde would write `null`, which
/// no reader takes for a number.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
pub(super) fn finite<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if number.is_finite() {
        serializer.serialize_f64(*number)
    } else {
        Err(S::Error::custom(format_args!("{number} is no number")))
    }
}

/// Values that always can be JSON.
macro_rules! json_from {
    ($($from:ty),*) => {$(
        impl From<$from> for Json {
            fn from(value: $from) -> Self {
                // These types have no value that JSON cannot hold.
                Self::new(&value).expect("plain data")
            }
        }
    )*};
}
json_from!(bool, u32, u64, i64, &str, String, serde_json::Value);

impl From<Box<RawValue>> for Json {
    fn from(raw: Box<RawValue>) -> Self {
        Self::whole(raw.get())
    }
}

impl From<&RawValue> for Json {
    fn from(raw: &RawValue) -> Self {
        Self::whole(raw.get())
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Json {}

impl PartialOrd for Json {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Json {
    /// The order of the texts: it means nothing, but it is the same everywhere.
    fn cmp(&self, other: &Self) -> Ordering {
        self.text().cmp(other.text())
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(self.text()).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self::from)
    }
}
