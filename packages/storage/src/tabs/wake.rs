//! When a page may have missed something.

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, EventTarget, VisibilityState};

/// Calls `wake` whenever the page may have slept: it is seen again, comes out of the back/forward cache, was frozen, or has its
/// network back. For as long as the page lives.
pub(crate) fn on_wake(wake: impl Fn() + Clone + 'static) {
    let Some(window) = web_sys::window() else { return };
    let Some(document) = window.document() else { return };
    let listen = |target: &EventTarget, name: &str, heard: Box<dyn FnMut(Event)>| {
        let heard = Closure::wrap(heard).into_js_value();
        // Fails only for a listener that is no function.
        let _is_function = target.add_event_listener_with_callback(name, heard.unchecked_ref());
    };
    for (target, name) in [(&document as &EventTarget, "resume"), (&window, "pageshow"), (&window, "online")] {
        let wake = wake.clone();
        listen(target, name, Box::new(move |_| wake()));
    }
    let page = document.clone();
    let seen = move |_| {
        if page.visibility_state() == VisibilityState::Visible {
            wake();
        }
    };
    listen(&document, "visibilitychange", Box::new(seen));
}
