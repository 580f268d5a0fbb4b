//! A server in memory that keeps the contract: for tests.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::Transport;
use crate::{
    BoxFuture,
    model::{EntityKey, Registers, WorkflowId},
    sync::{
        AHEAD,
        event::Failure,
        op::{MAX_ENTITIES, MAX_OPS},
        wire::{
            ApplyOps, Changes, ChangesSince, Code, Entity, Head, Op, OpId, OpResult, OpStatus, OpsApplied, Patch, Role,
        },
    },
};

/// All workflows of all users.
#[derive(Default)]
pub struct Server {
    workflows: BTreeMap<WorkflowId, Stored>,
    /// The clock, in milliseconds since 1970.
    pub now: u64,
    /// Which ops are refused beside those that the contract names.
    pub rule: Option<fn(&Op) -> Option<Code>>,
}

/// One workflow.
#[derive(Default)]
pub struct Stored {
    seq: u64,
    gc_seq: u64,
    members: BTreeMap<String, Role>,
    entities: BTreeMap<EntityKey, (Registers, u64)>,
    /// When each was changed last.
    changed: BTreeMap<EntityKey, u64>,
    known: BTreeSet<OpId>,
    /// How often each op has changed something since something was forgotten.
    effects: BTreeMap<OpId, u32>,
    removed: bool,
}

impl Stored {
    /// What a user may do with it.
    pub fn role(&self, user: &str) -> Option<Role> {
        self.members.get(user).copied()
    }

    /// Its entities.
    pub fn entities(&self) -> impl Iterator<Item = (EntityKey, &Registers)> {
        self.entities.iter().map(|(key, (registers, _))| (*key, registers))
    }

    /// How often each op has changed something since something was forgotten.
    pub fn effects(&self) -> &BTreeMap<OpId, u32> {
        &self.effects
    }

    fn authoritative(&self, workflow: WorkflowId, op: &Op) -> Vec<Entity> {
        let keys: BTreeSet<_> = op.entities.iter().map(|patch| patch.key(workflow)).collect();
        keys.into_iter().filter_map(|key| self.entities.get(&key).map(|found| entity(key, found))).collect()
    }

    fn apply(&mut self, workflow: WorkflowId, op: &Op, now: u64) -> OpStatus {
        let mut status = OpStatus::Applied;
        let mut changed_any = false;
        for patch in &op.entities {
            let key = patch.key(workflow);
            let Ok(registers) = patch.registers() else { continue };
            let (stored, seq) = self.entities.entry(key).or_default();
            let wins = |(name, register): (_, &_)| stored.get(name).is_none_or(|known| known < register);
            if !registers.iter().all(wins) {
                status = OpStatus::Merged;
            }
            if stored.merge(&registers) {
                self.seq += 1;
                *seq = self.seq;
                self.changed.insert(key, now);
                changed_any = true;
            }
        }
        if changed_any {
            *self.effects.entry(op.op_id).or_default() += 1;
        }
        // One that is known is merged all the same: something of it may have been forgotten.
        let is_known = !self.known.insert(op.op_id);
        if is_known && !changed_any { OpStatus::Duplicate } else { status }
    }
}

fn entity(key: EntityKey, (registers, seq): &(Registers, u64)) -> Entity {
    Entity { patch: Patch::new(key, registers), seq: *seq }
}

impl Server {
    /// A server with nothing, at this time.
    pub fn new(now: u64) -> Self {
        Self { now, ..Self::default() }
    }

    /// What is stored of a workflow.
    pub fn workflow(&self, id: WorkflowId) -> Option<&Stored> {
        self.workflows.get(&id)
    }

    /// Says what a user may do with a workflow. None: nothing any more.
    pub fn let_in(&mut self, workflow: WorkflowId, user: &str, role: Option<Role>) {
        let members = &mut self.workflows.entry(workflow).or_default().members;
        match role {
            Some(role) => drop(members.insert(user.to_owned(), role)),
            None => drop(members.remove(user)),
        }
    }

    /// Forgets what was deleted so long ago, in milliseconds. Who hasn't heard of it is told to begin anew.
    pub fn sweep(&mut self, workflow: WorkflowId, age: u64) {
        let before = self.now.saturating_sub(age);
        let Some(Stored { entities, changed, effects, gc_seq, .. }) = self.workflows.get_mut(&workflow) else {
            return;
        };
        // What brings back something that is forgotten has an effect anew.
        effects.clear();
        entities.retain(|key, (registers, seq)| {
            let is_old = changed.get(key).is_none_or(|at| *at <= before);
            let stays = !(is_old && registers.is_deleted());
            if !stays {
                *gc_seq = (*gc_seq).max(*seq);
            }
            stays
        });
    }

    /// Removes a workflow for good.
    pub fn remove(&mut self, workflow: WorkflowId) {
        let stored = self.workflows.entry(workflow).or_default();
        stored.entities.clear();
        stored.removed = true;
    }

