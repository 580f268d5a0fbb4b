//! Reading some rows by their keys.

use std::{collections::BTreeSet, rc::Rc, sync::Arc};

use futures::future::join_all;
use storage::{
    backend::Backend,
    model::{EntityKey, Row, Stamp},
};

use crate::{
    Harness,
    author::{Author, batch_of, deleted, one, set},
};

/// The rows of these keys.
async fn ask(db: &dyn Backend, keys: impl IntoIterator<Item = EntityKey>) -> Vec<(EntityKey, Row)> {
    db.rows(keys.into_iter().collect()).await.unwrap()
}

pub async fn no_keys_give_no_rows(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    assert_eq!(db.rows(BTreeSet::new()).await, Ok(vec![]));
    db.commit(Arc::new(author.sample(2).batch())).await.unwrap();
    assert_eq!(db.rows(BTreeSet::new()).await, Ok(vec![]));
}

pub async fn rows_are_those_that_loading_gives_in_the_order_of_their_keys(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let samples = [author.sample(5), author.sample(3)];
    for sample in &samples {
        db.commit(Arc::new(sample.batch())).await.unwrap();
        db.commit(one(sample.node(1), set("title", author.stamp(), "é\u{2028}\"😀"))).await.unwrap();
    }
    let mut expected = Vec::new();
    for sample in &samples {
        expected.extend(db.load(sample.workflow).await.unwrap().into_rows(sample.workflow));
    }
    expected.sort_by_key(|(key, _)| *key);
    assert_eq!(expected.len(), (1 + 5 + 4) + (1 + 3 + 2));
    assert_eq!(ask(&*db, expected.iter().map(|(key, _)| *key)).await, expected);
    // Some of them, of every table.
    let some: Vec<_> = expected.into_iter().step_by(3).collect();
    assert_eq!(ask(&*db, some.iter().map(|(key, _)| *key)).await, some);
}

pub async fn rows_that_are_not_there_are_left_out(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let (stored, never) = (author.sample(2), author.sample(2));
    assert_eq!(ask(&*db, [stored.key(), stored.node(0)]).await, []);
    db.commit(Arc::new(stored.batch())).await.unwrap();
    let keys = [never.key(), never.node(0), stored.node(1), never.edge(0), stored.edge(0)];
    // The node of one workflow is not that of another.
    let elsewhere = EntityKey::node(never.workflow, stored.nodes[1]);
    let found: Vec<_> = ask(&*db, keys.into_iter().chain([elsewhere])).await.into_iter().map(|(key, _)| key).collect();
    assert_eq!(found, [stored.node(1), stored.edge(0)]);
    db.delete(stored.workflow).await.unwrap();
    assert_eq!(ask(&*db, keys).await, []);
}

pub async fn rows_that_are_deleted_by_a_register_are_given(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(2);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    let keys = [sample.key(), sample.node(0), sample.edge(0)];
    db.commit(Arc::new(batch_of(keys.map(|key| (key, deleted(author.stamp(), true)))))).await.unwrap();
    let rows = ask(&*db, keys).await;
    assert_eq!(rows.len(), keys.len());
    assert!(rows.iter().all(|(_, row)| row.registers.is_deleted()));
}

pub async fn rows_show_what_was_committed_before_they_were_asked_for(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(1);
    let commits: Vec<_> =
        (0..20_u32).map(|round| db.commit(one(sample.node(0), set("config.seed", author.stamp(), round)))).collect();
    let rows = db.rows([sample.node(0)].into());
    assert!(harness.within(join_all(commits)).await.iter().all(Result::is_ok));
    let rows = rows.await.unwrap();
    assert_eq!(rows[0].1.version, 20);
    assert_eq!(rows, ask(&*harness.db().await, [sample.node(0)]).await, "another connection sees the same");
}

pub async fn rows_are_all_of_one_moment(harness: Rc<dyn Harness>) {
    let (writer, reader, mut author) = (harness.db().await, harness.db().await, Author::new(1));
    let (left, right) = (author.sample(3), author.sample(3));
    let keys = [left.key(), left.node(0), left.edge(1), right.key(), right.node(2), right.edge(0)];
    for sample in [&left, &right] {
        writer.commit(Arc::new(sample.batch())).await.unwrap();
    }
    let (mut commits, mut asked) = (Vec::new(), Vec::new());
    for round in 0..40_u32 {
        let stamp = author.stamp();
        commits.push(writer.commit(Arc::new(batch_of(keys.map(|key| (key, set("extra.round", stamp, round)))))));
        asked.push(reader.rows(keys.into()));
        if round % 8 == 0 {
            harness.pause(1).await;
        }
    }
    let asked = harness.within(join_all(asked)).await;
    assert!(harness.within(join_all(commits)).await.iter().all(Result::is_ok));
    for rows in asked {
        let rows = rows.unwrap();
        let newest: BTreeSet<_> = rows.iter().map(|(_, row)| row.registers.newest().map(Stamp::millis)).collect();
        let rounds: BTreeSet<_> = rows
            .iter()
            .map(|(_, row)| row.registers.value(&storage::model::RegisterName::parse("extra.round")).cloned())
            .map(|value| value.map(|json| json.text().to_owned()))
            .collect();
        assert_eq!((rows.len(), rounds.len()), (keys.len(), 1), "torn: {rounds:?} {newest:?}");
    }
}
