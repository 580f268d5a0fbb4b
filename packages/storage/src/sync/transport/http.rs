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

use crate::{BoxFuture, MaybeSend, MaybeSync, sync::event::Failure};

/// How long an answer may take. A function runs a second; what is slower is the way.
const PATIENCE: Duration = Duration::from_mins(1);
/// How large an answer may be, in bytes: what a deployment gives at most, and some.
#[cfg(not(target_arch = "wasm32"))]
const LARGEST: u64 = 32 << 20;

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
