//! A loss of power, simulated: what is written to files is recorded in its order, and [`Disk`] works out what a disk may hold if
//! power fails at any moment, when everything that was not synced may be there, missing, or there in part.
//!
//! [`record`] hears of what `SQLite` does through a layer over its own ([`sqlite3_vfs`]), and of what storage does with media
//! through `storage::blobs::power`. `tests/power_loss.rs` uses both.
//!
//! What is assumed of a disk:
//! - what was synced stays; a sector of 512 bytes is written whole or not at all, and its neighbours stay what they were;
//! - a name (made, changed or removed) stays when its folder was synced. `SQLite` syncs the folder of a journal or log with the
//!   first sync of that file (`os_unix.c`, `unixSync`), and after removing one when it asks for it;
//! - names that are under way change in their order, up to some moment; all else may happen in any combination.
//!
//! [`sqlite3_vfs`]: https://sqlite.org/vfs.html

#![cfg(not(target_arch = "wasm32"))]

mod disk;
mod recording;
mod sqlite;

pub use disk::{Chance, Disk, Trust};
pub use recording::{Op, record};
