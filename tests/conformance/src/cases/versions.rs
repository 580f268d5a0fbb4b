//! Law 10: a newer build's data can be looked at, and is neither written to nor deleted.

use std::{rc::Rc, sync::Arc};

use storage::{Error, Result, SCHEMA_VERSION, backend::Backend};

use crate::{
    Hands,
    author::{Author, Sample, asset, one, set},
    harness::NEWER,
};

fn refused<T>(result: Result<T>) {
    let error = result.map(drop);
    assert!(
        matches!(error, Err(Error::Newer { known: SCHEMA_VERSION, found }) if found == NEWER),
        "not refused, or without saying why: {error:?}"
    );
}

/// Calls everything that writes.
async fn write_everything(db: &dyn Backend, sample: &Sample, author: &mut Author) {
    refused(db.commit(one(sample.node(0), set("title", author.stamp(), "Old build"))).await);
    let mut setting = storage::backend::Batch::new();
    setting.set("theme", Some("dark".into()));
    refused(db.commit(Arc::new(setting)).await);
    refused(db.delete(sample.workflow).await);
    refused(db.add_asset(asset(author, "new")).await);
    refused(db.change_asset(asset(author, "changed")).await);
    refused(db.remove_assets([asset(author, "old").id].into()).await);
}

pub async fn a_newer_schema_is_read_and_untouched(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let sample = author.sample(3);
    let mut batch = sample.batch();
    batch.set("theme", Some("light".into())).record();
    db.commit(Arc::new(batch)).await.unwrap();
    let picture = db.add_asset(asset(&mut author, "picture")).await.unwrap();
    let (library, loaded) = (db.workflows().await.unwrap(), db.load(sample.workflow).await.unwrap());
    assert_eq!(db.newer(), None);
    db.close().await;
    drop(db);
    hands.make_newer().await;
    let before = hands.contents().await;
    for _ in 0..2 {
        let db = hands.db().await;
        assert_eq!(db.newer(), Some(NEWER));
        for _ in 0..2 {
            assert_eq!(db.workflows().await.unwrap(), library);
            assert_eq!(db.load(sample.workflow).await.unwrap(), loaded);
            assert_eq!(db.rows([sample.node(0), sample.edge(0)].into()).await.unwrap().len(), 2);
            assert_eq!(db.kv("theme").await, Ok(Some("light".into())));
            assert_eq!(db.oplog().await.unwrap().len(), 1);
            assert_eq!(db.assets().await.unwrap().rows, std::slice::from_ref(&picture));
            assert_eq!(db.uses().await, Ok(vec![]));
            write_everything(&*db, &sample, &mut author).await;
        }
        db.close().await;
        assert_eq!(db.load(sample.workflow).await.unwrap(), loaded, "opened again, it is still only read");
        write_everything(&*db, &sample, &mut author).await;
    }
    assert_eq!(hands.contents().await, before);
}

pub async fn a_schema_raised_under_us_is_read_and_not_written_to(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let sample = author.sample(3);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    let loaded = db.load(sample.workflow).await.unwrap();
    hands.within(hands.make_newer()).await;
    let before = hands.contents().await;
    for _ in 0..2 {
        hands.within(write_everything(&*db, &sample, &mut author)).await;
        assert_eq!(db.newer(), Some(NEWER));
        assert_eq!(hands.within(db.load(sample.workflow)).await.unwrap(), loaded);
        assert_eq!(hands.contents().await, before);
    }
}

pub async fn a_newer_schema_without_our_tables_is_said_and_untouched(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let sample = author.sample(3);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    db.close().await;
    drop(db);
    hands.make_foreign().await;
    let before = hands.contents().await;
    for _ in 0..2 {
        // Some engines tell when they are opened, others when they are asked.
        let looked = match hands.within(hands.open()).await {
            Ok(db) => hands.within(db.load(sample.workflow)).await.map(drop),
            Err(error) => Err(error),
        };
        refused(looked);
    }
    assert_eq!(hands.contents().await, before);
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
