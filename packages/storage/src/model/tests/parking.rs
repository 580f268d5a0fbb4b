//! The text of a batch, as it is parked and as the oplog keeps it.

use proptest::prelude::*;

use super::any;
use crate::{
    backend::Batch,
    model::{EntityKey, Json, RegisterName, Registers, WorkflowId},
    parking,
};

proptest! {
    #[test]
    fn a_batch_is_its_text(batch in any::batch()) {
        prop_assert_eq!(parking::from_text(&parking::to_text(&batch)).unwrap(), batch);
    }

    #[test]
    fn the_oplogs_patches_are_those_of_the_text(batch in any::batch()) {
        let text = format!(r#"{{"patches":{}}}"#, parking::patches(&batch).text());
        let back = parking::from_text(&text).unwrap();
        prop_assert!(back.rows().eq(batch.rows()));
    }

    #[test]
    fn batches_absorbed_in_any_order_hold_the_same_rows(a in any::batch(), b in any::batch()) {
        let absorbed = |mut first: Batch, second| {
            first.absorb(second);
            first
        };
        prop_assert!(absorbed(a.clone(), b.clone()).rows().eq(absorbed(b, a).rows()));
    }
}

#[test]
fn null_is_a_value_and_absence_a_removal() {
    let key = EntityKey::workflow(WorkflowId::from_uuid(uuid::Uuid::nil()));
    let stamp = any::stamp_of(1, 0, 0);
    let null = Json::from(serde_json::Value::Null);
    let patch = Registers::new()
        .with(RegisterName::config("null"), stamp, null.clone())
        .without(RegisterName::config("removed"), stamp);
    let mut batch = Batch::new();
    batch.merge(key, &patch).set("null", Some(null.clone())).set("removed", None);
    let back = parking::from_text(&parking::to_text(&batch)).unwrap();
    assert_eq!(back.rows().next(), Some((key, &patch)));
    assert_eq!(back.kv().collect::<Vec<_>>(), [("null", Some(&null)), ("removed", None)]);
}

#[test]
fn a_text_that_is_no_batch_is_refused() {
    for text in ["", "null", "[]", "{}", r#"{"patches":[{"registers":{}}]}"#, r#"{"patches":[],"kv":[]}"#] {
        assert!(parking::from_text(text).is_err(), "{text}");
    }
}
