//! Edges.

use serde::{Deserialize, Serialize};

use super::{
    EdgeId, Json, NodeId, Object, Register, RegisterName, Registers, Stamp,
    node::read,
    object::{FieldError, through_object},
};

/// From where to where an edge leads: one register, since half of it means nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ends {
    /// The node that gives.
    pub source: NodeId,
    /// The node that takes.
    pub target: NodeId,
    /// Which output of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_handle: Option<String>,
    /// Which input of the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_handle: Option<String>,
}

/// A connection between two nodes, as people and packages see it. In JSON the ends are fields of the edge itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// Its name.
    pub id: EdgeId,
    /// From where to where.
    pub ends: Ends,
    /// When it was last changed, in milliseconds since 1970.
    pub updated_at: u64,
    /// How often its row was written on this device.
    pub version: u64,
    /// Fields that this build does not know.
    pub extra: Object,
}

impl Edge {
    /// A new edge.
    pub fn new(id: EdgeId, ends: Ends) -> Self {
        Self { id, ends, updated_at: 0, version: 0, extra: Object::default() }
    }

    /// What is stored of it, all set at `stamp`.
    ///
    /// # Errors
    /// None that is known: ends always can be JSON.
    pub fn to_registers(&self, stamp: Stamp) -> Result<Registers, serde_json::Error> {
        let mut registers = Registers::new().with(RegisterName::Ends, stamp, Json::new(&self.ends)?);
        for (field, json) in self.extra.iter() {
            registers.set(RegisterName::extra(field), Register { stamp, value: Some(json.clone()) });
        }
        Ok(registers)
    }

    /// The edge that the registers describe, deleted or not. None without the register that creates it.
    pub fn from_registers(id: EdgeId, registers: &Registers, version: u64) -> Option<Self> {
        let mut edge = Self::new(id, read(registers, &RegisterName::Ends)?);
        edge.updated_at = registers.newest().map_or(0, Stamp::millis);
        edge.version = version;
        for (name, register) in registers.iter() {
            if let (RegisterName::Extra(field), Some(json)) = (name, &register.value) {
                edge.extra.put(field, json.clone());
            }
        }
        Some(edge)
    }

    fn from_object(mut object: Object) -> Result<Self, FieldError> {
        Ok(Self {
            id: object.need("id")?,
            ends: Ends {
                source: object.need("source")?,
                target: object.need("target")?,
                source_handle: object.take("sourceHandle")?,
                target_handle: object.take("targetHandle")?,
            },
            updated_at: object.take("updatedAt")?.unwrap_or_default(),
            version: object.take("version")?.unwrap_or_default(),
            extra: object,
        })
    }

    fn to_object(&self) -> Result<Object, serde_json::Error> {
        let mut object = self.extra.clone();
        object.put_plain("id", &self.id)?;
        object.put_plain("source", &self.ends.source)?;
        object.put_plain("target", &self.ends.target)?;
        for (field, handle) in [("sourceHandle", &self.ends.source_handle), ("targetHandle", &self.ends.target_handle)]
        {
            if let Some(handle) = handle {
                object.put_plain(field, handle)?;
            }
        }
        object.put_plain("updatedAt", &self.updated_at)?;
        object.put_plain("version", &self.version)?;
        Ok(object)
    }
}
through_object!(Edge);
