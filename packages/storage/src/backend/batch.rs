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
    record: Record,
    /// What the record is called, if not by the newest stamp in it.
    record_id: Option<Stamp>,
    /// Whether the record is of what is stored already.
    upload: bool,
    undo: BTreeMap<EntityKey, Undo>,
    remove: BTreeMap<EntityKey, u64>,
    prune: BTreeSet<Stamp>,
}

/// What of a batch the oplog gets.
#[derive(Clone, Debug, Default, PartialEq)]
enum Record {
    #[default]
    Nothing,
    /// All of its patches.
    Everything,
    /// These: others came from a server, which knows them.
    Part(BTreeMap<EntityKey, Registers>),
}

/// Law 2's one exception: what a server rejected is replaced by what the server has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Undo {
    /// What was rejected. A stored register is replaced only if it still has the rejected one's stamp, so a later edit stays.
    pub rejected: Registers,
    /// What the server has. A rejected register that isn't in it is removed from the row.
    pub server: Registers,
}

/// What a server must be told of one commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OplogRecord {
    /// The newest stamp of the commit, or a later one: no other record has it.
    pub id: Stamp,
    /// The patches, as [`crate::parking`] writes them.
    pub patches: Json,
    /// Whether it tells of what was stored before. Then its patches need not be all that their stamps have changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub upload: bool,
}

impl OplogRecord {
    /// The patches by key.
    ///
    /// # Errors
    /// They are not what [`crate::parking`] writes.
    pub fn read(&self) -> Result<Vec<(EntityKey, Registers)>, serde_json::Error> {
        crate::parking::read_patches(&self.patches)
    }
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
        self.record = Record::Everything;
        self
    }

    /// The same, under an id that no other record has. Without it two commits whose newest stamps are equal, such as two imports
    /// of one package, would have one record between them.
    pub fn record_as(&mut self, id: Stamp) -> &mut Self {
        self.record_id = Some(id);
        self.record()
    }

    /// Has what is stored already recorded in the oplog, without writing the rows: for what a server doesn't know yet.
    pub fn upload(&mut self, id: Stamp, patches: impl IntoIterator<Item = (EntityKey, Registers)>) -> &mut Self {
        let mut part = self.take_recorded();
        for (key, patch) in patches {
            part.entry(key).or_default().merge(&patch);
        }
        self.record = Record::Part(part);
        self.record_id = self.record_id.max(Some(id));
        self.upload = true;
        self
    }

    /// Undoes what a server rejected.
    pub fn undo(&mut self, key: EntityKey, rejected: &Registers, server: &Registers) -> &mut Self {
        let undo = self.undo.entry(key).or_default();
        undo.rejected.merge(rejected);
        undo.server.merge(server);
        self
    }

    /// Removes a row for good, if it is still of that version.
    pub fn remove(&mut self, key: EntityKey, version: u64) -> &mut Self {
        self.remove.insert(key, version);
        self
    }

    /// Removes a record from the oplog: the server knows all of it.
    pub fn prune(&mut self, record: Stamp) -> &mut Self {
        self.prune.insert(record);
        self
    }

    /// Adds all of a later batch.
    pub fn absorb(&mut self, mut later: Self) {
        if later.rows.is_empty() && later.record == Record::Nothing {
            // Settings and the like: what is recorded stays as it is.
        } else if self.rows.is_empty() && self.record == Record::Nothing {
            self.record = std::mem::take(&mut later.record);
        } else if self.record != later.record || matches!(self.record, Record::Part(_)) {
            let mut part = self.take_recorded();
            for (key, patch) in later.take_recorded() {
                part.entry(key).or_default().merge(&patch);
            }
            self.record = Record::Part(part);
        }
        self.record_id = self.record_id.max(later.record_id);
        self.upload |= later.upload;
        for (key, patch) in later.rows {
            self.merge(key, &patch);
        }
        self.kv.extend(later.kv);
        for (key, undo) in later.undo {
            self.undo(key, &undo.rejected, &undo.server);
        }
        self.remove.extend(later.remove);
        self.prune.extend(later.prune);
    }

    /// Whether there is nothing to store.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.kv.is_empty() && !self.is_of_sync()
    }

    /// How many rows and settings it changes.
    pub fn len(&self) -> usize {
        self.rows.len() + self.kv.len() + self.undo.len() + self.remove.len()
    }

    /// Whether it does what only a server's answer can lead to. Without that, its settings of sync must not be stored.
    pub fn is_of_sync(&self) -> bool {
        !(self.undo.is_empty() && self.remove.is_empty() && self.prune.is_empty() && !self.upload)
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
        self.record != Record::Nothing
    }

    /// Whether all of its patches are recorded.
    pub(crate) fn is_all_recorded(&self) -> bool {
        self.record == Record::Everything
    }

    /// The patches that are recorded, by key.
    pub fn recorded(&self) -> impl Iterator<Item = (EntityKey, &Registers)> {
        let recorded = match &self.record {
            Record::Nothing => None,
            Record::Everything => Some(&self.rows),
            Record::Part(part) => Some(part),
        };
        recorded.into_iter().flatten().map(|(key, patch)| (*key, patch))
    }

    /// Has these patches recorded, and no others.
    pub(crate) fn record_part(&mut self, part: BTreeMap<EntityKey, Registers>) {
        self.record = Record::Part(part);
    }

    /// What the record is called, if there is one.
    pub fn record_id(&self) -> Option<Stamp> {
        self.record_id.or_else(|| self.recorded().filter_map(|(_, patch)| patch.newest()).max())
    }

    /// The id that was given to the record.
    pub(crate) fn given_id(&self) -> Option<Stamp> {
        self.record_id
    }

    /// Names the record without asking for one.
    pub(crate) fn give_id(&mut self, id: Option<Stamp>) {
        self.record_id = id;
    }

    fn take_recorded(&mut self) -> BTreeMap<EntityKey, Registers> {
        match std::mem::take(&mut self.record) {
            Record::Nothing => BTreeMap::new(),
            Record::Everything => self.rows.clone(),
            Record::Part(part) => part,
        }
    }

    /// The oplog's new record, if there is one.
    pub(crate) fn to_record(&self) -> Option<OplogRecord> {
        let mut recorded = self.recorded().peekable();
        recorded.peek()?;
        let id = self.record_id()?;
        Some(OplogRecord { id, patches: crate::parking::patches_of(recorded), upload: self.upload })
    }

    /// What is undone, by key.
    pub fn undone(&self) -> impl Iterator<Item = (EntityKey, &Undo)> {
        self.undo.iter().map(|(key, undo)| (*key, undo))
    }

    /// What is undone of one row.
    pub(super) fn undo_of(&self, key: EntityKey) -> Option<&Undo> {
        self.undo.get(&key)
    }

    /// The rows that are removed, each with the version that it must have.
    pub fn removed(&self) -> impl Iterator<Item = (EntityKey, u64)> {
        self.remove.iter().map(|(key, version)| (*key, *version))
    }

    /// The records that are removed.
    pub fn pruned(&self) -> impl Iterator<Item = Stamp> {
        self.prune.iter().copied()
    }

    /// The workflows that it touches.
    pub fn workflows(&self) -> BTreeSet<WorkflowId> {
        self.keys().map(|key| key.workflow).collect()
    }

    /// The rows that it touches.
    pub(super) fn keys(&self) -> impl Iterator<Item = EntityKey> {
        self.rows.keys().chain(self.undo.keys()).chain(self.remove.keys()).copied()
    }

    /// The newest stamp in it.
    pub fn newest(&self) -> Option<Stamp> {
        self.rows.values().filter_map(Registers::newest).max()
    }
}
