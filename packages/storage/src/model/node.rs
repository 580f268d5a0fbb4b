//! Nodes.

use std::fmt;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    AssetRef, Json, NodeId, Object, Register, RegisterName, Registers, Stamp,
    json::finite,
    object::{FieldError, through_object},
};

/// A place on the canvas, in world units: CSS pixels at zoom 1. x grows to the right, y downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// From the left.
    #[serde(serialize_with = "finite")]
    pub x: f64,
    /// From the top.
    #[serde(serialize_with = "finite")]
    pub y: f64,
}

/// Width and height on the canvas, in world units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Size {
    /// From left to right.
    #[serde(serialize_with = "finite")]
    pub width: f64,
    /// From top to bottom.
    #[serde(serialize_with = "finite")]
    pub height: f64,
}

/// What a node is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum NodeStatus {
    /// Nothing.
    #[default]
    Idle,
    /// It waits for its turn.
    Queued,
    /// It works.
    Running,
    /// It has a result.
    Done,
    /// It failed.
    Error,
    /// Something that a newer build does.
    Other(String),
}

impl From<String> for NodeStatus {
    fn from(text: String) -> Self {
        match text.as_str() {
            "idle" => Self::Idle,
            "queued" => Self::Queued,
            "running" => Self::Running,
            "done" => Self::Done,
            "error" => Self::Error,
            _ => Self::Other(text),
        }
    }
}

impl From<NodeStatus> for String {
    fn from(status: NodeStatus) -> Self {
        status.to_string()
    }
}

impl fmt::Display for NodeStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "idle",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Error => "error",
            Self::Other(text) => text,
        })
    }
}

/// What a node made.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum NodeResult {
    /// A text.
    Text(String),
    /// A picture, video or sound; never its bytes.
    Asset(AssetRef),
    /// What a newer build makes.
    Other(Json),
}

impl<'de> Deserialize<'de> for NodeResult {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        Ok(match (json.read(), json.read()) {
            (Ok(text), _) => Self::Text(text),
            (_, Ok(asset)) => Self::Asset(asset),
            _ => Self::Other(json),
        })
    }
}

/// A node's status together with its result: one register, so that no merge can pair one run's status with another's result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// What the node is doing.
    pub status: NodeStatus,
    /// What it made last.
    pub result: Option<NodeResult>,
    /// What a newer build knows of the run.
    pub extra: Object,
}

impl Run {
    fn from_object(mut object: Object) -> Result<Self, FieldError> {
        let status = object.take("status")?.unwrap_or_default();
        Ok(Self { status, result: object.take("result")?, extra: object })
    }

    fn to_object(&self) -> Result<Object, serde_json::Error> {
        let mut object = self.extra.clone();
        object.put_plain("status", &self.status)?;
        if let Some(result) = &self.result {
            object.put_plain("result", result)?;
        }
        Ok(object)
    }
}
through_object!(Run);

/// One step of a workflow, as people and packages see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its name for edges.
    pub id: NodeId,
    /// Which kind of node it is: `note`, `prompt`, `comfy.KSampler`. In JSON: `type`.
    pub kind: String,
    /// What the user calls it. Empty: the kind's own title.
    pub title: String,
    /// What it is doing.
    pub status: NodeStatus,
    /// Its top left corner.
    pub position: Point,
    /// Its size, if it isn't the kind's own.
    pub size: Option<Size>,
    /// Its settings.
    pub config: Object,
    /// What it made last.
    pub result: Option<NodeResult>,
    /// When it was last changed, in milliseconds since 1970.
    pub updated_at: u64,
    /// How often its row was written on this device. It stands outside equality of content.
    pub version: u64,
    /// Fields that this build does not know.
    pub extra: Object,
}

impl Node {
    /// A new node of the kind's own title and size, with nothing set.
    pub fn new(id: NodeId, kind: &str, position: Point) -> Self {
        Self {
            id,
            kind: kind.to_owned(),
            title: String::new(),
            status: NodeStatus::Idle,
            position,
            size: None,
            config: Object::default(),
            result: None,
            updated_at: 0,
            version: 0,
            extra: Object::default(),
        }
    }

