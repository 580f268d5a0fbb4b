//! A place in a folder of the disk: each content is a file of its own.
//!
//! Bytes are written to `.<id>.part` beside where they will be, so that the last step is a rename, which happens whole or not at
//! all. What is small need not be synced for it to last: [`journal`]. Below the root there is either one folder for each [`MediaKind`] (the application's own folder, `atelier/assets`), or,
//! in a folder that the user chose, one folder with the handle's name: so two devices may share a folder and neither sweeps
//! what belongs to the other.

mod journal;

use std::{
    collections::BTreeSet,
    fs,
    io::{Read, Seek, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use tracing::debug;
use uuid::Uuid;

use super::{
    Known, Place, Source, Staged, Ticket,
    blocking::{blocking, cancellable, lost_thread},
    disk, look_native,
    reader::{BUFFER, Reader},
};
use crate::{
    BoxFuture, Error, Result,
    backend::sqlite::Sqlite,
    model::{Asset, AssetId, AssetPlace, MediaKind},
};

use journal::{Journal, Room};

/// A folder in which contents are kept. Clones are the same place.
#[derive(Clone, Debug)]
pub struct Files(Arc<Scheme>);

/// How the folder is laid out.
#[derive(Debug)]
struct Scheme {
    /// What must be there. The folders below it are made when they are needed.
    root: PathBuf,
    /// The folders below the root, in which everything else is.
    inner: [String; 2],
    /// The row in `handles` that names the root, if it isn't ours.
    handle: Option<String>,
    /// What makes small files last before they are synced.
    journal: Option<Journal>,
}

/// A file that has its name, and what makes it last.
struct Unsynced {
    room: Room,
    bytes: Vec<u8>,
}

/// The name of every folder of ours, in whatever it is.
const ATELIER: &str = "atelier";

impl Files {
    /// The application's own files, below its data folder.
    pub fn own(data: &Path) -> Self {
        Self::own_with(data, None)
    }

    /// The same for whoever has the folder's database: small contents are noted in it, and their files synced later.
    pub fn beside(data: &Path, database: Sqlite) -> Self {
        Self::own_with(data, Some(Journal::new(database)))
    }

    fn own_with(data: &Path, journal: Option<Journal>) -> Self {
        let inner = [ATELIER.into(), "assets".into()];
        Self(Arc::new(Scheme { root: data.to_owned(), inner, handle: None, journal }))
    }

    /// Writes anew what a loss of power has left of small files. Before anybody reads one.
    ///
    /// # Errors
    /// The database can't be read. A file that can't be written is left as it is, and its note too.
    pub async fn recover(&self) -> Result<()> {
        match &self.0.journal {
            Some(journal) => journal.recover(Arc::clone(&self.0)).await,
            None => Ok(()),
        }
    }

    /// A folder that the user chose. `handle` names its row, and a folder in it.
    pub fn chosen(folder: &Path, handle: Uuid) -> Self {
        let handle = handle.hyphenated().to_string();
        let inner = [ATELIER.into(), handle.clone()];
        Self(Arc::new(Scheme { root: folder.to_owned(), inner, handle: Some(handle), journal: None }))
    }

    /// Finds out whether bytes can be put there.
    pub fn check(&self) -> BoxFuture<Result<()>> {
        let scheme = Arc::clone(&self.0);
        blocking(move || scheme.check())
    }

    /// Those of the assets whose files are here.
    pub fn holds(&self, assets: Vec<Asset>) -> BoxFuture<Result<BTreeSet<AssetId>>> {
        let scheme = Arc::clone(&self.0);
        blocking(move || {
            let is_here = |asset: &Asset| scheme.file(asset).is_ok_and(|file| file.is_file());
            Ok(assets.into_iter().filter(is_here).map(|asset| asset.id).collect())
        })
    }
}

impl Scheme {
    /// The folder of everything.
    fn base(&self) -> PathBuf {
        let [outer, inner] = &self.inner;
        self.root.join(outer).join(inner)
    }

    fn make_base(&self) -> Result<PathBuf> {
        let mut folder = self.root.clone();
        for name in &self.inner {
            folder.push(name);
            disk::make_folder(&folder)?;
        }
        Ok(folder)
    }

    /// The folder of kept files of a kind.
    fn folder(&self, kind: MediaKind) -> PathBuf {
        if self.handle.is_some() { self.base() } else { self.base().join(kind.name()) }
    }

    /// The folders that may hold kept files.
    fn folders(&self) -> Vec<PathBuf> {
        let kinds = if self.handle.is_some() { &MediaKind::ALL[..1] } else { &MediaKind::ALL[..] };
        kinds.iter().map(|kind| self.folder(*kind)).collect()
    }

    /// The name of what is staged.
    fn part(&self, id: AssetId) -> PathBuf {
        self.base().join(format!(".{id}.part"))
    }

    /// What a row says of the file of this name.
    fn place(&self, id: AssetId, kind: MediaKind) -> AssetPlace {
        match &self.handle {
            Some(handle_id) => AssetPlace::FsHandle { handle_id: handle_id.clone() },
            None => AssetPlace::Opfs { path: format!("{}/{}/{id}", self.inner.join("/"), kind.name()) },
        }
    }

    /// The kind that an asset's file goes by. None: it has no file here. Only what [`Scheme::place`] makes is one, whatever else a
    /// row may say.
    fn kind(&self, asset: &Asset) -> Option<MediaKind> {
        MediaKind::ALL.into_iter().find(|kind| self.place(asset.id, *kind) == asset.place)
    }

    /// The file of an asset.
    fn file(&self, asset: &Asset) -> Result<PathBuf> {
        let nowhere = || Error::Missing {
            what: asset.name.clone().unwrap_or_else(|| asset.id.to_string()),
            reason: format!("{:?} is no file of {}", asset.place, self.root.display()),
        };
        Ok(self.path(asset.id, self.kind(asset).ok_or_else(nowhere)?))
    }

    /// The name of what is kept.
    fn path(&self, id: AssetId, kind: MediaKind) -> PathBuf {
        self.folder(kind).join(id.to_string())
    }

    fn check(&self) -> Result<()> {
        let probe = self.make_base()?.join(".probe.part");
        let written = fs::write(&probe, b"Atelier").map_err(|error| disk::failed(&probe, &error));
        disk::remove(&probe)?;
        written
    }

    fn stage(&self, id: AssetId, source: Source, ticket: &Ticket) -> Result<Staged> {
        let (known, source) = (source.known(), Reader::open(source)?);
        let part = self.part(id);
        let file = match disk::NewFile::create(&part) {
            Err(Error::Missing { .. }) => {
                self.make_base()?;
                disk::NewFile::create(&part)?
            }
            file => file?,
        };
        let staged = write(file, &part, source, known, ticket, self.journal.is_some());
        if staged.is_err() {
            // What can't be removed now, the next sweep finds; the first error is the one that tells something.
            let _left = disk::remove(&part);
        }
        staged
    }

    /// Gives what was staged its name. What is then to be noted of it is the answer; of all else the disk has it.
    fn keep(&self, staged: AssetId, id: AssetId, kind: MediaKind) -> Result<Option<Unsynced>> {
        let (part, folder) = (self.part(staged), self.folder(kind));
        let size = fs::metadata(&part).map_err(|error| disk::failed(&part, &error))?.len();
        let mut unsynced = None;
        if let Some(journal) = self.journal.as_ref().filter(|_| size <= journal::SMALL) {
            match journal.room(id, kind, size) {
                Some(room) => {
                    let bytes = fs::read(&part).map_err(|error| disk::failed(&part, &error))?;
                    unsynced = Some(Unsynced { room, bytes });
                }
                None => disk::sync_file(&part)?,
            }
        }
        let file = self.path(id, kind);
        match disk::rename(&part, &file) {
            Err(Error::Missing { .. }) => {
                disk::make_folder(&folder)?;
                disk::rename(&part, &file)?;
            }
            renamed => renamed?,
        }
        if unsynced.is_none() {
            disk::sync_folder_together(&folder)?;
        }
        Ok(unsynced)
    }

    fn read(&self, asset: &Asset, range: Range<u64>) -> Result<Vec<u8>> {
        let path = self.file(asset)?;
        let mut file = disk::open(&path)?;
        let failed = |error: std::io::Error| disk::failed(&path, &error);
        // A range that goes far beyond the end must not ask for memory.
        let end = range.end.min(file.metadata().map_err(failed)?.len());
        let mut bytes = Vec::new();
        if range.start < end {
            file.seek(SeekFrom::Start(range.start)).map_err(failed)?;
            file.take(end - range.start).read_to_end(&mut bytes).map_err(failed)?;
        }
        Ok(bytes)
    }

    fn sweep(&self, known: &BTreeSet<AssetId>) -> Result<u64> {
        let mut freed = 0;
        for file in files_in(&self.base())? {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let staged = name.strip_prefix('.').and_then(|name| name.strip_suffix(".part"));
            if staged.is_some_and(|id| id == "probe" || as_id(id).is_some()) {
                freed += disk::remove(&file)?;
            }
        }
        for folder in self.folders() {
            for file in files_in(&folder)? {
                let id = file.file_name().and_then(|name| name.to_str()).and_then(as_id);
                if id.is_some_and(|id| !known.contains(&id)) {
                    freed += disk::remove(&file)?;
                }
            }
        }
        Ok(freed)
    }
}

/// An id as we write it: other spellings of one are not ours.
fn as_id(name: &str) -> Option<AssetId> {
    AssetId::from_str(name).ok().filter(|id| id.to_string() == name)
}

/// The files in a folder; none if there is no folder.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let failed = |error: std::io::Error| disk::failed(folder, &error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_file() {
            files.push(entry.path());
        }
    }
    Ok(files)
}

