//! What a commit makes of stored rows: the part of it that is the same in every database.

use std::collections::{BTreeMap, BTreeSet};

use super::{Batch, OplogRecord};
use crate::{
    model::{AssetId, Counts, EntityKey, NodeId, Part, RegisterName, Registers, Row, WorkflowId},
    parking,
};

/// What has to be written.
pub(super) struct Applied {
    /// Rows by key.
    pub rows: Vec<(EntityKey, Row)>,
    /// The oplog's new record.
    pub record: Option<OplogRecord>,
}

impl Applied {
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
    keys.extend(batch.rows().map(|(key, _)| key));
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Merges the batch with what is stored. `stored` has the rows of [`keys`] that exist.
pub(super) fn apply(batch: &Batch, mut stored: BTreeMap<EntityKey, Row>) -> Applied {
    let mut rows: Vec<(EntityKey, Row)> = Vec::with_capacity(batch.len() + 1);
    // Where the row of the workflow is whose entities are being merged: keys of one workflow come together.
    let mut own = 0;
    for (key, patch) in batch.rows() {
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
            rows[own].1.registers.merge(patch);
            touch(&mut rows[own].1, patch);
            continue;
        }
        let mut row = stored.remove(&key).unwrap_or_default();
        let before = counts(key, &row.registers);
        row.registers.merge(patch);
        row.version += 1;
        let after = counts(key, &row.registers);
        let workflow = &mut rows[own].1;
        if let Some(counts) = &mut workflow.counts {
            adjust(counts_of(key, counts), before, after);
        }
        touch(workflow, patch);
        rows.push((key, row));
    }
    let record = batch.is_recorded().then(|| batch.newest()).flatten();
    Applied { rows, record: record.map(|id| OplogRecord { id, patches: parking::patches(batch) }) }
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

fn touch(workflow: &mut Row, patch: &Registers) {
    if let (Some(counts), Some(newest)) = (&mut workflow.counts, patch.newest()) {
        counts.updated_at = counts.updated_at.max(newest.millis());
    }
}
