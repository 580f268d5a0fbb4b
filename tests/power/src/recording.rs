//! What was done to files, in its order.

use std::{
    mem,
    path::{Path, PathBuf},
    sync::{Mutex, Once, PoisonError},
};

use storage::blobs::power::{self, Done};

use crate::sqlite;

/// Something that was done to a file or folder, or said by whoever recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// A new file.
    Created(PathBuf),
    /// Bytes at a place in a file.
    Written(PathBuf, u64, Vec<u8>),
    /// A file has another length.
    Truncated(PathBuf, u64),
    /// The disk has what is in the file.
    Synced(PathBuf),
    /// A file has another name, over what had it.
    Renamed(PathBuf, PathBuf),
    /// A file is gone.
    Removed(PathBuf),
    /// A new folder.
    FolderMade(PathBuf),
    /// The disk has the names in a folder.
    FolderSynced(PathBuf),
    /// Somebody was told that this is safe.
    Promised(String),
    /// Somebody was told that this is gone.
    Withdrawn(String),
}

static RECORDING: Mutex<Option<Recording>> = Mutex::new(None);

struct Recording {
    /// Below which everything counts.
    folder: PathBuf,
    ops: Vec<Op>,
    /// How long each file is that only ever grows.
    lengths: Vec<(PathBuf, u64)>,
}

/// Notes something, if it is recorded.
pub(crate) fn note(path: &Path, op: impl FnOnce() -> Op) {
    let mut recording = RECORDING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(recording) = recording.as_mut().filter(|recording| path.starts_with(&recording.folder)) {
        recording.ops.push(op());
    }
}

/// From now on everything that this process does to files in `folder` is recorded, until the result is [`Recorder::stop`]ped.
/// One at a time.
///
/// # Panics
/// Another recording is under way.
pub fn record(folder: &Path) -> Recorder {
    static LAYERS: Once = Once::new();
    LAYERS.call_once(|| {
        sqlite::register();
        power::listen(heard);
    });
    let recording = Recording { folder: folder.to_owned(), ops: Vec::new(), lengths: Vec::new() };
    let before = RECORDING.lock().unwrap_or_else(PoisonError::into_inner).replace(recording);
    assert!(before.is_none(), "somebody else is recording");
    Recorder { folder: folder.to_owned() }
}

/// What is being recorded.
pub struct Recorder {
    folder: PathBuf,
}

impl Recorder {
    /// Notes that somebody was told that `what` is safe.
    pub fn promised(&self, what: String) {
        note(&self.folder, || Op::Promised(what));
    }

    /// Notes that somebody was told that `what` is gone.
    pub fn withdrawn(&self, what: String) {
        note(&self.folder, || Op::Withdrawn(what));
    }

    /// Everything that was recorded.
    #[expect(clippy::unused_self, reason = "whoever records ends it, once")]
    pub fn stop(self) -> Vec<Op> {
        let mut recording = RECORDING.lock().unwrap_or_else(PoisonError::into_inner);
        mem::take(&mut *recording).map(|recording| recording.ops).unwrap_or_default()
    }
}

/// Notes what storage did.
fn heard(done: Done) {
    let mut recording = RECORDING.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(Recording { folder, ops, lengths }) = &mut *recording else { return };
    let op = match done {
        Done::Created(path) => {
            lengths.retain(|(known, _)| *known != path);
            Op::Created(path)
        }
        Done::Written(path, bytes) => {
            let at = lengths.iter().position(|(known, _)| *known == path).unwrap_or_else(|| {
                lengths.push((path.clone(), 0));
                lengths.len() - 1
            });
            let start = lengths[at].1;
            lengths[at].1 += bytes.len() as u64;
            Op::Written(path, start, bytes)
        }
        Done::Synced(path) => Op::Synced(path),
        Done::Renamed(from, to) => Op::Renamed(from, to),
        Done::Removed(path) => Op::Removed(path),
        Done::FolderMade(path) => Op::FolderMade(path),
        Done::FolderSynced(path) => Op::FolderSynced(path),
    };
    let (Op::Created(path)
    | Op::Written(path, ..)
    | Op::Synced(path)
    | Op::Renamed(path, _)
    | Op::Removed(path)
    | Op::FolderMade(path)
    | Op::FolderSynced(path)) = &op
    else {
        return;
    };
    if path.starts_with(folder) {
        ops.push(op);
    }
}
