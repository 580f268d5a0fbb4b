//! What waits to be sent of one workflow.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    op::{LocalOp, MAX_BYTES},
    wire::OpId,
};
use crate::model::{EntityKey, RegisterName, Stamp};

/// Ops in the order of their stamps.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    ops: BTreeMap<OpId, Waiting>,
    /// The ops of each register.
    holders: BTreeMap<(EntityKey, RegisterName), BTreeSet<OpId>>,
    /// How many bytes wait that were not uploaded from the state.
    recorded_bytes: usize,
}

/// An op that waits.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub op: LocalOp,
    /// The records of the oplog that it is in.
    pub records: BTreeSet<Stamp>,
    /// Whether a server may have heard it.
    pub sent: bool,
    pub state: WaitingState,
    pub upload: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum WaitingState {
    Ready,
    InFlight,
    /// The server takes it from this time of its clock on, in milliseconds.
    Ahead(u64),
    /// The server doesn't understand it. The user may try again.
    Failed(String),
}

impl Queue {
    pub fn len(&self) -> usize {
        self.ops.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = (OpId, &Waiting)> {
        self.ops.iter().map(|(id, waiting)| (*id, waiting))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Waiting> {
        self.ops.values_mut()
    }

    pub fn get(&self, id: OpId) -> Option<&Waiting> {
        self.ops.get(&id)
    }

    pub fn get_mut(&mut self, id: OpId) -> Option<&mut Waiting> {
        self.ops.get_mut(&id)
    }

    /// How many bytes wait that were not uploaded from the state.
    pub fn recorded_bytes(&self) -> usize {
        self.recorded_bytes
    }

    /// The op that sets a register last.
    pub fn newest(&self, key: EntityKey, name: &RegisterName) -> Option<OpId> {
        self.holders.get(&(key, name.clone()))?.last().copied()
    }

    /// Whether something of an entity waits.
    pub fn touches(&self, key: EntityKey) -> bool {
        // The smallest of all names.
        self.holders.range((key, RegisterName::Deleted)..).next().is_some_and(|((found, _), _)| *found == key)
    }

    /// Adds an op, and gives those that need not be sent any more: each of their registers has a newer op behind it.
    pub fn add(&mut self, op: LocalOp, record: Stamp, upload: bool) -> Vec<Waiting> {
        let id = op.id;
        let mut candidates = BTreeSet::from([id]);
        for (key, name, _) in op.registers() {
            let holders = self.holders.entry((key, name.clone())).or_default();
            holders.insert(id);
            candidates.extend(holders.range(..id).next_back());
        }
        match self.ops.get_mut(&id) {
            // Of one stamp in two records, or of one record that was told twice.
            Some(known) => {
                known.records.insert(record);
                for (key, patch) in op.patches {
                    match known.op.patches.iter_mut().find(|(other, _)| *other == key) {
                        Some((_, registers)) => drop(registers.merge(&patch)),
                        None => known.op.patches.push((key, patch)),
                    }
                }
            }
            None => {
                let records = BTreeSet::from([record]);
                self.recorded_bytes += if upload { 0 } else { op.bytes };
                self.ops.insert(id, Waiting { op, records, sent: false, state: WaitingState::Ready, upload });
            }
        }
        let is_superseded = |id: &OpId| {
            let Some(waiting) = self.ops.get(id) else { return false };
            !waiting.sent && waiting.op.registers().all(|(key, name, _)| self.newest(key, name) != Some(*id))
        };
        let superseded: Vec<_> = candidates.into_iter().filter(is_superseded).collect();
        superseded.into_iter().filter_map(|id| self.remove(id)).collect()
    }

    /// Removes an op.
    pub fn remove(&mut self, id: OpId) -> Option<Waiting> {
        let waiting = self.ops.remove(&id)?;
        self.recorded_bytes -= if waiting.upload { 0 } else { waiting.op.bytes };
        for (key, name, _) in waiting.op.registers() {
            let of = (key, name.clone());
            if let Some(holders) = self.holders.get_mut(&of) {
                holders.remove(&id);
                if holders.is_empty() {
                    self.holders.remove(&of);
                }
            }
        }
        Some(waiting)
    }

    /// The next ops to send, in their order: so many at most, and no more bytes than a request takes.
    pub fn next(&mut self, count: usize) -> Vec<OpId> {
        let mut bytes = 0;
        let mut next = Vec::new();
        for (id, waiting) in &mut self.ops {
            if waiting.state != WaitingState::Ready {
                continue;
            }
            bytes += waiting.op.bytes;
            if next.len() == count || (bytes > MAX_BYTES && !next.is_empty()) {
                break;
            }
            next.push(*id);
            waiting.state = WaitingState::InFlight;
            waiting.sent = true;
        }
        next
    }

    /// Whether something can be sent.
    pub fn is_ready(&self) -> bool {
        self.ops.values().any(|waiting| waiting.state == WaitingState::Ready)
    }
}
