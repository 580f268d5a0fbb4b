//! Bytes in the origin private file system: `atelier/assets/<kind>/<id>`, staged in `atelier/staging/<id>`.
//!
//! The page's worker writes them ([`crate::worker`]); without one the page does, through the browser's own streams. Either way a
//! content has its temporary name until it is complete and on the disk, and is then moved. What is known already is written under its
//! own name: until it is complete it has no row, and so is nobody's.

pub(super) mod tree;
pub(super) mod write;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    rc::Rc,
};

use uuid::Uuid;
use web_sys::{Blob, FileSystemDirectoryHandle};

use super::{Place, Source, Staged, Ticket, web};
use crate::{
    BoxFuture, Error, Result,
    model::{Asset, AssetId, AssetPlace, MediaKind},
    platform::detached,
    worker,
};
use tree::{content, file, folder, is_open, names, remove, rename, when_free};
pub(crate) use write::{has_handles, write};

const ROOT: &str = "atelier";
const ASSETS: &str = "assets";
const STAGING: &str = "staging";

/// Who reads, hashes and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The page's worker. The page itself, if there is none.
    Worker,
    /// The page.
    Page,
}

/// The private files of this origin.
#[derive(Clone)]
pub struct Opfs {
    own: FileSystemDirectoryHandle,
    /// Where that is below the origin's folder.
    path: Vec<String>,
    by: By,
    /// The folders that were used, by their names: to look one up takes as long as to move a file.
    folders: Rc<RefCell<BTreeMap<String, FileSystemDirectoryHandle>>>,
    /// What got its own name at once, since it was known what it is, and waits to be kept.
    early: Rc<RefCell<BTreeMap<AssetId, MediaKind>>>,
}

impl Opfs {
    /// The private files, if this window has any that can be written.
    pub(crate) async fn open() -> Option<Self> {
        let files = Self::under(Vec::new(), By::Worker).await?;
        // Some browsers write them in a worker only. The others need none before there is something to write.
        (write::has_streams() || worker::client::client().has_handles().await).then_some(files)
    }

    /// The same in a folder of its own: for tests.
    pub async fn open_in(name: &str, by: By) -> Option<Self> {
        Self::under(vec![name.to_owned()], by).await
    }

    async fn under(mut path: Vec<String>, by: By) -> Option<Self> {
        path.push(ROOT.to_owned());
        let mut own = tree::root().await?;
        for name in &path {
            own = folder(&own, name).await.ok()?;
        }
        Some(Self { own, path, by, folders: Rc::default(), early: Rc::default() })
    }

    async fn staging(&self) -> Result<FileSystemDirectoryHandle> {
        self.folder(STAGING, || folder(&self.own, STAGING)).await
    }

    async fn kept(&self, kind: &str) -> Result<FileSystemDirectoryHandle> {
        self.folder(kind, async || folder(&folder(&self.own, ASSETS).await?, kind).await).await
    }

    /// Where something is staged, as the names of the folders.
    fn names_of_folder(&self, id: AssetId) -> Vec<String> {
        let own: &[&str] = match self.early.borrow().get(&id) {
            Some(kind) => &[ASSETS, kind.name()],
            None => &[STAGING],
        };
        self.path.iter().map(String::as_str).chain(own.iter().copied()).map(str::to_owned).collect()
    }

    /// The same folder itself.
    async fn folder_of(&self, id: AssetId) -> Result<FileSystemDirectoryHandle> {
        let early = self.early.borrow().get(&id).copied();
        match early {
            Some(kind) => self.kept(kind.name()).await,
            None => self.staging().await,
        }
    }

    /// A folder that was used before, or else what is found.
    async fn folder(
        &self,
        name: &str,
        find: impl AsyncFnOnce() -> Result<FileSystemDirectoryHandle>,
    ) -> Result<FileSystemDirectoryHandle> {
        let used = self.folders.borrow().get(name).cloned();
        if let Some(used) = used {
            return Ok(used);
        }
        let found = find().await?;
        self.folders.borrow_mut().insert(name.to_owned(), found.clone());
        Ok(found)
    }

    /// Does something with folders. They may be gone, if somebody has cleared what this origin stores: then they are made again.
    async fn with_folders<T>(&self, work: impl AsyncFn() -> Result<T>) -> Result<T> {
        match work().await {
            Err(Error::Missing { .. }) if !self.folders.borrow().is_empty() => {
                self.folders.borrow_mut().clear();
                work().await
            }
            done => done,
        }
    }

