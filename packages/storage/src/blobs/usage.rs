//! What is kept, where, and for whom.

use std::collections::{BTreeMap, BTreeSet};

use super::Where;
use crate::{
    Error,
    backend::AssetUse,
    model::{Asset, AssetId, WorkflowId},
};

/// What a device lets us keep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quota {
    /// Bytes in use, by everything that Atelier keeps.
    pub used: u64,
    /// Bytes that there may be.
    pub total: u64,
    /// Whether the browser has promised not to clear it by itself. A disk always has.
    pub persistent: bool,
}

impl Quota {
    /// From here on one should look for room.
    const NEARLY_FULL: f64 = 0.8;

    /// Whether it is time to say that room runs short.
    pub fn is_nearly_full(&self) -> bool {
        self.total > 0 && self.used as f64 >= self.total as f64 * Self::NEARLY_FULL
    }
}

/// Everything that is kept, as it was at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// All assets, by id.
    pub assets: Vec<Asset>,
    /// Which nodes refer to which of them.
    pub uses: Vec<AssetUse>,
    /// Why some assets' rows can't be read.
    pub corrupt: Vec<Error>,
    /// What the device lets us keep, if it says.
    pub quota: Option<Quota>,
}

impl Usage {
    /// How many bytes all media take.
    pub fn bytes(&self) -> u64 {
        self.assets.iter().map(|asset| asset.bytes).sum()
    }

    /// How many contents and bytes there are in each place.
    pub fn by_place(&self) -> BTreeMap<Where, (usize, u64)> {
        let mut places = BTreeMap::<_, (usize, u64)>::new();
        for asset in &self.assets {
            let (count, bytes) = places.entry(Where::of(&asset.place)).or_default();
            (*count, *bytes) = (*count + 1, *bytes + asset.bytes);
        }
        places
    }

    /// How many bytes each workflow refers to. What several refer to counts for each.
    pub fn by_workflow(&self) -> BTreeMap<WorkflowId, u64> {
        let sizes: BTreeMap<AssetId, u64> = self.assets.iter().map(|asset| (asset.id, asset.bytes)).collect();
        let pairs: BTreeSet<_> = self.uses.iter().map(|one| (one.workflow, one.asset)).collect();
        let mut workflows = BTreeMap::new();
        for (workflow, asset) in pairs {
            *workflows.entry(workflow).or_default() += sizes.get(&asset).copied().unwrap_or_default();
        }
        workflows
    }

    /// The assets that no node refers to.
    pub fn unreferenced(&self) -> impl Iterator<Item = &Asset> {
        let used: BTreeSet<_> = self.uses.iter().map(|one| one.asset).collect();
        self.assets.iter().filter(move |asset| !used.contains(&asset.id))
    }
}
