//! Packages: one workflow with its media in one file, `.genaiw.zip`. The format is in `docs/package-format.md`.
//!
//! - [`check`] reads a package and finds everything that is wrong with it. It writes nothing, executes nothing and follows no
//!   reference out of the package; what it holds in memory is the graph and one buffer. [`look`] does that where it holds
//!   nobody up: on a thread, or in the page's worker. [`find`] also understands a [`Backup`], and says where the packages in it are.
//! - [`Package::keep_media`] stores the media of a checked package, [`Package::into_workflow`] is the graph that refers to
//!   them, and an [`Update`] is what it changes in a workflow that is here, and the way back.
//! - [`Plan`] is a package that can be written: its size is known, and its media stay where they are until they are copied.
//!   [`backup`] puts several into one file.

mod archive;
mod backup;
mod check;
mod error;
mod export;
mod file_name;
mod find;
mod graph;
mod import;
mod json;
mod limits;
mod linked;
mod manifest;
mod name;
#[cfg(not(target_arch = "wasm32"))]
mod native;
mod record;
mod refs;
mod spelling;
#[cfg(test)]
mod tests;
mod update;
#[cfg(target_arch = "wasm32")]
mod web;
mod window;
mod write;

#[cfg(not(target_arch = "wasm32"))]
use native as target;
#[cfg(target_arch = "wasm32")]
use web as target;

pub use backup::{Backup, Inside, backup};
pub use check::{Content, Found, Package, PackedAsset, check};
pub use error::PackageError;
pub use export::{Originals, Plan};
pub use file_name::{BACKUP_EXTENSION, EXTENSION, backup_name, file_name, is_package_name};
pub use find::{find, look};
pub use import::{Media, Outlook, Way};
pub use limits::Limits;
pub use linked::{links, with_kept};
pub use update::Update;
#[cfg(target_arch = "wasm32")]
pub(crate) use web::{AskSpots, look_here};
pub use write::Layout;
