//! What a disk may hold when power has failed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use crate::Op;

/// What is written whole or not at all, in bytes.
const SECTOR: usize = 512;

/// Decides what of the unsynced is there.
pub trait Chance {
    /// A number below `limit`.
    fn below(&mut self, limit: u64) -> u64;
}

impl<F: FnMut(u64) -> u64> Chance for F {
    fn below(&mut self, limit: u64) -> u64 {
        self(limit)
    }
}

/// Whether the disk does what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// What was synced is there.
    Keeps,
    /// It says that it has synced, and has not: to see that a test notices.
    Lies,
}

/// The files below a folder, as they are on the disk for sure, and what of them is only under way.
pub struct Disk {
    root: PathBuf,
    trust: Trust,
    files: Vec<File>,
    /// The names for sure, and the file of each.
    names: BTreeMap<PathBuf, usize>,
    folders: BTreeSet<PathBuf>,
    /// The names as the system sees them.
    seen: BTreeMap<PathBuf, usize>,
    /// Changes of names that are under way, in their order.
    pending: Vec<Name>,
}

#[derive(Clone, Default)]
struct File {
    content: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Written(u64, Vec<u8>),
    Truncated(u64),
}

#[derive(Clone)]
enum Name {
    Made(PathBuf, usize),
    Renamed(PathBuf, PathBuf, usize),
    Removed(PathBuf),
    Folder(PathBuf),
}

impl Name {
    /// Whether it is a name in that folder.
    fn is_in(&self, folder: &Path) -> bool {
        match self {
            Self::Made(path, _) | Self::Removed(path) | Self::Folder(path) => path.parent() == Some(folder),
            Self::Renamed(from, to, _) => from.parent() == Some(folder) || to.parent() == Some(folder),
        }
    }
}

impl File {
    fn change(content: &mut Vec<u8>, change: &Change) {
        match change {
            Change::Truncated(length) => content.resize(usize::try_from(*length).unwrap_or(usize::MAX), 0),
            Change::Written(at, bytes) => {
                let start = usize::try_from(*at).unwrap_or(usize::MAX);
                let end = start + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[start..end].copy_from_slice(bytes);
            }
        }
    }

    fn sync(&mut self) {
        for change in std::mem::take(&mut self.pending) {
            Self::change(&mut self.content, &change);
        }
    }

    /// What may be there.
    fn after_loss(&self, dice: &mut dyn Chance) -> Vec<u8> {
        let mut content = self.content.clone();
        // Often all or nothing of it: both are what disks do most.
        let mode = dice.below(4);
        for change in &self.pending {
            match (mode, change) {
                (0, _) => {}
                (1, change) => Self::change(&mut content, change),
                (_, Change::Truncated(_)) => {
                    if dice.below(2) == 0 {
                        Self::change(&mut content, change);
                    }
                }
                (_, Change::Written(at, bytes)) => {
                    let mut start = 0;
                    while start < bytes.len() {
                        let place = usize::try_from(*at).unwrap_or(usize::MAX) + start;
                        let end = bytes.len().min(start + SECTOR - place % SECTOR);
                        if dice.below(2) == 0 {
                            Self::change(&mut content, &Change::Written(place as u64, bytes[start..end].to_vec()));
                        }
                        start = end;
                    }
                }
            }
        }
        content
    }
}

impl Disk {
    /// An empty folder, which is there for sure.
    pub fn new(root: &Path, trust: Trust) -> Self {
        let folders = BTreeSet::from([root.to_owned()]);
        let (files, names, seen, pending) = Default::default();
        Self { root: root.to_owned(), trust, files, names, folders, seen, pending }
    }

    /// Does what was recorded.
    ///
    /// # Panics
    /// It was done to a file that was never made: then something was not recorded.
    pub fn apply(&mut self, op: &Op) {
        match op {
            Op::Created(path) => {
                self.files.push(File::default());
                self.seen.insert(path.clone(), self.files.len() - 1);
                self.pending.push(Name::Made(path.clone(), self.files.len() - 1));
            }
            Op::Written(path, at, bytes) => self.file(path).pending.push(Change::Written(*at, bytes.clone())),
            Op::Truncated(path, length) => self.file(path).pending.push(Change::Truncated(*length)),
            // Whoever syncs a file by its name may be told of it after somebody else has removed it.
            Op::Synced(path) if self.trust == Trust::Keeps && self.seen.contains_key(path) => self.file(path).sync(),
            Op::FolderSynced(folder) if self.trust == Trust::Keeps => {
                for change in std::mem::take(&mut self.pending) {
                    if change.is_in(folder) { self.rename(&change) } else { self.pending.push(change) }
                }
            }
            Op::Renamed(from, to) => {
                let file = self.seen.remove(from).unwrap_or_else(|| panic!("{} was never made", from.display()));
                self.seen.insert(to.clone(), file);
                self.pending.push(Name::Renamed(from.clone(), to.clone(), file));
            }
            Op::Removed(path) => {
                self.seen.remove(path);
                self.pending.push(Name::Removed(path.clone()));
            }
            Op::FolderMade(path) => self.pending.push(Name::Folder(path.clone())),
            Op::Synced(_) | Op::FolderSynced(_) | Op::Promised(_) | Op::Withdrawn(_) => {}
        }
    }

    fn file(&mut self, path: &Path) -> &mut File {
        let file = self.seen.get(path).unwrap_or_else(|| panic!("{} was never made", path.display()));
        &mut self.files[*file]
    }

    fn rename(&mut self, change: &Name) {
        match change.clone() {
            Name::Made(path, file) => drop(self.names.insert(path, file)),
            Name::Renamed(from, to, file) => {
                self.names.remove(&from);
                self.names.insert(to, file);
            }
            Name::Removed(path) => drop(self.names.remove(&path)),
            Name::Folder(path) => drop(self.folders.insert(path)),
        }
    }

    /// Writes to `to` what may be there if power fails now.
    ///
    /// # Errors
    /// `to` can't be written.
    pub fn lose_power(&self, to: &Path, chance: &mut dyn Chance) -> io::Result<()> {
        let mut left = Self {
            root: self.root.clone(),
            trust: self.trust,
            files: Vec::new(),
            names: self.names.clone(),
            folders: self.folders.clone(),
            seen: BTreeMap::new(),
            pending: Vec::new(),
        };
        // A file system keeps changes of names in their order, up to some moment.
        let kept = chance.below(self.pending.len() as u64 + 1);
        for change in self.pending.iter().take(usize::try_from(kept).unwrap_or(0)) {
            left.rename(change);
        }
        for folder in &left.folders {
            if let Ok(inner) = folder.strip_prefix(&self.root) {
                fs::create_dir_all(to.join(inner))?;
            }
        }
        for (name, file) in &left.names {
            let Ok(inner) = name.strip_prefix(&self.root) else { continue };
            if name.parent().is_some_and(|folder| left.folders.contains(folder)) {
                fs::write(to.join(inner), self.files[*file].after_loss(chance))?;
            }
        }
        Ok(())
    }
}
