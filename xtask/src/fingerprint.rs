//! What something was made from, as one hash, and the decision whether it has to be made again.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use sha2::{Digest, Sha256};

use crate::files;

/// A hash that takes texts and files one after the other. Reading them is what it costs: some milliseconds.
#[derive(Default)]
pub struct Fingerprint(Sha256);

impl Fingerprint {
    pub fn text(mut self, text: &str) -> Self {
        // Each part's own hash goes in, so that "a" + "bc" and "ab" + "c" differ.
        self.0.update(Sha256::digest(text));
        self
    }

    /// Takes in the file's path and its content.
    pub fn file(self, path: &Path) -> Result<Self> {
        let mut with_path = self.text(&path.to_string_lossy());
        with_path.0.update(Sha256::digest(files::read(path)?));
        Ok(with_path)
    }

    pub fn files<'a>(self, paths: impl IntoIterator<Item = &'a PathBuf>) -> Result<Self> {
        paths.into_iter().try_fold(self, |fingerprint, path| fingerprint.file(path))
    }

    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// The start of the content's hash: enough to name a file by what is in it.
pub fn short_hash(content: &[u8]) -> String {
    hex(&Sha256::digest(content)[..8])
}

/// Whether there was anything to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Made {
    Anew,
    Before,
}

/// Empties `folder` and does `work`, unless the folder was made with the same fingerprint.
///
/// The fingerprint is kept beside the folder (which may be for the public) and is gone while the work is under way, so
/// interrupted work counts as not done.
pub fn unless_made(folder: &Path, fingerprint: &str, work: impl FnOnce() -> Result<()>) -> Result<Made> {
    let mut record = folder.as_os_str().to_owned();
    record.push(".fingerprint");
    let record = PathBuf::from(record);
    if folder.exists() && fs::read_to_string(&record).is_ok_and(|old| old == fingerprint) {
        return Ok(Made::Before);
    }
    files::remove(&record)?;
    files::remove(folder)?;
    work()?;
    files::write(&record, fingerprint)?;
    Ok(Made::Anew)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("xtask-{}-{name}", std::process::id()));
        files::remove(&folder).unwrap();
        folder
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let split = |a, b| Fingerprint::default().text(a).text(b).finish();
        assert_eq!(split("a", "bc"), split("a", "bc"));
        assert_ne!(split("a", "bc"), split("ab", "c"));
    }

    #[test]
    fn a_content_hash_is_sixteen_digits() {
        assert_eq!(short_hash(b""), "e3b0c44298fc1c14");
    }

    #[test]
    fn the_same_fingerprint_does_no_work_and_another_one_starts_from_an_empty_folder() {
        let folder = scratch("folder");
        let make = |fingerprint: &str, file: &str| {
            unless_made(&folder, fingerprint, || files::write(&folder.join(file), "")).unwrap()
        };
        assert_eq!(make("one", "a"), Made::Anew);
        assert_eq!(make("one", "b"), Made::Before);
        assert_eq!(make("two", "c"), Made::Anew);
        assert_eq!(files::list(&folder).unwrap(), [folder.join("c")]);
        files::remove(&folder).unwrap();
    }

    #[test]
    fn failed_work_is_done_again() {
        let folder = scratch("failed");
        unless_made(&folder, "one", || files::write(&folder.join("a"), "")).unwrap();
        unless_made(&folder, "two", || anyhow::bail!("interrupted")).unwrap_err();
        let made = unless_made(&folder, "one", || files::write(&folder.join("a"), "")).unwrap();
        assert_eq!(made, Made::Anew);
        files::remove(&folder).unwrap();
    }
}
