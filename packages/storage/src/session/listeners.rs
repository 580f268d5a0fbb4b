//! Who hears of what happens: each window of a session.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing::debug;

use super::Event;
use crate::{
    SCHEMA_VERSION,
    tabs::{Hear, Message},
};

/// Everybody who listens. Clones share the list.
#[derive(Clone, Default)]
pub(crate) struct Listeners(Arc<Mutex<Vec<UnboundedSender<Event>>>>);

impl Listeners {
    /// A list with one listener.
    pub fn new() -> (Self, UnboundedReceiver<Event>) {
        let listeners = Self::default();
        let events = listeners.subscribe();
        (listeners, events)
    }

    /// One more listener. It hears what happens from now on.
    pub fn subscribe(&self) -> UnboundedReceiver<Event> {
        let (tell, events) = unbounded_channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(tell);
        events
    }

    /// Tells everybody, and forgets those who have gone.
    pub fn tell(&self, event: &Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|listener| listener.send(event.clone()).is_ok());
    }

    /// What to do with a message of another tab.
    pub fn hear(&self) -> Hear {
        let listeners = self.clone();
        Arc::new(move |message: Message| {
            if message.schema > SCHEMA_VERSION {
                listeners.tell(&Event::Newer(message.schema));
                return;
            }
            if !message.changes.is_empty() {
                let (rows, ranges) = (message.changes.rows.len(), message.changes.ranges.len());
                debug!(rows, ranges, "another tab has stored something");
                listeners.tell(&Event::Elsewhere(message.changes));
            }
            if !message.undone.is_empty() {
                listeners.tell(&Event::Undone(message.undone));
            }
            if !message.assets.is_empty() {
                listeners.tell(&Event::Assets(message.assets));
            }
            if message.presence {
                listeners.tell(&Event::Presence);
            }
        })
    }
}
