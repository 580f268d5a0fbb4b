//! Ports: where edges end.

use std::borrow::Cow;

/// What goes through a port. Two ports fit when their types have the same name, or one takes anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortType(Cow<'static, str>);

/// How a port is drawn: colour never speaks alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortShape {
    /// A circle.
    Text,
    /// A diamond.
    Number,
    /// A square.
    Image,
    /// A triangle.
    Video,
    /// A pill.
    Audio,
    /// A hexagon.
    Json,
    /// A cross: anything, or a type that has no shape of its own.
    Any,
}

impl PortShape {
    /// The name in class names and custom properties.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Json => "json",
            Self::Any => "any",
        }
    }
}

impl PortType {
    /// Anything.
    pub const ANY: Self = Self(Cow::Borrowed("any"));

    /// A type of our own kinds.
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// A type as ComfyUI names it: `IMAGE`, `*`, `FLOAT,INT`.
    pub fn from_comfy(name: &str) -> Self {
        match name {
            "STRING" => Self::new("text"),
            "INT" | "FLOAT" | "NUMBER" => Self::new("number"),
            "IMAGE" => Self::new("image"),
            "VIDEO" => Self::new("video"),
            "AUDIO" => Self::new("audio"),
            "*" | "" => Self::ANY,
            other => Self(Cow::Owned(other.to_owned())),
        }
    }

    /// For people: `text`, `MODEL`.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// How it is drawn.
    pub fn shape(&self) -> PortShape {
        match self.name() {
            "text" => PortShape::Text,
            "number" => PortShape::Number,
            "image" | "MASK" => PortShape::Image,
            "video" => PortShape::Video,
            "audio" => PortShape::Audio,
            "json" | "DICT" => PortShape::Json,
            _ => PortShape::Any,
        }
    }

    /// Whether an edge may lead from a port of this type to one of `target`'s.
    pub fn fits(&self, target: &Self) -> bool {
        let any = Self::ANY;
        *self == any || *target == any || self.each().any(|one| target.each().any(|other| one == other))
    }

    /// The types that it names: ComfyUI's inputs may take several.
    fn each(&self) -> impl Iterator<Item = Self> {
        self.name().split(',').map(|name| Self::from_comfy(name.trim()))
    }
}

/// Where an edge ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its name in edges, unique among a node's inputs and among its outputs.
    pub handle: Cow<'static, str>,
    /// Its name for people.
    pub label: Cow<'static, str>,
    /// What goes through it.
    pub kind: PortType,
    /// The setting that it replaces while it is connected.
    pub field: Option<String>,
}

impl Port {
    /// A port of our own kinds.
    pub const fn new(handle: &'static str, kind: PortType) -> Self {
        Self { handle: Cow::Borrowed(handle), label: Cow::Borrowed(handle), kind, field: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(source: &str, target: &str) -> bool {
        PortType::from_comfy(source).fits(&PortType::from_comfy(target))
    }

    #[test]
    fn types_fit_when_they_are_the_same_or_one_takes_anything() {
        assert!(fits("IMAGE", "IMAGE") && fits("MODEL", "MODEL"));
        assert!(!fits("IMAGE", "STRING") && !fits("MODEL", "CLIP"));
        for any in ["*", ""] {
            assert!(fits(any, "MODEL") && fits("MODEL", any));
        }
    }

    #[test]
    fn an_imported_type_fits_our_own_of_the_same_meaning() {
        let ours = PortType::new;
        for (comfy, own) in
            [("STRING", "text"), ("INT", "number"), ("FLOAT", "number"), ("IMAGE", "image"), ("VIDEO", "video")]
        {
            assert!(
                PortType::from_comfy(comfy).fits(&ours(own)) && ours(own).fits(&PortType::from_comfy(comfy)),
                "{comfy}"
            );
        }
    }

    #[test]
    fn an_input_may_name_several_types() {
        assert!(fits("IMAGE", "IMAGE,MASK") && fits("MASK", "IMAGE,MASK") && fits("INT", "FLOAT,INT"));
        assert!(!fits("LATENT", "IMAGE,MASK"));
        assert!(fits("IMAGE,MASK", "IMAGE,MASK"));
    }

    #[test]
    fn each_type_of_our_own_has_a_shape_and_the_rest_share_the_cross() {
        for name in ["text", "number", "image", "video", "audio", "json", "any"] {
            assert_eq!(PortType::new(name).shape().name(), name);
        }
        assert_eq!(PortType::from_comfy("MODEL").shape(), PortShape::Any);
        assert_eq!(PortType::from_comfy("MASK").shape(), PortShape::Image);
    }

    #[test]
    fn a_type_keeps_its_name_for_people() {
        assert_eq!(PortType::from_comfy("LOAD3D_CAMERA").name(), "LOAD3D_CAMERA");
        assert_eq!(PortType::from_comfy("STRING").name(), "text");
    }
}
