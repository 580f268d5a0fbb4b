//! Packages in a browser: they are files of the user's, of which a piece at a time is in our memory.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    collections::BTreeMap,
    io,
    time::Duration,
};

use futures::{StreamExt, TryStreamExt, stream};
use js_sys::{Array, Function, JsString, Reflect, Uint8Array};
use tracing::warn;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, FileReaderSync};

use super::{
    Found, Layout, PackageError,
    check::{Content, Hashed, Host, find_on},
    window::{ReadAt, Window},
    write::Data,
};
use crate::{
    BoxFuture, Error, Result,
    blobs::{self, Added, Assets, Known, Source, Spots, Staged, Ticket, Wanted, failed},
    counted::Counted,
    model::AssetId,
    platform::sleep,
    worker,
};

/// How many contents are looked up at once.
const AT_ONCE: usize = 16;
/// What a page without a worker checks: it has to have all of it in memory. In bytes.
const WITHOUT_WORKER: f64 = (256 << 20) as f64;

/// A text with each letter in as few signs as there are for it (Unicode's form NFC).
pub(super) fn composed(text: &str) -> Cow<'_, str> {
    normal(text, "NFC")
}

/// A text with each letter taken apart (NFD).
pub(super) fn decomposed(text: &str) -> Cow<'_, str> {
    normal(text, "NFD")
}

/// The browser has Unicode's tables; we don't carry them.
fn normal<'a>(text: &'a str, form: &str) -> Cow<'a, str> {
    if text.is_ascii() { text.into() } else { String::from(JsString::from(text).normalize(form)).into() }
}

/// What was staged of a package while it was checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Staging(Option<blobs::Staging>);

impl Staging {
    /// Whether a content is staged and only has to be moved.
    pub(super) fn has(&self, content: &Content) -> bool {
        self.0.as_ref().zip(content.staged).is_some_and(|(staging, id)| staging.has(id))
    }

    /// Keeps a content that was staged. None: it wasn't, or it has to be stored from the package all the same.
    pub(super) async fn keep(&self, content: &Content, known: Known, name: Option<String>) -> Option<Result<Added>> {
        self.0.as_ref()?.keep(content.staged?, known, name).await
    }
}

/// Finds out in the page's worker what a file is, and checks a package: see [`super::check`].
///
/// # Errors
/// Why nothing of it can come in.
pub(super) async fn find(assets: &Assets, source: Source, ticket: Ticket) -> Result<Found, PackageError> {
    let unreadable = |error: Error| PackageError::Unreadable { reason: error.to_string() };
    let blob = source.to_blob().map_err(unreadable)?;
    let staging = blobs::Staging::new(assets.clone());
    if let Some(mut checked) = worker::client::client().check(&blob, &staging, &ticket).await {
        match &mut checked {
            Ok(Found::Package(package)) if package.damaged.is_empty() && package.staged() == staging.len() => {
                package.staging = Staging(Some(staging));
            }
            // Of what is refused nothing is left; nor of what does not fit, which would leave no room for anything else.
            _ => staging.discard().await,
        }
        return checked;
    }
    staging.discard().await;
    if blob.size() > WITHOUT_WORKER {
        let reason = "this browser can’t check a file of this size".to_owned();
        return Err(PackageError::Unreadable { reason });
    }
    let bytes = source.into_bytes().await.map_err(unreadable)?;
    let reader = io::Cursor::new(bytes);
    find_on(&Thread::new(blob, None), reader, &ticket).await
}

/// Asks the page where contents may be staged.
pub(crate) type AskSpots = Box<dyn Fn(Vec<Wanted>) -> BoxFuture<Spots>>;

/// The same in the worker itself.
pub(crate) async fn look_here(blob: Blob, ask: AskSpots, ticket: &Ticket) -> Result<Found, PackageError> {
    let reader =
        FileReaderSync::new().map_err(|error| PackageError::Unreadable { reason: failed(error).to_string() })?;
    let file = File { blob: blob.clone(), reader };
    find_on(&Thread::new(blob, Some(ask)), Window::new(file), ticket).await
}

