//! What the library shows without loading a workflow: counts and time, right after each commit.

use std::{rc::Rc, sync::Arc};

use storage::{
    backend::Backend,
    model::{Counts, WorkflowId},
};

use crate::{
    Harness,
    author::{Author, NOW, Sample, batch_of, connected, created, deleted, named, one, removed, set},
};

/// How many nodes and edges the library shows.
async fn shown(db: &dyn Backend, workflow: WorkflowId) -> (u64, u64) {
    let Counts { nodes, edges, .. } = counts(db, workflow).await;
    (nodes, edges)
}

async fn counts(db: &dyn Backend, workflow: WorkflowId) -> Counts {
    let library = db.workflows().await.unwrap();
    library.rows.into_iter().find(|(id, _)| *id == workflow).unwrap().1.counts.unwrap()
}

async fn stored(harness: &Rc<dyn Harness>, author: &mut Author, nodes: usize) -> (Box<dyn Backend>, Sample) {
    let (db, sample) = (harness.db().await, author.sample(nodes));
    db.commit(Arc::new(sample.batch())).await.unwrap();
    (db, sample)
}

pub async fn counts_follow_adding_deleting_and_restoring(harness: Rc<dyn Harness>) {
    let mut author = Author::new(1);
    let (db, sample) = stored(&harness, &mut author, 3).await;
    assert_eq!(shown(&*db, sample.workflow).await, (3, 2));
    db.commit(one(sample.node(0), deleted(author.stamp(), true))).await.unwrap();
    assert_eq!(shown(&*db, sample.workflow).await, (2, 2), "an edge whose node is deleted counts");
    db.commit(one(sample.edge(0), deleted(author.stamp(), true))).await.unwrap();
    assert_eq!(shown(&*db, sample.workflow).await, (2, 1));
    let both = batch_of([
        (sample.node(0), deleted(author.stamp(), false)),
        (sample.edge(0), removed("deleted", author.stamp())),
    ]);
    db.commit(Arc::new(both)).await.unwrap();
    assert_eq!(shown(&*db, sample.workflow).await, (3, 2));
    db.commit(one(sample.key(), deleted(author.stamp(), true))).await.unwrap();
    assert_eq!(shown(&*db, sample.workflow).await, (3, 2), "a deleted workflow keeps what it had");
}

pub async fn repeated_patches_count_once(harness: Rc<dyn Harness>) {
    let mut author = Author::new(1);
    let (db, sample) = stored(&harness, &mut author, 3).await;
    let other = harness.db().await;
    let stamp = author.stamp();
    for connection in [&db, &other, &db] {
        connection.commit(one(sample.node(1), deleted(stamp, true))).await.unwrap();
        connection.commit(Arc::new(sample.batch())).await.unwrap();
        assert_eq!(shown(&*db, sample.workflow).await, (2, 2));
    }
    // Older than the deletion: it stays deleted, and so not counted.
    db.commit(one(sample.node(1), deleted(Author::new(2).stamp(), false))).await.unwrap();
    assert_eq!(shown(&*db, sample.workflow).await, (2, 2));
}

pub async fn a_late_patch_to_a_missing_row_is_kept_but_not_counted(harness: Rc<dyn Harness>) {
    let mut author = Author::new(1);
    let (db, sample) = stored(&harness, &mut author, 1).await;
    let other = author.sample(2);
    let (node, edge, creator) = (author.node(), author.edge(), author.stamp());
    let node = storage::model::EntityKey::node(sample.workflow, node);
    let edge = storage::model::EntityKey::edge(sample.workflow, edge);
    db.commit(one(node, set("title", author.stamp(), "Late"))).await.unwrap();
    db.commit(one(edge, deleted(author.stamp(), false))).await.unwrap();
    assert_eq!(shown(&*db, sample.workflow).await, (1, 0));
    assert_eq!(db.load(sample.workflow).await.unwrap().nodes.rows.len(), 2, "it is kept");
    let creation =
        batch_of([(node, created(creator, "First")), (edge, connected(creator, sample.nodes[0], sample.nodes[0]))]);
    db.commit(Arc::new(creation)).await.unwrap();
    assert_eq!(shown(&*db, sample.workflow).await, (2, 1), "what creates it has come");
    let loaded = db.load(sample.workflow).await.unwrap();
    assert_eq!(crate::author::value(&loaded, node, "title").as_deref(), Some("\"Late\""));
    // A node of a workflow that isn't there: the workflow has a row, but no name.
    db.commit(one(other.node(0), created(author.stamp(), "Early"))).await.unwrap();
    assert_eq!(shown(&*db, other.workflow).await, (1, 0));
    db.commit(one(other.key(), named(author.stamp(), "Here now"))).await.unwrap();
    assert_eq!(shown(&*db, other.workflow).await, (1, 0));
}

pub async fn counts_belong_to_one_workflow(harness: Rc<dyn Harness>) {
    let mut author = Author::new(1);
    let (db, first) = stored(&harness, &mut author, 3).await;
    let second = author.sample(5);
    db.commit(Arc::new(second.batch())).await.unwrap();
    let both =
        batch_of([(first.node(0), deleted(author.stamp(), true)), (second.edge(3), deleted(author.stamp(), true))]);
    db.commit(Arc::new(both)).await.unwrap();
    assert_eq!(shown(&*db, first.workflow).await, (2, 2));
    assert_eq!(shown(&*db, second.workflow).await, (5, 3));
    db.delete(first.workflow).await.unwrap();
    assert_eq!(shown(&*db, second.workflow).await, (5, 3));
}

pub async fn only_workflows_have_counts(harness: Rc<dyn Harness>) {
    let mut author = Author::new(1);
    let (db, sample) = stored(&harness, &mut author, 2).await;
    let loaded = db.load(sample.workflow).await.unwrap();
    assert!(loaded.workflow.unwrap().counts.is_some());
    assert!(loaded.nodes.rows.iter().all(|(_, row)| row.counts.is_none()));
    assert!(loaded.edges.rows.iter().all(|(_, row)| row.counts.is_none()));
}

pub async fn the_time_of_a_workflow_is_that_of_its_newest_change(harness: Rc<dyn Harness>) {
    let mut author = Author::new(1);
    let (db, sample) = stored(&harness, &mut author, 2).await;
    let late = Author::new(2).stamp_after(3);
    assert_eq!(counts(&*db, sample.workflow).await.updated_at, NOW);
    let steps = [
        (sample.node(0), set("title", author.stamp_after(5), "A"), 5),
        (sample.edge(0), deleted(author.stamp_after(7), true), 7),
        (sample.key(), named(author.stamp_after(9), "B"), 9),
        // Newer than the node's title, older than the workflow's newest.
        (sample.node(1), set("title", late, "C"), 9),
    ];
    for (key, patch, expected) in steps {
        db.commit(one(key, patch)).await.unwrap();
        assert_eq!(counts(&*db, sample.workflow).await.updated_at, NOW + expected);
    }
    db.commit(crate::author::setting("viewport", Some("far".into()))).await.unwrap();
    assert_eq!(counts(&*db, sample.workflow).await.updated_at, NOW + 9, "where the user looks is no change");
}
