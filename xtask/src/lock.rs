//! One process at a time in a folder.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use anyhow::{Context, Result};

use crate::{files, progress};

/// Keeps other commands out of `folder`: two that build there would undo each other's work.
///
/// Released when it is dropped, and by the process' death. Nobody may start cargo while holding one: cargo has a lock of its
/// own, and whoever takes the two in different order waits for ever.
pub fn hold(folder: &Path) -> Result<File> {
    let path = folder.join(".lock");
    let locking = || format!("locking {}", path.display());
    files::create_folder(folder)?;
    let file = File::create(&path).with_context(locking)?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {
            progress::say("Waiting", &format!("for another command that builds {}", files::relative(folder)));
        }
        Err(TryLockError::Error(error)) => return Err(error).with_context(locking),
    }
    file.lock().with_context(locking)?;
    Ok(file)
}
