//! Settings.

use std::{rc::Rc, sync::Arc};

use storage::{
    SCHEMA_VERSION,
    backend::{Batch, Rows, SCHEMA},
};

use crate::{
    Harness,
    author::{json, setting},
};

pub async fn a_setting_is_set_replaced_and_removed(harness: Rc<dyn Harness>) {
    let (db, other) = (harness.db().await, harness.db().await);
    for (value, key) in
        [(Some("dark"), "theme"), (Some("light"), "theme"), (None, "theme"), (None, "theme"), (Some(""), "")]
    {
        db.commit(setting(key, value.map(Into::into))).await.unwrap();
        assert_eq!(other.kv(key).await, Ok(value.map(Into::into)));
    }
    let mut several = Batch::new();
    several.set("a", Some(1_u32.into())).set("b", Some(2_u32.into())).set("", None);
    db.commit(Arc::new(several)).await.unwrap();
    assert_eq!(
        (other.kv("a").await, other.kv("b").await, other.kv("").await),
        (Ok(Some(1_u32.into())), Ok(Some(2_u32.into())), Ok(None))
    );
}

pub async fn null_is_a_setting_and_none_is_not(harness: Rc<dyn Harness>) {
    let db = harness.db().await;
    db.commit(setting("nothing", Some(json("null")))).await.unwrap();
    assert_eq!(db.kv("nothing").await, Ok(Some(json("null"))));
    db.commit(setting("nothing", None)).await.unwrap();
    assert_eq!(db.kv("nothing").await, Ok(None));
}

pub async fn a_setting_is_any_json(harness: Rc<dyn Harness>) {
    let db = harness.db().await;
    let values = [
        "true",
        "0",
        "-1",
        "0.5",
        "1e+100",
        "9007199254740991",
        "\"\"",
        "[]",
        "{}",
        "[1,[],{\"a\":null}]",
        r#"{"b":1,"a":{"é😀":"\"\\\n"}}"#,
        "\"a,b]\"",
    ];
    let keys = ["plain", "with spaces", "aside/node x", "é😀\"\\", "\0"];
    for (index, text) in values.iter().enumerate() {
        let key = keys[index % keys.len()];
        db.commit(setting(key, Some(json(text)))).await.unwrap();
        assert_eq!(db.kv(key).await, Ok(Some(json(text))), "{key:?}");
    }
}

pub async fn the_version_of_what_is_stored_is_a_setting(harness: Rc<dyn Harness>) {
    let db = harness.db().await;
    assert_eq!(db.kv(SCHEMA).await, Ok(Some(SCHEMA_VERSION.into())));
}

pub async fn settings_alone_touch_no_row(harness: Rc<dyn Harness>) {
    let db = harness.db().await;
    assert_eq!(db.commit(setting("theme", Some("dark".into()))).await.unwrap().rows, []);
    assert_eq!(db.workflows().await, Ok(Rows::default()));
}
