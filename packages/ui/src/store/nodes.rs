//! What can be done with nodes: of the open workflow, unless another one is named. Ids that it doesn't have are left out.

use std::collections::BTreeSet;

use engine::{ASSET, media_kind};
use storage::{
    Error,
    model::{
        Asset, EntityKey, Json, Node, NodeId, Object, Point, Register, RegisterName, Registers, Run, Size, Stamp,
        WorkflowId,
    },
    package::{Originals, links, with_kept},
};

use super::{
    Selection, Store,
    document::Document,
    patch::{deleted, difference},
};

impl Store {
    /// Adds a node of a kind, with nothing set.
    pub fn add_node(&self, kind: &str, position: Point) -> Option<NodeId> {
        let workflow = self.open_id()?;
        let stamp = self.stamp();
        let node = Node::new(NodeId::new(stamp), kind, rounded(position));
        let registers = node.to_registers(stamp).ok()?;
        self.apply(vec![(EntityKey::node(workflow, node.id), registers)]);
        Some(node.id)
    }

    /// Adds a node that holds a content, all at once. The workflow need not be open any more.
    ///
    /// # Errors
    /// A reference that JSON can't hold.
    pub fn add_media(
        &self,
        workflow: WorkflowId,
        asset: &Asset,
        position: Point,
        size: Option<Size>,
    ) -> Result<NodeId, serde_json::Error> {
        let stamp = self.stamp();
        let config = Object::from_iter([(ASSET, Json::new(&asset.reference())?)]);
        let node = Node { size, config, ..Node::new(NodeId::new(stamp), media_kind(asset.kind()), rounded(position)) };
        self.apply(vec![(EntityKey::node(workflow, node.id), node.to_registers(stamp)?)]);
        Ok(node.id)
    }

    /// Has a node hold another content, and be as large as that is. The workflow need not be open any more.
    ///
    /// # Errors
    /// A reference that JSON can't hold.
    pub fn replace_media(
        &self,
        workflow: WorkflowId,
        id: NodeId,
        asset: &Asset,
        size: Option<Size>,
    ) -> Result<(), serde_json::Error> {
        let stamp = self.stamp();
        let mut patch = dimensions(stamp, None, size);
        patch = patch.with(RegisterName::config(ASSET), stamp, Json::new(&asset.reference())?);
        self.apply(vec![(EntityKey::node(workflow, id), patch)]);
        Ok(())
    }

    /// Deletes nodes. Their edges are hidden with them, and come back with them.
    pub fn remove_nodes(&self, ids: &BTreeSet<NodeId>) {
        self.remove(&Selection::of(ids.iter().copied()));
    }

    /// Makes the open workflow's nodes be these: adds, changes and deletes as it takes. What is equal keeps its stamps.
    ///
    /// # Errors
    /// A number that JSON can't hold; then nothing is changed.
    pub fn set_nodes(&self, nodes: &[Node]) -> Result<(), serde_json::Error> {
        let mut patches = Vec::new();
        {
            let state = self.state();
            let Some(document) = &state.open else { return Ok(()) };
            let key = |id| EntityKey::node(document.id(), id);
            for node in nodes {
                let (stamp, current) = (self.stamp(), document.node_registers(node.id));
                let shown = current.and_then(|registers| Node::from_registers(node.id, registers, 0));
                let shown = shown.map(|node| node.to_registers(stamp)).transpose()?;
                let patch = difference(current, shown.as_ref(), node.to_registers(stamp)?, stamp);
                patches.push((key(node.id), patch));
            }
            let kept: BTreeSet<_> = nodes.iter().map(|node| node.id).collect();
            let gone = document.node_ids().into_iter().filter(|id| !kept.contains(id));
            patches.extend(gone.map(|id| (key(id), deleted(self.stamp(), true))));
        }
        self.apply(patches);
        Ok(())
    }

    /// Sets some configuration keys of a node; `null` is a value like any other. Other keys stay as they are.
    pub fn update_node_config(&self, id: NodeId, config: &Object) {
        self.patch_node(id, |stamp| {
            let value = |json: &Json| Register { stamp, value: Some(json.clone()) };
            config.iter().map(|(key, json)| (RegisterName::config(key), value(json))).collect()
        });
    }

    /// Removes a configuration key of a node.
    pub fn remove_node_config(&self, id: NodeId, key: &str) {
        self.patch_node(id, |stamp| Registers::new().without(RegisterName::config(key), stamp));
    }