/// A file that a worker can wait for.
struct File {
    blob: Blob,
    reader: FileReaderSync,
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes: whole and below 2^53")]
impl ReadAt for File {
    fn size(&self) -> u64 {
        self.blob.size() as u64
    }

    fn read_at(&mut self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let to_io = |error: JsValue| io::Error::other(failed(error).to_string());
        let end = (at + buffer.len() as u64) as f64;
        let piece = self.blob.slice_with_f64_and_f64(at as f64, end).map_err(to_io)?;
        let bytes = Uint8Array::new(&JsValue::from(self.reader.read_as_array_buffer(&piece).map_err(to_io)?));
        let count = bytes.length() as usize;
        bytes.copy_to(&mut buffer[..count]);
        Ok(count)
    }
}

/// What is smaller than this is read sooner, together with what is beside it, than asked for by itself. In bytes.
const WORTH: u64 = 128 << 10;

/// A thread of the browser's: what is stored as it is it hashes without our memory, and stages meanwhile where it may.
struct Thread {
    blob: Blob,
    /// None: nothing is staged.
    ask: Option<AskSpots>,
    folder: RefCell<Vec<String>>,
    /// What may be staged, by where it begins.
    spots: RefCell<BTreeMap<u64, AssetId>>,
    /// What is.
    staged: RefCell<BTreeMap<u64, AssetId>>,
    /// How many contents are being hashed here.
    here: Cell<usize>,
    /// How many another worker is hashing.
    there: Cell<usize>,
}

impl Thread {
    fn new(blob: Blob, ask: Option<AskSpots>) -> Self {
        Self {
            blob,
            ask,
            folder: RefCell::default(),
            spots: RefCell::default(),
            staged: RefCell::default(),
            here: Cell::default(),
            there: Cell::default(),
        }
    }

    /// Another worker is worth its start when there is much to hash: it takes half of it.
    fn has_help(&self) -> bool {
        worker::is_here() && self.blob.size() >= blobs::LONG && self.there.get() < self.here.get()
    }

    async fn stage(&self, id: AssetId, piece: &Blob, ticket: &Ticket) -> Result<Staged> {
        let (folder, name) = (self.folder.borrow().clone(), id.to_string());
        if self.has_help() {
            let _counted = Counted::new(&self.there);
            let staged = worker::client::client().stage(&folder, name.clone(), piece, ticket).await;
            if let Some(staged) = staged {
                return staged;
            }
        }
        let _counted = Counted::new(&self.here);
        blobs::write(&folder, &name, piece.clone(), None, false, ticket).await
    }
}

impl Host for Thread {
    async fn pause(&self) {
        sleep(Duration::ZERO).await;
    }

    async fn hash(&self, at: u64, bytes: u64, ticket: Ticket) -> Option<Hashed> {
        if bytes < WORTH {
            return None;
        }
        let piece = match self.blob.slice_with_f64_and_f64(at as f64, (at + bytes) as f64) {
            Ok(piece) => piece,
            Err(error) => return Some(Err(failed(error))),
        };
        let spot = self.spots.borrow_mut().remove(&at);
        if let Some(id) = spot {
            match self.stage(id, &piece, &ticket).await {
                Ok(staged) => {
                    self.staged.borrow_mut().insert(at, id);
                    return Some(Ok(staged));
                }
                Err(Error::Cancelled) => return Some(Err(Error::Cancelled)),
                // Whether there is room, or files can be written at all, is for the import to find out and to say.
                Err(error) => {
                    warn!(error = error.code(), "a package's media can't be staged while it is checked");
                    self.spots.borrow_mut().clear();
                }
            }
        }
        if self.has_help() {
            let _counted = Counted::new(&self.there);
            let hashed = worker::client::client().hash(&piece, &ticket).await;
            if hashed.is_some() {
                return hashed;
            }
        }
        let _counted = Counted::new(&self.here);
        Some(blobs::hash_here(&piece, &ticket).await)
    }

