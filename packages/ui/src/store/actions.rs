//! What can be done: every change of stored data begins here.

use std::collections::{BTreeMap, BTreeSet};

use storage::{
    backend::Batch,
    model::{
        Edge, EdgeId, Ends, EntityKey, Json, Node, NodeId, Object, Point, Register, RegisterName, Registers, Run, Size,
        Stamp, Viewport, Workflow, WorkflowId,
    },
};

use super::{Document, Selection, Side, Store, Topic};

/// Setting: the workflow that was open last.
const LAST_OPEN: &str = "lastOpen";

/// Setting: where the user looked last.
fn viewport_key(id: WorkflowId) -> String {
    format!("viewport/{id}")
}

/// Workflows.
impl Store {
    /// Makes an empty workflow. It isn't opened.
    pub fn create_workflow(&self, name: &str) -> WorkflowId {
        let stamp = self.stamp();
        let workflow = Workflow::new(WorkflowId::new(stamp), name);
        self.apply(vec![(EntityKey::workflow(workflow.id), workflow.to_registers(self.stamp()))]);
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

    /// Deletes a workflow; [`Store::restore_workflow`] brings it back. It is closed if it is open.
    pub fn remove_workflow(&self, id: WorkflowId) {
        self.apply(vec![(EntityKey::workflow(id), deleted(self.stamp(), true))]);
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
        let loaded;
        let source = if self.open_id() == Some(id) {
            self.with_document(|document| (document.nodes(), document.edges(), document.registers().clone()))
        } else {
            loaded = Document::from_loaded(id, self.session().load(id).await?);
            Some((loaded.nodes(), loaded.edges(), loaded.registers().clone()))
        };
        let (nodes, edges, own) = source.unwrap_or_default();
        let name = self.summary(id).map_or_else(String::new, |summary| summary.name);
        let stamp = self.stamp();
        let mut copy = Workflow::new(WorkflowId::new(stamp), &self.free_name(&name));
        for (register, value) in own.iter() {
            if let (RegisterName::Extra(field), Some(json)) = (register, &value.value) {
                copy.extra.put(field, json.clone());
            }
        }
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
        let refused = |error: serde_json::Error| storage::Error::Refused { name: "JSON".into(), message: error.to_string() };
        self.import_workflow(&copy).map_err(refused)
    }

    /// `name`, or `name 2`, or whichever number no workflow has.
    pub fn free_name(&self, name: &str) -> String {
        let state = self.state();
        let taken: BTreeSet<_> = state.library.ids().into_iter().filter_map(|id| Some(state.library.summary(id)?.name)).collect();
        let numbered = (2_u32..).map(|number| format!("{name} {number}"));
        std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or_default()
    }

    /// Opens a workflow, unless another one is asked for meanwhile.
    ///
    /// # Errors
    /// It can't be read; then what was open stays open.
    pub async fn open_workflow(&self, id: WorkflowId) -> storage::Result<()> {
        if self.open_id() == Some(id) {
            self.state_mut().opening = None;
            return Ok(());
        }
        self.state_mut().opening = Some(id);
        self.notify(vec![Topic::Open]);
        let read = async { Ok((self.session().load(id).await?, self.session().kv(&viewport_key(id)).await?)) };
        let result: storage::Result<_> = read.await;
        self.keep_viewport();
        let mut state = self.state_mut();
        if state.opening != Some(id) {
            return Ok(());
        }
        state.opening = None;
        let result = result.map(|(loaded, viewport)| {
            state.open = Some(Document::from_loaded(id, loaded));
            state.viewport = viewport.and_then(|json| json.read().ok());
            state.viewport_is_kept = true;
            state.selection = Selection::default();
        });
        drop(state);
        if result.is_ok() {
            let mut batch = Batch::new();
            batch.set(LAST_OPEN, Some(Json::from(id.to_string())));
            self.session().write(batch);
        }
        self.notify(vec![Topic::Open, Topic::Graph, Topic::Selection, Topic::Viewport]);
        result
    }

    /// Shows no workflow.
    pub fn close_workflow(&self) {
        {
            let mut state = self.state_mut();
            (state.open, state.opening, state.viewport, state.viewport_is_kept) = (None, None, None, true);
            state.selection = Selection::default();
        }
        let mut batch = Batch::new();
        batch.set(LAST_OPEN, None);
        self.session().write(batch);
        self.notify(vec![Topic::Open, Topic::Graph, Topic::Selection, Topic::Viewport]);
    }

    /// The workflow that was open last, if it is still there.
    ///
    /// # Errors
    /// The setting can't be read.
    pub async fn last_open(&self) -> storage::Result<Option<WorkflowId>> {
        let id: Option<WorkflowId> = self.session().kv(LAST_OPEN).await?.and_then(|json| json.read().ok());
        Ok(id.filter(|id| self.summary(*id).is_some()))
    }

    /// Looks elsewhere. [`Store::keep_viewport`] stores it, once the movement is over.
    pub fn set_viewport(&self, viewport: Viewport) {
        {
            let mut state = self.state_mut();
            if state.open.is_none() || state.viewport == Some(viewport) {
                return;
            }
            (state.viewport, state.viewport_is_kept) = (Some(viewport), false);
        }
        self.notify(vec![Topic::Viewport]);
    }

    /// Stores where the user looks, unless that is stored. It has no stamp: it is a matter of this device.
    pub fn keep_viewport(&self) {
        let json = {
            let mut state = self.state_mut();
            if std::mem::replace(&mut state.viewport_is_kept, true) {
                return;
            }
            state.viewport.and_then(|viewport| Json::new(&viewport).ok())
        };
        if let (Some(id), Some(json)) = (self.open_id(), json) {
            let mut batch = Batch::new();
            batch.set(&viewport_key(id), Some(json));
            self.session().write(batch);
        }
    }
}

/// Nodes and edges of the open workflow. Ids that it doesn't have are left out.
impl Store {
    /// Adds a node of a kind, with nothing set.
    pub fn add_node(&self, kind: &str, position: Point) -> Option<NodeId> {
        let workflow = self.open_id()?;
        let node = Node::new(NodeId::new(self.stamp()), kind, rounded(position));
        let registers = node.to_registers(self.stamp()).ok()?;
        self.apply(vec![(EntityKey::node(workflow, node.id), registers)]);
        Some(node.id)
    }

