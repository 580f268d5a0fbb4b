//! Packages beside Python's `zipfile` and `hashlib`, which do the same with the same files: what is in a folder becomes an archive with
//! a manifest of hashes, and the archive becomes files again, each hashed and compared.
//!
//! Both start from files that are warm in memory, and both flush what they write. Ours keeps hashes from when a file came in, so it
//! hashes nothing on the way out; on the way in it checks all of the package before it stores the first byte, and knows rows and
//! duplicates besides.

use std::{
    cell::RefCell,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use futures::stream::{self, StreamExt, TryStreamExt};
use storage::{
    Location, Session,
    blobs::{Source, Ticket},
    package::{Originals, Plan, Way, look},
};
use tempfile::TempDir;

use crate::{
    assets::sources,
    compare::compare,
    sample::{creation, gallery},
};

const ROUNDS: usize = 5;
/// How many files are put at once, as the app does it.
const AT_ONCE: usize = 4;
/// What ours may take of the peer's time.
const BAR: f64 = 0.6;
/// How large the package is of which memory is measured, in bytes, and how much memory it may take, in MiB.
const LARGE: u64 = 2 << 30;
const MEMORY: f64 = 64.;
/// How many files of how many bytes.
const LOADS: [(&str, usize, usize); 2] = [("64 files of 4 MB", 64, 4 << 20), ("2,000 files of 8 KB", 2_000, 8 << 10)];

/// The peer. It says how many seconds it took, without those to start Python.
const PYTHON: &str = r#"
import hashlib, json, os, sys, time, zipfile

def packed(folder, target):
    assets = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            archive.write(path, "assets/" + name)
            assets.append({"file": "assets/" + name, "hash": digest})
        archive.writestr("manifest.json", json.dumps(assets), zipfile.ZIP_DEFLATED)
    with open(target, "rb+") as file:
        os.fsync(file.fileno())

def unpacked(archive, folder):
    with zipfile.ZipFile(archive) as archive:
        for asset in json.loads(archive.read("manifest.json")):
            digest = hashlib.sha256()
            with archive.open(asset["file"]) as entry, open(os.path.join(folder, os.path.basename(asset["file"])), "wb") as file:
                while piece := entry.read(1 << 20):
                    digest.update(piece)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            assert digest.hexdigest() == asset["hash"]

start = time.perf_counter()
{"packed": packed, "unpacked": unpacked}[sys.argv[1]](sys.argv[2], sys.argv[3])
print(time.perf_counter() - start)
"#;

/// New folders, which stay until all is measured: ext4 gives no file the place of one that was removed within the last seconds, and
/// looks for another for longer than everything else takes.
#[derive(Default)]
struct Folders(RefCell<Vec<TempDir>>);

impl Folders {
    fn next(&self) -> Result<PathBuf> {
        let folder = TempDir::new()?;
        let path = folder.path().to_owned();
        self.0.borrow_mut().push(folder);
        Ok(path)
    }
}

/// Prints each measurement as a line of JSON.
pub fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build()?;
    for (load, count, bytes) in LOADS {
        let home = tempfile::tempdir()?;
        let folder = home.path().join("files");
        fs::create_dir(&folder)?;
        let files = sources(&folder, count, bytes)?;
        let store = runtime.block_on(Store::with(&home.path().join("store"), &files))?;
        let (ours, theirs) = (home.path().join("ours.genaiw.zip"), home.path().join("theirs.zip"));
        compare(
            &format!("packages: export of {load}, Python’s zipfile and hashlib"),
            Some(BAR),
            ROUNDS,
            &|| runtime.block_on(store.export(&ours)),
            &|| python("packed", &folder, &theirs),
        )?;
        let folders = Folders::default();
        compare(
            &format!("packages: import of {load}, Python’s zipfile and hashlib"),
            Some(BAR),
            ROUNDS,
            &|| runtime.block_on(import(&ours, &folders.next()?, count)),
            &|| python("unpacked", &theirs, &folders.next()?),
        )?;
        runtime.block_on(store.session.close());
    }
    memory(&runtime)
}

/// Exports 2 GB, and prints how much memory that takes above what is taken before. Only Linux says.
fn memory(runtime: &tokio::runtime::Runtime) -> Result<()> {
    let home = tempfile::tempdir()?;
    let file = home.path().join("large.bin");
    // Nothing but zeros, which the disk need not hold until they are copied.
    fs::File::create(&file)?.set_len(LARGE)?;
    let store = runtime.block_on(Store::with(&home.path().join("store"), &[file]))?;
    let target = home.path().join("large.genaiw.zip");
    let Some(before) = resident("VmRSS") else { return Ok(()) };
    // From here on the peak is counted anew.
    fs::write("/proc/self/clear_refs", "5")?;
    runtime.block_on(store.export(&target))?;
    let peak = resident("VmHWM").context("Linux says no peak")?;
    ensure!(fs::metadata(&target)?.len() > LARGE, "the package is too small");
    let taken = peak.saturating_sub(before) as f64 / 1024.;
    let line = serde_json::json!({
        "name": "packages: memory of an export of 2 GB, above what is taken before",
        "unit": "MiB",
        "ours": (taken * 100.).round() / 100.,
        "bar": MEMORY,
    });
    println!("{line}");
    Ok(())
}

/// A figure of this process in `/proc`, in KiB.
fn resident(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn python(what: &str, from: &Path, to: &Path) -> Result<Duration> {
    let output = Command::new("python3").args(["-c", PYTHON, what]).arg(from).arg(to).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seconds: f64 = String::from_utf8(output.stdout)?.trim().parse().context("python3 says no time")?;
    Ok(Duration::from_secs_f64(seconds))
}

/// A data folder with a workflow whose nodes show files.
struct Store {
    session: Session,
    workflow: storage::model::Workflow,
}

impl Store {
    async fn with(folder: &Path, files: &[PathBuf]) -> Result<Self> {
        let (session, _events) = Session::open(Location::Folder(folder.to_owned())).await?;
        let puts = files.iter().map(|file| session.assets().put(Source::File(file.clone()), None, Ticket::default()));
        let added: Vec<_> = stream::iter(puts).buffered(AT_ONCE).try_collect().await?;
        let assets: Vec<_> = added.iter().map(|added| added.asset.clone()).collect();
        let workflow = gallery(&assets, &mut || session.stamp());
        Ok(Self { session, workflow })
    }

    async fn export(&self, file: &Path) -> Result<Duration> {
        let start = Instant::now();
        let plan = Plan::new(self.session.assets(), self.workflow.clone(), &Originals::new()).await?;
        plan.layout.save(self.session.assets(), file, Ticket::default()).await?;
        Ok(start.elapsed())
    }
}

/// Into a data folder that is new.
async fn import(file: &Path, home: &Path, count: usize) -> Result<Duration> {
    let (session, _events) = Session::open(Location::Folder(home.to_owned())).await?;
    let start = Instant::now();
    let source = Source::File(file.to_owned());
    let package = look(session.assets(), source.clone(), Ticket::default()).await?;
    ensure!(package.refusal().is_none(), "the package is refused");
    let media = package.keep_media(session.assets(), &source, Ticket::default()).await?;
    let workflow = package.into_workflow(&media, Way::Copy, &mut || session.stamp());
    session.write(creation(&workflow, &workflow.nodes, session.stamp())?);
    session.flush().await;
    let time = start.elapsed();
    ensure!(media.stored() == count, "a content was there already");
    session.close().await;
    Ok(time)
}
