//! A database in a file, and another program's hands on it.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use conformance::{Hands, Harness, Migration, NEWER};
use futures::future::LocalBoxFuture;
use rusqlite::{Connection, OptionalExtension, Transaction, params, types::ValueRef};
use storage::{
    Error, Result,
    backend::{
        Backend,
        sqlite::{FILE, Run, Sqlite, Steps, backup_of},
    },
    migrate::Step,
    model::{AssetId, EntityKey, Part},
};
use tempfile::TempDir;

/// A folder that goes when the test ends.
pub struct InSqlite(TempDir);

impl InSqlite {
    pub fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join(FILE)
    }

    /// A connection that knows nothing of the others.
    fn raw(&self) -> Connection {
        Connection::open(self.file()).unwrap()
    }
}

impl Harness for InSqlite {
    fn open(&self) -> LocalBoxFuture<'_, Result<Box<dyn Backend>>> {
        let open = Sqlite::open(self.0.path());
        Box::pin(async { Ok(Box::new(open.await?) as Box<dyn Backend>) })
    }

    fn pause(&self, millis: u32) -> LocalBoxFuture<'_, ()> {
        crate::pause(millis)
    }
}

impl Hands for InSqlite {
    fn destroy(&self) -> LocalBoxFuture<'_, ()> {
        for suffix in ["", "-wal", "-shm"] {
            let mut file = self.file().into_os_string();
            file.push(suffix);
            // The log's files come and go.
            let removed = fs::remove_file(file);
            assert!(removed.is_ok() || !suffix.is_empty());
        }
        Box::pin(async {})
    }

    fn exists(&self) -> LocalBoxFuture<'_, bool> {
        let exists = self.file().exists();
        Box::pin(async move { exists })
    }

    fn read(&self, key: EntityKey) -> LocalBoxFuture<'_, Option<String>> {
        let (workflow, id) = (key.workflow.uuid(), key.uuid());
        let raw = self.raw();
        let sql = match key.part {
            Part::Itself => "SELECT row FROM workflows WHERE id = ?2 AND ?1 = ?2",
            Part::Node(_) => "SELECT row FROM nodes WHERE workflow = ?1 AND id = ?2",
            Part::Edge(_) => "SELECT row FROM edges WHERE workflow = ?1 AND id = ?2",
        };
        let text = raw.query_row(sql, [workflow.as_bytes(), id.as_bytes()], |row| row.get(0)).optional().unwrap();
        Box::pin(async move { text })
    }

    fn write<'a>(&'a self, key: EntityKey, text: &'a str) -> LocalBoxFuture<'a, ()> {
        let (workflow, id) = (key.workflow.uuid(), key.uuid());
        let sql = match key.part {
            Part::Itself => "UPDATE workflows SET row = ?3 WHERE id = ?2 AND ?1 = ?2",
            Part::Node(_) => "UPDATE nodes SET row = ?3 WHERE workflow = ?1 AND id = ?2",
            Part::Edge(_) => "UPDATE edges SET row = ?3 WHERE workflow = ?1 AND id = ?2",
        };
        let changed = self.raw().execute(sql, params![workflow.as_bytes(), id.as_bytes(), text]).unwrap();
        assert_eq!(changed, 1);
        Box::pin(async {})
    }

    fn write_asset<'a>(&'a self, id: AssetId, text: &'a str) -> LocalBoxFuture<'a, ()> {
        let sql = "UPDATE assets SET row = ?2 WHERE id = ?1";
        let changed = self.raw().execute(sql, params![id.uuid().as_bytes(), text]).unwrap();
        assert_eq!(changed, 1);
        Box::pin(async {})
    }

    fn contents(&self) -> LocalBoxFuture<'_, String> {
        let text = contents(&self.raw());
        Box::pin(async move { text })
    }

    fn make_newer(&self) -> LocalBoxFuture<'_, ()> {
        let later = "CREATE TABLE later (id, text); INSERT INTO later VALUES (1, 'mine');";
        self.raw().execute_batch(&format!("{later} PRAGMA user_version = {NEWER}")).unwrap();
        Box::pin(async {})
    }

    fn make_foreign(&self) -> LocalBoxFuture<'_, ()> {
        self.raw().execute_batch(&format!("DROP TABLE nodes; PRAGMA user_version = {NEWER}")).unwrap();
        Box::pin(async {})
    }

    fn open_with(&self, migration: Migration) -> LocalBoxFuture<'_, Result<Box<dyn Backend>>> {
        let open = Sqlite::open_with(self.0.path(), steps(migration));
        Box::pin(async { Ok(Box::new(open.await?) as Box<dyn Backend>) })
    }

    fn backup(&self, version: u32) -> LocalBoxFuture<'_, Option<Vec<String>>> {
        let file = backup_of(&self.file(), version);
        Box::pin(async move {
            let raw = file.exists().then(|| Connection::open(file).unwrap())?;
            let whole: String = raw.pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap();
            assert_eq!(whole, "ok");
            let mut query = raw.prepare("SELECT key FROM kv ORDER BY key").unwrap();
            Some(query.query_map([], |row| row.get(0)).unwrap().map(std::result::Result::unwrap).collect())
        })
    }

    fn refuse_settings(&self) -> LocalBoxFuture<'_, ()> {
        let trigger = "CREATE TRIGGER IF NOT EXISTS refuse BEFORE INSERT ON kv WHEN NEW.key LIKE 'refused%'
            BEGIN SELECT RAISE(ABORT, 'refused'); END";
        self.raw().execute_batch(trigger).unwrap();
        Box::pin(async {})
    }
}

