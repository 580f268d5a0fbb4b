//! What only a server's answer can lead to: undoing, removing, and records that are no longer needed.

use std::{collections::BTreeSet, rc::Rc, sync::Arc};

use storage::{
    backend::Batch,
    model::{Counts, EntityKey, Registers},
};

use crate::{
    Harness,
    author::{Author, batch_of, created, entity, one, set, value},
    reference::Reference,
};

fn counts(loaded: &storage::backend::Loaded) -> Counts {
    loaded.workflow.as_ref().unwrap().counts.unwrap()
}

pub async fn a_pruned_record_is_gone_and_the_others_stay(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let samples: Vec<_> = (0..4).map(|_| author.sample(1)).collect();
    for sample in &samples {
        let mut batch = sample.batch();
        batch.record();
        db.commit(Arc::new(batch)).await.unwrap();
    }
    let ids: Vec<_> = db.oplog().await.unwrap().iter().map(|record| record.id).collect();
    // With rows and a setting, without anything, and twice.
    let mut batch = Batch::new();
    batch.merge(samples[0].node(0), &set("title", author.stamp(), "Synced")).set("cursor", Some(7_u32.into()));
    batch.prune(ids[0]).prune(ids[2]);
    db.commit(Arc::new(batch)).await.unwrap();
    let mut alone = Batch::new();
    alone.prune(ids[2]).prune(ids[3]).prune(author.stamp());
    db.commit(Arc::new(alone)).await.unwrap();
    let left: Vec<_> = harness.db().await.oplog().await.unwrap().iter().map(|record| record.id).collect();
    assert_eq!(left, [ids[1]]);
    assert_eq!(db.kv("cursor").await, Ok(Some(7_u32.into())));
}

pub async fn a_batch_may_record_and_prune(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let (old, new) = (author.sample(1), author.sample(1));
    let mut first = old.batch();
    first.record();
    let id = db.commit(Arc::new(first)).await.unwrap().record.unwrap().id;
    let mut second = new.batch();
    second.record().prune(id);
    let record = db.commit(Arc::new(second)).await.unwrap().record.unwrap();
    assert_eq!(db.oplog().await.unwrap(), [record]);
}

pub async fn a_record_can_have_an_id_that_nothing_else_has(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(1);
    let (first, second) = (author.stamp(), author.stamp());
    // The same changes twice: a package that was imported twice.
    for id in [first, second] {
        let mut batch = sample.batch();
        batch.record_as(id);
        assert_eq!(db.commit(Arc::new(batch)).await.unwrap().record.unwrap().id, id);
    }
    assert_eq!(db.oplog().await.unwrap().iter().map(|record| record.id).collect::<Vec<_>>(), [first, second]);
}

pub async fn what_a_server_told_is_not_recorded_beside_an_edit_that_is(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(2);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    let (edit, told) = (set("title", author.stamp(), "Mine"), set("title", author.stamp(), "Theirs"));
    for mine_first in [true, false] {
        let mut mine = batch_of([(sample.node(0), edit.clone())]);
        mine.record();
        let theirs = batch_of([(sample.node(0), told.clone()), (sample.node(1), told.clone())]);
        let (mut batch, later) = if mine_first { (mine, theirs) } else { (theirs, mine) };
        batch.absorb(later);
        let committed = db.commit(Arc::new(batch)).await.unwrap();
        assert_eq!(committed.record.unwrap().read().unwrap(), [(sample.node(0), edit.clone())]);
        assert_eq!(value(&db.load(sample.workflow).await.unwrap(), sample.node(0), "title").unwrap(), "\"Theirs\"");
    }
}

pub async fn an_upload_is_recorded_and_changes_no_row(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(2);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    let before = db.load(sample.workflow).await.unwrap();
    let (id, mut batch) = (author.stamp(), Batch::new());
    batch.upload(id, sample.patches.clone()).set("uploaded", Some(true.into()));
    let committed = db.commit(Arc::new(batch)).await.unwrap();
    assert_eq!(committed.rows, []);
    assert_eq!(db.load(sample.workflow).await.unwrap(), before);
    let records = db.oplog().await.unwrap();
    assert_eq!((records.len(), records[0].id, records[0].upload), (1, id, true));
    let mut sorted = sample.patches.clone();
    sorted.sort_by_key(|(key, _)| *key);
    assert_eq!(records[0].read().unwrap(), sorted);
    assert_eq!(db.kv("uploaded").await, Ok(Some(true.into())));
}

