//! A device that syncs with the server whose address it is given, as `tests/bench/sync.mjs` wants it.
//!
//! It does one thing after the other, says so with a line of JSON, and goes on when it is sent a line: so the other side can ask the
//! server meanwhile what was counted.

use std::{
    fs,
    io::{self, BufRead},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::json;
use storage::{
    Location, Session,
    backend::Batch,
    model::{EntityKey, NodeId, RegisterName, Registers, WorkflowId},
    sync::{Settings, State, Status},
};
use tempfile::TempDir;

/// How many changes are sent one by one.
const EDITS: usize = 2_000;
/// How many there are in all when another device catches up.
const ALL: usize = 10_000;
/// How many nodes are made by one change, to get there soon.
const AT_ONCE: usize = 100;
/// How long nobody does anything.
const IDLE: Duration = Duration::from_secs(10);
/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// Works through it all.
pub fn run(address: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build()?;
    runtime.block_on(async {
        let one = Device::new(address).await?;
        one.until(is_settled).await?;
        told(&json!({}))?;

        let workflow = WorkflowId::new(one.session.stamp());
        let begun = Instant::now();
        let name = Registers::new().with(RegisterName::Name, one.session.stamp(), "Dunes");
        one.write([(EntityKey::workflow(workflow), name)]);
        for _ in 1..EDITS {
            one.write([one.node(workflow)]);
        }
        one.settled().await?;
        told(&json!({"millis": millis(begun), "edits": EDITS}))?;

        let before = processor_time()?;
        tokio::time::sleep(IDLE).await;
        let spent = processor_time()? - before;
        told(&json!({"millis": spent * 10, "seconds": IDLE.as_secs()}))?;

        for _ in 0..(ALL - EDITS) / AT_ONCE {
            one.write((0..AT_ONCE).map(|_| one.node(workflow)).collect::<Vec<_>>());
        }
        one.settled().await?;
        told(&json!({"workflow": workflow}))?;

        let other = Device::new(address).await?;
        let begun = Instant::now();
        other.until(|status| is_settled(status) && status.workflows.contains_key(&workflow)).await?;
        other.session.flush().await;
        let spent = millis(begun);
        let loaded = other.session.load(workflow).await?;
        told(&json!({"millis": spent, "changes": loaded.into_rows(workflow).count()}))
    })
}

/// A device with a data folder of its own.
struct Device {
    session: Session,
    _home: TempDir,
}

impl Device {
    async fn new(address: &str) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let (session, _) = Session::open(Location::Folder(home.path().to_owned())).await?;
        let (address, token) = (address.to_owned(), "test:bench".to_owned());
        session.set_sync(&Settings { on: true, address, token, ..Settings::default() }).await?;
        Ok(Self { session, _home: home })
    }

    /// A node that is new.
    fn node(&self, workflow: WorkflowId) -> (EntityKey, Registers) {
        let stamp = self.session.stamp();
        let registers = Registers::new()
            .with(RegisterName::Type, stamp, "prompt")
            .with(RegisterName::Title, stamp, "Scene")
            .with(RegisterName::config("text"), stamp, "A lighthouse on a basalt headland");
        (EntityKey::node(workflow, NodeId::new(stamp)), registers)
    }

    fn write(&self, patches: impl IntoIterator<Item = (EntityKey, Registers)>) {
        let mut batch = Batch::new();
        for (key, patch) in patches {
            batch.merge(key, &patch);
        }
        self.session.write(batch);
    }

    async fn until(&self, is_so: impl Fn(&Status) -> bool) -> Result<()> {
        let driver = self.session.sync().context("sync is off")?;
        let mut status = driver.status();
        let waited = tokio::time::timeout(PATIENCE, status.wait_for(is_so)).await.map(drop);
        if waited.is_err() {
            bail!("sync doesn't come to rest: {:?}", *driver.status().borrow());
        }
        Ok(())
    }

    /// Waits until the server has everything.
    async fn settled(&self) -> Result<()> {
        self.session.flush().await;
        let driver = self.session.sync().context("sync is off")?;
        self.until(|_| driver.has_sent_all()).await
    }
}

fn is_settled(status: &Status) -> bool {
    status.state == State::UpToDate && status.pending == 0
}

/// Says that something is done, and waits for a line.
fn told(what: &serde_json::Value) -> Result<()> {
    println!("{what}");
    io::stdin().lock().read_line(&mut String::new())?;
    Ok(())
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.
}

/// What this process has had of the processors, in hundredths of a second. Linux says so in a file.
fn processor_time() -> Result<u64> {
    let stat = fs::read_to_string("/proc/self/stat").context("only Linux says how much a process has run")?;
    // The name before may hold anything, also spaces.
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let fields: Vec<&str> = after.split_whitespace().collect();
    // utime and stime, the 14th and 15th of all.
    fields.get(11..13).into_iter().flatten().map(|field| Ok(field.parse::<u64>()?)).sum()
}
