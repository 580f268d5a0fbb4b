//! Law 10: a database of an older schema is brought to a newer one step by step, each whole or not at all.

use std::{rc::Rc, sync::Arc};

use futures::future::join;
use storage::{
    Error,
    backend::{Loaded, SCHEMA},
};

use crate::{
    Hands,
    author::{Author, Sample, one, set},
    harness::Migration,
};

/// A database of the first schema, with something in it that the steps change.
async fn of_the_first_schema(hands: &Rc<dyn Hands>) -> (Sample, Loaded) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let sample = author.sample(700);
    let mut batch = sample.batch();
    batch.set("theme", Some("dark".into()));
    db.commit(Arc::new(batch)).await.unwrap();
    let loaded = db.load(sample.workflow).await.unwrap();
    db.close().await;
    (sample, loaded)
}

async fn open(hands: &Rc<dyn Hands>, migration: Migration) -> Box<dyn storage::backend::Backend> {
    hands.within(hands.open_with(migration)).await.unwrap()
}

pub async fn steps_are_done_in_their_order_and_once(hands: Rc<dyn Hands>) {
    let (sample, loaded) = of_the_first_schema(&hands).await;
    let db = open(&hands, Migration::ToThird).await;
    assert_eq!((db.kv("theme").await, db.kv("look").await), (Ok(None), Ok(Some("third".into()))));
    assert_eq!(db.kv(SCHEMA).await, Ok(Some(3_u32.into())));
    assert_eq!(db.load(sample.workflow).await.unwrap(), loaded, "what no step names stays as it was");
    assert_eq!(db.newer(), None);
    db.commit(one(sample.node(0), set("title", Author::new(2).stamp_after(9), "Third"))).await.unwrap();
    db.close().await;
    let before = hands.contents().await;
    for _ in 0..2 {
        open(&hands, Migration::ToThird).await.close().await;
        assert_eq!(hands.contents().await, before);
    }
}

pub async fn a_schema_between_needs_only_the_rest(hands: Rc<dyn Hands>) {
    of_the_first_schema(&hands).await;
    let db = open(&hands, Migration::ToSecond).await;
    assert_eq!((db.kv("look").await, db.kv(SCHEMA).await), (Ok(Some("dark".into())), Ok(Some(2_u32.into()))));
    db.close().await;
    let db = open(&hands, Migration::ToThird).await;
    assert_eq!((db.kv("look").await, db.kv(SCHEMA).await), (Ok(Some("third".into())), Ok(Some(3_u32.into()))));
}

pub async fn a_new_database_is_of_the_latest_schema_and_needs_no_copy(hands: Rc<dyn Hands>) {
    let db = open(&hands, Migration::ToThird).await;
    assert_eq!(db.kv(SCHEMA).await, Ok(Some(3_u32.into())));
    let sample = Author::new(1).sample(3);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    assert_eq!(db.load(sample.workflow).await.unwrap().nodes.rows.len(), 3);
    for version in 1..4 {
        assert_eq!(hands.backup(version).await, None);
    }
}

pub async fn a_copy_is_made_before_each_step(hands: Rc<dyn Hands>) {
    of_the_first_schema(&hands).await;
    open(&hands, Migration::ToThird).await.close().await;
    let copied = |key: &str| Some(vec![key.to_owned(), SCHEMA.to_owned()]);
    assert_eq!(hands.backup(1).await, copied("theme").map(sorted));
    assert_eq!(hands.backup(2).await, copied("look").map(sorted));
    assert_eq!(hands.backup(3).await, None);
}

fn sorted(mut keys: Vec<String>) -> Vec<String> {
    keys.sort_unstable();
    keys
}

pub async fn a_step_that_fails_leaves_everything_as_it_was_and_is_done_again(hands: Rc<dyn Hands>) {
    let (sample, loaded) = of_the_first_schema(&hands).await;
    open(&hands, Migration::ToSecond).await.close().await;
    let before = hands.contents().await;
    for _ in 0..3 {
        let failed = hands.within(hands.open_with(Migration::ToThirdFailing)).await.map(drop);
        assert_eq!(failed, Err(Error::Full("a test".into())), "why it failed is said");
        assert_eq!(hands.contents().await, before);
    }
    let db = open(&hands, Migration::ToThird).await;
    assert_eq!(db.kv("look").await, Ok(Some("third".into())));
    assert_eq!(db.load(sample.workflow).await.unwrap(), loaded);
}

pub async fn steps_before_one_that_fails_are_done(hands: Rc<dyn Hands>) {
    let (sample, loaded) = of_the_first_schema(&hands).await;
    let failed = hands.within(hands.open_with(Migration::ToThirdFailing)).await.map(drop);
    assert_eq!(failed, Err(Error::Full("a test".into())));
    // The build of the second schema opens it, and that of the first only looks.
    let db = open(&hands, Migration::ToSecond).await;
    assert_eq!((db.kv("look").await, db.newer()), (Ok(Some("dark".into())), None));
    db.close().await;
    let db = hands.db().await;
    assert_eq!((db.newer(), db.load(sample.workflow).await.unwrap()), (Some(2), loaded));
}

pub async fn an_older_build_only_reads_what_was_migrated(hands: Rc<dyn Hands>) {
    let (sample, loaded) = of_the_first_schema(&hands).await;
    open(&hands, Migration::ToThird).await.close().await;
    let before = hands.contents().await;
    let db = hands.db().await;
    assert_eq!(db.newer(), Some(3));
    assert_eq!(db.load(sample.workflow).await.unwrap(), loaded);
    let commit = db.commit(one(sample.node(0), set("title", Author::new(2).stamp_after(9), "First"))).await;
    assert!(matches!(commit, Err(Error::Newer { found: 3, .. })), "{commit:?}");
    assert_eq!(hands.contents().await, before);
}

pub async fn two_that_open_at_once_do_each_step_once(hands: Rc<dyn Hands>) {
    let (sample, loaded) = of_the_first_schema(&hands).await;
    let both = join(hands.open_with(Migration::ToThird), hands.open_with(Migration::ToThird));
    let (left, right) = hands.within(both).await;
    for db in [left.unwrap(), right.unwrap()] {
        assert_eq!((db.kv("look").await, db.newer()), (Ok(Some("third".into())), None));
        assert_eq!(db.load(sample.workflow).await.unwrap(), loaded);
    }
}
