//! What a case is given.

use std::{future::Future, rc::Rc, sync::Arc};

use futures::{
    future::{Either, LocalBoxFuture, select},
    pin_mut,
};
use storage::{
    Result,
    backend::Backend,
    blobs::{Place, Source, Where},
    model::{AssetId, EntityKey},
};

/// A database that nobody has used before.
pub trait Harness {
    /// Opens a further connection to it.
    fn open(&self) -> LocalBoxFuture<'_, Result<Box<dyn Backend>>>;

    /// Lets other work go on for so long.
    fn pause(&self, millis: u32) -> LocalBoxFuture<'_, ()>;
}

/// A database that outlives its connections, and ways to it that the contract doesn't know.
pub trait Hands: Harness {
    /// Deletes the database, whoever has it open.
    fn destroy(&self) -> LocalBoxFuture<'_, ()>;

    /// Whether there is a database.
    fn exists(&self) -> LocalBoxFuture<'_, bool>;

    /// The text of a stored row.
    fn read(&self, key: EntityKey) -> LocalBoxFuture<'_, Option<String>>;

    /// Stores a text as a row.
    fn write<'a>(&'a self, key: EntityKey, text: &'a str) -> LocalBoxFuture<'a, ()>;

    /// Stores a text as the row of an asset that there is.
    fn write_asset<'a>(&'a self, id: AssetId, text: &'a str) -> LocalBoxFuture<'a, ()>;

    /// Everything that is stored, as a text: equal only if nothing has changed.
    fn contents(&self) -> LocalBoxFuture<'_, String>;

    /// Makes the database a newer build's: version [`NEWER`], and a table `later` with something in it.
    fn make_newer(&self) -> LocalBoxFuture<'_, ()>;

    /// The same, without the table `nodes`.
    fn make_foreign(&self) -> LocalBoxFuture<'_, ()>;

    /// Opens the database as a later build, which has these steps.
    fn open_with(&self, migration: Migration) -> LocalBoxFuture<'_, Result<Box<dyn Backend>>>;

    /// The keys of the settings in the copy that was made before the step from that schema on, in their order.
    fn backup(&self, version: u32) -> LocalBoxFuture<'_, Option<Vec<String>>>;

    /// From now on the engine refuses the settings [`REFUSED`], which a commit writes after its rows.
    fn refuse_settings(&self) -> LocalBoxFuture<'_, ()>;
}

/// The version of [`Hands::make_newer`].
pub const NEWER: u32 = 7;

/// The steps of a later build. Both change settings alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migration {
    /// To schema 2: the setting `theme` is called `look`.
    ToSecond,
    /// And to schema 3: `look` is "third", and there is a table `labels`.
    ToThird,
    /// The same, but the second step fails with [`storage::Error::Full`] when it has changed that and removed all nodes.
    ToThirdFailing,
}

/// The settings that [`Hands::refuse_settings`] means. An engine that refuses some writes at once and others later does both.
pub const REFUSED: [&str; 2] = ["refused at once", "refused later"];

/// The places that a device has.
pub struct Device {
    /// Its private files, if it has any.
    pub own: Option<Arc<dyn Place>>,
    /// Its database.
    pub database: Arc<dyn Place>,
    /// A folder that its user chose.
    pub folder: Option<Arc<dyn Place>>,
}

/// A place for bytes that nobody has used before.
pub trait Ground {
    /// Another view of the same place, as another tab has it.
    fn place(&self) -> LocalBoxFuture<'_, Arc<dyn Place>>;

    /// The places of a device of which this is one.
    fn device(&self) -> LocalBoxFuture<'_, Device>;

    /// Which of the device's places this is. Elsewhere: it is none of them, and only the contract of places is checked.
    fn at(&self) -> Where;

    /// A content as users hand it over, and not from memory.
    fn source(&self, bytes: Vec<u8>) -> LocalBoxFuture<'_, Source>;

    /// Lets other work go on for so long.
    fn pause(&self, millis: u32) -> LocalBoxFuture<'_, ()>;
}

/// One promise.
pub struct Case<H: ?Sized> {
    /// The promise.
    pub name: &'static str,
    /// Checks it. Panics if it isn't kept.
    pub run: fn(Rc<H>) -> LocalBoxFuture<'static, ()>,
}

/// What a case does with a harness again and again.
impl dyn Harness + '_ {
    pub(crate) async fn db(&self) -> Box<dyn Backend> {
        self.within(self.open()).await.unwrap()
    }

    /// The future's result. What takes so long hangs.
    pub(crate) async fn within<T>(&self, future: impl Future<Output = T>) -> T {
        let late = self.pause(20_000);
        pin_mut!(future);
        match select(future, late).await {
            Either::Left((value, _)) => value,
            Either::Right(_) => panic!("hangs"),
        }
    }
}

impl dyn Hands + '_ {
    pub(crate) async fn db(&self) -> Box<dyn Backend> {
        self.as_harness().db().await
    }

    pub(crate) async fn within<T>(&self, future: impl Future<Output = T>) -> T {
        self.as_harness().within(future).await
    }

    fn as_harness(&self) -> &(dyn Harness + '_) {
        self
    }
}
