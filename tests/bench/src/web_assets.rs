//! What the page of `assets.mjs` calls.

use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use storage::{
    Session,
    backend::{Backend, indexed_db::IndexedDb},
    blobs::{By, DatabasePlace, Opfs, Place, Source, Ticket},
};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use crate::web::now;

/// How many files of a drop are put at once, as the app does it.
const AT_ONCE: usize = 4;

/// An empty place for media.
#[wasm_bindgen]
pub struct Media {
    database: IndexedDb,
    session: Session,
}

#[wasm_bindgen]
impl Media {
    /// Opens a database and a folder of private files.
    #[expect(clippy::arc_with_non_send_sync, reason = "shared between targets; the browser has one thread")]
    pub async fn open(name: String) -> Result<Media, JsError> {
        let database = IndexedDb::open(&name, |_| {}).await?;
        let files = Opfs::open_in(&name, By::Worker).await.ok_or_else(|| JsError::new("there are no private files"))?;
        let (files, blobs) = (Arc::new(files) as Arc<dyn Place>, Arc::new(DatabasePlace::new(database.clone())));
        let (session, _events) = Session::on_places(Arc::new(database.clone()), Some(files), blobs).await?;
        Ok(Self { database, session })
    }

    /// Puts all files and returns the milliseconds that it took until the disk had bytes, names and rows.
    pub async fn put(&self, files: Vec<Blob>) -> Result<f64, JsError> {
        let start = now()?;
        let puts = files.into_iter().map(|file| self.session.assets().put(Source::Blob(file), None, Ticket::default()));
        let added: Vec<_> = stream::iter(puts).buffer_unordered(AT_ONCE).try_collect().await?;
        let time = now()? - start;
        let is_fair = added.iter().all(|added| added.is_new) && self.session.assets().notices().is_empty();
        if is_fair { Ok(time) } else { Err(JsError::new("a content was there already, or the worker did not write")) }
    }

    /// Ends the connection.
    pub async fn close(self) {
        self.database.close().await;
    }
}
