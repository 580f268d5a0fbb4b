//! The contract of storage's databases (`storage::backend`): one list of cases, run over each of them.
//!
//! - A case is an async function over a [`Harness`], which opens connections, or over [`Hands`], which also reach behind
//!   their back: what is only in memory has nothing there. [`for_each_case`] names all cases once.
//! - The same is done for the places that bytes can live in (`storage::blobs`): a case is given a [`Ground`], and
//!   [`for_each_place_case`] names all of them.
//! - `tests/native.rs` runs them over memory and `SQLite`, each case as a test of its own.
//! - The binary is a page that runs them over `IndexedDB`, together with `indexed_db`'s own cases;
//!   `tests/browser/conformance` drives it.
//!
//! A case names what it checks; its database is new.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "all of this is tests")]

mod author;
mod cases;
mod harness;
#[cfg(target_arch = "wasm32")]
pub mod indexed_db;
pub mod model;
mod reference;

pub use cases::{EVERYWHERE, KEPT, MEDIA, PLACES};
pub use harness::{Case, Device, Ground, Hands, Harness, Migration, NEWER};
