//! Lists of steps that proptest makes, and shortens when one fails. Those that have failed are kept beside this file.

use conformance::model::{self, Plan};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, FileFailurePersistence},
};

use crate::{block_on, in_memory::InMemory};

/// With `--full` more of them.
fn cases() -> u32 {
    if std::env::var_os("ATELIER_FULL").is_some_and(|full| full == "1") { 20_000 } else { 400 }
}

proptest! {
    #![proptest_config(Config {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/native/model.seeds"))),
        ..Config::with_cases(cases())
    })]

    #[test]
    fn whatever_tabs_do_they_end_with_what_was_acknowledged(
        steps in vec(any::<u64>(), 1..80),
        mishaps in vec(any::<u64>(), 0..30),
    ) {
        block_on(model::run(&InMemory::default(), 0, &Plan::of(steps, mishaps)));
    }
}
