//! One workflow's sync.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::{
    event::progress_key,
    kept::{Kept, KeptValue},
    op::LocalOp,
    queue::{Queue, Waiting, WaitingState},
    status::{Problem, WorkflowStatus},
    wire::{Code, Entity, OpId, OpResult, OpStatus, Role},
};
use crate::{
    backend::Batch,
    model::{EntityKey, Json, Part, Register, RegisterName, Registers, Row, Stamp, WorkflowId},
};

/// How far a workflow is synced, as it is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Progress {
    /// Up to which of the server's changes all are here.
    pub cursor: u64,
    /// Whether all that was here when sync began is in the oplog, or was.
    pub uploaded: bool,
    /// Whether the user doesn't want it synced.
    pub excluded: bool,
    /// Whether everything is to be read anew, to see what the server no longer has.
    pub anew: bool,
}

/// One workflow's sync.
#[derive(Debug)]
pub(super) struct WorkflowSync {
    pub id: WorkflowId,
    pub progress: Progress,
    pub queue: Queue,
    pub kept: Kept,
    /// The newest of the server's changes that is known of.
    pub head: u64,
    pub role: Option<Role>,
    /// Whether the server has listed it since the start.
    pub listed: bool,
    pub problem: Option<Problem>,
    /// The call that sends, and what.
    pub push: Option<(u64, Vec<OpId>)>,
    pub pull: Pull,
    /// While everything is read anew: what the server has.
    pub reset: Option<BTreeSet<EntityKey>>,
    /// Up to where was read. Behind `progress.cursor` while everything is read anew.
    pub cursor: u64,
    /// What the server had forgotten when the reading began, if it began at 0.
    pub gc_seq: Option<u64>,
    pub failures: u32,
    pub retry_at: u64,
    /// Whether the server had no time for the last call.
    pub is_turned_away: bool,
    /// When what waits is to be sent, if nobody is in a hurry.
    pub flush_at: u64,
    /// The reading of the state that is to be uploaded.
    pub upload: Option<u64>,
    /// What the user gives up.
    pub set_aside: BTreeSet<OpId>,
    /// What of it is in a copy, as long as something waits.
    pub copied: Arc<BTreeMap<EntityKey, Registers>>,
}

/// Where reading from the server is.
#[derive(Debug, Default)]
pub(super) enum Pull {
    #[default]
    Idle,
    /// A page was asked for.
    Asked {
        /// By this call.
        request: u64,
        /// When this was the newest change that was known of.
        head: u64,
    },
    /// A page is here; the rows that it is about are being read.
    Reading(u64, Page),
}

/// What the server has told.
#[derive(Debug)]
pub(super) struct Page {
    pub entities: BTreeMap<EntityKey, Registers>,
    pub cursor: u64,
    pub done: bool,
}

/// What an answer leads to.
#[derive(Default)]
pub(super) struct Outcome {
    pub batch: Batch,
    /// Ops that are through, or given up.
    pub gone: Vec<Waiting>,
}

/// How far ahead of its clock a server takes stamps, in milliseconds.
pub const AHEAD: u64 = 24 * HOUR;
const HOUR: u64 = 60 * 60 * 1000;

impl WorkflowSync {
    pub fn new(id: WorkflowId, progress: Progress, kept: Kept) -> Self {
        Self {
            id,
            progress,
            queue: Queue::default(),
            kept,
            head: 0,
            role: None,
            listed: false,
            problem: None,
            push: None,
            pull: Pull::Idle,
            reset: progress.anew.then(BTreeSet::new),
            cursor: if progress.anew { 0 } else { progress.cursor },
            gc_seq: None,
            failures: 0,
            retry_at: 0,
            is_turned_away: false,
            flush_at: 0,
            upload: None,
            set_aside: BTreeSet::new(),
            copied: Arc::default(),
        }
    }

    /// Whether calls about it make sense.
    pub fn is_open(&self) -> bool {
        let is_closed = matches!(
            self.problem,
            Some(Problem::Forbidden | Problem::NotListed | Problem::DeletedForGood | Problem::Refused(_))
        );
        !self.progress.excluded && !is_closed
    }

    /// Whether the server has something that isn't here.
    pub fn is_behind(&self) -> bool {
        self.reset.is_some() || self.head > self.cursor
    }

