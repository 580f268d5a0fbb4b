//! Links, in both forms in which files have them.

use super::{
    ImportError, Limits,
    raw::{self, Shape},
};
use crate::model::Json;

/// A link as the file has it.
#[derive(Debug)]
pub(super) struct Link {
    /// Its number, for people.
    pub(super) id: String,
    /// The output that it comes from.
    pub(super) origin: End,
    /// The input that it leads to.
    pub(super) target: End,
}

/// One end of a link.
#[derive(Debug)]
pub(super) struct End {
    /// Which node. None: the file says null, or nothing.
    pub(super) node: Option<String>,
    /// Which of its outputs or inputs, counted from 0. None: the file says nothing that could be a place in a list.
    pub(super) slot: Option<usize>,
}

/// The fields of the object form. The list form has their values in this order.
const FIELDS: [&str; 5] = ["id", "origin_id", "origin_slot", "target_id", "target_slot"];

impl Link {
    /// Reads `[id, origin_id, origin_slot, target_id, target_slot, type]` or an object with these fields.
    pub(super) fn read(json: &Json, limits: &Limits) -> Result<Self, ImportError> {
        let parts: [Option<Json>; 5] = if Shape::of(json) == Shape::List {
            let parts = raw::list(json, limits.entries)?;
            if parts.len() < FIELDS.len() {
                return Err(ImportError::wrong("a link of five or more parts", format_args!("one of {}", parts.len())));
            }
            let mut parts = parts.into_iter();
            FIELDS.map(|_| parts.next())
        } else {
            let mut object = raw::object(json, limits.entries)?;
            FIELDS.map(|field| object.remove(field))
        };
        let [id, origin, origin_slot, target, target_slot] = &parts;
        Ok(Self {
            id: node_id(id.as_ref(), FIELDS[0])?.unwrap_or_else(|| "without a number".into()),
            origin: End { node: node_id(origin.as_ref(), FIELDS[1])?, slot: slot(origin_slot.as_ref(), FIELDS[2])? },
            target: End { node: node_id(target.as_ref(), FIELDS[3])?, slot: slot(target_slot.as_ref(), FIELDS[4])? },
        })
    }
}

/// An id as a text: 12, "12" and 12.0 are one, as they are in `ComfyUI`, which looks nodes up by the text.
pub(super) fn node_id(json: Option<&Json>, field: &'static str) -> Result<Option<String>, ImportError> {
    let Some(json) = json else { return Ok(None) };
    match Shape::of(json) {
        Shape::Null => Ok(None),
        Shape::Integer => Ok(Some(json.text().to_owned())),
        Shape::Fraction => {
            Ok(Some(json.read().map_or_else(|_| json.text().to_owned(), |number: f64| number.to_string())))
        }
        Shape::Text => raw::text(json).map(Some).map_err(|error| error.within(field)),
        shape => Err(ImportError::wrong("a number or a text", shape).within(field)),
    }
}

fn slot(json: Option<&Json>, field: &'static str) -> Result<Option<usize>, ImportError> {
    Ok(node_id(json, field)?.and_then(|text| text.parse().ok()))
}
