//! Messages through localStorage, where there is no `BroadcastChannel`: a value that is set is heard by all other tabs.

use tracing::warn;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{StorageEvent, Window};

use super::{Channel, Message, NAME};

/// An open channel.
pub(super) struct StorageEvents {
    window: Window,
    storage: web_sys::Storage,
    /// What hears; it lives as long as the channel.
    heard: Closure<dyn FnMut(StorageEvent)>,
}

impl StorageEvents {
    /// Opens it. None: this window may not store anything.
    pub(super) fn open(hear: impl Fn(Message) + 'static) -> Option<Self> {
        let window = web_sys::window()?;
        let storage = window.local_storage().ok()??;
        let heard = Closure::<dyn FnMut(StorageEvent)>::new(move |event: StorageEvent| {
            if event.key().as_deref() != Some(NAME) {
                return;
            }
            // None: it was removed, which every message is at once.
            match event.new_value().as_deref().map(Message::parse) {
                Some(Ok(message)) => hear(message),
                Some(Err(_)) => warn!("another tab said something that is not understood"),
                None => {}
            }
        });
        window.add_event_listener_with_callback("storage", heard.as_ref().unchecked_ref()).ok()?;
        Some(Self { window, storage, heard })
    }
}

impl Channel for StorageEvents {
    fn post(&self, message: &Message) {
        // Removed at once: a value that is set again to the same would not be heard.
        let posted = self.storage.set_item(NAME, &message.to_text()).and_then(|()| self.storage.remove_item(NAME));
        if posted.is_err() {
            warn!("other tabs can't be told of a commit; they see it when they wake");
        }
    }
}

impl Drop for StorageEvents {
    fn drop(&mut self) {
        let listener = self.heard.as_ref().unchecked_ref();
        // Fails only for a listener that is no function.
        let _is_function = self.window.remove_event_listener_with_callback("storage", listener);
    }
}
