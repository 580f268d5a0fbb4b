//! What every use of files has in common: errors that name the file, and folders that last.

use std::{fs, io, path::Path};

use crate::{Error, Result};

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
        Ok(()) => sync_folder(folder.parent().unwrap_or(folder)),
        Err(_) if folder.is_dir() => Ok(()),
        Err(error) => Err(failed(folder, &error)),
    }
}

/// Has the disk keep the names in a folder.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(folder, &error))
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
        Ok(()) => Ok(size),
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
