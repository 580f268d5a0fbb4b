//! The workflows that there are, without their nodes.

use std::collections::BTreeMap;

use storage::{
    Error,
    backend::Rows,
    model::{Counts, RegisterName, Registers, Row, Summary, WorkflowId},
};

use super::Topic;

/// All workflows' own rows.
#[derive(Debug, Default)]
pub struct Library {
    rows: BTreeMap<WorkflowId, Row>,
    unreadable: Vec<Error>,
}

impl Library {
    /// The library as it was read.
    pub fn new(read: Rows<WorkflowId>) -> Self {
        Self { rows: read.rows.into_iter().collect(), unreadable: read.corrupt }
    }

    /// Why some workflows couldn't be read.
    pub fn unreadable(&self) -> &[Error] {
        &self.unreadable
    }

    /// The workflows that aren't deleted, newest first.
    pub fn ids(&self) -> Vec<WorkflowId> {
        self.rows.iter().rev().filter(|(_, row)| name(row).is_some()).map(|(id, _)| *id).collect()
    }

    /// What is shown of a workflow, unless it is deleted.
    pub fn summary(&self, id: WorkflowId) -> Option<Summary> {
        let row = self.rows.get(&id)?;
        let Counts { nodes, edges, updated_at } = row.counts.unwrap_or_default();
        Some(Summary { id, name: name(row)?, nodes, edges, updated_at })
    }

    /// A workflow's registers, deleted or not.
    pub fn registers(&self, id: WorkflowId) -> Option<&Registers> {
        self.rows.get(&id).map(|row| &row.registers)
    }

    /// All workflows' registers.
    pub fn all(&self) -> impl Iterator<Item = (WorkflowId, &Registers)> {
        self.rows.iter().map(|(id, row)| (*id, &row.registers))
    }

    /// Merges registers, and says what that changed.
    pub fn merge(&mut self, id: WorkflowId, patch: &Registers) -> Vec<Topic> {
        let row = self.rows.entry(id).or_default();
        let before = name(row);
        row.registers.merge(patch);
        changes(id, before.as_deref(), name(row).as_deref())
    }

    /// Puts a row in the place of what is known, and says what that changed. None: it is gone.
    pub fn replace(&mut self, id: WorkflowId, row: Option<Row>) -> Vec<Topic> {
        let before = self.rows.get(&id).and_then(name);
        let after = row.as_ref().and_then(name);
        match row {
            Some(row) => drop(self.rows.insert(id, row)),
            None => drop(self.rows.remove(&id)),
        }
        let mut topics = changes(id, before.as_deref(), after.as_deref());
        topics.push(Topic::Workflow(id));
        topics
    }

    /// Whether a workflow is known to have neither nodes nor edges.
    pub fn is_empty(&self, id: WorkflowId) -> bool {
        let counts = self.rows.get(&id).and_then(|row| row.counts);
        counts.is_some_and(|counts| counts.nodes == 0 && counts.edges == 0)
    }

    /// How often a workflow's row was written when it was seen last; 0 if it never was.
    pub fn version(&self, id: WorkflowId) -> u64 {
        self.rows.get(&id).map_or(0, |row| row.version)
    }

    /// Takes the counts over that a commit has found, and says what that changed. What is older than what is known counts for
    /// nothing.
    pub fn set_counts(&mut self, id: WorkflowId, counts: Option<Counts>, version: u64) -> Vec<Topic> {
        let row = self.rows.entry(id).or_default();
        if version < row.version {
            return Vec::new();
        }
        row.version = version;
        let seen = |counts: Option<Counts>| counts.map(|counts| (counts.nodes, counts.edges));
        let changed = seen(row.counts) != seen(counts);
        row.counts = counts;
        if changed { vec![Topic::Workflow(id)] } else { Vec::new() }
    }
}

/// A workflow's name, unless it is deleted or was never created.
fn name(row: &Row) -> Option<String> {
    if row.registers.is_deleted() {
        return None;
    }
    row.registers.value(&RegisterName::Name)?.read().ok()
}

fn changes(id: WorkflowId, before: Option<&str>, after: Option<&str>) -> Vec<Topic> {
    match (before, after) {
        _ if before == after => Vec::new(),
        (Some(_), Some(_)) => vec![Topic::Workflow(id)],
        _ => vec![Topic::Workflow(id), Topic::Library],
    }
}
