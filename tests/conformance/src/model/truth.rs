//! The plain map: what was written, by whom, and what of it was acknowledged.

use std::collections::BTreeMap;

use storage::model::{EntityKey, Register, RegisterName, Registers};

/// What a tab shows, or what is stored.
pub(super) type Entities = BTreeMap<EntityKey, Registers>;

/// Everything that was ever written.
#[derive(Default)]
pub(super) struct Truth(Vec<Written>);

/// What was written together.
struct Written {
    /// Which tab wrote it, in which of its lives.
    life: usize,
    patches: Vec<(EntityKey, Registers)>,
    is_acknowledged: bool,
}

impl Written {
    fn registers(&self) -> impl Iterator<Item = (EntityKey, &RegisterName, &Register)> {
        self.patches.iter().flat_map(|(key, patch)| patch.iter().map(|(name, register)| (*key, name, register)))
    }
}

fn stored<'a>(all: &'a Entities, key: EntityKey, name: &RegisterName) -> Option<&'a Register> {
    all.get(&key)?.get(name)
}

impl Truth {
    pub fn write(&mut self, life: usize, patches: Vec<(EntityKey, Registers)>) {
        self.0.push(Written { life, patches, is_acknowledged: false });
    }

    /// All that this life has written was said to be stored.
    pub fn acknowledge(&mut self, life: usize) {
        for written in self.0.iter_mut().filter(|written| written.life == life) {
            written.is_acknowledged = true;
        }
    }

    /// Panics unless `all` can be what is stored.
    pub fn check(&self, all: &Entities) {
        self.nothing_is_invented(all);
        self.what_was_acknowledged_is_there(all);
        self.nothing_is_there_without_what_came_before(all);
    }

    fn nothing_is_invented(&self, all: &Entities) {
        let written: BTreeMap<_, _> = self
            .0
            .iter()
            .flat_map(Written::registers)
            .map(|(key, name, register)| ((key, name, register.stamp), register))
            .collect();
        for (key, registers) in all {
            for (name, register) in registers.iter() {
                assert_eq!(written.get(&(*key, name, register.stamp)), Some(&register), "{key:?} {name}");
            }
        }
    }

    /// For each register at least the largest that was acknowledged.
    fn what_was_acknowledged_is_there(&self, all: &Entities) {
        for written in self.0.iter().filter(|written| written.is_acknowledged) {
            for (key, name, register) in written.registers() {
                let there = stored(all, key, name);
                assert!(there >= Some(register), "lost of {key:?} {name}: {register:?}, there is {there:?}");
            }
        }
    }

    /// A tab's edits are stored in their order, and what is written together is stored together. So whoever finds one finds
    /// those before it, also of a tab that was killed.
    fn nothing_is_there_without_what_came_before(&self, all: &Entities) {
        let mut last = BTreeMap::new();
        for (index, written) in self.0.iter().enumerate() {
            if written.registers().any(|(key, name, register)| stored(all, key, name) == Some(register)) {
                last.insert(written.life, index);
            }
        }
        for (index, written) in self.0.iter().enumerate() {
            if last.get(&written.life).is_some_and(|last| index <= *last) {
                for (key, name, register) in written.registers() {
                    let there = stored(all, key, name);
                    assert!(there >= Some(register), "half of it: {key:?} {name}: {register:?}, there is {there:?}");
                }
            }
        }
    }
}
