//! What can be done with edges of the open workflow. Ids that it doesn't have are left out.

use std::collections::BTreeSet;

use storage::model::{Edge, EdgeId, Ends, EntityKey, Json, NodeId, RegisterName, Registers};

use super::{
    Document, Selection, Side, Store,
    patch::{deleted, difference},
};

impl Store {
    /// Connects an output with an input. An input takes one edge, so an older one gives way.
    ///
    /// # Errors
    /// Why it can't be, as [`Store::fit`] says it.
    pub fn connect(&self, ends: Ends) -> Result<EdgeId, String> {
        self.fit(&ends, None)?;
        let older = self.with_document(|document| at_input(document, &ends)).unwrap_or_default();
        if let Some((id, _)) = older.iter().find(|(_, other)| *other == ends) {
            return Ok(*id);
        }
        let stamp = self.stamp();
        let edge = Edge::new(EdgeId::new(stamp), ends);
        let patch = edge.to_registers(stamp).map_err(|error| error.to_string())?;
        self.lay(edge.id, patch, older);
        Ok(edge.id)
    }

    /// Leads an edge from or to somewhere else. An older edge at its new input gives way.
    ///
    /// # Errors
    /// Why it can't be, as [`Store::fit`] says it; then it stays where it was.
    pub fn move_edge(&self, id: EdgeId, ends: Ends) -> Result<(), String> {
        self.fit(&ends, Some(id))?;
        let older = self.with_document(|document| at_input(document, &ends)).unwrap_or_default();
        if older.iter().any(|(other, as_they_are)| *other == id && *as_they_are == ends) {
            return Ok(());
        }
        let json = Json::new(&ends).map_err(|error| error.to_string())?;
        self.lay(id, Registers::new().with(RegisterName::Ends, self.stamp(), json), older);
        Ok(())
    }

    /// Stores an edge's new ends, and deletes what was at its input, together.
    fn lay(&self, id: EdgeId, patch: Registers, older: Vec<(EdgeId, Ends)>) {
        let Some(workflow) = self.open_id() else { return };
        let mut patches = vec![(EntityKey::edge(workflow, id), patch)];
        let others = older.into_iter().map(|(other, _)| other).filter(|other| *other != id);
        patches.extend(others.map(|other| (EntityKey::edge(workflow, other), deleted(self.stamp(), true))));
        self.apply(patches);
    }

    /// Whether two ports can be connected. `moving` is an edge that would give its place up for that.
    ///
    /// # Errors
    /// Why not, in words: `prompt takes text`.
    pub fn fit(&self, ends: &Ends, moving: Option<EdgeId>) -> Result<(), String> {
        let state = self.state();
        let document = state.open.as_ref().ok_or("no workflow is open")?;
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
        self.remove(&Selection { nodes: BTreeSet::new(), edges: ids.clone() });
    }

    /// Makes the open workflow's edges be these: adds, changes and deletes as it takes. What is equal keeps its stamps, and
    /// what is hidden with its node stays.
    ///
    /// # Errors
    /// None that is known: edges always can be JSON.
    pub fn set_edges(&self, edges: &[Edge]) -> Result<(), serde_json::Error> {
        let mut patches = Vec::new();
        {
            let state = self.state();
            let Some(document) = &state.open else { return Ok(()) };
            let key = |id| EntityKey::edge(document.id(), id);
            for edge in edges {
                let (stamp, current) = (self.stamp(), document.edge_registers(edge.id));
                let shown = current.and_then(|registers| Edge::from_registers(edge.id, registers, 0));
                let shown = shown.map(|edge| edge.to_registers(stamp)).transpose()?;
                let patch = difference(current, shown.as_ref(), edge.to_registers(stamp)?, stamp);
                patches.push((key(edge.id), patch));
            }
            let kept: BTreeSet<_> = edges.iter().map(|edge| edge.id).collect();
            let gone = document.edges().into_iter().map(|edge| edge.id).filter(|id| !kept.contains(id));
            patches.extend(gone.map(|id| (key(id), deleted(self.stamp(), true))));
        }
        self.apply(patches);
        Ok(())
    }
}

/// The edges that end where `ends` does.
fn at_input(document: &Document, ends: &Ends) -> Vec<(EdgeId, Ends)> {
    let same = |other: &Ends| other.target == ends.target && other.target_handle == ends.target_handle;
    let edges = document.edges_at(ends.target).filter(|(_, other)| same(other));
    edges.map(|(id, other)| (id, other.clone())).collect()
}

/// Whether edges other than `without` lead from one node to another.
fn leads_to(document: &Document, from: NodeId, to: NodeId, without: Option<EdgeId>) -> bool {
    let (mut waiting, mut seen) = (vec![from], BTreeSet::new());
    while let Some(id) = waiting.pop() {
        if id == to {
            return true;
        }
        if seen.insert(id) {
            let onward = document.edges_at(id).filter(|(edge, ends)| ends.source == id && Some(*edge) != without);
            waiting.extend(onward.map(|(_, ends)| ends.target));
        }
    }
    false
}
