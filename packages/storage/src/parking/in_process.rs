//! Within the process. A native process ends when its work is done, so what is left here nobody misses.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{LIMIT, ParkError, Parked};

/// Names something that was left: the larger, the later.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(usize);

/// Where things are left. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Place(Arc<Mutex<BTreeMap<Key, String>>>);

impl Place {
    pub(crate) fn of_this_platform() -> Self {
        Self::default()
    }

    pub(crate) fn nowhere() -> Self {
        Self::default()
    }

    /// What was left, oldest first.
    pub(crate) fn left(&self) -> Vec<Parked> {
        self.texts().iter().map(|(key, text)| Parked { key: key.clone(), text: text.clone() }).collect()
    }

    /// Leaves `text`.
    pub(crate) fn leave(&self, text: String) -> Result<Key, ParkError> {
        if text.len() > LIMIT {
            return Err(ParkError::TooMuch(text.len()));
        }
        let mut texts = self.texts();
        let key = Key(texts.last_key_value().map_or(0, |(last, _)| last.0 + 1));
        texts.insert(key.clone(), text);
        Ok(key)
    }

    /// Removes something, if it is there.
    pub(crate) fn remove(&self, key: &Key) {
        self.texts().remove(key);
    }

    fn texts(&self) -> MutexGuard<'_, BTreeMap<Key, String>> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
