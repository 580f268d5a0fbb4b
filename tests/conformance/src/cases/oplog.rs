//! What a server must be told.

use std::{rc::Rc, sync::Arc};

use storage::{backend::Batch, parking};

use crate::{
    Harness,
    author::{Author, one, removed, set, setting},
};

fn recorded(batch: Batch) -> Arc<Batch> {
    let mut batch = batch;
    batch.record();
    Arc::new(batch)
}

pub async fn a_record_is_written_only_when_it_is_asked_for(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(2);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    assert_eq!(db.oplog().await, Ok(vec![]));
    let asked = author.sample(1);
    db.commit(recorded(asked.batch())).await.unwrap();
    db.commit(one(sample.node(0), set("title", author.stamp(), "Local"))).await.unwrap();
    let records = db.oplog().await.unwrap();
    assert_eq!(records.iter().map(|record| record.id).collect::<Vec<_>>(), [asked.batch().newest().unwrap()]);
}

pub async fn records_come_oldest_first_and_hold_their_patches(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let mut batches: Vec<_> = (0..12).map(|nodes| author.sample(nodes).batch()).collect();
    let sample = author.sample(1);
    let mut last = sample.batch();
    last.merge(sample.node(0), &removed("config.text", author.stamp()));
    last.merge(sample.node(0), &set("config.nothing", author.stamp(), serde_json::Value::Null));
    last.merge(sample.node(0), &set("config.seed", author.stamp(), u64::MAX));
    batches.push(last);
    // Stored in another order than that of the stamps.
    for index in [7, 3, 12, 0, 1, 11, 2, 5, 4, 10, 6, 9, 8] {
        db.commit(recorded(batches[index].clone())).await.unwrap();
    }
    let records = db.oplog().await.unwrap();
    assert_eq!(records.len(), batches.len());
    for (record, batch) in records.iter().zip(&batches) {
        assert_eq!(Some(record.id), batch.newest());
        let back = parking::from_text(&format!(r#"{{"patches":{}}}"#, record.patches.text())).unwrap();
        assert!(back.rows().eq(batch.rows()), "{record:?}");
    }
}

pub async fn a_repeated_batch_leaves_one_record(harness: Rc<dyn Harness>) {
    let (db, other, mut author) = (harness.db().await, harness.db().await, Author::new(1));
    let batch = recorded(author.sample(2).batch());
    for connection in [&db, &other, &db] {
        connection.commit(Arc::clone(&batch)).await.unwrap();
    }
    assert_eq!(db.oplog().await.unwrap().len(), 1);
}

pub async fn settings_alone_make_no_record(harness: Rc<dyn Harness>) {
    let db = harness.db().await;
    let batch = setting("theme", Some("dark".into()));
    db.commit(recorded(Batch::clone(&batch))).await.unwrap();
    assert_eq!(db.oplog().await, Ok(vec![]));
    assert_eq!(db.kv("theme").await, Ok(Some("dark".into())));
}
