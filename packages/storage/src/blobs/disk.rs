//! What every use of files has in common: errors that name the file, and folders that last.
//!
//! Everything of ours that must outlive a loss of power is written through here, so that a test can hear of it ([`power`]).

use std::{
    collections::HashMap,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use self::power::Done;
use crate::{Error, Result};

/// A file that is being written, new and from its beginning.
pub(crate) struct NewFile {
    file: fs::File,
    path: PathBuf,
}

impl NewFile {
    /// Makes a file that isn't there yet. What an interrupted call has left under that name goes. It is never written through: it
    /// may be somebody's link to elsewhere.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let create = || OpenOptions::new().write(true).create_new(true).open(path);
        let created = match create() {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                remove(path)?;
                create()
            }
            created => created,
        };
        let file = created.map_err(|error| failed(path, &error))?;
        power::tell(|| Done::Created(path.to_owned()));
        Ok(Self { file, path: path.to_owned() })
    }

    pub(crate) fn write(&mut self, piece: &[u8]) -> Result<()> {
        self.file.write_all(piece).map_err(|error| failed(&self.path, &error))?;
        power::tell(|| Done::Written(self.path.clone(), piece.to_vec()));
        Ok(())
    }

    /// Ends it: when this returns, the disk has its content. Without this, it has it sooner or later.
    pub(crate) fn finish(self) -> Result<()> {
        self.file.sync_data().map_err(|error| failed(&self.path, &error))?;
        power::tell(|| Done::Synced(self.path.clone()));
        Ok(())
    }
}

/// Has the disk keep what is in a file that was written before.
pub(super) fn sync_file(path: &Path) -> Result<()> {
    let found = fs::metadata(path).map_err(|error| failed(path, &error))?;
    if !found.is_file() {
        return Err(missing(path, "it is no file"));
    }
    // Some systems sync only what is open to be written.
    let synced = OpenOptions::new().write(true).open(path).and_then(|file| file.sync_data());
    synced.map_err(|error| failed(path, &error))?;
    power::tell(|| Done::Synced(path.to_owned()));
    Ok(())
}

/// Gives a file another name, over what has it.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|error| failed(from, &error))?;
    power::tell(|| Done::Renamed(from.to_owned(), to.to_owned()));
    Ok(())
}

/// The error of a call on `path`.
pub(crate) fn failed(path: &Path, error: &io::Error) -> Error {
    let what = path.display().to_string();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::Full(format!("{what}: {error}")),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => missing(path, "there is no such file"),
        _ => Error::Io { what, reason: error.to_string() },
    }
}

pub(super) fn missing(path: &Path, reason: &str) -> Error {
    Error::Missing { what: path.display().to_string(), reason: reason.into() }
}

/// Makes `folder`, unless it is there. Its parent must be: a disk that was unplugged leaves an empty place on another one, and
/// that must not fill.
pub(super) fn make_folder(folder: &Path) -> Result<()> {
    match fs::create_dir(folder) {
        Ok(()) => {
            power::tell(|| Done::FolderMade(folder.to_owned()));
            sync_folder(folder.parent().unwrap_or(folder))
        }
        Err(_) if folder.is_dir() => Ok(()),
        Err(error) => Err(failed(folder, &error)),
    }
}

/// Has the disk keep the names in a folder.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(folder, &error))?;
    power::tell(|| Done::FolderSynced(folder.to_owned()));
    Ok(())
}

/// The same for many that do it at once in one folder: those who ask while the disk is busy have it done once for all.
pub(super) fn sync_folder_together(folder: &Path) -> Result<()> {
    let turn = Arc::clone(lock(&TURNS).entry(folder.to_owned()).or_default());
    let mine = turn.asked.fetch_add(1, Ordering::SeqCst) + 1;
    let mut done = lock(&turn.done);
    if *done < mine {
        let asked = turn.asked.load(Ordering::SeqCst);
        sync_folder(folder)?;
        *done = asked;
    }
    Ok(())
}

