//! What tabs and windows tell each other: that something was stored, never what.
//!
//! On the web each tab has a [`Session`](crate::Session) of its own. After every commit it says on a channel which rows it wrote
//! and as which version; the others read those that they show and have not seen, and merge them. Nothing depends on a message
//! arriving: a tab that wakes compares versions and catches up.
//!
//! A native process has one session for all of its windows, and no other process works on its folder. There the session's own
//! events are all that is needed.

#[cfg(target_arch = "wasm32")]
mod broadcast_channel;
#[cfg(any(test, feature = "testing"))]
pub mod hub;
mod lead;
mod message;
#[cfg(not(target_arch = "wasm32"))]
#[path = "presence_native.rs"]
mod presence;
#[cfg(target_arch = "wasm32")]
#[path = "presence_web.rs"]
mod presence;
#[cfg(target_arch = "wasm32")]
mod storage_event;
#[cfg(target_arch = "wasm32")]
mod wake;

use std::sync::Arc;

use crate::{MaybeSend, MaybeSync};

pub use self::{
    message::{Changes, Message, Touched},
    presence::Presence,
};

/// What carries messages to all others, and none of the sender's own back.
pub trait Channel: MaybeSend + MaybeSync + 'static {
    /// Sends a message, if it can. Nobody hears whether it arrived.
    fn post(&self, message: &Message);
}

/// What to do with a message.
pub type Hear = Arc<dyn HearFn>;

/// A function that hears messages, on any thread where there are several.
pub trait HearFn: Fn(Message) + MaybeSend + MaybeSync {}
impl<F: Fn(Message) + MaybeSend + MaybeSync> HearFn for F {}

/// Nobody else: where there is one session only.
pub struct Nobody;

impl Channel for Nobody {
    fn post(&self, _message: &Message) {}
}

/// The name of the channel between tabs.
#[cfg(target_arch = "wasm32")]
const NAME: &str = "atelier:workflows";

/// Opens the channel between tabs. From here on every message is heard.
#[cfg(target_arch = "wasm32")]
#[expect(clippy::arc_with_non_send_sync, reason = "shared between targets; the browser has one thread")]
pub(crate) fn open(hear: impl Fn(Message) + Clone + 'static) -> Arc<dyn Channel> {
    match broadcast_channel::BroadcastChannel::open(hear.clone()) {
        Some(channel) => Arc::new(channel),
        None => match storage_event::StorageEvents::open(hear) {
            Some(channel) => Arc::new(channel),
            None => Arc::new(Nobody),
        },
    }
}

pub(crate) use lead::lead;
#[cfg(target_arch = "wasm32")]
pub(crate) use wake::on_wake;
