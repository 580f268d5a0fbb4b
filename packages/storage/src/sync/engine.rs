//! The engine: hears, decides, and does nothing itself.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    backoff::{self, Chance},
    event::{Effect, Event, Failure, Stored, StoredWorkflow},
    kept::Kept,
    op::{self, LocalOp, MAX_OPS},
    queue::{Waiting, WaitingState},
    status::{News, Problem, ServerClock, State, Status},
    wire::{ApplyOps, Changes, ChangesSince, Code, Head, OpsApplied},
    workflow::{self, Outcome, Page, Progress, Pull, WorkflowSync},
};
use crate::{
    backend::{Batch, OplogRecord},
    model::{EntityKey, Json, Row, Stamp, WorkflowId},
};

/// What differs between engines.
#[derive(Clone, Debug)]
pub struct Config {
    /// What the server calls this device.
    pub device_id: String,
    /// Where chance begins. Engines that run at the same time should have different ones.
    pub seed: u64,
    /// How long edits gather before they are sent, in milliseconds.
    pub delay: u64,
    /// How many entities are read at once: at most 500.
    pub page: u64,
    /// How many calls are under way at once.
    pub calls: usize,
    /// How many bytes of a workflow's edits are kept apart, in memory and in the oplog. When more wait, its state is uploaded instead
    /// as soon as there is a network: so a year without one has a bound.
    pub most_bytes: usize,
}

impl Config {
    /// The usual for this device.
    pub fn new(device_id: &str, seed: u64) -> Self {
        Self { device_id: device_id.to_owned(), seed, delay: 300, page: 500, calls: 4, most_bytes: 16 * 1024 * 1024 }
    }
}

/// So many records that are no longer needed gather before they are removed for their own sake.
const LOOSE: usize = 64;

/// Decides what is sent and read, and when. Times are milliseconds of any clock that doesn't run backwards.
#[derive(Debug)]
pub struct SyncEngine {
    config: Config,
    chance: Chance,
    now: u64,
    on: bool,
    leads: bool,
    /// None: what is stored hasn't been read yet.
    workflows: Option<BTreeMap<WorkflowId, WorkflowSync>>,
    /// What was recorded while what is stored is being read: that may or may not hold it.
    early: Vec<OplogRecord>,
    /// How many ops of each record wait.
    records: BTreeMap<Stamp, usize>,
    /// Records of which none waits any more.
    loose: BTreeSet<Stamp>,
    network: bool,
    news: News,
    /// Whether there is a token, or none is needed; None: one is being got.
    signed_in: Option<bool>,
    failures: u32,
    retry_at: u64,
    server_clock: Option<ServerClock>,
    last_success: Option<u64>,
    requests: u64,
    /// Where the next round begins, so that no workflow waits for ever.
    turn: Option<WorkflowId>,
    timer: Option<u64>,
    said: Status,
    out: Vec<Effect>,
}

impl SyncEngine {
    /// An engine that is off.
    pub fn new(config: Config) -> Self {
        Self {
            chance: Chance::new(config.seed),
            config,
            now: 0,
            on: false,
            leads: false,
            workflows: None,
            early: Vec::new(),
            records: BTreeMap::new(),
            loose: BTreeSet::new(),
            network: true,
            news: News::default(),
            signed_in: Some(true),
            failures: 0,
            retry_at: 0,
            server_clock: None,
            last_success: None,
            requests: 0,
            turn: None,
            timer: None,
            said: Status::default(),
            out: Vec::new(),
        }
    }

    /// Hears what happened and says what is to be done, in that order.
    pub fn handle(&mut self, now: u64, event: Event) -> Vec<Effect> {
        self.now = self.now.max(now);
        match event {
            Event::Start => self.run(true, self.leads),
            Event::Stop => self.run(false, self.leads),
            Event::Lead => self.run(self.on, true),
            Event::Follow => self.run(self.on, false),
            Event::Loaded(stored) => self.loaded(*stored),
            Event::Recorded(record) => self.recorded(&record),
            Event::Read { request, rows, stamp } => self.read(request, &rows, stamp),
            Event::Network(up) => self.network(up),
            Event::News(news) => self.news = news,
            Event::Heads(heads) => self.heads(heads),
            Event::Pushed { request, answer } => self.pushed(request, answer),
            Event::Pulled { request, answer } => self.pulled(request, answer),
            Event::SignedIn => self.signed_in = Some(true),
            Event::SignedOut => self.signed_in = Some(false),
            Event::Timer => self.timer = None,
            Event::Retry => self.retry(),
            Event::SetAside(workflow) => self.set_aside(workflow),
            Event::Copied(id, rows) => {
                if let Some(workflow) = self.workflow(id) {
                    workflow.copied = rows;
                }
                self.set_aside(id);
            }
            Event::Include(workflow, include) => self.include(workflow, include),
            Event::DismissOne(workflow, value) => {
                if let Some(batch) = self.workflow(workflow).map(|workflow| workflow.dismiss_one(&value)) {
                    self.commit(batch);
                }
            }
            Event::Dismiss(workflow) => {
                if let Some(batch) = self.workflow(workflow).map(WorkflowSync::dismiss) {
                    self.commit(batch);
                }
            }
        }
        self.advance()
    }

