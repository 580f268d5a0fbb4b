//! Bytes in the origin private file system: `atelier/assets/<kind>/<id>`, staged in `atelier/staging/<id>`.
//!
//! Written through the browser's own streams: what they write gets its name when they are closed, so a file is there whole or
//! not at all.

use std::{collections::BTreeSet, ops::Range};

use js_sys::{AsyncIterator, Function, IteratorNext, Promise, Reflect, Uint8Array};
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions, FileSystemGetFileOptions,
    FileSystemWritableFileStream,
};

use super::{
    Place, Source, Staged, Ticket,
    web::{self, failed, storage_manager},
};
use crate::{
    BoxFuture, Error, Result,
    model::{Asset, AssetId, AssetPlace, MediaKind},
    platform::detached,
};

const ROOT: &str = "atelier";
const ASSETS: &str = "assets";
const STAGING: &str = "staging";

/// The private files of this origin.
#[derive(Clone)]
pub struct Opfs(FileSystemDirectoryHandle);

impl Opfs {
    /// The private files, if this window has any that can be written.
    pub(crate) async fn open() -> Option<Self> {
        Self::under(root().await?).await
    }

    /// The same in a folder of its own: for tests.
    pub async fn open_in(name: &str) -> Option<Self> {
        Self::under(folder(&root().await?, name).await.ok()?).await
    }

    async fn under(root: FileSystemDirectoryHandle) -> Option<Self> {
        let global = js_sys::global();
        let file = Reflect::get(&global, &"FileSystemFileHandle".into()).ok()?;
        let prototype = Reflect::get(&file, &"prototype".into()).ok()?;
        let writes = Reflect::has(&prototype, &"createWritable".into()).ok()?;
        let own = folder(&root, ROOT).await.ok()?;
        writes.then_some(Self(own))
    }

    async fn staging(&self) -> Result<FileSystemDirectoryHandle> {
        folder(&self.0, STAGING).await
    }

    async fn kept(&self, kind: &str) -> Result<FileSystemDirectoryHandle> {
        folder(&folder(&self.0, ASSETS).await?, kind).await
    }

    /// The file of an asset. Only names that are made here are looked up.
    async fn file(&self, asset: &Asset) -> Result<Blob> {
        let missing = |reason: String| Error::Missing {
            what: asset.name.clone().unwrap_or_else(|| asset.id.to_string()),
            reason,
        };
        let (kind, id) = named(asset).ok_or_else(|| missing("its place is none of ours".into()))?;
        let get = async { file(&self.kept(kind).await?, &id, false).await };
        let handle = get.await.map_err(|error| match error {
            Error::Missing { reason, .. } => missing(reason),
            other => other,
        })?;
        JsFuture::from(handle.get_file()).await.map_err(failed)?.dyn_into().map_err(failed)
    }
}

async fn root() -> Option<FileSystemDirectoryHandle> {
    JsFuture::from(storage_manager()?.get_directory()).await.ok()?.dyn_into().ok()
}

/// The kind and the id in an asset's path.
fn named(asset: &Asset) -> Option<(&'static str, String)> {
    let AssetPlace::Opfs { path } = &asset.place else { return None };
    let (kind, id) = path.strip_prefix("atelier/assets/")?.split_once('/')?;
    let kind = MediaKind::ALL.into_iter().map(MediaKind::name).find(|name| *name == kind)?;
    let id: AssetId = id.parse().ok()?;
    Some((kind, id.to_string()))
}

pub(super) async fn folder(parent: &FileSystemDirectoryHandle, name: &str) -> Result<FileSystemDirectoryHandle> {
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    let found = JsFuture::from(parent.get_directory_handle_with_options(name, &options)).await;
    found.map_err(failed)?.dyn_into().map_err(failed)
}

