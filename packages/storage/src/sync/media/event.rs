//! What a media engine hears, and what it wants done.

use std::collections::BTreeMap;

use super::Remote;
use crate::{
    model::{AssetId, WorkflowId},
    sync::{event::Failure, transport::media::Found, wire::Role},
};

/// What a media engine hears.
#[derive(Clone, Debug)]
pub enum Event {
    /// This tab or process is the one that sends.
    Lead,
    /// The workflows that are synced and that the server has, with what the user may do.
    Listed(BTreeMap<WorkflowId, Role>),
    /// Nodes refer to these. Heard twice it counts once.
    Referred(Vec<Referred>),
    /// The answer to [`Effect::Ask`]: those that the server has.
    Answered {
        /// Which.
        request: u64,
        /// What the server said.
        answer: Result<Vec<Found>, Failure>,
    },
    /// So many bytes of an upload have gone.
    Sending {
        /// Which content.
        hash: String,
        /// From its beginning.
        bytes: u64,
    },
    /// What became of [`Effect::Upload`].
    Uploaded {
        /// Which content.
        hash: String,
        /// Whether the server has it now.
        answer: Result<(), Failure>,
    },
    /// What became of [`Effect::Fetch`].
    Fetched {
        /// Which content.
        hash: String,
        /// Under which id it is kept now.
        answer: Result<AssetId, Failure>,
    },
    /// Somebody wants to see this original.
    Wanted(AssetId),
    /// Whether all originals are to be here.
    KeepAll(bool),
    /// The user wants everything tried again now; or there is a network again, or a new token.
    Retry,
    /// Something is stored that cards can show: how an original looks, or that it is here.
    Learned,
    /// Something else is known of these, here or in another tab.
    Changed(Vec<Changed>),
    /// The time of [`Effect::Timer`] has come.
    Timer,
}

/// An asset of which something else is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// By which id.
    pub id: AssetId,
    /// Its content and under which id it is kept here, if it is.
    pub kept: Option<(String, AssetId)>,
}

/// A content that a node refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referred {
    /// The node's workflow.
    pub workflow: WorkflowId,
    /// By which id.
    pub id: AssetId,
    /// `sha256-` and 64 lower-case hex digits.
    pub hash: String,
    /// Its size, as far as it is known.
    pub bytes: u64,
    /// Under which id it is kept here, if it is.
    pub kept: Option<AssetId>,
    /// Whether it is known how it looks, though it isn't here.
    pub is_remembered: bool,
}

/// What a media engine wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Call `assets:urls`, then [`Event::Answered`].
    Ask {
        /// Which call this is.
        request: u64,
        /// In which workflow.
        workflow: WorkflowId,
        /// At most [`super::engine::BATCH`].
        hashes: Vec<String>,
    },
    /// Bring a content that is kept here to the server, then [`Event::Uploaded`].
    Upload {
        /// Which content.
        hash: String,
        /// Under which id it is kept.
        kept: AssetId,
    },
    /// Bring a content here, then [`Event::Fetched`].
    Fetch {
        /// Which content, and where from.
        found: Found,
        /// The id to keep it under.
        id: AssetId,
    },
    /// Remember how a content looks that isn't here, then [`Event::Learned`].
    Remember {
        /// The ids that nodes refer to it with.
        ids: Vec<AssetId>,
        /// How it looks.
        remote: Box<Remote>,
    },
    /// Have an id stand for a content that is kept under another, then [`Event::Learned`].
    Alias {
        /// The id.
        id: AssetId,
        /// The other.
        kept: AssetId,
    },
    /// Say [`Event::Timer`] at that time and at no other. None: not at all.
    Timer(Option<u64>),
    /// [`super::MediaEngine::status`] has changed.
    Tell,
}
