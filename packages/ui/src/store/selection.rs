//! What is selected: a matter of this window alone.

use std::collections::BTreeSet;

use storage::model::{EdgeId, EntityKey, NodeId, WorkflowId};

use super::{State, Store, Topic, patch::deleted};

/// Selected nodes and edges, in the order of their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Nodes.
    pub nodes: BTreeSet<NodeId>,
    /// Edges.
    pub edges: BTreeSet<EdgeId>,
}

impl Selection {
    /// One node and nothing else.
    pub fn node(id: NodeId) -> Self {
        Self::of([id])
    }

    /// One edge and nothing else.
    pub fn edge(id: EdgeId) -> Self {
        Self { nodes: BTreeSet::new(), edges: BTreeSet::from([id]) }
    }

    /// These nodes and nothing else.
    pub fn of(nodes: impl IntoIterator<Item = NodeId>) -> Self {
        Self { nodes: nodes.into_iter().collect(), edges: BTreeSet::new() }
    }

    /// Whether nothing is selected.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.edges.is_empty()
    }

    /// The selected node, if it is one node and nothing else.
    pub fn only_node(&self) -> Option<NodeId> {
        match (self.nodes.first(), self.nodes.len(), self.edges.is_empty()) {
            (Some(id), 1, true) => Some(*id),
            _ => None,
        }
    }
}

/// What was deleted together. [`Store::restore`] brings it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// From which workflow.
    pub workflow: WorkflowId,
    /// What.
    pub parts: Selection,
}

impl Removed {
    fn keys(&self) -> impl Iterator<Item = EntityKey> {
        let nodes = self.parts.nodes.iter().map(|id| EntityKey::node(self.workflow, *id));
        nodes.chain(self.parts.edges.iter().map(|id| EntityKey::edge(self.workflow, *id)))
    }
}

impl Store {
    /// Selects this and nothing else.
    pub fn select(&self, selection: Selection) {
        let old = std::mem::replace(&mut self.state_mut().selection, selection.clone());
        if old == selection {
            return;
        }
        let nodes = old.nodes.symmetric_difference(&selection.nodes).map(|id| Topic::NodeSelected(*id));
        let edges = old.edges.symmetric_difference(&selection.edges).map(|id| Topic::EdgeSelected(*id));
        self.notify(nodes.chain(edges).chain([Topic::Selection]).collect());
    }

    /// Deletes nodes and edges of the open workflow together, and says what that was.
    pub fn remove(&self, parts: &Selection) -> Option<Removed> {
        let removed = self.with_document(|document| {
            let nodes = parts.nodes.iter().copied().filter(|id| document.rect(*id).is_some()).collect();
            let edges = parts.edges.iter().copied().filter(|id| document.ends(*id).is_some()).collect();
            Removed { workflow: document.id(), parts: Selection { nodes, edges } }
        });
        let removed = removed.filter(|removed| !removed.parts.is_empty())?;
        self.apply(removed.keys().map(|key| (key, deleted(self.stamp(), true))).collect());
        Some(removed)
    }

    /// Deletes what is selected, and says what that was.
    pub fn remove_selected(&self) -> Option<Removed> {
        self.remove(&self.selection())
    }

    /// Brings back what was deleted, whether its workflow is still open or not.
    pub fn restore(&self, removed: &Removed) {
        self.apply(removed.keys().map(|key| (key, deleted(self.stamp(), false))).collect());
    }
}

impl State {
    /// Drops from the selection what is no longer shown, and says what that changed.
    pub(super) fn forget_selected(&mut self) -> Vec<Topic> {
        let (Some(document), Selection { nodes, edges }) = (&self.open, &mut self.selection) else { return Vec::new() };
        let gone_nodes = nodes.extract_if(.., |id| document.rect(*id).is_none()).map(Topic::NodeSelected);
        let gone_edges = edges.extract_if(.., |id| document.ends(*id).is_none()).map(Topic::EdgeSelected);
        let mut topics: Vec<_> = gone_nodes.chain(gone_edges).collect();
        if !topics.is_empty() {
            topics.push(Topic::Selection);
        }
        topics
    }
}
