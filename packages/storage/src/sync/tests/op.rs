//! Ops: what of a commit becomes what is sent.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::{
    backend::{Batch, OplogRecord},
    model::{Clock, EntityKey, Json, NodeId, RegisterName, Registers, Stamp, WorkflowId},
    parking,
    sync::{
        op::{LocalOp, MAX_ENTITIES, MAX_OP_BYTES, ops_of, ops_of_record},
        wire::{Changes, Op, OpId, OpResult, OpStatus, OpsApplied},
    },
};

fn clock() -> impl FnMut() -> Stamp {
    let mut clock = Clock::new(1);
    move || clock.tick(1_800_000_000_000)
}

fn title(stamp: Stamp, text: &str) -> Registers {
    Registers::new().with(RegisterName::Title, stamp, text)
}

/// Everything that ops set, merged.
fn whole<'a>(ops: impl IntoIterator<Item = &'a LocalOp>) -> BTreeMap<EntityKey, Registers> {
    let mut whole: BTreeMap<EntityKey, Registers> = BTreeMap::new();
    for (key, patch) in ops.into_iter().flat_map(|op| &op.patches) {
        whole.entry(*key).or_default().merge(patch);
    }
    whole
}

#[test]
fn each_stamp_of_a_workflow_is_one_op_in_the_order_of_the_stamps() {
    let mut stamp = clock();
    let (left, right) = (WorkflowId::new(stamp()), WorkflowId::new(stamp()));
    let (one, other) = (EntityKey::node(left, NodeId::new(stamp())), EntityKey::node(right, NodeId::new(stamp())));
    let (first, second) = (stamp(), stamp());
    let mut batch = Batch::new();
    batch.merge(one, &title(second, "later")).merge(one, &Registers::new().with(RegisterName::Type, first, "prompt"));
    batch.merge(EntityKey::workflow(left), &Registers::new().with(RegisterName::Name, first, "A"));
    batch.merge(other, &title(first, "elsewhere")).record();
    let record = batch.to_record().unwrap();
    let ops = ops_of_record(&record).unwrap();
    let ids = |of| ops[&of].iter().map(|op| op.id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(left), [first.to_string(), second.to_string()]);
    assert_eq!(ids(right), [first.to_string()]);
    assert_eq!(ops[&left][0].patches.len(), 2);
    assert_eq!(ops[&left][1].patches, [(one, title(second, "later"))]);
}

#[test]
fn what_is_uploaded_never_takes_the_plain_stamp_for_its_id() {
    let mut stamp = clock();
    let key = EntityKey::node(WorkflowId::new(stamp()), NodeId::new(stamp()));
    let at = stamp();
    let patches = parking::patches_of([(key, &title(at, "A"))]);
    let ops = |upload| ops_of_record(&OplogRecord { id: stamp_of(at), patches: patches.clone(), upload }).unwrap();
    assert_eq!(ops(false)[&key.workflow][0].id, OpId { stamp: at, piece: None });
    assert!(ops(true)[&key.workflow][0].id.piece.is_some());
}

fn stamp_of(stamp: Stamp) -> Stamp {
    stamp
}

#[test]
fn a_large_change_is_cut_and_each_piece_has_the_id_of_its_content() {
    let mut stamp = clock();
    let workflow = WorkflowId::new(stamp());
    let nodes: Vec<_> = (0..=MAX_ENTITIES * 2).map(|_| EntityKey::node(workflow, NodeId::new(stamp()))).collect();
    let at = stamp();
    let patches: Vec<_> = nodes.iter().map(|key| (*key, title(at, "A"))).collect();
    let ops = ops_of(patches.clone(), false).remove(&workflow).unwrap();
    assert_eq!(ops.iter().map(|op| op.patches.len()).collect::<Vec<_>>(), [100, 100, 1]);
    assert_eq!(whole(&ops), patches.iter().cloned().collect());
    // One is gone: what is left is cut elsewhere, and no id means two contents.
    let less = ops_of(patches[1..].to_vec(), false).remove(&workflow).unwrap();
    for op in &less {
        for known in ops.iter().filter(|known| known.id == op.id) {
            assert_eq!(known.patches, op.patches);
        }
    }
    assert!(less.iter().any(|op| ops.iter().all(|known| known.id != op.id)));
}

