//! Ops: what is sent to a server.
//!
//! An op holds all registers that one stamp has changed in one workflow; a large one is cut into pieces. The stamp, or the stamp
//! and a number taken from the content, is its id.

use std::{collections::BTreeMap, num::NonZeroU32};

use super::wire::{Op, OpId, Patch};
use crate::{
    backend::OplogRecord,
    model::{EntityKey, Json, Register, RegisterName, Registers, Stamp, WorkflowId},
};

/// How many ops go in one request, at most.
pub const MAX_OPS: usize = 200;
/// How many bytes of ops go in one request, at most, unless a single op is larger. A server's transaction writes 16 MiB.
pub const MAX_BYTES: usize = 1024 * 1024;
/// How many entities an op has, at most.
pub const MAX_ENTITIES: usize = 100;
/// How many bytes an op has, at most, unless a single register is larger. Each entity has to fit into a document of 1 MiB.
pub const MAX_OP_BYTES: usize = 256 * 1024;

/// What is known of an op before it is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalOp {
    /// Its name.
    pub id: OpId,
    /// What it changes, by key.
    pub patches: Vec<(EntityKey, Registers)>,
    /// About how many bytes it has as JSON.
    pub bytes: usize,
}

impl LocalOp {
    /// The op as it is sent.
    pub fn to_wire(&self) -> Op {
        Op {
            op_id: self.id,
            entities: self.patches.iter().map(|(key, registers)| Patch::new(*key, registers)).collect(),
        }
    }

    /// Each register that it sets.
    pub fn registers(&self) -> impl Iterator<Item = (EntityKey, &RegisterName, &Register)> {
        self.patches.iter().flat_map(|(key, registers)| registers.iter().map(|(name, register)| (*key, name, register)))
    }
}

/// The ops of a record of the oplog, by workflow, in the order of their stamps.
///
/// # Errors
/// The record can't be read.
pub fn ops_of_record(record: &OplogRecord) -> Result<BTreeMap<WorkflowId, Vec<LocalOp>>, serde_json::Error> {
    Ok(ops_of(record.read()?, record.upload))
}

/// The ops of patches, by workflow, in the order of their stamps. `partial`: they need not be all that their stamps have changed,
/// and so no op may have the plain stamp as its id.
pub fn ops_of(
    patches: impl IntoIterator<Item = (EntityKey, Registers)>,
    partial: bool,
) -> BTreeMap<WorkflowId, Vec<LocalOp>> {
    type Fields = Vec<(RegisterName, Register)>;
    let mut changes: BTreeMap<(WorkflowId, Stamp), BTreeMap<EntityKey, Fields>> = BTreeMap::new();
    for (key, registers) in patches {
        for (name, register) in registers.iter() {
            let change = changes.entry((key.workflow, register.stamp)).or_default();
            change.entry(key).or_default().push((name.clone(), register.clone()));
        }
    }
    let mut ops: BTreeMap<WorkflowId, Vec<LocalOp>> = BTreeMap::new();
    for ((workflow, stamp), change) in changes {
        ops.entry(workflow).or_default().extend(cut(stamp, change, partial));
    }
    ops
}

fn cut(stamp: Stamp, change: BTreeMap<EntityKey, Vec<(RegisterName, Register)>>, partial: bool) -> Vec<LocalOp> {
    let mut pieces: Vec<(Vec<(EntityKey, Registers)>, usize)> = Vec::new();
    let (mut patches, mut bytes) = (Vec::new(), 0);
    for (key, fields) in change {
        let mut taken = Registers::new();
        for (name, register) in fields {
            let more = field_bytes(&name, &register) + if taken.is_empty() { PATCH_BYTES } else { 0 };
            let is_full = bytes + more > MAX_OP_BYTES || (taken.is_empty() && patches.len() == MAX_ENTITIES);
            if is_full && bytes > 0 {
                if !taken.is_empty() {
                    patches.push((key, std::mem::take(&mut taken)));
                }
                pieces.push((std::mem::take(&mut patches), std::mem::take(&mut bytes)));
                bytes = PATCH_BYTES;
            }
            bytes += more;
            taken.set(name, register);
        }
        patches.push((key, taken));
    }
    pieces.push((patches, bytes));
    let is_whole = pieces.len() == 1 && !partial;
    let op = |(patches, bytes): (Vec<(EntityKey, Registers)>, usize)| {
        let piece = (!is_whole).then(|| number(&patches));
        LocalOp { id: OpId { stamp, piece }, patches, bytes }
    };
    pieces.into_iter().map(op).collect()
}

/// What an entity costs beside its fields.
const PATCH_BYTES: usize = 80;

/// About how many bytes a field has as JSON.
fn field_bytes(name: &RegisterName, register: &Register) -> usize {
    // Quotation marks and backslashes of the value's JSON are escaped once more.
    let escaped = |text: &str| text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    let value = register.value.as_ref().map_or(4, |value| escaped(value.text()));
    escaped(&name.to_string()) + value + 64
}

/// A number that stands for the content.
fn number(patches: &[(EntityKey, Registers)]) -> NonZeroU32 {
    let mut hasher = crc32fast::Hasher::new();
    for (key, registers) in patches {
        hasher.update(key.uuid().as_bytes());
        for (name, register) in registers.iter() {
            let (name, value) = (name.to_string(), register.value.as_ref().map(Json::text));
            for text in [Some(name.as_str()), value] {
                // Lengths first, so that what stands where cannot be mistaken.
                let length = text.map_or(u64::MAX, |text| text.len() as u64);
                hasher.update(&length.to_le_bytes());
                hasher.update(text.unwrap_or_default().as_bytes());
            }
        }
    }
    NonZeroU32::new(hasher.finalize()).unwrap_or(NonZeroU32::MIN)
}
