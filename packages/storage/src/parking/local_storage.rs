//! `localStorage`: synchronous, so that it still works while the page is going away.

use web_sys::Storage;

use super::{LIMIT, ParkError, Parked};
use crate::platform::{random_bits, wall_clock};

/// Names something that was left: the larger, the later. Begins with [`PREFIX`].
#[derive(Clone)]
pub(crate) struct Key(String);

/// Every parked text has a key of its own that begins so; nobody writes one twice.
const PREFIX: &str = "atelier:parked:";

/// Where pages leave things. Without a storage: nowhere.
#[derive(Clone, Default)]
pub(crate) struct Place(Option<Storage>);

impl Place {
    pub(crate) fn of_this_platform() -> Self {
        Self(web_sys::window().and_then(|window| window.local_storage().ok().flatten()))
    }

    pub(crate) fn nowhere() -> Self {
        Self::default()
    }

    /// What pages have left, oldest first.
    pub(crate) fn left(&self) -> Vec<Parked> {
        let Some(storage) = &self.0 else { return Vec::new() };
        let count = storage.length().unwrap_or_default();
        let keys = (0..count).filter_map(|at| storage.key(at).ok().flatten());
        let mut keys: Vec<_> = keys.filter(|key| key.starts_with(PREFIX)).collect();
        keys.sort();
        let parked = |key: String| Some(Parked { text: storage.get_item(&key).ok().flatten()?, key: Key(key) });
        keys.into_iter().filter_map(parked).collect()
    }

    /// Leaves `text`.
    pub(crate) fn leave(&self, text: String) -> Result<Key, ParkError> {
        if text.len() > LIMIT {
            return Err(ParkError::TooMuch(text.len()));
        }
        let storage = self.0.as_ref().ok_or(ParkError::NoRoom)?;
        // Fresh every time: another page may be reading what was left before.
        let key = format!("{PREFIX}{:013}-{:016x}", wall_clock(), random_bits());
        storage.set_item(&key, &text).map_err(|_| ParkError::NoRoom)?;
        Ok(Key(key))
    }

    /// Removes something, if it is there.
    pub(crate) fn remove(&self, key: &Key) {
        if let Some(storage) = &self.0 {
            // Removing can't fail; reading a storage that the user has forbidden can, and then nothing was left.
            let _forbidden = storage.remove_item(&key.0);
        }
    }
}
