//! The engine, one thing at a time.

use std::collections::BTreeMap;

use crate::{
    backend::{Batch, OplogRecord},
    model::{Clock, EntityKey, NodeId, RegisterName, Registers, Row, Stamp, WorkflowId},
    sync::{
        Config, Effect, Event, Failure, News, Problem, State, Stored, StoredWorkflow, SyncEngine,
        transport::memory::Server,
        wire::{ApplyOps, Changes, Code, Entity, Head, OpResult, OpStatus, OpsApplied, Patch, Role},
    },
};

const NOW: u64 = 1_800_000_000_000;

/// An engine and somebody who does what it wants, if asked to.
struct Desk {
    engine: SyncEngine,
    clock: Clock,
    now: u64,
    /// What the device believes the time to be.
    wall: u64,
    effects: Vec<Effect>,
}

impl Desk {
    /// With one workflow, all of which the server knows.
    fn new() -> (Self, EntityKey) {
        let mut clock = Clock::new(1);
        let workflow = WorkflowId::new(clock.tick(NOW));
        let node = EntityKey::node(workflow, NodeId::new(clock.tick(NOW)));
        let mut desk =
            Self { engine: SyncEngine::new(Config::new("desk", 1)), clock, now: 0, wall: NOW, effects: Vec::new() };
        desk.hear(Event::Lead);
        assert_eq!(desk.effects, []);
        desk.hear(Event::Start);
        assert!(desk.effects.contains(&Effect::Load));
        let progress = serde_json::from_str(r#"{"cursor":5,"uploaded":true}"#).unwrap();
        let stored = StoredWorkflow { id: workflow, progress: Some(progress), kept: None };
        desk.hear(Event::Loaded(Box::new(Stored { oplog: Vec::new(), workflows: vec![stored] })));
        assert!(desk.effects.contains(&Effect::Watch(true)));
        (desk, node)
    }

    fn hear(&mut self, event: Event) {
        self.effects = self.engine.handle(self.now, event);
    }

    fn stamp(&mut self) -> Stamp {
        self.clock.tick(self.wall)
    }

    /// A record of one edit.
    fn edit(&mut self, key: EntityKey, title: &str) -> OplogRecord {
        let stamp = self.stamp();
        let mut batch = Batch::new();
        batch.merge(key, &Registers::new().with(RegisterName::Title, stamp, title)).record();
        batch.to_record().unwrap()
    }

    fn push(&self) -> Option<(u64, ApplyOps)> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Push { request, body } => Some((*request, body.clone())),
            _ => None,
        })
    }

    /// The reading that is wanted: its number and where it begins.
    fn pull(&self) -> Option<(u64, u64)> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Pull { request, body } => Some((*request, body.cursor)),
            _ => None,
        })
    }

    fn timer(&self) -> Option<u64> {
        self.effects.iter().rev().find_map(|effect| if let Effect::Timer(at) = effect { *at } else { None })
    }

    fn commits(&self) -> Batch {
        let mut all = Batch::new();
        for effect in &self.effects {
            if let Effect::Commit(batch) = effect {
                all.absorb(batch.clone());
            }
        }
        all
    }

    fn wait(&mut self, millis: u64) {
        self.now += millis;
        self.hear(Event::Timer);
    }

    fn answer(&mut self, request: u64, body: &ApplyOps, status: OpStatus, code: Option<Code>) {
        let result = |op: &crate::sync::wire::Op| OpResult {
            op_id: op.op_id,
            status,
            code: code.clone(),
            seq: 6,
            entities: (status == OpStatus::Rejected).then(Vec::new),
        };
        let results = body.ops.iter().map(result).collect();
        let answer = OpsApplied { head: 6, server_now: NOW, results };
        self.effects = self.engine.apply_server_ack(self.now, request, answer);
    }
}