    /// Sends everything that waits now, as far as that is possible.
    pub fn flush(&mut self, now: u64) -> Vec<Effect> {
        self.now = self.now.max(now);
        for workflow in self.workflows.iter_mut().flatten() {
            workflow.1.flush_at = 0;
        }
        self.advance()
    }

    /// Sends what waits of a workflow when a moment has gone by, and not later because of what is added meanwhile.
    pub fn schedule_flush(&mut self, now: u64, workflow: WorkflowId) -> Vec<Effect> {
        self.now = self.now.max(now);
        self.gather(workflow);
        self.advance()
    }

    /// Takes in what a server said of ops that were sent: the same as [`Event::Pushed`] with an answer.
    pub fn apply_server_ack(&mut self, now: u64, request: u64, answer: OpsApplied) -> Vec<Effect> {
        self.handle(now, Event::Pushed { request, answer: Ok(answer) })
    }

    /// How sync goes.
    pub fn status(&self) -> Status {
        let server_now = self.server_now();
        let workflows: BTreeMap<_, _> =
            self.workflows.iter().flatten().map(|(id, workflow)| (*id, workflow.status(server_now))).collect();
        let pending = workflows.values().map(|workflow| workflow.pending).sum();
        Status {
            state: self.state(),
            news: self.news.clone(),
            pending,
            last_success: self.last_success,
            server_clock: self.server_clock,
            workflows,
        }
    }

    fn state(&self) -> State {
        let Some(workflows) = &self.workflows else {
            return match (self.on, self.leads) {
                (false, _) => State::Off,
                (true, false) => State::Follower,
                (true, true) => State::Starting,
            };
        };
        if self.signed_in == Some(false) {
            State::SignedOut
        } else if !self.network || self.failures > 0 || workflows.values().any(|one| one.is_turned_away) {
            State::Offline
        } else if self.signed_in.is_none() || workflows.values().any(|one| !one.is_idle() || one.is_waiting()) {
            State::Busy
        } else {
            State::UpToDate
        }
    }

    fn workflow(&mut self, id: WorkflowId) -> Option<&mut WorkflowSync> {
        self.workflows.as_mut()?.get_mut(&id)
    }

    fn run(&mut self, on: bool, leads: bool) {
        let (ran, runs) = (self.on && self.leads, on && leads);
        (self.on, self.leads) = (on, leads);
        if ran == runs {
            return;
        }
        self.workflows = None;
        self.early.clear();
        self.records.clear();
        self.loose.clear();
        (self.failures, self.retry_at, self.turn) = (0, 0, None);
        self.news = News::default();
        self.signed_in = Some(true);
        if runs {
            self.out.push(Effect::Load);
        } else {
            self.out.push(Effect::Watch(false));
        }
    }

    fn loaded(&mut self, stored: Stored) {
        if !(self.on && self.leads) || self.workflows.is_some() {
            return;
        }
        let workflow = |StoredWorkflow { id, progress, kept }| {
            let progress = read_or_default::<Progress>(progress.as_ref());
            (id, WorkflowSync::new(id, progress, read_or_default::<Kept>(kept.as_ref())))
        };
        self.workflows = Some(stored.workflows.into_iter().map(workflow).collect());
        for record in stored.oplog.iter().chain(&std::mem::take(&mut self.early)) {
            self.recorded(record);
        }
        for (_, workflow) in self.workflows.iter_mut().flatten() {
            workflow.flush_at = 0;
        }
        self.out.push(Effect::Watch(true));
    }