    /// Deletes nodes. Their edges are hidden with them, and come back with them.
    pub fn remove_nodes(&self, ids: &BTreeSet<NodeId>) {
        self.patch_nodes(ids, |stamp| deleted(stamp, true));
        self.forget_selected();
    }

    /// Brings deleted nodes back.
    pub fn restore_nodes(&self, ids: &BTreeSet<NodeId>) {
        self.patch_nodes(ids, |stamp| deleted(stamp, false));
    }

    fn patch_nodes(&self, ids: &BTreeSet<NodeId>, patch: impl Fn(Stamp) -> Registers) {
        let Some(workflow) = self.open_id() else { return };
        let known: Vec<_> = self
            .with_document(|document| ids.iter().copied().filter(|id| document.node_registers(*id).is_some()).collect())
            .unwrap_or_default();
        self.apply(known.into_iter().map(|id| (EntityKey::node(workflow, id), patch(self.stamp()))).collect());
    }

    /// Makes the open workflow's nodes be these: adds, changes and deletes as it takes. What is equal keeps its stamps.
    ///
    /// # Errors
    /// A number that JSON can't hold; then nothing is changed.
    pub fn set_nodes(&self, nodes: &[Node]) -> Result<(), serde_json::Error> {
        let Some(workflow) = self.open_id() else { return Ok(()) };
        let mut patches = Vec::new();
        {
            let state = self.state();
            let Some(document) = &state.open else { return Ok(()) };
            for node in nodes {
                let stamp = self.stamp();
                let wanted = node.to_registers(stamp)?;
                let patch = difference(document.node_registers(node.id), &wanted, stamp);
                patches.push((EntityKey::node(workflow, node.id), patch));
            }
            let kept: BTreeSet<_> = nodes.iter().map(|node| node.id).collect();
            for id in document.node_ids() {
                if !kept.contains(&id) {
                    patches.push((EntityKey::node(workflow, id), deleted(self.stamp(), true)));
                }
            }
        }
        patches.retain(|(_, patch)| !patch.is_empty());
        self.apply(patches);
        self.forget_selected();
        Ok(())
    }

