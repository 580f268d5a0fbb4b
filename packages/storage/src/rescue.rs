//! Work that can't be stored, as a file that comes in again.
//!
//! When the database takes nothing any more, a user may save what is unsaved to a file:
//!
//! ```json
//! {"atelierRescue": 1, "patches": [{"workflow": "0192…", "node": "0192…", "registers": {…}}]}
//! ```
//!
//! The patches are those of [`crate::parking`], with their stamps. So the file comes in by the merge, here or on another device:
//! once or often, before or after the disk has healed.

use serde::{Deserialize, Serialize};

use crate::{
    backend::Batch,
    model::{Json, Part, RegisterName},
    parking,
};

/// The version of the file.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Text {
    #[serde(rename = "atelierRescue")]
    version: u32,
    patches: Json,
}

/// Why a file of rescued work can't come in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RescueError {
    /// A newer build has written it.
    #[error("a newer Atelier has saved it (version {0}); this one reads up to version {VERSION}")]
    Newer(u32),
    /// It was cut off or changed.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// There is nothing in it.
    #[error("there is no work in it")]
    Empty,
}

impl RescueError {
    /// A short code for programs and tests.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Newer(_) => "rescue-version",
            Self::Damaged(_) => "rescue-damaged",
            Self::Empty => "rescue-empty",
        }
    }
}

/// What is in such a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// The names of the workflows that it creates or renames.
    pub names: Vec<String>,
    /// How many workflows it touches.
    pub workflows: usize,
    /// How many nodes, deleted ones not counted.
    pub nodes: usize,
    /// How many edges, deleted ones not counted.
    pub edges: usize,
}

/// Writes a batch's patches. Settings stay behind: they only say where somebody looked last.
#[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a number and JSON always can be JSON")]
pub fn to_text(batch: &Batch) -> String {
    serde_json::to_string(&Text { version: VERSION, patches: parking::patches(batch) }).expect("plain data")
}

/// Whether a text says that it is rescued work, sound or not.
pub fn is_rescue(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Probe {
        #[serde(rename = "atelierRescue")]
        _version: serde::de::IgnoredAny,
    }
    // The beginning as well, so that one that was cut off is told what it is.
    text.trim_start().starts_with("{\"atelierRescue\"") || serde_json::from_str::<Probe>(text).is_ok()
}

/// Reads it back.
///
/// # Errors
/// It is damaged, empty, or of a newer build.
pub fn from_text(text: &str) -> Result<Batch, RescueError> {
    let damaged = |error: serde_json::Error| RescueError::Damaged(error.to_string());
    let Text { version, patches } = serde_json::from_str(text).map_err(damaged)?;
    if version > VERSION {
        return Err(RescueError::Newer(version));
    }
    let batch = parking::from_text(&format!("{{\"patches\":{}}}", patches.text())).map_err(damaged)?;
    if batch.is_empty() { Err(RescueError::Empty) } else { Ok(batch) }
}

/// What a batch holds, in numbers for a report.
pub fn contents(batch: &Batch) -> Contents {
    let mut contents = Contents { workflows: batch.workflows().len(), ..Contents::default() };
    for (key, registers) in batch.rows() {
        match key.part {
            Part::Itself => {
                let name = registers.value(&RegisterName::Name).and_then(|name| serde_json::from_str(name.text()).ok());
                contents.names.extend(name);
            }
            _ if registers.is_deleted() => {}
            Part::Node(_) => contents.nodes += 1,
            Part::Edge(_) => contents.edges += 1,
        }
    }
    contents
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Clock, EntityKey, NodeId, Registers, WorkflowId};

    fn batch() -> Batch {
        let mut clock = Clock::new(7);
        let mut stamp = || clock.tick(1_000);
        let workflow = WorkflowId::new(stamp());
        let mut batch = Batch::new();
        batch.merge(
            EntityKey::workflow(workflow),
            &Registers::new().with(RegisterName::Name, stamp(), "Dunes \"at\" dawn"),
        );
        let node = Registers::new().with(RegisterName::Type, stamp(), "prompt").with(
            RegisterName::config("seed"),
            stamp(),
            Json::new(&u64::MAX).unwrap(),
        );
        batch.merge(EntityKey::node(workflow, NodeId::new(stamp())), &node);
        let gone = Registers::new().with(RegisterName::Deleted, stamp(), true);
        batch.merge(EntityKey::node(workflow, NodeId::new(stamp())), &gone);
        batch
    }

    #[test]
    fn what_is_written_is_read_with_its_stamps_and_without_settings() {
        let rescued = batch();
        let mut with_settings = rescued.clone();
        with_settings.set("viewport", Some("far away".into()));
        let text = to_text(&with_settings);
        assert!(is_rescue(&text));
        assert_eq!(from_text(&text), Ok(rescued.clone()));
        let names = vec!["Dunes \"at\" dawn".to_owned()];
        assert_eq!(contents(&rescued), Contents { names, workflows: 1, nodes: 1, edges: 0 });
    }

    #[test]
    fn what_is_cut_off_empty_or_newer_is_refused_as_what_it_is() {
        let text = to_text(&batch());
        for end in ["{\"atelierRescue\"".len(), text.len() / 2, text.len() - 1] {
            assert!(is_rescue(&text[..end]));
            assert_eq!(from_text(&text[..end]).unwrap_err().code(), "rescue-damaged");
        }
        assert_eq!(
            from_text(&text.replace("\"type\":{\"stamp\"", "\"type\":{\"stomp\"")).unwrap_err().code(),
            "rescue-damaged"
        );
        assert_eq!(from_text("{\"atelierRescue\": 1, \"patches\": []}"), Err(RescueError::Empty));
        assert_eq!(from_text("{\"atelierRescue\": 2, \"patches\": []}"), Err(RescueError::Newer(2)));
        for other in ["", "[]", "{\"nodes\": []}", "{\"patches\": []}"] {
            assert!(!is_rescue(other), "{other}");
        }
    }
}
