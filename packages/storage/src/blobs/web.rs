//! What a page does with contents.

use std::{cell::RefCell, ops::Range, sync::Arc};

use js_sys::{Array, ArrayBuffer, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, StorageManager, Url};

use super::{
    HEAD, Known, MediaUrl, Notice, Quota, Source, Staged, Ticket,
    chosen_web::Chosen,
    digest::{Digest, changed},
    look_web::look,
};
use crate::{Error, Result, backend::indexed_db::IndexedDb, model::Asset, worker};

/// How many bytes of a content are in our memory at a time.
const PIECE: u32 = 512 << 10;
/// How many bytes are written at a time.
pub(super) const WRITTEN: u32 = 1 << 20;
/// How many bytes the browser is asked for at a time. Of a content, as many again are on their way.
const READ: f64 = (4 << 20) as f64;
/// From this size on another worker is worth its start.
pub(crate) const LONG: f64 = (32 << 20) as f64;
/// What is no larger than this, the browser may hash by itself.
const WHOLE: f64 = (4 << 20) as f64;

thread_local! {
    /// Where pieces are hashed. There is one for all contents that are under way at once.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

pub(super) use super::chosen_web::{heed_folder, recall_folder};

/// What media need of a page beyond their places: what remembers the chosen folder, and that itself.
#[derive(Default)]
pub(crate) struct Device {
    pub(super) database: Option<IndexedDb>,
    pub(super) chosen: RefCell<Option<Chosen>>,
}

impl Device {
    /// A page with a database.
    pub(crate) fn new(database: IndexedDb) -> Self {
        Self { database: Some(database), chosen: RefCell::default() }
    }
}

/// What has turned out that this page can't do. `has_files`: whether it has private files at all.
pub(super) fn notices(has_files: bool) -> Option<Notice> {
    (has_files && worker::client::client().is_slow()).then_some(Notice::SlowFiles)
}

/// The address of a content. Making one copies nothing.
pub(super) fn url(_device: &Device, asset: &Asset, source: &Source) -> Result<MediaUrl> {
    let blob = source.to_blob()?;
    // What it is served as is what its bytes are, whatever the file's name had the browser think.
    let typed = blob.slice_with_f64_and_f64_and_content_type(0., blob.size(), &asset.mime).map_err(failed)?;
    Url::create_object_url_with_blob(&typed).map(MediaUrl::new).map_err(failed)
}

pub(super) use super::drawing::inert;

/// Lets the browser forget an address.
pub(super) fn release(url: &str) {
    // An address that is none is fine.
    let _unknown = Url::revoke_object_url(url);
}

/// What the browser grants this origin.
pub(super) async fn quota(_device: &Device, _assets: &[Asset]) -> Option<Quota> {
    let storage = storage_manager()?;
    let estimate = JsFuture::from(storage.estimate().ok()?).await.ok()?;
    let persisted = JsFuture::from(storage.persisted().ok()?).await.ok()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes: whole and below 2^53")]
    let figure = |name: &str| Some(Reflect::get(&estimate, &name.into()).ok()?.as_f64()?.max(0.) as u64);
    Some(Quota { used: figure("usage")?, total: figure("quota")?, persistent: persisted.is_truthy() })
}

/// What the browser offers for storage. None: an address that isn't secure, or an old browser.
pub(super) fn storage_manager() -> Option<StorageManager> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
    let storage = Reflect::get(&navigator, &"storage".into()).ok()?;
    storage.is_object().then(|| storage.unchecked_into())
}

/// Streams a content to its end: each piece is handed to `write` while the browser reads the next ones, and hashed. How the
/// content looks is not found out. What is known is not hashed again.
pub(super) async fn stream(
    blob: &Blob,
    known: Option<Known>,
    ticket: &Ticket,
    write: impl AsyncFn(&Uint8Array) -> Result<()>,
) -> Result<Staged> {
    if known.is_some() {
        in_turn(blob, known, ticket, write).await
    } else if blob.size() >= LONG && worker::is_here() {
        beside(blob, ticket, write).await
    } else {
        alone(blob, ticket, write).await
    }
}

/// [`stream`] without another worker.
async fn alone(blob: &Blob, ticket: &Ticket, write: impl AsyncFn(&Uint8Array) -> Result<()>) -> Result<Staged> {
    if blob.size() <= WHOLE { at_once(blob, ticket, write).await } else { in_turn(blob, None, ticket, write).await }
}

