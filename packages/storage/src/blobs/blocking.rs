//! Work that waits for a disk, on a thread of its own.

use super::Ticket;
use crate::{BoxFuture, Error, Result};

/// Starts `work` at once, on a thread that may wait. It goes on to its end if nobody waits for the result.
pub(super) fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> BoxFuture<Result<T>> {
    let task = tokio::task::spawn_blocking(work);
    Box::pin(async move { task.await.unwrap_or_else(|lost| Err(lost_thread(&lost))) })
}

/// What is said of work that has not come to its end.
pub(super) fn lost_thread(lost: &tokio::task::JoinError) -> Error {
    Error::Io { what: "a thread for files".into(), reason: lost.to_string() }
}

/// The same for work that heeds `ticket`: when nobody waits any more, it is called off.
pub(super) fn cancellable<T: Send + 'static>(
    ticket: Ticket,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> BoxFuture<Result<T>> {
    let mut guard = CancelOnDrop(Some(ticket));
    let result = blocking(work);
    Box::pin(async move {
        let result = result.await;
        guard.release();
        result
    })
}

/// Calls a ticket off when it goes, unless it was released before.
struct CancelOnDrop(Option<Ticket>);

impl CancelOnDrop {
    fn release(&mut self) {
        self.0 = None;
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(ticket) = &self.0 {
            ticket.cancel();
        }
    }
}