/// Writes a source to a new file, `part`, and looks at it if it is a picture. When this returns, the disk has it, unless it is small
/// and that `waits`.
fn write(
    mut file: disk::NewFile,
    part: &Path,
    source: Reader,
    known: Option<Known>,
    ticket: &Ticket,
    waits: bool,
) -> Result<Staged> {
    let digest = source.stream(BUFFER, ticket, known, |piece| file.write(piece))?;
    if !waits || digest.bytes() > journal::SMALL {
        file.finish()?;
    }
    look_native::staged(digest, Source::File(part.to_owned()))
}

impl Place for Files {
    fn stage(&self, id: AssetId, source: Source, ticket: Ticket) -> BoxFuture<Result<Staged>> {
        let scheme = Arc::clone(&self.0);
        cancellable(ticket.clone(), move || scheme.stage(id, source, &ticket))
    }

    fn keep(&self, staged: AssetId, id: AssetId, kind: MediaKind) -> BoxFuture<Result<AssetPlace>> {
        let scheme = Arc::clone(&self.0);
        let named = blocking({
            let scheme = Arc::clone(&scheme);
            move || scheme.keep(staged, id, kind)
        });
        // To its end, whoever waits: a file that has its name may be one that a row has named for long.
        let lasting = tokio::spawn(async move {
            // It has its name before it is noted: a note whose file is missing is one of a file that was removed.
            if let Some(Unsynced { room, bytes }) = named.await?
                && let Err(error) = room.fill(bytes, Arc::clone(&scheme)).await
            {
                debug!(error = error.code(), asset = %id, "a small file can't be noted, so it is synced");
                let (file, folder) = (scheme.path(id, kind), scheme.folder(kind));
                let sync = move || disk::sync_file(&file).and_then(|()| disk::sync_folder_together(&folder));
                blocking(sync).await?;
            }
            Ok(scheme.place(id, kind))
        });
        Box::pin(async move { lasting.await.unwrap_or_else(|lost| Err(lost_thread(&lost))) })
    }

