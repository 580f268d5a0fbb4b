//! Data without I/O.
//!
//! Two shapes of the same thing. [`Workflow`], [`Node`] and [`Edge`] are what people and packages see: JSON in camelCase,
//! fields of a newer build kept. [`Registers`] are what is stored and merged: values with the [`Stamp`] of their last
//! change. `into_registers` and `from_registers` lead from one to the other.

mod asset;
mod asset_ref;
mod asset_uses;
mod edge;
mod entity_key;
mod ids;
mod json;
mod node;
mod object;
mod register;
mod row;
mod stamp;
mod workflow;

pub use asset::{Asset, MediaKind};
pub use asset_ref::{AssetPlace, AssetRef};
pub use edge::{Edge, Ends};
pub use entity_key::{EntityKey, Part, Table};
pub use ids::{AssetId, EdgeId, NodeId, ParseIdError, WorkflowId};
pub use json::Json;
pub(crate) use json::exact_text;
pub use node::{Node, NodeResult, NodeStatus, Point, Run, Size};
pub use object::Object;
pub use register::{Register, RegisterName, Registers};
pub use row::{CorruptText, Counts, Row};
pub use stamp::{Clock, ParseStampError, Stamp};
pub use workflow::{Summary, Viewport, Workflow};

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::any_batch;