    /// Makes the open workflow's edges be these: adds, changes and deletes as it takes. What is equal keeps its stamps.
    ///
    /// # Errors
    /// None that is known: edges always can be JSON.
    pub fn set_edges(&self, edges: &[Edge]) -> Result<(), serde_json::Error> {
        let Some(workflow) = self.open_id() else { return Ok(()) };
        let mut patches = Vec::new();
        {
            let state = self.state();
            let Some(document) = &state.open else { return Ok(()) };
            for edge in edges {
                let stamp = self.stamp();
                let patch = difference(document.edge_registers(edge.id), &edge.to_registers(stamp)?, stamp);
                patches.push((EntityKey::edge(workflow, edge.id), patch));
            }
            let kept: BTreeSet<_> = edges.iter().map(|edge| edge.id).collect();
            for edge in document.edges() {
                if !kept.contains(&edge.id) {
                    patches.push((EntityKey::edge(workflow, edge.id), deleted(self.stamp(), true)));
                }
            }
        }
        patches.retain(|(_, patch)| !patch.is_empty());
        self.apply(patches);
        self.forget_selected();
        Ok(())
    }

    /// Connects an output with an input. An input takes one edge, so an older one gives way.
    ///
    /// # Errors
    /// Why it can't be, as [`Store::fit`] says it.
    pub fn connect(&self, ends: Ends) -> Result<EdgeId, String> {
        let workflow = self.open_id().ok_or("No workflow is open")?;
        self.fit(&ends)?;
        let stamp = self.stamp();
        let edge = Edge::new(EdgeId::new(stamp), ends);
        let older: Vec<_> = self
            .with_document(|document| {
                let at = document.edges_at(edge.ends.target);
                at.filter(|(_, other)| other.target == edge.ends.target && other.target_handle == edge.ends.target_handle)
                    .map(|(id, other)| (id, *other == edge.ends))
                    .collect()
            })
            .unwrap_or_default();
        if let Some((id, _)) = older.iter().find(|(_, same)| *same) {
            return Ok(*id);
        }
        let mut patches: Vec<_> =
            older.into_iter().map(|(id, _)| (EntityKey::edge(workflow, id), deleted(self.stamp(), true))).collect();
        let registers = edge.to_registers(self.stamp()).map_err(|error| error.to_string())?;
        patches.push((EntityKey::edge(workflow, edge.id), registers));
        self.apply(patches);
        Ok(edge.id)
    }

    /// Whether the two ports can be connected.
    ///
    /// # Errors
    /// Why not, in words: `prompt takes text`.
    pub fn fit(&self, ends: &Ends) -> Result<(), String> {
        self.fit_beside(ends, None)
    }

    /// Like [`Store::fit`], as if the edge `moving` were not there.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn fit_beside(&self, ends: &Ends, moving: Option<EdgeId>) -> Result<(), String> {
        let state = self.state();
        let document = state.open.as_ref().ok_or("No workflow is open")?;
        if ends.source == ends.target {
            return Err("a node can't feed itself".into());
        }
        let port = |id, side, handle: &Option<String>| {
            let content = document.content(id)?;
            let ports = if side == Side::In { &content.shape.inputs } else { &content.shape.outputs };
            ports.iter().find(|port| Some(&*port.handle) == handle.as_deref()).cloned()
        };
        let source = port(ends.source, Side::Out, &ends.source_handle).ok_or("there is no such output")?;
        let target = port(ends.target, Side::In, &ends.target_handle).ok_or("there is no such input")?;
        if !source.kind.fits(&target.kind) {
            return Err(format!("{} takes {}", target.label, target.kind.name()));
        }
        if leads_to(document, ends.target, ends.source, moving) {
            return Err("that would go in a circle".into());
        }
        Ok(())
    }

