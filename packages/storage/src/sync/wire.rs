//! What client and server say to each other.
//!
//! Names, stamps and ids are texts, and a register's value is its JSON *as a text*: so no server and no JavaScript on the way can
//! round a seed above 2^53 or refuse a field's name. All functions take one object and give one.

use std::{fmt, num::NonZeroU32, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use uuid::Uuid;

use crate::model::{EdgeId, EntityKey, Json, NodeId, Part, Register, RegisterName, Registers, Stamp, WorkflowId};

/// What names an op: the stamp of all of its registers, `0193…`, or a piece of them, `0193…#7`.
///
/// The number is taken from the piece's content, so that one id always means one content, also when it is cut anew after a crash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpId {
    /// When, and by whom.
    pub stamp: Stamp,
    /// Which piece. None: all that the stamp has changed.
    pub piece: Option<NonZeroU32>,
}

impl fmt::Display for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.stamp, f)?;
        self.piece.map_or(Ok(()), |piece| write!(f, "#{piece}"))
    }
}

impl fmt::Debug for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that names no op.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no op")]
pub struct ParseOpIdError(pub String);

impl FromStr for OpId {
    type Err = ParseOpIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let failed = || ParseOpIdError(text.to_owned());
        let (stamp, piece) = text.split_once('#').map_or((text, None), |(stamp, piece)| (stamp, Some(piece)));
        let piece = piece.map(NonZeroU32::from_str).transpose().map_err(|_| failed())?;
        Ok(Self { stamp: stamp.parse().map_err(|_| failed())?, piece })
    }
}

impl Serialize for OpId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OpId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// What sort of entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The workflow itself.
    Workflow,
    /// A node.
    Node,
    /// An edge.
    Edge,
}

/// A register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name.
    pub k: String,
    /// Its value's JSON. None: it was removed.
    pub v: Option<String>,
    /// When, and by whom.
    pub h: Stamp,
}

/// Registers of one entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// What sort.
    pub kind: Kind,
    /// Its id. A workflow's is that of the workflow.
    pub id: Uuid,
    /// Its registers.
    pub fields: Vec<Field>,
}

/// An entity as the server has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// What and which.
    #[serde(flatten)]
    pub patch: Patch,
    /// The workflow's number of changes when it was changed last.
    #[serde(deserialize_with = "whole")]
    pub seq: u64,
}

/// A value that is no JSON.
#[derive(Debug, thiserror::Error)]
#[error("the value of {name} is no JSON: {error}")]
pub struct BadValue {
    name: String,
    error: serde_json::Error,
}

impl Patch {
    /// Registers of an entity.
    pub fn new(key: EntityKey, registers: &Registers) -> Self {
        let kind = match key.part {
            Part::Itself => Kind::Workflow,
            Part::Node(_) => Kind::Node,
            Part::Edge(_) => Kind::Edge,
        };
        let value = |register: &Register| register.value.as_ref().map(|value| value.text().to_owned());
        let field = |(name, register): (&RegisterName, &Register)| Field {
            k: name.to_string(),
            v: value(register),
            h: register.stamp,
        };
        Self { kind, id: key.uuid(), fields: registers.iter().map(field).collect() }
    }

    /// Which entity it is of.
    pub fn key(&self, workflow: WorkflowId) -> EntityKey {
        match self.kind {
            Kind::Workflow => EntityKey::workflow(workflow),
            Kind::Node => EntityKey::node(workflow, NodeId::from_uuid(self.id)),
            Kind::Edge => EntityKey::edge(workflow, EdgeId::from_uuid(self.id)),
        }
    }

    /// Its registers.
    ///
    /// # Errors
    /// A value is no JSON.
    pub fn registers(&self) -> Result<Registers, BadValue> {
        let register = |field: &Field| {
            let value = field.v.as_deref().map(serde_json::from_str::<Json>).transpose();
            let value = value.map_err(|error| BadValue { name: field.k.clone(), error })?;
            Ok((RegisterName::parse(&field.k), Register { stamp: field.h, value }))
        };
        self.fields.iter().map(register).collect()
    }
}

/// A change: every field has the stamp of the id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Op {
    /// Its name, by which a server knows it again.
    pub op_id: OpId,
    /// What it changes.
    pub entities: Vec<Patch>,
}

/// `sync:applyOps`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplyOps {
    /// Whose.
    pub workflow_id: WorkflowId,
    /// Which device sends them.
    pub device_id: String,
    /// At most [`super::op::MAX_OPS`].
    pub ops: Vec<Op>,
}

