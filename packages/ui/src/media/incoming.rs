//! Files on their way in, from wherever.

use std::sync::Arc;

use storage::{blobs::Source, package::is_package_name};

use crate::platform;

/// A file that the user has handed over.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// What it is called, without folders.
    pub name: String,
    /// How large it is.
    pub bytes: u64,
    /// Its content, which is read piece by piece.
    pub source: Source,
}

impl Incoming {
    /// Something that was pasted into a window: a page hands over files.
    #[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "a page hands over files"))]
    pub fn of_bytes(name: &str, bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self { name: name.to_owned(), bytes: bytes.len() as u64, source: Source::Bytes(bytes) }
    }

    /// Whether it is a whole workflow, by its name: that goes to the import instead of becoming a node.
    pub fn is_workflow(&self) -> bool {
        let name = self.name.to_lowercase();
        name.rsplit_once('.').is_some_and(|(_, ending)| ending == "json") || self.is_package()
    }

    /// Whether it is a package or a backup, by its name.
    pub fn is_package(&self) -> bool {
        is_package_name(&self.name)
    }

    /// Whether it is an archive, by its name. What is brought in as a workflow and is one, is a package, whatever it is called.
    pub fn is_archive(&self) -> bool {
        self.name.to_lowercase().ends_with(".zip")
    }

    /// All of its bytes, for what is known to be small.
    ///
    /// # Errors
    /// Why it can't be read, in words.
    pub async fn read(&self) -> Result<Arc<[u8]>, String> {
        platform::read(&self.source).await
    }
}

/// Workflows, which are imported, and all the rest, which becomes nodes.
pub fn sorted(files: Vec<Incoming>) -> (Vec<Incoming>, Vec<Incoming>) {
    files.into_iter().partition(Incoming::is_workflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workflows_are_told_from_media_by_their_names() {
        for (name, workflow) in [
            ("flow.json", true),
            ("FLOW.JSON", true),
            ("a.genaiw.zip", true),
            ("b.genaiw-backup (1).zip", true),
            ("photos.zip", false),
            ("json", false),
            ("a.json.png", false),
            (".png", false),
        ] {
            assert_eq!(Incoming::of_bytes(name, *b"x").is_workflow(), workflow, "{name}");
        }
    }
}
