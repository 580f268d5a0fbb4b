//! What `IndexedDB` promises beyond the contract: the engine is asked rightly, and what it does to connections is borne.

use std::{rc::Rc, sync::Arc};

use futures::{
    FutureExt,
    future::{Either, join_all, select},
};
use storage::{
    Error, SCHEMA_VERSION,
    backend::{Backend, Notice, Rows, indexed_db::IndexedDb},
};
use wasm_bindgen::JsValue;

use super::{InIndexedDb, hands, reader};
use crate::{
    Case, Hands, Harness, NEWER,
    author::{Author, json, one, set, setting},
    reference::Reference,
};

macro_rules! own {
    ($($case:ident)*) => {
        /// What only `IndexedDB` promises.
        pub const OWN: &[Case<InIndexedDb>] =
            &[$(Case { name: stringify!($case), run: |database| Box::pin($case(database)) },)*];
    };
}
own! {
    the_tables_are_these
    an_independent_reader_finds_what_was_stored
    strict_durability_reaches_the_engine
    a_commit_is_queued_before_it_returns
    a_commit_dropped_at_any_moment_still_commits
    an_await_between_call_and_answer_does_not_hang
    a_refusal_carries_the_engines_reason
    a_value_that_is_no_text_is_a_damaged_row
    a_closed_connection_is_opened_again_and_the_batch_stored_once
    calls_keep_their_order_when_the_connection_is_opened_again
    what_is_under_way_when_the_connection_closes_is_finished
    a_tab_that_upgrades_is_not_kept_waiting
    a_deletion_elsewhere_is_noticed
    an_opening_that_nobody_waits_for_blocks_nobody
    a_connection_that_is_dropped_blocks_nobody
    an_empty_database_that_a_reader_has_made_is_ours_to_make
    an_empty_database_that_a_reader_has_made_under_us_counts_as_deleted
    a_reader_that_holds_an_empty_database_is_reported
    a_missing_table_is_said_and_nothing_is_changed
    tables_of_others_are_left_alone
    a_browser_that_refuses_or_has_no_database_is_said
}

/// Tables that the database is to have.
const TABLES: [&str; 8] = ["assets", "blobs", "edges", "handles", "kv", "nodes", "oplog", "workflows"];

async fn the_tables_are_these(database: Rc<InIndexedDb>) {
    let _db = database.connect().await.unwrap();
    let raw = hands::connect(&database.name, 0, true, vec![]).await.unwrap();
    assert_eq!((hands::version(&raw), hands::tables(&raw)), (SCHEMA_VERSION, TABLES.map(str::to_owned).to_vec()));
    assert_eq!(hands::index(&raw, "assets", "hash"), "hash unique");
    hands::disconnect(&raw);
}

