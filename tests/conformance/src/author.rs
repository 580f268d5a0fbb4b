//! What cases store.

use std::sync::Arc;

use storage::{
    backend::{Batch, Loaded},
    model::{
        Asset, AssetId, AssetPlace, Clock, Edge, EdgeId, Ends, EntityKey, Json, Node, NodeId, Object, Point, Register,
        RegisterName, Registers, Stamp, WorkflowId,
    },
};

/// The wall clock of every author.
pub const NOW: u64 = 1_800_000_000_000;

/// Somebody who writes, in a tab or process of their own: makes stamps and ids, each later than the one before.
pub struct Author(Clock);

impl Author {
    /// An author with a number of their own.
    pub fn new(number: u64) -> Self {
        Self(Clock::new(number))
    }

    pub fn stamp(&mut self) -> Stamp {
        self.0.tick(NOW)
    }

    /// The stamp of this many milliseconds after [`NOW`], or a later one.
    pub fn stamp_after(&mut self, millis: u64) -> Stamp {
        self.0.tick(NOW + millis)
    }

    pub fn workflow(&mut self) -> WorkflowId {
        WorkflowId::new(self.stamp())
    }

    pub fn node(&mut self) -> NodeId {
        NodeId::new(self.stamp())
    }

    pub fn edge(&mut self) -> EdgeId {
        EdgeId::new(self.stamp())
    }

    /// A workflow with so many nodes, each connected to the one before, and the patches that make it.
    pub fn sample(&mut self, nodes: usize) -> Sample {
        let workflow = self.workflow();
        let mut patches = vec![(EntityKey::workflow(workflow), named(self.stamp(), "Sample"))];
        let nodes: Vec<_> = (0..nodes).map(|_| self.node()).collect();
        for (index, node) in nodes.iter().enumerate() {
            let title = format!("Node {index}");
            patches.push((EntityKey::node(workflow, *node), created(self.stamp(), &title)));
        }
        let edges: Vec<_> = nodes.windows(2).map(|_| self.edge()).collect();
        for (edge, pair) in edges.iter().zip(nodes.windows(2)) {
            patches.push((EntityKey::edge(workflow, *edge), connected(self.stamp(), pair[0], pair[1])));
        }
        Sample { workflow, nodes, edges, patches }
    }
}

/// A workflow to store.
pub struct Sample {
    pub workflow: WorkflowId,
    pub nodes: Vec<NodeId>,
    pub edges: Vec<EdgeId>,
    pub patches: Vec<(EntityKey, Registers)>,
}

impl Sample {
    pub fn key(&self) -> EntityKey {
        EntityKey::workflow(self.workflow)
    }

    pub fn node(&self, index: usize) -> EntityKey {
        EntityKey::node(self.workflow, self.nodes[index])
    }

    pub fn edge(&self, index: usize) -> EntityKey {
        EntityKey::edge(self.workflow, self.edges[index])
    }

    pub fn batch(&self) -> Batch {
        batch_of(self.patches.clone())
    }
}

/// A picture's row; the content names what it is a picture of.
pub fn asset(author: &mut Author, content: &str) -> Asset {
    let id = AssetId::new(author.stamp());
    let digits = content.bytes().fold(String::new(), |mut digits, byte| {
        digits.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap()));
        digits
    });
    Asset {
        id,
        hash: format!("sha256-{digits:0<64}"),
        crc32: 7,
        mime: "image/png".into(),
        bytes: 1_000,
        place: AssetPlace::Opfs { path: format!("atelier/assets/image/{id}") },
        name: Some(format!("{content}.png")),
        width: None,
        height: None,
        duration: None,
        thumbnail: None,
        created_at: NOW,
        extra: Object::default(),
    }
}

/// What makes a workflow.
pub fn named(stamp: Stamp, name: &str) -> Registers {
    Registers::new().with(RegisterName::Name, stamp, name)
}

/// What makes a node.
pub fn created(stamp: Stamp, title: &str) -> Registers {
    let mut node = Node::new(NodeId::new(stamp), "prompt", Point { x: 1.5, y: -20. });
    title.clone_into(&mut node.title);
    node.config.put("text", "A lighthouse");
    node.to_registers(stamp).unwrap()
}

/// What makes an edge.
pub fn connected(stamp: Stamp, source: NodeId, target: NodeId) -> Registers {
    let ends = Ends { source, target, source_handle: Some("out".into()), target_handle: None };
    Edge::new(EdgeId::new(stamp), ends).to_registers(stamp).unwrap()
}

/// One register, set.
pub fn set(name: &str, stamp: Stamp, value: impl Into<Json>) -> Registers {
    Registers::new().with(RegisterName::parse(name), stamp, value)
}

/// One register, removed.
pub fn removed(name: &str, stamp: Stamp) -> Registers {
    Registers::new().without(RegisterName::parse(name), stamp)
}

pub fn deleted(stamp: Stamp, deleted: bool) -> Registers {
    set("deleted", stamp, deleted)
}

/// A batch of patches.
pub fn batch_of(patches: impl IntoIterator<Item = (EntityKey, Registers)>) -> Batch {
    let mut batch = Batch::new();
    for (key, patch) in patches {
        batch.merge(key, &patch);
    }
    batch
}

/// A batch of one patch, ready to be committed.
pub fn one(key: EntityKey, patch: Registers) -> Arc<Batch> {
    Arc::new(batch_of([(key, patch)]))
}

/// A batch that sets one setting, or removes it.
pub fn setting(key: &str, value: Option<Json>) -> Arc<Batch> {
    let mut batch = Batch::new();
    batch.set(key, value);
    Arc::new(batch)
}

/// JSON, as it is written.
pub fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

/// One of a loaded workflow's entities.
pub fn entity(loaded: &Loaded, key: EntityKey) -> Registers {
    let node = loaded.nodes.rows.iter().find(|(id, _)| EntityKey::node(key.workflow, *id) == key).map(|(_, row)| row);
    let edge = loaded.edges.rows.iter().find(|(id, _)| EntityKey::edge(key.workflow, *id) == key).map(|(_, row)| row);
    let own = loaded.workflow.as_ref().filter(|_| EntityKey::workflow(key.workflow) == key);
    node.or(edge).or(own).map(|row| row.registers.clone()).unwrap_or_default()
}

/// One register of one of a loaded workflow's entities, with its stamp.
pub fn register(loaded: &Loaded, key: EntityKey, name: &str) -> Option<Register> {
    entity(loaded, key).get(&RegisterName::parse(name)).cloned()
}

/// The text of one value of one of a loaded workflow's entities.
pub fn value(loaded: &Loaded, key: EntityKey, name: &str) -> Option<String> {
    register(loaded, key, name)?.value.map(|json| json.text().to_owned())
}
