//! Law 3: stamps that only ever grow, whatever the wall clock and the others do.

use proptest::{collection::vec, prelude::*, sample::select};

use super::any::{self, parts, stamp_of};
use crate::model::{Clock, Stamp};

/// The last millisecond that a wall clock is believed.
const LAST_WALL: u64 = 253_402_300_799_999;
/// The last millisecond that a clock takes note of in others' stamps.
const LAST_SEEN: u64 = (1 << 48) - (1 << 44);

#[derive(Clone, Debug)]
enum Event {
    Tick(u64),
    Observe(Stamp),
}

/// The wall clock stalls, jumps back, leaps ahead.
fn wall() -> impl Strategy<Value = u64> {
    let leaps = vec![0, 1, 1_800_000_000_000, 1_800_000_000_001, LAST_WALL, (1 << 48) - 1, 1 << 48, u64::MAX];
    prop_oneof![select(leaps), any::<u64>(), 1_800_000_000_000..1_800_000_000_100_u64]
}

/// A stamp that a clock takes note of, up to the largest.
fn seen() -> impl Strategy<Value = Stamp> {
    let millis = prop_oneof![select(vec![0, 1_800_000_000_000, LAST_SEEN]), 0..=LAST_SEEN];
    let counter = prop_oneof![select(vec![0, 1, 4094, 4095]), 0..4096_u64];
    let replica = prop_oneof![select(vec![0, (1 << 62) - 1]), 0..1_u64 << 62];
    (millis, counter, replica).prop_map(|(millis, counter, replica)| stamp_of(millis, counter, replica))
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    vec(prop_oneof![3 => wall().prop_map(Event::Tick), 1 => seen().prop_map(Event::Observe)], 1..60)
}

proptest! {
    #[test]
    fn every_stamp_is_larger_than_all_that_were_made_or_seen(
        replica in any::<u64>(), events in events(),
    ) {
        let mut clock = Clock::new(replica);
        let mut newest = None;
        for event in events {
            match event {
                Event::Observe(stamp) => {
                    clock.observe(stamp);
                    newest = newest.max(Some(stamp));
                }
                Event::Tick(wall) => {
                    let stamp = clock.tick(wall);
                    prop_assert!(Some(stamp) > newest, "{stamp:?} after {newest:?}");
                    prop_assert_eq!(stamp.to_string().parse::<Stamp>(), Ok(stamp), "what is made can be read");
                    newest = Some(stamp);
                }
            }
        }
    }

    #[test]
    fn a_time_that_was_seen_is_over(replica in any::<u64>(), seen in seen(), wall in wall()) {
        let mut clock = Clock::new(replica);
        clock.observe_millis(seen.millis());
        prop_assert!(clock.tick(wall).millis() > seen.millis());
    }

    #[test]
    fn two_clocks_never_make_the_same_stamp(
        left in any::<u64>(), other in 1..1_u64 << 62, walls in vec((any::<bool>(), wall()), 1..60),
    ) {
        let mut clocks = [Clock::new(left), Clock::new(left ^ other)];
        let mut made: Vec<_> = walls.into_iter().map(|(which, wall)| clocks[usize::from(which)].tick(wall)).collect();
        let count = made.len();
        made.sort_unstable();
        made.dedup();
        prop_assert_eq!(made.len(), count);
    }

    #[test]
    fn stamps_sort_by_time_then_counter_and_so_do_their_texts(a in any::stamp(), b in any::stamp()) {
        let order = parts(a).cmp(&parts(b));
        prop_assert_eq!(order.then(a.cmp(&b)), a.cmp(&b));
        prop_assert_eq!(a.to_string().cmp(&b.to_string()), a.cmp(&b));
    }

    #[test]
    fn a_clock_follows_the_wall_when_it_can(wall in 1..LAST_WALL) {
        let mut clock = Clock::new(0);
        prop_assert_eq!(parts(clock.tick(wall)), (wall, 0));
        prop_assert_eq!(parts(clock.tick(wall)), (wall, 1));
        prop_assert_eq!(parts(clock.tick(wall - 1)), (wall, 2));
        prop_assert_eq!(parts(clock.tick(wall + 1)), (wall + 1, 0));
    }
}

#[test]
fn more_stamps_in_a_millisecond_than_the_counter_holds_go_into_the_next() {
    let mut clock = Clock::new(3);
    let made: Vec<_> = (0..3 * 4096).map(|_| clock.tick(1)).collect();
    assert!(made.is_sorted_by(|a, b| a < b));
    assert_eq!(made.last().map(|stamp| parts(*stamp)), Some((3, 4095)));
}

#[test]
fn neither_a_wall_clock_nor_a_stamp_beyond_all_times_brings_a_clock_to_a_halt() {
    for kept in [(LAST_WALL, 0), (LAST_SEEN, 4095), ((1 << 48) - 1, 4095)] {
        let mut clock = Clock::new(3);
        clock.observe(stamp_of(kept.0, kept.1, (1 << 62) - 1));
        let made: Vec<_> = (0..3 * 4096).map(|_| clock.tick(u64::MAX)).collect();
        assert!(made.is_sorted_by(|a, b| a < b));
        for stamp in made {
            assert_eq!(stamp.to_string().parse(), Ok(stamp), "what is made can be read");
        }
    }
}

#[test]
fn only_a_uuid_of_version_7_is_a_stamp() {
    for text in ["", "x", "0192f8a0-0000-4000-8000-000000000000", "0192f8a0-0000-7000-0000-000000000000"] {
        assert!(text.parse::<Stamp>().is_err(), "{text}");
    }
    let stamp: Stamp = "0192f8a0-0000-7123-8000-00000000002a".parse().unwrap();
    assert_eq!(parts(stamp), (0x0192_f8a0_0000, 0x123));
    assert_eq!(stamp, stamp_of(0x0192_f8a0_0000, 0x123, 42));
}
