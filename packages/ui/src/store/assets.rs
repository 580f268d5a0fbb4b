//! What is known of the media that is shown now.
//!
//! A card asks when it is mounted and is told once; nobody asks the database while rendering. What no mounted component
//! shows any more is forgotten, so that a library of 10,000 pictures costs what is in sight.

use std::rc::Rc;

use dioxus::{core::spawn_forever, prelude::*};
use storage::{
    blobs::Notice,
    model::{Asset, AssetId},
};
use tracing::warn;

use super::{Store, Topic, use_topic};

/// What is known of an asset.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Known {
    /// Nothing yet: the database was asked.
    #[default]
    Asked,
    /// Its row.
    Here(Rc<Asset>),
    /// This device has no row of it.
    Missing,
}

impl Known {
    /// The row, if there is one.
    pub fn row(&self) -> Option<&Asset> {
        match self {
            Self::Here(asset) => Some(asset),
            _ => None,
        }
    }
}

impl Store {
    /// What is known of an asset. [`Topic::Asset`]
    pub fn asset(&self, id: AssetId) -> Known {
        self.state().assets.get(&id).cloned().unwrap_or_default()
    }

    /// Takes note of a row, if anybody shows it.
    pub fn learn_asset(&self, asset: Asset) {
        let id = asset.id;
        if self.watchers().is_watched(Topic::Asset(id)) {
            self.know(id, Known::Here(Rc::new(asset)));
        }
    }

    /// Asks anew for everything that is shown: rows were moved or removed.
    pub async fn learn_assets_again(&self) {
        let shown: Vec<_> = self.state().assets.keys().copied().collect();
        for id in shown {
            self.find_asset(id).await;
        }
    }

    /// Asks anew for one, if anybody shows it.
    pub(super) async fn learn_asset_again(&self, id: AssetId) {
        if self.watchers().is_watched(Topic::Asset(id)) {
            self.find_asset(id).await;
        }
    }

    /// Whether media can be kept in a folder of the user's.
    pub fn has_folders(&self) -> bool {
        !self.session().assets().notices().contains(&Notice::NoFolders)
    }

    /// Tells whoever shows it when the chosen folder can be used, and when it can't. Never ends.
    pub async fn follow_folder(&self) {
        let mut states = self.session().assets().watch_folder();
        while states.changed().await.is_ok() {
            self.notify(vec![Topic::Folder]);
        }
    }

    async fn find_asset(&self, id: AssetId) {
        let known = match self.session().assets().asset(id).await {
            Ok(Some(asset)) => Known::Here(Rc::new(asset)),
            Ok(None) => Known::Missing,
            // What is known stands. The next card that shows it asks again.
            Err(error) => return warn!(error = error.code(), asset = %id, "an asset's row can't be read"),
        };
        if self.watchers().is_watched(Topic::Asset(id)) {
            self.know(id, known);
        }
    }

    fn know(&self, id: AssetId, known: Known) {
        let before = self.state_mut().assets.insert(id, known.clone());
        if before.as_ref() != Some(&known) {
            self.notify(vec![Topic::Asset(id)]);
        }
    }

    fn forget_asset(&self, id: AssetId) {
        if !self.watchers().is_watched(Topic::Asset(id)) {
            self.state_mut().assets.remove(&id);
        }
    }

    #[cfg(test)]
    pub(crate) fn remembered_assets(&self) -> usize {
        self.state().assets.len()
    }
}

/// What is known of an asset, for a component that shows it. The id must stay the same for as long as it is mounted.
pub fn use_asset(store: &Store, id: AssetId) -> Known {
    let forgetting = store.clone();
    // Hooks go in the reverse order: when this one does, the topic below is no longer watched.
    use_drop(move || forgetting.forget_asset(id));
    use_topic(store, Topic::Asset(id));
    use_hook(|| {
        if store.asset(id) == Known::Asked {
            let store = store.clone();
            spawn_forever(async move { store.find_asset(id).await });
        }
    });
    store.asset(id)
}
