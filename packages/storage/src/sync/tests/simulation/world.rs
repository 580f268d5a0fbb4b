//! What happens, and when.

use std::{collections::BTreeMap, ops::AddAssign};

use super::{
    check,
    replica::{Edit, Replica},
};
use crate::{
    backend::Batch,
    model::{Clock, EdgeId, EntityKey, NodeId, Part, RegisterName, Registers, WorkflowId},
    sync::{
        AHEAD, Effect, Event, Failure, Problem, State,
        backoff::Chance,
        copy_of,
        transport::memory::{Server, Stored},
        wire::{ApplyOps, ChangesSince, Code, Op, Role},
    },
};

pub const BEGIN: u64 = 1_800_000_000_000;
const MINUTE: u64 = 60_000;
const YEAR: i64 = 365 * 24 * 60 * 60_000;
/// How long everything goes wrong.
const CHAOS: u64 = MINUTE;
/// How long it may take after that until everybody is up to date. Pauses are up to two minutes.
const CALM: u64 = 60 * MINUTE;

/// How long the server remembers what is deleted: about as long as a call can be late.
const RETENTION: u64 = MINUTE / 3;

/// Whose the first workflows are, and who is let in now and then.
pub const OWNER: &str = "one";
const GUEST: &str = "two";

/// What a server refuses.
pub const BAD: &str = "\"bad\"";

#[derive(Debug)]
enum Happening {
    /// Somebody does something.
    Act(usize),
    /// An engine hears something.
    Hear(usize, u64, Box<Event>),
    /// A call arrives. Without a number nobody waits for the answer.
    Call(usize, u64, Option<u64>, Call),
    /// A device asks for the heads; not again if it asks once.
    Watch(usize, u64, bool),
    /// A device starts again.
    Start(usize),
    /// The server forgets what is deleted.
    Sweep,
    /// A clock that was a year ahead is corrected.
    Correct(usize),
    /// The owner says what the guest may do with all that is there. None: nothing any more.
    Let(Option<Role>),
}

/// How often what is rare happened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Something that a viewer changed was refused.
    refused: usize,
    /// Somebody who is no member asked.
    strangers: usize,
    /// Work that a wrong clock had dated was brought in as a copy.
    copies: usize,
    /// A clock that had been ahead started again.
    restarts: usize,
}

impl Seen {
    /// Whether everything happened.
    pub fn has_all(&self) -> bool {
        self.refused > 0 && self.strangers > 0 && self.copies > 0 && self.restarts > 0
    }
}

impl AddAssign for Seen {
    fn add_assign(&mut self, other: Self) {
        self.refused += other.refused;
        self.strangers += other.strangers;
        self.copies += other.copies;
        self.restarts += other.restarts;
    }
}

#[derive(Clone, Debug)]
enum Call {
    Push(ApplyOps),
    Pull(ChangesSince),
}

pub struct World {
    seed: u64,
    speaks: bool,
    chance: Chance,
    now: u64,
    end: u64,
    count: u64,
    happenings: BTreeMap<(u64, u64), Happening>,
    pub server: Server,
    pub replicas: Vec<Replica>,
    seen: Seen,
    /// What the server has forgotten, as it was then.
    pub swept: BTreeMap<EntityKey, Registers>,
    workflows: Vec<WorkflowId>,
    /// Of a thousand calls, how many go wrong in each way.
    trouble: u64,
    crashes: u64,
}

fn rule(op: &Op) -> Option<Code> {
    let mut fields = op.entities.iter().flat_map(|patch| &patch.fields);
    fields.any(|field| field.v.as_deref() == Some(BAD)).then_some(Code::Invalid)
}

