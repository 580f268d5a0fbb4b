//! `localStorage`: synchronous, so that it still works while the page is going away.

use std::{cell::RefCell, rc::Rc};

use web_sys::Storage;

use super::{LIMIT, ParkError, Parked};

/// Every parked text has a key of its own that begins so; nobody writes one twice.
const PREFIX: &str = "atelier:parked:";

/// Where a page leaves things.
#[derive(Default)]
pub(crate) struct Place {
    storage: Option<Storage>,
    /// What this page has left.
    own: Rc<RefCell<Option<String>>>,
}

impl Place {
    pub(crate) fn of_this_platform() -> Self {
        let storage = web_sys::window().and_then(|window| window.local_storage().ok().flatten());
        Self { storage, own: Rc::default() }
    }

    pub(crate) fn nowhere() -> Self {
        Self::default()
    }

    /// What pages have left, oldest first.
    pub(crate) fn left(&self) -> Vec<Parked> {
        let Some(storage) = &self.storage else { return Vec::new() };
        let count = storage.length().unwrap_or_default();
        let keys = (0..count).filter_map(|at| storage.key(at).ok().flatten());
        let mut keys: Vec<_> = keys.filter(|key| key.starts_with(PREFIX)).collect();
        keys.sort();
        let parked = |key: String| Some(Parked { text: storage.get_item(&key).ok().flatten()?, key });
        keys.into_iter().filter_map(parked).collect()
    }

    /// Removes something once it is stored.
    pub(crate) fn remove(&self, parked: &Parked) {
        self.remove_key(&parked.key);
    }

    /// Leaves `text`, in place of what this page has left before.
    pub(crate) fn leave(&self, text: &str) -> Result<(), ParkError> {
        if text.len() > LIMIT {
            return Err(ParkError::TooMuch(text.len()));
        }
        let storage = self.storage.as_ref().ok_or(ParkError::NoRoom)?;
        // Fresh every time: another page may be reading what was left before.
        let key = format!("{PREFIX}{:013}-{:016x}", crate::platform::wall_clock(), crate::platform::random_bits());
        storage.set_item(&key, text).map_err(|_| ParkError::NoRoom)?;
        if let Some(old) = self.own.replace(Some(key)) {
            self.remove_key(&old);
        }
        Ok(())
    }

    /// Removes what this page has left.
    pub(crate) fn clear(&self) {
        if let Some(own) = self.own.take() {
            self.remove_key(&own);
        }
    }

    fn remove_key(&self, key: &str) {
        if let Some(storage) = &self.storage {
            // Removing can't fail; reading a storage that the user has forbidden can, and then nothing was left.
            let _forbidden = storage.remove_item(key);
        }
    }
}
