//! What a package changes in a workflow that is here, and the way back.

use std::collections::HashMap;

use super::spelling;
use crate::{
    backend::Loaded,
    model::{EdgeId, EntityKey, Json, NodeId, Part, Register, RegisterName, Registers, Stamp, Workflow},
};

/// The patches of an update.
type Patches = Vec<(EntityKey, Registers)>;

/// An update of a workflow that is here by one that came from elsewhere: the registers whose values differ, with a fresh stamp, and
/// the entities that are not here or were deleted. Nothing is deleted: what the package does not have stays.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    patches: Patches,
    /// What the registers had before, for those entities that were here.
    before: HashMap<EntityKey, Registers>,
    stamp: Stamp,
}

impl Update {
    /// The update of what is loaded.
    ///
    /// # Errors
    /// A number that JSON can't hold.
    pub fn new(loaded: &Loaded, workflow: &Workflow, stamp: Stamp) -> Result<Self, serde_json::Error> {
        let here = Here::new(loaded);
        let mut all = vec![(EntityKey::workflow(workflow.id), workflow.to_registers(stamp))];
        for node in &workflow.nodes {
            all.push((EntityKey::node(workflow.id, node.id), node.to_registers(stamp)?));
        }
        for edge in &workflow.edges {
            all.push((EntityKey::edge(workflow.id, edge.id), edge.to_registers(stamp)?));
        }
        let mut update = Self { patches: Vec::new(), before: HashMap::new(), stamp };
        for (key, wanted) in all {
            let Some(here) = here.get(key) else {
                update.patches.push((key, wanted));
                continue;
            };
            let differs = |name: &RegisterName, register: &Register| !same(here.value(name), register.value.as_ref());
            let mut patch: Registers = wanted
                .iter()
                .filter(|(name, register)| differs(name, register))
                .map(|(name, register)| (name.clone(), register.clone()))
                .collect();
            if here.is_deleted() {
                patch = patch.with(RegisterName::Deleted, stamp, false);
            }
            if !patch.is_empty() {
                update.before.insert(key, here.clone());
                update.patches.push((key, patch));
            }
        }
        Ok(update)
    }

    /// What it changes. Nothing, if the workflow is as it is in the package.
    pub fn patches(&self) -> &[(EntityKey, Registers)] {
        &self.patches
    }

    /// The patches that bring back what was there before the update. What somebody has changed since stays as it is, and so does
    /// an entity that came with the update and was edited.
    pub fn undone(&self, now: &Loaded, stamp: Stamp) -> Patches {
        let now = Here::new(now);
        let mut patches = Vec::new();
        for (key, patch) in &self.patches {
            let Some(here) = now.get(*key) else { continue };
            let stands = |name: &RegisterName| here.get(name).is_some_and(|register| register.stamp == self.stamp);
            let back: Registers = match self.before.get(key) {
                Some(before) => {
                    let value = |name: &RegisterName| before.value(name).cloned();
                    let names = patch.iter().map(|(name, _)| name).filter(|name| stands(name));
                    names.map(|name| (name.clone(), Register { stamp, value: value(name) })).collect()
                }
                None if here.newest() == Some(self.stamp) => Registers::new().with(RegisterName::Deleted, stamp, true),
                None => continue,
            };
            if !back.is_empty() {
                patches.push((*key, back));
            }
        }
        patches
    }
}

/// The registers of a workflow that is loaded.
struct Here<'a> {
    itself: Option<&'a Registers>,
    nodes: HashMap<NodeId, &'a Registers>,
    edges: HashMap<EdgeId, &'a Registers>,
}

impl<'a> Here<'a> {
    fn new(loaded: &'a Loaded) -> Self {
        Self {
            itself: loaded.workflow.as_ref().map(|row| &row.registers),
            nodes: loaded.nodes.rows.iter().map(|(id, row)| (*id, &row.registers)).collect(),
            edges: loaded.edges.rows.iter().map(|(id, row)| (*id, &row.registers)).collect(),
        }
    }

    fn get(&self, key: EntityKey) -> Option<&'a Registers> {
        match key.part {
            Part::Itself => self.itself,
            Part::Node(id) => self.nodes.get(&id).copied(),
            Part::Edge(id) => self.edges.get(&id).copied(),
        }
    }
}

/// Whether two values are one, however they are spelled: see [`spelling::plain`].
fn same(one: Option<&Json>, other: Option<&Json>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other || spelling::plain(one) == spelling::plain(other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::refs, *};

    fn is_same(one: &str, other: &str) -> bool {
        let json = |text: &str| refs::raw(text.to_owned());
        same(json(one).as_ref(), json(other).as_ref())
    }

    #[test]
    fn values_are_one_however_they_are_spelled() {
        for (one, other) in [
            (r#"{"a":1,"b":[{"c":2,"d":"x"}]}"#, "{ \"b\" : [ {\"d\":\"x\",\n\"c\":2} ],\t\"a\":1 }"),
            (r#""caf\u00e9/""#, r#""café\/""#),
            (r#"{"k\u0069nd":"\ud83d\ude00"}"#, r#"{"kind":"😀"}"#),
            ("[ ]", "[]"),
        ] {
            assert!(is_same(one, other) && is_same(other, one), "{one} {other}");
        }
        assert!(same(None, None));
    }

    #[test]
    fn values_that_differ_in_one_digit_are_two() {
        for (one, other) in [
            ("123456789012345678901", "123456789012345678902"),
            (r#"{"seed":18446744073709551617}"#, r#"{"seed":18446744073709551616}"#),
            ("0.1234567890123456789", "0.1234567890123456788"),
            ("[1.0]", "[1]"),
            ("1e-400", "0"),
            ("[1,2]", "[2,1]"),
            (r#"["a","b"]"#, r#"["a,b"]"#),
            (r#""1""#, "1"),
            ("null", "false"),
            ("{}", "[]"),
            (r#"{"a":null}"#, "{}"),
        ] {
            assert!(!is_same(one, other), "{one} {other}");
        }
        assert!(!same(None, refs::raw("null".to_owned()).as_ref()));
    }
}
