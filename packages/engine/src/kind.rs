//! The kinds of nodes that this build knows.

use std::borrow::Cow;

use storage::model::MediaKind;

use crate::{Control, Field, Port, PortType};

/// The setting that holds a media node's content: an [`AssetRef`](storage::model::AssetRef) as JSON.
pub const ASSET: &str = "asset";

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
    /// A file that is kept here: its picture, its player, or what it is.
    Media(MediaKind),
    /// Settings in short.
    Generic,
}

const fn field(key: &'static str, label: &'static str, control: Control) -> Field {
    Field { key: Cow::Borrowed(key), label: Cow::Borrowed(label), control }
}

/// How high the line below a picture is, in world units.
const FOOTER: f64 = 34.;

/// The setting that holds a file.
const FILE: Field = field(ASSET, "File", Control::Media);

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
        name: "image-file",
        title: "Image",
        summary: "file → image",
        words: "picture photo upload media load",
        picture: Picture::Media(MediaKind::Image),
        inputs: &[],
        outputs: &[Port::new("image", PortType::new("image"))],
        fields: &[FILE, field("alt", "Description", Control::Line { hint: "For those who can't see it" })],
        body: 168. + FOOTER,
    },
    Kind {
        name: "video-file",
        title: "Video",
        summary: "file → video",
        words: "movie film clip upload media load",
        picture: Picture::Media(MediaKind::Video),
        inputs: &[],
        outputs: &[Port::new("video", PortType::new("video"))],
        fields: &[FILE, field("alt", "Description", Control::Line { hint: "For those who can't see it" })],
        body: 140. + FOOTER,
    },
    Kind {
        name: "audio-file",
        title: "Audio",
        summary: "file → audio",
        words: "sound music speech upload media load",
        picture: Picture::Media(MediaKind::Audio),
        inputs: &[],
        outputs: &[Port::new("audio", PortType::new("audio"))],
        fields: &[FILE, field("alt", "Description", Control::Line { hint: "For those who can't hear it" })],
        body: 64. + FOOTER,
    },
    Kind {
        name: "file",
        title: "File",
        summary: "any other file",
        words: "document pdf text upload attachment",
        picture: Picture::Media(MediaKind::Other),
        inputs: &[],
        outputs: &[Port::new("file", PortType::new("file"))],
        fields: &[FILE],
        body: 72. + FOOTER,
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

/// The kind whose nodes hold such a content.
pub fn media_kind(media: MediaKind) -> &'static str {
    let holds = |kind: &&Kind| kind.picture == Picture::Media(media);
    // There is one for each: a test says so.
    KINDS.iter().find(holds).map_or("file", |kind| kind.name)
}

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
    fn every_content_has_a_kind_of_node_that_gives_it_on() {
        let kinds: BTreeSet<_> = MediaKind::ALL.into_iter().map(media_kind).collect();
        assert_eq!(kinds.len(), MediaKind::ALL.len());
        for media in MediaKind::ALL {
            let kind = kind(media_kind(media)).unwrap();
            assert_eq!(kind.picture, Picture::Media(media));
            assert!(kind.fields.iter().any(|field| field.key == ASSET && field.control == Control::Media));
            let [output] = kind.outputs else { panic!("{}", kind.name) };
            assert_eq!(output.kind.name(), if media == MediaKind::Other { "file" } else { media.name() });
        }
    }

    #[test]
    fn a_note_has_no_ports_for_it_has_no_room_for_them() {
        for kind in KINDS.iter().filter(|kind| kind.picture == Picture::Note) {
            assert!(kind.inputs.is_empty() && kind.outputs.is_empty());
        }
    }
}
