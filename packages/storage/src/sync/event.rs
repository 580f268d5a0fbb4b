//! What an engine hears, and what it wants done.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    kept::KeptValue,
    status::News,
    wire::{ApplyOps, Changes, ChangesSince, Head, OpsApplied},
};
use crate::{
    backend::{Batch, OplogRecord},
    model::{EntityKey, Json, Registers, Row, Stamp, WorkflowId},
};

/// What an engine hears.
#[derive(Clone, Debug)]
pub enum Event {
    /// Sync was turned on, or is on when the program starts.
    Start,
    /// Sync was turned off. What waits stays in the oplog.
    Stop,
    /// This tab or process is the one that syncs.
    Lead,
    /// Another one is.
    Follow,
    /// The answer to [`Effect::Load`].
    Loaded(Box<Stored>),
    /// A commit has left this in the oplog. Heard twice it counts once.
    Recorded(OplogRecord),
    /// The answer to [`Effect::Read`].
    Read {
        /// Which.
        request: u64,
        /// The rows that are there, deleted ones too.
        rows: Vec<(EntityKey, Row)>,
        /// A stamp that nothing else has.
        stamp: Stamp,
    },
    /// How what is new becomes known from now on.
    News(News),
    /// There is a network, or there is none.
    Network(bool),
    /// The user's workflows on the server, as they are now.
    Heads(Vec<Head>),
    /// The answer to [`Effect::Push`].
    Pushed {
        /// Which.
        request: u64,
        /// What the server said.
        answer: Result<OpsApplied, Failure>,
    },
    /// The answer to [`Effect::Pull`].
    Pulled {
        /// Which.
        request: u64,
        /// What the server said.
        answer: Result<Changes, Failure>,
    },
    /// There is a new token: the answer to [`Effect::RenewToken`], or the user has signed in.
    SignedIn,
    /// There is no token to be had until the user signs in.
    SignedOut,
    /// The time of [`Effect::Timer`] has come.
    Timer,
    /// The user wants everything tried again now.
    Retry,
    /// The user gives up what the server doesn't take because of its time: it is undone, and kept in the list.
    SetAside(WorkflowId),
    /// The same, and these rows of it are in a copy: what the copy has isn't kept in the list.
    Copied(WorkflowId, Arc<BTreeMap<EntityKey, Registers>>),
    /// The user wants a workflow synced, or no longer.
    Include(WorkflowId, bool),
    /// The user has seen what is kept of a workflow, and needs it no more.
    Dismiss(WorkflowId),
    /// The same of one value.
    DismissOne(WorkflowId, Box<KeptValue>),
}

/// What an engine wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Read what is stored, then [`Event::Loaded`].
    Load,
    /// Read rows, then [`Event::Read`].
    Read {
        /// Which reading this is.
        request: u64,
        /// Of which workflow.
        workflow: WorkflowId,
        /// Which rows. None: all.
        keys: Option<BTreeSet<EntityKey>>,
    },
    /// Store this, in the order of these effects, however often that takes to succeed. It is not recorded.
    Commit(Batch),
    /// Call `sync:applyOps`, then [`Event::Pushed`].
    Push {
        /// Which call this is.
        request: u64,
        /// The argument.
        body: ApplyOps,
    },
    /// Call `sync:changesSince`, then [`Event::Pulled`].
    Pull {
        /// Which call this is.
        request: u64,
        /// The argument.
        body: ChangesSince,
    },
    /// Watch `sync:heads` from now on, or no longer. Each time something is new, and at first: [`Event::Heads`].
    Watch(bool),
    /// Get a new token, then [`Event::SignedIn`] or [`Event::SignedOut`].
    RenewToken,
    /// Say [`Event::Timer`] at that time, by the clock that events are given with, and at no other. None: not at all.
    Timer(Option<u64>),
    /// [`super::SyncEngine::status`] has changed.
    Tell,
}

/// What is stored of sync.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// [`crate::backend::Backend::oplog`].
    pub oplog: Vec<OplogRecord>,
    /// Every workflow that there is.
    pub workflows: Vec<StoredWorkflow>,
}

/// What is stored of one workflow's sync.
#[derive(Clone, Debug)]
pub struct StoredWorkflow {
    /// Which.
    pub id: WorkflowId,
    /// The setting [`progress_key`].
    pub progress: Option<Json>,
    /// The setting [`kept_key`].
    pub kept: Option<Json>,
}

/// Setting: how far a workflow is synced.
pub fn progress_key(workflow: WorkflowId) -> String {
    format!("sync/progress/{workflow}")
}

/// Setting: values of the user's that a server or others have replaced.
pub fn kept_key(workflow: WorkflowId) -> String {
    format!("sync/kept/{workflow}")
}

/// Why a call had no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The server wasn't reached, or the answer was lost. Nobody knows whether the call was heard.
    #[error("the server can't be reached ({0})")]
    Network(String),
    /// The server is busy or has trouble: trying again will help. The HTTP status.
    #[error("the server is busy ({0})")]
    Busy(u16),
    /// The token has expired, or there is none.
    #[error("the server wants you to sign in")]
    Unauthenticated,
    /// The server doesn't understand the call, or we the answer: trying again will not help.
    #[error("the server and this version of Atelier don't understand each other ({0})")]
    Refused(String),
}

impl Failure {
    /// Why something that is tried beside another way doesn't work, for the middle of a sentence.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Network(reason) | Self::Refused(reason) => reason.clone(),
            Self::Busy(status) => format!("it is busy, {status}"),
            Self::Unauthenticated => "it wants you to sign in".into(),
        }
    }

    /// What an HTTP status says that asks for another attempt or a user, if it does.
    pub(super) fn of_status(status: u16) -> Option<Self> {
        match status {
            401 => Some(Self::Unauthenticated),
            408 | 421 | 425 | 429 | 500.. => Some(Self::Busy(status)),
            _ => None,
        }
    }
}
