//! Bringing a file to this build's schema, with a copy of it beside it.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tracing::{debug_span, info};

use super::{PATIENCE, SCHEMA, found_version, write_kv};
use crate::{Error, Result, SCHEMA_VERSION, blobs::disk, migrate, model::Json};

/// What a step is given.
pub type Run = fn(&Transaction<'_>) -> Result<()>;

/// The steps of a build.
pub type Steps = migrate::Steps<Run>;

/// This build's.
pub(super) const STEPS: Steps = Steps::new(&[]);
const _: () = assert!(STEPS.version() == SCHEMA_VERSION, "the last step leads to this build's schema");

/// The copy that is made of `file` before the step from `version` on.
pub fn backup_of(file: &Path, version: u32) -> PathBuf {
    with_suffix(file, &format!(".schema-{version}.backup"))
}

/// Does the steps that the file lacks. `is_new`: there is nothing in it of which a copy could be made.
pub(super) fn upgrade(connection: &mut Connection, file: &Path, steps: Steps, is_new: bool) -> Result<()> {
    while let Some(step) = steps.after(found_version(connection)?) {
        let _span = debug_span!("migration", step = step.name).entered();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Asked again: another process may have done it meanwhile. From here on nobody else writes.
        let from = found_version(&transaction)?;
        if !steps.after(from).is_some_and(|next| std::ptr::eq(next, step)) {
            continue;
        }
        if !is_new {
            back_up(file, from)?;
        }
        (step.run)(&transaction)?;
        write_kv(&transaction, SCHEMA, &Json::from(from + 1))?;
        transaction.pragma_update(None, "user_version", from + 1)?;
        transaction.commit()?;
        info!(from, to = from + 1, step = step.name, "the database was migrated");
    }
    Ok(())
}

/// Copies what is stored to a file of its own, which is there whole or not at all.
fn back_up(file: &Path, version: u32) -> Result<()> {
    let backup = backup_of(file, version);
    let part = with_suffix(&backup, ".part");
    // What an interrupted copy has left.
    disk::remove(&part)?;
    let copied = copy(file, &part).and_then(|()| {
        // An earlier copy is of an earlier moment: the step after it did not happen.
        disk::rename(&part, &backup)?;
        disk::sync_folder(backup.parent().unwrap_or(Path::new(".")))
    });
    if copied.is_err() {
        // The first error is the one that tells something.
        let _left = disk::remove(&part);
    }
    copied
}

fn copy(file: &Path, to: &Path) -> Result<()> {
    // A reader of its own: the one that writes has begun, and it sees what was there before.
    let reader = open_to_read(file)?;
    let name = to.to_str().ok_or_else(|| Error::Unavailable(format!("{}: no name for a database", to.display())))?;
    reader.execute("VACUUM INTO ?1", [name])?;
    // It leaves that to us (sqlite.org/lang_vacuum.html).
    fs::File::open(to).and_then(|copy| copy.sync_all()).map_err(|error| disk::failed(to, &error))
}

/// A connection that changes nothing.
pub(super) fn open_to_read(file: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    name.into()
}
