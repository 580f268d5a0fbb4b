//! Packages: one workflow with its media in one file, `.genaiw.zip`. The format is in `docs/package-format.md`.
//!
//! - [`check`] reads a package and finds everything that is wrong with it. It writes nothing, executes nothing and follows no
//!   reference out of the package; what it holds in memory is the graph and one buffer.

mod archive;
mod check;
mod error;
mod graph;
mod json;
mod limits;
mod manifest;
mod name;
mod record;
mod refs;
#[cfg(test)]
mod tests;

pub use check::{Content, PackedAsset, Package, check};
pub use error::PackageError;
pub use limits::Limits;
