//! What is selected: a matter of this tab alone.

use std::collections::BTreeSet;

use storage::model::{EdgeId, NodeId};

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
        Self { nodes: BTreeSet::from([id]), edges: BTreeSet::new() }
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
