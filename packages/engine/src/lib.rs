//! What a workflow's nodes are: their kinds, with ports and settings.
//!
//! A [`Kind`] describes all nodes of a kind; [`Shape::of`] describes one node, also one of a kind that this build doesn't
//! know, such as an imported one, by what it carries itself.

mod field;
mod kind;
mod media;
mod port;
mod shape;

pub use field::{Control, Field};
pub use kind::{ASSET, KINDS, Kind, Picture, kind, media_kind};
pub use media::media;
pub use port::{Port, PortShape, PortType};
pub use shape::Shape;
