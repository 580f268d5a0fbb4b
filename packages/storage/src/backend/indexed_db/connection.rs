//! The connection: opened with our own tables, watched, opened again.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbFactory, IdbOpenDbRequest, IdbTransaction, IdbVersionChangeEvent};

use super::{
    Notice,
    convert::refused,
    sealing,
    upgrade::{self, Halted, Steps, TABLES, Upgrade},
};
use crate::{Error, Result, platform};

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
    steps: Steps,
    newer: Cell<Option<u32>>,
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
    pub(super) fn new(name: &str, steps: Steps, notify: impl Fn(Notice) + 'static) -> Self {
        let (database, newer) = (Rc::default(), Cell::default());
        Self { name: name.to_owned(), notify: Box::new(notify), database, steps, newer }
    }

    /// The larger version that was found.
    pub(super) fn newer(&self) -> Option<u32> {
        self.newer.get()
    }

    fn is_newer(&self, found: u32) -> Error {
        Error::Newer { found, known: self.steps.version() }
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
        // Whatever is to be written to it, there is no other way.
        if let (Some(found), Access::Write) = (self.newer.get(), access) {
            return Err(self.is_newer(found));
        }
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
        let mut database = match self.request_latest(missing).await {
            Err(Error::Newer { .. }) => self.request_newer().await?,
            database => database?,
        };
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
            database = self.request_latest(missing).await?;
        }
        let stores = database.object_store_names();
        if let Some(table) = TABLES.iter().find(|table| !stores.contains(table)) {
            database.close();
            // What a newer build has done away with, this one can't read without.
            if let Some(found) = self.newer.get() {
                return Err(self.is_newer(found));
            }
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
        sealing::learn(self);
        Ok(())
    }

    /// Opens the database at this build's version, by way of those between.
    async fn request_latest(self: &Rc<Self>, missing: Missing) -> Result<IdbDatabase> {
        let latest = self.steps.version();
        loop {
            let mut version = latest;
            loop {
                match self.request(Some(version), missing).await {
                    Ok(database) if version == latest => return Ok(database),
                    // One step is done.
                    Ok(database) => {
                        database.close();
                        break;
                    }
                    Err(Halted::Behind(old)) if old + 1 < version => version = old + 1,
                    // Somebody else has made it another version meanwhile.
                    Err(Halted::Behind(_)) => break,
                    Err(Halted::Failed(Error::Newer { .. })) if version < latest => break,
                    Err(Halted::Failed(error)) => return Err(error),
                }
            }
        }
    }

    /// Opens a newer build's database as it is, to read it.
    async fn request_newer(self: &Rc<Self>) -> Result<IdbDatabase> {
        let database = match self.request(None, Missing::Refuse).await {
            Ok(database) => database,
            Err(Halted::Behind(found)) => return Err(self.is_newer(found)),
            Err(Halted::Failed(error)) => return Err(error),
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a version that some build has set"
        )]
        let found = database.version() as u32;
        // Should it have been deleted and made by an older build meanwhile, then it is not newer; the next call sees that.
        if found > self.steps.version() {
            self.newer.set(Some(found));
        }
        Ok(database)
    }

    /// Opens the database: at a version, or at the one that it has.
    async fn request(self: &Rc<Self>, version: Option<u32>, missing: Missing) -> Result<IdbDatabase, Halted> {
        let factory = factory().map_err(Halted::Failed)?;
        let request = match version {
            Some(version) => factory.open_with_u32(&self.name, version),
            None => factory.open(&self.name),
        };
        let request = request.map_err(|error| match refused(error) {
            Error::Refused { message, .. } => Halted::Failed(Error::Unavailable(message)),
            error => Halted::Failed(error),
        })?;
        let halted = Rc::new(RefCell::new(None));
        let upgraded = {
            let (request, halted, steps) = (request.clone(), Rc::clone(&halted), self.steps);
            Closure::once_into_js(move |event: IdbVersionChangeEvent| {
                run_upgrade(&request, &event, steps, missing, halted);
            })
        };
        request.set_onupgradeneeded(Some(upgraded.unchecked_ref()));
        request.set_onblocked(Some(&self.blocked()));
        if JsFuture::from(succeeded(&request)).await.is_err() {
            if let Some(halted) = halted.take() {
                return Err(halted);
            }
            let reason = request.error().map_or_else(|error| error, JsValue::from);
            return Err(Halted::Failed(refused(reason)));
        }
        request.result().map(JsCast::unchecked_into).map_err(|error| Halted::Failed(refused(error)))
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

/// Brings the database to the version that it is being opened at. Should that fail, nothing was done, and `halted` has why.
fn run_upgrade(
    request: &IdbOpenDbRequest,
    event: &IdbVersionChangeEvent,
    steps: Steps,
    missing: Missing,
    halted: Rc<RefCell<Option<Halted>>>,
) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "versions that some build has set")]
    let (old, new) = (event.old_version() as u32, event.new_version().unwrap_or_default() as u32);
    let upgrade = match Upgrade::new(request) {
        Ok(upgrade) => Rc::new(upgrade),
        Err(error) => return drop(halted.replace(Some(Halted::Failed(error)))),
    };
    if let Err(why) = upgrade::begin(&upgrade, old, missing) {
        halted.replace(Some(why));
        return upgrade.abort();
    }
    platform::spawn(Box::pin(async move {
        if let Err(why) = upgrade::finish(&upgrade, steps, old, new).await {
            halted.replace(Some(why));
            upgrade.abort();
        }
    }));
}
