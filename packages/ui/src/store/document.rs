//! An open workflow in memory: its entities as registers, and what is derived from them.
//!
//! No signals and no I/O here, so that it is tested without either.

use std::{
    cell::OnceCell,
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

use engine::{Picture, Shape};
use rustc_hash::FxBuildHasher;
use serde_json::value::RawValue;
use storage::{
    Error,
    backend::{Batch, Loaded},
    model::{Edge, EdgeId, Ends, EntityKey, Node, NodeId, Part, Point, RegisterName, Registers, Size, WorkflowId},
};

use super::Topic;
use crate::canvas::{
    geometry::{Rect, card_size, port_height, ports_end},
    grid::Grid,
};

type Map<K, V> = HashMap<K, V, FxBuildHasher>;

/// What a card shows of a node, but for where it is: moving a node leaves this alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// The node as it was when this was made. Where it is now, [`Document::rect`] knows.
    pub node: Node,
    /// Its title, ports and settings.
    pub shape: Shape,
}

#[derive(Debug, Default)]
struct NodeEntry {
    registers: Registers,
    version: u64,
    content: OnceCell<Rc<Content>>,
}

#[derive(Debug, Default)]
struct EdgeEntry {
    registers: Registers,
    version: u64,
    /// None while the register that creates it is missing, and while the edge is deleted.
    ends: Option<Ends>,
}

/// An open workflow.
#[derive(Debug)]
pub struct Document {
    id: WorkflowId,
    registers: Registers,
    /// Why some of its rows couldn't be read.
    unreadable: Vec<Error>,
    nodes: Map<NodeId, NodeEntry>,
    edges: Map<EdgeId, EdgeEntry>,
    /// The edges at a node, hidden ones too.
    edges_at: Map<NodeId, BTreeSet<EdgeId>>,
    /// The nodes that are shown.
    node_index: Grid<NodeId>,
    /// The edges that are shown: both of their nodes are.
    edge_index: Grid<EdgeId>,
}

impl Document {
    /// A workflow with nothing in it.
    pub fn new(id: WorkflowId) -> Self {
        Self {
            id,
            registers: Registers::new(),
            unreadable: Vec::new(),
            nodes: Map::default(),
            edges: Map::default(),
            edges_at: Map::default(),
            node_index: Grid::default(),
            edge_index: Grid::default(),
        }
    }

    /// A workflow as it was loaded.
    pub fn from_loaded(id: WorkflowId, loaded: Loaded) -> Self {
        let mut document = Self::new(id);
        document.registers = loaded.workflow.unwrap_or_default().registers;
        document.unreadable.extend(loaded.corrupt.into_iter().chain(loaded.nodes.corrupt).chain(loaded.edges.corrupt));
        for (id, row) in loaded.nodes.rows {
            document
                .nodes
                .insert(id, NodeEntry { registers: row.registers, version: row.version, content: OnceCell::new() });
            document.place(id);
        }
        for (id, row) in loaded.edges.rows {
            document.edges.insert(id, EdgeEntry { registers: row.registers, version: row.version, ends: None });
            document.tie(id, &Rect::default());
        }
        document
    }

    /// Which workflow it is.
    pub fn id(&self) -> WorkflowId {
        self.id
    }

    /// Why some of its rows couldn't be read. They stay where they are.
    pub fn unreadable(&self) -> &[Error] {
        &self.unreadable
    }

    /// The workflow's own registers.
    pub fn registers(&self) -> &Registers {
        &self.registers
    }

    /// Merges registers into an entity of this workflow, and says what that changed. `near` is what is near the view.
    pub fn merge(&mut self, part: Part, patch: &Registers, near: &Rect) -> Vec<Topic> {
        match part {
            Part::Itself => {
                self.registers.merge(patch);
                Vec::new()
            }
            Part::Node(id) => self.merge_node(id, patch, near),
            Part::Edge(id) => self.merge_edge(id, patch, near),
        }
    }

    /// Everything that can change when another document takes this one's place, or this one another's.
    pub fn topics(&self) -> impl Iterator<Item = Topic> {
        let nodes = self.nodes.keys().flat_map(|id| [Topic::Node(*id), Topic::Place(*id)]);
        let edges = self.edges.keys().map(|id| Topic::Edge(*id));
        nodes.chain(edges).chain([Topic::Graph, Topic::Places])
    }