pub async fn what_is_rejected_is_replaced_by_what_the_server_has(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(2);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    let before = db.load(sample.workflow).await.unwrap();
    let stamp = author.stamp();
    let mut edit = Registers::new();
    for patch in [set("title", stamp, "Rejected"), set("config.new", stamp, 1_u32), set("deleted", stamp, true)] {
        edit.merge(&patch);
    }
    let server = entity(&before, sample.node(0));
    db.commit(one(sample.node(0), edit.clone())).await.unwrap();
    assert_eq!(counts(&db.load(sample.workflow).await.unwrap()).nodes, 1);
    let mut batch = Batch::new();
    batch.undo(sample.node(0), &edit, &server);
    // Twice: the second finds nothing.
    for round in 0..2 {
        let committed = db.commit(Arc::new(batch.clone())).await.unwrap();
        let undone = if round == 0 { BTreeSet::from([sample.node(0)]) } else { BTreeSet::new() };
        assert_eq!(committed.undone, undone);
        let after = db.load(sample.workflow).await.unwrap();
        assert_eq!(entity(&after, sample.node(0)), server);
        assert_eq!((counts(&after).nodes, counts(&after).edges), (2, 1));
    }
}

pub async fn an_edit_later_than_the_rejected_one_stays(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(1);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    let server = entity(&db.load(sample.workflow).await.unwrap(), sample.node(0));
    let (rejected, later) = (set("title", author.stamp(), "Rejected"), set("title", author.stamp(), "Later"));
    db.commit(one(sample.node(0), rejected.clone())).await.unwrap();
    db.commit(one(sample.node(0), later)).await.unwrap();
    let mut batch = Batch::new();
    batch.undo(sample.node(0), &rejected, &server);
    assert_eq!(db.commit(Arc::new(batch)).await.unwrap().undone, BTreeSet::new());
    assert_eq!(value(&db.load(sample.workflow).await.unwrap(), sample.node(0), "title").unwrap(), "\"Later\"");
}

pub async fn an_undone_creation_leaves_nothing_that_counts_and_no_late_clock(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(1);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    let before = counts(&db.load(sample.workflow).await.unwrap());
    // From a clock that was a year ahead.
    let key = EntityKey::node(sample.workflow, author.node());
    let node = created(Author::new(2).stamp_after(365 * 24 * 3_600_000), "Rejected");
    db.commit(one(key, node.clone())).await.unwrap();
    assert_eq!(counts(&db.load(sample.workflow).await.unwrap()).nodes, 2);
    let mut batch = Batch::new();
    batch.undo(key, &node, &Registers::new());
    db.commit(Arc::new(batch)).await.unwrap();
    let loaded = db.load(sample.workflow).await.unwrap();
    assert_eq!(entity(&loaded, key), Registers::new());
    assert_eq!(counts(&loaded), before);
}

pub async fn a_row_is_removed_only_while_it_is_unchanged(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(3);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    let mut reference = Reference::default();
    let keys = [sample.node(0), sample.node(1), sample.edge(0)];
    let versions: Vec<_> = db.rows(keys.into()).await.unwrap();
    let edit = batch_of([(sample.node(1), set("title", author.stamp(), "Edited meanwhile"))]);
    db.commit(Arc::new(edit.clone())).await.unwrap();
    let mut batch = Batch::new();
    for (key, row) in versions {
        batch.remove(key, row.version);
    }
    batch.remove(EntityKey::node(sample.workflow, author.node()), 1);
    let committed = db.commit(Arc::new(batch)).await.unwrap();
    assert_eq!(committed.removed, BTreeSet::from([sample.node(0), sample.edge(0)]));
    let loaded = db.load(sample.workflow).await.unwrap();
    assert_eq!((counts(&loaded).nodes, counts(&loaded).edges), (2, 1));
    // What is left is as if the others had never been.
    let left = sample.patches.iter().filter(|(key, _)| !committed.removed.contains(key)).cloned();
    reference.commit(&batch_of(left));
    reference.commit(&edit);
    let expected = reference.loaded(sample.workflow);
    assert_eq!((&loaded.nodes, &loaded.edges), (&expected.nodes, &expected.edges));
    let uses = harness.db().await.uses().await.unwrap();
    assert_eq!(uses, []);
}