    pub fn is_idle(&self) -> bool {
        self.push.is_none() && matches!(self.pull, Pull::Idle) && self.upload.is_none()
    }

    /// Whether something can be done about it.
    pub fn is_waiting(&self) -> bool {
        self.is_open() && (!self.progress.uploaded || self.is_behind() || self.queue.is_ready())
    }

    /// How it goes. `server_now` is the server's clock, as far as it is known.
    pub fn status(&self, server_now: Option<u64>) -> WorkflowStatus {
        let hours = |until: u64| until.saturating_sub(server_now.unwrap_or(until)).div_ceil(HOUR);
        WorkflowStatus {
            included: !self.progress.excluded,
            pending: self.queue.len(),
            waiting: super::waiting::listed(&self.queue),
            role: self.role,
            problem: self.problem.clone().or_else(|| self.ahead().map(|until| Problem::ClockAhead(hours(until)))),
            kept: self.kept.clone(),
        }
    }

    /// When the server takes the first of those that are ahead, by its clock.
    pub fn ahead(&self) -> Option<u64> {
        let until = |waiting: &Waiting| if let WaitingState::Ahead(until) = waiting.state { Some(until) } else { None };
        self.queue.iter().filter_map(|(_, waiting)| until(waiting)).min()
    }

    /// Lets those go that the server takes now.
    pub fn release_ahead(&mut self, server_now: u64) {
        for waiting in self.queue.iter_mut() {
            if matches!(waiting.state, WaitingState::Ahead(until) if until <= server_now) {
                waiting.state = WaitingState::Ready;
            }
        }
    }

    /// Everything is read from the beginning, and what isn't there is removed.
    pub fn read_anew(&mut self) {
        (self.reset, self.cursor, self.gc_seq) = (Some(BTreeSet::new()), 0, None);
    }

    /// Stores how far it is.
    pub fn store_progress(&self, batch: &mut Batch) {
        // Numbers and truth values.
        batch.set(&progress_key(self.id), Json::new(&self.progress).ok());
    }

    fn store_kept(&self, batch: &mut Batch) {
        let kept = if self.kept.is_empty() { None } else { Json::new(&self.kept).ok() };
        batch.set(&super::event::kept_key(self.id), kept);
    }

    /// Forgets what is kept.
    pub fn dismiss(&mut self) -> Batch {
        self.kept = Kept::default();
        let mut batch = Batch::new();
        self.store_kept(&mut batch);
        batch
    }

    /// Forgets one value that is kept.
    pub fn dismiss_one(&mut self, value: &KeptValue) -> Batch {
        self.kept.remove(value);
        let mut batch = Batch::new();
        self.store_kept(&mut batch);
        batch
    }

    /// The call for these ops had no answer, or none for them.
    pub fn unsent(&mut self, ops: impl IntoIterator<Item = OpId>) {
        for id in ops {
            if let Some(waiting) = self.queue.get_mut(id)
                && waiting.state == WaitingState::InFlight
            {
                waiting.state = WaitingState::Ready;
            }
        }
    }

    /// Takes in what the server says of ops that were sent.
    pub fn acknowledged(&mut self, head: u64, results: Vec<OpResult>, outcome: &mut Outcome) -> Result<(), String> {
        let sent: BTreeSet<OpId> = self.push.take().into_iter().flat_map(|(_, ops)| ops).collect();
        let mut answered = BTreeSet::new();
        let before = self.kept.clone();
        let mut read = Vec::new();
        for result in results.into_iter().filter(|result| sent.contains(&result.op_id)) {
            let entities = result.entities.as_deref().map(|all| entities(self.id, all)).transpose();
            match entities {
                Ok(entities) => read.push((result, entities)),
                Err(error) => {
                    self.unsent(sent);
                    return Err(error);
                }
            }
        }
        for (result, entities) in read {
            answered.insert(result.op_id);
            if let Some(waiting) = self.judged(head, result, entities, &mut outcome.batch) {
                outcome.gone.push(waiting);
            }
        }
        self.unsent(sent.difference(&answered).copied());
        if self.kept != before {
            self.store_kept(&mut outcome.batch);
        }
        if self.queue.len() == 0 {
            self.copied = Arc::default();
        }
        self.head = self.head.max(head);
        if answered.is_empty() && !sent.is_empty() {
            return Err(format!("{} of {} ops had no answer", sent.len() - answered.len(), sent.len()));
        }
        Ok(())
    }