    /// `sync:applyOps`.
    ///
    /// # Errors
    /// It is not the shape of a call.
    pub fn apply_ops(&mut self, user: &str, body: &ApplyOps) -> Result<OpsApplied, Failure> {
        if body.ops.len() > MAX_OPS {
            return Err(Failure::Refused(format!("BAD_REQUEST: {} ops", body.ops.len())));
        }
        let (now, rule) = (self.now, self.rule);
        let is_new = !self.workflows.contains_key(&body.workflow_id);
        let stored = self.workflows.entry(body.workflow_id).or_default();
        if is_new {
            stored.members.insert(user.to_owned(), Role::Owner);
        }
        let mut results = Vec::new();
        for op in &body.ops {
            let rejected = |code: Code, entities| OpResult {
                op_id: op.op_id,
                status: OpStatus::Rejected,
                code: Some(code),
                seq: 0,
                entities,
            };
            results.push(if stored.removed {
                rejected(Code::DeletedForGood, None)
            } else if !stored.members.contains_key(user) {
                rejected(Code::Forbidden, None)
            } else if let Some(code) = check(stored, user, op, now).or_else(|| rule.and_then(|rule| rule(op))) {
                if stored.known.contains(&op.op_id) {
                    let status = OpStatus::Duplicate;
                    OpResult { op_id: op.op_id, status, code: None, seq: stored.seq, entities: None }
                } else {
                    rejected(code, Some(stored.authoritative(body.workflow_id, op)))
                }
            } else {
                let status = stored.apply(body.workflow_id, op, now);
                let entities = (status == OpStatus::Merged).then(|| stored.authoritative(body.workflow_id, op));
                OpResult { op_id: op.op_id, status, code: None, seq: stored.seq, entities }
            });
        }
        Ok(OpsApplied { head: stored.seq, server_now: now, results })
    }

    /// `sync:changesSince`.
    ///
    /// # Errors
    /// The user may not read the workflow.
    pub fn changes_since(&self, user: &str, body: &ChangesSince) -> Result<Changes, Failure> {
        let stored = self.workflows.get(&body.workflow_id).filter(|stored| stored.members.contains_key(user));
        let stored = stored.ok_or_else(|| Failure::Refused("FORBIDDEN".into()))?;
        let (gc_seq, server_now) = (stored.gc_seq, self.now);
        if body.cursor > 0 && body.cursor < gc_seq && body.gc_seq != Some(gc_seq) {
            return Ok(Changes {
                reset: true,
                entities: Vec::new(),
                cursor: body.cursor,
                done: false,
                gc_seq,
                server_now,
            });
        }
        let mut newer: Vec<_> = stored.entities.iter().filter(|(_, (_, seq))| *seq > body.cursor).collect();
        newer.sort_unstable_by_key(|(_, (_, seq))| *seq);
        let limit = usize::try_from(body.limit).unwrap_or(usize::MAX);
        let done = newer.len() <= limit;
        newer.truncate(limit);
        let cursor = newer.last().map_or(body.cursor, |(_, (_, seq))| *seq);
        let entities = newer.into_iter().map(|(key, found)| entity(*key, found)).collect();
        Ok(Changes { reset: false, entities, cursor, done, gc_seq, server_now })
    }

    /// `sync:heads`.
    pub fn heads(&self, user: &str) -> Vec<Head> {
        let head = |(id, stored): (&WorkflowId, &Stored)| {
            let role = *stored.members.get(user).filter(|_| !stored.removed)?;
            Some(Head { workflow_id: *id, seq: stored.seq, gc_seq: stored.gc_seq, role, name: None })
        };
        self.workflows.iter().filter_map(head).collect()
    }
}

/// What the contract asks of every op.
fn check(stored: &Stored, user: &str, op: &Op, now: u64) -> Option<Code> {
    if stored.members.get(user) == Some(&Role::Viewer) {
        return Some(Code::Forbidden);
    }
    if op.op_id.stamp.millis() > now + AHEAD {
        return Some(Code::ClockAhead);
    }
    if op.entities.len() > MAX_ENTITIES {
        return Some(Code::TooLarge);
    }
    let is_of_one_stamp = op.entities.iter().flat_map(|patch| &patch.fields).all(|field| field.h == op.op_id.stamp);
    let is_read = op.entities.iter().all(|patch| patch.registers().is_ok());
    (!is_of_one_stamp || !is_read).then_some(Code::Invalid)
}

/// A user's way to a server in the same process.
#[derive(Clone)]
pub struct MemoryTransport {
    server: Arc<Mutex<Server>>,
    user: String,
}

impl MemoryTransport {
    /// The way of that user.
    pub fn new(server: Arc<Mutex<Server>>, user: &str) -> Self {
        Self { server, user: user.to_owned() }
    }

    fn server(&self) -> MutexGuard<'_, Server> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for MemoryTransport {
    fn push(&self, body: ApplyOps) -> BoxFuture<Result<OpsApplied, Failure>> {
        Box::pin(std::future::ready(self.server().apply_ops(&self.user, &body)))
    }

    fn pull(&self, body: ChangesSince) -> BoxFuture<Result<Changes, Failure>> {
        Box::pin(std::future::ready(self.server().changes_since(&self.user, &body)))
    }

    fn heads(&self) -> BoxFuture<Result<Vec<Head>, Failure>> {
        Box::pin(std::future::ready(Ok(self.server().heads(&self.user))))
    }
}