pub(super) async fn file(parent: &FileSystemDirectoryHandle, name: &str, create: bool) -> Result<FileSystemFileHandle> {
    let options = FileSystemGetFileOptions::new();
    options.set_create(create);
    let found = JsFuture::from(parent.get_file_handle_with_options(name, &options)).await;
    found.map_err(failed)?.dyn_into().map_err(failed)
}

pub(super) async fn remove(parent: &FileSystemDirectoryHandle, name: &str) -> Result<()> {
    match JsFuture::from(parent.remove_entry(name)).await.map_err(failed) {
        Ok(_) | Err(Error::Missing { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The names in a folder.
pub(super) async fn names(parent: &FileSystemDirectoryHandle) -> Result<Vec<String>> {
    let all: AsyncIterator = parent.keys();
    let mut names = Vec::new();
    loop {
        let next = JsFuture::from(all.next().map_err(failed)?).await.map_err(failed)?;
        let next: IteratorNext = next.unchecked_into();
        if next.done() {
            return Ok(names);
        }
        names.extend(next.value().as_string());
    }
}

/// Writes a content to a private file.
async fn write(file: &FileSystemFileHandle, source: &Source, ticket: &Ticket) -> Result<Staged> {
    match stream_to(file, source, ticket).await {
        // A full disk ends the stream with a word of its own.
        Err(Error::Refused { message, .. }) if has_no_room().await => Err(Error::Full(message)),
        ended => ended,
    }
}

/// Writes a content to a file, which has it whole or not at all.
pub(super) async fn stream_to(file: &FileSystemFileHandle, source: &Source, ticket: &Ticket) -> Result<Staged> {
    let made = JsFuture::from(file.create_writable()).await.map_err(failed)?;
    let stream: FileSystemWritableFileStream = made.dyn_into().map_err(failed)?;
    let wrote = web::stream(source, ticket, async |piece: &Uint8Array| {
        let written = stream.write_with_js_u8_array(piece).map_err(failed)?;
        JsFuture::from(written).await.map(drop).map_err(failed)
    });
    match wrote.await {
        Ok(staged) => JsFuture::from(stream.close()).await.map(|_| staged).map_err(failed),
        Err(error) => {
            // What was written so far goes with the stream.
            drop(JsFuture::from(stream.abort()).await);
            Err(error)
        }
    }
}

async fn has_no_room() -> bool {
    let room = web::quota(&web::Device::default(), &[]).await;
    room.is_some_and(|quota| quota.total.saturating_sub(quota.used) < 16 << 20)
}

/// Gives a file another folder and name.
async fn rename(from: &FileSystemFileHandle, folder: &FileSystemDirectoryHandle, name: &str) -> Result<()> {
    let Some(moved) = moved(from, folder, name) else {
        // Copied, where files can't be moved.
        let blob: Blob = JsFuture::from(from.get_file()).await.map_err(failed)?.dyn_into().map_err(failed)?;
        let to = file(folder, name, true).await?;
        return write(&to, &Source::Blob(blob), &Ticket::default()).await.map(drop);
    };
    moved.await
}

/// Moves a file, where the browser can.
pub(super) fn moved(
    from: &FileSystemFileHandle,
    folder: &FileSystemDirectoryHandle,
    name: &str,
) -> Option<impl Future<Output = Result<()>> + use<>> {
    let rename: Function = Reflect::get(from, &"move".into()).ok()?.dyn_into().ok()?;
    let begun = rename.call2(from, folder, &name.into());
    Some(async move {
        let moved: Promise = begun.map_err(failed)?.dyn_into().map_err(failed)?;
        JsFuture::from(moved).await.map(drop).map_err(failed)
    })
}

/// Runs to its end, whoever waits for it.
pub(super) fn run<T: 'static>(work: impl Future<Output = Result<T>> + 'static) -> BoxFuture<Result<T>> {
    detached(work, || Err(Error::Disconnected("the page is going away".into())))
}

impl Place for Opfs {
    fn stage(&self, id: AssetId, source: Source, ticket: Ticket) -> BoxFuture<Result<Staged>> {
        let this = self.clone();
        // Not to its end whoever waits: a put that nobody waits for is called off.
        Box::pin(async move {
            let staging = this.staging().await?;
            let name = id.to_string();
            let handle = file(&staging, &name, true).await?;
            let staged = write(&handle, &source, &ticket).await;
            if staged.is_err() {
                remove(&staging, &name).await?;
            }
            staged
        })
    }

    fn keep(&self, staged: AssetId, id: AssetId, kind: MediaKind) -> BoxFuture<Result<AssetPlace>> {
        let this = self.clone();
        run(async move {
            let (staging, name) = (this.staging().await?, staged.to_string());
            let handle = file(&staging, &name, false).await?;
            let to = this.kept(kind.name()).await?;
            let id = id.to_string();
            // Nothing is moved over what is there.
            remove(&to, &id).await?;
            rename(&handle, &to, &id).await?;
            remove(&staging, &name).await?;
            Ok(AssetPlace::Opfs { path: format!("{ROOT}/{ASSETS}/{}/{id}", kind.name()) })
        })
    }

    fn discard(&self, id: AssetId) -> BoxFuture<Result<()>> {
        let this = self.clone();
        run(async move { remove(&this.staging().await?, &id.to_string()).await })
    }

    fn read(&self, asset: &Asset, range: Range<u64>) -> BoxFuture<Result<Vec<u8>>> {
        let (this, asset) = (self.clone(), asset.clone());
        run(async move { web::read(&this.file(&asset).await?, range).await })
    }

    fn open(&self, asset: &Asset) -> BoxFuture<Result<Source>> {
        let (this, asset) = (self.clone(), asset.clone());
        run(async move { this.file(&asset).await.map(Source::Blob) })
    }

    fn hash(&self, asset: &Asset, ticket: Ticket) -> BoxFuture<Result<String>> {
        let (this, asset) = (self.clone(), asset.clone());
        run(async move { web::hash(&Source::Blob(this.file(&asset).await?), &ticket).await })
    }

    fn delete(&self, asset: &Asset) -> BoxFuture<Result<()>> {
        let (this, named) = (self.clone(), named(asset));
        run(async move {
            let Some((kind, id)) = named else { return Ok(()) };
            remove(&this.kept(kind).await?, &id).await
        })
    }

    fn sweep(&self, known: BTreeSet<AssetId>) -> BoxFuture<Result<u64>> {
        let this = self.clone();
        run(async move {
            let mut freed = 0;
            let staging = this.staging().await?;
            for name in names(&staging).await? {
                freed += sweep_one(&staging, &name, |_| false).await?;
            }
            for kind in MediaKind::ALL {
                let kept = this.kept(kind.name()).await?;
                for name in names(&kept).await? {
                    freed += sweep_one(&kept, &name, |id| known.contains(&id)).await?;
                }
            }
            Ok(freed)
        })
    }
}

/// Removes a file whose name is an id, unless it stays. Says how many bytes that freed.
async fn sweep_one(parent: &FileSystemDirectoryHandle, name: &str, stays: impl Fn(AssetId) -> bool) -> Result<u64> {
    let Ok(id) = Uuid::try_parse(name).map(AssetId::from_uuid) else { return Ok(0) };
    if stays(id) { Ok(0) } else { free(parent, name).await }
}

/// Removes a file. Says how many bytes that freed.
pub(super) async fn free(parent: &FileSystemDirectoryHandle, name: &str) -> Result<u64> {
    let handle = file(parent, name, false).await?;
    let found: JsValue = JsFuture::from(handle.get_file()).await.map_err(failed)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size: whole and below 2^53")]
    let bytes = found.unchecked_ref::<Blob>().size() as u64;
    match remove(parent, name).await {
        Ok(()) => Ok(bytes),
        // Somebody still writes to it, or did until a moment ago.
        Err(Error::Refused { name, .. }) if name == "NoModificationAllowedError" => Ok(0),
        Err(error) => Err(error),
    }
}
