//! A place in the database: the last resort, where there is no folder that can be written.
//!
//! A content is many rows of at most [`CHUNK`] bytes, named `<id>/<number>`. So none is ever whole in memory, none is too large
//! for a row, and each piece is a short transaction of its own that lets edits pass in between. While a content is staged there
//! is a row `.<id>` as well; to keep it is to remove that row.

use std::{collections::BTreeSet, ops::Range, str::FromStr, sync::Arc};

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use tokio::runtime::Handle;

use super::{
    Pieces, Place, Source, Staged, Ticket,
    blocking::{blocking, cancellable},
    look_native,
    reader::Reader,
};
use crate::{
    BoxFuture, Error, Result,
    backend::sqlite::Sqlite,
    model::{Asset, AssetId, AssetPlace, MediaKind},
};

/// How long a piece is, in bytes; the last may be shorter. It is part of what is stored: with another size nothing stored
/// before would be read rightly.
const CHUNK: u64 = 1024 * 1024;
/// The same as a length.
const BUFFER: usize = 1024 * 1024;

/// The table `blobs` of a database. Clones are the same place.
#[derive(Clone)]
pub struct SqlitePlace(Sqlite);

impl SqlitePlace {
    /// The database's own place.
    pub fn new(database: Sqlite) -> Self {
        Self(database)
    }

    /// Does the work of [`Place::stage`], on a thread that may wait.
    fn write(&self, id: AssetId, source: Source, ticket: &Ticket) -> Result<Staged> {
        let (known, source) = (source.known(), Reader::open(source)?);
        wait(self.0.write(move |transaction| {
            clear(transaction, id)?;
            insert(transaction, &marker(id), &[])
        }))?;
        let mut number = 0;
        let mut put = |piece: &[u8]| {
            let (key, piece) = (chunk(id, number), Arc::<[u8]>::from(piece));
            number += 1;
            wait(self.0.write(move |transaction| insert(transaction, &key, &piece)))
        };
        let digest = source.stream(BUFFER, ticket, known, &mut put)?;
        if digest.bytes() == 0 {
            // Nothing is something else than what is missing.
            put(&[])?;
        }
        let pieces = Stored { database: self.0.clone(), id, size: digest.bytes() };
        look_native::staged(digest, Source::Pieces(Arc::new(pieces)))
    }

    /// The content as it is kept.
    async fn stored(&self, asset: &Asset) -> Result<Stored> {
        let id = id(asset)?;
        let size = self.0.read(move |connection| size(connection, id)).await?;
        let size = size.ok_or_else(|| missing(id))?;
        Ok(Stored { database: self.0.clone(), id, size })
    }
}

/// The id under which an asset's pieces are: only what we make is one, whatever else a row may say.
fn id(asset: &Asset) -> Result<AssetId> {
    let expected = AssetPlace::Idb { blob_key: asset.id.to_string() };
    if asset.place == expected { Ok(asset.id) } else { Err(missing(asset.id)) }
}

fn missing(id: AssetId) -> Error {
    Error::Missing { what: id.to_string(), reason: "the database has nothing under that name".into() }
}

/// The key of a piece.
fn chunk(id: AssetId, number: u64) -> String {
    format!("{id}/{number:08}")
}

/// The key of the row that says that a content is only staged.
fn marker(id: AssetId) -> String {
    format!(".{id}")
}

/// All keys of an id's pieces lie between these two: `0` follows `/`.
fn bounds(id: AssetId) -> [String; 2] {
    [format!("{id}/"), format!("{id}0")]
}

fn insert(transaction: &Transaction, key: &str, bytes: &[u8]) -> Result<()> {
    transaction.prepare_cached("INSERT INTO blobs (key, bytes) VALUES (?1, ?2)")?.execute(params![key, bytes])?;
    Ok(())
}

/// Removes an id's pieces, staged or kept.
fn clear(transaction: &Transaction, id: AssetId) -> Result<()> {
    let [from, to] = bounds(id);
    transaction.prepare_cached("DELETE FROM blobs WHERE key >= ?1 AND key < ?2")?.execute([&from, &to])?;
    transaction.prepare_cached("DELETE FROM blobs WHERE key = ?1")?.execute([marker(id)])?;
    Ok(())
}

/// How many bytes an id's pieces have together. None: there are no pieces.
fn size(connection: &Connection, id: AssetId) -> Result<Option<u64>> {
    // The length of a blob stands at the beginning of its row, so this reads none of them.
    let sql = "SELECT sum(length(bytes)) FROM blobs WHERE key >= ?1 AND key < ?2";
    let size: Option<i64> = connection.prepare_cached(sql)?.query_row(bounds(id), |row| row.get(0))?;
    Ok(size.and_then(|size| u64::try_from(size).ok()))
}

/// Some bytes of the piece in which the range begins. None: there is no such piece.
fn read(connection: &Connection, id: AssetId, range: &Range<u64>) -> Result<Option<Vec<u8>>> {
    let from = range.start % CHUNK;
    let count = (range.end - range.start).min(CHUNK - from);
    let sql = "SELECT substr(bytes, ?2, ?3) FROM blobs WHERE key = ?1";
    let key = chunk(id, range.start / CHUNK);
    let read = connection
        .prepare_cached(sql)?
        .query_row(params![key, as_integer(from + 1), as_integer(count)], |row| row.get(0));
    Ok(read.optional()?)
}

