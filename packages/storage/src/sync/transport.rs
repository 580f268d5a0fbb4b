//! How calls get to a server.

pub mod convex;
pub mod http;
pub mod media;
#[cfg(any(test, feature = "testing"))]
pub mod memory;
pub mod socket;

use tokio::sync::mpsc;

use super::{
    event::Failure,
    wire::{ApplyOps, Changes, ChangesSince, Head, OpsApplied},
};
use crate::{BoxFuture, MaybeSend, MaybeSync};

/// A way to a server. Each call ends within about a minute, with an answer or a failure; after [`Failure::Network`] nobody knows
/// whether it was heard, and to repeat it is harmless.
pub trait Transport: MaybeSend + MaybeSync + 'static {
    /// `sync:applyOps`.
    fn push(&self, body: ApplyOps) -> BoxFuture<Result<OpsApplied, Failure>>;

    /// `sync:changesSince`.
    fn pull(&self, body: ChangesSince) -> BoxFuture<Result<Changes, Failure>>;

    /// `sync:heads`, once.
    fn heads(&self) -> BoxFuture<Result<Vec<Head>, Failure>>;

    /// `sync:heads`, each time that something in it is new. None: this way has nothing of the kind.
    fn subscribe(&self) -> Option<Subscription> {
        None
    }
}

/// What a server says by itself: all heads, at first and each time that something is new; at last why no more comes. Ends when nobody
/// listens.
pub type Subscription = mpsc::UnboundedReceiver<Result<Vec<Head>, Failure>>;