/// [`stream`] for a content that is long, in a worker: another worker hashes what this one has written, which takes as long as
/// reading and writing do.
async fn beside(blob: &Blob, ticket: &Ticket, write: impl AsyncFn(&Uint8Array) -> Result<()>) -> Result<Staged> {
    let Some(mut hasher) = worker::client::client().hasher().await else { return alone(blob, ticket, write).await };
    let (mut ahead, mut done) = (Ahead::new(blob), 0);
    while let Some(read) = ahead.next().await {
        let part = read?;
        for piece in pieces(&part, WRITTEN) {
            if ticket.is_cancelled() {
                return Err(Error::Cancelled);
            }
            write(&piece).await?;
        }
        done += u64::from(part.length());
        hasher.take(&part.buffer()).await;
        ticket.advance(done);
    }
    let hashed = match hasher.finish().await {
        Some(hashed) => hashed?,
        // It died. What was written is read once more.
        None => hash_here(blob, &Ticket::default()).await?,
    };
    // The file may have become shorter under us.
    if hashed.bytes as f64 == blob.size() { Ok(hashed) } else { Err(changed()) }
}

/// [`stream`] by this thread.
async fn in_turn(
    blob: &Blob,
    known: Option<Known>,
    ticket: &Ticket,
    write: impl AsyncFn(&Uint8Array) -> Result<()>,
) -> Result<Staged> {
    let mut digest = Digest::of(known);
    let mut ahead = Ahead::new(blob);
    while let Some(read) = ahead.next().await {
        for piece in pieces(&read?, WRITTEN) {
            if ticket.is_cancelled() {
                return Err(Error::Cancelled);
            }
            write(&piece).await?;
            with_bytes(&piece, |bytes| digest.update(bytes));
        }
        ticket.advance(digest.bytes());
    }
    if digest.bytes() as f64 == blob.size() { digest.staged(None) } else { Err(changed()) }
}

/// Reads a content from its beginning to its end, and the next part of it while one is being used. In large parts: a stream
/// of the browser's comes in pieces of 64 KiB and more, each of which costs a turn of the event loop, and takes half as long again.
struct Ahead<'a> {
    blob: &'a Blob,
    at: f64,
    asked: Option<JsFuture>,
}

impl<'a> Ahead<'a> {
    fn new(blob: &'a Blob) -> Self {
        let mut ahead = Self { blob, at: 0., asked: None };
        ahead.asked = ahead.ask();
        ahead
    }

    fn ask(&mut self) -> Option<JsFuture> {
        let (from, to) = (self.at, self.blob.size().min(self.at + READ));
        self.at = to;
        // A slice of a blob is a blob, and copies nothing.
        let part = (from < to).then(|| self.blob.slice_with_f64_and_f64(from, to));
        part.and_then(std::result::Result::ok).map(|part| JsFuture::from(part.array_buffer()))
    }

    /// The next part. None: the content is at its end.
    async fn next(&mut self) -> Option<Result<Uint8Array>> {
        let asked = self.asked.take()?;
        self.asked = self.ask();
        Some(asked.await.map(|part| Uint8Array::new(&part)).map_err(failed))
    }
}

/// [`stream`] for a small content: the browser hashes it in a thread of its own, for which it wants all of it. None of that
/// is in our memory, where there is a piece at a time. It does one after the other.
async fn at_once(blob: &Blob, ticket: &Ticket, write: impl AsyncFn(&Uint8Array) -> Result<()>) -> Result<Staged> {
    if ticket.is_cancelled() {
        return Err(Error::Cancelled);
    }
    let whole: ArrayBuffer = JsFuture::from(blob.array_buffer()).await.map_err(failed)?.unchecked_into();
    if f64::from(whole.byte_length()) != blob.size() {
        return Err(changed());
    }
    let hashing = Subtle::hash(&whole)?;
    let (whole, mut digest) = (Uint8Array::new(&whole), Digest::default());
    write(&whole).await?;
    let take = if hashing.is_some() { Digest::skim } else { Digest::update };
    with_bytes(&whole, |bytes| take(&mut digest, bytes));
    ticket.advance(digest.bytes());
    match hashing {
        Some(hashing) => Ok(digest.staged_as(&hashing.done().await?)),
        None => digest.staged(None),
    }
}

/// The browser's own hashing.
struct Subtle(JsFuture);

impl Subtle {
    /// None: there is none at this address, which isn't secure.
    fn hash(bytes: &ArrayBuffer) -> Result<Option<Self>> {
        let Some(subtle) = subtle() else { return Ok(None) };
        let hash: Function = Reflect::get(&subtle, &"digest".into()).map_err(failed)?.dyn_into().map_err(failed)?;
        let hashed: Promise =
            hash.call2(&subtle, &"SHA-256".into(), bytes).map_err(failed)?.dyn_into().map_err(failed)?;
        Ok(Some(Self(JsFuture::from(hashed))))
    }

    async fn done(self) -> Result<Vec<u8>> {
        let hash: ArrayBuffer = self.0.await.map_err(failed)?.unchecked_into();
        Ok(Uint8Array::new(&hash).to_vec())
    }
}

