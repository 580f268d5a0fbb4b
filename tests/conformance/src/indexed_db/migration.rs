//! The steps of a later build, for `IndexedDB`.

use std::rc::Rc;

use js_sys::Reflect;
use storage::{
    Error, Result,
    backend::indexed_db::{Run, Steps, Upgrade},
    migrate::Step,
};
use wasm_bindgen::JsValue;

use crate::Migration;

const SECOND: Step<Run> =
    Step { name: "the theme is a look", tables: &["kv"], run: |upgrade| Box::pin(second(upgrade)) };
const THIRD: Step<Run> = Step { name: "there are labels", tables: &["kv"], run: |upgrade| Box::pin(third(upgrade)) };
const FAILING: Step<Run> = Step {
    name: "there are labels, but not here",
    tables: &["kv"],
    run: |upgrade| {
        Box::pin(async move {
            third(Rc::clone(&upgrade)).await?;
            upgrade.table("nodes")?.clear().unwrap();
            Err(Error::Full("a test".into()))
        })
    },
};

const HANGING: Step<Run> = Step {
    name: "there are labels, one day",
    tables: &["kv"],
    run: |upgrade| {
        Box::pin(async move {
            third(Rc::clone(&upgrade)).await?;
            upgrade.table("nodes")?.clear().unwrap();
            Reflect::set(&js_sys::global(), &"isHanging".into(), &JsValue::TRUE).unwrap();
            loop {
                // The engine ends the transaction when nothing is asked of it.
                upgrade.each("kv", |_, _| Ok(())).await?;
            }
        })
    },
};

async fn second(upgrade: Rc<Upgrade>) -> Result<()> {
    let settings = upgrade.table("kv")?;
    let rename = |key: JsValue, value: JsValue| {
        if key.as_string().as_deref() == Some("theme") {
            settings.delete(&key).unwrap();
            settings.put_with_key(&value, &"look".into()).unwrap();
        }
        Ok(())
    };
    upgrade.each("kv", rename).await
}

async fn third(upgrade: Rc<Upgrade>) -> Result<()> {
    upgrade.make_table("labels")?;
    let settings = upgrade.table("kv")?;
    let dye = |key: JsValue, value: JsValue| {
        if key.as_string().as_deref() == Some("look") && value.as_string().as_deref() == Some("dark") {
            settings.put_with_key(&"third".into(), &key).unwrap();
        }
        Ok(())
    };
    upgrade.each("kv", dye).await
}

/// The steps to schema 3. The last does not end, and says so in the page's `isHanging` when it has done half of its work.
pub const HANGING_STEPS: Steps = Steps::new(&[SECOND, HANGING]);

/// The steps of a later build.
pub fn steps(migration: Migration) -> Steps {
    Steps::new(match migration {
        Migration::ToSecond => &[SECOND],
        Migration::ToThird => &[SECOND, THIRD],
        Migration::ToThirdFailing => &[SECOND, FAILING],
    })
}
