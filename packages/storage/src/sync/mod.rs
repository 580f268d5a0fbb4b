//! Sync: the same workflows on several devices, through a server that the user chose. Off by default; without it nothing is sent.
//!
//! ```text
//! commit → oplog → SyncEngine → Transport → applyOps (server) → what it stored → prune
//!                     ↑  heads (something is new) → changesSince(cursor) → merge → Writer → rows and cursor, one transaction
//! ```
//!
//! [`SyncEngine`] decides everything and does nothing: it hears [`Event`]s and gives [`Effect`]s, and has no clock, socket or
//! database inside, so that a test can run years of it in a second. What is sent are [`op`]s, each with an id by which a server
//! knows it again: whatever was sent twice counts once. The merge is the one of [`crate::model::Registers::merge`], here and there.
//!
//! Promises, each checked by the simulation in `tests`:
//! - All devices come to the same state, whatever is lost, repeated, reordered or late on the way.
//! - What was acknowledged as saved is on the server in the end, or was replaced by a later edit, or is kept in a list with the reason.
//! - An op that a server rejects is undone alone; the others go on.
//! - Stopping at any point loses nothing: what is sent stays in the oplog until the server has it, and how far a server was heard is
//!   stored together with what it said.

mod backoff;
mod copy;
mod driver;
mod engine;
mod event;
mod kept;
mod mailbox;
pub mod media;
pub mod op;
mod queue;
mod settings;
mod status;
pub mod transport;
mod waiting;
mod watch;
pub mod wire;
mod workflow;

#[cfg(test)]
mod tests;

pub use self::{
    driver::{Desk, Driver, Stamps},
    engine::{Config, SyncEngine},
    event::{Effect, Event, Failure, Stored, StoredWorkflow, kept_key, progress_key},
    kept::{Kept, KeptValue},
    settings::{SETTINGS, Settings, SettingsError},
    status::{News, Problem, ServerClock, State, Status, WorkflowStatus},
    waiting::{Sending, WaitingOp},
    workflow::AHEAD,
};

pub(crate) use self::copy::copy_of;

/// The ways to the deployment that the settings name.
///
/// # Errors
/// They name none.
#[cfg_attr(
    target_arch = "wasm32",
    expect(clippy::arc_with_non_send_sync, reason = "shared between targets; the browser has one thread")
)]
pub(crate) fn connect(
    settings: &Settings,
) -> Result<std::sync::Arc<transport::convex::Convex>, transport::convex::BadAddress> {
    let client = std::sync::Arc::new(transport::http::Client);
    let convex = transport::convex::Convex::new(&settings.address, client.clone())?
        .with_bytes(client)
        .with_sockets(std::sync::Arc::new(transport::socket::Client));
    convex.sign_in(Some(settings.token.clone()));
    Ok(std::sync::Arc::new(convex))
}

/// The time of [`Status::last_success`], in milliseconds since some moment.
pub fn now() -> u64 {
    crate::platform::monotonic_millis()
}
