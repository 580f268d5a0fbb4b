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

#[cfg(test)]
mod tests {
    use storage::model::{NodeId, Object, Point};

    use super::*;

    fn node(kind: &str) -> Node {
        // Nobody asks for the id here.
        let id: NodeId = "018f0000-0000-7000-8000-000000000001".parse().unwrap();
        Node::new(id, kind, Point::default())
    }

    /// A node with settings, each given as JSON.
    fn with_settings(kind: &str, settings: &[(&str, &str)]) -> Node {
        let config: Object = settings.iter().map(|(key, text)| (*key, serde_json::from_str(text).unwrap())).collect();
        Node { config, ..node(kind) }
    }

    fn with_slots(inputs: &str, outputs: &str) -> Node {
        let mut node = node("comfy.ImageBatch");
        node.extra.put("inputs", serde_json::from_str::<Json>(inputs).unwrap());
        node.extra.put("outputs", serde_json::from_str::<Json>(outputs).unwrap());
        node
    }

    fn handles(ports: &[Port]) -> Vec<&str> {
        ports.iter().map(|port| &*port.handle).collect()
    }

    fn keys(shape: &Shape) -> Vec<&str> {
        shape.fields.iter().map(|field| &*field.key).collect()
    }

    #[test]
    fn a_known_kind_has_its_own_title_ports_and_settings() {
        let shape = Shape::of(&node("generic"));
        assert_eq!((shape.title.as_str(), &*shape.kind), ("Generic step", "Generic step"));
        assert_eq!((handles(&shape.inputs), handles(&shape.outputs)), (vec!["in", "prompt"], vec!["out"]));
        assert_eq!(keys(&shape), ["instruction", "strength", "seed", "quality", "enabled"]);
    }

    #[test]
    fn what_the_user_calls_a_node_comes_before_its_kind() {
        let named = Node { title: "Paint".into(), ..node("generic") };
        assert_eq!(Shape::of(&named).title, "Paint");
        assert_eq!(Shape::of(&named).kind, "Generic step");
    }

    #[test]
    fn settings_that_the_kind_doesnt_have_come_after_its_own() {
        let shape = Shape::of(&with_settings("prompt", &[("my_own", "1"), ("text", "\"A\"")]));
        assert_eq!(keys(&shape), ["text", "my_own"]);
        assert_eq!(shape.fields[1].label, "my own");
    }

    #[test]
    fn a_file_is_a_setting_of_media_nodes_and_json_anywhere_else() {
        let asset = r#"{"kind": "idb", "blobKey": "a"}"#;
        let shape = Shape::of(&with_settings("image-file", &[("asset", asset)]));
        assert_eq!(keys(&shape), ["asset", "alt"]);
        assert_eq!(shape.fields[0].control, Control::Media);
        assert_eq!(Shape::of(&with_settings("comfy.X", &[("asset", asset)])).fields[0].control, Control::Json);
    }

    #[test]
    fn an_unknown_kind_is_called_by_its_class() {
        for (kind, title, picture) in [
            ("comfy.KSampler", "KSampler", Picture::Generic),
            ("comfy.MarkdownNote", "MarkdownNote", Picture::Note),
            ("of.a.newer.build", "of.a.newer.build", Picture::Generic),
            ("", "", Picture::Generic),
        ] {
            let shape = Shape::of(&node(kind));
            assert_eq!((shape.title.as_str(), &*shape.kind, shape.picture), (title, title, picture));
            assert!(shape.inputs.is_empty() && shape.outputs.is_empty() && shape.fields.is_empty());
        }
    }

    #[test]
    fn an_unknown_kind_has_the_ports_that_it_carries() {
        let shape = Shape::of(&with_slots(
            r#"[{"name": "image", "type": "IMAGE"}, {"name": "image", "type": "IMAGE"},
                {"name": "seed", "label": "Seed", "type": "INT", "widget": {"name": "noise_seed"}}]"#,
            r#"[{"name": "IMAGE", "type": "IMAGE"}]"#,
        ));
        assert_eq!(handles(&shape.inputs), ["image", "image (2)", "seed"], "each handle once");
        let seed = &shape.inputs[2];
        assert_eq!((&*seed.label, seed.kind.name(), seed.field.as_deref()), ("Seed", "number", Some("noise_seed")));
        assert_eq!(handles(&shape.outputs), ["IMAGE"]);
    }

    #[test]
    fn ports_that_cant_be_read_are_none() {
        for slots in ["3", "null", "\"many\"", "{}"] {
            let shape = Shape::of(&with_slots(slots, slots));
            assert!(shape.inputs.is_empty() && shape.outputs.is_empty(), "{slots}");
        }
    }

    #[test]
    fn a_known_kind_doesnt_take_its_ports_from_what_a_node_carries() {
        let carried = with_slots(r#"[{"name": "image", "type": "IMAGE"}]"#, "[]");
        assert_eq!(handles(&Shape::of(&Node { kind: "generic".into(), ..carried }).inputs), ["in", "prompt"]);
    }

    #[test]
    fn a_setting_of_which_only_the_value_is_known_is_edited_by_that() {
        let text = Control::Text { hint: "" };
        let number = Control::Number { default: None, min: None, max: None, whole: false };
        for (value, control) in [
            ("\"a\"", text.clone()),
            ("\"\"", text),
            ("true", Control::Switch { default: false }),
            ("18446744073709551615", number.clone()),
            ("-0.5", number),
            ("null", Control::Json),
            ("[1, 2]", Control::Json),
            ("{}", Control::Json),
        ] {
            let shape = Shape::of(&with_settings("comfy.X", &[("value", value)]));
            assert_eq!(shape.fields[0].control, control, "{value}");
        }
    }
}