    fn discard(&self, id: AssetId) -> BoxFuture<Result<()>> {
        let part = self.0.part(id);
        blocking(move || disk::remove(&part).map(drop))
    }

    fn read(&self, asset: &Asset, range: Range<u64>) -> BoxFuture<Result<Vec<u8>>> {
        let (scheme, asset) = (Arc::clone(&self.0), asset.clone());
        blocking(move || scheme.read(&asset, range))
    }

    fn open(&self, asset: &Asset) -> BoxFuture<Result<Source>> {
        let file = self.0.file(asset);
        blocking(move || {
            let file = file?;
            disk::open(&file)?;
            Ok(Source::File(file))
        })
    }

    fn file(&self, asset: &Asset) -> Option<PathBuf> {
        // Whether a folder of the user's is still there has to be looked at.
        if self.0.handle.is_some() { None } else { self.0.file(asset).ok() }
    }

    fn hash(&self, asset: &Asset, ticket: Ticket) -> BoxFuture<Result<String>> {
        let file = self.0.file(asset);
        cancellable(ticket.clone(), move || {
            let digest = Reader::open(Source::File(file?))?.stream(BUFFER, &ticket, None, |_| Ok(()))?;
            digest.staged(None).map(|staged| staged.hash)
        })
    }

    fn delete(&self, asset: &Asset) -> BoxFuture<Result<()>> {
        let (scheme, id) = (Arc::clone(&self.0), asset.id);
        // What is no file of ours is missing, which is fine.
        let Some(kind) = scheme.kind(asset) else { return Box::pin(std::future::ready(Ok(()))) };
        let file = scheme.path(id, kind);
        let removed = blocking(move || disk::remove(&file));
        Box::pin(async move {
            removed.await?;
            if let Some(journal) = &scheme.journal {
                journal.withdraw(id, kind).await;
            }
            Ok(())
        })
    }

    fn sweep(&self, known: BTreeSet<AssetId>) -> BoxFuture<Result<u64>> {
        let (scheme, known) = (Arc::clone(&self.0), Arc::new(known));
        let swept = blocking({
            let (scheme, known) = (Arc::clone(&scheme), Arc::clone(&known));
            move || scheme.sweep(&known)
        });
        Box::pin(async move {
            let freed = swept.await?;
            if let Some(journal) = &scheme.journal {
                journal.sweep(&known).await?;
            }
            Ok(freed)
        })
    }
}
