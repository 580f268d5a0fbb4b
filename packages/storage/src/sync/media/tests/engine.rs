//! The engine alone, and with a server that fails as it likes.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::{
    model::{AssetId, WorkflowId},
    sync::{
        backoff::Chance,
        event::Failure,
        media::{Effect, Event, Fetching, MediaEngine, Referred, Remote},
        transport::media::Found,
        wire::Role,
    },
};

fn workflow() -> WorkflowId {
    WorkflowId::from_uuid(Uuid::from_u128(1))
}

fn id(number: u128) -> AssetId {
    AssetId::from_uuid(Uuid::from_u128(number))
}

fn hash(number: u128) -> String {
    format!("sha256-{number:064x}")
}

fn here(number: u128) -> Referred {
    Referred {
        workflow: workflow(),
        id: id(number),
        hash: hash(number),
        bytes: 10,
        kept: Some(id(number)),
        is_remembered: false,
    }
}

fn elsewhere(number: u128) -> Referred {
    Referred { kept: None, ..here(number) }
}

fn found(number: u128) -> Found {
    let remote = Remote { hash: hash(number), bytes: 10, ..Remote::default() };
    Found { remote, url: format!("https://a.example/{number}") }
}

fn listed(role: Role) -> Event {
    Event::Listed(BTreeMap::from([(workflow(), role)]))
}

/// An engine that leads, in a workflow of the user's.
fn engine() -> MediaEngine {
    let mut engine = MediaEngine::new(7);
    engine.handle(0, Event::Lead);
    engine.handle(0, listed(Role::Owner));
    engine
}

fn asked(effects: &[Effect]) -> (u64, Vec<String>) {
    let ask = |effect: &Effect| match effect {
        Effect::Ask { request, hashes, .. } => Some((*request, hashes.clone())),
        _ => None,
    };
    effects.iter().find_map(ask).unwrap_or_else(|| panic!("nothing was asked: {effects:?}"))
}

fn uploads(effects: &[Effect]) -> Vec<String> {
    let upload = |effect: &Effect| match effect {
        Effect::Upload { hash, .. } => Some(hash.clone()),
        _ => None,
    };
    effects.iter().filter_map(upload).collect()
}

fn timer(effects: &[Effect]) -> Option<u64> {
    effects.iter().rev().find_map(|effect| match effect {
        Effect::Timer(at) => Some(*at),
        _ => None,
    })?
}

#[test]
fn only_what_the_server_lacks_is_sent_and_only_of_synced_workflows() {
    let mut engine = MediaEngine::new(7);
    let effects = engine.handle(0, Event::Referred(vec![here(1), here(2)]));
    assert_eq!(effects, [], "the workflow isn't synced, and somebody else leads");
    engine.handle(0, Event::Lead);
    let (request, hashes) = asked(&engine.handle(0, listed(Role::Owner)));
    assert_eq!(hashes, [hash(1), hash(2)]);
    let effects = engine.handle(1, Event::Answered { request, answer: Ok(vec![found(1)]) });
    assert_eq!(uploads(&effects), [hash(2)]);
    assert_eq!((engine.status().to_send, engine.status().to_send_bytes), (1, 10));
    engine.handle(2, Event::Uploaded { hash: hash(2), answer: Ok(()) });
    assert_eq!((engine.status().to_send, engine.status().sent), (0, 1));
    // Heard again, of another node: it is known.
    assert_eq!(engine.handle(3, Event::Referred(vec![here(2)])), []);
}

#[test]
fn what_has_gone_of_an_upload_counts_until_it_ends_and_anew_when_it_begins_again() {
    let mut engine = engine();
    let (request, _) = asked(&engine.handle(0, Event::Referred(vec![here(1), here(2)])));
    engine.handle(1, Event::Answered { request, answer: Ok(Vec::new()) });
    let sending = |number, bytes| Event::Sending { hash: hash(number), bytes };
    let figures = |engine: &MediaEngine| {
        let status = engine.status();
        (status.under_way_bytes, status.to_send_bytes, status.sent_bytes)
    };
    assert_eq!(engine.handle(2, sending(1, 4)), [Effect::Tell]);
    engine.handle(2, sending(2, 3));
    assert_eq!(figures(&engine), (7, 20, 0));
    engine.handle(3, sending(1, 99));
    assert_eq!(figures(&engine), (13, 20, 0), "never more than there is");
    engine.handle(4, Event::Uploaded { hash: hash(1), answer: Ok(()) });
    assert_eq!(figures(&engine), (3, 10, 10));
    engine.handle(5, Event::Uploaded { hash: hash(2), answer: Err(Failure::Busy(503)) });
    assert_eq!(figures(&engine), (0, 10, 10), "it begins with the first byte again");
    engine.handle(6, sending(2, 3));
    assert_eq!(figures(&engine), (0, 10, 10), "nothing is under way");
}

