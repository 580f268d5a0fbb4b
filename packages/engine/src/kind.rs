//! The kinds of nodes that this build knows.

use std::borrow::Cow;

use crate::{Control, Field, Port, PortType};

/// Describes all nodes of a kind.
#[derive(Debug)]
pub struct Kind {
    /// Its name in storage: a node's `type`.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it does, for the list of kinds: `text → image`.
    pub summary: &'static str,
    /// Further words by which people look for it.
    pub words: &'static str,
    /// What it looks like.
    pub picture: Picture,
    /// Where edges may end.
    pub inputs: &'static [Port],
    /// Where edges may begin.
    pub outputs: &'static [Port],
    /// Its settings.
    pub fields: &'static [Field],
    /// How much room its body takes below the ports while no size is set, in world units.
    pub body: f64,
}

/// What a card of a kind shows below its ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// A paper note, without header and ports.
    Note,
    /// A text.
    Prompt,
    /// A picture from an address.
    Image,
    /// Settings in short.
    Generic,
}

const fn field(key: &'static str, label: &'static str, control: Control) -> Field {
    Field { key: Cow::Borrowed(key), label: Cow::Borrowed(label), control }
}

/// All kinds, in the order in which they are offered.
pub static KINDS: &[Kind] = &[
    Kind {
        name: "prompt",
        title: "Text prompt",
        summary: "→ text",
        words: "words write language",
        picture: Picture::Prompt,
        inputs: &[],
        outputs: &[Port::new("text", PortType::new("text"))],
        fields: &[field("text", "Text", Control::Text { hint: "What should be made?" })],
        body: 96.,
    },
    Kind {
        name: "note",
        title: "Note",
        summary: "for people",
        words: "comment paper remark",
        picture: Picture::Note,
        inputs: &[],
        outputs: &[],
        fields: &[field("text", "Text", Control::Text { hint: "A note for people" })],
        body: 112.,
    },
    Kind {
        name: "image",
        title: "Image by URL",
        summary: "address → image",
        words: "picture photo load web link",
        picture: Picture::Image,
        inputs: &[],
        outputs: &[Port::new("image", PortType::new("image"))],
        fields: &[
            field("url", "URL", Control::Line { hint: "https://…" }),
            field("alt", "Description", Control::Line { hint: "For those who can't see it" }),
            field("fit", "Fit", Control::Choice { options: &["cover", "contain"] }),
        ],
        body: 168.,
    },
    Kind {
        name: "generic",
        title: "Generic step",
        summary: "anything → anything",
        words: "step box process",
        picture: Picture::Generic,
        inputs: &[Port::new("in", PortType::ANY), Port::new("prompt", PortType::new("text"))],
        outputs: &[Port::new("out", PortType::ANY)],
        fields: &[
            field("instruction", "Instruction", Control::Text { hint: "What this step does" }),
            field(
                "strength",
                "Strength",
                Control::Number { default: Some(1.), min: Some(0.), max: Some(1.), whole: false },
            ),
            field("seed", "Seed", Control::Number { default: None, min: Some(0.), max: None, whole: true }),
            field("quality", "Quality", Control::Choice { options: &["draft", "normal", "best"] }),
            field("enabled", "Enabled", Control::Switch { default: true }),
        ],
        body: 56.,
    },
];

/// The kind of that name. None: this build doesn't know it.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Whether no name occurs twice.
    fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> bool {
        let names: Vec<_> = names.collect();
        names.iter().collect::<BTreeSet<_>>().len() == names.len() && !names.contains(&"")
    }

    #[test]
    fn a_name_leads_to_its_kind_alone() {
        assert!(distinct(KINDS.iter().map(|kind| kind.name)) && distinct(KINDS.iter().map(|kind| kind.title)));
        for one in KINDS {
            assert_eq!(kind(one.name).map(|kind| kind.title), Some(one.title));
            assert!(!one.name.starts_with("comfy."), "that is where imported kinds live");
        }
        assert!(kind("comfy.KSampler").is_none() && kind("").is_none());
    }

    #[test]
    fn a_handle_leads_to_one_port_and_a_key_to_one_setting() {
        for kind in KINDS {
            for ports in [kind.inputs, kind.outputs] {
                assert!(distinct(ports.iter().map(|port| &*port.handle)), "{}", kind.name);
            }
            assert!(distinct(kind.fields.iter().map(|field| &*field.key)), "{}", kind.name);
            assert!(distinct(kind.fields.iter().map(|field| &*field.label)), "{}", kind.name);
        }
    }

    #[test]
    fn what_stands_while_nothing_is_set_makes_sense() {
        for field in KINDS.iter().flat_map(|kind| kind.fields) {
            match field.control {
                Control::Choice { options } => assert!(distinct(options.iter().copied()) && options.len() > 1),
                Control::Number { default: Some(default), min, max, .. } => {
                    assert!(min.is_none_or(|min| min <= default) && max.is_none_or(|max| default <= max));
                }
                _ => {}
            }
        }
    }

    #[test]
    fn a_note_has_no_ports_for_it_has_no_room_for_them() {
        for kind in KINDS.iter().filter(|kind| kind.picture == Picture::Note) {
            assert!(kind.inputs.is_empty() && kind.outputs.is_empty());
        }
    }
}