    /// Takes note of how often a row was written.
    pub fn set_version(&mut self, part: Part, version: u64) {
        match part {
            Part::Itself => {}
            Part::Node(id) => {
                if let Some(entry) = self.nodes.get_mut(&id) {
                    entry.version = version.max(entry.version);
                }
            }
            Part::Edge(id) => {
                if let Some(entry) = self.edges.get_mut(&id) {
                    entry.version = version.max(entry.version);
                }
            }
        }
    }

    /// How often a node's or an edge's row was written when it was seen last; 0 if it never was.
    pub fn version(&self, part: Part) -> u64 {
        match part {
            Part::Itself => 0,
            Part::Node(id) => self.nodes.get(&id).map_or(0, |entry| entry.version),
            Part::Edge(id) => self.edges.get(&id).map_or(0, |entry| entry.version),
        }
    }

    fn merge_node(&mut self, id: NodeId, patch: &Registers, near: &Rect) -> Vec<Topic> {
        let entry = self.nodes.entry(id).or_default();
        if !entry.registers.merge(patch) {
            return Vec::new();
        }
        let mut topics = Vec::new();
        if patch.iter().any(|(name, _)| *name != RegisterName::Position) {
            entry.content = OnceCell::new();
            topics.push(Topic::Node(id));
        }
        let before = self.node_index.rect(id);
        self.place(id);
        let after = self.node_index.rect(id);
        let edges = self.edges_at.get(&id).cloned().unwrap_or_default();
        if before != after {
            topics.extend([Topic::Place(id), Topic::Places]);
            if Sight::of(before, near) != Sight::of(after, near) {
                topics.push(Topic::Graph);
            }
            for edge in &edges {
                topics.extend(self.span(*edge, near));
            }
        }
        // Ports have other places and types then.
        if patch.iter().any(|(name, _)| matches!(name, RegisterName::Type | RegisterName::Extra(_))) {
            topics.extend(edges.into_iter().map(Topic::Edge));
        }
        topics
    }

    fn merge_edge(&mut self, id: EdgeId, patch: &Registers, near: &Rect) -> Vec<Topic> {
        let entry = self.edges.entry(id).or_default();
        if !entry.registers.merge(patch) {
            return Vec::new();
        }
        let old = entry.ends.clone();
        let mut topics = vec![Topic::Edge(id)];
        topics.extend(self.tie(id, near));
        let new = self.edges.get(&id).and_then(|entry| entry.ends.as_ref());
        if old.as_ref() != new {
            topics.push(Topic::Graph);
            topics.extend(old.iter().chain(new).flat_map(ports_at));
        }
        topics
    }

    /// Puts a node into the index, or takes it out.
    fn place(&mut self, id: NodeId) {
        let rect = self
            .nodes
            .get(&id)
            .filter(|entry| is_shown(&entry.registers, &RegisterName::Type))
            .map(|entry| rect(&entry.registers));
        match rect {
            Some(rect) => self.node_index.put(id, rect),
            None => self.node_index.remove(id),
        }
    }

    /// Notes which nodes an edge joins, puts it into the index, and says what that changed.
    fn tie(&mut self, id: EdgeId, near: &Rect) -> Vec<Topic> {
        let Some(entry) = self.edges.get_mut(&id) else { return Vec::new() };
        if let Some(old) = entry.ends.take() {
            for node in [old.source, old.target] {
                if let Some(edges) = self.edges_at.get_mut(&node) {
                    edges.remove(&id);
                }
            }
        }
        if is_shown(&entry.registers, &RegisterName::Ends) {
            entry.ends = entry.registers.value(&RegisterName::Ends).and_then(|json| json.read().ok());
        }
        if let Some(ends) = &entry.ends {
            for node in [ends.source, ends.target] {
                self.edges_at.entry(node).or_default().insert(id);
            }
        }
        self.span(id, near)
    }