    /// Takes in what became of one op. Gives it when it is through.
    fn judged(
        &mut self,
        head: u64,
        result: OpResult,
        entities: Option<BTreeMap<EntityKey, Registers>>,
        batch: &mut Batch,
    ) -> Option<Waiting> {
        let id = result.op_id;
        match (result.status, entities) {
            (OpStatus::Applied | OpStatus::Duplicate, _) | (OpStatus::Merged, None) => self.queue.remove(id),
            (OpStatus::Merged, Some(entities)) => {
                let waiting = self.queue.remove(id)?;
                for (key, name, mine) in waiting.op.registers() {
                    let theirs = entities.get(&key).and_then(|entity| entity.get(name));
                    self.keep_overwritten(key, name, mine, theirs);
                }
                for (key, registers) in &entities {
                    batch.merge(*key, registers);
                }
                Some(waiting)
            }
            (OpStatus::Rejected, entities) => self.rejected(head, id, result.code, entities, batch),
        }
    }

    fn rejected(
        &mut self,
        head: u64,
        id: OpId,
        code: Option<Code>,
        entities: Option<BTreeMap<EntityKey, Registers>>,
        batch: &mut Batch,
    ) -> Option<Waiting> {
        let code = code.unwrap_or(Code::Invalid);
        let is_given_up = self.set_aside.contains(&id) || self.is_copied(id);
        if code == Code::ClockAhead && !is_given_up {
            self.queue.get_mut(id)?.state = WaitingState::Ahead(id.stamp.millis().saturating_sub(AHEAD));
            return None;
        }
        let Some(entities) = entities else {
            // Nothing is known of what the server has: so nothing is undone.
            self.problem = Some(match &code {
                Code::DeletedForGood => Problem::DeletedForGood,
                Code::Forbidden => Problem::Forbidden,
                code => Problem::Refused(code.text().to_owned()),
            });
            self.unsent([id]);
            return None;
        };
        self.set_aside.remove(&id);
        let waiting = self.queue.remove(id)?;
        let none = Registers::new();
        for (key, rejected) in &waiting.op.patches {
            let server = entities.get(key).unwrap_or(&none);
            for (name, mine) in rejected.iter() {
                if code == Code::ClockAhead && self.has_copied(*key, name, mine) {
                    continue;
                }
                self.kept.add(KeptValue::new(*key, name, mine, server.get(name), Some(code.clone())));
            }
            batch.undo(*key, rejected, server);
        }
        // What is being read was told before, or of rows that still had the value.
        self.pull = Pull::Idle;
        let is_unknown = |(key, rejected): &(EntityKey, Registers)| {
            let creates = match key.part {
                Part::Itself => RegisterName::Name,
                Part::Node(_) => RegisterName::Type,
                Part::Edge(_) => RegisterName::Ends,
            };
            !entities.contains_key(key) && rejected.get(&creates).is_none()
        };
        if waiting.op.patches.iter().any(is_unknown) {
            // The server has forgotten it, and what waited has kept it here.
            self.read_anew();
            self.progress.anew = true;
            self.store_progress(batch);
        } else if self.cursor > head {
            // The value that is undone may have hidden what was read since the server's answer: that is read again.
            (self.cursor, self.gc_seq) = (head, None);
            if self.reset.is_none() {
                self.progress.cursor = head;
                self.store_progress(batch);
            }
        }
        Some(waiting)
    }

    /// Whether a copy has all that an op sets, or what was set later.
    fn is_copied(&self, id: OpId) -> bool {
        let waiting = self.queue.get(id).filter(|_| !self.copied.is_empty());
        waiting.is_some_and(|waiting| {
            waiting.op.registers().all(|(key, name, register)| self.has_copied(key, name, register))
        })
    }

    fn has_copied(&self, key: EntityKey, name: &RegisterName, register: &Register) -> bool {
        let copied = self.copied.get(&key).and_then(|copied| copied.get(name));
        copied.is_some_and(|copied| copied.stamp >= register.stamp)
    }

