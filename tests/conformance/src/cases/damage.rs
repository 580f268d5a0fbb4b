//! Law 10: a damaged row is set aside, the rest opens.

use std::{rc::Rc, sync::Arc};

use storage::{
    Error,
    backend::Wanted,
    model::{EntityKey, RegisterName},
};

use crate::{
    Hands,
    author::{Author, asset, created, named, one, set},
};

/// Texts that are no rows: torn, foreign, empty, not JSON, of another time.
const GARBAGE: [&str; 7] = [
    "",
    "{\"id\":\"0192f8a0-0000-7000-8000-000000000001\",\"fie",
    "[1,2]",
    "null",
    "not JSON, [ } \" ,",
    "{\"id\":\"0192f8a0-0000-7000-8000-000000000001\",\"fields\":{\"title\":\"without a stamp\"}}",
    "{\"version\":1},{\"version\":2}",
];

fn names(error: &Error, key: EntityKey) -> bool {
    matches!(error, Error::CorruptRow { key: found, reason } if *found == key && !reason.is_empty())
}

pub async fn single_rows_that_cannot_be_read_are_left_out(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let sample = author.sample(3);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    hands.write(sample.node(1), "{ half a row").await;
    hands.write(sample.edge(0), "").await;
    let keys = [sample.key(), sample.node(0), sample.node(1), sample.edge(0), sample.edge(1)];
    let rows = db.rows(keys.into()).await.unwrap();
    let found: Vec<_> = rows.iter().map(|(key, _)| *key).collect();
    assert_eq!(found, [sample.key(), sample.node(0), sample.edge(1)]);
    assert_eq!(hands.read(sample.node(1)).await.as_deref(), Some("{ half a row"), "it stays as it is");
}

pub async fn a_row_that_cannot_be_read_is_named_and_the_rest_opens(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let sample = author.sample(4);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    let whole = db.load(sample.workflow).await.unwrap();
    for garbage in GARBAGE {
        for key in [sample.node(1), sample.edge(2)] {
            let good = hands.read(key).await.unwrap();
            hands.write(key, garbage).await;
            let loaded = hands.within(db.load(sample.workflow)).await.unwrap();
            let errors: Vec<_> = loaded.nodes.corrupt.iter().chain(&loaded.edges.corrupt).collect();
            assert!(errors.len() == 1 && names(errors[0], key), "{garbage:?}: {errors:?}");
            assert!(loaded.workflow == whole.workflow && loaded.corrupt.is_none());
            let rest = |key: EntityKey| EntityKey::node(sample.workflow, sample.nodes[1]) != key;
            let nodes: Vec<_> =
                whole.nodes.rows.iter().filter(|(id, _)| rest(key) || *id != sample.nodes[1]).cloned().collect();
            let edges: Vec<_> =
                whole.edges.rows.iter().filter(|(id, _)| !rest(key) || *id != sample.edges[2]).cloned().collect();
            assert_eq!((loaded.nodes.rows, loaded.edges.rows), (nodes, edges), "{garbage:?}");
            hands.write(key, &good).await;
        }
    }
    assert_eq!(db.load(sample.workflow).await.unwrap(), whole);
}

/// More rows than any database is asked for at once.
pub async fn among_thousands_of_rows_the_damaged_ones_are_named(hands: Rc<dyn Hands>) {
    const NODES: usize = 5_000;
    let (db, mut author) = (hands.db().await, Author::new(1));
    let sample = author.sample(NODES);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    let whole = db.load(sample.workflow).await.unwrap();
    assert_eq!((whole.nodes.rows.len(), whole.edges.rows.len()), (NODES, NODES - 1));
    // Around the ends of parts of 2,048.
    for damaged in [0, 2_047, 2_048, 4_095, NODES - 1] {
        let key = sample.node(damaged);
        let good = hands.read(key).await.unwrap();
        hands.write(key, "{ half a row").await;
        let loaded = db.load(sample.workflow).await.unwrap();
        assert!(matches!(loaded.nodes.corrupt.as_slice(), [error] if names(error, key)), "{damaged}");
        let mut rest = whole.nodes.rows.clone();
        rest.remove(damaged);
        assert!(loaded.nodes.rows == rest && loaded.edges == whole.edges, "{damaged}");
        hands.write(key, &good).await;
    }
    assert!(db.load(sample.workflow).await.unwrap() == whole);
}

pub async fn a_workflow_that_cannot_be_read_is_named_and_the_rest_opens(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let (sample, other) = (author.sample(2), author.sample(1));
    db.commit(Arc::new(sample.batch())).await.unwrap();
    db.commit(Arc::new(other.batch())).await.unwrap();
    for garbage in GARBAGE {
        hands.write(sample.key(), garbage).await;
        let library = hands.within(db.workflows()).await.unwrap();
        assert_eq!(library.rows.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [other.workflow], "{garbage:?}");
        assert!(library.corrupt.len() == 1 && names(&library.corrupt[0], sample.key()), "{library:?}");
        let loaded = db.load(sample.workflow).await.unwrap();
        assert!(loaded.workflow.is_none() && names(loaded.corrupt.as_ref().unwrap(), sample.key()));
        assert_eq!((loaded.nodes.rows.len(), loaded.edges.rows.len()), (2, 1));
    }
}