/// What the browser has for hashing. None: an address that isn't secure.
fn subtle() -> Option<JsValue> {
    let crypto = Reflect::get(&js_sys::global(), &"crypto".into()).ok()?;
    Reflect::get(&crypto, &"subtle".into()).ok().filter(JsValue::is_object)
}

/// Gives bytes to `work`, in pieces for which our memory has room.
pub(crate) fn with_bytes(all: &Uint8Array, mut work: impl FnMut(&[u8])) {
    BUFFER.with_borrow_mut(|buffer| {
        for piece in pieces(all, PIECE) {
            buffer.resize(piece.length() as usize, 0);
            piece.copy_to(buffer);
            work(buffer);
        }
    });
}

/// Views of so many bytes each, the last of what is left.
fn pieces(all: &Uint8Array, length: u32) -> impl Iterator<Item = Uint8Array> {
    let end = all.length();
    (0..end).step_by(length as usize).map(move |from| all.subarray(from, end.min(from + length)))
}

/// What a content's hash is, found out by the page's worker if it has one.
pub(super) async fn hash(blob: &Blob, ticket: &Ticket) -> Result<String> {
    let hashed = match worker::client::client().hash(blob, ticket).await {
        Some(hashed) => hashed,
        None => hash_here(blob, ticket).await,
    };
    hashed.map(|staged| staged.hash)
}

/// The same, found out by this thread.
pub(crate) async fn hash_here(blob: &Blob, ticket: &Ticket) -> Result<Staged> {
    alone(blob, ticket, async |_: &Uint8Array| Ok(())).await
}

/// What a content that was hashed before begins with, and how it looks: found out by the page's worker if it has one.
pub(super) async fn look_known_by_worker(blob: &Blob, known: Known) -> Result<Staged> {
    match worker::client::client().look(blob, known.clone()).await {
        Some(staged) => staged,
        None => look_known(blob, known).await,
    }
}

/// The same, found out by this thread.
pub(crate) async fn look_known(blob: &Blob, known: Known) -> Result<Staged> {
    let head = read(blob, 0..HEAD as u64).await?;
    let look = look(blob, &head).await;
    let Known { hash, crc32, bytes, .. } = known;
    Ok(Staged { hash, crc32, bytes, head, look })
}

/// Some of the bytes of a blob.
pub(super) async fn read(blob: &Blob, range: Range<u64>) -> Result<Vec<u8>> {
    // Of an end that is far beyond the blob's, WebKit makes nothing.
    let end = (range.end as f64).min(blob.size());
    let piece = blob.slice_with_f64_and_f64((range.start as f64).min(end), end).map_err(failed)?;
    let bytes: ArrayBuffer = JsFuture::from(piece.array_buffer()).await.map_err(failed)?.unchecked_into();
    Ok(Uint8Array::new(&bytes).to_vec())
}

impl Source {
    /// As a blob, which for a file of the user's has none of its bytes in memory.
    pub(crate) fn to_blob(&self) -> Result<Blob> {
        match self {
            Self::Blob(blob) => Ok(blob.clone()),
            Self::Bytes(bytes) => {
                let parts = Array::of1(&Uint8Array::from(&**bytes));
                Blob::new_with_u8_array_sequence_and_options(&parts, &BlobPropertyBag::new()).map_err(failed)
            }
            Self::Known(source, _) => source.to_blob(),
        }
    }

    /// All of it, in memory: for what is known to be small.
    pub(crate) async fn into_bytes(self) -> Result<Arc<[u8]>> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size: whole and below 2^53")]
            Self::Blob(blob) => read(&blob, 0..blob.size() as u64).await.map(Into::into),
            Self::Known(source, _) => Box::pin(source.into_bytes()).await,
        }
    }
}

/// Why the browser refused. A full disk has several names.
pub(crate) fn failed(error: JsValue) -> Error {
    let text =
        |name: &str| Reflect::get(&error, &name.into()).ok().and_then(|text| text.as_string()).unwrap_or_default();
    let (name, message) = (text("name"), text("message"));
    match name.as_str() {
        "QuotaExceededError" => Error::Full(message),
        "NotFoundError" => Error::Missing { what: "the file".into(), reason: "its file is gone".into() },
        "NotReadableError" => Error::Io {
            what: "the file".into(),
            reason: "it has changed since it was handed over, or another program holds it; hand it over again".into(),
        },
        _ => Error::Refused { name, message },
    }
}

/// An object with one field: what so many of the browser's calls want.
pub(super) fn option(name: &str, value: &JsValue) -> Object {
    let object = Object::new();
    // Only a frozen object refuses.
    let _always_set = Reflect::set(&object, &name.into(), value);
    object
}