#[test]
fn an_edit_is_sent_when_a_moment_has_gone_by_and_pruned_when_the_server_has_it() {
    let (mut desk, node) = Desk::new();
    let record = desk.edit(node, "A");
    desk.hear(Event::Recorded(record.clone()));
    assert_eq!((desk.push(), desk.timer()), (None, Some(300)));
    // Heard twice it counts once.
    desk.hear(Event::Recorded(record.clone()));
    desk.wait(300);
    let (request, body) = desk.push().unwrap();
    assert_eq!((body.workflow_id, body.ops.len(), body.device_id.as_str()), (node.workflow, 1, "desk"));
    assert_eq!(desk.engine.status().state, State::Busy);
    desk.answer(request, &body, OpStatus::Applied, None);
    assert_eq!(desk.commits().pruned().collect::<Vec<_>>(), [record.id]);
    assert_eq!(desk.engine.status().pending, 0);
}

#[test]
fn flush_sends_at_once_and_only_so_much_in_a_request() {
    let (mut desk, node) = Desk::new();
    for number in 0..450 {
        let key = EntityKey::node(node.workflow, NodeId::new(desk.stamp()));
        let record = desk.edit(key, &number.to_string());
        desk.hear(Event::Recorded(record));
    }
    assert_eq!(desk.engine.status().pending, 450);
    desk.effects = desk.engine.flush(desk.now);
    let mut sizes = Vec::new();
    while let Some((request, body)) = desk.push() {
        assert!(body.ops.is_sorted_by_key(|op| op.op_id), "in their order");
        sizes.push(body.ops.len());
        desk.answer(request, &body, OpStatus::Applied, None);
        let again = desk.push();
        desk.effects = desk.engine.flush(desk.now).into_iter().chain(desk.effects.drain(..)).collect();
        assert!(again.is_none() || desk.push().is_some());
    }
    assert_eq!(sizes, [200, 200, 50]);
}

#[test]
fn an_edit_with_a_newer_one_behind_it_is_not_sent() {
    let (mut desk, node) = Desk::new();
    let (first, second) = (desk.edit(node, "A"), desk.edit(node, "B"));
    desk.hear(Event::Recorded(first.clone()));
    desk.hear(Event::Recorded(second.clone()));
    desk.wait(300);
    let (request, body) = desk.push().unwrap();
    assert_eq!(body.ops.iter().map(|op| op.op_id.stamp).collect::<Vec<_>>(), [second.id]);
    desk.answer(request, &body, OpStatus::Applied, None);
    assert_eq!(desk.commits().pruned().collect::<Vec<_>>(), [first.id, second.id]);
}

#[test]
fn only_what_had_no_answer_is_sent_again_and_later_each_time() {
    let (mut desk, node) = Desk::new();
    let record = desk.edit(node, "A");
    desk.hear(Event::Recorded(record));
    desk.wait(300);
    let mut pauses = Vec::new();
    for _ in 0..4 {
        let (request, body) = desk.push().unwrap();
        assert_eq!(body.ops.len(), 1);
        desk.hear(Event::Pushed { request, answer: Err(Failure::Network("test".into())) });
        assert_eq!(desk.engine.status().state, State::Offline);
        let pause = desk.timer().unwrap() - desk.now;
        pauses.push(pause);
        desk.wait(pause);
    }
    assert!(pauses.iter().zip([1_000, 2_000, 4_000, 8_000]).all(|(pause, whole)| (whole / 2..=whole).contains(pause)));
    let (request, _) = desk.push().unwrap();
    desk.hear(Event::Pushed { request, answer: Err(Failure::Network("test".into())) });
    assert_eq!(desk.push(), None);
    // The network's return ends the pause.
    desk.hear(Event::Network(true));
    assert!(desk.push().is_some());
}

