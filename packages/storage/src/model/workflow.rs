//! Workflows.

use serde::{Deserialize, Serialize};

use super::{
    Edge, Node, Object, Register, RegisterName, Registers, Stamp, WorkflowId,
    json::finite,
    object::{FieldError, through_object},
};

/// Which part of the world the canvas shows: screen = world × zoom + (x, y), in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Viewport {
    /// Where the world's origin is, from the canvas' left edge.
    #[serde(serialize_with = "finite")]
    pub x: f64,
    /// Where the world's origin is, from the canvas' top edge.
    #[serde(serialize_with = "finite")]
    pub y: f64,
    /// Pixels per world unit.
    #[serde(serialize_with = "finite")]
    pub zoom: f64,
}

impl Default for Viewport {
    fn default() -> Self {
        Self { x: 0., y: 0., zoom: 1. }
    }
}

/// A whole workflow, as people and packages see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Workflow {
    /// Its name in storage.
    pub id: WorkflowId,
    /// Its name for people.
    pub name: String,
    /// Its steps.
    pub nodes: Vec<Node>,
    /// How they are connected.
    pub edges: Vec<Edge>,
    /// Where the user looked last on this device.
    pub viewport: Option<Viewport>,
    /// When anything in it was last changed, in milliseconds since 1970.
    pub updated_at: u64,
    /// How often its row was written on this device.
    pub version: u64,
    /// Fields that this build does not know.
    pub extra: Object,
}

impl Workflow {
    /// An empty workflow.
    pub fn new(id: WorkflowId, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            nodes: Vec::new(),
            edges: Vec::new(),
            viewport: None,
            updated_at: 0,
            version: 0,
            extra: Object::default(),
        }
    }

    /// What is stored of the workflow itself, without its nodes and edges, all set at `stamp`.
    pub fn to_registers(&self, stamp: Stamp) -> Registers {
        let mut registers = Registers::new().with(RegisterName::Name, stamp, self.name.as_str());
        for (field, json) in self.extra.iter() {
            registers.set(RegisterName::extra(field), Register { stamp, value: Some(json.clone()) });
        }
        registers
    }

    fn from_object(mut object: Object) -> Result<Self, FieldError> {
        Ok(Self {
            id: object.need("id")?,
            name: object.need("name")?,
            nodes: object.need("nodes")?,
            edges: object.need("edges")?,
            viewport: object.take("viewport")?,
            updated_at: object.take("updatedAt")?.unwrap_or_default(),
            version: object.take("version")?.unwrap_or_default(),
            extra: object,
        })
    }

    fn to_object(&self) -> Result<Object, serde_json::Error> {
        let mut object = self.extra.clone();
        object.put_plain("id", &self.id)?;
        object.put_plain("name", &self.name)?;
        object.put_plain("nodes", &self.nodes)?;
        object.put_plain("edges", &self.edges)?;
        if let Some(viewport) = &self.viewport {
            object.put_plain("viewport", viewport)?;
        }
        object.put_plain("updatedAt", &self.updated_at)?;
        object.put_plain("version", &self.version)?;
        Ok(object)
    }
}
through_object!(Workflow);

/// What the library shows of a workflow without loading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Which workflow.
    pub id: WorkflowId,
    /// Its name for people.
    pub name: String,
    /// How many nodes it has that aren't deleted.
    pub nodes: u64,
    /// How many edges it has that aren't deleted. An edge whose node is deleted counts: it comes back with the node.
    pub edges: u64,
    /// When anything in it was last changed, in milliseconds since 1970.
    pub updated_at: u64,
}