/// As the database counts; both are at most [`CHUNK`] and one.
fn as_integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Waits for the database, on a thread that may.
fn wait<T>(answer: BoxFuture<Result<T>>) -> Result<T> {
    Handle::try_current().map_err(|error| Error::Unavailable(error.to_string()))?.block_on(answer)
}

/// A content in the database.
#[derive(Clone)]
struct Stored {
    database: Sqlite,
    id: AssetId,
    size: u64,
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stored").field("id", &self.id).field("size", &self.size).finish_non_exhaustive()
    }
}

impl Pieces for Stored {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&self, at: u64, buffer: &mut [u8]) -> Result<usize> {
        let (id, range) = (self.id, at..self.size.min(at.saturating_add(buffer.len() as u64)));
        if range.is_empty() {
            return Ok(0);
        }
        let piece = wait(self.database.read(move |connection| read(connection, id, &range)))?;
        match piece {
            Some(piece) if !piece.is_empty() => {
                buffer[..piece.len()].copy_from_slice(&piece);
                Ok(piece.len())
            }
            _ => Err(missing(self.id)),
        }
    }
}

impl Place for SqlitePlace {
    fn stage(&self, id: AssetId, source: Source, ticket: Ticket) -> BoxFuture<Result<Staged>> {
        let this = self.clone();
        cancellable(ticket.clone(), move || {
            let staged = this.write(id, source, &ticket);
            if staged.is_err() {
                // What can't be removed now, the next sweep finds; the first error is the one that tells something.
                let _left = wait(this.discard(id));
            }
            staged
        })
    }

    fn keep(&self, staged: AssetId, id: AssetId, _kind: MediaKind) -> BoxFuture<Result<AssetPlace>> {
        let kept = self.0.write(move |transaction| {
            let removed = transaction.execute("DELETE FROM blobs WHERE key = ?1", [marker(staged)])?;
            if removed == 0 {
                return Err(missing(staged));
            }
            if staged != id {
                clear(transaction, id)?;
                let [from, to] = bounds(staged);
                // The text of an id has 36 characters.
                let sql = "UPDATE blobs SET key = ?3 || substr(key, 37) WHERE key >= ?1 AND key < ?2";
                transaction.execute(sql, params![from, to, id.to_string()])?;
            }
            Ok(())
        });
        Box::pin(async move { kept.await.map(|()| AssetPlace::Idb { blob_key: id.to_string() }) })
    }

    fn discard(&self, id: AssetId) -> BoxFuture<Result<()>> {
        self.0.write(move |transaction| {
            let staged = transaction.prepare_cached("SELECT 1 FROM blobs WHERE key = ?1")?.exists([marker(id)])?;
            // What is kept by now is no longer ours to forget.
            if staged { clear(transaction, id) } else { Ok(()) }
        })
    }

    fn read(&self, asset: &Asset, range: Range<u64>) -> BoxFuture<Result<Vec<u8>>> {
        let (this, asset) = (self.clone(), asset.clone());
        Box::pin(async move {
            let Stored { database, id, size } = this.stored(&asset).await?;
            let (mut at, end) = (range.start, range.end.min(size));
            let mut bytes = Vec::new();
            while at < end {
                let piece = database.read(move |connection| read(connection, id, &(at..end))).await?;
                let piece = piece.filter(|piece| !piece.is_empty()).ok_or_else(|| missing(id))?;
                at += piece.len() as u64;
                bytes.extend_from_slice(&piece);
            }
            Ok(bytes)
        })
    }

    fn open(&self, asset: &Asset) -> BoxFuture<Result<Source>> {
        let (this, asset) = (self.clone(), asset.clone());
        Box::pin(async move { Ok(Source::Pieces(Arc::new(this.stored(&asset).await?))) })
    }

    fn hash(&self, asset: &Asset, ticket: Ticket) -> BoxFuture<Result<String>> {
        let source = self.open(asset);
        Box::pin(async move {
            let source = source.await?;
            let hash = cancellable(ticket.clone(), move || {
                let digest = Reader::open(source)?.stream(BUFFER, &ticket, None, |_| Ok(()))?;
                digest.staged(None).map(|staged| staged.hash)
            });
            hash.await
        })
    }

    fn delete(&self, asset: &Asset) -> BoxFuture<Result<()>> {
        match id(asset) {
            Ok(id) => self.0.write(move |transaction| clear(transaction, id)),
            // What is no content of ours is missing, which is fine.
            Err(_) => Box::pin(std::future::ready(Ok(()))),
        }
    }

    fn sweep(&self, known: BTreeSet<AssetId>) -> BoxFuture<Result<u64>> {
        let this = self.clone();
        blocking(move || {
            let keys = wait(this.0.read(|connection| {
                let mut query = connection.prepare_cached("SELECT key FROM blobs")?;
                Ok(query.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?)
            }))?;
            let mut gone = BTreeSet::new();
            for key in &keys {
                let staged = key.strip_prefix('.').and_then(as_id);
                let kept = key.split_once('/').and_then(|(id, _)| as_id(id)).filter(|id| !known.contains(id));
                gone.extend(staged.or(kept));
            }
            let mut freed = 0;
            for id in gone {
                freed += wait(this.0.write(move |transaction| {
                    let freed = size(transaction, id)?.unwrap_or_default();
                    clear(transaction, id)?;
                    Ok(freed)
                }))?;
            }
            Ok(freed)
        })
    }
}

/// An id as we write it.
fn as_id(name: &str) -> Option<AssetId> {
    AssetId::from_str(name).ok().filter(|id| id.to_string() == name)
}