impl World {
    pub fn new(seed: u64, speaks: bool) -> Self {
        let mut chance = Chance::new(seed ^ 0x5eed);
        // Two to eight, few more often.
        let count = 2 + usize::try_from(chance.below(7).min(chance.below(7))).unwrap();
        let mut replicas: Vec<_> = (0..count).map(|number| Replica::new(number, chance.next(), OWNER)).collect();
        if count > 2
            && chance.below(3) == 0
            && let Some(last) = replicas.last_mut()
        {
            last.user = GUEST;
        }
        let mut server = Server::new(BEGIN);
        server.rule = Some(rule);
        let trouble = [0, 20, 60, 120][usize::try_from(chance.below(4)).unwrap()];
        let crashes = [0, 5, 15][usize::try_from(chance.below(3)).unwrap()];
        Self {
            seed,
            speaks,
            chance,
            now: BEGIN,
            end: BEGIN + CHAOS,
            count: 0,
            happenings: BTreeMap::new(),
            server,
            replicas,
            seen: Seen::default(),
            swept: BTreeMap::new(),
            workflows: Vec::new(),
            trouble,
            crashes,
        }
    }

    fn say(&self, what: impl FnOnce() -> String) {
        if self.speaks {
            println!("{:>9} {}", self.now - BEGIN, what());
        }
    }

    fn at(&mut self, time: u64, happening: Happening) {
        self.count += 1;
        self.happenings.insert((time, self.count), happening);
    }

    fn after(&mut self, span: u64, happening: Happening) {
        let delay = self.chance.below(span + 1);
        self.at(self.now + delay, happening);
    }

    /// Whether something that happens so often of a thousand times happens now. Never once it is calm.
    fn happens(&mut self, of_thousand: u64) -> bool {
        self.now < self.end && self.chance.below(1_000) < of_thousand
    }

    fn pick(&mut self, end: usize) -> usize {
        usize::try_from(self.chance.below(end as u64)).unwrap()
    }

    pub fn run(mut self) -> Seen {
        self.prepare();
        let (mut looked, mut rests_since) = (0, BEGIN);
        while let Some(((time, _), happening)) = self.happenings.pop_first() {
            self.now = self.now.max(time);
            self.server.now = self.now;
            if self.now >= self.end.max(looked + 500) {
                looked = self.now;
                self.calm();
                // Long enough for everybody to have asked whether there is something new.
                if !self.is_at_rest() {
                    rests_since = self.now;
                } else if self.now > rests_since + 10_000 {
                    break;
                }
            }
            assert!(self.now < self.end + CALM, "it doesn't come to rest: {}", self.unrest());
            self.happen(happening);
        }
        check::check(&self);
        self.say(|| format!("seed {} is fine", self.seed));
        self.seen
    }