    /// Deletes edges.
    pub fn disconnect(&self, ids: &BTreeSet<EdgeId>) {
        self.patch_edges(ids, true);
        self.forget_selected();
    }

    /// Brings deleted edges back.
    pub fn reconnect(&self, ids: &BTreeSet<EdgeId>) {
        self.patch_edges(ids, false);
    }

    fn patch_edges(&self, ids: &BTreeSet<EdgeId>, delete: bool) {
        let Some(workflow) = self.open_id() else { return };
        let known: Vec<_> = self
            .with_document(|document| ids.iter().copied().filter(|id| document.edge_registers(*id).is_some()).collect())
            .unwrap_or_default();
        self.apply(known.into_iter().map(|id| (EntityKey::edge(workflow, id), deleted(self.stamp(), delete))).collect());
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

    /// Sets what a node is doing and what it made: together, and nothing else. Whoever ran the node from an older snapshot
    /// can't put back anything that was changed since, and a node that was deleted meanwhile stays deleted.
    ///
    /// # Errors
    /// A result that JSON can't hold.
    pub fn update_node_result(&self, id: NodeId, run: &Run) -> Result<(), serde_json::Error> {
        let run = Json::new(run)?;
        self.patch_node(id, |stamp| Registers::new().with(RegisterName::Run, stamp, run.clone()));
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

    fn patch_node(&self, id: NodeId, patch: impl Fn(Stamp) -> Registers) {
        let Some(workflow) = self.open_id() else { return };
        if self.with_document(|document| document.node_registers(id).is_some()) != Some(true) {
            return;
        }
        let patch = patch(self.stamp());
        if !patch.is_empty() {
            self.apply(vec![(EntityKey::node(workflow, id), patch)]);
        }
    }
}

/// What is selected.
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

    /// Drops from the selection what is no longer shown.
    fn forget_selected(&self) {
        let mut selection = self.selection();
        self.with_document(|document| {
            selection.nodes.retain(|id| document.rect(*id).is_some());
            selection.edges.retain(|id| document.ends(*id).is_some());
        });
        self.select(selection);
    }

    /// Deletes what is selected, and says what that was.
    pub fn remove_selected(&self) -> Selection {
        let selection = self.selection();
        self.disconnect(&selection.edges);
        self.remove_nodes(&selection.nodes);
        selection
    }

    /// Brings back what [`Store::remove_selected`] took away.
    pub fn restore(&self, selection: &Selection) {
        self.restore_nodes(&selection.nodes);
        self.reconnect(&selection.edges);
    }
}

fn deleted(stamp: Stamp, value: bool) -> Registers {
    Registers::new().with(RegisterName::Deleted, stamp, value)
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

/// What must be set at `stamp` to make `current` show `wanted`.
fn difference(current: Option<&Registers>, wanted: &Registers, stamp: Stamp) -> Registers {
    let Some(current) = current else { return wanted.clone() };
    let mut patch = Registers::new();
    for (name, register) in wanted.iter() {
        if current.value(name) != register.value.as_ref() {
            patch.set(name.clone(), register.clone());
        }
    }
    for (name, register) in current.iter() {
        let gone = wanted.get(name).is_none() && register.value.is_some();
        // What this build doesn't know isn't in what it was given, so its absence says nothing.
        if gone && !matches!(name, RegisterName::Deleted | RegisterName::Other(_)) {
            patch.set(name.clone(), Register { stamp, value: None });
        }
    }
    if current.is_deleted() {
        patch = patch.with(RegisterName::Deleted, stamp, false);
    }
    patch
}

/// Whether edges other than `without` lead from one node to another.
fn leads_to(document: &Document, from: NodeId, to: NodeId, without: Option<EdgeId>) -> bool {
    let (mut waiting, mut seen) = (vec![from], BTreeSet::new());
    while let Some(id) = waiting.pop() {
        if id == to {
            return true;
        }
        if seen.insert(id) {
            waiting.extend(document.edges_at(id).filter(|(edge, ends)| ends.source == id && Some(*edge) != without).map(|(_, ends)| ends.target));
        }
    }
    false
}