#[test]
fn an_op_is_at_most_so_large_unless_one_register_is_larger() {
    let mut stamp = clock();
    let key = EntityKey::node(WorkflowId::new(stamp()), NodeId::new(stamp()));
    let at = stamp();
    let mut registers = Registers::new();
    for number in 0..40 {
        let text = "\"".repeat(if number == 20 { MAX_OP_BYTES } else { 10_000 });
        registers = registers.with(RegisterName::config(&format!("{number:02}")), at, text);
    }
    let ops = ops_of([(key, registers.clone())], false).remove(&key.workflow).unwrap();
    assert!(ops.len() > 2);
    assert_eq!(whole(&ops), BTreeMap::from([(key, registers)]));
    for op in &ops {
        let real = serde_json::to_string(&op.to_wire()).unwrap().len();
        let largest = op.patches.iter().map(|(_, registers)| registers.len()).max().unwrap();
        assert!(largest == 1 || op.bytes <= MAX_OP_BYTES, "{} bytes in {largest} registers", op.bytes);
        // An estimate that is never far below the truth.
        assert!(op.bytes + 200 >= real, "{} is said of {real}", op.bytes);
    }
}

proptest! {
    #[test]
    fn ops_hold_everything_once_and_nothing_else(batch in crate::model::any_batch(), upload: bool) {
        let ops = ops_of(batch.rows().map(|(key, registers)| (key, registers.clone())), upload);
        let all: Vec<_> = ops.values().flatten().collect();
        let rows: BTreeMap<_, _> = batch.rows().filter(|(_, registers)| !registers.is_empty())
            .map(|(key, registers)| (key, registers.clone())).collect();
        prop_assert_eq!(whole(all.iter().copied()), rows);
        let registers = all.iter().map(|op| op.registers().count()).sum::<usize>();
        prop_assert_eq!(registers, batch.rows().map(|(_, registers)| registers.len()).sum::<usize>());
        for op in all {
            prop_assert!(op.registers().all(|(_, _, register)| register.stamp == op.id.stamp));
            // What is sent comes back as it was, also through JSON.
            let text = serde_json::to_string(&op.to_wire()).unwrap();
            let back: Op = serde_json::from_str(&text).unwrap();
            let of = op.patches[0].0.workflow;
            let patches: Vec<_> = back.entities.iter().map(|patch| (patch.key(of), patch.registers().unwrap())).collect();
            prop_assert_eq!(&patches, &op.patches);
            prop_assert_eq!(back.op_id, op.id);
        }
    }
}

#[test]
fn the_wires_shapes_are_those_of_the_contract() {
    let mut stamp = clock();
    let (workflow, node) = (WorkflowId::new(stamp()), NodeId::new(stamp()));
    let at = stamp();
    let registers =
        Registers::new().with(RegisterName::config("seed"), at, u64::MAX).without(RegisterName::config("style"), at);
    let op = LocalOp {
        id: OpId { stamp: at, piece: None },
        patches: vec![(EntityKey::node(workflow, node), registers)],
        bytes: 0,
    };
    assert_eq!(
        serde_json::to_string(&op.to_wire()).unwrap(),
        format!(
            r#"{{"opId":"{at}","entities":[{{"kind":"node","id":"{node}","fields":[{{"k":"config.seed","v":"18446744073709551615","h":"{at}"}},{{"k":"config.style","v":null,"h":"{at}"}}]}}]}}"#
        )
    );
    let answer = format!(
        r#"{{"head":7.0,"serverNow":1800000000000.0,"results":[{{"opId":"{at}#12","status":"rejected","code":"TOO_LARGE","seq":6,"entities":[{{"kind":"node","id":"{node}","fields":[],"seq":3.0}}],"serverNow":1.5}}]}}"#
    );
    let OpsApplied { head, server_now, results } = serde_json::from_str(&answer).unwrap();
    let [OpResult { op_id, status, code, seq, entities }] = results.try_into().unwrap();
    assert_eq!((head, server_now, seq, status), (7, 1_800_000_000_000, 6, OpStatus::Rejected));
    assert_eq!((op_id.to_string(), code.unwrap().text()), (format!("{at}#12"), "TOO_LARGE"));
    assert_eq!(entities.unwrap()[0].seq, 3);
    for bad in [
        r#"{"reset":false,"entities":[],"cursor":-1,"done":true,"serverNow":0}"#,
        r#"{"reset":false,"entities":[],"cursor":1e17,"done":true,"serverNow":0}"#,
    ] {
        assert!(serde_json::from_str::<Changes>(bad).is_err(), "{bad}");
    }
    for bad in ["", "0", &format!("{at}#0"), &format!("{at}#-1"), &format!("{at}#4294967296"), &node.to_string()[1..]] {
        assert!(bad.parse::<OpId>().is_err(), "{bad}");
    }
    assert!(Json::from("x") == serde_json::from_str(r#""x""#).unwrap());
}
