//! Patches that actions of several kinds make.

use storage::model::{RegisterName, Registers, Stamp};

/// Deletes an entity, or brings it back.
pub fn deleted(stamp: Stamp, value: bool) -> Registers {
    Registers::new().with(RegisterName::Deleted, stamp, value)
}

/// What must be set at `stamp` to make an entity be `wanted`.
///
/// `shown` is what this build makes of `current`, the stored registers. It is what whoever wants something has seen, so
/// only what differs from it was meant: a value that is written differently, or of which this build knows but a part, stays.
/// Without it the entity isn't there yet.
pub fn difference(
    current: Option<&Registers>,
    shown: Option<&Registers>,
    wanted: Registers,
    stamp: Stamp,
) -> Registers {
    let Some(current) = current else { return wanted };
    let shown = shown.unwrap_or(current);
    let mut patch = Registers::new();
    for (name, register) in wanted.iter() {
        if shown.value(name) != register.value.as_ref() {
            patch.set(name.clone(), register.clone());
        }
    }
    for (name, register) in shown.iter() {
        let gone = wanted.get(name).is_none() && register.value.is_some();
        // What this build doesn't know isn't in what it was given, so its absence says nothing.
        if gone && !matches!(name, RegisterName::Deleted | RegisterName::Other(_)) {
            patch = patch.without(name.clone(), stamp);
        }
    }
    if current.is_deleted() {
        patch = patch.with(RegisterName::Deleted, stamp, false);
    }
    patch
}
