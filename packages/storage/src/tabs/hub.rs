//! A channel between tabs of one process, for tests.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Channel, Hear, Message};

/// What several sessions are connected with. Clones share it.
#[derive(Clone, Default)]
pub struct Hub(Arc<Mutex<Vec<Option<Hear>>>>);

/// One of those that are connected.
struct Member {
    hub: Hub,
    number: usize,
}

impl Hub {
    /// One more member, which hears all others.
    #[cfg_attr(
        target_arch = "wasm32",
        expect(clippy::arc_with_non_send_sync, reason = "shared between targets; the browser has one thread")
    )]
    pub fn join(&self, hear: Hear) -> Arc<dyn Channel> {
        let mut members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        members.push(Some(hear));
        Arc::new(Member { hub: self.clone(), number: members.len() - 1 })
    }

    fn post(&self, from: usize, message: &Message) {
        // As text, as it goes between real tabs.
        let text = message.to_text();
        let members = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (_, hear) in members.into_iter().enumerate().filter(|(number, _)| *number != from) {
            if let (Some(hear), Ok(message)) = (hear, Message::parse(&text)) {
                hear(message);
            }
        }
    }
}

impl Channel for Member {
    fn post(&self, message: &Message) {
        self.hub.post(self.number, message);
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.hub.0.lock().unwrap_or_else(PoisonError::into_inner)[self.number] = None;
    }
}
