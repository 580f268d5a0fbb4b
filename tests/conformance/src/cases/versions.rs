//! Law 10: a newer build's data is neither written to nor deleted.

use std::{rc::Rc, sync::Arc};

use storage::{Error, SCHEMA_VERSION};

use crate::{
    Hands,
    author::{Author, one, set},
};

pub async fn a_newer_schema_is_refused_and_untouched(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    db.commit(Arc::new(author.sample(3).batch())).await.unwrap();
    db.close().await;
    drop(db);
    hands.make_newer().await;
    let before = hands.contents().await;
    for _ in 0..2 {
        let error = hands.within(hands.open()).await.map(drop);
        assert!(
            matches!(error, Err(Error::Newer { known: SCHEMA_VERSION, found }) if found != SCHEMA_VERSION),
            "{error:?}"
        );
    }
    assert_eq!(hands.contents().await, before);
}

pub async fn a_schema_raised_under_us_is_not_written_to(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let sample = author.sample(3);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    hands.within(hands.make_newer()).await;
    let before = hands.contents().await;
    for _ in 0..2 {
        let commit = one(sample.node(0), set("title", author.stamp(), "Old build"));
        let (commit, delete) =
            (hands.within(db.commit(commit)).await.map(drop), hands.within(db.delete(sample.workflow)).await);
        for result in [commit, delete] {
            assert!(matches!(result, Err(Error::Newer { .. })), "{result:?}");
        }
        assert_eq!(hands.contents().await, before);
    }
}

pub async fn opening_again_changes_nothing(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    db.commit(Arc::new(author.sample(3).batch())).await.unwrap();
    let before = hands.contents().await;
    for _ in 0..2 {
        let other = hands.db().await;
        assert_eq!(other.workflows().await.unwrap().rows.len(), 1);
        other.close().await;
    }
    assert_eq!(hands.contents().await, before);
}
