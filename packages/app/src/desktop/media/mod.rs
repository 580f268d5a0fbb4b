//! Media for the window's own page. Only assets are served, each as what its bytes are, and nothing in them can run.
//!
//! Two ways lead to one: the scheme, and for players that read no scheme of an application's, an address on this machine.

mod players;
mod scheme;

use std::ops::Range;

use dioxus::desktop::wry::http::{StatusCode, header, response};
use storage::{Session, blobs::byte_range, model::Asset};
use tracing::warn;

pub use self::{
    players::Players,
    scheme::{SCHEME, serve},
};

/// The origin of the window's own page.
const PAGE: &str =
    if cfg!(any(windows, target_os = "android")) { "http://dioxus.index.html" } else { "dioxus://index.html" };

/// What is asked for.
struct Asked {
    asset: Asset,
    /// The bytes that are to be given.
    range: Range<u64>,
    /// Whether these are all that was asked for, and not a part of it.
    whole: bool,
}

impl Asked {
    /// Finds what an asset's id and a `Range` header ask for.
    async fn find(session: &Session, id: &str, range: Option<&str>) -> Result<Self, StatusCode> {
        let Ok(id) = id.parse() else { return Err(StatusCode::NOT_FOUND) };
        let asset = match session.assets().asset(id).await {
            Ok(Some(asset)) => asset,
            Ok(None) => return Err(StatusCode::NOT_FOUND),
            Err(error) => {
                warn!(error = error.code(), asset = %id, "an asset can't be looked up");
                return Err(StatusCode::INTERNAL_SERVER_ERROR);
            }
        };
        let (range, whole) = match range {
            None => (0..asset.bytes, true),
            Some(text) => (byte_range(text, asset.bytes).ok_or(StatusCode::RANGE_NOT_SATISFIABLE)?, false),
        };
        Ok(Self { asset, range, whole })
    }

    /// The beginning of the answer: all but the bytes.
    fn head(&self) -> response::Builder {
        let head = response::Builder::new()
            .header(header::CONTENT_TYPE, &self.asset.mime)
            .header(header::ACCEPT_RANGES, "bytes")
            .header(header::CONTENT_LENGTH, self.range.end - self.range.start)
            // The page makes small pictures of videos: for that it has to be allowed to read what it plays.
            .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, PAGE)
            // Should one ever be opened as a page, it is a dead one.
            .header(header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'; style-src 'unsafe-inline'")
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        if self.whole {
            return head;
        }
        let part = format!("bytes {}-{}/{}", self.range.start, self.range.end.saturating_sub(1), self.asset.bytes);
        head.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, part)
    }
}
