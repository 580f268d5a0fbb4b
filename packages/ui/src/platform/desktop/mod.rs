//! A desktop's window.

mod files;
mod media;
mod target;

use std::{sync::OnceLock, time::Instant};

use dioxus::prelude::*;

use super::{Leaving, PageState, Update};

pub use self::{
    files::{
        allow_folder, at, choose_folder, chosen, clear, copy_picture, dropped, fetch, on_paste, read, salvage, save,
        save_text, use_folder,
    },
    media::{ask_to_keep, look, pixel_ratio, quota},
    target::{Target, abandon, choose_target, save_archive},
};

/// What the private files are called here.
pub const OWN_FILES: &str = "In Atelier’s own folder on this disk";
/// What is said of a workflow that is open here a second time.
pub const OPEN_ELSEWHERE: &str = "open in another window";
/// What to do once a newer build has taken over.
pub const NEWER_ADVICE: &str = "Close this window and go on with the newer one.";
/// What to do once a newer build has written what was opened.
pub const WAS_NEWER_ADVICE: &str = "Use that one, or update this one.";
/// Whether the window can be loaded anew.
pub const CAN_RELOAD: bool = false;

/// A window isn't loaded anew.
pub fn reload() {}

/// A window's program is replaced by whoever installed it.
pub fn on_update(_tell: impl Fn(Update) + 'static) {}

/// Nothing waits here.
pub fn take_update() {}

/// Whether this is a window of a process of its own, and not a page of a browser's.
pub const IS_NATIVE: bool = true;
/// Whether pictures can be put into the clipboard.
pub const COPIES_PICTURES: bool = false;
/// Whether the page itself saves what a link leads to.
pub const LINKS_DOWNLOAD: bool = false;

/// Says on the page how far the start has come.
pub fn say_state(state: PageState) {
    document::eval(&format!("document.documentElement.dataset.atelier = '{}'", state.name()));
}

/// Sets the window's title: the window has its own.
pub fn set_title(_title: &str) {}

/// The window's webview keeps delivering a pressed pointer's events by itself.
pub fn capture(_event: &PointerEvent) {}

/// Milliseconds that never run backwards, since some moment.
pub fn monotonic_millis() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64() * 1000.
}

/// A window is closed in order, by the application: nothing to listen to.
pub fn on_leave(_leave: impl Fn(Leaving) -> bool + Clone + 'static) {}

/// Presses the element of that id.
pub fn click(id: &str) {
    document::eval(&format!("document.getElementById('{id}').click()"));
}

/// What this system has of what is used.
pub fn capabilities() -> Vec<(&'static str, bool)> {
    vec![("SQLite", true), ("Folders", true)]
}

/// What the window runs on.
pub fn engine() -> String {
    format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)
}

/// Puts a text into the clipboard.
///
/// # Errors
/// Why the web view refuses, in words.
pub async fn copy_text(text: &str) -> Result<(), String> {
    // The old way: a window's page is not always trusted with the clipboard, but with a copy that follows a press.
    let script = "const text = await dioxus.recv();
        const field = document.createElement('textarea');
        field.value = text;
        field.style.position = 'fixed';
        const before = document.activeElement;
        (before?.closest('[data-surface]') ?? document.body).append(field);
        field.select();
        const copied = document.execCommand('copy');
        field.remove();
        before?.focus();
        return copied;";
    let asked = document::eval(script);
    asked.send(text).map_err(|error| error.to_string())?;
    match asked.join::<bool>().await {
        Ok(true) => Ok(()),
        Ok(false) => Err("the window’s page refuses".into()),
        Err(error) => Err(error.to_string()),
    }
}

/// Gives the keyboard to the first element that `selector` finds.
pub fn focus_first(selector: &str) {
    document::eval(&format!("document.querySelector('{selector}')?.focus()"));
}