const SECOND: Step<Run> = Step {
    name: "the theme is a look",
    tables: &["kv"],
    run: |transaction| Ok(transaction.execute_batch("UPDATE kv SET key = 'look' WHERE key = 'theme'")?),
};
const THIRD: Step<Run> = Step { name: "there are labels", tables: &["kv"], run: third };
const FAILING: Step<Run> = Step {
    name: "there are labels, but not here",
    tables: &["kv"],
    run: |transaction| {
        third(transaction)?;
        transaction.execute_batch("DELETE FROM nodes")?;
        Err(Error::Full("a test".into()))
    },
};

fn third(transaction: &Transaction<'_>) -> Result<()> {
    let sql = "CREATE TABLE labels (id BLOB PRIMARY KEY, name TEXT) WITHOUT ROWID;
        UPDATE kv SET value = '\"third\"' WHERE key = 'look' AND value = '\"dark\"'";
    Ok(transaction.execute_batch(sql)?)
}

fn steps(migration: Migration) -> Steps {
    Steps::new(match migration {
        Migration::ToSecond => &[SECOND],
        Migration::ToThird => &[SECOND, THIRD],
        Migration::ToThirdFailing => &[SECOND, FAILING],
    })
}

/// Every row of every table, and the version.
fn contents(raw: &Connection) -> String {
    let mut text: String =
        raw.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0)).unwrap().to_string();
    let mut tables = raw.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let tables: Vec<String> =
        tables.query_map([], |row| row.get(0)).unwrap().map(std::result::Result::unwrap).collect();
    for table in tables {
        let mut query = raw.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2")).unwrap();
        let columns = query.column_count();
        let mut rows = query.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            write!(text, "\n{table}").unwrap();
            for column in 0..columns {
                match row.get_ref(column).unwrap() {
                    ValueRef::Text(value) => write!(text, " {:?}", String::from_utf8_lossy(value)).unwrap(),
                    value => write!(text, " {value:?}").unwrap(),
                }
            }
        }
    }
    text
}

/// What only a file can be.
mod file {
    use super::*;