#[test]
fn a_rejected_op_is_undone_and_kept_and_the_others_go_on() {
    let (mut desk, node) = Desk::new();
    let other = EntityKey::node(node.workflow, NodeId::new(desk.stamp()));
    let (bad, good) = (desk.edit(node, "bad"), desk.edit(other, "good"));
    desk.hear(Event::Recorded(bad.clone()));
    desk.hear(Event::Recorded(good.clone()));
    desk.wait(300);
    let (request, body) = desk.push().unwrap();
    let entity =
        Entity { patch: Patch::new(node, &Registers::new().with(RegisterName::Title, desk.stamp(), "theirs")), seq: 5 };
    let result =
        |at: usize, status, code, entities| OpResult { op_id: body.ops[at].op_id, status, code, seq: 6, entities };
    let results = vec![
        result(0, OpStatus::Rejected, Some(Code::TooLarge), Some(vec![entity])),
        result(1, OpStatus::Applied, None, None),
    ];
    desk.hear(Event::Pushed { request, answer: Ok(OpsApplied { head: 6, server_now: NOW, results }) });
    let commits = desk.commits();
    assert_eq!(commits.pruned().collect::<Vec<_>>(), [bad.id, good.id]);
    let (key, undo) = commits.undone().next().unwrap();
    assert_eq!((key, undo.rejected.newest()), (node, Some(bad.id)));
    let status = desk.engine.status().workflows.remove(&node.workflow).unwrap();
    let kept: Vec<_> = status.kept.iter().collect();
    assert_eq!((kept.len(), kept[0].code.clone()), (1, Some(Code::TooLarge)));
    assert_eq!((kept[0].mine.clone(), kept[0].theirs.clone()), (Some("bad".into()), Some("theirs".into())));
    assert_eq!((status.pending, status.problem), (0, None));
}

#[test]
fn what_is_ahead_waits_with_a_reason_until_it_is_taken_or_given_up() {
    const DAY: u64 = 24 * 3_600_000;
    let (mut desk, node) = Desk::new();
    desk.wall = NOW + 10 * DAY;
    let record = desk.edit(node, "A");
    desk.hear(Event::Recorded(record));
    desk.wait(300);
    let (request, body) = desk.push().unwrap();
    desk.answer(request, &body, OpStatus::Rejected, Some(Code::ClockAhead));
    assert_eq!(desk.commits().undone().count(), 0);
    let problem = |desk: &Desk| desk.engine.status().workflows[&node.workflow].problem.clone();
    assert_eq!(problem(&desk), Some(Problem::ClockAhead(9 * 24)));
    desk.wait(DAY + 1);
    assert_eq!(problem(&desk), Some(Problem::ClockAhead(8 * 24)), "the time until then goes by");
    desk.hear(Event::SetAside(node.workflow));
    let (request, body) = desk.push().unwrap_or_else(|| {
        desk.wait(0);
        desk.push().unwrap()
    });
    desk.answer(request, &body, OpStatus::Rejected, Some(Code::ClockAhead));
    assert_eq!(desk.commits().undone().count(), 1);
    assert_eq!(problem(&desk), None);
}

#[test]
fn what_is_ahead_and_in_a_copy_is_taken_back_without_being_kept_also_if_it_was_not_refused_before() {
    let (mut desk, node) = Desk::new();
    let other = EntityKey::node(node.workflow, NodeId::new(desk.stamp()));
    desk.wall = NOW + 10 * 24 * 3_600_000;
    let (first, second, late) = (desk.edit(node, "A"), desk.edit(other, "B"), desk.edit(other, "C"));
    desk.hear(Event::Recorded(first.clone()));
    desk.wait(300);
    let (request, body) = desk.push().unwrap();
    desk.answer(request, &body, OpStatus::Rejected, Some(Code::ClockAhead));
    // Of the next nothing is known yet when the copy is made; the last comes after it.
    desk.hear(Event::Recorded(second.clone()));
    let copied = first.read().unwrap().into_iter().chain(second.read().unwrap()).collect::<BTreeMap<_, _>>();
    desk.hear(Event::Copied(node.workflow, copied.into()));
    let (request, body) = desk.push().unwrap();
    assert_eq!(body.ops.len(), 2);
    desk.hear(Event::Recorded(late));
    desk.answer(request, &body, OpStatus::Rejected, Some(Code::ClockAhead));
    let undone: Vec<_> = desk.commits().undone().map(|(key, _)| key).collect();
    assert_eq!(undone, [node, other]);
    desk.wait(300);
    let (request, body) = desk.push().unwrap();
    desk.answer(request, &body, OpStatus::Rejected, Some(Code::ClockAhead));
    let status = desk.engine.status().workflows.remove(&node.workflow).unwrap();
    assert!(status.kept.is_empty(), "{:?}", status.kept);
    assert_eq!((status.pending, status.problem), (1, Some(Problem::ClockAhead(9 * 24))), "what the copy lacks waits");
}

