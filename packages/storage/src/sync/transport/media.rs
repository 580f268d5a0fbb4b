//! How originals get to a server, and from it.

use crate::{
    BoxFuture, MaybeSend, MaybeSync,
    blobs::{Source, Ticket},
    model::WorkflowId,
    sync::{event::Failure, media::Remote},
};

/// A content that a server has.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What it is.
    pub remote: Remote,
    /// Where its bytes are.
    pub url: String,
}

impl Found {
    /// What has just been sent: it is there.
    pub fn nowhere(hash: &str) -> Self {
        Self { remote: Remote { hash: hash.to_owned(), ..Remote::default() }, url: String::new() }
    }
}

/// A way for originals. Each call ends, with an answer or a failure; to repeat it is harmless.
pub trait MediaTransport: MaybeSend + MaybeSync + 'static {
    /// `assets:urls`: those of the contents that the server has.
    fn find(&self, workflow: WorkflowId, hashes: Vec<String>) -> BoxFuture<Result<Vec<Found>, Failure>>;

    /// Brings a content, unless it is there: `assets:uploadUrl`, the bytes, `assets:commit`. The ticket is told how many bytes have gone.
    fn upload(&self, remote: Remote, source: Source, ticket: Ticket) -> BoxFuture<Result<(), Failure>>;

    /// The bytes of a content. They are not checked.
    fn download(&self, found: Found) -> BoxFuture<Result<Source, Failure>>;
}
