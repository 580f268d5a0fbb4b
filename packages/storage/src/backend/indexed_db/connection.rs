//! The connection: opened with our own tables, watched, opened again.

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
};

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbFactory, IdbOpenDbRequest, IdbTransaction, IdbVersionChangeEvent};

use super::{Notice, convert::refused};
use crate::{Error, Result, SCHEMA_VERSION};

/// All tables. `assets` and `nodes` have an index besides.
const TABLES: [&str; 8] = ["workflows", "nodes", "edges", "assets", "blobs", "handles", "kv", "oplog"];

/// Whether opening may make a database that isn't there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    Create,
    Refuse,
}

/// How a transaction is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    /// Writes, and is complete once the disk has it.
    Write,
}

/// A database's name and, while there is one, the connection to it.
pub(super) struct Connection {
    name: String,
    notify: Box<dyn Fn(Notice)>,
    database: Rc<RefCell<Option<IdbDatabase>>>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.close();
    }
}

#[wasm_bindgen]
extern "C" {
    type WithOptions;

    /// `IDBDatabase.transaction` with the options that web-sys keeps behind an unstable flag.
    #[wasm_bindgen(method, catch)]
    fn transaction(this: &WithOptions, names: &Array, mode: &str, options: &Object) -> Result<IdbTransaction, JsValue>;
}

impl Connection {
    pub(super) fn new(name: &str, notify: impl Fn(Notice) + 'static) -> Self {
        Self { name: name.to_owned(), notify: Box::new(notify), database: Rc::default() }
    }

    /// Closes the connection once what is under way has finished. The next call opens it again.
    pub(super) fn close(&self) {
        if let Some(database) = self.database.take() {
            database.close();
        }
    }

    /// Starts a transaction.
    pub(super) fn transaction(&self, tables: &[&str], access: Access) -> Result<IdbTransaction> {
        let Some(database) = self.database.borrow().clone() else {
            return Err(Error::Disconnected("the connection was closed".into()));
        };
        let names: Array = tables.iter().map(|table| JsValue::from(*table)).collect();
        let options = Object::new();
        let (mode, durability) = match access {
            Access::Read => ("readonly", "default"),
            Access::Write => ("readwrite", "strict"),
        };
        Reflect::set(&options, &"durability".into(), &durability.into()).map_err(refused)?;
        let transaction = database.unchecked_ref::<WithOptions>().transaction(&names, mode, &options);
        transaction.map_err(|error| self.forget_if_lost(refused(error)))
    }

    /// Drops a connection that an error shows to be of no more use, so that the next call opens another.
    pub(super) fn forget_if_lost(&self, error: Error) -> Error {
        if matches!(error, Error::Disconnected(_)) {
            self.close();
        }
        error
    }

    /// Opens the database, unless it is open.
    ///
    /// # Errors
    /// [`Error::Deleted`] when it is missing and must not be made.
    pub(super) async fn open(self: &Rc<Self>, missing: Missing) -> Result<()> {
        if self.database.borrow().is_some() {
            return Ok(());
        }
        let mut database = self.request(missing).await?;
        if database.object_store_names().length() == 0 {
            // Something that doesn't know the tables opened the database after it had been deleted, and so made it: empty.
            database.close();
            if missing == Missing::Refuse {
                return Err(Error::Deleted);
            }
            let factory = factory()?;
            let request = factory.delete_database(&self.name).map_err(refused)?;
            request.set_onblocked(Some(&self.blocked()));
            JsFuture::from(succeeded(&request))
                .await
                .map_err(|_| Error::Disconnected("clearing an empty database".into()))?;
            database = self.request(missing).await?;
        }
        let stores = database.object_store_names();
        if let Some(table) = TABLES.iter().find(|table| !stores.contains(table)) {
            database.close();
            return Err(Error::Corrupt(format!("the table {table} is missing")));
        }
        if self.database.borrow().is_some() {
            database.close(); // Somebody else was faster.
            return Ok(());
        }
        let listen = |notice| {
            let (this, own): (Weak<Self>, _) = (Rc::downgrade(self), database.clone());
            let listener = move || {
                own.close();
                let Some(this) = this.upgrade() else { return };
                if this.database.borrow().as_ref() == Some(&own) {
                    this.database.take();
                }
                (this.notify)(notice);
            };
            Closure::<dyn FnMut()>::new(listener).into_js_value().unchecked_into::<Function>()
        };
        database.set_onversionchange(Some(&listen(Notice::Displaced)));
        database.set_onclose(Some(&listen(Notice::Closed)));
        self.database.replace(Some(database));
        Ok(())
    }

