//! What must be so in the end.

use std::collections::BTreeMap;

use super::{
    replica::Replica,
    world::{OWNER, World},
};
use crate::model::{EntityKey, Registers};

/// Panics unless everything that is promised is so.
pub fn check(world: &World) {
    for replica in &world.replicas {
        let server = server(world, replica.user);
        let is_listed = |key: &EntityKey| world.is_listed(replica.user, key.workflow);
        let content = replica.content().into_iter().filter(|(key, _)| is_listed(key)).collect();
        converged(replica.number, &server, &content);
        // Those that are no longer needed gather up to a number; what waits for leave stays.
        let most = if replica.user == OWNER { 65 } else { usize::MAX };
        assert!(replica.oplog() <= most, "{}: the oplog has {} records", replica.number, replica.oplog());
        nothing_is_lost(world, replica, &server);
    }
    for stored in world.stored() {
        for (op, effects) in stored.effects() {
            assert_eq!(*effects, 1, "{op} took effect more than once");
        }
    }
}

/// What the server has of what is a user's.
fn server(world: &World, user: &str) -> BTreeMap<EntityKey, Registers> {
    let stored = world.server.heads(user).into_iter().filter_map(|head| world.server.workflow(head.workflow_id));
    stored
        .flat_map(|stored| stored.entities().map(|(key, registers)| (key, registers.clone())).collect::<Vec<_>>())
        .collect()
}

fn converged(number: usize, server: &BTreeMap<EntityKey, Registers>, content: &BTreeMap<EntityKey, Registers>) {
    for (key, registers) in server {
        let here = content.get(key);
        assert!(here == Some(registers), "{number}: {key}\n here:   {here:?}\n server: {registers:?}");
    }
    for (key, registers) in content {
        // Each may keep what is deleted longer than the server.
        let is_nothing = registers.is_empty() || registers.is_deleted();
        assert!(server.contains_key(key) || is_nothing, "{number}: {key} is only here: {registers:?}");
    }
}

fn nothing_is_lost(world: &World, replica: &Replica, server: &BTreeMap<EntityKey, Registers>) {
    let (rejected, content) = (replica.rejected(), replica.content());
    for edit in &replica.edits {
        // What is no longer the user's there stays here.
        let there = if world.is_listed(replica.user, edit.key.workflow) { server } else { &content };
        let stands = there.get(&edit.key).and_then(|entity| entity.get(&edit.name));
        if stands.is_some_and(|stands| stands.stamp > edit.register.stamp || *stands == edit.register) {
            continue;
        }
        // It was rejected, or a later one of the same user, which is why it was not sent at all.
        let is_kept = replica.edits.iter().any(|later| {
            (later.key, &later.name) == (edit.key, &edit.name)
                && later.register.stamp >= edit.register.stamp
                && rejected.contains(&(edit.key, edit.name.to_string(), later.register.stamp))
        });
        // Its user has taken it into a copy, which is an edit of its own.
        let copied = replica.copied.get(&edit.key).and_then(|copied| copied.get(&edit.name));
        let is_copied = copied.is_some_and(|copied| copied.stamp >= edit.register.stamp);
        // It was on the server when that forgot what had been deleted; what came later is not forgotten.
        let swept = world.swept.get(&edit.key).and_then(|swept| swept.get(&edit.name));
        let is_swept = swept.is_some_and(|swept| swept.stamp >= edit.register.stamp);
        assert!(is_kept || is_copied || is_swept, "{}: {edit:?} is lost; there is {stands:?}", replica.number);
    }
}
