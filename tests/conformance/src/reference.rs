//! What should be stored, found out in the slow and obvious way.

use std::collections::{BTreeMap, BTreeSet};

use storage::{
    backend::{Backend, Batch, Loaded, Rows},
    model::{Counts, EntityKey, Part, Register, Registers, Row, WorkflowId},
};

/// Everything that was committed: for each register the largest that was ever set.
#[derive(Default)]
pub struct Reference {
    rows: BTreeMap<EntityKey, BTreeMap<String, Register>>,
    versions: BTreeMap<EntityKey, u64>,
}

impl Reference {
    /// The same after one commit of these entities.
    pub fn of(entities: &BTreeMap<EntityKey, Registers>) -> Self {
        let (mut reference, mut batch) = (Self::default(), Batch::new());
        for (key, registers) in entities {
            batch.merge(*key, registers);
        }
        reference.commit(&batch);
        reference
    }

    pub fn commit(&mut self, batch: &Batch) {
        let mut written: BTreeSet<_> = batch.rows().map(|(key, _)| key).collect();
        written.extend(batch.rows().map(|(key, _)| EntityKey::workflow(key.workflow)));
        for key in written {
            *self.versions.entry(key).or_default() += 1;
            self.rows.entry(key).or_default();
        }
        for (key, patch) in batch.rows() {
            let row = self.rows.entry(key).or_default();
            for (name, register) in patch.iter() {
                let largest = row.get(&name.to_string()).max(Some(register)).cloned();
                row.extend(largest.map(|largest| (name.to_string(), largest)));
            }
        }
    }

    /// How many entities of a workflow count, and when anything in it was changed last.
    pub fn counts(&self, workflow: WorkflowId) -> Counts {
        let mut counts = Counts::default();
        for (key, row) in self.rows.iter().filter(|(key, _)| key.workflow == workflow) {
            let newest = row.values().map(|register| register.stamp.millis()).max();
            counts.updated_at = counts.updated_at.max(newest.unwrap_or_default());
            let has = |name: &str| row.get(name).is_some_and(|register| register.value.is_some());
            let is_deleted = row
                .get("deleted")
                .and_then(|register| register.value.as_ref())
                .is_some_and(|value| value.text() == "true");
            match key.part {
                Part::Node(_) if has("type") && !is_deleted => counts.nodes += 1,
                Part::Edge(_) if has("ends") && !is_deleted => counts.edges += 1,
                _ => {}
            }
        }
        counts
    }

    fn row(&self, key: EntityKey) -> Row {
        let registers: Registers = self.rows[&key]
            .iter()
            .map(|(name, register)| (storage::model::RegisterName::parse(name), register.clone()))
            .collect();
        let counts = (key.part == Part::Itself).then(|| self.counts(key.workflow));
        Row { registers, version: self.versions[&key], counts }
    }

    /// What loading a workflow should give.
    pub fn loaded(&self, workflow: WorkflowId) -> Loaded {
        let mut loaded = Loaded::default();
        for key in self.rows.keys().filter(|key| key.workflow == workflow) {
            match key.part {
                Part::Itself => loaded.workflow = Some(self.row(*key)),
                Part::Node(id) => loaded.nodes.rows.push((id, self.row(*key))),
                Part::Edge(id) => loaded.edges.rows.push((id, self.row(*key))),
            }
        }
        loaded
    }

    /// Panics unless `db` has exactly this.
    pub async fn check(&self, db: &dyn Backend) {
        let workflows: BTreeSet<_> = self.rows.keys().map(|key| key.workflow).collect();
        let rows = workflows.iter().map(|id| (*id, self.row(EntityKey::workflow(*id)))).collect();
        assert_eq!(db.workflows().await.unwrap(), Rows { rows, corrupt: Vec::new() });
        for workflow in workflows {
            assert_eq!(db.load(workflow).await.unwrap(), self.loaded(workflow));
        }
    }
}
