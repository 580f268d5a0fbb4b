//! Values of the user's that are no longer in force: kept, so that they can be brought back.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::wire::Code;
use crate::model::{EdgeId, EntityKey, Json, NodeId, Part, Register, RegisterName, Stamp, WorkflowId};

/// So many that others have overwritten are kept of a workflow. What a server rejected is kept until the user has seen it.
const MAX_OVERWRITTEN: usize = 200;

/// A value of the user's that was replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptValue {
    /// Of which node; None: not of a node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
    /// Of which edge; None: not of an edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edge: Option<EdgeId>,
    /// Which register.
    pub register: String,
    /// When it was set.
    pub stamp: Stamp,
    /// The user's value. None: the user removed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mine: Option<Json>,
    /// What is there instead. None: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theirs: Option<Json>,
    /// Why the server rejected it. None: somebody else has set it later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
}

/// What is kept of a workflow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<KeptValue>", into = "Vec<KeptValue>")]
pub struct Kept(Arc<Vec<KeptValue>>);

impl From<Vec<KeptValue>> for Kept {
    fn from(values: Vec<KeptValue>) -> Self {
        Self(Arc::new(values))
    }
}

impl From<Kept> for Vec<KeptValue> {
    fn from(kept: Kept) -> Self {
        Arc::unwrap_or_clone(kept.0)
    }
}

impl KeptValue {
    /// What became of one register.
    pub fn new(
        key: EntityKey,
        name: &RegisterName,
        mine: &Register,
        theirs: Option<&Register>,
        code: Option<Code>,
    ) -> Self {
        let (node, edge) = match key.part {
            Part::Itself => (None, None),
            Part::Node(id) => (Some(id), None),
            Part::Edge(id) => (None, Some(id)),
        };
        let theirs = theirs.and_then(|register| register.value.clone());
        let (stamp, mine) = (mine.stamp, mine.value.clone());
        Self { node, edge, register: name.to_string(), stamp, mine, theirs, code }
    }

    /// Which entity it is of.
    pub fn key(&self, workflow: WorkflowId) -> EntityKey {
        match (self.node, self.edge) {
            (Some(node), _) => EntityKey::node(workflow, node),
            (None, Some(edge)) => EntityKey::edge(workflow, edge),
            (None, None) => EntityKey::workflow(workflow),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        (self.node, self.edge, self.stamp) == (other.node, other.edge, other.stamp) && self.register == other.register
    }
}

impl Kept {
    /// All, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &KeptValue> {
        self.0.iter()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Removes one.
    pub(super) fn remove(&mut self, value: &KeptValue) {
        Arc::make_mut(&mut self.0).retain(|known| !known.is_same(value));
    }

    /// Adds one, unless it is there. Returns whether it wasn't.
    pub(super) fn add(&mut self, value: KeptValue) -> bool {
        let values = Arc::make_mut(&mut self.0);
        if let Some(known) = values.iter_mut().find(|known| known.is_same(&value)) {
            let changed = *known != value;
            *known = value;
            return changed;
        }
        values.push(value);
        let overwritten = values.iter().filter(|value| value.code.is_none()).count();
        if overwritten > MAX_OVERWRITTEN
            && let Some(oldest) = values.iter().position(|value| value.code.is_none())
        {
            values.remove(oldest);
        }
        true
    }
}
