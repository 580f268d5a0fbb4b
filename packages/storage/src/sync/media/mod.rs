//! Sync of originals: pictures, videos and sounds, beside the graph that refers to them.
//!
//! ```text
//! a node refers to a content → is it here? → is it on the server? ─ only here  → upload (once per hash) → commit
//!                                                                  └ only there → its look is kept; the bytes come when wanted
//! ```
//!
//! [`MediaEngine`] decides and does nothing; [`MediaDriver`] does what it wants. Whatever was done is known to the server or is
//! stored here, so stopping at any point loses at most the upload of one content that was under way. What comes is kept only if its
//! hash is the one that the workflow refers to.

mod driver;
mod engine;
mod event;
mod references;
mod remote;
mod status;

#[cfg(test)]
mod tests;

pub use self::{
    driver::{MediaDesk, MediaDriver},
    engine::MediaEngine,
    event::{Changed, Effect, Event, Referred},
    references::{Reference, references},
    remote::{Remote, remote_key},
    status::{Fetching, MediaProblem, MediaStatus},
};