    fn recorded(&mut self, record: &OplogRecord) {
        if self.workflows.is_none() && self.on && self.leads {
            self.early.push(record.clone());
        }
        if self.workflows.is_none() || self.records.contains_key(&record.id) {
            return;
        }
        let Ok(ops) = op::ops_of_record(record) else {
            // Another build's: it stays for that.
            tracing::warn!("a record of the oplog can't be read; it stays");
            return;
        };
        self.add(record.id, record.upload, ops);
    }

    /// Adds a record's ops.
    fn add(&mut self, record: Stamp, upload: bool, ops: BTreeMap<WorkflowId, Vec<LocalOp>>) {
        self.loose.remove(&record);
        // Held until all of its ops are counted.
        *self.records.entry(record).or_default() += 1;
        for (id, ops) in ops {
            let uploaded = Progress { uploaded: true, ..Progress::default() };
            let Some(workflows) = &mut self.workflows else { return };
            let workflow = workflows.entry(id).or_insert_with(|| WorkflowSync::new(id, uploaded, Kept::default()));
            if workflow.progress.excluded {
                continue;
            }
            let mut superseded = Vec::new();
            for op in ops {
                let is_counted = workflow.queue.get(op.id).is_some_and(|known| known.records.contains(&record));
                if !is_counted {
                    *self.records.entry(record).or_default() += 1;
                }
                superseded.extend(workflow.queue.add(op, record, upload));
            }
            self.let_go(superseded);
            self.gather(id);
        }
        self.uncount(record);
        self.bound();
    }

    fn gather(&mut self, workflow: WorkflowId) {
        let (now, delay) = (self.now, self.config.delay);
        if let Some(workflow) = self.workflow(workflow)
            && workflow.flush_at <= now
        {
            workflow.flush_at = now + delay;
        }
    }

    /// These ops need not be sent any more.
    fn let_go(&mut self, ops: Vec<Waiting>) {
        for record in ops.into_iter().flat_map(|waiting| waiting.records) {
            self.uncount(record);
        }
    }

    fn uncount(&mut self, record: Stamp) {
        if let Some(count) = self.records.get_mut(&record) {
            *count -= 1;
            if *count == 0 {
                self.records.remove(&record);
                self.loose.insert(record);
            }
        }
    }

    /// Has the state uploaded instead of edits of which too many wait.
    fn bound(&mut self) {
        let most = self.config.most_bytes;
        let mut batch = Batch::new();
        let mut gone = Vec::new();
        for (_, workflow) in self.workflows.iter_mut().flatten() {
            if workflow.queue.recorded_bytes() <= most || workflow.push.is_some() {
                continue;
            }
            let ids: Vec<_> = workflow.queue.iter().filter(|(_, waiting)| !waiting.upload).map(|(id, _)| id).collect();
            gone.extend(ids.into_iter().filter_map(|id| workflow.queue.remove(id)));
            workflow.progress.uploaded = false;
            workflow.store_progress(&mut batch);
        }
        if !batch.is_empty() {
            self.let_go(gone);
            self.commit(batch);
        }
    }

    /// Has something stored, and with it the records removed that are no longer needed.
    fn commit(&mut self, mut batch: Batch) {
        for record in std::mem::take(&mut self.loose) {
            batch.prune(record);
        }
        if !batch.is_empty() {
            self.out.push(Effect::Commit(batch));
        }
    }

    fn network(&mut self, up: bool) {
        self.network = up;
        if up {
            self.hurry();
        }
    }

    /// Ends all pauses.
    fn hurry(&mut self) {
        (self.failures, self.retry_at) = (0, 0);
        for (_, workflow) in self.workflows.iter_mut().flatten() {
            (workflow.failures, workflow.retry_at, workflow.flush_at) = (0, 0, 0);
            workflow.is_turned_away = false;
        }
    }

    fn retry(&mut self) {
        self.hurry();
        for (_, workflow) in self.workflows.iter_mut().flatten() {
            workflow.problem = None;
            for waiting in workflow.queue.iter_mut() {
                if matches!(waiting.state, WaitingState::Failed(_) | WaitingState::Ahead(_)) {
                    waiting.state = WaitingState::Ready;
                }
            }
        }
        if self.signed_in == Some(false) {
            self.renew_token();
        }
    }

