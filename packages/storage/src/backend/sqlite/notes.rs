//! Notes of small files that are not synced yet: rows of `blobs` whose keys begin with `~`, which is the beginning of no content's. What
//! they are for is said where they are written, in `blobs/files/journal.rs`.

use std::{collections::BTreeSet, sync::atomic::Ordering};

use rusqlite::{Connection, params};

use super::{Sqlite, Wanted, Worker, read_asset, read_kv};
use crate::{
    BoxFuture, Error, Result,
    backend::SALVAGED,
    model::{AssetId, AssetPlace},
};

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// Unlike any other's: a file that is written again has another note.
    pub key: String,
    pub bytes: Vec<u8>,
}

/// Whose a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// An asset's row says so.
    Asset,
    /// Nobody's: it was removed, or is on its way.
    Nobody,
    /// The row may have been lost.
    Unclear,
}

impl Sqlite {
    /// Writes a note, with all that are to be written by then in one transaction. Under way when this returns.
    pub(crate) fn note(&self, note: Note) -> BoxFuture<Result<()>> {
        self.together(&self.noting, note, |transaction, notes| {
            let mut insert = transaction.prepare_cached("INSERT INTO blobs (key, bytes) VALUES (?1, ?2)")?;
            for Note { key, bytes } in notes {
                insert.execute(params![key, bytes])?;
            }
            Ok(vec![(); notes.len()])
        })
    }

    /// Some notes after a key, in the order of their keys.
    pub(crate) fn notes(&self, after: String, at_most: u32) -> BoxFuture<Result<Vec<Note>>> {
        self.while_open(move |worker| {
            let sql =
                "SELECT key, bytes FROM blobs WHERE key > ?1 AND key > '~' AND key < '\u{7f}' ORDER BY key LIMIT ?2";
            let mut query = worker.connection()?.prepare_cached(sql)?;
            let notes =
                query.query_map(params![after, at_most], |row| Ok(Note { key: row.get(0)?, bytes: row.get(1)? }))?;
            Ok(notes.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Removes notes. Unknown keys are fine.
    pub(crate) fn forget(&self, keys: BTreeSet<String>) -> BoxFuture<Result<()>> {
        self.while_open(move |worker| {
            let transaction = worker.write()?;
            for key in &keys {
                transaction.prepare_cached("DELETE FROM blobs WHERE key = ?1")?.execute([key])?;
            }
            Ok(transaction.commit()?)
        })
    }

    /// Whether a newer build has written the database: then nothing of it is touched.
    pub(crate) fn has_newer(&self) -> bool {
        self.newer.load(Ordering::SeqCst) > 0
    }

    /// Whose the file of an asset at a place is.
    pub(crate) fn claim(&self, id: AssetId, place: AssetPlace) -> BoxFuture<Result<Claim>> {
        self.while_open(move |worker| claim(worker.connection()?, id, &place))
    }

    /// Does something unless the database was closed, and does not open it again.
    fn while_open<T: Send + 'static>(
        &self,
        job: impl Fn(&mut Worker) -> Result<T> + Send + 'static,
    ) -> BoxFuture<Result<T>> {
        // No lost connection: that would be made anew.
        let closed = || Error::Unavailable("the database was closed".into());
        self.call(move |worker| if worker.closed.load(Ordering::SeqCst) { Err(closed()) } else { job(worker) })
    }
}

fn claim(connection: &Connection, id: AssetId, place: &AssetPlace) -> Result<Claim> {
    match read_asset(connection, &Wanted::Id(id)) {
        Ok(Some(asset)) if asset.place == *place => return Ok(Claim::Asset),
        // It is somewhere else now.
        Ok(Some(_)) => return Ok(Claim::Nobody),
        Ok(None) => {}
        Err(Error::Corrupt(_)) => return Ok(Claim::Unclear),
        Err(error) => return Err(error),
    }
    let used = connection.prepare_cached("SELECT 1 FROM uses WHERE asset = ?1")?.exists([id.uuid().as_bytes()])?;
    Ok(if used || read_kv(connection, SALVAGED)?.is_some() { Claim::Unclear } else { Claim::Nobody })
}