    async fn request(self: &Rc<Self>, missing: Missing) -> Result<IdbDatabase> {
        let request = factory()?.open_with_u32(&self.name, SCHEMA_VERSION).map_err(|error| match refused(error) {
            Error::Refused { message, .. } => Error::Unavailable(message),
            error => error,
        })?;
        let failure = Rc::new(RefCell::new(None));
        let upgraded = {
            let (request, failure) = (request.clone(), Rc::clone(&failure));
            Closure::once_into_js(move |event: IdbVersionChangeEvent| {
                if let Err(error) = upgrade(&request, event.old_version() == 0., missing) {
                    failure.replace(Some(error));
                    if let Some(transaction) = request.transaction() {
                        let _ended_already = transaction.abort();
                    }
                }
            })
        };
        request.set_onupgradeneeded(Some(upgraded.unchecked_ref()));
        request.set_onblocked(Some(&self.blocked()));
        if JsFuture::from(succeeded(&request)).await.is_err() {
            if let Some(error) = failure.take() {
                return Err(error);
            }
            return Err(refused(request.error().map_or_else(|error| error, JsValue::from)));
        }
        let database: IdbDatabase = request.result().map_err(refused)?.unchecked_into();
        Ok(database)
    }

    /// Listens to a request that has to wait until somebody else has closed the database.
    fn blocked(self: &Rc<Self>) -> Function {
        let this = Rc::downgrade(self);
        let listener = Closure::once_into_js(move || {
            if let Some(this) = this.upgrade() {
                (this.notify)(Notice::Blocked);
            }
        });
        listener.unchecked_into()
    }
}

fn factory() -> Result<IdbFactory> {
    let found = Reflect::get(&js_sys::global(), &"indexedDB".into()).ok().and_then(|it| it.dyn_into().ok());
    found.ok_or_else(|| Error::Unavailable("this browser window has no IndexedDB".into()))
}

fn succeeded(request: &IdbOpenDbRequest) -> Promise {
    Promise::new(&mut |resolve: Function, reject: Function| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    })
}

/// Makes what a database without a version lacks.
fn upgrade(request: &IdbOpenDbRequest, is_new: bool, missing: Missing) -> Result<()> {
    if is_new && missing == Missing::Refuse {
        return Err(Error::Deleted);
    }
    let database: IdbDatabase = request.result().map_err(refused)?.unchecked_into();
    let stores = database.object_store_names();
    for table in TABLES {
        if !stores.contains(table) {
            let store = database.create_object_store(table).map_err(refused)?;
            if table == "assets" {
                let unique = web_sys::IdbIndexParameters::new();
                unique.set_unique(true);
                store.create_index_with_str_and_optional_parameters("hash", "hash", &unique).map_err(refused)?;
            }
            if table == "nodes" {
                let each = web_sys::IdbIndexParameters::new();
                each.set_multi_entry(true);
                store.create_index_with_str_and_optional_parameters("assets", "assets", &each).map_err(refused)?;
            }
            if table == "kv" {
                store.put_with_key(&SCHEMA_VERSION.into(), &super::super::SCHEMA.into()).map_err(refused)?;
            }
        }
    }
    Ok(())
}
