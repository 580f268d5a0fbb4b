//! Law 4 and 6: all or nothing, and nothing said that isn't so.

use std::{rc::Rc, sync::Arc};

use storage::{Error, backend::Batch};

use crate::{
    Hands,
    author::{Author, Sample, created, one, set, setting},
    harness::REFUSED,
    reference::Reference,
};

/// A batch over rows that are there and rows that aren't, with a record and a setting that is refused after the rows.
fn refused(sample: &Sample, author: &mut Author, setting: &str) -> Batch {
    let mut batch = sample.batch();
    for index in 0..sample.nodes.len() {
        batch.merge(sample.node(index), &set("title", author.stamp(), "Refused"));
    }
    batch.merge(storage::model::EntityKey::node(sample.workflow, author.node()), &created(author.stamp(), "New"));
    batch.set("a", Some("first".into())).set(setting, Some("x".into())).set("z", Some("last".into())).record();
    batch
}

pub async fn a_failed_commit_leaves_nothing(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    // Few rows, and more than are looked up one by one.
    for nodes in [2, 100] {
        let sample = author.sample(nodes);
        db.commit(Arc::new(sample.batch())).await.unwrap();
        hands.refuse_settings().await;
        let before = hands.contents().await;
        for setting in REFUSED {
            let batch = Arc::new(refused(&sample, &mut author, setting));
            let result = hands.within(db.commit(batch)).await;
            assert!(matches!(result, Err(Error::Refused { .. })), "{result:?}");
            hands.pause(30).await;
            assert_eq!(hands.contents().await, before, "{setting}");
        }
    }
}

pub async fn a_failed_commit_is_repeated_without_trace(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let sample = author.sample(3);
    hands.refuse_settings().await;
    for setting in REFUSED {
        let mut batch = refused(&sample, &mut author, setting);
        let first = Arc::new(batch.clone());
        assert!(hands.within(db.commit(first)).await.is_err());
        // The cause has gone; the rest of the batch is the same.
        batch.set(setting, None);
        hands.within(db.commit(Arc::new(batch))).await.unwrap();
    }
    let loaded = db.load(sample.workflow).await.unwrap();
    assert_eq!(loaded.workflow.unwrap().version, 2, "failed attempts count nowhere");
    assert_eq!(db.oplog().await.unwrap().len(), 2);
}

pub async fn a_failed_commit_does_not_stop_those_behind_it(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let sample = author.sample(2);
    hands.refuse_settings().await;
    let mut reference = Reference::default();
    reference.commit(&sample.batch());
    let mut commits = vec![(db.commit(Arc::new(sample.batch())), true)];
    for setting_refused in REFUSED {
        commits.push((db.commit(Arc::new(refused(&sample, &mut author, setting_refused))), false));
        let good = one(sample.node(0), set("title", author.stamp(), "Good"));
        reference.commit(&good);
        commits.push((db.commit(good), true));
        commits.push((db.commit(setting("theme", Some("dark".into()))), true));
    }
    for (commit, good) in commits {
        assert_eq!(hands.within(commit).await.is_ok(), good);
    }
    reference.check(&*db).await;
    assert_eq!(db.kv("theme").await, Ok(Some("dark".into())));
}
