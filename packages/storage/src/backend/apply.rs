//! What a commit makes of stored rows: the part of it that is the same in every database.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use super::{Batch, Committed, OplogRecord};
use crate::model::{
    AssetId, Counts, EntityKey, NodeId, Part, Register, RegisterName, Registers, Row, Stamp, WorkflowId,
};

/// What has to be written.
pub(super) struct Applied {
    /// Rows by key.
    pub rows: Vec<(EntityKey, Row)>,
    /// The oplog's new record.
    pub record: Option<OplogRecord>,
    /// Those of the rows that lost registers: what a server rejected.
    pub undone: BTreeSet<EntityKey>,
    /// Rows that are to be removed.
    pub removed: BTreeSet<EntityKey>,
}

impl Applied {
    /// What is told of it.
    pub fn into_committed(self, missing: BTreeSet<AssetId>) -> Committed {
        Committed { rows: self.rows, missing, record: self.record, undone: self.undone, removed: self.removed }
    }

    /// For each node that was written, the assets to which it refers now.
    pub fn assets(&self) -> impl Iterator<Item = (WorkflowId, NodeId, BTreeSet<AssetId>)> {
        self.rows.iter().filter_map(|(key, row)| match key.part {
            Part::Node(id) => Some((key.workflow, id, row.registers.assets())),
            _ => None,
        })
    }
}

/// The keys of the rows that [`apply`] must be given: those that the batch patches, and their workflows'. Sorted.
pub(super) fn keys(batch: &Batch) -> Vec<EntityKey> {
    let mut keys: Vec<_> = batch.workflows().into_iter().map(EntityKey::workflow).collect();
    keys.extend(batch.keys());
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Merges the batch with what is stored. `stored` has the rows of [`keys`] that exist.
pub(super) fn apply(batch: &Batch, mut stored: BTreeMap<EntityKey, Row>) -> Applied {
    let mut undone = BTreeSet::new();
    let mut removed = BTreeSet::new();
    let mut patches: Vec<(EntityKey, Cow<Registers>)> =
        batch.rows().map(|(key, patch)| (key, Cow::Borrowed(patch))).collect();
    // Rare: what only a server's answer leads to.
    if batch.is_of_sync() {
        let mut all: BTreeMap<_, _> = patches.into_iter().collect();
        for (key, undo) in batch.undone() {
            all.entry(key).or_default().to_mut().merge(&undo.server);
        }
        for (key, version) in batch.removed() {
            let is_unchanged = stored.get(&key).is_some_and(|row| row.version == version);
            if is_unchanged && !all.contains_key(&key) {
                removed.insert(key);
                all.insert(key, Cow::default());
            }
        }
        patches = all.into_iter().collect();
    }
    let mut rows: Vec<(EntityKey, Row)> = Vec::with_capacity(batch.len() + 1);
    // Where the row of the workflow is whose entities are being merged: keys of one workflow come together.
    let mut own = 0;
    for (key, patch) in patches {
        let workflow = EntityKey::workflow(key.workflow);
        if rows.get(own).is_none_or(|(key, _)| *key != workflow) {
            own = rows.len();
            let row = stored.remove(&workflow).unwrap_or_default();
            rows.push((
                workflow,
                Row { version: row.version + 1, counts: Some(row.counts.unwrap_or_default()), ..row },
            ));
        }
        if key == workflow {
            if take_back(batch, key, &mut rows[own].1.registers) {
                undone.insert(key);
                untouch(&mut rows[own].1, batch, key, None);
            }
            rows[own].1.registers.merge(&patch);
            touch(&mut rows[own].1, &patch);
            continue;
        }
        let mut row = stored.remove(&key).unwrap_or_default();
        let before = counts(key, &row.registers);
        if take_back(batch, key, &mut row.registers) {
            undone.insert(key);
            untouch(&mut rows[own].1, batch, key, row.registers.newest());
        }
        row.registers.merge(&patch);
        row.version += 1;
        let after = counts(key, &row.registers) && !removed.contains(&key);
        let workflow = &mut rows[own].1;
        if let Some(counts) = &mut workflow.counts {
            adjust(counts_of(key, counts), before, after);
        }
        touch(workflow, &patch);
        if !removed.contains(&key) {
            rows.push((key, row));
        }
    }
    // A workflow's own row goes with the last of its entities, or stays for those that are there.
    rows.retain(|(key, _)| !removed.contains(key));
    Applied { rows, record: batch.to_record(), undone, removed }
}

/// Removes what the server rejected from a row, as far as it is still there.
fn take_back(batch: &Batch, key: EntityKey, row: &mut Registers) -> bool {
    let Some(undo) = batch.undo_of(key) else { return false };
    let is_rejected = |name: &RegisterName, register: &Register| {
        undo.rejected.get(name).is_some_and(|rejected| rejected.stamp == register.stamp)
    };
    let before = row.len();
    *row = row.iter().filter(|(name, register)| !is_rejected(name, register)).map(cloned).collect();
    row.len() < before
}

fn cloned((name, register): (&RegisterName, &Register)) -> (RegisterName, Register) {
    (name.clone(), register.clone())
}

/// Whether the entity counts: it was created and is not deleted.
fn counts(key: EntityKey, registers: &Registers) -> bool {
    let created = match key.part {
        Part::Itself => RegisterName::Name,
        Part::Node(_) => RegisterName::Type,
        Part::Edge(_) => RegisterName::Ends,
    };
    registers.value(&created).is_some() && !registers.is_deleted()
}

fn counts_of(key: EntityKey, counts: &mut Counts) -> &mut u64 {
    match key.part {
        Part::Edge(_) => &mut counts.edges,
        Part::Node(_) | Part::Itself => &mut counts.nodes,
    }
}

fn adjust(count: &mut u64, before: bool, after: bool) {
    match (before, after) {
        (false, true) => *count += 1,
        // Saturating: a row that was set aside as corrupt may have been counted.
        (true, false) => *count = count.saturating_sub(1),
        _ => {}
    }
}

/// Forgets the time of what was undone, if it is the workflow's: a clock must not start behind a stamp that no server takes.
/// What remains of the row, and the workflow's own registers, are the newest that is known here.
fn untouch(workflow: &mut Row, batch: &Batch, key: EntityKey, remaining: Option<Stamp>) {
    let rejected = batch.undo_of(key).and_then(|undo| undo.rejected.newest());
    let newest = remaining.max(workflow.registers.newest()).map_or(0, Stamp::millis);
    if let (Some(counts), Some(rejected)) = (&mut workflow.counts, rejected)
        && counts.updated_at <= rejected.millis()
    {
        counts.updated_at = newest;
    }
}

fn touch(workflow: &mut Row, patch: &Registers) {
    if let (Some(counts), Some(newest)) = (&mut workflow.counts, patch.newest()) {
        counts.updated_at = counts.updated_at.max(newest.millis());
    }
}
