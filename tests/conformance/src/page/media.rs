//! A tab's view of media, for tests that end workers, tabs and browsers in the middle of things.

use std::{cell::RefCell, sync::Arc};

use storage::{
    Session,
    backend::indexed_db::IndexedDb,
    blobs::{By, DatabasePlace, Opfs, Place, Source, Ticket},
};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

/// A tab that keeps media in private files, with rows in a database.
#[wasm_bindgen]
pub struct Media {
    session: Session,
    ticket: RefCell<Ticket>,
}

fn refused(error: storage::Error) -> JsValue {
    format!("{error:?}").into()
}

#[wasm_bindgen]
impl Media {
    /// Opens the database and the folder of that name.
    #[expect(clippy::arc_with_non_send_sync, reason = "shared between targets; the browser has one thread")]
    pub async fn open(name: String) -> Result<Self, JsValue> {
        let database = IndexedDb::open(&name, |_| {}).await.map_err(refused)?;
        let files = Opfs::open_in(&name, By::Worker).await.map(|files| Arc::new(files) as Arc<dyn Place>);
        let blobs = Arc::new(DatabasePlace::new(database.clone()));
        let (session, _events) = Session::on_places(Arc::new(database), files, blobs).await.map_err(refused)?;
        Ok(Self { session, ticket: RefCell::default() })
    }

    /// Keeps a content. Gives its hash.
    pub async fn put(&self, content: Blob) -> Result<String, JsValue> {
        let ticket = Ticket::default();
        self.ticket.replace(ticket.clone());
        let added = self.session.assets().put(Source::Blob(content), None, ticket).await;
        added.map(|added| added.asset.hash).map_err(refused)
    }

    /// How many bytes of the newest put are there.
    pub fn done(&self) -> f64 {
        *self.ticket.borrow().progress().borrow() as f64
    }

    /// Calls the newest put off.
    pub fn cancel(&self) {
        self.ticket.borrow().cancel();
    }

    /// How many contents have a row.
    pub async fn count(&self) -> Result<usize, JsValue> {
        Ok(self.session.assets().usage().await.map_err(refused)?.assets.len())
    }

    /// Removes what interrupted work has left. Gives how many bytes that were.
    pub async fn sweep(&self) -> Result<f64, JsValue> {
        Ok(self.session.assets().sweep().await.map_err(refused)? as f64)
    }

    /// How many contents are not what they were.
    pub async fn damaged(&self) -> Result<usize, JsValue> {
        Ok(self.session.assets().verify(Ticket::default()).await.map_err(refused)?.len())
    }

    /// What has turned out that this browser can't do.
    pub fn notices(&self) -> Vec<String> {
        self.session.assets().notices().iter().map(|notice| format!("{notice:?}")).collect()
    }
}