    /// Notes that somebody else's value stands instead of the user's.
    fn keep_overwritten(&mut self, key: EntityKey, name: &RegisterName, mine: &Register, theirs: Option<&Register>) {
        let Some(theirs) = theirs.filter(|theirs| theirs.stamp > mine.stamp && theirs.value != mine.value) else {
            return;
        };
        // A later edit of the user's own is no loss.
        let is_own = self.queue.newest(key, name).is_some_and(|newest| newest.stamp >= theirs.stamp);
        if !is_own {
            self.kept.add(KeptValue::new(key, name, mine, Some(theirs), None));
        }
    }

    /// Takes in a page, now that the rows that it is about are known: merges it, tells the server what it lacks, and removes what it
    /// no longer has. Gives what is to be stored and the ops that come of it.
    pub fn take_page(&mut self, page: Page, rows: &[(EntityKey, Row)], stamp: Stamp) -> (Batch, Vec<LocalOp>) {
        let mut batch = Batch::new();
        let before = self.kept.clone();
        for (key, registers) in &page.entities {
            batch.merge(*key, registers);
            self.keep_pending(*key, registers);
        }
        if self.kept != before {
            self.store_kept(&mut batch);
        }
        if let Some(seen) = &mut self.reset {
            seen.extend(page.entities.keys());
        }
        // What others have swept is known here all the same: a late edit to it must not leave them with a fragment.
        let mut lacks = Vec::new();
        for (key, row) in rows.iter().filter(|_| self.progress.uploaded) {
            if let Some(server) = page.entities.get(key) {
                let more = self.more_than(*key, &row.registers, server);
                if !more.is_empty() {
                    lacks.push((*key, more));
                }
            }
        }
        let ops = super::op::ops_of(lacks.iter().cloned(), true).remove(&self.id).unwrap_or_default();
        if !lacks.is_empty() {
            batch.upload(stamp, lacks);
        }
        self.cursor = page.cursor;
        if page.done
            && let Some(seen) = self.reset.take()
            && self.progress.uploaded
        {
            for (key, row) in rows.iter().filter(|(key, _)| !seen.contains(key) && !self.queue.touches(*key)) {
                // A workflow goes with the last that is in it, unless something is kept of it: that is found by its row.
                if key.part != Part::Itself || (seen.is_empty() && self.kept.is_empty()) {
                    batch.remove(*key, row.version);
                }
            }
        }
        if self.reset.is_none() {
            (self.progress.cursor, self.progress.anew) = (page.cursor, false);
            self.store_progress(&mut batch);
        }
        (batch, ops)
    }

    /// What of a row is newer than what the server has, and doesn't wait to be sent.
    fn more_than(&self, key: EntityKey, row: &Registers, server: &Registers) -> Registers {
        let is_more = |name: &RegisterName, register: &Register| {
            let waits = self.queue.newest(key, name).is_some_and(|newest| newest.stamp >= register.stamp);
            !waits && server.get(name).is_none_or(|known| known < register)
        };
        let more = row.iter().filter(|(name, register)| is_more(name, register));
        more.map(|(name, register)| (name.clone(), register.clone())).collect()
    }

    /// Notes what waits and will lose against what the server has told.
    fn keep_pending(&mut self, key: EntityKey, theirs: &Registers) {
        let mut mine = Vec::new();
        for (name, theirs) in theirs.iter() {
            let waiting = self.queue.newest(key, name).and_then(|id| self.queue.get(id));
            let found = waiting
                .and_then(|waiting| waiting.op.registers().find(|(own, other, _)| *own == key && *other == name));
            if let Some((_, _, register)) = found.filter(|(_, _, register)| register.stamp < theirs.stamp) {
                mine.push((name.clone(), register.clone()));
            }
        }
        for (name, register) in mine {
            self.keep_overwritten(key, &name, &register, theirs.get(&name));
        }
    }
}

/// Reads entities.
pub(super) fn entities(workflow: WorkflowId, all: &[Entity]) -> Result<BTreeMap<EntityKey, Registers>, String> {
    let mut read: BTreeMap<EntityKey, Registers> = BTreeMap::new();
    for entity in all {
        let registers = entity.patch.registers().map_err(|error| error.to_string())?;
        read.entry(entity.patch.key(workflow)).or_default().merge(&registers);
    }
    Ok(read)
}
