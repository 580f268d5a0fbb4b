//! Everything of Atelier's that must survive: workflows on the user's own device, and how they get there and back.
//!
//! Start with [`model`], which is data without I/O: entities are sets of registers, and [`model::Registers::merge`] is the
//! only rule by which two versions of anything become one. [`backend`] is the contract that a database keeps, with one file
//! per database. [`writer`] is the single queue between the two. [`Session`] is the one thing that the interface holds: it
//! opens everything and ties it together.
//!
//! ```text
//! edit → Registers with a stamp → Writer (gathers) → Backend::commit (reads, merges, writes: one transaction) → "saved"
//! ```
//!
//! Promises, each checked by tests that name it:
//! - What was acknowledged as saved is on the disk.
//! - What was not saved yet is kept, retried, and parked when the page goes away ([`parking`]).
//! - Two connections that write one entity cannot lose each other's fields.
//! - Data of a newer schema is never written to or deleted.

pub mod backend;
pub mod blobs;
pub mod comfyui;
#[cfg(target_arch = "wasm32")]
mod counted;
#[cfg(not(target_arch = "wasm32"))]
mod download_native;
mod error;
pub mod log;
pub mod migrate;
pub mod model;
pub mod package;
pub mod parking;
mod platform;
pub mod rescue;
mod session;
pub mod sync;
pub mod tabs;
#[cfg(target_arch = "wasm32")]
pub mod worker;
pub mod writer;

#[cfg(not(target_arch = "wasm32"))]
pub use download_native::download;
pub use error::{Error, Result};
pub use platform::{BoxFuture, MaybeSend, MaybeSync};
pub use session::{CopyError, Event, Location, Session};
pub use writer::{Hold, SaveState};

/// The version of what is stored. A database with a larger one is read by an older build as far as it can, and never written to.
pub const SCHEMA_VERSION: u32 = 1;