    /// Gives a node another title. An empty one stands for its kind's.
    pub fn rename_node(&self, id: NodeId, title: &str) {
        self.patch_node(id, |stamp| Registers::new().with(RegisterName::Title, stamp, title));
    }

    /// The addresses to which nodes of the open workflow lead, each once.
    pub fn links(&self) -> BTreeSet<String> {
        let nodes = self.with_document(Document::nodes).unwrap_or_default();
        nodes.iter().flat_map(links).collect()
    }

    /// Has a workflow, if it is still open, refer to what is kept of these addresses instead of them, in one step.
    ///
    /// # Errors
    /// The workflow can't be read; a number in a node is none.
    pub async fn keep_links(&self, workflow: WorkflowId, kept: &Originals) -> storage::Result<()> {
        // Another one may have been opened while they were fetched.
        let nodes = if self.open_id() == Some(workflow) {
            self.with_document(Document::nodes).unwrap_or_default()
        } else {
            Document::from_loaded(workflow, self.session().load(workflow).await?).nodes()
        };
        let refused = |error: serde_json::Error| Error::Refused { name: "JSON".into(), message: error.to_string() };
        let (stamp, mut patches) = (self.stamp(), Vec::new());
        for node in nodes {
            let Some(changed) = with_kept(&node, kept) else { continue };
            let before = node.to_registers(stamp).map_err(refused)?;
            let after = changed.to_registers(stamp).map_err(refused)?;
            let differs = |(name, register): &(&RegisterName, &Register)| before.value(name) != register.value.as_ref();
            let patch = after.iter().filter(differs).map(|(name, register)| (name.clone(), register.clone())).collect();
            patches.push((EntityKey::node(workflow, node.id), patch));
        }
        self.apply(patches);
        Ok(())
    }

    /// Sets what a node is doing and what it made: together, and nothing else. Whoever ran the node from an older snapshot
    /// can't put back anything that was changed since, and a node that was deleted meanwhile stays deleted. The workflow
    /// need not be open any more.
    ///
    /// # Errors
    /// A result that JSON can't hold.
    pub fn update_node_result(&self, workflow: WorkflowId, id: NodeId, run: &Run) -> Result<(), serde_json::Error> {
        let run = Json::new(run)?;
        if self.open_id() != Some(workflow) || self.has_node(id) {
            let patch = Registers::new().with(RegisterName::Run, self.stamp(), run);
            self.apply(vec![(EntityKey::node(workflow, id), patch)]);
        }
        Ok(())
    }

    /// Moves or resizes a node, or both at once.
    pub fn update_node_dimensions(&self, id: NodeId, position: Option<Point>, size: Option<Size>) {
        self.patch_node(id, |stamp| dimensions(stamp, position, size));
    }

    /// Moves nodes, all at once.
    pub fn move_nodes(&self, positions: &[(NodeId, Point)]) {
        let Some(workflow) = self.open_id() else { return };
        let moved = |(id, position): &(NodeId, Point)| {
            (EntityKey::node(workflow, *id), dimensions(self.stamp(), Some(*position), None))
        };
        self.apply(positions.iter().filter(|(id, _)| self.rect(*id).is_some()).map(moved).collect());
    }

    fn patch_node(&self, id: NodeId, patch: impl FnOnce(Stamp) -> Registers) {
        let Some(workflow) = self.open_id() else { return };
        if self.has_node(id) {
            self.apply(vec![(EntityKey::node(workflow, id), patch(self.stamp()))]);
        }
    }

    /// Whether the open workflow has a node, deleted or not.
    fn has_node(&self, id: NodeId) -> bool {
        self.with_document(|document| document.node_registers(id).is_some()).unwrap_or_default()
    }
}

fn dimensions(stamp: Stamp, position: Option<Point>, size: Option<Size>) -> Registers {
    let mut patch = Registers::new();
    if let Some(json) = position.and_then(|position| Json::new(&rounded(position)).ok()) {
        patch = patch.with(RegisterName::Position, stamp, json);
    }
    let whole = |size: Size| Size { width: size.width.round(), height: size.height.round() };
    if let Some(json) = size.and_then(|size| Json::new(&whole(size)).ok()) {
        patch = patch.with(RegisterName::Size, stamp, json);
    }
    patch
}

/// To a hundredth of a unit: finer than any screen, and short as text.
fn rounded(point: Point) -> Point {
    let round = |at: f64| (at * 100.).round() / 100.;
    Point { x: round(point.x), y: round(point.y) }
}
