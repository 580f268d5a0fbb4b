//! When a commit begins, what goes together, and when it is said to be done.

use std::time::Duration;

use futures::FutureExt;
use tokio::{
    task,
    time::{Instant, sleep},
};

use super::desk::{Desk, moved, node, workflow};
use crate::{
    SaveState,
    backend::{Backend, Batch, fault::Fault},
    model::{Clock, RegisterName, Registers, Stamp},
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

/// The first commits take a second each.
fn slow(commits: usize) -> Vec<(usize, Fault)> {
    (0..commits).map(|number| (number, Fault::Delay(SECOND))).collect()
}

#[tokio::test(start_paused = true)]
async fn a_commit_is_under_way_before_enqueue_returns() {
    let mut desk = Desk::new([]);
    desk.move_node(1, 10);
    assert_eq!(desk.backend.batches().len(), 1);
    assert_eq!(desk.writer.state(), SaveState::Saving(1));
    desk.flush().await;
    desk.check_all_stored().await;
}

#[tokio::test(start_paused = true)]
async fn what_comes_during_a_commit_goes_together_in_the_next() {
    let mut desk = Desk::new(slow(1));
    let first = desk.move_node(1, 10);
    let others = [desk.move_node(2, 20), desk.move_node(1, 11), desk.move_node(3, 30)];
    assert_eq!(desk.backend.batches().len(), 1);
    desk.flush().await;
    let batches = desk.backend.batches();
    assert_eq!(batches.len(), 2);
    assert_eq!(*batches[0], moved(1, 10, first));
    let mut together = moved(2, 20, others[0]);
    together.absorb(moved(1, 11, others[1]));
    together.absorb(moved(3, 30, others[2]));
    assert_eq!(*batches[1], together);
    desk.check_all_stored().await;
}

#[tokio::test(start_paused = true)]
async fn at_most_one_commit_is_under_way_and_none_overtakes() {
    let mut desk = Desk::new(slow(20));
    for edit in 0..60 {
        desk.move_node(u128::from(edit % 7), edit);
        sleep(Duration::from_millis(u64::from(edit % 5) * 150)).await;
    }
    desk.flush().await;
    assert_eq!(desk.backend.most_at_once(), 1);
    desk.check_order();
    let stamps = |batch: &Batch| batch.rows().map(|(_, patch)| patch.newest().unwrap()).collect::<Vec<Stamp>>();
    let batches: Vec<_> = desk.backend.batches().iter().map(|batch| stamps(batch)).collect();
    assert!(batches.len() > 10);
    for pair in batches.windows(2) {
        assert!(pair[0].iter().max() < pair[1].iter().min());
    }
    desk.check_all_stored().await;
}

#[tokio::test(start_paused = true)]
async fn a_thousand_moves_during_a_commit_become_one_row_write_with_the_last_moves_stamp() {
    let mut desk = Desk::new(slow(1));
    let made = desk.move_node(1, 0);
    let mut last = made;
    for x in 1..=1000_u32 {
        last = desk.stamp();
        let mut batch = Batch::new();
        batch.merge(node(1), &Registers::new().with(RegisterName::Position, last, x));
        desk.enqueue(&batch);
    }
    assert_eq!(desk.writer.state(), SaveState::Saving(2));
    desk.flush().await;
    let batches = desk.backend.batches();
    assert_eq!(batches.len(), 2);
    assert_eq!(batches[1].len(), 1);
    let row = desk.row(1).await.unwrap();
    assert_eq!(row.version, 2);
    let position = row.registers.get(&RegisterName::Position).unwrap();
    assert_eq!((position.stamp, position.value.as_ref().unwrap().text()), (last, "1000"));
    assert_eq!(row.registers.get(&RegisterName::Type).unwrap().stamp, made);
    desk.check_all_stored().await;
}

#[tokio::test(start_paused = true)]
async fn the_last_value_of_a_setting_stands() {
    let mut desk = Desk::new(slow(3));
    for value in 0..10 {
        desk.set("first", value);
        sleep(SECOND / 4).await;
    }
    let mut removal = Batch::new();
    removal.set("second", Some(1_u32.into()));
    removal.set("second", None);
    desk.enqueue(&removal);
    desk.flush().await;
    desk.check_all_stored().await;
}

#[tokio::test(start_paused = true)]
async fn flush_resolves_when_everything_before_it_is_committed_and_not_later() {
    let mut desk = Desk::new([(0, Fault::Delay(SECOND)), (1, Fault::Delay(SECOND)), (2, Fault::Delay(HOUR))]);
    let start = Instant::now();
    desk.move_node(1, 10);
    let first = desk.writer.flush();
    desk.move_node(1, 11);
    let second = desk.writer.flush();
    first.await;
    assert_eq!(start.elapsed().as_secs(), 1);
    assert_eq!(desk.x(1).await, Some(10));
    desk.move_node(1, 12);
    let third = desk.writer.flush();
    second.await;
    assert_eq!(start.elapsed().as_secs(), 2);
    assert_eq!(desk.x(1).await, Some(11));
    assert_eq!(desk.writer.state(), SaveState::Saving(1));
    third.await;
    assert_eq!(start.elapsed().as_secs(), 3602);
    desk.check_all_stored().await;
}

#[tokio::test(start_paused = true)]
async fn flush_means_what_came_before_the_call_not_before_the_first_poll() {
    let mut desk = Desk::new([(1, Fault::Delay(HOUR))]);
    desk.move_node(1, 10);
    let flush = desk.writer.flush();
    task::yield_now().await;
    desk.move_node(1, 11);
    assert_eq!(flush.now_or_never(), Some(()));
}

#[tokio::test(start_paused = true)]
async fn flush_of_an_idle_writer_resolves_at_once() {
    let mut desk = Desk::new([]);
    assert_eq!(desk.writer.flush().now_or_never(), Some(()));
    desk.move_node(1, 10);
    assert_eq!(desk.writer.flush().now_or_never(), None);
    desk.flush().await;
    assert_eq!(desk.writer.flush().now_or_never(), Some(()));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_not_committed() {
    let mut desk = Desk::new([]);
    desk.enqueue(&Batch::new());
    assert_eq!(desk.writer.state(), SaveState::Saved);
    assert_eq!(desk.writer.flush().now_or_never(), Some(()));
    assert!(desk.backend.batches().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_committed_is_what_is_under_way_and_what_gathers() {
    let mut desk = Desk::new(slow(2));
    assert_eq!(desk.writer.uncommitted(), None);
    let (first, second) = (desk.stamp(), desk.stamp());
    let mut under_way = moved(1, 10, first);
    under_way.set("first", Some(1_u32.into()));
    desk.enqueue(&under_way);
    let mut gathering = moved(1, 11, second);
    gathering.set("first", Some(2_u32.into()));
    desk.enqueue(&gathering);
    let mut both = moved(1, 10, first);
    both.absorb(gathering.clone());
    assert_eq!(desk.writer.uncommitted(), Some(both));
    assert_eq!(desk.writer.state(), SaveState::Saving(4));
    sleep(SECOND * 3 / 2).await;
    assert_eq!(desk.writer.uncommitted(), Some(gathering));
    assert_eq!(desk.writer.state(), SaveState::Saving(2));
    desk.flush().await;
    assert_eq!(desk.writer.uncommitted(), None);
}

#[tokio::test(start_paused = true)]
async fn the_listener_has_heard_of_a_commit_before_flush_resolves() {
    let mut desk = Desk::new(slow(2));
    desk.move_node(1, 10);
    desk.move_node(2, 20);
    let first = desk.writer.flush();
    assert!(desk.heard().is_empty());
    first.await;
    let heard = desk.heard();
    assert_eq!(heard.len(), 2);
    let (_, result) = &heard[1];
    let committed = result.as_ref().unwrap();
    assert_eq!(committed.rows.iter().map(|(key, _)| *key).collect::<Vec<_>>().last(), Some(&node(2)));
    assert_eq!(committed.rows.last().map(|(_, row)| row.clone()), desk.row(2).await);
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_nobody_holds_any_more_finishes() {
    let Desk { memory, writer, .. } = {
        let mut desk = Desk::new(slow(2));
        desk.move_node(1, 10);
        desk.move_node(2, 20);
        desk
    };
    drop(writer);
    sleep(SECOND * 3).await;
    let loaded = memory.load(workflow()).await.unwrap();
    assert_eq!(loaded.nodes.rows.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn edits_from_many_threads_all_arrive() {
    let desk = Desk::new((0..40).step_by(3).map(|number| (number, Fault::Delay(Duration::from_millis(2)))));
    let edits = (0..8).map(|thread| {
        let writer = desk.writer.clone();
        task::spawn(async move {
            let mut clock = Clock::new(thread);
            for x in 0..200 {
                writer.enqueue(moved(u128::from(thread), x, clock.tick(0)));
                task::yield_now().await;
            }
            writer.flush().await;
        })
    });
    futures::future::try_join_all(edits).await.unwrap();
    assert_eq!(desk.writer.state(), SaveState::Saved);
    for thread in 0..8 {
        assert_eq!(desk.x(thread).await, Some(199));
    }
    assert_eq!(desk.backend.most_at_once(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_held_writer_gathers_is_unsaved_and_goes_in_one_commit_when_it_is_let_go() {
    let mut desk = Desk::new([]);
    let hold = desk.writer.hold();
    let mut stamp = None;
    for step in 0..100 {
        stamp = Some(desk.move_node(1, step));
        task::yield_now().await;
    }
    assert_eq!((desk.backend.batches().len(), desk.writer.state()), (0, SaveState::Saving(1)));
    assert!(desk.writer.uncommitted().is_some(), "so it is parked");
    drop(hold);
    assert_eq!(
        desk.backend.batches().iter().map(|batch| Batch::clone(batch)).collect::<Vec<_>>(),
        [moved(1, 99, stamp.unwrap())]
    );
    desk.flush().await;
    desk.check_all_stored().await;
}

#[tokio::test(start_paused = true)]
async fn a_flush_does_not_wait_for_whoever_holds_the_writer() {
    let mut desk = Desk::new(slow(2));
    desk.move_node(1, 1);
    let hold = desk.writer.hold();
    desk.move_node(1, 2);
    desk.flush().await;
    assert_eq!(desk.backend.batches().len(), 2, "also what gathered behind a commit");
    desk.check_all_stored().await;
    desk.move_node(1, 3);
    assert_eq!(desk.backend.batches().len(), 2, "what comes later gathers again");
    drop(hold);
    assert_eq!(desk.backend.batches().len(), 3);
}
