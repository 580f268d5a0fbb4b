//! Law 2 in the database: what is stored is the merge of everything that was committed.

use std::{rc::Rc, sync::Arc};

use futures::future::join_all;

use crate::{
    Harness,
    author::{Author, batch_of, json, one, register, removed, set, value},
    reference::Reference,
};

pub async fn two_connections_lose_neither_field(harness: Rc<dyn Harness>) {
    let (left, right) = (harness.db().await, harness.db().await);
    let (mut ours, mut theirs) = (Author::new(1), Author::new(2));
    let sample = ours.sample(1);
    left.commit(Arc::new(sample.batch())).await.unwrap();
    // Both have read the same row; each writes a field of its own.
    let commits = [
        left.commit(one(sample.node(0), set("title", ours.stamp(), "Left"))),
        right.commit(one(sample.node(0), set("config.text", theirs.stamp_after(1), "Right"))),
    ];
    assert!(join_all(commits).await.iter().all(Result::is_ok));
    for connection in [left, right] {
        let loaded = connection.load(sample.workflow).await.unwrap();
        assert_eq!(value(&loaded, sample.node(0), "title").as_deref(), Some("\"Left\""));
        assert_eq!(value(&loaded, sample.node(0), "config.text").as_deref(), Some("\"Right\""));
    }
}

pub async fn an_older_value_never_replaces_a_newer_one(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(1);
    let (older, newer) = (author.stamp_after(1), author.stamp_after(2));
    db.commit(Arc::new(sample.batch())).await.unwrap();
    db.commit(one(sample.node(0), set("title", newer, "Newer"))).await.unwrap();
    db.commit(one(sample.node(0), set("title", older, "Older"))).await.unwrap();
    let loaded = db.load(sample.workflow).await.unwrap();
    let title = register(&loaded, sample.node(0), "title").unwrap();
    assert_eq!((title.stamp, title.value), (newer, Some("Newer".into())));
}

pub async fn a_removal_beats_older_values_and_is_kept(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(1);
    let [older, newer, newest] = [1, 2, 3].map(|millis| author.stamp_after(millis));
    db.commit(Arc::new(sample.batch())).await.unwrap();
    db.commit(one(sample.node(0), removed("config.text", newer))).await.unwrap();
    db.commit(one(sample.node(0), set("config.text", older, "Late"))).await.unwrap();
    let loaded = db.load(sample.workflow).await.unwrap();
    let text = register(&loaded, sample.node(0), "config.text").unwrap();
    assert_eq!((text.stamp, text.value), (newer, None));
    db.commit(one(sample.node(0), set("config.text", newest, json("null")))).await.unwrap();
    let loaded = db.load(sample.workflow).await.unwrap();
    assert_eq!(value(&loaded, sample.node(0), "config.text").as_deref(), Some("null"), "null is a value");
}

pub async fn registers_of_a_newer_build_survive(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(2);
    let later = r#"{ "curve": [ 0.10, 1e3 ], "ease": null }"#;
    let mut batch = sample.batch();
    for key in [sample.key(), sample.node(0), sample.edge(0)] {
        batch.merge(key, &set("animation", author.stamp(), json(later)));
        batch.merge(key, &set("extra.later", author.stamp(), json(later)));
        batch.merge(key, &removed("gone.later", author.stamp()));
    }
    batch.merge(sample.node(0), &set("run", author.stamp(), json(r#"{"status":"dreaming","layers":[ 1 ]}"#)));
    let mut reference = Reference::default();
    reference.commit(&batch);
    db.commit(Arc::new(batch)).await.unwrap();
    let edit =
        batch_of([sample.key(), sample.node(0), sample.edge(0)].map(|key| (key, set("deleted", author.stamp(), true))));
    reference.commit(&edit);
    db.commit(Arc::new(edit)).await.unwrap();
    reference.check(&*db).await;
    let loaded = db.load(sample.workflow).await.unwrap();
    assert_eq!(value(&loaded, sample.edge(0), "animation").as_deref(), Some(later));
}

pub async fn every_digit_and_every_character_stays_what_it_was(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(1);
    let values = [
        "9007199254740993",
        "18446744073709551615",
        "-170141183460469231731687303715884105728",
        "1.10",
        "1E+2",
        "1e400",
        "0.1000000000000000055511151231257827",
        r#""\u00e9\/\ud83d\ude00""#,
        "\"\u{feff}\u{2028}\u{10ffff}é😀,][}{\"",
        r#""\u0000\u001f\"\\""#,
        "[ 1 ,2 ]",
        "{\n\t\"b\": 1,\n\t\"a\": {}}",
    ];
    let names = [
        "config.seed",
        "config.",
        "config.a.b",
        "config.\"quoted\"",
        "extra.\\",
        "later",
        "config.\0\n",
        "config.é😀",
        "",
    ];
    let mut batch = sample.batch();
    for (index, text) in values.iter().enumerate() {
        batch.merge(sample.node(0), &set(&format!("config.{index}"), author.stamp(), json(text)));
    }
    for name in names {
        batch.merge(sample.node(0), &set(name, author.stamp(), name));
    }
    let mut reference = Reference::default();
    reference.commit(&batch);
    db.commit(Arc::new(batch)).await.unwrap();
    // Merged once more, so that what was read is written again.
    let edit = one(sample.node(0), set("title", author.stamp(), "Edited"));
    reference.commit(&edit);
    db.commit(edit).await.unwrap();
    reference.check(&*db).await;
}

pub async fn two_connections_at_once_store_the_merge_of_all(harness: Rc<dyn Harness>) {
    let connections = [harness.db().await, harness.db().await];
    let mut authors = [Author::new(1), Author::new(2)];
    let sample = authors[0].sample(3);
    let mut reference = Reference::default();
    reference.commit(&sample.batch());
    connections[0].commit(Arc::new(sample.batch())).await.unwrap();
    let mut commits = Vec::new();
    for round in 0..50_u32 {
        for (connection, author) in connections.iter().zip(&mut authors) {
            let batch = batch_of([
                (sample.node(0), set("title", author.stamp(), format!("Round {round}"))),
                (sample.node(1), set(&format!("config.{round}"), author.stamp(), round)),
                (sample.node(2), set("deleted", author.stamp(), round % 2 == 0)),
            ]);
            reference.commit(&batch);
            commits.push(connection.commit(Arc::new(batch)));
        }
    }
    let results = harness.within(join_all(commits)).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    for connection in &connections {
        reference.check(&**connection).await;
    }
}
