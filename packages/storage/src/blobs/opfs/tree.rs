//! Folders and files of the browser's, whichever thread asks.

use std::time::Duration;

use js_sys::{AsyncIterator, Function, IteratorNext, Promise, Reflect};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions, FileSystemGetFileOptions,
};

use crate::{
    Error, Result,
    blobs::web::{failed, storage_manager},
    platform::sleep,
};

/// How often and after what pause something is repeated that is refused while a file is open.
const TRIES: usize = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// The folder of this origin's private files, if it has any.
pub(in crate::blobs) async fn root() -> Option<FileSystemDirectoryHandle> {
    let storage = storage_manager()?;
    // Older browsers have the one without the other.
    let get: Function = Reflect::get(&storage, &"getDirectory".into()).ok()?.dyn_into().ok()?;
    let root: Promise = get.call0(&storage).ok()?.dyn_into().ok()?;
    JsFuture::from(root).await.ok()?.dyn_into().ok()
}

/// Whether this thread's file handles have a method.
pub(in crate::blobs) fn can(method: &str) -> bool {
    let find = || {
        let class = Reflect::get(&js_sys::global(), &"FileSystemFileHandle".into()).ok()?;
        let prototype = Reflect::get(&class, &"prototype".into()).ok()?;
        Reflect::has(&prototype, &method.into()).ok()
    };
    find().unwrap_or(false)
}

/// A folder in a folder. It is made if need be.
pub(in crate::blobs) async fn folder(
    parent: &FileSystemDirectoryHandle,
    name: &str,
) -> Result<FileSystemDirectoryHandle> {
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    let found = JsFuture::from(parent.get_directory_handle_with_options(name, &options)).await;
    found.map_err(failed)?.dyn_into().map_err(failed)
}

/// A file in a folder.
pub(in crate::blobs) async fn file(
    parent: &FileSystemDirectoryHandle,
    name: &str,
    create: bool,
) -> Result<FileSystemFileHandle> {
    let options = FileSystemGetFileOptions::new();
    options.set_create(create);
    let found = JsFuture::from(parent.get_file_handle_with_options(name, &options)).await;
    found.map_err(failed)?.dyn_into().map_err(failed)
}

/// What is in a file.
pub(in crate::blobs) async fn content(file: &FileSystemFileHandle) -> Result<Blob> {
    JsFuture::from(file.get_file()).await.map_err(failed)?.dyn_into().map_err(failed)
}

/// Removes a file. A missing one is fine.
pub(in crate::blobs) async fn remove(parent: &FileSystemDirectoryHandle, name: &str) -> Result<()> {
    match JsFuture::from(parent.remove_entry(name)).await.map_err(failed) {
        Ok(_) | Err(Error::Missing { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The names in a folder.
pub(in crate::blobs) async fn names(parent: &FileSystemDirectoryHandle) -> Result<Vec<String>> {
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

/// Gives a file another folder and name. None: this browser moves no files.
pub(in crate::blobs) async fn rename(
    from: &FileSystemFileHandle,
    folder: &FileSystemDirectoryHandle,
    name: &str,
) -> Option<Result<()>> {
    let rename: Function = Reflect::get(from, &"move".into()).ok()?.dyn_into().ok()?;
    let moved = async || {
        let moved: Promise = rename.call2(from, folder, &name.into()).map_err(failed)?.dyn_into().map_err(failed)?;
        JsFuture::from(moved).await.map(drop).map_err(failed)
    };
    Some(when_free(moved).await)
}

/// Repeats what the browser refuses while somebody has the file open: a worker that was ended lets it go a moment later.
pub(in crate::blobs) async fn when_free<T>(work: impl AsyncFn() -> Result<T>) -> Result<T> {
    for _ in 0..TRIES {
        match work().await {
            Err(error) if is_open(&error) => sleep(PAUSE).await,
            done => return done,
        }
    }
    work().await
}

/// Whether something was refused because somebody has the file open.
pub(in crate::blobs) fn is_open(error: &Error) -> bool {
    matches!(error, Error::Refused { name, .. } if name == "NoModificationAllowedError")
}

/// How large a content is, in bytes.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size: whole and below 2^53")]
pub(in crate::blobs) fn size(content: &Blob) -> u64 {
    content.size() as u64
}
