//! What the user is told about originals.

use std::collections::BTreeMap;

use crate::model::AssetId;

/// How it goes with originals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaStatus {
    /// How many are on their way to the server, or wait for it.
    pub to_send: usize,
    /// How many bytes these have.
    pub to_send_bytes: u64,
    /// How many of these bytes have gone.
    pub under_way_bytes: u64,
    /// How many were sent since the start.
    pub sent: usize,
    /// How many bytes these have.
    pub sent_bytes: u64,
    /// How many that are not here are known to be on the server.
    pub elsewhere: usize,
    /// How many bytes these have.
    pub elsewhere_bytes: u64,
    /// What is wanted and not here yet, by the ids that nodes refer to them with.
    pub fetches: BTreeMap<AssetId, Fetching>,
    /// What can't be sent or had, and why.
    pub problems: Vec<MediaProblem>,
    /// Grows whenever something has come that cards can show: a look, or an original.
    pub news: u64,
}

/// Where the fetching of an original is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetching {
    /// It waits for its turn, for a network, or for who has it to send it.
    Waiting,
    /// It is under way.
    UnderWay,
    /// It failed, and is not tried again by itself.
    Failed(String),
}

/// Why an original can't be sent or had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaProblem {
    /// Which, by an id that a node refers to it with.
    pub asset: AssetId,
    /// Whether it was to be sent.
    pub is_upload: bool,
    /// Why not.
    pub reason: String,
}