/// The answer to [`ApplyOps`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpsApplied {
    /// The workflow's number of changes after that.
    #[serde(deserialize_with = "whole")]
    pub head: u64,
    /// The server's clock, in milliseconds since 1970.
    #[serde(deserialize_with = "whole")]
    pub server_now: u64,
    /// What became of each op.
    pub results: Vec<OpResult>,
}

/// What became of an op.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpResult {
    /// Which one.
    pub op_id: OpId,
    /// What.
    pub status: OpStatus,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The workflow's number of changes at that.
    #[serde(default, deserialize_with = "whole")]
    pub seq: u64,
    /// The entities that it names, as the server has them: if the op lost or was rejected. Those that it hasn't are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entities: Option<Vec<Entity>>,
}

/// What became of an op.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OpStatus {
    /// All of it is stored.
    Applied,
    /// Something of it was older than what is there.
    Merged,
    /// It is known already.
    Duplicate,
    /// Nothing of it is stored, and its id isn't remembered.
    Rejected,
}

/// Why an op was rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Code {
    /// Its stamp is more than a day ahead of the server's clock.
    ClockAhead,
    /// It is larger than a server stores.
    TooLarge,
    /// It isn't what an op should be.
    Invalid,
    /// The user may not change the workflow.
    Forbidden,
    /// The workflow was removed from the server by its owner.
    DeletedForGood,
    /// The user's share of the server is used up.
    Limit,
    /// Something that this build doesn't know.
    Other(String),
}

impl From<String> for Code {
    fn from(text: String) -> Self {
        match text.as_str() {
            "CLOCK_AHEAD" => Self::ClockAhead,
            "TOO_LARGE" => Self::TooLarge,
            "INVALID" => Self::Invalid,
            "FORBIDDEN" => Self::Forbidden,
            "WORKFLOW_DELETED_FOR_GOOD" => Self::DeletedForGood,
            "LIMIT" => Self::Limit,
            _ => Self::Other(text),
        }
    }
}

impl Code {
    /// Its text.
    pub fn text(&self) -> &str {
        match self {
            Self::ClockAhead => "CLOCK_AHEAD",
            Self::TooLarge => "TOO_LARGE",
            Self::Invalid => "INVALID",
            Self::Forbidden => "FORBIDDEN",
            Self::DeletedForGood => "WORKFLOW_DELETED_FOR_GOOD",
            Self::Limit => "LIMIT",
            Self::Other(text) => text,
        }
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.text().to_owned()
    }
}

/// What a user may do with a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything, and say who else may.
    Owner,
    /// Change it.
    Editor,
    /// Look at it.
    Viewer,
}

/// One workflow of `sync:heads`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// Which.
    pub workflow_id: WorkflowId,
    /// Its number of changes.
    #[serde(deserialize_with = "whole")]
    pub seq: u64,
    /// What was deleted up to this number is forgotten.
    #[serde(deserialize_with = "whole")]
    pub gc_seq: u64,
    /// What the user may do.
    pub role: Role,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// `sync:changesSince`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangesSince {
    /// Whose.
    pub workflow_id: WorkflowId,
    /// Up to which of the changes they are known. 0: none.
    pub cursor: u64,
    /// How many entities at most.
    pub limit: u64,
    /// The answer's `gc_seq` at the beginning of this reading, if it began at 0 since the start: as long as it stays, nothing was
    /// forgotten meanwhile, and what was read is not read anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gc_seq: Option<u64>,
}

/// The answer to [`ChangesSince`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// What lies between is no longer known: everything must be read from 0 on, and what isn't there is gone.
    pub reset: bool,
    /// In the order of their numbers.
    pub entities: Vec<Entity>,
    /// Up to where they reach.
    #[serde(deserialize_with = "whole")]
    pub cursor: u64,
    /// Whether that is all.
    pub done: bool,
    /// What was deleted up to this number is forgotten.
    #[serde(default, deserialize_with = "whole")]
    pub gc_seq: u64,
    /// The server's clock.
    #[serde(deserialize_with = "whole")]
    pub server_now: u64,
}

/// Reads a whole number, which a server whose numbers are all floating writes as `5` or `5.0`.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    const LARGEST: f64 = 9_007_199_254_740_992.;
    let number = f64::deserialize(deserializer)?;
    if (0. ..=LARGEST).contains(&number) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in the range of both")]
        let whole = number.floor() as u64;
        Ok(whole)
    } else {
        Err(D::Error::custom(format_args!("{number} is no count")))
    }
}