    fn set_aside(&mut self, workflow: WorkflowId) {
        let Some(workflow) = self.workflow(workflow) else { return };
        let is_ahead = |waiting: &Waiting| matches!(waiting.state, WaitingState::Ahead(_));
        let ahead: Vec<_> = workflow.queue.iter().filter(|(_, waiting)| is_ahead(waiting)).map(|(id, _)| id).collect();
        for id in ahead {
            if let Some(waiting) = workflow.queue.get_mut(id) {
                waiting.state = WaitingState::Ready;
            }
            workflow.set_aside.insert(id);
        }
        (workflow.flush_at, workflow.retry_at) = (0, 0);
    }

    fn include(&mut self, id: WorkflowId, include: bool) {
        let Some(workflows) = &mut self.workflows else { return };
        let workflow =
            workflows.entry(id).or_insert_with(|| WorkflowSync::new(id, Progress::default(), Kept::default()));
        if workflow.progress.excluded != include {
            return;
        }
        let kept = std::mem::take(&mut workflow.kept);
        // Whatever was sent or read of it: it begins anew. What its ops held is in the state, which is uploaded then.
        let gone: Vec<_> = workflow.queue.iter().map(|(id, _)| id).collect();
        let gone: Vec<_> = gone.into_iter().filter_map(|id| workflow.queue.remove(id)).collect();
        *workflow = WorkflowSync::new(id, Progress { excluded: !include, ..Progress::default() }, kept);
        let mut batch = Batch::new();
        workflow.store_progress(&mut batch);
        self.let_go(gone);
        self.commit(batch);
        // The heads tell of it again.
        self.out.push(Effect::Watch(true));
    }

    fn heads(&mut self, heads: Vec<Head>) {
        let Some(workflows) = &mut self.workflows else { return };
        self.last_success = Some(self.now);
        let mut listed = BTreeSet::new();
        for head in heads {
            listed.insert(head.workflow_id);
            let uploaded = Progress { uploaded: true, ..Progress::default() };
            let workflow = workflows
                .entry(head.workflow_id)
                .or_insert_with(|| WorkflowSync::new(head.workflow_id, uploaded, Kept::default()));
            workflow.head = workflow.head.max(head.seq);
            workflow.listed = true;
            workflow.role = Some(head.role);
            // Only strangers are refused as a whole, and this user is none any more.
            if matches!(workflow.problem, Some(Problem::NotListed | Problem::Forbidden)) {
                workflow.problem = None;
            }
        }
        for (id, workflow) in workflows {
            let was_there = workflow.listed || workflow.progress.cursor > 0;
            if was_there && !listed.contains(id) && workflow.problem.is_none() {
                workflow.problem = Some(Problem::NotListed);
            }
        }
    }

    fn pushed(&mut self, request: u64, answer: Result<OpsApplied, Failure>) {
        let workflow = self.workflows.iter_mut().flatten().map(|(_, workflow)| workflow);
        let of = |workflow: &&mut WorkflowSync| workflow.push.as_ref().is_some_and(|(own, _)| *own == request);
        let Some(workflow) = workflow.into_iter().find(of) else { return };
        let id = workflow.id;
        match answer {
            Ok(OpsApplied { head, server_now, results }) => {
                let mut outcome = Outcome::default();
                let taken = workflow.acknowledged(head, results, &mut outcome);
                let is_for_good = workflow.problem == Some(Problem::DeletedForGood);
                self.server_clock = Some(ServerClock { time: server_now, at: self.now });
                self.let_go(outcome.gone);
                self.commit(outcome.batch);
                self.succeeded(id);
                if let Err(reason) = taken {
                    tracing::warn!(reason, "the server's answer is not complete");
                    self.pause_workflow(id);
                }
                if is_for_good {
                    self.include(id, false);
                    if let Some(workflow) = self.workflow(id) {
                        workflow.problem = Some(Problem::DeletedForGood);
                    }
                }
            }
            Err(failure) => {
                let ops: Vec<_> = workflow.push.take().into_iter().flat_map(|(_, ops)| ops).collect();
                if let (Failure::Refused(reason), [only]) = (&failure, ops.as_slice()) {
                    // This one alone: the others go on.
                    if let Some(waiting) = workflow.queue.get_mut(*only) {
                        waiting.state = WaitingState::Failed(reason.clone());
                    }
                } else {
                    workflow.unsent(ops);
                }
                self.failed(id, &failure);
            }
        }
    }