#[test]
fn a_viewer_sends_nothing() {
    let mut engine = MediaEngine::new(7);
    engine.handle(0, Event::Lead);
    engine.handle(0, listed(Role::Viewer));
    let (request, _) = asked(&engine.handle(0, Event::Referred(vec![here(1)])));
    let effects = engine.handle(1, Event::Answered { request, answer: Ok(vec![]) });
    assert_eq!(uploads(&effects), [] as [String; 0]);
    assert_eq!(engine.status().to_send, 0);
}

#[test]
fn what_is_elsewhere_is_remembered_and_fetched_when_it_is_wanted() {
    let mut engine = engine();
    let (request, _) = asked(&engine.handle(0, Event::Referred(vec![elsewhere(1)])));
    let effects = engine.handle(1, Event::Answered { request, answer: Ok(vec![found(1)]) });
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::Remember { ids, .. } if *ids == [id(1)])),
        "{effects:?}"
    );
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Fetch { .. })), "nobody wants it yet");
    assert_eq!(engine.status().elsewhere, 1);
    let effects = engine.handle(2, Event::Wanted(id(1)));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Fetch { id: to, .. } if *to == id(1))), "{effects:?}");
    assert_eq!(engine.status().fetches[&id(1)], Fetching::UnderWay);
    engine.handle(3, Event::Fetched { hash: hash(1), answer: Ok(id(1)) });
    assert_eq!((engine.status().elsewhere, engine.status().fetches.len()), (0, 0));
}

#[test]
fn a_follower_fetches_what_its_user_wants_and_sends_nothing() {
    let mut engine = MediaEngine::new(7);
    engine.handle(0, listed(Role::Owner));
    assert_eq!(engine.handle(0, Event::Referred(vec![here(1), elsewhere(2)])), []);
    let (request, hashes) = asked(&engine.handle(0, Event::Wanted(id(2))));
    assert_eq!(hashes, [hash(2)]);
    let effects = engine.handle(0, Event::Answered { request, answer: Ok(vec![found(2)]) });
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Fetch { .. })), "{effects:?}");
}

#[test]
fn one_content_with_two_names_is_sent_once_and_each_name_finds_it() {
    let mut engine = engine();
    let theirs = Referred { id: id(9), ..here(1) };
    let effects = engine.handle(0, Event::Referred(vec![here(1), theirs]));
    assert!(effects.contains(&Effect::Alias { id: id(9), kept: id(1) }), "{effects:?}");
    let (request, hashes) = asked(&effects);
    assert_eq!(hashes, [hash(1)]);
    let effects = engine.handle(1, Event::Answered { request, answer: Ok(vec![]) });
    assert_eq!(uploads(&effects), [hash(1)]);
}

#[test]
fn a_wrong_content_is_said_and_not_fetched_again_until_somebody_wants_it() {
    let mut engine = engine();
    let (request, _) = asked(&engine.handle(0, Event::Referred(vec![elsewhere(1)])));
    engine.handle(0, Event::Answered { request, answer: Ok(vec![found(1)]) });
    engine.handle(0, Event::Wanted(id(1)));
    let wrong = Failure::Refused("another content".into());
    let effects = engine.handle(1, Event::Fetched { hash: hash(1), answer: Err(wrong) });
    assert_eq!(engine.status().fetches[&id(1)], Fetching::Failed("another content".into()));
    assert_eq!(timer(&effects), None);
    assert!(!engine.handle(1_000_000, Event::Timer).iter().any(|effect| matches!(effect, Effect::Ask { .. })));
    asked(&engine.handle(1_000_001, Event::Wanted(id(1))));
}

#[test]
fn what_nobody_has_sent_yet_is_asked_for_later_and_ever_less_often() {
    let mut engine = engine();
    let mut effects = engine.handle(0, Event::Referred(vec![elsewhere(1)]));
    let (mut now, mut pauses) = (0, Vec::new());
    for _ in 0..10 {
        let (request, _) = asked(&effects);
        let effects_now = engine.handle(now, Event::Answered { request, answer: Ok(vec![]) });
        let at = timer(&effects_now).expect("it is asked for again");
        pauses.push(at - now);
        now = at;
        effects = engine.handle(now, Event::Timer);
    }
    assert!(pauses[9] > 20 * pauses[0] && pauses[9] <= 240_000, "{pauses:?}");
}

