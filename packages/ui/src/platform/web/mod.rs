//! A browser's page.

mod files;
mod folder;
mod media;
mod package;
mod target;
mod update;

use dioxus::prelude::*;
use dioxus_web::WebEventExt;
use storage::{blobs::Assets, model::AssetId};
use wasm_bindgen::{JsCast, closure::Closure};

use super::{Leaving, PageState};

pub use self::{
    files::{chosen, clear, copy_picture, dropped, on_paste, read},
    folder::{allow_folder, choose_folder, use_folder},
    media::{ask_to_keep, look, pixel_ratio, quota},
    package::{fetch, save_text},
    target::{Target, abandon, choose_target, save_archive},
    update::{on_update, take_update},
};

/// What the private files are called here.
pub const OWN_FILES: &str = "In this browser’s private storage";
/// What is said of a workflow that is open here a second time.
pub const OPEN_ELSEWHERE: &str = "open in another tab";
/// What to do once a newer build has taken over.
pub const NEWER_ADVICE: &str = "Reload to go on with it; what isn’t stored yet is kept.";
/// What to do once a newer build has written what was opened.
pub const WAS_NEWER_ADVICE: &str = "Reload to get the newer one; if this stays, it is not here yet.";
/// Whether the window can be loaded anew.
pub const CAN_RELOAD: bool = true;

/// Loads the page anew.
pub fn reload() {
    if let Some(window) = web_sys::window() {
        // Fails only in a page that is going away.
        let _is_going = window.location().reload();
    }
}

/// Whether this is a window of a process of its own, and not a page of a browser's.
pub const IS_NATIVE: bool = false;
/// Whether pictures can be put into the clipboard.
pub const COPIES_PICTURES: bool = true;
/// Whether the page itself saves what a link leads to.
pub const LINKS_DOWNLOAD: bool = true;

/// A page saves through a link.
///
/// # Errors
/// Always: nothing calls this here.
#[expect(clippy::unused_async, reason = "a window's process writes a file")]
pub async fn save(_assets: Assets, _id: AssetId, _name: String) -> Result<String, String> {
    Err("a page saves through a link".into())
}

/// A browser's database has no other name to be given.
///
/// # Errors
/// Always: nothing calls this here.
#[expect(clippy::unused_async, reason = "a window's process renames a file")]
pub async fn salvage(_location: &storage::Location) -> storage::Result<String> {
    Err(storage::Error::Unavailable("a browser’s database can’t be set aside".into()))
}

