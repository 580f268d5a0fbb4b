//! JSON objects of which a build knows some fields and keeps the others.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Json;

/// The fields of a JSON object, each as its own text, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Object(BTreeMap<String, Json>);

/// A known field whose value has another shape than it should.
#[derive(Debug, thiserror::Error)]
#[error("field {field:?}: {reason}")]
pub struct FieldError {
    field: &'static str,
    reason: String,
}

impl FieldError {
    /// What is wrong with which field.
    pub(super) fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self { field, reason: reason.into() }
    }
}

impl Object {
    /// Takes a field out and reads it. `null` counts as absent.
    pub(super) fn take<T: DeserializeOwned>(&mut self, field: &'static str) -> Result<Option<T>, FieldError> {
        let Some(json) = self.0.remove(field) else { return Ok(None) };
        json.read().map_err(|error| FieldError::new(field, error.to_string()))
    }

    /// Like [`Object::take`], for a field that must be there.
    pub(super) fn need<T: DeserializeOwned>(&mut self, field: &'static str) -> Result<T, FieldError> {
        self.take(field)?.ok_or_else(|| FieldError::new(field, "it is missing"))
    }

    /// Takes a field out.
    pub fn remove(&mut self, field: &str) -> Option<Json> {
        self.0.remove(field)
    }

    /// Sets a field.
    pub fn put(&mut self, field: &str, value: impl Into<Json>) {
        self.0.insert(field.to_owned(), value.into());
    }

    /// Sets a field to what `value` serialises to.
    pub(super) fn put_plain<T: Serialize + ?Sized>(&mut self, field: &str, value: &T) -> Result<(), serde_json::Error> {
        self.0.insert(field.to_owned(), Json::new(value)?);
        Ok(())
    }

    /// One field.
    pub fn get(&self, field: &str) -> Option<&Json> {
        self.0.get(field)
    }

    /// All fields.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, json)| (name.as_str(), json))
    }

    /// Whether it has no fields.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many fields it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl<K: Into<String>> FromIterator<(K, Json)> for Object {
    fn from_iter<T: IntoIterator<Item = (K, Json)>>(all: T) -> Self {
        Self(all.into_iter().map(|(name, json)| (name.into(), json)).collect())
    }
}

/// Gives a struct whose fields are known by name, and whose `extra` holds the rest, serde's two traits by way of [`Object`].
macro_rules! through_object {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.to_object().map_err(serde::ser::Error::custom)?.serialize(serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::from_object(super::Object::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(super) use through_object;