    fn pulled(&mut self, request: u64, answer: Result<Changes, Failure>) {
        let asked = |(id, workflow): (&WorkflowId, &WorkflowSync)| match workflow.pull {
            Pull::Asked { request: own, head } if own == request => Some((*id, head)),
            _ => None,
        };
        let Some((id, asked_head)) = self.workflows.iter().flatten().find_map(asked) else { return };
        let reading = self.requests + 1;
        let Some(workflow) = self.workflow(id) else { return };
        workflow.pull = Pull::Idle;
        let answer = answer.and_then(|changes| {
            let entities = workflow::entities(id, &changes.entities).map_err(Failure::Refused)?;
            Ok((changes, entities))
        });
        let (changes, entities) = match answer {
            Ok(answer) => answer,
            Err(failure) => {
                if let Failure::Refused(reason) = &failure {
                    let is_strange = Code::from(reason.clone()) == Code::Forbidden;
                    workflow.problem =
                        Some(if is_strange { Problem::Forbidden } else { Problem::Refused(reason.clone()) });
                }
                return self.failed(id, &failure);
            }
        };
        if changes.reset {
            workflow.read_anew();
        } else {
            // The newest change may be one of which nothing is left.
            let cursor = if changes.done { changes.cursor.max(asked_head) } else { changes.cursor };
            if workflow.cursor == 0 {
                workflow.gc_seq = Some(changes.gc_seq);
                if changes.gc_seq > 0 && workflow.reset.is_none() {
                    // What was uploaded before this first reading may be deleted and forgotten by now.
                    workflow.reset = Some(BTreeSet::new());
                }
            }
            let page = Page { entities, cursor, done: changes.done };
            // To see what is no longer there, all that is here has to be known.
            let is_last_of_reset = workflow.reset.is_some() && page.done;
            let keys: BTreeSet<_> = page.entities.keys().copied().collect();
            workflow.head = workflow.head.max(cursor);
            workflow.pull = Pull::Reading(reading, page);
            let keys = (!is_last_of_reset).then_some(keys);
            self.requests = reading;
            self.out.push(Effect::Read { request: reading, workflow: id, keys });
        }
        self.server_clock = Some(ServerClock { time: changes.server_now, at: self.now });
        self.succeeded(id);
    }

    fn read(&mut self, request: u64, rows: &[(EntityKey, Row)], stamp: Stamp) {
        for (id, workflow) in self.workflows.iter_mut().flatten() {
            if workflow.upload == Some(request) {
                let id = *id;
                workflow.upload = None;
                workflow.progress.uploaded = true;
                let mut batch = Batch::new();
                workflow.store_progress(&mut batch);
                let patches: Vec<_> = rows.iter().map(|(key, row)| (*key, row.registers.clone())).collect();
                let ops = op::ops_of(patches.iter().cloned(), true);
                batch.upload(stamp, patches);
                self.commit(batch);
                self.add(stamp, true, ops);
                self.hurry_workflow(id);
                return;
            }
            if matches!(workflow.pull, Pull::Reading(own, _) if own == request) {
                let Pull::Reading(_, page) = std::mem::take(&mut workflow.pull) else { return };
                let id = *id;
                let (batch, ops) = workflow.take_page(page, rows, stamp);
                self.commit(batch);
                if !ops.is_empty() {
                    self.add(stamp, true, BTreeMap::from([(id, ops)]));
                }
                return;
            }
        }
    }

    fn hurry_workflow(&mut self, id: WorkflowId) {
        if let Some(workflow) = self.workflow(id) {
            workflow.flush_at = 0;
        }
    }

    fn succeeded(&mut self, id: WorkflowId) {
        self.last_success = Some(self.now);
        (self.failures, self.retry_at) = (0, 0);
        if let Some(workflow) = self.workflow(id) {
            (workflow.failures, workflow.retry_at) = (0, 0);
            workflow.is_turned_away = false;
        }
    }

    fn failed(&mut self, id: WorkflowId, failure: &Failure) {
        match failure {
            // Several calls may fail of one cause.
            Failure::Network(_) if self.retry_at > self.now => {}
            Failure::Network(_) => {
                self.failures += 1;
                self.retry_at = self.now + backoff::pause(self.failures, &mut self.chance);
            }
            Failure::Busy(_) | Failure::Refused(_) => {
                self.pause_workflow(id);
                if let Some(workflow) = self.workflow(id) {
                    workflow.is_turned_away = matches!(failure, Failure::Busy(_));
                }
            }
            Failure::Unauthenticated => self.renew_token(),
        }
    }

