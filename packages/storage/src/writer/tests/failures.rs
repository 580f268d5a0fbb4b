//! What becomes of a commit that fails, and of what comes after it.

use std::time::Duration;

use futures::FutureExt;
use tokio::{
    task,
    time::{Instant, sleep},
};

use super::desk::{Desk, moved, node};
use crate::{
    Error, SaveState,
    backend::{Backend, Batch, fault::Fault},
    model::{RegisterName, Registers},
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

fn full() -> Error {
    Error::Full("no room".into())
}

fn lost() -> Error {
    Error::Disconnected("gone".into())
}

fn newer() -> Error {
    Error::Newer { found: 2, known: 1 }
}

/// Everything that can go wrong with a commit.
fn faults() -> Vec<Fault> {
    let locked = || Error::Locked("another".into());
    vec![
        Fault::Before(full()),
        Fault::Before(locked()),
        Fault::Before(newer()),
        Fault::Before(Error::Deleted),
        Fault::After(lost()),
        Fault::After(full()),
        Fault::After(Error::Deleted),
        Fault::Late(SECOND, locked()),
        Fault::Delay(HOUR),
    ]
}

/// Somebody who tries again from time to time.
fn patient_user(desk: &Desk) {
    let writer = desk.writer.clone();
    task::spawn(async move {
        loop {
            sleep(HOUR).await;
            writer.retry();
        }
    });
}

/// Edits that gather, edits that go alone, settings, deletions, flushes and rests. Everything is recorded.
async fn script(desk: &mut Desk) {
    for round in 0..4 {
        for edit in 0..3 {
            let stamp = desk.stamp();
            let mut batch = moved(edit, round, stamp);
            batch.set("first", Some((round * 3 + u32::try_from(edit).unwrap()).into())).record();
            desk.enqueue(&batch);
        }
        desk.flush().await;
        desk.check_all_stored().await;
        let stamp = desk.stamp();
        let mut deletion = Batch::new();
        deletion.merge(node(u128::from(round)), &Registers::new().with(RegisterName::Deleted, stamp, round % 2 == 0));
        deletion.set("second", (round % 2 == 0).then(|| round.into())).record();
        desk.enqueue(&deletion);
        sleep(SECOND / 8).await;
    }
    desk.flush().await;
    desk.check_all_stored().await;
    desk.check_order();
}

#[tokio::test(start_paused = true)]
async fn whichever_commit_fails_nothing_is_lost_reordered_or_recorded_twice() {
    for fault in faults() {
        for number in 0.. {
            let mut desk = Desk::new([(number, fault.clone())]);
            patient_user(&desk);
            script(&mut desk).await;
            let mut batches = desk.backend.batches();
            let hit = number < batches.len();
            batches.dedup_by(|a, b| std::sync::Arc::ptr_eq(a, b));
            assert_eq!(desk.memory.oplog().await.unwrap().len(), batches.len());
            if !hit {
                assert!(number > 8, "the script is too short to show anything");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn repetitions_that_fail_as_well_lose_nothing() {
    let faults = faults();
    for (at, fault) in faults.iter().enumerate() {
        for number in 0..10 {
            let next = |by: usize| (number + by, faults[(at + by) % faults.len()].clone());
            let mut desk = Desk::new([(number, fault.clone()), next(1), next(2)]);
            patient_user(&desk);
            script(&mut desk).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn repeating_a_commit_that_was_stored_raises_versions_and_changes_nothing_else() {
    let mut desk = Desk::new([(0, Fault::After(lost())), (1, Fault::After(lost()))]);
    desk.move_node(1, 10);
    desk.flush().await;
    assert_eq!(desk.row(1).await.unwrap().version, 3);
    desk.check_all_stored().await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_said_aloud_until_it_has_passed() {
    let mut desk = Desk::new([(0, Fault::Before(full())), (1, Fault::Before(lost())), (3, Fault::Delay(SECOND))]);
    desk.move_node(1, 10);
    desk.move_node(2, 20);
    assert_eq!(desk.writer.state(), SaveState::Saving(2));
    assert_eq!(desk.next_state().await, SaveState::Failed { error: full(), retrying: true, unsaved: 2 });
    desk.move_node(3, 30);
    assert_eq!(desk.writer.state(), SaveState::Failed { error: full(), retrying: true, unsaved: 3 });
    assert_eq!(desk.next_state().await, SaveState::Failed { error: lost(), retrying: true, unsaved: 3 });
    assert_eq!(desk.next_state().await, SaveState::Saving(2));
    assert_eq!(desk.next_state().await, SaveState::Saved);
    desk.check_all_stored().await;
}

#[tokio::test(start_paused = true)]
async fn edits_during_a_failure_are_kept_and_committed_after_it() {
    let mut desk = Desk::new((0..5).map(|number| (number, Fault::Before(full()))));
    let first = desk.move_node(1, 10);
    task::yield_now().await;
    let second = desk.move_node(1, 11);
    let mut kept = moved(1, 10, first);
    kept.absorb(moved(1, 11, second));
    assert_eq!(desk.writer.uncommitted(), Some(kept));
    let flush = desk.writer.flush();
    desk.move_node(2, 20);
    flush.await;
    desk.check_all_stored().await;
    let batches = desk.backend.batches();
    assert_eq!(batches.len(), 7);
    assert!(batches[..6].iter().all(|batch| **batch == moved(1, 10, first)));
    desk.check_order();
}

#[tokio::test(start_paused = true)]
async fn pauses_double_up_to_half_a_minute_and_begin_anew_with_the_next_commit() {
    let mut desk = Desk::new((0..10).chain([11]).map(|number| (number, Fault::Before(full()))));
    desk.move_node(1, 10);
    desk.flush().await;
    desk.move_node(1, 11);
    desk.flush().await;
    let heard: Vec<_> = desk.heard().into_iter().map(|(when, _)| when).collect();
    let pauses: Vec<_> = heard.windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect();
    let expected = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 0, 250];
    assert_eq!(pauses.len(), expected.len());
    for (pause, expected) in pauses.iter().zip(expected) {
        // Timers count whole milliseconds.
        assert!(pause.abs_diff(expected) <= 1, "{pauses:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn retry_ends_the_pause() {
    let mut desk = Desk::new((0..8).map(|number| (number, Fault::Before(full()))));
    desk.move_node(1, 10);
    // In the middle of the eighth pause, of half a minute.
    sleep(SECOND * 40).await;
    assert_eq!(desk.backend.batches().len(), 8);
    let start = Instant::now();
    desk.writer.retry();
    desk.flush().await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    desk.check_all_stored().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_pass_waits_for_somebody_to_retry() {
    for error in [newer(), Error::Deleted] {
        let mut desk = Desk::new([(0, Fault::Before(error.clone())), (1, Fault::Before(error.clone()))]);
        desk.move_node(1, 10);
        let failed = |unsaved| SaveState::Failed { error: error.clone(), retrying: false, unsaved };
        assert_eq!(desk.next_state().await, failed(1));
        desk.move_node(2, 20);
        sleep(DAY).await;
        assert_eq!(desk.writer.state(), failed(2));
        assert_eq!(desk.backend.batches().len(), 1);
        desk.writer.retry();
        sleep(DAY).await;
        assert_eq!(desk.writer.state(), failed(2));
        assert_eq!(desk.backend.batches().len(), 2);
        assert_eq!(desk.writer.flush().now_or_never(), None);
        desk.writer.retry();
        desk.flush().await;
        desk.check_all_stored().await;
        assert_eq!(desk.backend.batches().len(), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_during_an_attempt_counts_when_that_fails() {
    let mut desk = Desk::new([(0, Fault::Late(SECOND, Error::Deleted))]);
    desk.move_node(1, 10);
    sleep(SECOND / 2).await;
    desk.writer.retry();
    desk.flush().await;
    desk.check_all_stored().await;
}

#[tokio::test(start_paused = true)]
async fn a_retry_with_nothing_to_repeat_is_not_remembered() {
    let mut desk = Desk::new([(1, Fault::Before(newer()))]);
    desk.writer.retry();
    desk.move_node(1, 10);
    desk.writer.retry();
    desk.flush().await;
    desk.writer.retry();
    desk.move_node(1, 11);
    sleep(DAY).await;
    assert_eq!(desk.backend.batches().len(), 2);
    assert_eq!(desk.writer.state(), SaveState::Failed { error: newer(), retrying: false, unsaved: 1 });
    desk.writer.retry();
    desk.flush().await;
    desk.check_all_stored().await;
}

#[tokio::test(start_paused = true)]
async fn every_failure_is_heard_before_what_follows_it() {
    let mut desk = Desk::new([(0, Fault::Before(full())), (1, Fault::After(lost()))]);
    desk.move_node(1, 10);
    desk.flush().await;
    let heard: Vec<_> =
        desk.heard().into_iter().map(|(_, result)| result.map(|committed| committed.rows.len())).collect();
    assert_eq!(heard, [Err(full()), Err(lost()), Ok(2)]);
}
