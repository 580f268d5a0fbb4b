//! A file that is damaged: it is set aside as it is, and what of it can still be read is in a new one.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, params_from_iter, types::Value};
use tracing::{info, warn};
use uuid::Uuid;

use super::{FILE, Sqlite, found_version, parse, upgrade, write_kv};
use crate::{
    BoxFuture, Error, Result,
    backend::{Backend as _, SALVAGED},
    blobs::disk,
    model::{EntityKey, Json, NodeId, WorkflowId},
};

/// What can be copied from one file to another. What else there is, is made from these.
const TABLES: [&str; 8] = ["workflows", "nodes", "edges", "assets", "blobs", "handles", "kv", "oplog"];

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salvaged {
    /// What the damaged file is called now.
    pub aside: PathBuf,
    /// How many rows the new file has of it.
    pub rows: usize,
    /// Whether something could not be read, so that the damaged file may hold more.
    pub is_partial: bool,
}

impl Sqlite {
    /// Gives the damaged database in `folder` another name, and makes a new one of the rows that can be read. Nothing of the damaged
    /// one is changed or removed. No connection to it may be open.
    ///
    /// # Errors
    /// It can't be given another name, or none can be made; the damaged file is whole under one of the two names.
    pub fn salvage(folder: &Path) -> BoxFuture<Result<Salvaged>> {
        let folder = folder.to_owned();
        Box::pin(async move {
            let aside = set_aside(&folder)?;
            let fresh = Self::open(&folder).await?;
            let from = aside.clone();
            // In one transaction: a crash in it leaves an empty database and the whole file aside, as said by its name.
            let copied = fresh.write(move |to| {
                let (rows, is_partial) = copy(&from, to).unwrap_or_else(|error| {
                    warn!(error = error.code(), "nothing of the damaged database can be read");
                    (0, true)
                });
                if is_partial {
                    write_kv(to, SALVAGED, &Json::from(true))?;
                }
                Ok((rows, is_partial))
            });
            let (rows, is_partial) = copied.await?;
            fresh.close().await;
            info!(rows, is_partial, "a damaged database was set aside");
            Ok(Salvaged { aside, rows, is_partial })
        })
    }
}

/// `atelier.db.damaged-1`, or the next number that is free. Its log goes with it.
fn set_aside(folder: &Path) -> Result<PathBuf> {
    let file = folder.join(FILE);
    let aside = (1..=u32::MAX)
        .map(|number| with(&file, &format!(".damaged-{number}")))
        .find(|name| !name.exists())
        .ok_or_else(|| Error::Unavailable("there is no name left for the damaged file".into()))?;
    // Copied before the file is renamed: a crash between the two leaves a file and its log under one of the names.
    let log = with(&file, "-wal");
    if log.exists() {
        let to = with(&aside, "-wal");
        fs::copy(&log, &to).map_err(|error| disk::failed(&to, &error))?;
    }
    disk::rename(&file, &aside)?;
    disk::sync_folder(folder)?;
    for suffix in ["-wal", "-shm"] {
        disk::remove(&with(&file, suffix))?;
    }
    Ok(aside)
}

fn with(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    name.into()
}

/// Copies the rows that can be read. Gives their number, and whether there were others.
fn copy(from: &Path, to: &Connection) -> Result<(usize, bool)> {
    // Only read: the log beside it is read with it.
    let from = upgrade::open_to_read(from)?;
    let (found, known) = (found_version(&from)?, found_version(to)?);
    if found != known {
        // Older rows would need their migration, and that a sound file.
        return Err(Error::Corrupt(format!("it is of schema {found}, not {known}")));
    }
    let (mut rows, mut is_partial) = (0, false);
    for table in TABLES {
        // What lies behind a damaged page is reached from the other end.
        for order in ["ASC", "DESC"] {
            match copy_table(&from, to, table, order) {
                Ok(copied) => rows += copied,
                Err(stopped) => {
                    warn!(table, order, error = stopped.error.code(), "a damaged table ends here");
                    rows += stopped.rows;
                    is_partial = true;
                    continue;
                }
            }
            break;
        }
    }
    note_uses(to)?;
    Ok((rows, is_partial))
}

/// Where a table can't be read any further.
struct Stopped {
    rows: usize,
    error: Error,
}

fn copy_table(from: &Connection, to: &Connection, table: &str, order: &str) -> Result<usize, Stopped> {
    let mut rows = 0;
    let mut go = || -> Result<()> {
        let keys = columns(to, table, true)?;
        let names = columns(to, table, false)?;
        let sorted: Vec<_> = keys.iter().map(|key| format!("{key} {order}")).collect();
        let mut query =
            from.prepare(&format!("SELECT {} FROM {table} ORDER BY {}", names.join(", "), sorted.join(", ")))?;
        let places = vec!["?"; names.len()].join(", ");
        let mut insert =
            to.prepare(&format!("INSERT OR IGNORE INTO {table} ({}) VALUES ({places})", names.join(", ")))?;
        let mut found = query.query([])?;
        while let Some(row) = found.next()? {
            let values = (0..names.len()).map(|at| row.get(at)).collect::<rusqlite::Result<Vec<Value>>>()?;
            rows += insert.execute(params_from_iter(values))?;
        }
        Ok(())
    };
    match go() {
        Ok(()) => Ok(rows),
        Err(error) => Err(Stopped { rows, error }),
    }
}

/// A table's columns; only those of its key, in their order in it.
fn columns(of: &Connection, table: &str, keys: bool) -> Result<Vec<String>> {
    let sql = if keys {
        "SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk"
    } else {
        "SELECT name FROM pragma_table_info(?1) ORDER BY cid"
    };
    let mut query = of.prepare(sql)?;
    let names = query.query_map([table], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    if names.is_empty() { Err(Error::Corrupt(format!("the table {table} has no columns"))) } else { Ok(names) }
}

/// Notes anew which nodes refer to which assets: by an index that lacks some, their media would be taken for nobody's.
fn note_uses(of: &Connection) -> Result<()> {
    let mut query = of.prepare("SELECT workflow, id, CAST(row AS BLOB) FROM nodes")?;
    let mut insert = of.prepare("INSERT OR IGNORE INTO uses (asset, workflow, node) VALUES (?1, ?2, ?3)")?;
    let mut found = query.query([])?;
    while let Some(row) = found.next()? {
        let (workflow, node, text): (Vec<u8>, Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (Ok(workflow), Ok(node)) = (Uuid::from_slice(&workflow), Uuid::from_slice(&node)) else { continue };
        let key = EntityKey::node(WorkflowId::from_uuid(workflow), NodeId::from_uuid(node));
        // One that can't be read stays as it is, like in a sound file.
        let Ok((_, row)) = parse(key, &text) else { continue };
        for asset in row.registers.assets() {
            insert.execute([asset.uuid().as_bytes(), workflow.as_bytes(), node.as_bytes()])?;
        }
    }
    Ok(())
}
