//! Whatever happens in whatever order: what is stored is the plain merge of what was put in.

use std::{collections::BTreeMap, time::Duration};

use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
    sample::select,
};
use tokio::{task, time::sleep};
use uuid::Uuid;

use super::desk::{Desk, SETTINGS, node, workflow};
use crate::{
    Error,
    backend::{Batch, fault::Fault},
    model::{EdgeId, EntityKey, Register, RegisterName, Registers, Stamp},
};

/// What somebody does.
#[derive(Clone, Debug)]
enum Step {
    Enqueue(Batch),
    Flush,
    Rest(Duration),
    Retry,
}

fn key() -> impl Strategy<Value = EntityKey> {
    let edge = EntityKey::edge(workflow(), EdgeId::from_uuid(Uuid::from_u128(1)));
    select(vec![EntityKey::workflow(workflow()), node(1), node(2), edge])
}

/// So few that older ones often come later, and equal ones meet.
fn stamp() -> impl Strategy<Value = Stamp> {
    (1..6_u64, 0..3_u64).prop_map(|(millis, replica)| {
        let (high, low) = ((millis << 16) | 0x7000, (0b10 << 62) | replica);
        Stamp::try_from(Uuid::from_u64_pair(high, low)).unwrap()
    })
}

fn patch() -> impl Strategy<Value = Registers> {
    let names = ["type", "name", "ends", "deleted", "position", "config.seed"];
    let name = select(names.to_vec()).prop_map(RegisterName::parse);
    let register = (stamp(), option::weighted(0.8, any::<bool>()))
        .prop_map(|(stamp, value)| Register { stamp, value: value.map(Into::into) });
    vec((name, register), 1..4).prop_map(Registers::from_iter)
}

fn batch() -> impl Strategy<Value = Batch> {
    let settings = btree_map(select(SETTINGS.to_vec()), option::of(any::<u32>()), 0..3);
    (vec((key(), patch()), 0..4), settings).prop_map(|(patches, settings)| {
        let mut batch = Batch::new();
        for (key, patch) in patches {
            batch.merge(key, &patch);
        }
        for (key, value) in settings {
            batch.set(key, value.map(Into::into));
        }
        batch
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => batch().prop_map(Step::Enqueue),
        1 => Just(Step::Flush),
        2 => (0..3_000_u64).prop_map(|millis| Step::Rest(Duration::from_millis(millis))),
        1 => Just(Step::Retry),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    let error = select(vec![
        Error::Full("no room".into()),
        Error::Disconnected("gone".into()),
        Error::Deleted,
        Error::Newer { found: 2, known: 1 },
    ]);
    let time = (1..2_000_u64).prop_map(Duration::from_millis);
    prop_oneof![
        error.clone().prop_map(Fault::Before),
        error.clone().prop_map(Fault::After),
        time.clone().prop_map(Fault::Delay),
        (time, error).prop_map(|(time, error)| Fault::Late(time, error)),
    ]
}

async fn run(steps: Vec<Step>, faults: BTreeMap<usize, Fault>) {
    let mut desk = Desk::new(faults);
    let writer = desk.writer.clone();
    let user = task::spawn(async move {
        loop {
            sleep(Duration::from_mins(1)).await;
            writer.retry();
        }
    });
    for step in steps {
        match step {
            Step::Enqueue(batch) => desk.enqueue(&batch),
            Step::Flush => {
                desk.flush().await;
                desk.check_all_stored().await;
            }
            Step::Rest(time) => sleep(time).await,
            Step::Retry => desk.writer.retry(),
        }
    }
    desk.flush().await;
    desk.check_all_stored().await;
    desk.check_order();
    user.abort();
}

proptest! {
    #[test]
    fn what_is_stored_is_the_plain_merge_of_all_that_was_put_in(
        steps in vec(step(), 1..40),
        faults in btree_map(0..30_usize, fault(), 0..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(run(steps, faults));
    }
}