/// What this browser has of what is used.
pub fn capabilities() -> Vec<(&'static str, bool)> {
    let global = js_sys::global();
    let has = |path: &[&str]| {
        let found = path.iter().try_fold(wasm_bindgen::JsValue::from(global.clone()), |at, name| {
            js_sys::Reflect::get(&at, &(*name).into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
        });
        found.is_some()
    };
    vec![
        ("IndexedDB", has(&["indexedDB"])),
        ("OPFS", has(&["navigator", "storage", "getDirectory"])),
        ("Workers", has(&["Worker"])),
        ("Locks", has(&["navigator", "locks"])),
        ("BroadcastChannel", has(&["BroadcastChannel"])),
        ("Folders", has(&["showDirectoryPicker"])),
    ]
}

/// What the page runs in.
pub fn engine() -> String {
    let agent =
        web_sys::window().and_then(|window| js_sys::Reflect::get(&window.navigator(), &"userAgent".into()).ok());
    agent.and_then(|agent| agent.as_string()).unwrap_or_else(|| "not known".into())
}

/// Puts a text into the clipboard.
///
/// # Errors
/// Why the browser refuses, in words.
pub async fn copy_text(text: &str) -> Result<(), String> {
    let write = || {
        let navigator = js_sys::Reflect::get(&js_sys::global(), &"navigator".into())?;
        let clipboard = js_sys::Reflect::get(&navigator, &"clipboard".into())?;
        let write: js_sys::Function = js_sys::Reflect::get(&clipboard, &"writeText".into())?.dyn_into()?;
        write.call1(&clipboard, &text.into())?.dyn_into::<js_sys::Promise>()
    };
    let written = write().map_err(|error| files::words(&error))?;
    wasm_bindgen_futures::JsFuture::from(written).await.map(drop).map_err(|error| files::words(&error))
}

/// A page is given no paths.
#[expect(clippy::unused_async, reason = "a window's process looks at the disk")]
pub async fn at(_paths: Vec<std::path::PathBuf>) -> Vec<crate::media::Incoming> {
    Vec::new()
}

/// Says on the page how far the start has come.
pub fn say_state(state: PageState) {
    let root = web_sys::window().and_then(|window| window.document()).and_then(|document| document.document_element());
    if let Some(root) = root {
        // Fails only for an invalid attribute name.
        let _is_valid = root.set_attribute("data-atelier", state.name());
    }
}

/// Sets the page's title.
pub fn set_title(title: &str) {
    if let Some(document) = web_sys::window().and_then(|window| window.document()) {
        document.set_title(title);
    }
}

/// Has the pointer's further events delivered here, also from outside the window, and ends what was being selected.
pub fn capture(event: &PointerEvent) {
    let event = event.data().as_web_event();
    // Not the current target: Dioxus listens at the root, outside of the shell.
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let shell = target.and_then(|target| target.closest(".shell").ok().flatten());
    if let Some(shell) = shell {
        // Fails for a pointer that is gone already, or that a test made up.
        let _is_gone = shell.set_pointer_capture(event.pointer_id());
    }
    // A caret that is left in a text field, even in one that is gone, has the browser look through the page in every frame:
    // measured as a sixth of what panning costs.
    if let Some(selection) = web_sys::window().and_then(|window| window.get_selection().ok().flatten()) {
        // Fails for a selection that nobody can have made here.
        let _is_empty = selection.remove_all_ranges();
    }
}

/// Milliseconds that never run backwards, since some moment.
pub fn monotonic_millis() -> f64 {
    // The time origin is all that a document's timeline needs; Date would jump with the wall clock.
    js_sys::Reflect::get(&js_sys::global(), &"performance".into())
        .ok()
        .and_then(|performance| js_sys::Reflect::get(&performance, &"now".into()).ok().map(|now| (performance, now)))
        .and_then(|(performance, now)| now.dyn_into::<js_sys::Function>().ok()?.call0(&performance).ok()?.as_f64())
        .unwrap_or_default()
}

/// Calls `leave` whenever the page goes away or may: hidden, left, closed. It returns whether something would be lost.
pub fn on_leave(leave: impl Fn(Leaving) -> bool + Clone + 'static) {
    let Some(window) = web_sys::window() else { return };
    let listen = |target: &web_sys::EventTarget, name: &str, listener: Box<dyn FnMut(web_sys::Event)>| {
        let listener = Closure::wrap(listener).into_js_value();
        // Fails only for an invalid event name.
        let _is_valid = target.add_event_listener_with_callback(name, listener.unchecked_ref());
    };
    let gone = leave.clone();
    listen(&window, "pagehide", Box::new(move |_| _ = gone(Leaving::Gone)));
    if let Some(document) = window.document() {
        let (hidden, page) = (leave.clone(), document.clone());
        let changed = move |_| {
            if page.visibility_state() == web_sys::VisibilityState::Hidden {
                hidden(Leaving::Gone);
            }
        };
        listen(&document, "visibilitychange", Box::new(changed));
    }
    let asked = move |event: web_sys::Event| {
        if leave(Leaving::Asked) {
            event.prevent_default();
        }
    };
    listen(&window, "beforeunload", Box::new(asked));
}

/// Presses the element of that id.
pub fn click(id: &str) {
    let element =
        web_sys::window().and_then(|window| window.document()).and_then(|document| document.get_element_by_id(id));
    if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        element.click();
    }
}

/// Gives the keyboard to the first element that `selector` finds.
pub fn focus_first(selector: &str) {
    let found = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.query_selector(selector).ok().flatten());
    if let Some(element) = found.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        // Fails for what can't have the keyboard.
        let _cannot = element.focus();
    }
}
