//! `SQLite` behind storage's contract beside bare `rusqlite`: the same rows as text, the same pragmas, one transaction of
//! prepared `INSERT OR REPLACE`. The peer gets its texts ready made: it is the floor.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use rusqlite::{Connection, TransactionBehavior, params};
use storage::{
    backend::{Backend, Batch, sqlite::Sqlite},
    model::{EntityKey, Row},
};

use crate::sample::{NODES, Sample};

const ROUNDS: usize = 9;
const BAR: f64 = 1.5;

/// Prints the measurement as a line of JSON.
pub fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let batch = Arc::new(Sample::new().creation()?);
    let texts = texts(&batch);
    let ours = || runtime.block_on(commit(Arc::clone(&batch)));
    let peer = || insert(&texts);
    // Each once without looking: files, pages and branches get warm.
    ours()?;
    peer()?;
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        // Turn about, so that drift of the machine falls on both.
        rounds.push(if round % 2 == 0 {
            let ours = ours()?;
            (ours, peer()?)
        } else {
            let peer = peer()?;
            (ours()?, peer)
        });
    }
    let line = serde_json::json!({
        "name": format!("SQLite: commit {NODES} new nodes, beside bare rusqlite"),
        "unit": "ms",
        "ours": millis(median(rounds.iter().map(|round| round.0.as_secs_f64()))),
        "peer": millis(median(rounds.iter().map(|round| round.1.as_secs_f64()))),
        "ratio": rounded(median(rounds.iter().map(|(ours, peer)| ours.div_duration_f64(*peer)))),
        "spread": rounded(spread(rounds.iter().map(|(ours, peer)| ours.div_duration_f64(*peer)))),
        "bar": BAR,
    });
    println!("{line}");
    Ok(())
}

async fn commit(batch: Arc<Batch>) -> Result<Duration> {
    let folder = tempfile::tempdir()?;
    let database = Sqlite::open(folder.path()).await?;
    let start = Instant::now();
    let committed = database.commit(batch).await?;
    let time = start.elapsed();
    anyhow::ensure!(committed.rows.len() == NODES as usize + 1, "a commit left rows out");
    database.close().await;
    Ok(time)
}

fn insert(texts: &[(EntityKey, String)]) -> Result<Duration> {
    let folder = tempfile::tempdir()?;
    let mut connection = open(&folder.path().join("peer.db"))?;
    let start = Instant::now();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut statement = transaction.prepare("INSERT OR REPLACE INTO nodes (workflow, id, row) VALUES (?1, ?2, ?3)")?;
        for (key, text) in texts {
            statement.execute(params![key.workflow.uuid().as_bytes(), key.uuid().as_bytes(), text])?;
        }
    }
    transaction.commit()?;
    Ok(start.elapsed())
}

fn open(file: &Path) -> Result<Connection> {
    let connection = Connection::open(file)?;
    connection.pragma_update(None, "page_size", 8192)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "CREATE TABLE nodes (workflow BLOB NOT NULL, id BLOB NOT NULL, row TEXT NOT NULL, PRIMARY KEY (workflow, id)) WITHOUT ROWID",
    )?;
    Ok(connection)
}

/// The rows that a commit of the batch writes.
fn texts(batch: &Batch) -> Vec<(EntityKey, String)> {
    let row = |registers: &storage::model::Registers| Row { registers: registers.clone(), version: 1, counts: None };
    batch.rows().map(|(key, registers)| (key, row(registers).to_text(key.uuid()))).collect()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    quantile(values, 0.5)
}

/// How far the middle half of the values lies apart, as a share of the median.
fn spread(values: impl Iterator<Item = f64> + Clone) -> f64 {
    (quantile(values.clone(), 0.75) - quantile(values.clone(), 0.25)) / median(values)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "an index of a few")]
fn quantile(values: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(((values.len() as f64 - 1.) * share).round() as usize).copied().unwrap_or(f64::NAN)
}

fn millis(seconds: f64) -> f64 {
    rounded(seconds * 1000.)
}

fn rounded(value: f64) -> f64 {
    (value * 1000.).round() / 1000.
}
