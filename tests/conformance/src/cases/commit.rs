//! Commits: whole, in order, whoever waits.

use std::{rc::Rc, sync::Arc};

use storage::{backend::Batch, model::Json};

use crate::{
    Harness,
    author::{Author, batch_of, created, deleted, named, one, removed, set, setting, value},
    reference::Reference,
};

pub async fn rows_settings_and_record_are_stored_together(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(2);
    let mut batch = sample.batch();
    batch.set("theme", Some("dark".into())).record();
    let mut reference = Reference::default();
    reference.commit(&batch);
    let newest = batch.newest().unwrap();
    db.commit(Arc::new(batch)).await.unwrap();
    reference.check(&*db).await;
    assert_eq!(db.kv("theme").await, Ok(Some("dark".into())));
    assert_eq!(db.oplog().await.unwrap().iter().map(|record| record.id).collect::<Vec<_>>(), [newest]);
}

pub async fn calls_take_effect_in_the_order_in_which_they_were_made(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(2);
    // Nothing is awaited until everything was asked for.
    let (first, second, gone) =
        (setting("turn", Some(1_u32.into())), setting("turn", Some(2_u32.into())), setting("turn", None));
    let commits = [db.commit(first), db.commit(second)];
    let read = db.kv("turn");
    let commits_later = [db.commit(gone), db.commit(Arc::new(sample.batch()))];
    let (read_later, loaded) = (db.kv("turn"), db.load(sample.workflow));
    let deleted = db.delete(sample.workflow);
    let (loaded_later, library) = (db.load(sample.workflow), db.workflows());
    for commit in commits.into_iter().chain(commits_later) {
        commit.await.unwrap();
    }
    assert_eq!(read.await, Ok(Some(2_u32.into())));
    assert_eq!(read_later.await, Ok(None));
    let loaded = loaded.await.unwrap();
    assert_eq!((loaded.nodes.rows.len(), loaded.edges.rows.len()), (2, 1));
    deleted.await.unwrap();
    assert_eq!(loaded_later.await, Ok(storage::backend::Loaded::default()));
    assert!(library.await.unwrap().rows.is_empty());
}

pub async fn a_dropped_commit_still_commits(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(2);
    drop(db.commit(Arc::new(sample.batch())));
    let mut reference = Reference::default();
    reference.commit(&sample.batch());
    reference.check(&*db).await;
}

pub async fn a_dropped_deletion_still_deletes(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(2);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    drop(db.delete(sample.workflow));
    assert!(db.workflows().await.unwrap().rows.is_empty());
}

pub async fn an_empty_batch_changes_nothing(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(2);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    let mut empty = Batch::new();
    empty.record();
    assert_eq!(db.commit(Arc::new(empty)).await.unwrap().rows, []);
    let mut reference = Reference::default();
    reference.commit(&sample.batch());
    reference.check(&*db).await;
    assert_eq!(db.oplog().await, Ok(vec![]));
}

pub async fn a_commit_gives_the_rows_as_they_are_now(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let other = harness.db().await;
    let sample = author.sample(3);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    other.commit(one(sample.node(1), set("title", author.stamp(), "Theirs"))).await.unwrap();
    let batch = batch_of([
        (sample.edge(0), deleted(author.stamp(), true)),
        (sample.node(1), set("config.seed", author.stamp(), 7_u32)),
    ]);
    let committed = db.commit(Arc::new(batch)).await.unwrap();
    let keys: Vec<_> = committed.rows.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, [sample.key(), sample.node(1), sample.edge(0)], "each row that was written, by key");
    let loaded = db.load(sample.workflow).await.unwrap();
    assert_eq!(Some(&committed.rows[0].1), loaded.workflow.as_ref());
    assert_eq!(committed.rows[1].1, loaded.nodes.rows[1].1);
    assert_eq!(committed.rows[2].1, loaded.edges.rows[0].1);
    assert_eq!(value(&loaded, sample.node(1), "title").as_deref(), Some("\"Theirs\""));
}

pub async fn repeating_a_batch_changes_nothing_but_versions(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(3);
    let mut batch = sample.batch();
    batch.merge(sample.node(0), &removed("config.text", author.stamp())).set("theme", Some("dark".into()));
    let batch = Arc::new(batch);
    let mut reference = Reference::default();
    for _ in 0..3 {
        db.commit(Arc::clone(&batch)).await.unwrap();
        reference.commit(&batch);
    }
    reference.check(&*db).await;
    let loaded = db.load(sample.workflow).await.unwrap();
    assert_eq!(loaded.workflow.unwrap().version, 3);
    assert_eq!(db.kv("theme").await, Ok(Some("dark".into())));
}

