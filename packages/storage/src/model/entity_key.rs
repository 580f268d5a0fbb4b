//! What names a row.

use std::fmt;

use uuid::Uuid;

use super::{EdgeId, NodeId, WorkflowId};

/// Names an entity, and so its row. Keys of one workflow sort together: the workflow first, then its nodes, then its edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityKey {
    /// The workflow, or the one that the node or edge belongs to.
    pub workflow: WorkflowId,
    /// Which of the workflow's entities.
    pub part: Part,
}

/// An entity within its workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The workflow itself.
    Itself,
    /// One of its nodes.
    Node(NodeId),
    /// One of its edges.
    Edge(EdgeId),
}

/// The tables whose rows are entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Workflows, by id.
    Workflows,
    /// Nodes, by workflow and id.
    Nodes,
    /// Edges, by workflow and id.
    Edges,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Workflows, Self::Nodes, Self::Edges];

    /// The name in every database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Workflows => "workflows",
            Self::Nodes => "nodes",
            Self::Edges => "edges",
        }
    }
}

impl EntityKey {
    /// Names a workflow.
    pub fn workflow(id: WorkflowId) -> Self {
        Self { workflow: id, part: Part::Itself }
    }

    /// Names a node of `workflow`.
    pub fn node(workflow: WorkflowId, id: NodeId) -> Self {
        Self { workflow, part: Part::Node(id) }
    }

    /// Names an edge of `workflow`.
    pub fn edge(workflow: WorkflowId, id: EdgeId) -> Self {
        Self { workflow, part: Part::Edge(id) }
    }

    /// Where its row is.
    pub fn table(self) -> Table {
        match self.part {
            Part::Itself => Table::Workflows,
            Part::Node(_) => Table::Nodes,
            Part::Edge(_) => Table::Edges,
        }
    }

    /// Its id within the table.
    pub fn uuid(self) -> Uuid {
        match self.part {
            Part::Itself => self.workflow.uuid(),
            Part::Node(id) => id.uuid(),
            Part::Edge(id) => id.uuid(),
        }
    }
}

impl fmt::Display for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            Part::Itself => write!(f, "workflow {}", self.workflow),
            Part::Node(id) => write!(f, "node {id} of workflow {}", self.workflow),
            Part::Edge(id) => write!(f, "edge {id} of workflow {}", self.workflow),
        }
    }
}