#[test]
fn an_expired_token_is_renewed_once_and_nothing_is_sent_meanwhile() {
    let (mut desk, node) = Desk::new();
    let record = desk.edit(node, "A");
    desk.hear(Event::Recorded(record));
    desk.wait(300);
    let (request, _) = desk.push().unwrap();
    desk.hear(Event::Pushed { request, answer: Err(Failure::Unauthenticated) });
    assert_eq!(desk.effects.iter().filter(|effect| **effect == Effect::RenewToken).count(), 1);
    desk.wait(60_000);
    assert_eq!(desk.push(), None);
    desk.hear(Event::SignedOut);
    assert_eq!(desk.engine.status().state, State::SignedOut);
    desk.hear(Event::SignedIn);
    assert!(desk.push().is_some());
}

#[test]
fn turning_sync_on_uploads_what_is_there_and_who_follows_does_nothing() {
    let mut desk = Desk::new().0;
    desk.hear(Event::Follow);
    assert!(desk.effects.contains(&Effect::Watch(false)));
    assert_eq!(desk.engine.status().state, State::Follower);
    desk.hear(Event::Heads(Vec::new()));
    assert_eq!(desk.effects, []);
    desk.hear(Event::Lead);
    let workflow = WorkflowId::new(desk.stamp());
    let stored = StoredWorkflow { id: workflow, progress: None, kept: None };
    desk.hear(Event::Loaded(Box::new(Stored { oplog: Vec::new(), workflows: vec![stored] })));
    let read = desk.effects.iter().find_map(|effect| match effect {
        Effect::Read { request, keys: None, .. } => Some(*request),
        _ => None,
    });
    let registers = Registers::new().with(RegisterName::Name, desk.stamp(), "Library");
    let row = Row { registers: registers.clone(), version: 1, counts: None };
    let key = EntityKey::workflow(workflow);
    let stamp = desk.stamp();
    desk.hear(Event::Read { request: read.unwrap(), rows: vec![(key, row)], stamp });
    let commits = desk.commits();
    assert_eq!((commits.recorded().collect::<Vec<_>>(), commits.rows().count()), (vec![(key, &registers)], 0));
    let (_, body) = desk.push().unwrap_or_else(|| {
        desk.wait(300);
        desk.push().unwrap()
    });
    // The server has all of it.
    let mut server = Server::new(NOW);
    server.apply_ops("user", &body).unwrap();
    let there: BTreeMap<_, _> = server.workflow(workflow).unwrap().entities().collect();
    assert_eq!(there, BTreeMap::from([(key, &registers)]));
    let head = Head { workflow_id: workflow, seq: 0, gc_seq: 0, role: Role::Owner, name: None };
    desk.hear(Event::Heads(vec![head]));
    assert_eq!(desk.engine.status().workflows[&workflow].role, Some(Role::Owner));
}

#[test]
fn what_a_server_leaves_over_is_sent_at_once_and_nothing_at_all_is_a_failure() {
    let (mut desk, node) = Desk::new();
    for number in 0..3 {
        let stamp = desk.stamp();
        let mut batch = Batch::new();
        let name = RegisterName::config(&number.to_string());
        batch.merge(node, &Registers::new().with(name, stamp, "A")).record();
        desk.hear(Event::Recorded(batch.to_record().unwrap()));
    }
    desk.wait(300);
    let (request, mut body) = desk.push().unwrap();
    let rest = body.ops.split_off(1);
    desk.answer(request, &body, OpStatus::Applied, None);
    let (request, body) = desk.push().expect("the rest, without a pause");
    assert_eq!(body.ops, rest);
    // A server that takes none isn't asked again at once.
    desk.answer(request, &ApplyOps { ops: Vec::new(), ..body.clone() }, OpStatus::Applied, None);
    assert_eq!(desk.push(), None);
    let pause = desk.timer().unwrap() - desk.now;
    desk.wait(pause);
    assert_eq!(desk.push().unwrap().1.ops, rest);
}

