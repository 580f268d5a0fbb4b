//! A WebSocket that is listened to. How it is opened is chosen here once.

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod web;

#[cfg(not(target_arch = "wasm32"))]
pub use native::Client;
#[cfg(target_arch = "wasm32")]
pub use web::Client;

use tokio::sync::mpsc;

use crate::{MaybeSend, MaybeSync, sync::event::Failure};

/// Opens connections.
pub trait Sockets: MaybeSend + MaybeSync + 'static {
    /// Opens one, and sends these texts as soon as it is open.
    fn open(&self, address: String, greeting: Vec<String>) -> Socket;
}

/// A connection, from before it is open. It is closed when this goes.
pub struct Socket {
    said: mpsc::UnboundedReceiver<Result<String, Failure>>,
    _line: Box<dyn Line>,
}

/// What is closed when it goes.
pub trait Line: MaybeSend {}
impl<T: MaybeSend> Line for T {}

impl Socket {
    /// A connection on which this is said, and that ends with `line`.
    pub fn new(said: mpsc::UnboundedReceiver<Result<String, Failure>>, line: impl Line + 'static) -> Self {
        Self { said, _line: Box::new(line) }
    }

    /// The next text.
    ///
    /// # Errors
    /// The connection couldn't be opened, or has ended. No more comes then.
    pub async fn next(&mut self) -> Result<String, Failure> {
        let next = self.said.recv().await;
        next.unwrap_or_else(|| Err(Failure::Network("the connection has ended".into())))
    }
}