    async fn prepare(&self, contents: Vec<(u64, u64, String)>) {
        let Some(ask) = &self.ask else { return };
        let wanted = contents.into_iter().map(|(at, bytes, hash)| Wanted { at, bytes, hash });
        let wanted: Vec<_> = wanted.filter(|one| one.bytes >= WORTH).collect();
        if !wanted.is_empty() {
            let Spots { folder, ids } = ask(wanted).await;
            self.folder.replace(folder);
            self.spots.replace(ids.into_iter().collect());
        }
    }

    fn staged(&self, at: u64) -> Option<AssetId> {
        self.staged.borrow().get(&at).copied()
    }
}

/// An asset's bytes in a package, as a source. What is deflated the browser unpacks, and keeps where it keeps blobs.
pub(super) async fn content(source: &Source, content: &Content) -> Result<Source> {
    let piece = cut(source, content.at, content.packed)?;
    if content.is_deflated { inflate(&piece).await.map(Source::Blob) } else { Ok(Source::Blob(piece)) }
}

/// A part of a source, as one of its own.
#[expect(clippy::unused_async, reason = "a disk has to be waited for")]
pub(super) async fn part(source: &Source, at: u64, bytes: u64) -> Result<Source> {
    cut(source, at, bytes).map(Source::Blob)
}

fn cut(source: &Source, at: u64, bytes: u64) -> Result<Blob> {
    source.to_blob()?.slice_with_f64_and_f64(at as f64, (at + bytes) as f64).map_err(failed)
}

/// Unpacks what was checked before, so it is known to become no more than it should.
async fn inflate(piece: &Blob) -> Result<Blob> {
    let made = |name: &str, argument: &JsValue| {
        let class: Function = Reflect::get(&js_sys::global(), &name.into())?.dyn_into()?;
        Reflect::construct(&class, &Array::of1(argument))
    };
    let unpacking = || {
        let stream = made("DecompressionStream", &"deflate-raw".into())?;
        let stream_of: Function = Reflect::get(piece, &"stream".into())?.dyn_into()?;
        let packed = stream_of.call0(piece)?;
        let pipe: Function = Reflect::get(&packed, &"pipeThrough".into())?.dyn_into()?;
        let response = made("Response", &pipe.call1(&packed, &stream)?)?;
        let blob: Function = Reflect::get(&response, &"blob".into())?.dyn_into()?;
        blob.call0(&response)?.dyn_into::<js_sys::Promise>()
    };
    JsFuture::from(unpacking().map_err(failed)?).await.map_err(failed)?.dyn_into().map_err(failed)
}

/// Does both, one after the other.
pub(super) fn both<T, U>(one: impl FnOnce() -> T, other: impl FnOnce() -> U) -> (T, U) {
    (one(), other())
}

impl Layout {
    /// The file as a blob: the browser puts it together from where the contents are when it is saved. None of them is in
    /// memory.
    ///
    /// # Errors
    /// A content that can't be read; [`Error::Cancelled`].
    pub async fn blob(&self, assets: &Assets, ticket: Ticket) -> Result<Blob> {
        let opened = self.pieces.iter().map(async |piece| {
            if ticket.is_cancelled() {
                return Err(Error::Cancelled);
            }
            match piece {
                Data::Bytes(bytes) => Ok(JsValue::from(Uint8Array::from(&**bytes))),
                Data::Asset(asset) => {
                    let blob = assets.open_row(asset).await?.to_blob()?;
                    if blob.size() == asset.bytes as f64 {
                        Ok(blob.into())
                    } else {
                        let what = asset.name.clone().unwrap_or_else(|| asset.id.to_string());
                        Err(Error::Io { what, reason: "its content is damaged".into() })
                    }
                }
            }
        });
        let parts: Vec<JsValue> = stream::iter(opened).buffered(AT_ONCE).try_collect().await?;
        let options = BlobPropertyBag::new();
        options.set_type("application/zip");
        let parts: Array = parts.into_iter().collect();
        let whole = Blob::new_with_blob_sequence_and_options(&parts, &options).map_err(failed)?;
        ticket.advance(self.bytes);
        Ok(whole)
    }
}
