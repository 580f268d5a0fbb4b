//! What a browser's page and a desktop's window do differently, chosen here once.

#[cfg(not(target_arch = "wasm32"))]
mod desktop;
#[cfg(target_arch = "wasm32")]
mod web;

#[cfg(not(target_arch = "wasm32"))]
pub use desktop::*;
#[cfg(target_arch = "wasm32")]
pub use web::*;

/// How far the start has come, for the page's own attribute `data-atelier`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageState {
    /// Stored data is shown.
    Ready,
    /// It can't be; the page says why.
    Failed,
}

impl PageState {
    /// The attribute's value.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

/// What leaving asks of the page. A window is closed in order and never asks.
#[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "only a page is left"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// The page may be closed by a click now: is anything lost then?
    Asked,
    /// The page is going away, or may without another word.
    Gone,
}

/// What became of a new version of the app.
#[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "only a page is updated while it is open"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// It is there and starts when the user says so.
    Waits,
    /// Another tab has started it; this page is still of the version before.
    Taken,
}

impl Update {
    /// The value of the attribute `data-update`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::Taken => "taken",
        }
    }
}

/// What became of a file that was to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is there, under this name.
    At(String),
    /// The browser downloads it.
    #[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "a window writes files"))]
    Download,
}