#[test]
fn what_was_uploaded_before_the_first_reading_may_be_forgotten_by_then() {
    let (mut desk, node) = Desk::new();
    desk.hear(Event::Follow);
    desk.hear(Event::Lead);
    let progress = serde_json::from_str(r#"{"cursor":0,"uploaded":true}"#).unwrap();
    let stored = StoredWorkflow { id: node.workflow, progress: Some(progress), kept: None };
    desk.hear(Event::Loaded(Box::new(Stored { oplog: Vec::new(), workflows: vec![stored] })));
    let head = Head { workflow_id: node.workflow, seq: 9, gc_seq: 8, role: Role::Owner, name: None };
    desk.hear(Event::Heads(vec![head]));
    let (request, cursor) = desk.pull().unwrap();
    assert_eq!(cursor, 0);
    let workflow = EntityKey::workflow(node.workflow);
    let name = Registers::new().with(RegisterName::Name, desk.stamp(), "Library");
    let entity = Entity { patch: Patch::new(workflow, &name), seq: 9 };
    let answer = Changes { reset: false, entities: vec![entity], cursor: 9, done: true, gc_seq: 8, server_now: NOW };
    desk.hear(Event::Pulled { request, answer: Ok(answer) });
    let read = desk.effects.iter().find_map(|effect| match effect {
        Effect::Read { request, keys: None, .. } => Some(*request),
        _ => None,
    });
    let title = Registers::new().with(RegisterName::Title, desk.stamp(), "forgotten");
    let row = |registers| Row { registers, version: 3, counts: None };
    let (rows, stamp) = (vec![(workflow, row(name)), (node, row(title))], desk.stamp());
    desk.hear(Event::Read { request: read.expect("all that is here"), rows, stamp });
    assert_eq!(desk.commits().removed().map(|(key, _)| key).collect::<Vec<_>>(), [node]);
}

#[test]
fn a_server_that_has_no_time_is_as_good_as_none_until_it_has() {
    let (mut desk, node) = Desk::new();
    let record = desk.edit(node, "Dunes");
    desk.hear(Event::Recorded(record));
    desk.wait(300);
    let (request, _) = desk.push().unwrap();
    desk.hear(Event::Pushed { request, answer: Err(Failure::Busy(503)) });
    assert_eq!(desk.engine.status().state, State::Offline);
    desk.wait(2_000);
    let (request, body) = desk.push().unwrap();
    desk.answer(request, &body, OpStatus::Applied, None);
    assert_ne!(desk.engine.status().state, State::Offline);
}

#[test]
fn how_what_is_new_becomes_known_is_told_and_forgotten_when_sync_ends() {
    let (mut desk, _) = Desk::new();
    desk.hear(Event::News(News::Told));
    assert_eq!(desk.effects, [Effect::Tell]);
    assert_eq!(desk.engine.status().news, News::Told);
    desk.hear(Event::Stop);
    assert!(desk.effects.contains(&Effect::Watch(false)));
    assert_eq!(desk.engine.status().news, News::Unknown);
}

#[test]
fn who_is_removed_while_he_reads_stops_asking_and_goes_on_when_he_is_let_in_again() {
    let (mut desk, node) = Desk::new();
    let head = |role| Head { workflow_id: node.workflow, seq: 9, gc_seq: 0, role, name: None };
    desk.hear(Event::Heads(vec![head(Role::Editor)]));
    let (request, _) = desk.pull().unwrap();
    desk.hear(Event::Pulled { request, answer: Err(Failure::Refused("FORBIDDEN".into())) });
    let status = desk.engine.status();
    assert_eq!(status.workflows[&node.workflow].problem, Some(Problem::Forbidden));
    assert_eq!(status.state, State::UpToDate);
    desk.wait(600_000);
    assert_eq!(desk.pull(), None, "he isn't let in, however often he asks");
    // He may look at it again, and change nothing.
    desk.hear(Event::Heads(vec![head(Role::Viewer)]));
    assert_eq!(desk.engine.status().workflows[&node.workflow].problem, None);
    assert_eq!(desk.pull().map(|(_, cursor)| cursor), Some(5));
}