    #[test]
    fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
        let place = InSqlite::new();
        let notes = "my notes, not a database\n".repeat(1_000);
        fs::write(place.file(), &notes).unwrap();
        let error = crate::block_on(place.open()).map(drop).unwrap_err();
        assert!(matches!(error, Error::Corrupt(_)), "{error:?}");
        assert_eq!(fs::read_to_string(place.file()).unwrap(), notes);
    }

    #[test]
    fn a_newer_file_is_left_byte_for_byte() {
        let place = InSqlite::new();
        let db = crate::block_on(place.open()).unwrap();
        crate::block_on(db.close());
        crate::block_on(place.make_newer());
        let before = fs::read(place.file()).unwrap();
        let db = crate::block_on(place.open()).unwrap();
        assert!(crate::block_on(db.workflows()).unwrap().rows.is_empty());
        let mut batch = storage::backend::Batch::new();
        batch.set("theme", Some("dark".into()));
        crate::block_on(db.commit(std::sync::Arc::new(batch))).unwrap_err();
        crate::block_on(db.close());
        assert_eq!(fs::read(place.file()).unwrap(), before);
    }

    /// Tells the other process in which folder to migrate.
    const DYING: &str = "ATELIER_TEST_MIGRATE";

    /// What the other process does: it dies when a step has done half its work. In a test run of its own: nothing.
    #[test]
    fn die_in_a_step() {
        const DEADLY: Step<Run> = Step {
            name: "a step that nobody survives",
            tables: &["kv"],
            run: |transaction| {
                third(transaction)?;
                // Far more than stays in memory: some of it is in the log when the process dies.
                transaction.execute_batch(
                    "WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 20000)
                     INSERT INTO labels (id) SELECT CAST(n || hex(zeroblob(400)) AS BLOB) FROM many",
                )?;
                std::process::abort()
            },
        };
        let Some(folder) = std::env::var_os(DYING) else { return };
        crate::block_on(Sqlite::open_with(Path::new(&folder), Steps::new(&[SECOND, DEADLY]))).map(drop).unwrap();
    }

    #[test]
    fn a_process_that_dies_in_a_step_leaves_what_was_there_and_the_next_start_does_it_again() {
        let place = InSqlite::new();
        let theme = |db: &dyn Backend| {
            let mut batch = storage::backend::Batch::new();
            batch.set("theme", Some("dark".into()));
            crate::block_on(db.commit(std::sync::Arc::new(batch))).unwrap();
            crate::block_on(db.close());
        };
        theme(&*crate::block_on(place.open()).unwrap());
        for _ in 0..3 {
            let died = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "in_sqlite::file::die_in_a_step"])
                .env(DYING, place.0.path())
                .output()
                .unwrap();
            assert!(!died.status.success(), "it survived: {died:?}");
            let found: u32 = place.raw().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
            assert_eq!(found, 2, "the step before it was done");
            assert_eq!(crate::block_on(place.backup(2)).unwrap(), ["look", "schemaVersion"]);
        }
        let db = crate::block_on(place.open_with(Migration::ToThird)).unwrap();
        assert_eq!(crate::block_on(db.kv("look")), Ok(Some("third".into())));
    }

    #[test]
    fn a_copy_that_has_no_room_keeps_the_step_from_being_done() {
        let place = InSqlite::new();
        crate::block_on(crate::block_on(place.open()).unwrap().close());
        let before = contents(&place.raw());
        // A folder cannot be replaced by a file.
        let backup = backup_of(&place.file(), 1);
        fs::create_dir(&backup).unwrap();
        crate::block_on(place.open_with(Migration::ToSecond)).map(drop).unwrap_err();
        assert_eq!(contents(&place.raw()), before);
        assert_eq!(
            fs::read_dir(place.0.path())
                .unwrap()
                .filter(|entry| { entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".part") })
                .count(),
            0,
            "half a copy stays"
        );
        fs::remove_dir(&backup).unwrap();
        crate::block_on(place.open_with(Migration::ToSecond)).unwrap();
    }

    #[test]
    fn a_folder_that_is_missing_is_made() {
        let place = TempDir::new().unwrap();
        let folder = place.path().join("a/b é");
        let db = crate::block_on(Sqlite::open(&folder)).unwrap();
        assert!(crate::block_on(db.workflows()).unwrap().rows.is_empty());
        assert!(folder.join(FILE).exists());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_said() {
        let place = TempDir::new().unwrap();
        let file = place.path().join("file");
        fs::write(&file, "").unwrap();
        for folder in [file.as_path(), &file.join("below"), Path::new("/dev/null/x")] {
            let error = crate::block_on(Sqlite::open(folder)).map(drop).unwrap_err();
            assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
        }
    }

    #[test]
    fn a_log_that_outlives_its_file_is_not_taken_for_the_next_ones() {
        let place = InSqlite::new();
        let db = crate::block_on(place.open()).unwrap();
        let theme = |theme: &str| {
            let mut batch = storage::backend::Batch::new();
            batch.set("theme", Some(theme.into()));
            std::sync::Arc::new(batch)
        };
        crate::block_on(db.commit(theme("dark"))).unwrap();
        fs::remove_file(place.file()).unwrap();
        assert_eq!(crate::block_on(db.commit(theme("lost"))), Err(Error::Deleted));
        let other = crate::block_on(place.open()).unwrap();
        assert_eq!(crate::block_on(other.kv("theme")), Ok(None));
        crate::block_on(db.recreate()).unwrap();
        crate::block_on(db.commit(theme("light"))).unwrap();
        assert_eq!(crate::block_on(other.kv("theme")), Ok(Some("light".into())));
    }

    #[test]
    fn another_program_that_holds_the_database_is_waited_for() {
        let place = InSqlite::new();
        let db = crate::block_on(place.open()).unwrap();
        let raw = place.raw();
        raw.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut batch = storage::backend::Batch::new();
        batch.set("theme", Some("dark".into()));
        let commit = db.commit(std::sync::Arc::new(batch));
        std::thread::sleep(std::time::Duration::from_millis(300));
        raw.execute_batch("COMMIT").unwrap();
        crate::block_on(commit).unwrap();
        assert_eq!(crate::block_on(db.kv("theme")), Ok(Some("dark".into())));
    }

    #[test]
    fn a_file_of_an_early_build_gets_the_index_of_uses() {
        let place = InSqlite::new();
        crate::block_on(crate::block_on(place.open()).unwrap().close());
        place.raw().execute_batch("DROP TABLE uses").unwrap();
        let db = crate::block_on(place.open()).unwrap();
        assert_eq!(crate::block_on(db.uses()), Ok(Vec::new()));
    }

    #[test]
    fn the_file_has_a_log_and_pages_of_8_kib() {
        let place = InSqlite::new();
        let _db = crate::block_on(place.open()).unwrap();
        let raw = place.raw();
        let mode: String = raw.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        let page: u32 = raw.pragma_query_value(None, "page_size", |row| row.get(0)).unwrap();
        assert_eq!((mode.as_str(), page), ("wal", 8192));
    }
}
