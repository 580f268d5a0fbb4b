//! The browser's channel between the tabs of an origin.

use js_sys::Reflect;
use tracing::warn;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::MessageEvent;

use super::{Channel, Message, NAME};

/// An open channel.
pub(super) struct BroadcastChannel {
    channel: web_sys::BroadcastChannel,
    /// What hears; it lives as long as the channel.
    _heard: Closure<dyn FnMut(MessageEvent)>,
}

impl BroadcastChannel {
    /// Opens it. None: this browser has none.
    pub(super) fn open(hear: impl Fn(Message) + 'static) -> Option<Self> {
        Reflect::get(&js_sys::global(), &"BroadcastChannel".into()).ok().filter(JsValue::is_function)?;
        let channel = web_sys::BroadcastChannel::new(NAME).ok()?;
        let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            match event.data().as_string().as_deref().map(Message::parse) {
                Some(Ok(message)) => hear(message),
                Some(Err(_)) => warn!("another tab said something that is not understood"),
                None => warn!("another tab said something that is no text"),
            }
        });
        channel.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        Some(Self { channel, _heard: heard })
    }
}

impl Channel for BroadcastChannel {
    fn post(&self, message: &Message) {
        // A text: it costs no structured clone, and both channels carry the same.
        if self.channel.post_message(&message.to_text().into()).is_err() {
            warn!("other tabs can't be told of a commit; they see it when they wake");
        }
    }
}

impl Drop for BroadcastChannel {
    fn drop(&mut self) {
        self.channel.set_onmessage(None);
        self.channel.close();
    }
}
