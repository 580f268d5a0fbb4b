//! The places for bytes of a page.

use std::sync::Arc;

use futures::future::LocalBoxFuture;
use js_sys::{Array, Uint8Array};
use storage::{
    backend::indexed_db::IndexedDb,
    blobs::{By, DatabasePlace, Folder, Opfs, Place, Source, Where},
};
use uuid::Uuid;
use wasm_bindgen::JsCast;
use web_sys::Blob;

use super::{InIndexedDb, hands};
use crate::{Device, Ground};

/// A folder and a database of a name that nobody has used.
pub struct Here {
    database: InIndexedDb,
    at: Where,
    by: By,
}

impl Here {
    pub(super) fn new(case: &str, at: Where, by: By) -> Self {
        Self { database: InIndexedDb::new(case), at, by }
    }

    #[expect(clippy::arc_with_non_send_sync, reason = "shared between targets; the browser has one thread")]
    async fn files(&self) -> Option<Arc<dyn Place>> {
        let files = Opfs::open_in(&self.database.name, self.by).await?;
        Some(Arc::new(files) as Arc<dyn Place>)
    }

    /// As a folder of the user's: the browser gives its own for it without a dialog.
    async fn chosen(&self) -> Arc<dyn Place> {
        let root = hands::folder(&self.database.name).await.unwrap();
        Arc::new(Folder::new(root.unchecked_into(), Uuid::from_u128(7)))
    }

    #[expect(clippy::arc_with_non_send_sync, reason = "shared between targets; the browser has one thread")]
    async fn blobs(&self) -> Arc<dyn Place> {
        Arc::new(DatabasePlace::new(IndexedDb::open(&self.database.name, |_| {}).await.unwrap()))
    }
}

impl Ground for Here {
    fn place(&self) -> LocalBoxFuture<'_, Arc<dyn Place>> {
        Box::pin(async {
            match self.at {
                Where::Own => self.files().await.unwrap(),
                Where::Folder => self.chosen().await,
                _ => self.blobs().await,
            }
        })
    }

    fn device(&self) -> LocalBoxFuture<'_, Device> {
        Box::pin(async {
            let folder = if self.at == Where::Folder { Some(self.chosen().await) } else { None };
            Device { own: self.files().await, database: self.blobs().await, folder }
        })
    }

    fn at(&self) -> Where {
        self.at
    }

    fn source(&self, bytes: Vec<u8>) -> LocalBoxFuture<'_, Source> {
        let parts = Array::of1(&Uint8Array::from(&*bytes));
        Box::pin(async move { Source::Blob(Blob::new_with_u8_array_sequence(&parts).unwrap()) })
    }

    fn pause(&self, millis: u32) -> LocalBoxFuture<'_, ()> {
        Box::pin(async move { drop(hands::sleep(millis).await.unwrap()) })
    }
}