async fn an_independent_reader_finds_what_was_stored(database: Rc<InIndexedDb>) {
    let (db, mut author) = (database.connect().await.unwrap(), Author::new(1));
    let sample = author.sample(90);
    let mut batch = sample.batch();
    batch
        .merge(sample.node(3), &set("config.seed", author.stamp(), u64::MAX))
        .set("theme", Some(json(r#"{"dark":true}"#)))
        .record();
    db.commit(Arc::new(batch)).await.unwrap();
    reader::check(&database.name, &db, sample.workflow).await;
    db.commit(one(sample.node(3), set("title", author.stamp(), "é\u{2028}\"😀"))).await.unwrap();
    reader::check(&database.name, &db, sample.workflow).await;
    assert_eq!(database.noticed(), [], "a reader disturbs nobody");
}

async fn strict_durability_reaches_the_engine(database: Rc<InIndexedDb>) {
    let (db, mut author) = (database.connect().await.unwrap(), Author::new(1));
    let before = hands::started_transactions().len();
    let sample = author.sample(2);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    db.load(sample.workflow).await.unwrap();
    db.delete(sample.workflow).await.unwrap();
    assert_eq!(hands::started_transactions()[before..], ["readwrite strict", "readonly default", "readwrite strict"]);
}

async fn a_commit_is_queued_before_it_returns(database: Rc<InIndexedDb>) {
    let (db, mut author) = (database.connect().await.unwrap(), Author::new(1));
    for nodes in [0, 2, 200] {
        let sample = author.sample(nodes);
        let (before, transactions) = (hands::queued_requests(), hands::started_transactions().len());
        let commit = db.commit(Arc::new(sample.batch()));
        assert!(hands::queued_requests() > before);
        assert_eq!(hands::started_transactions().len(), transactions + 1);
        commit.await.unwrap();
        assert_eq!(hands::started_transactions().len(), transactions + 1, "a commit is one transaction");
    }
}

async fn a_commit_dropped_at_any_moment_still_commits(database: Rc<InIndexedDb>) {
    let (db, mut author) = (database.connect().await.unwrap(), Author::new(1));
    let sample = author.sample(12);
    let mut reference = Reference::default();
    for turns in 0..12 {
        let batch = one(sample.node(turns), sample.patches[1 + turns].1.clone());
        reference.commit(&batch);
        let mut commit = db.commit(batch);
        for _ in 0..turns {
            if (&mut commit).now_or_never().is_some() {
                break;
            }
            // Turns of the event loop, and turns within one.
            if turns % 2 == 0 { database.pause(0).await } else { drop(hands::exists("").now_or_never()) }
        }
        drop(commit);
    }
    reference.check(&db).await;
}

async fn an_await_between_call_and_answer_does_not_hang(database: Rc<InIndexedDb>) {
    let (db, mut author) = (database.connect().await.unwrap(), Author::new(1));
    let sample = author.sample(100);
    let (commit, load, library) = (db.commit(Arc::new(sample.batch())), db.load(sample.workflow), db.workflows());
    database.pause(200).await;
    let harness: Rc<dyn Harness> = database;
    harness.within(commit).await.unwrap();
    assert_eq!(harness.within(load).await.unwrap().nodes.rows.len(), 100);
    assert_eq!(harness.within(library).await.unwrap().rows.len(), 1);
}

async fn a_refusal_carries_the_engines_reason(database: Rc<InIndexedDb>) {
    let db = database.connect().await.unwrap();
    hands::refuse_settings();
    for (key, reason) in [("refused at once", "DataCloneError"), ("refused later", "ConstraintError")] {
        let result = db.commit(setting(key, Some(1_u32.into()))).await;
        assert!(
            matches!(&result, Err(Error::Refused { name, message }) if name == reason && !message.is_empty()),
            "{result:?}"
        );
        assert_eq!(db.kv(key).await, Ok(None));
    }
}

async fn a_value_that_is_no_text_is_a_damaged_row(database: Rc<InIndexedDb>) {
    let (db, mut author) = (database.connect().await.unwrap(), Author::new(1));
    let sample = author.sample(3);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    let text = database.read(sample.node(0)).await.unwrap();
    let object = js_sys::JSON::parse(&text).unwrap();
    for value in [
        object,
        JsValue::NULL,
        7.into(),
        JsValue::TRUE,
        js_sys::Uint8Array::new_with_length(3).into(),
        js_sys::Array::new().into(),
    ] {
        database.write_value(sample.node(1), &value).await;
        let loaded = db.load(sample.workflow).await.unwrap();
        assert_eq!(loaded.nodes.rows.len(), 2, "{value:?}");
        let named = |error: &Error| matches!(error, Error::CorruptRow { key, .. } if *key == sample.node(1));
        assert!(loaded.nodes.corrupt.len() == 1 && named(&loaded.nodes.corrupt[0]), "{:?}", loaded.nodes.corrupt);
        db.commit(one(sample.node(1), sample.patches[2].1.clone())).await.unwrap();
        assert_eq!(db.load(sample.workflow).await.unwrap().nodes.rows.len(), 3);
        let aside = db.kv(&format!("aside/{}", sample.node(1))).await.unwrap().unwrap();
        assert_eq!(Some(aside.text().to_owned()), js_sys::JSON::stringify(&value).unwrap().as_string());
    }
}

async fn a_closed_connection_is_opened_again_and_the_batch_stored_once(database: Rc<InIndexedDb>) {
    let (db, mut author) = (database.connect().await.unwrap(), Author::new(1));
    let sample = author.sample(2);
    let mut reference = Reference::default();
    for round in 0..4_u32 {
        let mut batch = sample.batch();
        batch.merge(sample.node(0), &set("config.seed", author.stamp(), round));
        reference.commit(&batch);
        hands::close_under(&database.name);
        db.commit(Arc::new(batch)).await.unwrap();
        hands::close_under(&database.name);
        // Versions tell how often each row was written.
        reference.check(&db).await;
    }
    for _ in 0..2 {
        hands::close_under(&database.name);
        assert_eq!(db.kv("theme").await, Ok(None));
        hands::close_under(&database.name);
        assert_eq!(db.oplog().await, Ok(vec![]));
        hands::close_under(&database.name);
        db.delete(sample.workflow).await.unwrap();
        assert_eq!(db.workflows().await, Ok(Rows::default()));
    }
}

async fn calls_keep_their_order_when_the_connection_is_opened_again(database: Rc<InIndexedDb>) {
    let db = database.connect().await.unwrap();
    let mut last = 0_u32;
    for calls in 1..8 {
        hands::close_under(&database.name);
        let mut commits = Vec::new();
        for _ in 0..calls {
            last += 1;
            commits.push(db.commit(setting("turn", Some(last.into()))));
            // Some calls are made while the connection is being opened, some when it is open again.
            database.pause(u32::from(calls > 4)).await;
        }
        let read = db.kv("turn");
        assert!(join_all(commits).await.iter().all(Result::is_ok));
        assert_eq!(read.await, Ok(Some(last.into())), "the last call's is what stays");
        assert_eq!(db.kv("turn").await, Ok(Some(last.into())));
    }
}

async fn what_is_under_way_when_the_connection_closes_is_finished(database: Rc<InIndexedDb>) {
    let (db, mut author) = (database.connect().await.unwrap(), Author::new(1));
    let sample = author.sample(150);
    let mut reference = Reference::default();
    reference.commit(&sample.batch());
    let commit = db.commit(Arc::new(sample.batch()));
    hands::close_under(&database.name);
    commit.await.unwrap();
    reference.check(&db).await;
}

async fn a_tab_that_upgrades_is_not_kept_waiting(database: Rc<InIndexedDb>) {
    let (db, mut author) = (database.connect().await.unwrap(), Author::new(1));
    let sample = author.sample(2);
    let commit = db.commit(Arc::new(sample.batch()));
    let harness: Rc<dyn Hands> = database.clone();
    harness.within(database.make_newer()).await;
    assert_eq!(database.noticed(), [Notice::Displaced]);
    commit.await.unwrap();
    let before = database.contents().await;
    assert_eq!(harness.within(db.load(sample.workflow)).await.unwrap().nodes.rows.len(), 2, "it can be looked at");
    let result = harness.within(db.commit(Arc::new(sample.batch()))).await;
    assert!(matches!(result, Err(Error::Newer { found: NEWER, .. })), "{result:?}");
    assert_eq!(database.contents().await, before);
}

async fn a_deletion_elsewhere_is_noticed(database: Rc<InIndexedDb>) {
    let connections = [database.connect().await.unwrap(), database.connect().await.unwrap()];
    let harness: Rc<dyn Hands> = database.clone();
    harness.within(database.destroy()).await;
    assert_eq!(database.noticed(), [Notice::Displaced; 2]);
    for connection in connections {
        assert_eq!(connection.workflows().await, Err(Error::Deleted));
    }
}

async fn an_opening_that_nobody_waits_for_blocks_nobody(database: Rc<InIndexedDb>) {
    for turns in 0..4 {
        let mut opening = IndexedDb::open(&database.name, |_| ());
        for _ in 0..turns {
            if (&mut opening).now_or_never().is_some() {
                break;
            }
            database.pause(0).await;
        }
        drop(opening);
    }
    database.pause(100).await;
    let harness: Rc<dyn Hands> = database.clone();
    harness.within(database.make_newer()).await;
}

async fn a_connection_that_is_dropped_blocks_nobody(database: Rc<InIndexedDb>) {
    let db = database.connect().await.unwrap();
    let other = db.clone();
    drop(db);
    other.commit(setting("theme", None)).await.unwrap();
    let commit = other.commit(setting("theme", Some("dark".into())));
    drop(other);
    commit.await.unwrap();
    // One that does not yield to anybody: it could not be opened if ours were still there.
    let harness: Rc<dyn Hands> = database.clone();
    harness.within(database.make_newer()).await;
    assert_eq!(database.noticed(), [], "it had gone before");
}

/// Why production code does not read through rexie: without a version it makes what is not there.
async fn an_empty_database_that_a_reader_has_made_is_ours_to_make(database: Rc<InIndexedDb>) {
    let (db, mut author) = (database.connect().await.unwrap(), Author::new(1));
    db.commit(Arc::new(author.sample(2).batch())).await.unwrap();
    db.close().await;
    database.destroy().await;
    let made = reader::open(&database.name).await;
    assert_eq!(
        (made.version(), made.store_names()),
        (Ok(SCHEMA_VERSION), vec![]),
        "our version, and none of our tables"
    );
    let harness: Rc<dyn Hands> = database.clone();
    let db = harness.within(database.connect()).await.unwrap();
    let sample = author.sample(2);
    let mut reference = Reference::default();
    reference.commit(&sample.batch());
    db.commit(Arc::new(sample.batch())).await.unwrap();
    reference.check(&db).await;
    drop(made);
}

async fn an_empty_database_that_a_reader_has_made_under_us_counts_as_deleted(database: Rc<InIndexedDb>) {
    let (db, mut author) = (database.connect().await.unwrap(), Author::new(1));
    let sample = author.sample(2);
    db.commit(Arc::new(sample.batch())).await.unwrap();
    database.destroy().await;
    reader::open(&database.name).await.close();
    assert_eq!(db.commit(Arc::new(sample.batch())).await.map(drop), Err(Error::Deleted));
    assert_eq!(db.load(sample.workflow).await, Err(Error::Deleted));
    db.recreate().await.unwrap();
    let mut reference = Reference::default();
    reference.commit(&sample.batch());
    db.commit(Arc::new(sample.batch())).await.unwrap();
    reference.check(&db).await;
}

async fn a_reader_that_holds_an_empty_database_is_reported(database: Rc<InIndexedDb>) {
    let stubborn = hands::connect(&database.name, 0, false, vec![]).await.unwrap();
    let opening = Box::pin(database.connect());
    let Either::Right(((), opening)) = select(opening, Box::pin(database.pause(300))).await else {
        panic!("it must wait")
    };
    assert_eq!(database.noticed(), [Notice::Blocked]);
    hands::disconnect(&stubborn);
    let harness: Rc<dyn Hands> = database.clone();
    let db = harness.within(opening).await.unwrap();
    assert_eq!(db.workflows().await, Ok(Rows::default()));
}

async fn a_missing_table_is_said_and_nothing_is_changed(database: Rc<InIndexedDb>) {
    let tables = TABLES.iter().filter(|table| **table != "edges").map(|table| (*table).to_owned()).collect();
    hands::disconnect(&hands::connect(&database.name, SCHEMA_VERSION, true, tables).await.unwrap());
    let before = database.contents().await;
    let result = database.connect().await.map(drop);
    assert!(matches!(&result, Err(Error::Corrupt(reason)) if reason.contains("edges")), "{result:?}");
    assert_eq!(database.contents().await, before);
}

async fn tables_of_others_are_left_alone(database: Rc<InIndexedDb>) {
    let tables = TABLES.iter().chain(&["of an extension"]).map(|table| (*table).to_owned()).collect();
    hands::disconnect(&hands::connect(&database.name, SCHEMA_VERSION, true, tables).await.unwrap());
    let (db, mut author) = (database.connect().await.unwrap(), Author::new(1));
    let sample = author.sample(2);
    // Whoever made the tables put something into each.
    let library = db.workflows().await;
    assert!(matches!(library, Err(Error::Corrupt(_))) || library.is_ok_and(|library| !library.corrupt.is_empty()));
    db.commit(Arc::new(sample.batch())).await.unwrap();
    db.delete(sample.workflow).await.unwrap();
    assert!(database.contents().await.contains(r#"["of an extension","first","mine"]"#));
}

async fn a_browser_that_refuses_or_has_no_database_is_said(database: Rc<InIndexedDb>) {
    hands::refuse_opening();
    let result = database.connect().await.map(drop);
    assert!(matches!(result, Err(Error::Unavailable(_))), "{result:?}");
    hands::remove_indexed_db();
    let result = database.connect().await.map(drop);
    assert!(matches!(result, Err(Error::Unavailable(_))), "{result:?}");
}