    /// What is stored of it, all set at `stamp`. `updated_at` and `version` follow from stamps and commits, so they aren't.
    ///
    /// # Errors
    /// A coordinate that is no number.
    pub fn to_registers(&self, stamp: Stamp) -> Result<Registers, serde_json::Error> {
        let mut registers = Registers::new()
            .with(RegisterName::Type, stamp, self.kind.as_str())
            .with(RegisterName::Title, stamp, self.title.as_str())
            .with(RegisterName::Position, stamp, Json::new(&self.position)?);
        if let Some(size) = &self.size {
            registers = registers.with(RegisterName::Size, stamp, Json::new(size)?);
        }
        if self.status != NodeStatus::Idle || self.result.is_some() {
            let run = Run { status: self.status.clone(), result: self.result.clone(), extra: Object::default() };
            registers = registers.with(RegisterName::Run, stamp, Json::new(&run)?);
        }
        let config = self.config.iter().map(|(key, json)| (RegisterName::config(key), json));
        let extra = self.extra.iter().map(|(field, json)| (RegisterName::extra(field), json));
        for (name, json) in config.chain(extra) {
            registers.set(name, Register { stamp, value: Some(json.clone()) });
        }
        Ok(registers)
    }

    /// The node that the registers describe, deleted or not. None without the register that creates it.
    pub fn from_registers(id: NodeId, registers: &Registers, version: u64) -> Option<Self> {
        let run: Run = read(registers, &RegisterName::Run).unwrap_or_default();
        let mut node = Self {
            status: run.status,
            result: run.result,
            title: read(registers, &RegisterName::Title).unwrap_or_default(),
            size: read(registers, &RegisterName::Size),
            updated_at: registers.newest().map_or(0, Stamp::millis),
            version,
            ..Self::new(id, &read::<String>(registers, &RegisterName::Type)?, Point::default())
        };
        node.position = read(registers, &RegisterName::Position).unwrap_or_default();
        for (name, register) in registers.iter() {
            match (name, &register.value) {
                (RegisterName::Config(key), Some(json)) => node.config.put(key, json.clone()),
                (RegisterName::Extra(field), Some(json)) => node.extra.put(field, json.clone()),
                _ => {}
            }
        }
        Some(node)
    }

    fn from_object(mut object: Object) -> Result<Self, FieldError> {
        Ok(Self {
            id: object.need("id")?,
            kind: object.need("type")?,
            title: object.take("title")?.unwrap_or_default(),
            status: object.take("status")?.unwrap_or_default(),
            position: object.need("position")?,
            size: object.take("size")?,
            config: object.take("config")?.unwrap_or_default(),
            result: object.take("result")?,
            updated_at: object.take("updatedAt")?.unwrap_or_default(),
            version: object.take("version")?.unwrap_or_default(),
            extra: object,
        })
    }

    fn to_object(&self) -> Result<Object, serde_json::Error> {
        let mut object = self.extra.clone();
        object.put_plain("id", &self.id)?;
        object.put_plain("type", &self.kind)?;
        object.put_plain("title", &self.title)?;
        object.put_plain("status", &self.status)?;
        object.put_plain("position", &self.position)?;
        object.put_plain("config", &self.config)?;
        object.put_plain("updatedAt", &self.updated_at)?;
        object.put_plain("version", &self.version)?;
        if let Some(size) = &self.size {
            object.put_plain("size", size)?;
        }
        if let Some(result) = &self.result {
            object.put_plain("result", result)?;
        }
        Ok(object)
    }
}
through_object!(Node);

/// A register's value in the shape that it should have. Another shape counts as absent: the register keeps it all the same.
pub(super) fn read<T: DeserializeOwned>(registers: &Registers, name: &RegisterName) -> Option<T> {
    registers.value(name)?.read().ok()
}
