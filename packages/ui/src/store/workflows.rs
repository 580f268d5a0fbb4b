//! What can be done with a whole workflow.

use std::collections::{BTreeMap, BTreeSet};

use storage::{
    model::{Edge, EdgeId, EntityKey, Node, NodeId, Object, RegisterName, Registers, Workflow, WorkflowId},
    package::Update,
};

use super::{Document, Store, patch::deleted};

impl Store {
    /// Makes an empty workflow. It isn't opened.
    pub fn create_workflow(&self, name: &str) -> WorkflowId {
        let stamp = self.stamp();
        let workflow = Workflow::new(WorkflowId::new(stamp), name);
        self.apply(vec![(EntityKey::workflow(workflow.id), workflow.to_registers(stamp))]);
        workflow.id
    }

    /// Stores a whole workflow, as it comes from a file, with all of its nodes and edges.
    ///
    /// # Errors
    /// A number in it that JSON can't hold; then nothing is stored.
    pub fn import_workflow(&self, workflow: &Workflow) -> Result<WorkflowId, serde_json::Error> {
        let id = workflow.id;
        let stamp = self.stamp();
        let mut patches = vec![(EntityKey::workflow(id), workflow.to_registers(stamp))];
        for node in &workflow.nodes {
            patches.push((EntityKey::node(id, node.id), node.to_registers(stamp)?));
        }
        for edge in &workflow.edges {
            patches.push((EntityKey::edge(id, edge.id), edge.to_registers(stamp)?));
        }
        self.apply(patches);
        Ok(id)
    }

    /// Changes a workflow that is here to what a file has of it: what differs, and nothing else. Nothing is deleted.
    ///
    /// # Errors
    /// The workflow can't be read.
    pub async fn update_workflow(&self, workflow: &Workflow) -> storage::Result<Update> {
        let loaded = self.session().load(workflow.id).await?;
        let update = Update::new(&loaded, workflow, self.stamp()).map_err(refused)?;
        self.apply(update.patches().to_vec());
        Ok(update)
    }

    /// Brings back what an update of a workflow has changed, as far as nobody has changed it since.
    ///
    /// # Errors
    /// The workflow can't be read.
    pub async fn undo_update(&self, id: WorkflowId, update: &Update) -> storage::Result<()> {
        let now = self.session().load(id).await?;
        self.apply(update.undone(&now, self.stamp()));
        Ok(())
    }

    /// A workflow as people see it, with all of its nodes, and the edges that are shown. When it was changed last is what the library knows.
    ///
    /// # Errors
    /// The workflow can't be read.
    pub async fn whole_workflow(&self, id: WorkflowId) -> storage::Result<Workflow> {
        let (nodes, mut edges, own) = self.parts(id).await?;
        let summary = self.summary(id);
        let name = summary.as_ref().map_or_else(String::new, |summary| summary.name.clone());
        let mut workflow = Workflow::new(id, &name);
        workflow.updated_at = summary.map_or(0, |summary| summary.updated_at);
        workflow.extra = extra_of(&own);
        let shown: BTreeSet<_> = nodes.iter().map(|node| node.id).collect();
        edges.retain(|edge| shown.contains(&edge.ends.source) && shown.contains(&edge.ends.target));
        (workflow.nodes, workflow.edges) = (nodes, edges);
        Ok(workflow)
    }

    async fn parts(&self, id: WorkflowId) -> storage::Result<(Vec<Node>, Vec<Edge>, Registers)> {
        let parts = |document: &Document| (document.nodes(), document.edges(), document.registers().clone());
        Ok(if self.open_id() == Some(id) {
            self.with_document(parts).unwrap_or_default()
        } else {
            parts(&Document::from_loaded(id, self.session().load(id).await?))
        })
    }

    /// Deletes a workflow; [`Store::restore_workflow`] brings it back. It is closed if it is open.
    pub fn remove_workflow(&self, id: WorkflowId) {
        if self.newer().is_some() {
            return;
        }
        self.apply(vec![(EntityKey::workflow(id), deleted(self.stamp(), true))]);
        if self.opening() == Some(id) {
            self.give_up_opening();
        }
        if self.open_id() == Some(id) {
            self.close_workflow();
        }
    }

    /// Brings a deleted workflow back.
    pub fn restore_workflow(&self, id: WorkflowId) {
        self.apply(vec![(EntityKey::workflow(id), deleted(self.stamp(), false))]);
    }

    /// Gives a workflow another name.
    pub fn rename_workflow(&self, id: WorkflowId, name: &str) {
        let patch = Registers::new().with(RegisterName::Name, self.stamp(), name);
        self.apply(vec![(EntityKey::workflow(id), patch)]);
    }

    /// Makes a copy of a workflow with ids of its own.
    ///
    /// # Errors
    /// The workflow can't be read.
    pub async fn duplicate_workflow(&self, id: WorkflowId) -> storage::Result<WorkflowId> {
        let (nodes, edges, own) = self.parts(id).await?;
        let name = self.summary(id).map_or_else(String::new, |summary| summary.name);
        let mut copy = Workflow::new(WorkflowId::new(self.stamp()), &self.free_name(&name));
        copy.extra = extra_of(&own);
        let mut ids = BTreeMap::new();
        for mut node in nodes {
            let fresh = NodeId::new(self.stamp());
            ids.insert(node.id, fresh);
            node.id = fresh;
            copy.nodes.push(node);
        }
        for mut edge in edges {
            if let (Some(source), Some(target)) = (ids.get(&edge.ends.source), ids.get(&edge.ends.target)) {
                (edge.ends.source, edge.ends.target) = (*source, *target);
                edge.id = EdgeId::new(self.stamp());
                copy.edges.push(edge);
            }
        }
        self.import_workflow(&copy).map_err(refused)
    }

    /// `name`, or `name 2`, or whichever number no workflow has.
    pub fn free_name(&self, name: &str) -> String {
        let state = self.state();
        let names = state.library.ids().into_iter().filter_map(|id| Some(state.library.summary(id)?.name));
        let taken: BTreeSet<_> = names.collect();
        let numbered = (2_u32..).map(|number| format!("{name} {number}"));
        std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or_default()
    }
}

fn refused(error: serde_json::Error) -> storage::Error {
    storage::Error::Refused { name: "JSON".into(), message: error.to_string() }
}

/// The fields of a workflow that this build does not know.
fn extra_of(registers: &Registers) -> Object {
    let mut extra = Object::default();
    for (register, value) in registers.iter() {
        if let (RegisterName::Extra(field), Some(json)) = (register, &value.value) {
            extra.put(field, json.clone());
        }
    }
    extra
}
