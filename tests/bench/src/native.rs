//! `SQLite` behind storage's contract beside bare `rusqlite`.
//!
//! Both start from nodes in memory and end with them on the disk: the same pragmas, one transaction, prepared
//! `INSERT OR REPLACE`, one text a node. The peer's nodes are plain structs that serde writes; it merges nothing and keeps
//! no stamps. A second line compares with the floor, where the texts are ready made and only the database works.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use rusqlite::{Connection, TransactionBehavior, params};
use serde::{Deserialize, Serialize};
use storage::{
    backend::{Backend, Batch, sqlite::Sqlite},
    model::{EntityKey, Node, NodeId, Point, Registers, Row, Size},
};

use crate::{
    compare::compare,
    sample::{NODES, Sample},
};

const ROUNDS: usize = 9;
const EDITS: usize = 200;

/// Prints each measurement as a line of JSON.
pub fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut sample = Sample::new();
    let batch = Arc::new(sample.creation()?);
    let nodes: Vec<_> = sample.nodes.iter().map(Plain::of).collect();
    let texts: Vec<_> = batch.rows().map(|(key, registers)| text(key, registers)).collect();
    let ours = || runtime.block_on(commit(Arc::clone(&batch)));
    let rusqlite = || insert(nodes.iter().map(|node| Ok((node.key(&sample), serde_json::to_string(node)?))));
    let floor = || insert(texts.iter().map(|(key, text)| Ok((*key, text))));
    let name = format!("SQLite: commit of {NODES} new nodes");
    compare(&format!("{name}, rusqlite with serde"), Some(1.5), ROUNDS, &ours, &rusqlite)?;
    compare(&format!("{name}, rusqlite with ready texts (floor)"), None, ROUNDS, &ours, &floor)?;
    let ours = || runtime.block_on(edit(Arc::clone(&batch)));
    let rusqlite = || update(&nodes, &sample);
    compare(&format!("SQLite: {EDITS} edits, each its own commit, rusqlite with serde"), None, ROUNDS, &ours, &rusqlite)
}

/// A node as a program without merge would keep it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Plain {
    id: NodeId,
    #[serde(rename = "type")]
    kind: String,
    title: String,
    status: String,
    position: Point,
    size: Option<Size>,
    config: Config,
    result: Picture,
    updated_at: u64,
    version: u64,
}

#[derive(Serialize, Deserialize)]
struct Config {
    prompt: String,
    steps: u32,
    cfg: f64,
    seed: usize,
}

#[derive(Serialize, Deserialize)]
struct Picture {
    kind: String,
    path: String,
    mime: String,
    bytes: u64,
    hash: String,
}

impl Plain {
    fn of(node: &Node) -> Self {
        let number = 1_000;
        Self {
            id: node.id,
            kind: node.kind.clone(),
            title: node.title.clone(),
            status: node.status.to_string(),
            position: node.position,
            size: node.size,
            config: Config {
                prompt: format!("a photo of a cat in the rain number {number}"),
                steps: 20,
                cfg: 7.5,
                seed: number,
            },
            result: Picture {
                kind: "opfs".to_owned(),
                path: format!("atelier/assets/image/{number}"),
                mime: "image/png".to_owned(),
                bytes: 12_345,
                hash: format!("sha256-{number:064x}"),
            },
            updated_at: 1_793_491_200_000,
            version: 1,
        }
    }

    fn key(&self, sample: &Sample) -> EntityKey {
        EntityKey::node(sample.workflow.id, self.id)
    }
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

/// Moves nodes one step, one after the other.
async fn edit(batch: Arc<Batch>) -> Result<Duration> {
    let folder = tempfile::tempdir()?;
    let database = Sqlite::open(folder.path()).await?;
    database.commit(batch).await?;
    let mut sample = Sample::new();
    let start = Instant::now();
    for number in 0..EDITS {
        database.commit(Arc::new(sample.step(number)?)).await?;
    }
    let time = start.elapsed();
    database.close().await;
    Ok(time)
}

/// The same in plain SQL: read, change, write, commit.
fn update(nodes: &[Plain], sample: &Sample) -> Result<Duration> {
    let folder = tempfile::tempdir()?;
    let mut connection = open(&folder.path().join("peer.db"))?;
    fill(&mut connection, nodes.iter().map(|node| Ok((node.key(sample), serde_json::to_string(node)?))))?;
    let start = Instant::now();
    for node in &nodes[..EDITS] {
        let (workflow, id) = (sample.workflow.id.uuid(), node.id.uuid());
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let text: String = transaction
            .prepare_cached("SELECT row FROM nodes WHERE workflow = ?1 AND id = ?2")?
            .query_row(params![workflow.as_bytes(), id.as_bytes()], |row| row.get(0))?;
        let mut node: Plain = serde_json::from_str(&text)?;
        node.position.x += 1.;
        node.version += 1;
        transaction
            .prepare_cached("INSERT OR REPLACE INTO nodes (workflow, id, row) VALUES (?1, ?2, ?3)")?
            .execute(params![workflow.as_bytes(), id.as_bytes(), serde_json::to_string(&node)?])?;
        transaction.commit()?;
    }
    Ok(start.elapsed())
}

fn insert<T: AsRef<str>>(rows: impl Iterator<Item = Result<(EntityKey, T)>>) -> Result<Duration> {
    let folder = tempfile::tempdir()?;
    let mut connection = open(&folder.path().join("peer.db"))?;
    let start = Instant::now();
    fill(&mut connection, rows)?;
    Ok(start.elapsed())
}

/// One transaction with a row each.
fn fill<T: AsRef<str>>(connection: &mut Connection, rows: impl Iterator<Item = Result<(EntityKey, T)>>) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut statement = transaction.prepare("INSERT OR REPLACE INTO nodes (workflow, id, row) VALUES (?1, ?2, ?3)")?;
    for row in rows {
        let (key, text) = row?;
        statement.execute(params![key.workflow.uuid().as_bytes(), key.uuid().as_bytes(), text.as_ref()])?;
    }
    drop(statement);
    Ok(transaction.commit()?)
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

/// The row that a commit of a new entity writes.
fn text(key: EntityKey, registers: &Registers) -> (EntityKey, String) {
    let row = Row { registers: registers.clone(), version: 1, counts: None };
    (key, row.to_text(key.uuid()))
}
