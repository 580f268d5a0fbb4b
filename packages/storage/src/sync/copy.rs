//! A workflow's content once more, as another workflow: for work with stamps that no server takes.

use std::collections::BTreeMap;

use crate::model::{EdgeId, Ends, EntityKey, Json, NodeId, Part, Register, RegisterName, Registers, Stamp, WorkflowId};

/// What is behind the name of a copy.
const SUFFIX: &str = " (copy)";

/// The rows of a copy: every id and every stamp is new, so nothing that the original has or gets can replace anything in it. What is
/// deleted is left out, and edges at it. None: the workflow itself is deleted, or was never created.
pub(crate) fn copy_of(
    rows: &BTreeMap<EntityKey, Registers>,
    next_stamp: &mut dyn FnMut() -> Stamp,
) -> Option<(WorkflowId, Vec<(EntityKey, Registers)>)> {
    let (_, own) = rows.iter().find(|(key, _)| key.part == Part::Itself)?;
    let name = own.value(&RegisterName::Name).filter(|_| !own.is_deleted())?;
    let name = name.read::<String>().map_or_else(|_| name.clone(), |name| Json::from(format!("{name}{SUFFIX}")));
    let id = WorkflowId::new(next_stamp());
    let living = || rows.iter().filter(|(_, registers)| !registers.is_deleted());
    let nodes: BTreeMap<NodeId, NodeId> = living()
        .filter_map(|(key, _)| if let Part::Node(node) = key.part { Some(node) } else { None })
        .map(|node| (node, NodeId::new(next_stamp())))
        .collect();
    let edges: Vec<_> = living()
        .filter_map(|(key, registers)| if let Part::Edge(_) = key.part { Some(registers) } else { None })
        .map(|registers| (EdgeId::new(next_stamp()), registers))
        .collect();
    // One change: everything of it has one stamp.
    let stamp = next_stamp();
    let fresh = |registers: &Registers| -> Registers {
        let set = registers.iter().filter(|(_, register)| register.value.is_some());
        set.map(|(name, register)| (name.clone(), Register { stamp, value: register.value.clone() })).collect()
    };
    let replaced = |registers: &Registers, name: RegisterName, value: Json| -> Registers {
        let others = registers.iter().filter(|(other, _)| **other != name);
        let others: Registers = others.map(|(name, register)| (name.clone(), register.clone())).collect();
        others.with(name, stamp, value)
    };
    let mut patches = vec![(EntityKey::workflow(id), replaced(&fresh(own), RegisterName::Name, name))];
    for (key, registers) in living() {
        if let Part::Node(node) = key.part
            && let Some(node) = nodes.get(&node)
        {
            patches.push((EntityKey::node(id, *node), fresh(registers)));
        }
    }
    for (edge, registers) in edges {
        let Some(ends) = registers.value(&RegisterName::Ends) else { continue };
        let ends = match ends.read::<Ends>() {
            Ok(ends) => match (nodes.get(&ends.source), nodes.get(&ends.target)) {
                (Some(source), Some(target)) => Json::new(&Ends { source: *source, target: *target, ..ends }).ok(),
                _ => None,
            },
            // Of another build; it stays what it is.
            Err(_) => Some(ends.clone()),
        };
        if let Some(ends) = ends {
            patches.push((EntityKey::edge(id, edge), replaced(&fresh(registers), RegisterName::Ends, ends)));
        }
    }
    Some((id, patches))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Clock;

    #[test]
    fn a_copy_has_the_same_content_with_ids_and_stamps_of_its_own_and_nothing_that_is_deleted() {
        let mut ahead = Clock::new(1);
        let mut old = || ahead.tick(9_000_000_000_000);
        let id = WorkflowId::new(old());
        let [one, two, gone] = [NodeId::new(old()), NodeId::new(old()), NodeId::new(old())];
        let node = |title: &str, stamp| {
            Registers::new().with(RegisterName::Type, stamp, "prompt").with(RegisterName::Title, stamp, title)
        };
        let ends = |source, target| {
            let ends = Ends { source, target, source_handle: Some("out".into()), target_handle: None };
            Json::new(&ends).unwrap()
        };
        let edge = |ends: Json, stamp| Registers::new().with(RegisterName::Ends, stamp, ends);
        let rows = BTreeMap::from([
            (EntityKey::workflow(id), Registers::new().with(RegisterName::Name, old(), "Dunes")),
            (EntityKey::node(id, one), node("One", old()).without(RegisterName::config("seed"), old())),
            (EntityKey::node(id, two), node("Two", old())),
            (EntityKey::node(id, gone), node("Gone", old()).with(RegisterName::Deleted, old(), true)),
            (EntityKey::edge(id, EdgeId::new(old())), edge(ends(one, two), old())),
            (EntityKey::edge(id, EdgeId::new(old())), edge(ends(one, gone), old())),
        ]);
        let mut right = Clock::new(2);
        let (copy, patches) = copy_of(&rows, &mut || right.tick(5_000)).unwrap();
        assert_ne!(copy, id);
        let patches: BTreeMap<_, _> = patches.into_iter().collect();
        assert!(patches.keys().all(|key| key.workflow == copy && !rows.contains_key(key)));
        assert!(patches.values().all(|registers| registers.newest().unwrap().millis() == 5_000));
        let text = |key, name| patches[&key].value(&name).unwrap().read::<String>().unwrap();
        assert_eq!(text(EntityKey::workflow(copy), RegisterName::Name), "Dunes (copy)");
        let nodes: BTreeMap<_, _> = patches
            .keys()
            .filter_map(|key| {
                if let Part::Node(node) = key.part { Some((text(*key, RegisterName::Title), node)) } else { None }
            })
            .collect();
        assert_eq!(nodes.keys().collect::<Vec<_>>(), ["One", "Two"]);
        let edges: Vec<_> = patches.iter().filter(|(key, _)| matches!(key.part, Part::Edge(_))).collect();
        let [(_, edge)] = edges.as_slice() else { panic!("{edges:?}") };
        assert_eq!(edge.value(&RegisterName::Ends), Some(&ends(nodes["One"], nodes["Two"])));
    }

    #[test]
    fn of_a_deleted_workflow_there_is_no_copy() {
        let mut clock = Clock::new(1);
        let id = WorkflowId::new(clock.tick(1));
        let named = Registers::new().with(RegisterName::Name, clock.tick(1), "Dunes");
        let deleted = named.with(RegisterName::Deleted, clock.tick(1), true);
        let mut next = || clock.tick(2);
        assert_eq!(copy_of(&BTreeMap::from([(EntityKey::workflow(id), deleted)]), &mut next), None);
        assert_eq!(copy_of(&BTreeMap::new(), &mut next), None);
    }
}
