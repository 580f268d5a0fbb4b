//! Connections end; what they stored stays.

use std::{rc::Rc, sync::Arc};

use storage::model::Json;

use crate::{
    Hands,
    author::{Author, asset, one, set, value},
    reference::Reference,
};

pub async fn reopening_finds_everything(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let (sample, other) = (author.sample(100), author.sample(2));
    let mut batch = sample.batch();
    batch.absorb(other.batch());
    batch.set("theme", Some("dark".into())).record();
    let mut reference = Reference::default();
    reference.commit(&batch);
    db.commit(Arc::new(batch)).await.unwrap();
    hands.within(db.close()).await;
    drop(db);
    let db = hands.db().await;
    reference.check(&*db).await;
    assert_eq!(db.kv("theme").await, Ok(Some("dark".into())));
    assert_eq!(db.oplog().await.unwrap().len(), 1);
}

pub async fn closing_finishes_what_is_under_way(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let sample = author.sample(200);
    let (commit, load) = (db.commit(Arc::new(sample.batch())), db.load(sample.workflow));
    hands.within(db.close()).await;
    assert!(hands.within(commit).await.is_ok());
    assert_eq!(hands.within(load).await.unwrap().nodes.rows.len(), 200);
    drop(db);
    assert_eq!(hands.db().await.load(sample.workflow).await.unwrap().nodes.rows.len(), 200);
}

pub async fn a_closed_connection_opens_again_with_the_next_call(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let sample = author.sample(2);
    db.close().await;
    let mut reference = Reference::default();
    reference.commit(&sample.batch());
    hands.within(db.commit(Arc::new(sample.batch()))).await.unwrap();
    db.close().await;
    hands.within(reference.check(&*db)).await;
    db.close().await;
    assert_eq!(hands.within(db.kv("theme")).await, Ok(None));
    db.close().await;
    hands.within(db.delete(sample.workflow)).await.unwrap();
    db.close().await;
    assert!(hands.within(db.workflows()).await.unwrap().rows.is_empty());
}

pub async fn closing_twice_is_fine(hands: Rc<dyn Hands>) {
    let db = hands.db().await;
    hands.within(db.close()).await;
    hands.within(db.close()).await;
    assert!(hands.within(db.workflows()).await.unwrap().rows.is_empty());
}

pub async fn a_connection_that_is_dropped_lets_others_go_on(hands: Rc<dyn Hands>) {
    let (left, right, mut author) = (hands.db().await, hands.db().await, Author::new(1));
    let sample = author.sample(2);
    drop(left.commit(Arc::new(sample.batch())));
    drop(left);
    let stamp = author.stamp();
    hands.within(right.commit(one(sample.node(0), set("title", stamp, "Right")))).await.unwrap();
    let loaded = settled(&hands, &*right, sample.workflow).await;
    assert_eq!(loaded.nodes.rows.len(), 2);
    assert_eq!(value(&loaded, sample.node(0), "title").as_deref(), Some("\"Right\""));
}

pub async fn assets_and_their_uses_outlive_the_connection(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let (shown, sample) = (asset(&mut author, "a"), author.sample(1));
    db.add_asset(shown.clone()).await.unwrap();
    let picture = Json::new(&shown.reference()).unwrap();
    db.commit(one(sample.node(0), set("config.picture", author.stamp(), picture))).await.unwrap();
    let uses = db.uses().await.unwrap();
    assert_eq!(uses.len(), 1);
    hands.within(db.close()).await;
    drop(db);
    let db = hands.db().await;
    assert_eq!(db.assets().await.unwrap().rows, std::slice::from_ref(&shown));
    assert_eq!(db.uses().await.unwrap(), uses);
    assert_eq!(db.remove_assets([shown.id].into()).await.unwrap(), []);
}

/// What was under way on a connection that was dropped is finished soon.
async fn settled(
    hands: &Rc<dyn Hands>,
    db: &dyn storage::backend::Backend,
    workflow: storage::model::WorkflowId,
) -> storage::backend::Loaded {
    for _ in 0..100 {
        let loaded = db.load(workflow).await.unwrap();
        if loaded.nodes.rows.len() > 1 {
            return loaded;
        }
        hands.pause(20).await;
    }
    panic!("it was never stored");
}