#[test]
fn while_the_server_is_busy_nothing_else_is_tried_and_a_network_that_is_back_ends_the_pause() {
    let mut engine = engine();
    let (request, _) = asked(&engine.handle(0, Event::Referred((1..=5).map(here).collect())));
    let effects = engine.handle(0, Event::Answered { request, answer: Ok(vec![]) });
    assert_eq!(uploads(&effects).len(), 2, "a few at once");
    let effects = engine.handle(0, Event::Uploaded { hash: hash(1), answer: Err(Failure::Busy(503)) });
    assert_eq!(uploads(&effects), [] as [String; 0]);
    assert!(timer(&effects).is_some());
    let effects = engine.handle(1, Event::Retry);
    assert_eq!(uploads(&effects).len(), 1);
}

/// A server that loses calls and answers, and a device that is stopped at any moment: in the end all is there, and whatever was
/// acknowledged was stored once.
#[test]
fn whatever_fails_all_originals_arrive_and_none_is_stored_twice() {
    for seed in 0..300 {
        let mut chance = Chance::new(seed);
        let mine: Vec<u128> = (1..=8).collect();
        let theirs: Vec<u128> = (101..=106).collect();
        let mut server: BTreeSet<String> = theirs[..4].iter().map(|number| hash(*number)).collect();
        let mut kept: BTreeSet<u128> = mine.iter().copied().collect();
        let (mut stored, mut now) = (BTreeMap::<String, u32>::new(), 0);
        'start: for starts in 0.. {
            assert!(starts < 40, "seed {seed}: it never comes to rest");
            let mut engine = MediaEngine::new(seed ^ starts);
            let mut queue = vec![Event::Lead, Event::KeepAll(true), listed(Role::Editor)];
            let all = mine.iter().chain(&theirs);
            let known = |number: &u128| if kept.contains(number) { here(*number) } else { elsewhere(*number) };
            queue.push(Event::Referred(all.map(known).collect()));
            let mut at = None;
            for step in 0..2_000 {
                if queue.is_empty() {
                    let Some(next) = at else {
                        assert_eq!(kept.len(), 14, "seed {seed}");
                        assert!(mine.iter().all(|number| server.contains(&hash(*number))), "seed {seed}");
                        break 'start;
                    };
                    now = next;
                    at = None;
                    queue.push(Event::Timer);
                    if step > 200 {
                        // Who has the last two sends them at last.
                        server.extend(theirs.iter().map(|number| hash(*number)));
                    }
                }
                let picked = usize::try_from(chance.below(queue.len() as u64)).unwrap();
                let event = queue.swap_remove(picked);
                let fails = chance.below(100) < 30 && starts < 20;
                for effect in engine.handle(now, event) {
                    match effect {
                        Effect::Ask { request, hashes, .. } => {
                            let there = hashes.iter().filter(|hash| server.contains(*hash));
                            let answer = there.map(|one| found(u128::from_str_radix(&one[7..], 16).unwrap())).collect();
                            let answer = if fails { Err(Failure::Network("lost".into())) } else { Ok(answer) };
                            queue.push(Event::Answered { request, answer });
                        }
                        Effect::Upload { hash, .. } => {
                            // The call may be lost before it is heard, or its answer after.
                            let is_heard = !fails || chance.below(2) == 0;
                            if is_heard && server.insert(hash.clone()) {
                                *stored.entry(hash.clone()).or_default() += 1;
                            }
                            let answer = if fails { Err(Failure::Busy(503)) } else { Ok(()) };
                            queue.push(Event::Uploaded { hash, answer });
                        }
                        Effect::Fetch { found, id } => {
                            let answer = if fails { Err(Failure::Network("cut".into())) } else { Ok(id) };
                            if answer.is_ok() {
                                kept.insert(id.uuid().as_u128());
                            }
                            queue.push(Event::Fetched { hash: found.remote.hash, answer });
                        }
                        Effect::Timer(next) => at = next,
                        Effect::Remember { .. } => queue.push(Event::Learned),
                        Effect::Alias { .. } | Effect::Tell => {}
                    }
                }
                if chance.below(200) == 0 && starts < 20 {
                    // The program ends, whatever was under way.
                    continue 'start;
                }
            }
        }
        assert!(stored.values().all(|times| *times == 1), "seed {seed}: {stored:?}");
        assert_eq!(stored.len(), mine.len(), "seed {seed}: only what was here");
    }
}
