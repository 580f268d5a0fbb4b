//! Bytes in a folder of the disk that the user chose, through the browser's File System Access: `atelier/<handle>/<id>`.
//!
//! The folder in the middle has the name of the handle's row, so two devices may share what was chosen and neither sweeps what
//! belongs to the other. What is staged has a name of its own beside where it will be, and is moved there when it is whole.

use std::{collections::BTreeSet, ops::Range, str::FromStr};

use js_sys::Reflect;
use uuid::Uuid;
use web_sys::{Blob, FileSystemDirectoryHandle, FileSystemFileHandle};

use super::{
    Place, Source, Staged, Ticket,
    look_web::look,
    opfs::{
        free, run,
        tree::{self, content, file, folder, names, remove},
        write,
    },
    web,
};
use crate::{
    BoxFuture, Error, Result,
    model::{Asset, AssetId, AssetPlace, MediaKind},
};

/// The name of every folder of ours, in whatever it is.
const ATELIER: &str = "atelier";
/// What the name of something that is only staged ends with.
const PART: &str = ".part";

/// A folder that the user chose. Clones are the same place.
#[derive(Clone)]
pub struct Folder {
    root: FileSystemDirectoryHandle,
    handle: String,
}

impl Folder {
    /// `handle` names the row of `root`, and a folder in it.
    pub fn new(root: FileSystemDirectoryHandle, handle: Uuid) -> Self {
        Self { root, handle: handle.hyphenated().to_string() }
    }

    /// Whether this browser lets its users choose a folder for a page to write to.
    pub fn is_offered() -> bool {
        let global = js_sys::global();
        Reflect::get(&global, &"showDirectoryPicker".into()).is_ok_and(|picker| picker.is_function())
    }

    /// Finds out whether bytes can be put there.
    ///
    /// # Errors
    /// [`Error::Missing`]: it is gone, or the browser doesn't let us in.
    pub(super) async fn check(&self) -> Result<()> {
        self.base().await.map(drop)
    }

    /// Those of the assets whose files are here.
    pub(super) async fn holds(&self, assets: &[Asset]) -> Result<BTreeSet<AssetId>> {
        let there: BTreeSet<_> = names(&self.base().await?).await.map_err(closed)?.into_iter().collect();
        let ours = assets.iter().filter(|asset| asset.place == self.place() && there.contains(&asset.id.to_string()));
        Ok(ours.map(|asset| asset.id).collect())
    }

    /// The folder of everything, made if it is missing.
    async fn base(&self) -> Result<FileSystemDirectoryHandle> {
        let made = async { folder(&folder(&self.root, ATELIER).await?, &self.handle).await };
        made.await.map_err(|error| match closed(error) {
            Error::Missing { reason, .. } => {
                Error::Missing { what: format!("the folder “{}”", self.root.name()), reason }
            }
            other => other,
        })
    }

    /// What a row says of every file of ours.
    fn place(&self) -> AssetPlace {
        AssetPlace::FsHandle { handle_id: self.handle.clone() }
    }

    /// The file of an asset. Only names that are made here are looked up.
    async fn file(&self, asset: &Asset) -> Result<Blob> {
        let missing = |reason: String| Error::Missing {
            what: asset.name.clone().unwrap_or_else(|| asset.id.to_string()),
            reason,
        };
        if asset.place != self.place() {
            return Err(missing("its place is none of ours".into()));
        }
        let get = async { content(&file(&self.base().await?, &asset.id.to_string(), false).await?).await };
        get.await.map_err(|error| match closed(error) {
            Error::Missing { reason, .. } => missing(reason),
            other => other,
        })
    }
}

/// That the browser doesn't let us in, as what it is: nothing of it is here for us.
fn closed(error: Error) -> Error {
    match error {
        Error::Refused { name, .. } if name == "NotAllowedError" => {
            Error::Missing { what: "the folder for media".into(), reason: "it has to be allowed again".into() }
        }
        other => other,
    }
}

fn part(id: AssetId) -> String {
    format!("{id}{PART}")
}

/// An id as we write it: other spellings of one are not ours.
fn as_id(name: &str) -> Option<AssetId> {
    AssetId::from_str(name).ok().filter(|id| id.to_string() == name)
}

/// Gives a file another name in its folder. Some systems' folders can't do that; then it is copied, which is as whole.
async fn rename(from: &FileSystemFileHandle, base: &FileSystemDirectoryHandle, name: &str) -> Result<()> {
    match tree::rename(from, base, name).await {
        Some(Err(Error::Refused { name: reason, .. })) if reason != "NotAllowedError" => copy(from, base, name).await,
        Some(moved) => moved,
        None => copy(from, base, name).await,
    }
}

async fn copy(from: &FileSystemFileHandle, base: &FileSystemDirectoryHandle, name: &str) -> Result<()> {
    let copied = write::copy(&content(from).await?, base, name).await;
    if copied.is_err() {
        // An empty file of that name would be taken for the content.
        remove(base, name).await?;
    }
    copied.map(drop)
}

impl Place for Folder {
    fn stage(&self, id: AssetId, source: Source, ticket: Ticket) -> BoxFuture<Result<Staged>> {
        let this = self.clone();
        // Not to its end whoever waits: a put that nobody waits for is called off.
        Box::pin(async move {
            let (base, name) = (this.base().await?, part(id));
            let (known, content) = (source.known(), source.to_blob()?);
            match write::with_stream(&base, &name, &content, known, &ticket).await {
                // Looked at last: a content is worth more than a picture of it.
                Ok(staged) => Ok(Staged { look: look(&content, &staged.head).await, ..staged }),
                Err(error) => {
                    // What can't be removed now, the next sweep finds; the first error is the one that tells something.
                    let _left = remove(&base, &name).await;
                    Err(closed(error))
                }
            }
        })
    }

    fn keep(&self, staged: AssetId, id: AssetId, _kind: MediaKind) -> BoxFuture<Result<AssetPlace>> {
        let this = self.clone();
        run(async move {
            let (base, name, id) = (this.base().await?, part(staged), id.to_string());
            let work = async {
                let handle = file(&base, &name, false).await?;
                // Nothing is moved over what is there.
                remove(&base, &id).await?;
                rename(&handle, &base, &id).await?;
                remove(&base, &name).await
            };
            work.await.map_err(closed)?;
            Ok(this.place())
        })
    }

    fn discard(&self, id: AssetId) -> BoxFuture<Result<()>> {
        let this = self.clone();
        run(async move { remove(&this.base().await?, &part(id)).await.map_err(closed) })
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
        run(async move { web::hash(&this.file(&asset).await?, &ticket).await })
    }

    fn delete(&self, asset: &Asset) -> BoxFuture<Result<()>> {
        let (this, asset) = (self.clone(), asset.clone());
        run(async move {
            if asset.place != this.place() {
                return Ok(());
            }
            remove(&this.base().await?, &asset.id.to_string()).await.map_err(closed)
        })
    }

    fn sweep(&self, known: BTreeSet<AssetId>) -> BoxFuture<Result<u64>> {
        let this = self.clone();
        run(async move {
            let base = match this.base().await {
                // A folder that isn't there now is swept when it is.
                Err(Error::Missing { .. }) => return Ok(0),
                base => base?,
            };
            let mut freed = 0;
            for name in names(&base).await.map_err(closed)? {
                let staged = name.strip_suffix(PART).and_then(as_id);
                if staged.is_some() || as_id(&name).is_some_and(|id| !known.contains(&id)) {
                    freed += free(&base, &name).await.map_err(closed)?;
                }
            }
            Ok(freed)
        })
    }
}