/// Who is to sync a folder.
#[derive(Default)]
struct Turn {
    asked: AtomicU64,
    /// How many of those have it behind them.
    done: Mutex<u64>,
}

/// By folder: there are a few.
static TURNS: LazyLock<Mutex<HashMap<PathBuf, Arc<Turn>>>> = LazyLock::new(Mutex::default);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Here a folder can't be opened as a file, and names are kept by the file system's own log.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_folder: &Path) -> Result<()> {
    Ok(())
}

/// Removes a file and says how large it was: 0 if it wasn't there.
pub(crate) fn remove(path: &Path) -> Result<u64> {
    let size = fs::symlink_metadata(path).map_or(0, |found| found.len());
    match fs::remove_file(path) {
        Ok(()) => {
            power::tell(|| Done::Removed(path.to_owned()));
            Ok(size)
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(0),
        Err(error) => Err(failed(path, &error)),
    }
}

/// Opens a file to be read. What is no plain file is as good as missing: a pipe would never end.
pub(super) fn open(path: &Path) -> Result<fs::File> {
    let found = fs::metadata(path).map_err(|error| failed(path, &error))?;
    if !found.is_file() {
        return Err(missing(path, "it is no file"));
    }
    fs::File::open(path).map_err(|error| failed(path, &error))
}

/// What was done to files, for a test that works out what a loss of power at that moment may leave of it.
pub mod power {
    use std::path::PathBuf;

    /// Something that was done.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum Done {
        /// A new file.
        Created(PathBuf),
        /// Bytes at the end of a file.
        Written(PathBuf, Vec<u8>),
        /// The disk has a file's bytes.
        Synced(PathBuf),
        /// A file has another name, over what had it.
        Renamed(PathBuf, PathBuf),
        /// A file is gone.
        Removed(PathBuf),
        /// A new folder.
        FolderMade(PathBuf),
        /// The disk has the names in a folder.
        FolderSynced(PathBuf),
    }

    #[cfg(any(test, feature = "testing"))]
    mod listening {
        use std::sync::{Mutex, PoisonError};

        use super::Done;

        type Listener = Box<dyn Fn(Done) + Send>;

        static LISTENER: Mutex<Option<Listener>> = Mutex::new(None);

        /// From now on `listener` hears of everything that is done by this process, in the order in which it is done.
        pub fn listen(listener: impl Fn(Done) + Send + 'static) {
            *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(listener));
        }

        pub(in super::super) fn tell(done: impl FnOnce() -> Done) {
            if let Some(listener) = &*LISTENER.lock().unwrap_or_else(PoisonError::into_inner) {
                listener(done());
            }
        }
    }

    #[cfg(any(test, feature = "testing"))]
    pub use listening::listen;
    #[cfg(any(test, feature = "testing"))]
    pub(super) use listening::tell;

    /// Nobody listens.
    #[cfg(not(any(test, feature = "testing")))]
    pub(super) fn tell(_done: impl FnOnce() -> Done) {}
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_said_to_be_full_and_other_errors_name_the_file() {
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded] {
            let error = failed(Path::new("/somewhere"), &io::Error::from(kind));
            assert!(matches!(&error, Error::Full(text) if text.contains("/somewhere")), "{error:?}");
        }
        // ENOSPC
        assert!(matches!(failed(Path::new("/"), &io::Error::from_raw_os_error(28)), Error::Full(_)));
        let error = failed(Path::new("/somewhere"), &io::Error::from(io::ErrorKind::PermissionDenied));
        assert!(matches!(&error, Error::Io { what, .. } if what == "/somewhere"), "{error:?}");
        let error = failed(Path::new("/somewhere"), &io::Error::from(io::ErrorKind::NotFound));
        assert!(matches!(error, Error::Missing { .. }), "{error:?}");
    }
}
