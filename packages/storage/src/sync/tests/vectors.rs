//! The merge, as both sides must do it. `tests/sync/vectors/merge.json` is read by the server's tests too.
//!
//! `ATELIER_WRITE_VECTORS=1 cargo test -p storage sync::tests::vectors` writes it anew.

use std::path::PathBuf;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    model::{EntityKey, NodeId, Registers, Stamp, WorkflowId},
    sync::{
        backoff::Chance,
        wire::{Field, Kind, Patch},
    },
};

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/sync/vectors/merge.json")
}

fn stamp(millis: u64, counter: u64, replica: u64) -> Stamp {
    Stamp::try_from(Uuid::from_u64_pair((millis << 16) | 0x7000 | counter, (0b10 << 62) | replica)).unwrap()
}

fn field(name: &str, value: Option<&str>, stamp: Stamp) -> Field {
    Field { k: name.to_owned(), v: value.map(str::to_owned), h: stamp }
}

/// Two versions of an entity, each sorted by name.
fn pairs() -> Vec<(&'static str, Vec<Field>, Vec<Field>)> {
    let (old, new) = (stamp(1_800_000_000_000, 0, 1), stamp(1_800_000_000_001, 0, 0));
    let one = |value: Option<&str>, at| vec![field("title", value, at)];
    let mut pairs = vec![
        ("nothing and something", vec![], one(Some("\"a\""), old)),
        ("the larger milliseconds win", one(Some("\"z\""), old), one(Some("\"a\""), new)),
        ("the larger counter wins", one(Some("1"), stamp(5, 9, 9)), one(Some("0"), stamp(5, 10, 0))),
        ("the larger replica wins", one(Some("1"), stamp(5, 1, 0xf)), one(Some("0"), stamp(5, 1, 0x10))),
        ("a later removal wins", one(Some("\"a\""), old), one(None, new)),
        ("an earlier removal loses", one(Some("\"a\""), new), one(None, old)),
        ("of equal stamps a value beats a removal", one(Some("null"), old), one(None, old)),
        ("of equal stamps the larger text wins", one(Some("10"), old), one(Some("9"), old)),
        ("texts are compared by bytes of UTF-8", one(Some("\"\u{ffee}\""), old), one(Some("\"\u{1d11e}\""), old)),
        ("a longer text is larger than its beginning", one(Some("1"), old), one(Some("1.0"), old)),
        ("equal versions", one(Some("1"), old), one(Some("1"), old)),
        (
            "registers are merged one by one",
            vec![field("config.seed", Some("9007199254740993"), old), field("deleted", Some("false"), new)],
            vec![
                field("config.seed", Some("1"), new),
                field("deleted", Some("true"), old),
                field("type", Some("\"a\""), old),
            ],
        ),
        (
            "any text is a name",
            vec![field("config.é\u{0}$._", Some("1"), old), field("extra.", Some("{\"a\": [1 , 2]}"), old)],
            vec![field("", Some("2"), old), field("config.é\u{0}$._", None, new)],
        ),
    ];
    let mut chance = Chance::new(2026);
    for _ in 0..60 {
        let mut side = || {
            let names = ["config.seed", "deleted", "position", "title", "type"];
            let mut fields = Vec::new();
            for name in names {
                if chance.below(3) > 0 {
                    let at = stamp(1_800_000_000_000 + chance.below(2), chance.below(2), chance.below(2));
                    let values =
                        [None, Some("true"), Some("false"), Some("\"x\""), Some("1"), Some("1.0"), Some("null")];
                    let value = values[usize::try_from(chance.below(7)).unwrap()];
                    fields.push(field(name, value, at));
                }
            }
            fields
        };
        pairs.push(("random", side(), side()));
    }
    pairs
}

fn merged(left: &[Field], right: &[Field]) -> Vec<Field> {
    let registers =
        |fields: &[Field]| Patch { kind: Kind::Node, id: Uuid::nil(), fields: fields.to_vec() }.registers().unwrap();
    let mut whole: Registers = registers(left);
    whole.merge(&registers(right));
    let key = EntityKey::node(WorkflowId::from_uuid(Uuid::nil()), NodeId::from_uuid(Uuid::nil()));
    let mut fields = Patch::new(key, &whole).fields;
    fields.sort_by(|one, other| one.k.cmp(&other.k));
    fields
}

fn vectors() -> Value {
    let case = |(name, left, right): (&str, Vec<Field>, Vec<Field>)| {
        let both = merged(&left, &right);
        assert_eq!(both, merged(&right, &left), "{name}");
        assert_eq!(both, merged(&both, &left), "{name}");
        json!({"name": name, "left": left, "right": right, "merged": both})
    };
    let about = "Written by packages/storage/src/sync/tests/vectors.rs. Fields sorted by name; merging either side into the other gives `merged`.";
    json!({"about": about, "cases": pairs().into_iter().map(case).collect::<Vec<_>>()})
}

#[test]
fn the_vectors_are_what_the_merge_does() {
    let text = serde_json::to_string_pretty(&vectors()).unwrap() + "\n";
    if std::env::var_os("ATELIER_WRITE_VECTORS").is_some() {
        std::fs::create_dir_all(file().parent().unwrap()).unwrap();
        std::fs::write(file(), &text).unwrap();
    }
    let stored = std::fs::read_to_string(file()).unwrap();
    assert!(stored == text, "{} is not what the merge does: see the top of this file", file().display());
}
