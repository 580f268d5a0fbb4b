//! What one node has.

use std::borrow::Cow;

use storage::{
    comfyui,
    model::{Json, Node},
};

use crate::{Control, Field, Picture, Port, PortType, kind};

/// A node's title, ports and settings, whether this build knows its kind or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// What people call it.
    pub title: String,
    /// What people call its kind.
    pub kind: Cow<'static, str>,
    /// What its card shows.
    pub picture: Picture,
    /// Where edges may end.
    pub inputs: Cow<'static, [Port]>,
    /// Where edges may begin.
    pub outputs: Cow<'static, [Port]>,
    /// Its settings: those of its kind, then whatever else it carries.
    pub fields: Vec<Field>,
}

impl Shape {
    /// Describes a node.
    pub fn of(node: &Node) -> Self {
        let known = kind(&node.kind);
        let (name, picture, inputs, outputs) = match known {
            Some(kind) => {
                (Cow::Borrowed(kind.title), kind.picture, Cow::Borrowed(kind.inputs), Cow::Borrowed(kind.outputs))
            }
            None => {
                let name = node.kind.strip_prefix("comfy.").unwrap_or(&node.kind);
                let picture = if matches!(name, "Note" | "MarkdownNote") { Picture::Note } else { Picture::Generic };
                (
                    Cow::Owned(name.to_owned()),
                    picture,
                    carried(node.extra.get("inputs")),
                    carried(node.extra.get("outputs")),
                )
            }
        };
        let mut fields: Vec<Field> = known.map_or_else(Vec::new, |kind| kind.fields.to_vec());
        for (key, value) in node.config.iter() {
            if !fields.iter().any(|field| field.key == key) {
                fields.push(Field {
                    key: key.to_owned().into(),
                    label: key.replace('_', " ").into(),
                    control: control(value),
                });
            }
        }
        let title = if node.title.is_empty() { name.clone().into_owned() } else { node.title.clone() };
        Self { title, kind: name, picture, inputs, outputs, fields }
    }
}

/// The ports that an imported node carries.
fn carried(slots: Option<&Json>) -> Cow<'static, [Port]> {
    let Some(slots) = slots else { return Cow::Borrowed(&[]) };
    let port = |slot: comfyui::Slot| Port {
        handle: slot.handle.into(),
        label: slot.label.into(),
        kind: PortType::from_comfy(&slot.kind),
        field: slot.widget,
    };
    Cow::Owned(comfyui::handles(slots).into_iter().map(port).collect())
}

/// How a value is edited of which only the value is known.
fn control(value: &Json) -> Control {
    match value.text().as_bytes().first() {
        // Never a line: a text that grows while it is typed must not change its control.
        Some(b'"') => Control::Text { hint: "" },
        Some(b't' | b'f') => Control::Switch { default: false },
        Some(b'-' | b'0'..=b'9') => Control::Number { default: None, min: None, max: None, whole: false },
        _ => Control::Json,
    }
}