    /// What there is before sync is turned on.
    fn prepare(&mut self) {
        let count = self.replicas.len();
        for number in 0..count {
            // Up to ten minutes before or after.
            self.replicas[number].skew = i64::try_from(self.chance.below(20 * MINUTE)).unwrap() - 600_000;
        }
        let workflow = WorkflowId::new(self.replicas[0].stamp(BEGIN));
        self.workflows.push(workflow);
        let mut library = Batch::new();
        let stamp = self.replicas[0].stamp(BEGIN);
        library.merge(EntityKey::workflow(workflow), &Registers::new().with(RegisterName::Name, stamp, "Library"));
        for _ in 0..self.chance.below(6) {
            let stamp = self.replicas[0].stamp(BEGIN);
            library.merge(EntityKey::node(workflow, NodeId::new(stamp)), &created(stamp));
        }
        self.commit(0, library.clone(), false);
        if self.chance.below(3) == 0 {
            // Somebody else has a copy, and has worked on it.
            let stamp = self.replicas[1].stamp(BEGIN);
            library.merge(EntityKey::workflow(workflow), &Registers::new().with(RegisterName::Name, stamp, "Copy"));
            self.commit(1, library, false);
        }
        if self.chance.below(4) == 0 {
            let ahead = self.pick(count);
            self.replicas[ahead].skew += YEAR;
            let correction = BEGIN + CHAOS / 3 + self.chance.below(CHAOS / 3);
            self.at(correction, Happening::Correct(ahead));
        }
        for number in 0..count {
            self.at(BEGIN, Happening::Start(number));
            self.after(2_000, Happening::Act(number));
        }
        if self.chance.below(3) == 0 {
            for _ in 0..3 {
                self.after(CHAOS, Happening::Sweep);
            }
        }
        if self.replicas.iter().any(|replica| replica.user == GUEST) {
            self.after(CHAOS / 6, Happening::Let(Some(Role::Editor)));
            for _ in 0..4 {
                let role = [Some(Role::Editor), Some(Role::Viewer), None][self.pick(3)];
                self.after(CHAOS, Happening::Let(role));
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Act(number) => {
                if self.now < self.end {
                    if self.replicas[number].alive {
                        self.act(number);
                    }
                    self.after(3_000, Happening::Act(number));
                }
            }
            Happening::Hear(number, life, event) => {
                if self.replicas[number].life == life {
                    self.say(|| format!("{number} hears {event:?}"));
                    self.hear(number, *event);
                }
            }
            Happening::Call(number, life, request, call) => self.call(number, life, request, call),
            Happening::Watch(number, life, again) => {
                if self.replicas[number].life == life {
                    let heads = self.server.heads(self.replicas[number].user);
                    // Late, and so out of order.
                    let span = if self.happens(300) { 8_000 } else { 100 };
                    self.after(span, Happening::Hear(number, life, Box::new(Event::Heads(heads))));
                    if again {
                        self.after(4_000, Happening::Watch(number, life, true));
                    }
                }
            }
            Happening::Start(number) => {
                self.say(|| format!("{number} starts"));
                let seed = self.chance.next();
                self.replicas[number].start(self.now, seed);
                self.obey(number);
            }
            Happening::Sweep => {
                for workflow in self.workflows.clone() {
                    let mut gone = self.entities(workflow);
                    self.server.sweep(workflow, RETENTION);
                    for key in self.entities(workflow).keys() {
                        gone.remove(key);
                    }
                    self.say(|| format!("the server sweeps {:?}", gone.keys().collect::<Vec<_>>()));
                    for (key, registers) in gone {
                        self.swept.entry(key).or_default().merge(&registers);
                    }
                }
            }
            Happening::Let(role) => {
                self.say(|| format!("the guest is {role:?} from now on"));
                let is_owners = |id: &WorkflowId| {
                    self.server.workflow(*id).is_some_and(|stored| stored.role(OWNER) == Some(Role::Owner))
                };
                let owners: Vec<_> = self.workflows.iter().copied().filter(is_owners).collect();
                for workflow in owners {
                    self.server.let_in(workflow, GUEST, role);
                }
            }
            Happening::Correct(number) => {
                self.say(|| format!("the clock of {number} is corrected"));
                self.replicas[number].skew -= YEAR;
            }
        }
    }

    /// Whether a workflow is among a user's.
    pub fn is_listed(&self, user: &str, workflow: WorkflowId) -> bool {
        self.server.heads(user).iter().any(|head| head.workflow_id == workflow)
    }

    /// Everything that the server has.
    pub fn stored(&self) -> impl Iterator<Item = &Stored> {
        self.workflows.iter().filter_map(|id| self.server.workflow(*id))
    }

    fn entities(&self, workflow: WorkflowId) -> BTreeMap<EntityKey, Registers> {
        let stored = self.server.workflow(workflow).into_iter().flat_map(Stored::entities);
        stored.map(|(key, registers)| (key, registers.clone())).collect()
    }

    fn hear(&mut self, number: usize, event: Event) {
        self.replicas[number].handle(self.now, event);
        self.obey(number);
    }

    /// Does what an engine wants, one thing after the other; between any two the device may die.
    fn obey(&mut self, number: usize) {
        while let Some(effect) = self.replicas[number].wanted.pop_front() {
            if self.happens(self.crashes) {
                return self.crash(number);
            }
            self.say(|| format!("{number} does {effect:?}"));
            let life = self.replicas[number].life;
            let hear = |event| Happening::Hear(number, life, Box::new(event));
            match effect {
                Effect::Load => {
                    let stored = self.replicas[number].stored();
                    self.after(10, hear(Event::Loaded(Box::new(stored))));
                }
                Effect::Read { request, workflow, keys } => {
                    let replica = &mut self.replicas[number];
                    let stamp = replica.stamp(self.now);
                    let rows = keys.map_or_else(|| replica.rows(workflow), |keys| replica.rows_of(keys));
                    self.after(200, hear(Event::Read { request, rows, stamp }));
                }
                Effect::Commit(batch) => {
                    let committed = self.replicas[number].commit(batch);
                    if !(committed.undone.is_empty() && committed.removed.is_empty()) {
                        self.restart_clock(number);
                    }
                }
                Effect::Push { request, body } => self.send(number, request, Call::Push(body)),
                Effect::Pull { request, body } => self.send(number, request, Call::Pull(body)),
                Effect::Watch(true) => self.at(self.now, Happening::Watch(number, life, true)),
                Effect::Watch(false) | Effect::Tell | Effect::Timer(None) => {}
                Effect::RenewToken => self.after(2_000, hear(Event::SignedIn)),
                // An old one that still comes is harmless.
                Effect::Timer(Some(at)) => self.at(at, hear(Event::Timer)),
            }
        }
        if self.happens(self.crashes / 5) {
            self.crash(number);
        }
    }

    /// A clock that is ahead starts again once nothing of that is left.
    fn restart_clock(&mut self, number: usize) {
        let seed = self.chance.next();
        let replica = &mut self.replicas[number];
        let latest = replica.wall(self.now) + AHEAD;
        let newest = replica.newest();
        if replica.clock.millis() > latest && newest.is_none_or(|newest| newest.millis() <= latest) {
            replica.clock = Clock::new(seed);
            if let Some(newest) = newest {
                replica.clock.observe(newest);
            }
            self.seen.restarts += 1;
            self.say(|| format!("the clock of {number} starts again"));
        }
    }

    fn crash(&mut self, number: usize) {
        self.say(|| format!("{number} crashes"));
        self.replicas[number].crash();
        self.after(10_000, Happening::Start(number));
    }

    /// A call goes out, and perhaps gets lost, or arrives twice, or late.
    fn send(&mut self, number: usize, request: u64, call: Call) {
        let life = self.replicas[number].life;
        let slow = if self.happens(self.trouble) { 30_000 } else { 300 };
        let failed = |failure| {
            let event = match &call {
                Call::Push(_) => Event::Pushed { request, answer: Err(failure) },
                Call::Pull(_) => Event::Pulled { request, answer: Err(failure) },
            };
            Happening::Hear(number, life, Box::new(event))
        };
        if self.happens(self.trouble) {
            let failure = [
                Failure::Network("lost".into()),
                Failure::Busy(503),
                Failure::Unauthenticated,
                Failure::Refused("a test".into()),
            ];
            // What is refused is for the user to try again: rare.
            let which = if self.happens(50) { 3 } else { self.pick(3) };
            let happening = failed(failure[which].clone());
            return self.after(slow, happening);
        }
        if self.happens(self.trouble) {
            let again = Happening::Call(number, life, None, call.clone());
            self.after(20_000, again);
        }
        if self.happens(self.trouble) {
            let lost = failed(Failure::Network("the answer is lost".into()));
            self.after(slow, Happening::Call(number, life, None, call));
            return self.at(self.now + slow + 1, lost);
        }
        self.after(slow, Happening::Call(number, life, Some(request), call));
    }

    fn call(&mut self, number: usize, life: u64, request: Option<u64>, call: Call) {
        let user = self.replicas[number].user;
        let event = match call {
            Call::Push(mut body) => {
                if self.happens(self.trouble) {
                    // Only a part is done, and told.
                    let count = self.pick(body.ops.len() + 1);
                    body.ops.truncate(count);
                }
                let answer = self.server.apply_ops(user, &body);
                for result in answer.iter().flat_map(|answer| &answer.results) {
                    if result.code == Some(Code::Forbidden) {
                        let counted =
                            if result.entities.is_some() { &mut self.seen.refused } else { &mut self.seen.strangers };
                        *counted += 1;
                    }
                }
                request.map(|request| Event::Pushed { request, answer })
            }
            Call::Pull(body) => {
                let answer = self.server.changes_since(user, &body);
                self.seen.strangers += usize::from(answer.is_err());
                request.map(|request| Event::Pulled { request, answer })
            }
        };
        if let Some(event) = event {
            let slow = if self.happens(self.trouble) { 20_000 } else { 300 };
            self.after(slow, Happening::Hear(number, life, Box::new(event)));
        }
    }

    /// Stores a batch, as a user's edit if it is one, and tells the engine.
    fn commit(&mut self, number: usize, mut batch: Batch, record: bool) {
        let replica = &mut self.replicas[number];
        for (key, patch) in batch.rows() {
            for (name, register) in patch.iter() {
                replica.edits.push(Edit { key, name: name.clone(), register: register.clone() });
            }
        }
        if record {
            let id = replica.stamp(self.now);
            batch.record_as(id);
        }
        let committed = replica.commit(batch);
        if self.happens(self.crashes) {
            return self.crash(number);
        }
        if let Some(record) = committed.record {
            let life = self.replicas[number].life;
            self.after(50, Happening::Hear(number, life, Box::new(Event::Recorded(record))));
        }
    }

    /// Somebody works.
    fn act(&mut self, number: usize) {
        let now = self.now;
        match self.chance.below(40) {
            0 => return self.hear(number, Event::Network(false)),
            1 | 2 => return self.hear(number, Event::Network(true)),
            3 => return self.hear(number, Event::Retry),
            4 => {
                if let Some(workflow) = self.ahead(number) {
                    // Only who has corrected the clock has something to gain.
                    if self.replicas[number].skew < YEAR / 2 {
                        if self.chance.below(2) == 0 {
                            return self.copy(number, workflow);
                        }
                        return self.hear(number, Event::SetAside(workflow));
                    }
                }
            }
            5 if self.workflows.len() < 3 => {
                let id = WorkflowId::new(self.replicas[number].stamp(now));
                self.workflows.push(id);
                let stamp = self.replicas[number].stamp(now);
                let mut batch = Batch::new();
                batch.merge(EntityKey::workflow(id), &Registers::new().with(RegisterName::Name, stamp, "New"));
                return self.commit(number, batch, true);
            }
            _ => {}
        }
        let known = self.replicas[number].workflows();
        if known.is_empty() {
            return;
        }
        let workflow = known[self.pick(known.len())];
        let rows = self.replicas[number].rows(workflow);
        let entities: Vec<_> = rows
            .iter()
            .filter(|(key, _)| key.part != Part::Itself)
            .map(|(key, row)| (*key, row.registers.is_deleted()))
            .collect();
        let mut batch = Batch::new();
        for _ in 0..=self.chance.below(3) {
            let stamp = self.replicas[number].stamp(now);
            let any = (!entities.is_empty()).then(|| entities[self.pick(entities.len().max(1))]);
            let bad = self.chance.below(25) == 0;
            match (self.chance.below(12), any) {
                (0, _) | (_, None) => {
                    let key = EntityKey::node(workflow, NodeId::new(stamp));
                    let mut node = created(stamp);
                    if bad {
                        node = node.with(RegisterName::config("bad"), stamp, "bad");
                    }
                    batch.merge(key, &node);
                }
                (1, _) => {
                    let patch = Registers::new().with(RegisterName::Ends, stamp, "somewhere");
                    batch.merge(EntityKey::edge(workflow, EdgeId::new(stamp)), &patch);
                }
                (2, _) => {
                    let patch = Registers::new().with(RegisterName::Name, stamp, stamp.to_string());
                    batch.merge(EntityKey::workflow(workflow), &patch);
                }
                // One change of many, more than go in one op.
                (3, _) if self.seed.is_multiple_of(8) && self.chance.below(10) == 0 => {
                    for number in 0..105 {
                        let id = NodeId::from_uuid(uuid::Uuid::from_u128(number));
                        batch.merge(EntityKey::node(workflow, id), &created(stamp));
                    }
                }
                (3 | 4, Some((key, is_deleted))) => {
                    batch.merge(key, &Registers::new().with(RegisterName::Deleted, stamp, !is_deleted));
                }
                (5, Some((key, _))) => {
                    batch.merge(key, &Registers::new().without(RegisterName::config("seed"), stamp));
                }
                (_, Some((key, _))) => {
                    let name = ["title", "config.seed", "config.text"][self.pick(3)];
                    let value = if bad { "bad".to_owned() } else { stamp.to_string() };
                    batch.merge(key, &Registers::new().with(RegisterName::parse(name), stamp, value));
                }
            }
        }
        self.say(|| format!("{number} edits {:?}", batch.rows().collect::<Vec<_>>()));
        self.commit(number, batch, true);
    }

    /// Somebody brings in a workflow's content once more, as another workflow and with stamps of a clock that is right; what the server
    /// doesn't take of the original is given up.
    fn copy(&mut self, number: usize, workflow: WorkflowId) {
        let seed = self.chance.next();
        let replica = &mut self.replicas[number];
        let rows: BTreeMap<_, _> = replica.rows(workflow).into_iter().map(|(key, row)| (key, row.registers)).collect();
        let (mut fresh, wall) = (Clock::new(seed), replica.wall(self.now));
        if let Some((copy, patches)) = copy_of(&rows, &mut || fresh.tick(wall)) {
            let mut batch = Batch::new();
            for (key, patch) in &patches {
                batch.merge(*key, patch);
            }
            self.workflows.push(copy);
            self.seen.copies += 1;
            self.say(|| format!("{number} brings {workflow} in as {copy}"));
            let life = self.replicas[number].life;
            self.commit(number, batch, true);
            if self.replicas[number].life != life {
                // It crashed in between: the original waits as before.
                return;
            }
        }
        // What an earlier copy has taken in is in none of the later ones.
        for (key, registers) in &rows {
            self.replicas[number].copied.entry(*key).or_default().merge(registers);
        }
        self.hear(number, Event::Copied(workflow, rows.into()));
    }

    fn ahead(&self, number: usize) -> Option<WorkflowId> {
        let status = self.replicas[number].engine.status();
        let is_ahead = |problem: &Option<Problem>| matches!(problem, Some(Problem::ClockAhead(_)));
        status.workflows.iter().find(|(_, workflow)| is_ahead(&workflow.problem)).map(|(id, _)| *id)
    }

    /// From here on nothing goes wrong any more, and users do what they are asked to.
    fn calm(&mut self) {
        for number in 0..self.replicas.len() {
            if !self.replicas[number].alive {
                continue;
            }
            let status = self.replicas[number].engine.status();
            if status.state == State::Offline && self.chance.below(20) == 0 {
                self.hear(number, Event::Network(true));
            }
            if let Some(workflow) = self.ahead(number) {
                self.hear(number, Event::SetAside(workflow));
            }
            if status.workflows.values().any(|workflow| matches!(workflow.problem, Some(Problem::Refused(_)))) {
                self.hear(number, Event::Retry);
            }
            if status.state == State::UpToDate && status.pending > 0 && self.chance.below(20) == 0 {
                self.hear(number, Event::Retry);
            }
        }
    }

    fn is_at_rest(&self) -> bool {
        self.now > self.end + MINUTE / 2
            && self.replicas.iter().all(|replica| {
                let status = replica.engine.status();
                let knows_all = self
                    .server
                    .heads(replica.user)
                    .into_iter()
                    .all(|head| status.workflows.contains_key(&head.workflow_id));
                // What somebody did who may not do it any more waits for another time.
                let waits_for_leave = status.workflows.values().all(|workflow| {
                    workflow.pending == 0 || matches!(workflow.problem, Some(Problem::Forbidden | Problem::NotListed))
                });
                replica.alive
                    && replica.wanted.is_empty()
                    && status.state == State::UpToDate
                    && (status.pending == 0 || waits_for_leave)
                    && knows_all
            })
            && !self.happenings.values().any(|happening| match happening {
                Happening::Call(..) => true,
                Happening::Hear(_, _, event) => {
                    matches!(**event, Event::Heads(_) | Event::Read { .. } | Event::Recorded(_))
                }
                _ => false,
            })
    }

    fn unrest(&self) -> String {
        let replica = |replica: &Replica| {
            let status = replica.engine.status();
            let problems: Vec<_> = status.workflows.values().filter_map(|one| one.problem.clone()).collect();
            format!("{}: {:?} {} {problems:?}", replica.number, status.state, status.pending)
        };
        self.replicas.iter().map(replica).collect::<Vec<_>>().join("; ")
    }
}

fn created(stamp: crate::model::Stamp) -> Registers {
    Registers::new().with(RegisterName::Type, stamp, "prompt").with(RegisterName::Title, stamp, "New").with(
        RegisterName::Position,
        stamp,
        1_u32,
    )
}