    /// Puts an edge into the index between its nodes, or takes it out, and says what that changed. The whole of both cards
    /// counts, so that nobody needs to know where on them the ports are.
    fn span(&mut self, id: EdgeId, near: &Rect) -> Vec<Topic> {
        let ends = self.edges.get(&id).and_then(|entry| entry.ends.as_ref());
        let both = |ends: &Ends| Some(self.node_index.rect(ends.source)?.union(&self.node_index.rect(ends.target)?));
        let (before, after) = (self.edge_index.rect(id), ends.and_then(both));
        let mut topics = Vec::new();
        if Sight::of(before, near) != Sight::of(after, near) {
            topics.push(Topic::Graph);
        }
        if before.is_some() != after.is_some() {
            topics.push(Topic::Edge(id));
            topics.extend(ends.into_iter().flat_map(ports_at));
        }
        match after {
            Some(rect) => self.edge_index.put(id, rect),
            None => self.edge_index.remove(id),
        }
        topics
    }

    /// A node as people see it, if it is shown.
    pub fn node(&self, id: NodeId) -> Option<Node> {
        self.node_index.rect(id)?;
        let entry = self.nodes.get(&id)?;
        Node::from_registers(id, &entry.registers, entry.version)
    }

    /// All nodes that are shown, by id.
    pub fn nodes(&self) -> Vec<Node> {
        self.node_ids().into_iter().filter_map(|id| self.node(id)).collect()
    }

    /// The ids of all nodes that are shown, sorted.
    pub fn node_ids(&self) -> Vec<NodeId> {
        let mut ids: Vec<_> = self.nodes.keys().copied().filter(|id| self.node_index.rect(*id).is_some()).collect();
        ids.sort_unstable();
        ids
    }

    /// How many nodes are shown.
    pub fn node_count(&self) -> usize {
        self.node_index.len()
    }

    /// How many edges are shown.
    pub fn edge_count(&self) -> usize {
        self.edge_index.len()
    }

    /// What a card shows of a node, if it is shown.
    pub fn content(&self, id: NodeId) -> Option<Rc<Content>> {
        self.node_index.rect(id)?;
        let entry = self.nodes.get(&id)?;
        if let Some(content) = entry.content.get() {
            return Some(Rc::clone(content));
        }
        let node = Node::from_registers(id, &entry.registers, entry.version)?;
        let shape = Shape::of(&node);
        Some(Rc::clone(entry.content.get_or_init(|| Rc::new(Content { node, shape }))))
    }

    /// What a node's card looks like, without making its content.
    pub fn picture(&self, id: NodeId) -> Option<Picture> {
        let kind: String = self.nodes.get(&id)?.registers.value(&RegisterName::Type)?.read().ok()?;
        Some(engine::kind(&kind).map_or(Picture::Generic, |kind| kind.picture))
    }

    /// A node's registers, shown or not.
    pub fn node_registers(&self, id: NodeId) -> Option<&Registers> {
        self.nodes.get(&id).map(|entry| &entry.registers)
    }

    /// Where a node is, if it is shown.
    pub fn rect(&self, id: NodeId) -> Option<Rect> {
        self.node_index.rect(id)
    }

    /// An edge as people see it, if it is shown.
    pub fn edge(&self, id: EdgeId) -> Option<Edge> {
        self.edge_index.rect(id)?;
        let entry = self.edges.get(&id)?;
        Edge::from_registers(id, &entry.registers, entry.version)
    }

    /// All edges that are shown, by id.
    pub fn edges(&self) -> Vec<Edge> {
        let mut ids: Vec<_> = self.edges.keys().copied().collect();
        ids.sort_unstable();
        ids.into_iter().filter_map(|id| self.edge(id)).collect()
    }

    /// An edge's registers, shown or not.
    pub fn edge_registers(&self, id: EdgeId) -> Option<&Registers> {
        self.edges.get(&id).map(|entry| &entry.registers)
    }

    /// From where to where an edge leads, if it is shown.
    pub fn ends(&self, id: EdgeId) -> Option<&Ends> {
        self.edge_index.rect(id)?;
        self.edges.get(&id)?.ends.as_ref()
    }

    /// From where to where all shown edges lead, in no order.
    pub fn all_ends(&self) -> impl Iterator<Item = &Ends> {
        self.edges
            .iter()
            .filter(|(id, _)| self.edge_index.rect(**id).is_some())
            .filter_map(|(_, entry)| entry.ends.as_ref())
    }