pub async fn a_row_of_another_entity_is_named(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let (sample, other) = (author.sample(3), author.sample(1));
    db.commit(Arc::new(sample.batch())).await.unwrap();
    db.commit(Arc::new(other.batch())).await.unwrap();
    for (from, to) in
        [(sample.node(0), sample.node(2)), (sample.node(2), sample.node(0)), (sample.node(0), sample.edge(1))]
    {
        let (text, good) = (hands.read(from).await.unwrap(), hands.read(to).await.unwrap());
        hands.write(to, &text).await;
        let loaded = db.load(sample.workflow).await.unwrap();
        let errors: Vec<_> = loaded.nodes.corrupt.iter().chain(&loaded.edges.corrupt).collect();
        assert!(errors.len() == 1 && names(errors[0], to), "{errors:?}");
        assert_eq!(loaded.nodes.rows.len() + loaded.edges.rows.len(), 4);
        hands.write(to, &good).await;
    }
    let text = hands.read(other.key()).await.unwrap();
    hands.write(sample.key(), &text).await;
    let library = db.workflows().await.unwrap();
    assert_eq!(library.rows.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [other.workflow]);
    assert!(library.corrupt.len() == 1 && names(&library.corrupt[0], sample.key()), "{library:?}");
}

pub async fn reading_leaves_a_damaged_row_as_it_is(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let sample = author.sample(2);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    hands.write(sample.node(0), "torn").await;
    hands.write(sample.key(), "torn").await;
    let before = hands.contents().await;
    db.load(sample.workflow).await.unwrap();
    db.workflows().await.unwrap();
    hands.db().await.load(sample.workflow).await.unwrap();
    assert_eq!(hands.contents().await, before);
}

pub async fn a_damaged_row_is_set_aside_before_it_is_written_anew(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    // Few rows, and more than are looked up one by one.
    for nodes in [2, 100] {
        let sample = author.sample(nodes);
        db.commit(Arc::new(sample.batch())).await.unwrap();
        let keys = [sample.key(), sample.node(1), sample.edge(0)];
        for key in keys {
            hands.write(key, &format!("torn: {key}")).await;
        }
        // The rest of the workflow can still be edited, and doing so sets nothing aside but the workflow's own row.
        db.commit(one(sample.node(0), set("title", author.stamp(), "Edited"))).await.unwrap();
        assert_eq!(db.kv(&format!("aside/{}", sample.node(1))).await, Ok(None));
        let mut batch = sample.batch();
        for (key, patch) in [(keys[0], named(author.stamp(), "New")), (keys[1], created(author.stamp(), "New"))] {
            batch.merge(key, &patch);
        }
        db.commit(Arc::new(batch)).await.unwrap();
        for key in keys {
            assert_eq!(db.kv(&format!("aside/{key}")).await, Ok(Some(format!("torn: {key}").into())), "{key}");
        }
        let loaded = db.load(sample.workflow).await.unwrap();
        assert_eq!((loaded.nodes.rows.len(), loaded.edges.rows.len()), (nodes, nodes - 1));
        assert!(loaded.corrupt.is_none() && loaded.nodes.corrupt.is_empty() && loaded.edges.corrupt.is_empty());
        assert_eq!(loaded.workflow.unwrap().registers.value(&RegisterName::Name), Some(&"New".into()));
    }
}

pub async fn a_damaged_row_goes_with_its_workflow(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let sample = author.sample(2);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    for key in [sample.key(), sample.node(0), sample.edge(0)] {
        hands.write(key, "torn").await;
    }
    db.delete(sample.workflow).await.unwrap();
    for key in [sample.key(), sample.node(0), sample.node(1), sample.edge(0)] {
        assert_eq!(hands.read(key).await, None);
    }
}

pub async fn an_asset_that_cannot_be_read_is_named_and_the_rest_is_given(hands: Rc<dyn Hands>) {
    let (db, mut author) = (hands.db().await, Author::new(1));
    let (torn, other) = (asset(&mut author, "a"), asset(&mut author, "b"));
    for asset in [&torn, &other] {
        db.add_asset(asset.clone()).await.unwrap();
    }
    let foreign = serde_json::to_string(&other).unwrap();
    for garbage in ["", "null", "{\"id\":", "[1]", "{}", &foreign] {
        hands.write_asset(torn.id, garbage).await;
        let found = hands.within(db.assets()).await.unwrap();
        assert_eq!(found.rows, std::slice::from_ref(&other), "{garbage:?}");
        let named = |error: &Error| error.to_string().contains(&torn.id.to_string());
        assert!(found.corrupt.len() == 1 && named(&found.corrupt[0]), "{garbage:?}: {:?}", found.corrupt);
        assert!(named(&db.asset(Wanted::Id(torn.id)).await.unwrap_err()), "{garbage:?}");
        assert_eq!(db.asset(Wanted::Id(other.id)).await.unwrap().as_ref(), Some(&other));
    }
}
