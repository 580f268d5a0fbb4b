//! Replicas and a server in a world where everything goes wrong, the same for the same seed.
//!
//! A normal run tries [`SEEDS`] of them, one with `ATELIER_FULL` [`MANY_SEEDS`], `ATELIER_SEEDS=5000` as many; `ATELIER_SEED=7` only
//! that one, and says what happens. Seeds that once failed are in [`ONCE_FAILED`] and always run.

mod check;
mod replica;
mod world;

use world::{Seen, World};

/// How many seeds a normal run tries.
const SEEDS: u64 = 300;

/// How many a long run tries.
const MANY_SEEDS: u64 = 10_000;

/// Seeds that once showed a fault.
const ONCE_FAILED: &[u64] = &[204, 1074, 1345, 2674];

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{variable}: {text:?} is no number")))
}

#[test]
fn all_replicas_come_to_one_state_and_nothing_acknowledged_is_lost() {
    if let Some(seed) = number("ATELIER_SEED") {
        World::new(seed, true).run();
        return;
    }
    let usual = if std::env::var_os("ATELIER_FULL").is_some() { MANY_SEEDS } else { SEEDS };
    let seeds = number("ATELIER_SEEDS").unwrap_or(usual);
    let all: Vec<u64> = ONCE_FAILED.iter().copied().chain(0..seeds).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let run = |seeds: Vec<u64>| std::thread::spawn(move || seeds.into_iter().map(outcome).collect::<Vec<_>>());
    let shares = (0..threads).map(|share| all.iter().copied().skip(share).step_by(threads).collect());
    let running: Vec<_> = shares.map(run).collect();
    let (mut failed, mut seen) = (Vec::new(), Seen::default());
    for outcome in running.into_iter().flat_map(|share| share.join().unwrap()) {
        match outcome {
            Ok(more) => seen += more,
            Err(failure) => failed.push(failure),
        }
    }
    assert!(failed.is_empty(), "{} seeds failed:\n{}", failed.len(), failed.join("\n"));
    // A world in which nothing of the kind happens would show nothing.
    assert!(seeds < SEEDS || seen.has_all(), "{seen:?}");
}

/// What happened in a world, or what went wrong.
fn outcome(seed: u64) -> Result<Seen, String> {
    std::panic::catch_unwind(|| World::new(seed, false).run()).map_err(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        format!("seed {seed}: {}", said.unwrap_or("?").lines().next().unwrap_or_default())
    })
}
