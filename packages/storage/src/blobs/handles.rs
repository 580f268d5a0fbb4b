//! Which folder the user chose, as the database remembers it: one row in `handles`.

use std::path::{Path, PathBuf};

use rusqlite::OptionalExtension;
use uuid::Uuid;

use crate::{
    BoxFuture, Error, Result,
    backend::sqlite::Sqlite,
    model::{Json, Object},
};

/// A folder that the user chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Handle {
    /// Names the row; assets' rows refer to it. It stays the same when the folder is moved.
    pub id: Uuid,
    /// Where the folder is.
    pub path: PathBuf,
}

/// The folder that is remembered.
pub(super) fn read(database: &Sqlite) -> BoxFuture<Result<Option<Handle>>> {
    database.read(|connection| {
        let sql = "SELECT id, row FROM handles ORDER BY id";
        let row = connection.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        row.map(|(id, text): (String, String)| parse(&id, &text)).transpose()
    })
}

/// Remembers a folder instead of any other.
///
/// # Errors
/// The path is no Unicode text, which a row can't hold.
pub(super) fn write(database: &Sqlite, handle: &Handle) -> BoxFuture<Result<()>> {
    let (id, text) = (handle.id.hyphenated().to_string(), to_text(handle));
    database.write(move |transaction| {
        transaction.execute("DELETE FROM handles", [])?;
        transaction.execute("INSERT INTO handles (id, row) VALUES (?1, ?2)", [&id, &text.clone()?])?;
        Ok(())
    })
}

/// Forgets the folder.
pub(super) fn remove(database: &Sqlite) -> BoxFuture<Result<()>> {
    database.write(|transaction| Ok(transaction.execute("DELETE FROM handles", []).map(drop)?))
}

fn to_text(handle: &Handle) -> Result<String> {
    let unusable = |reason: String| Error::Io { what: handle.path.display().to_string(), reason };
    let path = handle.path.to_str().ok_or_else(|| unusable("its name is no Unicode text".into()))?;
    let mut row = Object::default();
    row.put("id", handle.id.hyphenated().to_string());
    row.put("path", path);
    serde_json::to_string(&row).map_err(|error| unusable(error.to_string()))
}

fn parse(id: &str, text: &str) -> Result<Handle> {
    let corrupt = |reason: String| Error::Corrupt(format!("the chosen folder's row: {reason}"));
    let row: Object = serde_json::from_str(text).map_err(|error| corrupt(error.to_string()))?;
    let path = row.get("path").map(Json::read::<String>);
    let path = path.ok_or_else(|| corrupt("it has no path".into()))?.map_err(|error| corrupt(error.to_string()))?;
    let id = Uuid::try_parse(id).map_err(|error| corrupt(error.to_string()))?;
    Ok(Handle { id, path: Path::new(&path).to_owned() })
}
