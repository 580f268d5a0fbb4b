//! Inputs and outputs of a node.

use super::{
    distinct::distinct,
    raw::{self, Shape},
};
use crate::model::{Json, Object};

/// An input or output of an imported node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// What edges call it. Distinct within the node's inputs, and within its outputs.
    pub handle: String,
    /// What people read: the slot's own label, else its name, else its type. Never empty.
    pub label: String,
    /// Which type of value passes, in `ComfyUI`'s words: `IMAGE`, `INT`. `*`: any.
    pub kind: String,
    /// The widget whose value it stands for.
    pub widget: Option<String>,
}

/// The slots in a node's `extra.inputs` or `extra.outputs`, in their order. Whatever is no list has none.
///
/// The handle is the slot's name, which is empty in some nodes. If several share a name, the first keeps it and the others
/// are `NAME (2)`, `NAME (3)`.
pub fn handles(slots: &Json) -> Vec<Slot> {
    let slots: Vec<Json> = slots.read().unwrap_or_default();
    let slots: Vec<Object> = slots.iter().map(|slot| slot.read().unwrap_or_default()).collect();
    let name = |(index, slot): (usize, &Object)| {
        let name = slot.get("name").and_then(|name| name.read().ok());
        name.unwrap_or_else(|| format!("slot {index}"))
    };
    let names: Vec<String> = slots.iter().enumerate().map(name).collect();
    let handles = distinct(names.clone(), |name, before| format!("{name} ({})", before + 1));
    let slot = |((slot, name), handle): ((&Object, String), String)| {
        let kind = kind(slot);
        let words = [word(slot, "label"), word(slot, "localized_name"), Some(name)];
        let label = words.into_iter().flatten().find(|word| !word.is_empty()).unwrap_or_else(|| kind.clone());
        let widget = raw::field(slot, "widget").and_then(|widget| word(&widget.read().ok()?, "name"));
        Slot { handle, label, kind, widget }
    };
    slots.iter().zip(names).zip(handles).map(slot).collect()
}

/// A field that is a text with something in it.
fn word(object: &Object, field: &str) -> Option<String> {
    object.get(field)?.read().ok().filter(|text: &String| !text.is_empty())
}

fn kind(slot: &Object) -> String {
    let Some(kind) = raw::field(slot, "type") else { return "*".into() };
    match Shape::of(kind) {
        // The options themselves, as old files write a choice.
        Shape::List => "COMBO".into(),
        // 0 is the graph library's own word for any type, −1 for an event.
        Shape::Integer if kind.text() != "0" => kind.text().to_owned(),
        _ => word(slot, "type").unwrap_or_else(|| "*".into()),
    }
}
