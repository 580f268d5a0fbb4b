//! Media beside bare files: `Assets::put` beside copying a file with `std::fs` and hashing the copy with `sha2`.
//!
//! Both start from files that are warm in memory. Ours ends when the disk has bytes, name and row (laws 6 and 8), so the peer
//! that flushes each copy is the fair pairing and has the bar; the one that leaves its copies to the system's mood tells what
//! the promise costs. Besides, ours takes the CRC-32 and knows duplicates.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use futures::stream::{self, StreamExt, TryStreamExt};
use sha2::{Digest, Sha256};
use storage::{
    Location, Session,
    blobs::{Source, Ticket},
};
use tempfile::TempDir;

use crate::compare::compare;

const ROUNDS: usize = 5;
const MIB: usize = 1024 * 1024;
/// How much is put in all, in bytes.
const TOTAL: usize = 256 * MIB;
/// How much the peer reads at once, in bytes: what is fastest here.
const BUFFER: usize = MIB;
/// How many files of a drop are put at once. The peer copies one after the other.
const AT_ONCE: usize = 4;
/// What ours may take of the peer's time.
const BAR: f64 = 1.3;

/// Prints each measurement as a line of JSON.
pub fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build()?;
    for count in [1, 64] {
        let folder = tempfile::tempdir()?;
        let files = sources(folder.path(), count, TOTAL / count)?;
        let name = match count {
            1 => "files: 256 MB of media in one file".to_owned(),
            _ => format!("files: 256 MB of media in {count} files, {AT_ONCE} at once"),
        };
        let ours = || runtime.block_on(put(&files, AT_ONCE));
        compare(&format!("{name}, std::fs and sha2, flushed"), Some(BAR), ROUNDS, &ours, &|| copy(&files, flush))?;
        compare(&format!("{name}, std::fs and sha2 as they come"), None, ROUNDS, &ours, &|| copy(&files, |_| Ok(())))?;
        if count > 1 {
            let name =
                format!("files: 256 MB of media in {count} files one after the other, std::fs and sha2, flushed");
            compare(&name, None, ROUNDS, &|| runtime.block_on(put(&files, 1)), &|| copy(&files, flush))?;
        }
    }
    Ok(())
}

/// So many files of so many bytes, which repeat nowhere.
pub fn sources(folder: &Path, count: usize, bytes: usize) -> Result<Vec<PathBuf>> {
    let mut state = 1_u64;
    let mut piece = vec![0; bytes.min(MIB)];
    let file = |number: usize| {
        let path = folder.join(format!("{number}.bin"));
        let mut file = File::create(&path)?;
        for _ in 0..bytes / piece.len() {
            for word in piece.chunks_exact_mut(8) {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                word.copy_from_slice(&state.to_le_bytes());
            }
            file.write_all(&piece)?;
        }
        file.sync_all()?;
        Ok(path)
    };
    (0..count).map(file).collect()
}

/// Puts all files, so many at once, into a data folder that is new.
async fn put(files: &[PathBuf], at_once: usize) -> Result<Duration> {
    let home = TempDir::new()?;
    let (session, _events) = Session::open(Location::Folder(home.path().to_owned())).await?;
    let start = Instant::now();
    let puts = files.iter().map(|file| session.assets().put(Source::File(file.clone()), None, Ticket::default()));
    let added: Vec<_> = stream::iter(puts).buffer_unordered(at_once).try_collect().await?;
    ensure!(added.iter().all(|added| added.is_new), "a content was there already");
    let time = start.elapsed();
    session.close().await;
    Ok(time)
}

/// Copies all files into a folder that is new, and hashes each copy.
fn copy(files: &[PathBuf], finish: impl Fn(&File) -> Result<()>) -> Result<Duration> {
    let home = TempDir::new()?;
    let mut buffer = vec![0; BUFFER];
    let start = Instant::now();
    for (number, file) in files.iter().enumerate() {
        let target = home.path().join(number.to_string());
        fs::copy(file, &target)?;
        let mut copied = File::options().read(true).write(true).open(target)?;
        finish(&copied)?;
        let mut hash = Sha256::new();
        loop {
            match copied.read(&mut buffer)? {
                0 => break,
                count => hash.update(&buffer[..count]),
            }
        }
        ensure!(hash.finalize()[..] != [0; 32], "a hash is empty");
    }
    Ok(start.elapsed())
}

fn flush(file: &File) -> Result<()> {
    Ok(file.sync_all()?)
}
