//! Definitions of subgraphs: what a node stands for whose type is the id of one.

use std::collections::{HashMap, HashSet};

use super::{
    Limits,
    link::{Link, node_id},
    raw,
    slot::handles,
    widget::Widget,
};
use crate::model::{Json, Object};

/// What an instance shows of its definition.
#[derive(Debug)]
pub(super) struct Subgraph {
    /// What the author called it.
    pub(super) name: String,
    /// How many nodes it holds, not counting those within subgraphs of its own.
    pub(super) nodes: usize,
    /// The settings that every instance has, in the order of an instance's values: the inputs that lead to a widget inside.
    pub(super) widgets: Vec<Widget>,
}

/// The subgraphs in a file's `definitions`, by id. None: they have another shape than is known.
pub(super) fn read(definitions: &Json, limits: &Limits) -> Option<HashMap<String, Subgraph>> {
    let definitions = raw::object(definitions, limits.entries).ok()?;
    let Some(subgraphs) = raw::field(&definitions, "subgraphs") else { return Some(HashMap::new()) };
    raw::list(subgraphs, limits.nodes).ok()?.iter().map(|subgraph| Subgraph::read(subgraph, limits)).collect()
}

impl Subgraph {
    fn read(json: &Json, limits: &Limits) -> Option<(String, Self)> {
        let object = raw::object(json, limits.entries).ok()?;
        let list = |field, limit| match raw::field(&object, field) {
            Some(json) => raw::list(json, limit).ok(),
            None => Some(Vec::new()),
        };
        let nodes = list("nodes", limits.nodes)?;
        let links = list("links", limits.links)?;
        let to_widget = links_to_widgets(&nodes, &links, limits);
        let slots = raw::field(&object, "inputs").map(handles).unwrap_or_default();
        let widgets = slots.into_iter().zip(list("inputs", limits.entries)?).filter_map(|(slot, input)| {
            let input: Object = input.read().ok()?;
            let links: Vec<Json> = raw::field(&input, "linkIds")?.read().ok()?;
            let mut links = links.iter().filter_map(|link| node_id(Some(link), "linkIds").ok()?);
            links.any(|link| to_widget.contains(&link)).then_some(Widget { name: slot.handle, kind: slot.kind })
        });
        let widgets = widgets.collect();
        let name = raw::field(&object, "name").and_then(|name| raw::text(name).ok()).unwrap_or_default();
        Some((raw::text(object.get("id")?).ok()?, Self { name, nodes: nodes.len(), widgets }))
    }
}

/// The ids of the links that lead to an input which stands for a widget.
fn links_to_widgets(nodes: &[Json], links: &[Json], limits: &Limits) -> HashSet<String> {
    let inputs = |node: &Json| {
        let node: Object = node.read().ok()?;
        let slots = raw::field(&node, "inputs").map(handles).unwrap_or_default();
        Some((node_id(node.get("id"), "id").ok()??, slots))
    };
    let inputs: HashMap<_, _> = nodes.iter().filter_map(inputs).collect();
    let to_widget = |json: &Json| {
        let link = Link::read(json, limits).ok()?;
        let slot = inputs.get(link.target.node.as_ref()?)?.get(link.target.slot?)?;
        slot.widget.is_some().then_some(link.id)
    };
    links.iter().filter_map(to_widget).collect()
}
