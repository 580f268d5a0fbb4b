//! Values that were replaced, brought back.

use storage::{
    model::{Register, RegisterName, Registers, WorkflowId},
    sync::KeptValue,
};

use super::Store;

impl Store {
    /// Sets a value again that a server or somebody else has replaced: an edit like any other, and later than theirs.
    pub fn restore_value(&self, workflow: WorkflowId, kept: &KeptValue) {
        let mut registers = Registers::new();
        registers.set(RegisterName::parse(&kept.register), Register { stamp: self.stamp(), value: kept.mine.clone() });
        self.apply(vec![(kept.key(workflow), registers)]);
    }
}