    /// The file of an asset. Only names that are made here are looked up.
    async fn file(&self, asset: &Asset) -> Result<Blob> {
        let missing = |reason: String| Error::Missing {
            what: asset.name.clone().unwrap_or_else(|| asset.id.to_string()),
            reason,
        };
        let (kind, id) = named(asset).ok_or_else(|| missing("its place is none of ours".into()))?;
        let get = async || file(&self.kept(kind).await?, &id, false).await;
        let handle = self.with_folders(get).await.map_err(|error| match error {
            Error::Missing { reason, .. } => missing(reason),
            other => other,
        })?;
        content(&handle).await
    }
}

/// The kind and the id in an asset's path.
fn named(asset: &Asset) -> Option<(&'static str, String)> {
    let AssetPlace::Opfs { path } = &asset.place else { return None };
    let (kind, id) = path.strip_prefix("atelier/assets/")?.split_once('/')?;
    let kind = MediaKind::ALL.into_iter().map(MediaKind::name).find(|name| *name == kind)?;
    let id: AssetId = id.parse().ok()?;
    Some((kind, id.to_string()))
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
            let (name, known, content) = (id.to_string(), source.known(), source.to_blob()?);
            // To move a file takes half as long as to write a small one.
            if let Some(known) = &known {
                this.early.borrow_mut().insert(id, known.kind);
            }
            if this.by == By::Worker {
                let folder = this.names_of_folder(id);
                let written =
                    worker::client::client().write(&folder, name.clone(), &content, known.clone(), &ticket).await;
                if let Some(staged) = written {
                    if staged.is_ok() && ticket.is_cancelled() {
                        // Called off while the worker told of the end.
                        when_free(async || remove(&this.folder_of(id).await?, &name).await).await?;
                        return Err(Error::Cancelled);
                    }
                    return staged;
                }
            }
            let write = async || {
                write::write_in(&this.folder_of(id).await?, &name, content.clone(), known.clone(), true, &ticket).await
            };
            this.with_folders(write).await
        })
    }

    fn keep(&self, staged: AssetId, id: AssetId, kind: MediaKind) -> BoxFuture<Result<AssetPlace>> {
        let this = self.clone();
        run(async move {
            let name = id.to_string();
            let place = AssetPlace::Opfs { path: format!("{ROOT}/{ASSETS}/{}/{name}", kind.name()) };
            if staged == id && this.early.borrow().get(&id) == Some(&kind) {
                this.early.borrow_mut().remove(&id);
                return Ok(place);
            }
            let find = async || {
                let from = async { file(&this.folder_of(staged).await?, &staged.to_string(), false).await };
                let (handle, to) = futures::join!(from, this.kept(kind.name()));
                Ok((handle?, to?))
            };
            let (handle, to) = this.with_folders(find).await?;
            if staged != id {
                // Nothing is moved over what is there.
                remove(&to, &name).await?;
            }
            match rename(&handle, &to, &name).await {
                Some(renamed) => renamed?,
                // Copied, where files can't be moved. What streams write has its name only when it is complete.
                None => {
                    write::copy(&content(&handle).await?, &to, &name).await?;
                    remove(&this.folder_of(staged).await?, &staged.to_string()).await?;
                }
            }
            this.early.borrow_mut().remove(&staged);
            Ok(place)
        })
    }

    fn discard(&self, id: AssetId) -> BoxFuture<Result<()>> {
        let this = self.clone();
        run(async move {
            let (folder, name) = (this.folder_of(id).await?, id.to_string());
            when_free(async || remove(&folder, &name).await).await?;
            this.early.borrow_mut().remove(&id);
            Ok(())
        })
    }

    fn staging_folder(&self) -> Option<Vec<String>> {
        let names = || self.path.iter().cloned().chain([STAGING.to_owned()]).collect();
        (self.by == By::Worker).then(names)
    }

    fn open_staged(&self, id: AssetId) -> BoxFuture<Result<Blob>> {
        let this = self.clone();
        run(async move { content(&file(&this.staging().await?, &id.to_string(), false).await?).await })
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
        run(async move {
            let content = this.file(&asset).await?;
            match this.by {
                By::Worker => web::hash(&content, &ticket).await,
                By::Page => web::hash_here(&content, &ticket).await.map(|staged| staged.hash),
            }
        })
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
            // Nobody is in a hurry: they are looked up anew.
            this.folders.borrow_mut().clear();
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
    let sized = async { Ok(tree::size(&content(&file(parent, name, false).await?).await?)) };
    let bytes = match sized.await {
        // Another tab has removed what it had staged.
        Err(Error::Missing { .. }) => return Ok(0),
        bytes => bytes?,
    };
    match remove(parent, name).await {
        Ok(()) => Ok(bytes),
        // Somebody still writes to it, or did until a moment ago.
        Err(error) if is_open(&error) => Ok(0),
        Err(error) => Err(error),
    }
}
