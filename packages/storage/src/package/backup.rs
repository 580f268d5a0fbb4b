//! A backup: several packages in one archive, each as it is, so that any program gets them out and one that is damaged harms none
//! of the others.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{
    EXTENSION, Limits, PackageError, Plan,
    archive::{Entry, Listed, Method},
    file_name::portable,
    name::folded,
    target,
    write::{Archive, Layout},
};
use crate::blobs::Source;

/// Plans a backup of these packages. The same packages give the same bytes, in whatever order they come.
///
/// # Errors
/// There are more, or they are larger, than what a backup may be to be restored: see [`Limits::BACKUP`].
pub fn backup(mut plans: Vec<Plan>) -> Result<Layout, PackageError> {
    let limits = Limits::BACKUP;
    if plans.len() > limits.entries {
        return Err(PackageError::TooManyEntries { count: plans.len() as u64, limit: limits.entries as u64 });
    }
    plans.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
    let (mut archive, mut taken) = (Archive::default(), HashSet::new());
    for plan in plans {
        archive.nest(&free_name(&plan.name, &mut taken), plan.layout);
    }
    let layout = archive.finish();
    if layout.bytes > limits.archive_bytes {
        return Err(PackageError::ArchiveTooLarge { bytes: layout.bytes, limit: limits.archive_bytes });
    }
    Ok(layout)
}

/// A name for a package that none has yet: `a.genaiw.zip`, `a (2).genaiw.zip`.
fn free_name(workflow: &str, taken: &mut HashSet<String>) -> String {
    let mut number = 1;
    loop {
        let ending = if number == 1 { EXTENSION.to_owned() } else { format!(" ({number}){EXTENSION}") };
        let name = portable(workflow, &ending);
        if taken.insert(folded(&name)) {
            return name;
        }
        number += 1;
    }
}

/// What a backup holds. Where its packages are is checked; what is in them is not yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Backup {
    /// The packages, in the order in which they are listed.
    pub packages: Vec<Inside>,
    /// Entries that are no packages. They are ignored.
    pub ignored: Vec<String>,
}

/// A package in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inside {
    /// What it is called.
    pub entry: String,
    /// How large it is, in bytes.
    pub bytes: u64,
    /// Where it begins in the backup. None: it is packed once more, and can't be read where it is.
    at: Option<u64>,
}

impl Inside {
    /// What it is called, without folders.
    pub fn file(&self) -> &str {
        self.entry.rsplit('/').next().unwrap_or(&self.entry)
    }

    /// The package by itself, as a part of the backup's file.
    ///
    /// # Errors
    /// It can't be read where it is.
    pub async fn source(&self, backup: &Source) -> Result<Source, PackageError> {
        let at = self.at.ok_or_else(|| PackageError::PackedTwice { entry: self.entry.clone() })?;
        let part = target::part(backup, at, self.bytes).await;
        part.map_err(|error| PackageError::Unreadable { reason: error.to_string() })
    }
}

/// Whether an archive is a backup, by what it lists.
pub(super) fn is_one(entries: &[Entry]) -> bool {
    entries.iter().any(is_package) && !entries.iter().any(|entry| entry.name == super::manifest::MANIFEST)
}

fn is_package(entry: &Entry) -> bool {
    !entry.is_folder() && entry.name.to_lowercase().ends_with(EXTENSION)
}

/// Checks the outer archive. The packages in it have checksums of their own for every byte that matters, so none is read for the
/// outer ones.
pub(super) fn read<R: std::io::Read + std::io::Seek>(
    input: &mut R,
    listed: Listed,
    limits: &Limits,
) -> Result<Backup, PackageError> {
    let mut backup = Backup::default();
    for entry in listed.check(input, limits)? {
        if is_package(&entry) {
            let at = (entry.method == Method::Stored).then_some(entry.data);
            backup.packages.push(Inside { bytes: entry.bytes, entry: entry.name, at });
        } else if !entry.is_folder() {
            backup.ignored.push(entry.name);
        }
    }
    Ok(backup)
}
