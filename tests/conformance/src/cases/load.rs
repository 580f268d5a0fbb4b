//! Reading, and removing for good.

use std::{rc::Rc, sync::Arc};

use futures::future::join_all;
use storage::{
    backend::{Loaded, Rows},
    model::EntityKey,
};
use uuid::Uuid;

use crate::{
    Harness,
    author::{Author, batch_of, created, deleted, set, value},
    reference::Reference,
};

pub async fn an_empty_database_has_nothing(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    assert_eq!(db.workflows().await, Ok(Rows::default()));
    assert_eq!(db.load(author.workflow()).await, Ok(Loaded::default()));
    assert_eq!(db.oplog().await, Ok(vec![]));
    assert_eq!(db.kv("theme").await, Ok(None));
    assert_eq!(db.delete(author.workflow()).await, Ok(()));
}

pub async fn rows_come_in_the_order_of_their_ids(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let workflow = author.workflow();
    let ids = [u128::MAX, 0, 1 << 64, 0x0a, 0x0a00, 0xf0 << 120, 1 << 120].map(Uuid::from_u128);
    for id in ids {
        let node = EntityKey::node(workflow, storage::model::NodeId::from_uuid(id));
        let edge = EntityKey::edge(workflow, storage::model::EdgeId::from_uuid(id));
        let own = EntityKey::workflow(storage::model::WorkflowId::from_uuid(id));
        let patches = [node, edge, own].map(|key| (key, created(author.stamp(), "")));
        db.commit(Arc::new(batch_of(patches))).await.unwrap();
    }
    let mut expected = ids;
    expected.sort_unstable();
    let loaded = db.load(workflow).await.unwrap();
    assert_eq!(loaded.nodes.rows.iter().map(|(id, _)| id.uuid()).collect::<Vec<_>>(), expected);
    assert_eq!(loaded.edges.rows.iter().map(|(id, _)| id.uuid()).collect::<Vec<_>>(), expected);
    let library = db.workflows().await.unwrap();
    let ids: Vec<_> = library.rows.iter().map(|(id, _)| id.uuid()).filter(|id| *id != workflow.uuid()).collect();
    assert_eq!(ids, expected);
    assert!(library.rows.is_sorted_by_key(|(id, _)| *id));
}

pub async fn a_workflow_loads_alone(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    // Neighbours on both sides, as close as ids can be.
    let ids = [41, 42, 43].map(|id| storage::model::WorkflowId::from_uuid(Uuid::from_u128(id)));
    let mut reference = Reference::default();
    for workflow in ids {
        let batch = batch_of([
            (EntityKey::workflow(workflow), set("name", author.stamp(), "Neighbour")),
            (
                EntityKey::node(workflow, storage::model::NodeId::from_uuid(Uuid::nil())),
                created(author.stamp(), "First"),
            ),
            (
                EntityKey::node(workflow, storage::model::NodeId::from_uuid(Uuid::max())),
                created(author.stamp(), "Last"),
            ),
            (
                EntityKey::edge(workflow, storage::model::EdgeId::from_uuid(Uuid::nil())),
                created(author.stamp(), "First"),
            ),
            (
                EntityKey::edge(workflow, storage::model::EdgeId::from_uuid(Uuid::max())),
                created(author.stamp(), "Last"),
            ),
        ]);
        reference.commit(&batch);
        db.commit(Arc::new(batch)).await.unwrap();
    }
    reference.check(&*db).await;
}

pub async fn a_load_is_all_of_one_moment(harness: Rc<dyn Harness>) {
    let (writer, reader, mut author) = (harness.db().await, harness.db().await, Author::new(1));
    let sample = author.sample(3);
    let keys = [sample.key(), sample.node(0), sample.node(2), sample.edge(0), sample.edge(1)];
    writer.commit(Arc::new(sample.batch())).await.unwrap();
    let (mut commits, mut loads) = (Vec::new(), Vec::new());
    for round in 0..40_u32 {
        let stamp = author.stamp();
        commits.push(writer.commit(Arc::new(batch_of(keys.map(|key| (key, set("extra.round", stamp, round)))))));
        loads.push(reader.load(sample.workflow));
        if round % 8 == 0 {
            harness.pause(1).await;
        }
    }
    let loads = harness.within(join_all(loads)).await;
    assert!(harness.within(join_all(commits)).await.iter().all(Result::is_ok));
    for loaded in loads {
        let loaded = loaded.unwrap();
        let rounds = keys.map(|key| value(&loaded, key, "extra.round"));
        assert!(rounds.iter().all(|round| *round == rounds[0]), "torn: {rounds:?}");
    }
}

pub async fn what_is_deleted_by_a_register_is_still_there(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(2);
    let mut reference = Reference::default();
    let edit = batch_of([sample.key(), sample.node(0), sample.edge(0)].map(|key| (key, deleted(author.stamp(), true))));
    for batch in [sample.batch(), edit] {
        reference.commit(&batch);
        db.commit(Arc::new(batch)).await.unwrap();
    }
    reference.check(&*db).await;
    assert_eq!(db.load(sample.workflow).await.unwrap().nodes.rows.len(), 2);
}

pub async fn a_deletion_removes_all_of_its_workflow_and_nothing_else(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let (gone, stays) = (author.sample(3), author.sample(3));
    let mut both = gone.batch();
    both.absorb(stays.batch());
    both.set("theme", Some("dark".into())).record();
    db.commit(Arc::new(both)).await.unwrap();
    db.delete(gone.workflow).await.unwrap();
    let mut reference = Reference::default();
    reference.commit(&stays.batch());
    reference.check(&*db).await;
    assert_eq!(db.load(gone.workflow).await, Ok(Loaded::default()));
    assert_eq!(db.kv("theme").await, Ok(Some("dark".into())));
    assert_eq!(db.oplog().await.unwrap().len(), 1);
}

pub async fn a_deleted_workflow_can_be_stored_again(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let sample = author.sample(80);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    db.delete(sample.workflow).await.unwrap();
    db.commit(Arc::new(sample.batch())).await.unwrap();
    let mut reference = Reference::default();
    reference.commit(&sample.batch());
    reference.check(&*db).await;
}