    /// The shown edges at a node.
    pub fn edges_at(&self, id: NodeId) -> impl Iterator<Item = (EdgeId, &Ends)> {
        self.edges_at.get(&id).into_iter().flatten().filter_map(|edge| Some((*edge, self.ends(*edge)?)))
    }

    /// The nodes and the edges that touch a part of the world, by id.
    pub fn within(&self, area: &Rect) -> (Vec<NodeId>, Vec<EdgeId>) {
        (self.node_index.within(area), self.edge_index.within(area))
    }

    /// The smallest rectangle that holds all nodes.
    pub fn bounds(&self) -> Option<Rect> {
        self.node_index.bounds()
    }

    /// Where on the canvas an edge begins and ends.
    pub fn edge_points(&self, ends: &Ends) -> Option<(Point, Point)> {
        let source = self.port_point(ends.source, Side::Out, ends.source_handle.as_deref())?;
        Some((source, self.port_point(ends.target, Side::In, ends.target_handle.as_deref())?))
    }

    /// Where a port is. A handle that the node doesn't have is at the height of the title.
    pub fn port_point(&self, id: NodeId, side: Side, handle: Option<&str>) -> Option<Point> {
        let rect = self.rect(id)?;
        let content = self.content(id)?;
        let ports = match side {
            Side::In => &content.shape.inputs,
            Side::Out => &content.shape.outputs,
        };
        let row = handle.and_then(|handle| ports.iter().position(|port| port.handle == handle));
        let y = rect.top + row.map_or(ports_end(0) / 2., port_height);
        Some(Point { x: if side == Side::In { rect.left } else { rect.right }, y })
    }

    /// Adds everything that is known of the workflow to `batch`, as it stands.
    pub fn add_to(&self, batch: &mut Batch) {
        batch.merge(EntityKey::workflow(self.id), &self.registers);
        for (id, entry) in &self.nodes {
            batch.merge(EntityKey::node(self.id, *id), &entry.registers);
        }
        for (id, entry) in &self.edges {
            batch.merge(EntityKey::edge(self.id, *id), &entry.registers);
        }
    }
}

/// On which side of a card a port is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Inputs, on the left.
    In,
    /// Outputs, on the right.
    Out,
}

impl Side {
    /// The name in attributes.
    pub fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// What is seen of an entity.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sight {
    Hidden,
    Away,
    Near,
}

impl Sight {
    fn of(rect: Option<Rect>, near: &Rect) -> Self {
        match rect {
            None => Self::Hidden,
            Some(rect) if rect.touches(near) => Self::Near,
            Some(_) => Self::Away,
        }
    }
}

/// Both nodes show by their ports whether something is connected there.
fn ports_at(ends: &Ends) -> [Topic; 2] {
    [Topic::Node(ends.source), Topic::Node(ends.target)]
}

/// Whether an entity was created and isn't deleted.
fn is_shown(registers: &Registers, created_by: &RegisterName) -> bool {
    registers.value(created_by).is_some() && !registers.is_deleted()
}

/// Where a card is. Cheap, since a workflow's every node is asked once when it is opened.
fn rect(registers: &Registers) -> Rect {
    let read = |name| registers.value(&name);
    let position = read(RegisterName::Position).and_then(|json| json.read::<Point>().ok()).unwrap_or_default();
    let size = read(RegisterName::Size).and_then(|json| json.read::<Size>().ok());
    let kind = read(RegisterName::Type).and_then(|json| json.read::<String>().ok()).unwrap_or_default();
    let (rows, body) = match engine::kind(&kind) {
        // A note has no header, so its body is all of it.
        Some(kind) if kind.picture == Picture::Note => (0, kind.body - ports_end(0)),
        Some(kind) => (kind.inputs.len().max(kind.outputs.len()), kind.body),
        None => {
            let slots =
                |field| read(RegisterName::extra(field)).and_then(|json| json.read::<Vec<Box<RawValue>>>().ok());
            let count = |field| slots(field).map_or(0, |slots| slots.len());
            (count("inputs").max(count("outputs")), UNKNOWN_BODY)
        }
    };
    Rect::new(position, card_size(size, rows, body))
}

/// The body of a node whose kind this build doesn't know: room for two lines of settings.
const UNKNOWN_BODY: f64 = 64.;
