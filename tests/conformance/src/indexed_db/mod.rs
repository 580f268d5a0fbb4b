//! `IndexedDB`: the hands on it, and what it promises beyond the contract.

mod cases;
mod ground;
mod hands;
mod migration;
mod reader;

use std::{
    cell::RefCell,
    rc::Rc,
    sync::atomic::{AtomicU32, Ordering},
};

use futures::future::LocalBoxFuture;
use storage::{
    Result,
    backend::{
        Backend, Notice,
        indexed_db::{IndexedDb, backup_of},
    },
    blobs::{By, Where},
    model::{AssetId, EntityKey},
};
use wasm_bindgen::{JsCast, JsValue};

use crate::{EVERYWHERE, Ground, Hands, Harness, KEPT, MEDIA, Migration, NEWER, PLACES};
pub use cases::OWN;
pub use migration::{HANGING_STEPS, steps};

/// A database of a name that nobody has used.
#[derive(Clone)]
pub struct InIndexedDb {
    name: String,
    notices: Rc<RefCell<Vec<Notice>>>,
}

impl InIndexedDb {
    fn new(case: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        Self { name: format!("{case} {}", COUNT.fetch_add(1, Ordering::Relaxed)), notices: Rc::default() }
    }

    /// Opens a connection whose notices are kept.
    async fn connect(&self) -> Result<IndexedDb> {
        let notices = Rc::clone(&self.notices);
        IndexedDb::open(&self.name, move |notice| notices.borrow_mut().push(notice)).await
    }

    /// What the connections have noticed so far.
    fn noticed(&self) -> Vec<Notice> {
        self.notices.borrow().clone()
    }

    /// Stores any value as a row.
    async fn write_value(&self, key: EntityKey, value: &JsValue) {
        hands::write(&self.name, key.table().name(), &hands::key(key), value).await.unwrap();
    }
}

impl Harness for InIndexedDb {
    fn open(&self) -> LocalBoxFuture<'_, Result<Box<dyn Backend>>> {
        Box::pin(async { Ok(Box::new(self.connect().await?) as Box<dyn Backend>) })
    }

    fn pause(&self, millis: u32) -> LocalBoxFuture<'_, ()> {
        Box::pin(async move { drop(hands::sleep(millis).await.unwrap()) })
    }
}

impl Hands for InIndexedDb {
    fn destroy(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(async { drop(hands::destroy(&self.name).await.unwrap()) })
    }

    fn exists(&self) -> LocalBoxFuture<'_, bool> {
        Box::pin(async { hands::exists(&self.name).await.unwrap().is_truthy() })
    }

    fn read(&self, key: EntityKey) -> LocalBoxFuture<'_, Option<String>> {
        Box::pin(
            async move { hands::read(&self.name, key.table().name(), &hands::key(key)).await.unwrap().as_string() },
        )
    }

    fn write<'a>(&'a self, key: EntityKey, text: &'a str) -> LocalBoxFuture<'a, ()> {
        Box::pin(async move { self.write_value(key, &text.into()).await })
    }

    fn write_asset<'a>(&'a self, id: AssetId, text: &'a str) -> LocalBoxFuture<'a, ()> {
        Box::pin(async move {
            drop(hands::write(&self.name, "assets", &id.to_string().into(), &text.into()).await.unwrap());
        })
    }

    fn contents(&self) -> LocalBoxFuture<'_, String> {
        Box::pin(async { hands::contents(&self.name).await.unwrap().as_string().unwrap() })
    }

    fn make_newer(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(async {
            hands::disconnect(&hands::connect(&self.name, NEWER, true, vec!["later".into()]).await.unwrap());
        })
    }

    fn make_foreign(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(async { drop(hands::without(&self.name, NEWER, "nodes").await.unwrap()) })
    }

    fn open_with(&self, migration: Migration) -> LocalBoxFuture<'_, Result<Box<dyn Backend>>> {
        let notices = Rc::clone(&self.notices);
        let open = IndexedDb::open_with(&self.name, migration::steps(migration), move |notice| {
            notices.borrow_mut().push(notice);
        });
        Box::pin(async { Ok(Box::new(open.await?) as Box<dyn Backend>) })
    }

    fn backup(&self, version: u32) -> LocalBoxFuture<'_, Option<Vec<String>>> {
        Box::pin(async move {
            let keys = hands::keys(&self.name, &backup_of("kv", version)).await.unwrap();
            let keys: js_sys::Array = if keys.is_undefined() { return None } else { keys.unchecked_into() };
            Some(keys.iter().map(|key| key.as_string().unwrap()).collect())
        })
    }

    fn refuse_settings(&self) -> LocalBoxFuture<'_, ()> {
        hands::refuse_settings();
        Box::pin(async {})
    }
}

/// A place of a page: what stands before the names of its cases, where it is, who writes, and what is done to the browser before.
type InPage = (&'static str, Where, By, fn());

const GROUNDS: &[InPage] = &[
    ("by_the_worker_in_private_files_", Where::Own, By::Worker, || ()),
    ("by_the_page_in_private_files_", Where::Own, By::Page, || ()),
    ("in_the_database_", Where::Database, By::Worker, || ()),
    ("in_a_chosen_folder_", Where::Folder, By::Worker, || ()),
    ("where_nothing_can_be_moved_", Where::Folder, By::Worker, hands::forget_moves),
];

/// The names of all cases that [`run`] knows, but for those of places that this browser has not.
pub fn names() -> Vec<String> {
    let own = OWN.iter().map(|case| case.name);
    let all = EVERYWHERE.iter().map(|case| case.name).chain(KEPT.iter().map(|case| case.name)).chain(own);
    let in_places = GROUNDS
        .iter()
        .filter(|(_, at, ..)| *at == Where::Database || hands::has_files())
        .flat_map(|(ground, ..)| PLACES.iter().chain(MEDIA).map(move |case| format!("{ground}{}", case.name)));
    all.map(str::to_owned).chain(in_places).collect()
}

/// Runs one case.
///
/// # Panics
/// Its promise isn't kept, or the page heard of an error that nobody caught.
pub async fn run(name: &str) {
    for (ground, at, by, prepare) in GROUNDS {
        let Some(own) = name.strip_prefix(ground) else { continue };
        prepare();
        let case = PLACES.iter().chain(MEDIA).find(|case| case.name == own);
        let here: Rc<dyn Ground> = Rc::new(ground::Here::new(name, *at, *by));
        (case.unwrap_or_else(|| panic!("there is no case {own}")).run)(here).await;
        assert_eq!(hands::loose_errors(), "", "nobody caught this");
        return;
    }
    let database = Rc::new(InIndexedDb::new(name));
    let harness: Rc<dyn Harness> = database.clone();
    if let Some(case) = EVERYWHERE.iter().find(|case| case.name == name) {
        (case.run)(harness).await;
    } else if let Some(case) = KEPT.iter().find(|case| case.name == name) {
        (case.run)(database.clone()).await;
    } else {
        let case = OWN.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("there is no case {name}"));
        (case.run)(database.clone()).await;
    }
    database.pause(20).await;
    assert_eq!(hands::loose_errors(), "", "nobody caught this");
}
