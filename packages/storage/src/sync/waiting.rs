//! What waits to be sent, as the user sees it.

use super::queue::{Queue, WaitingState};
use crate::model::EntityKey;

/// So many that wait are listed of a workflow, and so many that failed.
const LISTED: usize = 20;

/// An op that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingOp {
    /// Its name, as the server knows it.
    pub id: String,
    /// When it was made, in milliseconds since 1970.
    pub at: u64,
    /// The first entity that it changes.
    pub key: EntityKey,
    /// The first register that it sets there.
    pub register: String,
    /// How many registers it sets.
    pub registers: usize,
    /// Where it is.
    pub state: Sending,
}

/// Where an op is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sending {
    /// It waits for its turn, or for a network.
    Waiting,
    /// It is on its way.
    UnderWay,
    /// The server takes it from this time of its clock on, in milliseconds since 1970.
    Ahead(u64),
    /// The server doesn't take it, and says why. It is tried again when the user says so.
    Failed(String),
}

/// Those that failed, and the first of the others, in their order.
pub(super) fn listed(queue: &Queue) -> Vec<WaitingOp> {
    let (mut failed, mut others) = (0, 0);
    let mut listed = Vec::new();
    for (id, waiting) in queue.iter() {
        let state = match &waiting.state {
            WaitingState::Ready => Sending::Waiting,
            WaitingState::InFlight => Sending::UnderWay,
            WaitingState::Ahead(until) => Sending::Ahead(*until),
            WaitingState::Failed(reason) => Sending::Failed(reason.clone()),
        };
        let count = if matches!(state, Sending::Failed(_)) { &mut failed } else { &mut others };
        *count += 1;
        if *count > LISTED {
            continue;
        }
        let Some((key, name, _)) = waiting.op.registers().next() else { continue };
        let at = id.stamp.millis();
        let (register, registers) = (name.to_string(), waiting.op.registers().count());
        listed.push(WaitingOp { id: id.to_string(), at, key, register, registers, state });
    }
    listed
}
