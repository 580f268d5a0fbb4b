//! What is stored together.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::{EntityKey, Json, Registers, Stamp, WorkflowId};

/// Changes that are stored together or not at all. Two changes of one entity become one, by the merge: what a later one
/// supersedes is dropped, and no stamp is altered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    rows: BTreeMap<EntityKey, Registers>,
    kv: BTreeMap<String, Option<Json>>,
    record: bool,
}

/// What a server must be told of one commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OplogRecord {
    /// The newest stamp of the commit: no other record has it.
    pub id: Stamp,
    /// The patches, as [`crate::parking`] writes them.
    pub patches: Json,
}

impl Batch {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a patch.
    pub fn merge(&mut self, key: EntityKey, patch: &Registers) -> &mut Self {
        self.rows.entry(key).or_default().merge(patch);
        self
    }

    /// Sets one of the settings, or removes it. Settings have no stamps: the last one written stands.
    pub fn set(&mut self, key: &str, value: Option<Json>) -> &mut Self {
        self.kv.insert(key.to_owned(), value);
        self
    }

    /// Has the patches recorded in the oplog with the rows.
    pub fn record(&mut self) -> &mut Self {
        self.record = true;
        self
    }

    /// Adds all of a later batch.
    pub fn absorb(&mut self, later: Self) {
        for (key, patch) in later.rows {
            self.merge(key, &patch);
        }
        self.kv.extend(later.kv);
        self.record |= later.record;
    }

    /// Whether there is nothing to store.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.kv.is_empty()
    }

    /// How many rows and settings it changes.
    pub fn len(&self) -> usize {
        self.rows.len() + self.kv.len()
    }

    /// The patches by key.
    pub fn rows(&self) -> impl Iterator<Item = (EntityKey, &Registers)> {
        self.rows.iter().map(|(key, patch)| (*key, patch))
    }

    /// The settings by key.
    pub fn kv(&self) -> impl Iterator<Item = (&str, Option<&Json>)> {
        self.kv.iter().map(|(key, value)| (key.as_str(), value.as_ref()))
    }

    /// What it sets one of the settings to, if it does.
    pub fn setting(&self, key: &str) -> Option<Option<&Json>> {
        self.kv.get(key).map(Option::as_ref)
    }

    /// Whether the oplog gets a record.
    pub fn is_recorded(&self) -> bool {
        self.record
    }

    /// The workflows that it touches.
    pub fn workflows(&self) -> BTreeSet<WorkflowId> {
        self.rows.keys().map(|key| key.workflow).collect()
    }

    /// The newest stamp in it.
    pub fn newest(&self) -> Option<Stamp> {
        self.rows.values().filter_map(Registers::newest).max()
    }
}