pub async fn versions_rise_by_one_with_each_commit_of_the_row(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let other = harness.db().await;
    let sample = author.sample(2);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    for round in 0..4_u32 {
        let connection = if round % 2 == 0 { &db } else { &other };
        connection.commit(one(sample.node(0), set("config.seed", author.stamp(), round))).await.unwrap();
    }
    // Older than what is stored: nothing changes, but the row was written.
    db.commit(one(sample.node(1), created(Author::new(2).stamp(), "Old"))).await.unwrap();
    let loaded = db.load(sample.workflow).await.unwrap();
    assert_eq!(loaded.workflow.unwrap().version, 6);
    assert_eq!(loaded.nodes.rows.iter().map(|(_, row)| row.version).collect::<Vec<_>>(), [5, 2]);
    assert_eq!(loaded.edges.rows[0].1.version, 1);
}

pub async fn one_batch_may_touch_several_workflows(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let samples: Vec<_> = (0..5).map(|_| author.sample(3)).collect();
    let mut batch = Batch::new();
    for sample in &samples {
        batch.absorb(sample.batch());
    }
    let mut reference = Reference::default();
    reference.commit(&batch);
    db.commit(Arc::new(batch)).await.unwrap();
    reference.check(&*db).await;
}

pub async fn ten_thousand_entities_are_committed_and_loaded(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(5_000);
    harness.within(db.commit(Arc::new(sample.batch()))).await.unwrap();
    let loaded = harness.within(db.load(sample.workflow)).await.unwrap();
    assert_eq!((loaded.nodes.rows.len(), loaded.edges.rows.len()), (5_000, 4_999));
    let counts = loaded.workflow.unwrap().counts.unwrap();
    assert_eq!((counts.nodes, counts.edges), (5_000, 4_999));
    assert!(loaded.nodes.rows.iter().map(|(id, _)| *id).eq(sample.nodes.iter().copied()));
    let stored = loaded.nodes.rows.iter().map(|(_, row)| &row.registers);
    assert!(stored.eq(sample.patches[1..=5_000].iter().map(|(_, patch)| patch)));
}

pub async fn a_large_batch_over_stored_rows_equals_the_same_one_by_one(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(300);
    // Every third row is there already; some of what is there is newer than what comes.
    let (old, new): (Vec<_>, Vec<_>) = (0..300).partition(|index| index % 3 == 0);
    let mut first = batch_of([(sample.key(), named(author.stamp(), "Large"))]);
    for index in &old {
        first.merge(sample.node(*index), &created(author.stamp(), "Here already"));
    }
    let mut second = batch_of(new.iter().map(|index| (sample.node(*index), created(author.stamp(), "New"))));
    for index in &old {
        let stamp = if index % 2 == 0 { author.stamp() } else { Author::new(2).stamp() };
        second.merge(sample.node(*index), &set("title", stamp, "Changed"));
    }
    for index in 0..sample.edges.len() {
        second.merge(sample.edge(index), &sample.patches[301 + index].1);
    }
    let mut reference = Reference::default();
    for batch in [first, second] {
        reference.commit(&batch);
        harness.within(db.commit(Arc::new(batch))).await.unwrap();
    }
    reference.check(&*db).await;
}

pub async fn random_batches_are_stored_as_their_merge(harness: Rc<dyn Harness>) {
    let connections = [harness.db().await, harness.db().await];
    let mut authors = [Author::new(1), Author::new(2), Author::new(3)];
    let samples = [authors[0].sample(4), authors[0].sample(90)];
    let stamps: Vec<_> = (0..40).map(|index: usize| authors[index % 3].stamp()).collect();
    let mut dice = Dice(20_261_123);
    let mut reference = Reference::default();
    for _ in 0..120 {
        let mut batch = Batch::new();
        for _ in 0..dice.below(6) {
            let sample = &samples[dice.below(2)];
            let (key, patch) = sample.patches[dice.below(sample.patches.len())].clone();
            let stamp = stamps[dice.below(stamps.len())];
            let patch = match dice.below(8) {
                0 | 1 => patch,
                2 => deleted(stamp, true),
                3 => deleted(stamp, false),
                4 => removed("type", stamp),
                5 => removed("config.seed", stamp),
                6 => set("ends", stamp, json_number(dice.below(3))),
                _ => set("config.seed", stamp, json_number(dice.below(3))),
            };
            batch.merge(key, &patch);
        }
        if dice.below(10) == 0 {
            batch.absorb(samples[1].batch());
        }
        reference.commit(&batch);
        connections[dice.below(2)].commit(Arc::new(batch)).await.unwrap();
    }
    for connection in &connections {
        reference.check(&**connection).await;
    }
}

fn json_number(number: usize) -> Json {
    Json::from(u64::try_from(number).unwrap())
}

/// Numbers that are the same in every run (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let end = u64::try_from(end).unwrap();
        usize::try_from((mixed ^ (mixed >> 31)) % end).unwrap()
    }
}
