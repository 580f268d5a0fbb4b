//! Several tabs, one database, anything that can happen, and a plain map beside it that knows what must come of it.
//!
//! A [`Plan`] is a list of steps and of faults, made from numbers: proptest finds and shortens them natively (`tests/native`),
//! and the same lists, made from seeds, run over every database as cases of the contract.

mod plan;
mod tab;
mod truth;
mod world;

use std::rc::Rc;

pub use self::plan::Plan;
use self::{plan::TABS, world::World};
use crate::harness::Harness;

/// How many lists a database gets as a case.
const LISTS: u64 = 12;
/// The list that is run with a fault at each of its operations.
const REPEATED: u64 = 1;

/// How many commits and reads each tab made.
pub type Made = [(usize, usize); TABS];

/// Does what the plan says and panics unless all of it was kept.
///
/// `number` tells the worlds of one database apart: none has a workflow of another's.
pub async fn run(harness: &dyn Harness, number: u64, plan: &Plan) -> Made {
    let mut world = World::new(harness, number, plan).await;
    for step in &plan.steps {
        world.take(*step).await;
    }
    world.end().await
}

/// Tabs that edit, wait, reload and are killed over a database that fails now and then end with what was acknowledged.
pub(crate) async fn tabs_that_edit_and_fail_and_die_end_with_what_was_acknowledged(harness: Rc<dyn Harness>) {
    for seed in 0..LISTS {
        run(&*harness, seed, &Plan::of_seed(seed)).await;
    }
}

/// The same steps, again and again, with one fault each: at the first commit, the second, the first read and so on.
pub(crate) async fn a_fault_at_any_operation_loses_nothing(harness: Rc<dyn Harness>) {
    let plan = Plan { mishaps: Vec::new(), ..Plan::of_seed(REPEATED) };
    let made = run(&*harness, 0, &plan).await;
    assert!(made.iter().all(|(commits, reads)| *commits > 3 && *reads > 3), "{made:?} commits and reads are no test");
    for (number, plan) in (1..).zip(plan.with_each_fault(made)) {
        run(&*harness, number, &plan).await;
    }
}
