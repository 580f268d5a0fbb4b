//! A database that goes away while it is open.

use std::{rc::Rc, sync::Arc};

use storage::{Error, backend::Rows};

use crate::{
    Hands,
    author::{Author, one, set, setting},
    reference::Reference,
};

pub async fn a_database_deleted_under_us_is_said_by_every_call_and_not_made_again(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let sample = author.sample(2);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    hands.within(hands.destroy()).await;
    for _ in 0..2 {
        let commit = one(sample.node(0), set("title", author.stamp(), "Lost?"));
        assert_eq!(hands.within(db.commit(commit)).await, Err(Error::Deleted));
        assert_eq!(hands.within(db.commit(setting("theme", None))).await, Err(Error::Deleted));
        assert_eq!(hands.within(db.load(sample.workflow)).await, Err(Error::Deleted));
        assert_eq!(hands.within(db.workflows()).await, Err(Error::Deleted));
        assert_eq!(hands.within(db.kv("theme")).await, Err(Error::Deleted));
        assert_eq!(hands.within(db.oplog()).await, Err(Error::Deleted));
        assert_eq!(hands.within(db.delete(sample.workflow)).await, Err(Error::Deleted));
        hands.within(db.close()).await;
        assert!(!hands.exists().await, "it was made again");
    }
}

pub async fn a_deleted_database_is_made_again_when_asked_and_takes_everything(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let sample = author.sample(100);
    for round in 1..=2 {
        db.commit(Arc::new(sample.batch())).await.unwrap();
        hands.within(hands.destroy()).await;
        assert_eq!(hands.within(db.commit(Arc::new(sample.batch()))).await, Err(Error::Deleted), "round {round}");
        hands.within(db.recreate()).await.unwrap();
        assert_eq!(db.workflows().await, Ok(Rows::default()));
    }
    let mut reference = Reference::default();
    reference.commit(&sample.batch());
    db.commit(Arc::new(sample.batch())).await.unwrap();
    reference.check(&*db).await;
    reference.check(&*hands.db().await).await;
}

pub async fn making_a_database_again_that_is_there_changes_nothing(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    db.commit(Arc::new(author.sample(2).batch())).await.unwrap();
    let before = hands.contents().await;
    hands.within(db.recreate()).await.unwrap();
    db.close().await;
    hands.within(db.recreate()).await.unwrap();
    assert_eq!(hands.contents().await, before);
    assert_eq!(db.workflows().await.unwrap().rows.len(), 1);
}

pub async fn what_is_stored_after_somebody_else_made_it_again_is_found(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let (lost, kept, theirs) = (author.sample(2), author.sample(2), author.sample(2));
    db.commit(Arc::new(lost.batch())).await.unwrap();
    hands.within(hands.destroy()).await;
    let other = hands.db().await;
    other.commit(Arc::new(theirs.batch())).await.unwrap();
    let stored = match hands.within(db.commit(Arc::new(kept.batch()))).await {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error, Error::Deleted);
            hands.within(db.recreate()).await.unwrap();
            hands.within(db.commit(Arc::new(kept.batch()))).await.is_ok()
        }
    };
    assert!(stored);
    let mut reference = Reference::default();
    reference.commit(&theirs.batch());
    reference.commit(&kept.batch());
    reference.check(&*other).await;
    reference.check(&*db).await;
    reference.check(&*hands.db().await).await;
}
