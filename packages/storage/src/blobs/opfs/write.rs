//! The two ways to write a private file: a worker's own, and the one that every thread has.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use js_sys::Uint8Array;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, FileSystemDirectoryHandle, FileSystemReadWriteOptions, FileSystemSyncAccessHandle,
    FileSystemWritableFileStream,
};

use super::tree::{self, can, file, remove, when_free};
use crate::{
    Error, Result,
    blobs::{
        Known, Staged, Ticket,
        look_web::look,
        web::{self, failed},
    },
};

thread_local! {
    /// The folders that were written to, by their paths: looking one up anew takes as long as writing a picture.
    static FOLDERS: RefCell<BTreeMap<String, FileSystemDirectoryHandle>> = const { RefCell::new(BTreeMap::new()) };
}

/// Whether this thread has quick access to private files: a worker has, in a current browser.
pub(crate) fn has_handles() -> bool {
    can("createSyncAccessHandle")
}

/// Whether this thread can write private files in the way that every thread has.
pub(super) fn has_streams() -> bool {
    can("createWritable")
}

/// Writes a content to a new file of that name, hashes it, and looks at it if that is wanted. When this is done, the bytes are on the
/// disk. What fails leaves nothing.
pub(crate) async fn write(
    folder: &[String],
    name: &str,
    content: Blob,
    known: Option<Known>,
    is_looked_at: bool,
    ticket: &Ticket,
) -> Result<Staged> {
    let place = folder.join("/");
    let made = FOLDERS.with_borrow(|folders| folders.get(&place).cloned());
    if let Some(made) = made {
        match write_in(&made, name, content.clone(), known.clone(), is_looked_at, ticket).await {
            // Somebody has cleared what this origin stores; a folder can be made again.
            Err(Error::Missing { .. }) => {}
            done => return done,
        }
    }
    let none = || Error::Unavailable("this window has no access to private files".into());
    let mut parent = tree::root().await.ok_or_else(none)?;
    for name in folder {
        parent = tree::folder(&parent, name).await?;
    }
    FOLDERS.with_borrow_mut(|folders| folders.insert(place, parent.clone()));
    write_in(&parent, name, content, known, is_looked_at, ticket).await
}

/// The same in a folder that is at hand.
pub(super) async fn write_in(
    folder: &FileSystemDirectoryHandle,
    name: &str,
    content: Blob,
    known: Option<Known>,
    is_looked_at: bool,
    ticket: &Ticket,
) -> Result<Staged> {
    let written = if has_handles() {
        with_handle(folder, name, &content, known, ticket).await
    } else {
        with_stream(folder, name, &content, known, ticket).await
    };
    match written {
        // Looked at last: a content is worth more than a picture of it.
        Ok(staged) if is_looked_at => Ok(Staged { look: look(&content, &staged.head).await, ..staged }),
        Ok(staged) => Ok(staged),
        Err(error) => {
            // Whoever wrote may let it go a moment later. What can't be removed even then, the next sweep finds; the first error is the
            // one that tells something.
            let _left = when_free(async || remove(folder, name).await).await;
            match error {
                // A full disk ends the writing with a word of its own.
                Error::Refused { message, .. } if has_no_room().await => Err(Error::Full(message)),
                error => Err(error),
            }
        }
    }
}

/// Writes a copy of a content, under its name only when it is complete.
pub(in crate::blobs) async fn copy(content: &Blob, folder: &FileSystemDirectoryHandle, name: &str) -> Result<()> {
    with_stream(folder, name, content, None, &Ticket::default()).await.map(drop)
}

/// Through the browser's own streams: what they write gets its name when they are closed.
pub(in crate::blobs) async fn with_stream(
    folder: &FileSystemDirectoryHandle,
    name: &str,
    content: &Blob,
    known: Option<Known>,
    ticket: &Ticket,
) -> Result<Staged> {
    if !has_streams() {
        return Err(Error::Unavailable("this browser can't write its private files".into()));
    }
    let file = file(folder, name, true).await?;
    let made = when_free(async || JsFuture::from(file.create_writable()).await.map_err(failed)).await?;
    let stream: FileSystemWritableFileStream = made.dyn_into().map_err(failed)?;
    let written = web::stream(content, known, ticket, async |piece: &Uint8Array| {
        let written = stream.write_with_js_u8_array(piece).map_err(failed)?;
        JsFuture::from(written).await.map(drop).map_err(failed)
    });
    match written.await {
        Ok(staged) => JsFuture::from(stream.close()).await.map(|_| staged).map_err(failed),
        Err(error) => {
            // What was written so far goes with the stream.
            drop(JsFuture::from(stream.abort()).await);
            Err(error)
        }
    }
}

/// Through a handle that nobody else has while this one exists.
async fn with_handle(
    folder: &FileSystemDirectoryHandle,
    name: &str,
    content: &Blob,
    known: Option<Known>,
    ticket: &Ticket,
) -> Result<Staged> {
    let open = async || {
        let file = file(folder, name, true).await?;
        let opened = JsFuture::from(file.create_sync_access_handle()).await.map_err(failed)?;
        Ok(Open { handle: opened.unchecked_into(), at: Cell::new(0.) })
    };
    let open = when_free(open).await?;
    if open.handle.get_size().map_err(failed)? > 0. {
        open.handle.truncate_with_f64(0.).map_err(failed)?;
    }
    // The room is asked for once, not with every piece.
    if content.size() > f64::from(web::WRITTEN) {
        open.handle.truncate_with_f64(content.size()).map_err(failed)?;
    }
    let staged = web::stream(content, known, ticket, async |piece: &Uint8Array| open.append(piece)).await?;
    open.handle.flush().map_err(failed)?;
    Ok(staged)
}

/// A file that is being written by a worker. It is closed when it goes.
struct Open {
    handle: FileSystemSyncAccessHandle,
    at: Cell<f64>,
}

impl Open {
    fn append(&self, piece: &Uint8Array) -> Result<()> {
        let options = FileSystemReadWriteOptions::new();
        options.set_at(self.at.get());
        let written = self.handle.write_with_js_u8_array_and_options(piece, &options).map_err(failed)?;
        self.at.set(self.at.get() + written);
        if written < f64::from(piece.length()) {
            return Err(Error::Refused { name: "short write".into(), message: "not all bytes were taken".into() });
        }
        Ok(())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.handle.close();
    }
}

async fn has_no_room() -> bool {
    let room = web::quota(&web::Device::default(), &[]).await;
    room.is_some_and(|quota| quota.total.saturating_sub(quota.used) < 16 << 20)
}
