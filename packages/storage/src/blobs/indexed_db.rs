//! Bytes in the browser's database, as blobs: where there are no private files.
//!
//! The browser itself streams a blob into its database, so none of it is in memory here. Safari's private windows, and every other
//! session of `WebKit` that leaves nothing behind, refuse blobs: there all bytes of a content are stored as one buffer, which has to be
//! in memory whenever it is put or read.

use std::{cell::Cell, collections::BTreeSet, ops::Range, rc::Rc};

use js_sys::{Array, ArrayBuffer, Uint8Array};
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::{Place, Source, Staged, Ticket, look_web, web};
use crate::{
    BoxFuture, Error, Result,
    backend::indexed_db::IndexedDb,
    model::{Asset, AssetId, AssetPlace, MediaKind},
    platform::detached,
};

/// What stands before the id of what is only staged.
const STAGED: &str = "staged/";

/// The table `blobs` of an open database.
#[derive(Clone)]
pub struct DatabasePlace {
    database: IndexedDb,
    /// Whether it takes blobs. None: nobody has asked yet.
    takes_blobs: Rc<Cell<Option<bool>>>,
}

impl DatabasePlace {
    /// The blobs of an open database.
    pub fn new(database: IndexedDb) -> Self {
        Self { database, takes_blobs: Rc::default() }
    }

    /// What is stored for a content.
    async fn stored(&self, content: Blob) -> Result<JsValue> {
        let takes_blobs = match self.takes_blobs.get() {
            Some(known) => known,
            None => self.database.takes_blobs().await?,
        };
        self.takes_blobs.set(Some(takes_blobs));
        if takes_blobs {
            return Ok(content.into());
        }
        tracing::debug!("the database takes no blobs");
        JsFuture::from(content.array_buffer()).await.map_err(web::failed)
    }

    async fn blob(&self, asset: &Asset) -> Result<Blob> {
        let AssetPlace::Idb { blob_key } = &asset.place else {
            return Err(missing(asset, "it is not in the database"));
        };
        let found = content(self.database.blob(blob_key.clone()).await?)?;
        found.ok_or_else(|| missing(asset, "the database has nothing under its key"))
    }
}

/// The content that something stored is. None: it is none.
fn content(stored: JsValue) -> Result<Option<Blob>> {
    match stored.dyn_into::<ArrayBuffer>() {
        Ok(bytes) => Blob::new_with_buffer_source_sequence(&Array::of1(&bytes)).map(Some).map_err(web::failed),
        Err(stored) => Ok(stored.dyn_into().ok()),
    }
}

fn missing(asset: &Asset, reason: &str) -> Error {
    Error::Missing { what: asset.name.clone().unwrap_or_else(|| asset.id.to_string()), reason: reason.into() }
}

/// Runs to its end, whoever waits for it.
fn run<T: 'static>(work: impl Future<Output = Result<T>> + 'static) -> BoxFuture<Result<T>> {
    detached(work, || Err(Error::Disconnected("the page is going away".into())))
}

impl Place for DatabasePlace {
    fn stage(&self, id: AssetId, source: Source, ticket: Ticket) -> BoxFuture<Result<Staged>> {
        let this = self.clone();
        // Not to its end whoever waits: a put that nobody waits for is called off.
        Box::pin(async move {
            // The pieces are handed to the browser one by one and put together there. The file itself must not be stored: the
            // database would refer to it, and it may be gone tomorrow.
            let pieces = Array::new();
            let (known, content) = (source.known(), source.to_blob()?);
            let staged = web::stream(&content, known, &ticket, async |piece: &Uint8Array| {
                let piece = Blob::new_with_u8_array_sequence(&Array::of1(piece)).map_err(web::failed)?;
                pieces.push(&piece);
                Ok(())
            });
            let staged = staged.await?;
            // Looked at last: a content is worth more than a picture of it.
            let look = look_web::look(&content, &staged.head).await;
            let whole = Blob::new_with_blob_sequence(&pieces).map_err(web::failed)?;
            this.database.put_blob(format!("{STAGED}{id}"), this.stored(whole).await?).await?;
            Ok(Staged { look, ..staged })
        })
    }

    fn keep(&self, staged: AssetId, id: AssetId, _kind: MediaKind) -> BoxFuture<Result<AssetPlace>> {
        let this = self.clone();
        run(async move {
            let key = id.to_string();
            if this.database.rename_blob(format!("{STAGED}{staged}"), key.clone()).await? {
                Ok(AssetPlace::Idb { blob_key: key })
            } else {
                Err(Error::Missing { what: key, reason: "nothing is staged under that name".into() })
            }
        })
    }

    fn discard(&self, id: AssetId) -> BoxFuture<Result<()>> {
        self.database.delete_blobs(vec![format!("{STAGED}{id}")])
    }

    fn read(&self, asset: &Asset, range: Range<u64>) -> BoxFuture<Result<Vec<u8>>> {
        let (this, asset) = (self.clone(), asset.clone());
        run(async move { web::read(&this.blob(&asset).await?, range).await })
    }

    fn open(&self, asset: &Asset) -> BoxFuture<Result<Source>> {
        let (this, asset) = (self.clone(), asset.clone());
        run(async move { this.blob(&asset).await.map(Source::Blob) })
    }

    fn hash(&self, asset: &Asset, ticket: Ticket) -> BoxFuture<Result<String>> {
        let (this, asset) = (self.clone(), asset.clone());
        run(async move { web::hash(&this.blob(&asset).await?, &ticket).await })
    }

    fn delete(&self, asset: &Asset) -> BoxFuture<Result<()>> {
        match &asset.place {
            AssetPlace::Idb { blob_key } => self.database.delete_blobs(vec![blob_key.clone()]),
            _ => run(async { Ok(()) }),
        }
    }

    fn sweep(&self, known: BTreeSet<AssetId>) -> BoxFuture<Result<u64>> {
        let this = self.clone();
        run(async move {
            let (mut freed, mut orphans) = (0, Vec::new());
            for key in
                this.database.blob_keys().await?.unchecked_into::<Array>().iter().filter_map(|key| key.as_string())
            {
                let id = Uuid::try_parse(key.strip_prefix(STAGED).unwrap_or(&key)).map(AssetId::from_uuid);
                let is_ours = id.as_ref().is_ok_and(|id| key.starts_with(STAGED) || !known.contains(id));
                if is_ours && let Some(blob) = content(this.database.blob(key.clone()).await?)? {
                    freed += bytes(&blob);
                    orphans.push(key);
                }
            }
            this.database.delete_blobs(orphans).await?;
            Ok(freed)
        })
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size: whole and below 2^53")]
fn bytes(blob: &Blob) -> u64 {
    blob.size() as u64
}
