//! Keeping what is not committed yet when the page goes away.
//!
//! A browser drops a transaction that is still queued when its page is left. So the writer's uncommitted batch is written,
//! synchronously, to a place that survives: `localStorage`, its only use. The next start merges it, which the merge makes
//! harmless however often it happens, and removes it once that commit has completed. The page itself, should it stay, removes
//! it when it has committed it after all: settings have no stamps, so to merge them late could undo a later one.
//!
//! The text of a batch is also what the oplog keeps:
//!
//! ```json
//! {"patches": [{"workflow": "0192…", "node": "0192…", "registers": {"title": {"stamp": "0193…", "value": "A"}}}],
//!  "kv": {"theme": {"value": "dark"}}}
//! ```

#[cfg(not(target_arch = "wasm32"))]
mod in_process;
#[cfg(target_arch = "wasm32")]
mod local_storage;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    backend::Batch,
    model::{EdgeId, EntityKey, Json, NodeId, Part, Register, RegisterName, Registers, Stamp, WorkflowId},
};

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use in_process::{Key, Place};
#[cfg(target_arch = "wasm32")]
pub(crate) use local_storage::{Key, Place};

/// How much a page may leave behind, in bytes. Browsers give an origin 5 MB of `localStorage`, counted in UTF-16.
pub const LIMIT: usize = 2_000_000;

/// What the names of sync's settings begin with.
pub(crate) const SYNC: &str = "sync/";

/// What a page has left behind.
pub(crate) struct Parked {
    pub(crate) key: Key,
    pub(crate) text: String,
}

/// Why something could not be parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParkError {
    /// More than [`LIMIT`].
    #[error("{0} bytes are not stored yet; only {LIMIT} can be kept when the page goes away")]
    TooMuch(usize),
    /// The browser takes nothing.
    #[error("the browser keeps nothing for a page that goes away")]
    NoRoom,
}

#[derive(Serialize, Deserialize)]
struct Text {
    patches: Vec<Patch>,
    #[serde(default)]
    kv: BTreeMap<String, Setting>,
    #[serde(default)]
    record: bool,
    /// What the record is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record_as: Option<Stamp>,
    /// What is recorded, if not everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recorded: Option<Vec<Patch>>,
}

#[derive(Serialize, Deserialize)]
struct Patch {
    workflow: WorkflowId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    node: Option<NodeId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edge: Option<EdgeId>,
    registers: BTreeMap<String, Value>,
}

#[derive(Serialize, Deserialize)]
struct Value {
    stamp: Stamp,
    /// Absent: removed. (`null` is a value.)
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    value: Option<Json>,
}

#[derive(Serialize, Deserialize)]
struct Setting {
    /// Absent: removed.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    value: Option<Json>,
}

/// Tells `null` from absent: only what is absent gets the default.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

impl Patch {
    fn new(key: EntityKey, registers: &Registers) -> Self {
        let (node, edge) = match key.part {
            Part::Itself => (None, None),
            Part::Node(id) => (Some(id), None),
            Part::Edge(id) => (None, Some(id)),
        };
        let value = |register: &Register| Value { stamp: register.stamp, value: register.value.clone() };
        let registers = registers.iter().map(|(name, register)| (name.to_string(), value(register))).collect();
        Self { workflow: key.workflow, node, edge, registers }
    }

    fn key(&self) -> EntityKey {
        match (self.node, self.edge) {
            (Some(node), _) => EntityKey::node(self.workflow, node),
            (None, Some(edge)) => EntityKey::edge(self.workflow, edge),
            (None, None) => EntityKey::workflow(self.workflow),
        }
    }

    fn registers(self) -> Registers {
        let register = |value: Value| Register { stamp: value.stamp, value: value.value };
        self.registers.into_iter().map(|(name, value)| (RegisterName::parse(&name), register(value))).collect()
    }
}

/// Patches as a JSON array.
#[expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "maps with string keys over texts and JSON always can be JSON"
)]
pub fn patches_of<'a>(patches: impl IntoIterator<Item = (EntityKey, &'a Registers)>) -> Json {
    let patches: Vec<Patch> = patches.into_iter().map(|(key, registers)| Patch::new(key, registers)).collect();
    Json::new(&patches).expect("plain data")
}

/// The batch's patches as a JSON array.
pub fn patches(batch: &Batch) -> Json {
    patches_of(batch.rows())
}

/// Reads patches from a JSON array.
///
/// # Errors
/// It is no such array.
pub fn read_patches(patches: &Json) -> Result<Vec<(EntityKey, Registers)>, serde_json::Error> {
    let patches: Vec<Patch> = patches.read()?;
    Ok(patches.into_iter().map(|patch| (patch.key(), patch.registers())).collect())
}

/// Writes a batch as text.
#[expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "maps with string keys over texts and JSON always can be JSON"
)]
pub fn to_text(batch: &Batch) -> String {
    let list = |patches: &mut dyn Iterator<Item = (EntityKey, &Registers)>| {
        patches.map(|(key, registers)| Patch::new(key, registers)).collect::<Vec<_>>()
    };
    // What a server's answer led to is not parked: the server is asked again. So what says how far it was heard mustn't be either.
    let is_kept = |key: &str| !(batch.is_of_sync() && key.starts_with(SYNC));
    let kv = batch.kv().filter(|(key, _)| is_kept(key));
    let is_part = batch.is_recorded() && !batch.is_all_recorded();
    let text = Text {
        patches: list(&mut batch.rows()),
        kv: kv.map(|(key, value)| (key.to_owned(), Setting { value: value.cloned() })).collect(),
        record: batch.is_all_recorded(),
        record_as: batch.given_id(),
        recorded: is_part.then(|| list(&mut batch.recorded())),
    };
    serde_json::to_string(&text).expect("plain data")
}

/// What was changed last of a batch that is too much: as many changes as [`LIMIT`] holds, newest first. Each is in it as a
/// whole or not at all, told by its stamp, because half an import would be worse than none.
pub(crate) fn newest(batch: &Batch) -> Batch {
    let mut changes: BTreeMap<Option<Stamp>, Batch> = BTreeMap::new();
    for (key, registers) in batch.rows() {
        changes.entry(registers.newest()).or_default().merge(key, registers);
    }
    let mut newest = Batch::new();
    for (key, value) in batch.kv() {
        // How far a server was heard counts with all that it said, or not at all.
        if !key.starts_with(SYNC) {
            newest.set(key, value.cloned());
        }
    }
    if batch.is_recorded() {
        newest.record();
        newest.give_id(batch.given_id());
    }
    let mut room = LIMIT.saturating_sub(to_text(&newest).len());
    for change in changes.into_values().rev() {
        // With the comma between it and the next.
        let bytes = patches(&change).text().len() + 1;
        if bytes <= room {
            room -= bytes;
            newest.absorb(change);
        }
    }
    newest
}

/// Reads the text of a batch.
///
/// # Errors
/// It is no such text.
pub fn from_text(text: &str) -> Result<Batch, serde_json::Error> {
    let text: Text = serde_json::from_str(text)?;
    let mut batch = Batch::new();
    for patch in text.patches {
        batch.merge(patch.key(), &patch.registers());
    }
    for (key, setting) in text.kv {
        batch.set(&key, setting.value);
    }
    if text.record {
        batch.record();
    }
    if let Some(recorded) = text.recorded {
        batch.record_part(recorded.into_iter().map(|patch| (patch.key(), patch.registers())).collect());
    }
    batch.give_id(text.record_as);
    Ok(batch)
}
