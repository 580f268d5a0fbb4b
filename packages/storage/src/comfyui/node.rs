//! One node of the file.

use std::{collections::HashMap, fmt};

use super::{
    ImportError, Limits, Warnings,
    link::node_id,
    raw::{self, Shape},
    slot::{Slot, handles},
    subgraph::Subgraph,
    widget::{self, Known, Widget},
};
use crate::model::{Json, Node, NodeId, Object, Point, Size};

/// What nodes are read with.
pub(super) struct Reader<'a> {
    pub(super) subgraphs: &'a HashMap<String, Subgraph>,
    pub(super) limits: &'a Limits,
    pub(super) warnings: &'a mut Warnings,
}

/// A node, and what links need to find it.
pub(super) struct Imported {
    /// What the file calls it.
    pub(super) name: String,
    /// Its inputs.
    pub(super) inputs: Vec<Slot>,
    /// Its outputs.
    pub(super) outputs: Vec<Slot>,
    /// The node itself.
    pub(super) node: Node,
}

impl Reader<'_> {
    /// Reads one node.
    pub(super) fn read(&mut self, json: &Json, id: NodeId) -> Result<Imported, ImportError> {
        let mut object = raw::object(json, self.limits.entries)?;
        let missing = |expected| ImportError::wrong(expected, "missing");
        let name = node_id(object.get("id"), "id")?.ok_or_else(|| missing("a number or a text").within("id"))?;
        let class = raw::field(&object, "type").ok_or_else(|| missing("a text").within("type"))?;
        let class = raw::text(class).map_err(|error| error.within("type"))?;
        let title = raw::field(&object, "title").map_or(Ok(String::new()), raw::text);
        let title = title.map_err(|error| error.within("title"))?;
        let inputs = self.slots(&object, "inputs")?;
        let outputs = self.slots(&object, "outputs")?;
        let who = format!("Node {name} ({class})");

        let mut node = Node::new(id, &format!("comfy.{class}"), self.position(&object, &who)?);
        node.size = self.size(&object, &who)?;
        node.title = title;
        let subgraph = self.subgraphs.get(&class);
        let listed =
            inputs.iter().filter_map(|slot| Some(Widget { name: slot.widget.clone()?, kind: slot.kind.clone() }));
        let defined = subgraph.map(|subgraph| &*subgraph.widgets);
        let known = Known { class: &class, listed: listed.collect(), defined };
        node.config = widget::config(&object, &known, self.limits)?;
        if let Some(subgraph) = subgraph {
            if node.title.is_empty() {
                node.title.clone_from(&subgraph.name);
            }
            let about = serde_json::json!({ "name": subgraph.name, "nodes": subgraph.nodes });
            node.extra.put("subgraph", about);
        }
        for field in ["inputs", "outputs"] {
            if let Some(slots) = object.remove(field) {
                node.extra.put(field, slots);
            }
        }
        node.extra.put("comfy", whole(&object));
        Ok(Imported { name, inputs, outputs, node })
    }

    fn slots(&self, node: &Object, field: &'static str) -> Result<Vec<Slot>, ImportError> {
        let Some(slots) = raw::field(node, field) else { return Ok(Vec::new()) };
        let each = raw::list(slots, self.limits.entries).map_err(|error| error.within(field))?;
        if let Some((at, slot)) = each.iter().enumerate().find(|(_, slot)| Shape::of(slot) != Shape::Object) {
            let wrong = ImportError::wrong("an object", Shape::of(slot));
            return Err(wrong.within(format_args!("[{at}]")).within(field));
        }
        Ok(handles(slots))
    }

    fn position(&mut self, node: &Object, who: &dyn fmt::Display) -> Result<Point, ImportError> {
        let limit = self.limits.coordinate;
        match self.pair(node, "pos")? {
            Some((Some(x), Some(y))) if x.abs() <= limit && y.abs() <= limit => return Ok(Point { x, y }),
            Some(_) => self.warnings.add(format_args!("{who} has an impossible position; it stands at the origin.")),
            None => self.warnings.add(format_args!("{who} has no position; it stands at the origin.")),
        }
        Ok(Point::default())
    }

    fn size(&mut self, node: &Object, who: &dyn fmt::Display) -> Result<Option<Size>, ImportError> {
        let limit = self.limits.side;
        Ok(match self.pair(node, "size")? {
            // ComfyUI writes 0 for nodes that were never drawn.
            Some((Some(width), Some(height))) if width <= limit && height <= limit => {
                (width > 0. && height > 0.).then_some(Size { width, height })
            }
            Some(_) => {
                self.warnings.add(format_args!("{who} has an impossible size; it has its kind's own."));
                None
            }
            None => None,
        })
    }

    /// Two numbers: `[1, 2]`, or `{"0": 1, "1": 2}` as a browser writes an array of numbers. A number is None where the file
    /// has null or one that no computer can hold.
    #[expect(clippy::type_complexity, reason = "two numbers, each perhaps absent, as a whole perhaps absent")]
    fn pair(&self, node: &Object, field: &'static str) -> Result<Option<(Option<f64>, Option<f64>)>, ImportError> {
        let Some(json) = raw::field(node, field) else { return Ok(None) };
        let numbers = match Shape::of(json) {
            Shape::List => {
                raw::list(json, self.limits.entries).map(|list| [list.first().cloned(), list.get(1).cloned()])
            }
            Shape::Object => {
                raw::object(json, self.limits.entries).map(|mut pair| [pair.remove("0"), pair.remove("1")])
            }
            shape => Err(ImportError::wrong("two numbers", shape)),
        };
        let [first, second] = numbers.map_err(|error| error.within(field))?;
        let number = |at: usize, json: Option<Json>| match json.as_ref().map(Shape::of) {
            Some(Shape::Integer | Shape::Fraction) => Ok(json.and_then(|json| json.read().ok())),
            Some(Shape::Null) | None => Ok(None),
            Some(shape) => Err(ImportError::wrong("a number", shape).within(format_args!("[{at}]")).within(field)),
        };
        Ok(Some((number(0, first)?, number(1, second)?)))
    }
}

/// An object as one value.
pub(super) fn whole(object: &Object) -> Json {
    #[expect(clippy::expect_used, reason = "the fields are JSON and their names are texts")]
    Json::new(object).expect("an object of JSON")
}
