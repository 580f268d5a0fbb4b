//! What the user is told about sync.

use std::collections::BTreeMap;

use super::{kept::Kept, waiting::WaitingOp, wire::Role};
use crate::model::WorkflowId;

/// How sync goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// In one word.
    pub state: State,
    /// How what is new on the server becomes known.
    pub news: News,
    /// How many ops wait.
    pub pending: usize,
    /// When a server has answered last, by the clock that events are given with.
    pub last_success: Option<u64>,
    /// What the server has said of the time.
    pub server_clock: Option<ServerClock>,
    /// Each workflow.
    pub workflows: BTreeMap<WorkflowId, WorkflowStatus>,
}

/// What a server has said of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerClock {
    /// Its clock, in milliseconds since 1970.
    pub time: u64,
    /// When it said so, by the clock that events are given with.
    pub at: u64,
}

impl ServerClock {
    /// Its clock now.
    pub fn now(self, now: u64) -> u64 {
        self.time + now.saturating_sub(self.at)
    }
}

/// How sync goes, in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It is off.
    #[default]
    Off,
    /// Another tab syncs.
    Follower,
    /// What is stored is being read.
    Starting,
    /// There is no network, or the server can't be reached.
    Offline,
    /// The user has to sign in.
    SignedOut,
    /// Something is being sent or read.
    Busy,
    /// Everything that can be sent is sent, and everything that the server has told of is here.
    UpToDate,
}

/// How what is new on the server becomes known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum News {
    /// Not at all.
    #[default]
    Unknown,
    /// The server says so, at once.
    Told,
    /// It is asked every few seconds. Why it doesn't say so itself, if it was tried.
    Asked(Option<String>),
}

/// How sync of one workflow goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkflowStatus {
    /// Whether it is synced at all.
    pub included: bool,
    /// How many ops wait.
    pub pending: usize,
    /// The first of them, and those that failed.
    pub waiting: Vec<WaitingOp>,
    /// What the user may do with it on the server, once that is known.
    pub role: Option<Role>,
    /// Why some or all of it isn't synced.
    pub problem: Option<Problem>,
    /// Values of the user's that were replaced.
    pub kept: Kept,
}

/// Why something isn't synced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The server takes some changes only later, since their time is ahead of its clock by more than a day: the first of them in so many
    /// hours.
    ClockAhead(u64),
    /// The user may not change the workflow, and isn't one of its members.
    Forbidden,
    /// The workflow is no longer among the user's on the server.
    NotListed,
    /// The workflow was removed from the server for good. It stays here.
    DeletedForGood,
    /// Server and client don't understand each other: in the server's words.
    Refused(String),
}
