//! A request and its answer. How it is sent is chosen here once.

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod web;

#[cfg(not(target_arch = "wasm32"))]
pub use native::Client;
#[cfg(target_arch = "wasm32")]
pub use web::Client;

use std::time::Duration;

use crate::{
    BoxFuture, MaybeSend, MaybeSync,
    blobs::{Source, Ticket},
    sync::event::Failure,
};

/// How long an answer may take. A function runs a second; what is slower is the way.
#[cfg(target_arch = "wasm32")]
const PATIENCE: Duration = Duration::from_mins(1);
/// How long the bytes of an original may take.
const LONG_PATIENCE: Duration = Duration::from_mins(30);
/// How large an answer may be, in bytes: what a deployment gives at most, and some.
#[cfg(not(target_arch = "wasm32"))]
pub(super) const LARGEST: u64 = 32 << 20;

/// A request with a text.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where to.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
    /// The text.
    pub body: String,
}

/// An answer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// HTTP's.
    pub status: u16,
    /// The text.
    pub body: String,
}

/// Sends requests.
pub trait Http: MaybeSend + MaybeSync + 'static {
    /// Sends one with `POST`, follows no redirect, and gives what comes back.
    fn post(&self, request: Request) -> BoxFuture<Result<Response, Failure>>;
}

/// Sends and fetches originals, which are never in memory as a whole.
pub trait Bytes: MaybeSend + MaybeSync + 'static {
    /// Sends so many bytes with `POST`; the request's own text is not used. The ticket is told how many have gone: as far as the
    /// network's own buffer, which may be a little further than the server has them.
    fn send(
        &self,
        request: Request,
        source: Source,
        bytes: u64,
        ticket: Ticket,
    ) -> BoxFuture<Result<Response, Failure>>;

    /// Fetches what is said to have so many bytes. It may have others, and may end early: whoever reads it checks.
    fn fetch(&self, url: String, bytes: u64) -> BoxFuture<Result<Source, Failure>>;
}

/// What a status says that came instead of an original.
fn no_original(status: u16) -> Failure {
    Failure::of_status(status)
        .unwrap_or_else(|| Failure::Refused(format!("the original isn't there (status {status})")))
}