    fn pause_workflow(&mut self, id: WorkflowId) {
        let now = self.now;
        let Some(workflow) = self.workflows.as_mut().and_then(|all| all.get_mut(&id)) else { return };
        workflow.failures += 1;
        workflow.retry_at = now + backoff::pause(workflow.failures, &mut self.chance);
    }

    fn renew_token(&mut self) {
        if self.signed_in.is_some() {
            self.signed_in = None;
            self.out.push(Effect::RenewToken);
        }
    }

    /// The server's clock now, as far as it is known.
    fn server_now(&self) -> Option<u64> {
        self.server_clock.map(|clock| clock.now(self.now))
    }

    /// Starts what can be started, and gives everything that is to be done.
    fn advance(&mut self) -> Vec<Effect> {
        if self.loose.len() >= LOOSE {
            self.commit(Batch::new());
        }
        let mut wake = None;
        self.start_calls(&mut wake);
        let wake = wake.filter(|_| self.workflows.is_some());
        if wake != self.timer {
            self.timer = wake;
            self.out.push(Effect::Timer(wake));
        }
        let status = self.status();
        if status != self.said {
            self.said = status;
            self.out.push(Effect::Tell);
        }
        std::mem::take(&mut self.out)
    }

    fn start_calls(&mut self, wake: &mut Option<u64>) {
        if !self.network || self.signed_in != Some(true) {
            return;
        }
        let mut later = |at: u64| *wake = Some(wake.map_or(at, |wake| wake.min(at)));
        if self.retry_at > self.now {
            return later(self.retry_at);
        }
        let (now, server_now) = (self.now, self.server_now());
        let Some(workflows) = &mut self.workflows else { return };
        let calls =
            |one: &WorkflowSync| usize::from(one.push.is_some()) + usize::from(matches!(one.pull, Pull::Asked { .. }));
        let mut free = self.config.calls.saturating_sub(workflows.values().map(calls).sum());
        let turn = self.turn;
        let (mut first, mut second): (Vec<_>, Vec<_>) =
            workflows.values_mut().partition(|workflow| Some(workflow.id) > turn);
        first.append(&mut second);
        for workflow in first {
            if let (Some(server_now), Some(until)) = (server_now, workflow.ahead()) {
                if until <= server_now {
                    workflow.release_ahead(server_now);
                } else {
                    later(now + (until - server_now));
                }
            }
            if !workflow.is_waiting() {
                continue;
            }
            if workflow.retry_at > now {
                later(workflow.retry_at);
                continue;
            }
            if !workflow.progress.uploaded && workflow.upload.is_none() {
                self.requests += 1;
                workflow.upload = Some(self.requests);
                self.out.push(Effect::Read { request: self.requests, workflow: workflow.id, keys: None });
            }
            if workflow.push.is_none() && workflow.queue.is_ready() {
                if workflow.flush_at > now {
                    later(workflow.flush_at);
                } else if free > 0 {
                    // What a server refuses as a whole is sent in smaller pieces, down to single ops.
                    let count = (MAX_OPS >> workflow.failures.min(8)).max(1);
                    let ops = workflow.queue.next(count);
                    self.requests += 1;
                    let sent = ops.iter().filter_map(|id| workflow.queue.get(*id)).map(|waiting| waiting.op.to_wire());
                    let body = ApplyOps {
                        workflow_id: workflow.id,
                        device_id: self.config.device_id.clone(),
                        ops: sent.collect(),
                    };
                    workflow.push = Some((self.requests, ops));
                    self.out.push(Effect::Push { request: self.requests, body });
                    free -= 1;
                    self.turn = Some(workflow.id);
                }
            }
            if workflow.is_behind() && matches!(workflow.pull, Pull::Idle) && free > 0 {
                self.requests += 1;
                workflow.pull = Pull::Asked { request: self.requests, head: workflow.head };
                let body = ChangesSince {
                    workflow_id: workflow.id,
                    cursor: workflow.cursor,
                    limit: self.config.page,
                    gc_seq: workflow.gc_seq,
                };
                self.out.push(Effect::Pull { request: self.requests, body });
                free -= 1;
                self.turn = Some(workflow.id);
            }
        }
    }
}

fn read_or_default<T: Default + serde::de::DeserializeOwned>(json: Option<&Json>) -> T {
    // What can't be read is a newer build's, and then nothing is written at all; or it is damaged, and begins anew.
    json.and_then(|json| json.read().ok()).unwrap_or_default()
}
