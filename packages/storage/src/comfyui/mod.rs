//! Import of `ComfyUI` workflows: the files that its "Save" and "Export" write, and that its templates are.
//!
//! [`import`] is a function from a text to a [`Workflow`] in memory: it reads no file and no clock. It promises:
//! - Nothing is lost. What Atelier understands becomes nodes, edges and settings; all the rest is in `extra`, digit for digit.
//! - A setting has the right name or none: see `widget.rs`, where the difficulty is.
//! - Ports and edges agree: both take a slot's name from [`handles`].
//! - It refuses with a sentence that says where and why, and never panics, whatever the text.
//!
//! | in the file | here |
//! |---|---|
//! | a node's `type`, `pos`, `size`, `title` | kind (`comfy.` and the type), position, size, title |
//! | `widgets_values`, `widgets_values_named` | one key of `config` per value |
//! | `inputs`, `outputs` | `extra.inputs`, `extra.outputs`; a port each |
//! | a node's object without these two | `extra.comfy` |
//! | the definition that a node is an instance of | `extra.subgraph`: its name and how many nodes it holds |
//! | a link | an edge; the link as the file has it in `extra.comfy` |
//! | the file's object without nodes and links | the workflow's `extra.comfy` |
//! | a link that leads nowhere | in the list `links` of the workflow's `extra.comfy` |

mod classes;
mod distinct;
mod error;
mod limits;
mod link;
mod node;
mod raw;
mod slot;
mod subgraph;
#[cfg(test)]
mod tests;
mod warnings;
mod widget;

use std::collections::{HashMap, hash_map::Entry};

pub use error::ImportError;
pub use limits::Limits;
pub use slot::{Slot, handles};

use self::{
    link::{End, Link},
    node::{Imported, Reader, whole},
    raw::Shape,
    warnings::Warnings,
};
use crate::model::{Edge, EdgeId, Ends, Json, NodeId, Object, Stamp, Workflow, WorkflowId};

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// The workflow, with new ids. All its nodes are idle.
    pub workflow: Workflow,
    /// What is not as the file says, one sentence each.
    pub warnings: Vec<String>,
}

/// Imports a workflow within [`Limits::DEFAULT`]. `name` becomes the workflow's name; `next_stamp` gives a new stamp for
/// each id.
///
/// # Errors
/// The text is no workflow in the format of `ComfyUI`'s user interface.
pub fn import(text: &str, name: &str, next_stamp: &mut dyn FnMut() -> Stamp) -> Result<Import, ImportError> {
    import_within(&Limits::DEFAULT, text, name, next_stamp)
}

fn import_within(
    limits: &Limits,
    text: &str,
    name: &str,
    next_stamp: &mut dyn FnMut() -> Stamp,
) -> Result<Import, ImportError> {
    let mut file = file(&raw::parse(text, limits)?, limits)?;
    let nodes = entries(&mut file, "nodes", limits.nodes, "it has no list of nodes")?;
    let links = entries(&mut file, "links", limits.links, "it has no list of links")?;
    let mut warnings = Warnings::new(limits.warnings);
    let subgraphs = raw::field(&file, "definitions").map(|definitions| subgraph::read(definitions, limits));
    let subgraphs = subgraphs.unwrap_or_else(|| Some(HashMap::new())).unwrap_or_else(|| {
        warnings.add(format_args!("The file's subgraphs have an unknown form; they are kept as they are."));
        HashMap::new()
    });

    let mut workflow = Workflow::new(WorkflowId::new(next_stamp()), name);
    let mut ports = Ports::default();
    let mut reader = Reader { subgraphs: &subgraphs, limits, warnings: &mut warnings };
    for (at, json) in nodes.iter().enumerate() {
        let imported = reader.read(json, NodeId::new(next_stamp()));
        let imported = imported.map_err(|error| error.within(format_args!("nodes[{at}]")))?;
        workflow.nodes.push(ports.take(imported, reader.warnings));
    }
    let mut loose = Vec::new();
    for (at, json) in links.into_iter().enumerate() {
        let link = Link::read(&json, limits).map_err(|error| error.within(format_args!("links[{at}]")))?;
        match ports.ends(&link) {
            Ok(ends) => {
                let mut edge = Edge::new(EdgeId::new(next_stamp()), ends);
                edge.extra.put("comfy", json);
                workflow.edges.push(edge);
            }
            Err(why) => {
                warnings.add(format_args!("Link {} is kept but not shown: {why}.", link.id));
                loose.push(json);
            }
        }
    }
    if let Ok(loose) = Json::new(&loose)
        && loose.text() != "[]"
    {
        file.put("links", loose);
    }
    workflow.extra.put("comfy", whole(&file));
    Ok(Import { workflow, warnings: warnings.into_sentences() })
}

/// The file's object.
fn file(json: &Json, limits: &Limits) -> Result<Object, ImportError> {
    if Shape::of(json) != Shape::Object {
        return Err(ImportError::NoWorkflow { missing: "it is not an object with nodes and links" });
    }
    let file = raw::object(json, limits.entries).map_err(|error| error.within("the file"))?;
    let is_api_node = |(_, json): (&str, &Json)| json.read().is_ok_and(|node: Object| node.get("class_type").is_some());
    if file.get("nodes").is_none() && file.iter().any(is_api_node) {
        return Err(ImportError::ApiFormat);
    }
    Ok(file)
}

/// Takes one of the two lists out of the file.
fn entries(
    file: &mut Object,
    field: &'static str,
    limit: usize,
    missing: &'static str,
) -> Result<Vec<Json>, ImportError> {
    let list = raw::field(file, field).ok_or(ImportError::NoWorkflow { missing })?;
    let list = raw::list(list, limit).map_err(|error| error.within(field))?;
    file.remove(field);
    Ok(list)
}

/// Where links can lead.
#[derive(Default)]
struct Ports(HashMap<String, Handles>);

/// A node's handles in the order of its slots.
struct Handles {
    id: NodeId,
    inputs: Vec<Slot>,
    outputs: Vec<Slot>,
}

impl Ports {
    /// Notes the ports of a node.
    fn take(&mut self, imported: Imported, warnings: &mut Warnings) -> crate::model::Node {
        let Imported { name, inputs, outputs, node } = imported;
        match self.0.entry(name) {
            Entry::Vacant(place) => {
                place.insert(Handles { id: node.id, inputs, outputs });
            }
            Entry::Occupied(place) => {
                let name = place.key();
                warnings.add(format_args!("Several nodes have the number {name}; links lead to the first of them."));
            }
        }
        node
    }

    /// The ends of an edge, or why there are none.
    fn ends(&self, link: &Link) -> Result<Ends, String> {
        let (source, source_handle) = self.end(&link.origin, "output", |node| &node.outputs)?;
        let (target, target_handle) = self.end(&link.target, "input", |node| &node.inputs)?;
        Ok(Ends { source, target, source_handle: Some(source_handle), target_handle: Some(target_handle) })
    }

    fn end(&self, end: &End, side: &str, slots: fn(&Handles) -> &Vec<Slot>) -> Result<(NodeId, String), String> {
        let name = end.node.as_ref().ok_or_else(|| format!("it does not say which node's {side}"))?;
        let node = self.0.get(name).ok_or_else(|| format!("node {name} is not in the file"))?;
        let slot = end.slot.ok_or_else(|| format!("it does not say which {side} of node {name}"))?;
        let slot_of = |slot: usize| slots(node).get(slot).map(|slot| slot.handle.clone());
        let handle = slot_of(slot).ok_or_else(|| format!("node {name} has no {side} {slot}"))?;
        Ok((node.id, handle))
    }
}
