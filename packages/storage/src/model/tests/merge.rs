//! Law 2: one merge, whoever meets whom, in whatever order and however often.

use proptest::{collection::vec, prelude::*};

use super::any;
use crate::model::{Json, Register, RegisterName, Registers};

fn merged<'a>(all: impl IntoIterator<Item = &'a Registers>) -> Registers {
    let mut entity = Registers::new();
    for patch in all {
        entity.merge(patch);
    }
    entity
}

proptest! {
    #[test]
    fn merge_is_commutative(a in any::registers(), b in any::registers()) {
        prop_assert_eq!(merged([&a, &b]), merged([&b, &a]));
    }

    #[test]
    fn merge_is_associative(a in any::registers(), b in any::registers(), c in any::registers()) {
        prop_assert_eq!(merged([&merged([&a, &b]), &c]), merged([&a, &merged([&b, &c])]));
    }

    #[test]
    fn merge_is_idempotent(a in any::registers(), b in any::registers()) {
        let mut entity = merged([&a, &b]);
        let once = entity.clone();
        prop_assert!(!entity.merge(&b) && !entity.merge(&a) && !entity.merge(&once));
        prop_assert_eq!(entity, once);
    }

    #[test]
    fn any_order_and_any_repetition_give_the_same_entity(
        patches in vec(any::registers(), 1..6),
        order in vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let picked = order.iter().map(|index| index.get(&patches));
        prop_assert_eq!(merged(patches.iter().rev().chain(picked)), merged(&patches));
    }

    #[test]
    fn each_register_is_the_largest_that_was_set(patches in vec(any::registers(), 1..6)) {
        let entity = merged(&patches);
        for (name, register) in patches.iter().flat_map(Registers::iter) {
            let largest = patches.iter().filter_map(|patch| patch.get(name)).max();
            prop_assert_eq!(entity.get(name), largest);
            prop_assert!(entity.get(name) >= Some(register));
        }
        prop_assert!(entity.iter().all(|(name, _)| patches.iter().any(|patch| patch.get(name).is_some())));
    }

    #[test]
    fn merge_says_whether_anything_changed(mut a in any::registers(), b in any::registers()) {
        let before = a.clone();
        prop_assert_eq!(a.merge(&b), a != before);
    }

    #[test]
    fn merge_and_set_are_one_rule(mut a in any::registers(), b in any::registers()) {
        let expected = merged([&a, &b]);
        for (name, register) in b.iter() {
            a.set(name.clone(), register.clone());
        }
        prop_assert_eq!(a, expected);
    }

    #[test]
    fn every_name_is_its_own_text(name in any::name(), text in any::text()) {
        prop_assert_eq!(RegisterName::parse(&name.to_string()), name);
        prop_assert_eq!(RegisterName::parse(&text).to_string(), text);
    }
}

#[test]
fn at_equal_stamps_a_value_beats_a_removal_and_the_larger_text_wins() {
    let stamp = any::stamp_of(1, 0, 0);
    let value = |value: &str| Register { stamp, value: Some(Json::from(value)) };
    let removed = Register { stamp, value: None };
    let mut entity = Registers::new();
    assert!(entity.set(RegisterName::Title, removed.clone()));
    assert!(entity.set(RegisterName::Title, value("a")));
    assert!(!entity.set(RegisterName::Title, removed));
    assert!(entity.set(RegisterName::Title, value("b")));
    assert!(!entity.set(RegisterName::Title, value("a")));
}

#[test]
fn a_removal_is_kept_so_that_older_values_stay_removed() {
    let seed = RegisterName::config("seed");
    let [older, newer] = [1, 2].map(|millis| any::stamp_of(millis, 0, 0));
    let mut entity = Registers::new().with(seed.clone(), older, 7_u64);
    entity.merge(&Registers::new().without(seed.clone(), newer));
    entity.merge(&Registers::new().with(seed.clone(), older, 7_u64));
    assert_eq!(entity.value(&seed), None);
    assert_eq!(entity.get(&seed).map(|register| register.stamp), Some(newer));
}

#[test]
fn restoring_is_setting_deleted_again() {
    let [first, second, third] = [1, 2, 3].map(|millis| any::stamp_of(millis, 0, 0));
    let mut entity = Registers::new().with(RegisterName::Deleted, first, true);
    assert!(entity.is_deleted());
    entity.merge(&Registers::new().with(RegisterName::Deleted, second, false));
    assert!(!entity.is_deleted());
    entity.merge(&Registers::new().with(RegisterName::Deleted, third, true));
    entity.merge(&Registers::new().without(RegisterName::Deleted, any::stamp_of(4, 0, 0)));
    assert!(!entity.is_deleted());
}
