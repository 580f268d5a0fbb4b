//! Random data: small pools where things should meet, everything else where they should be awkward.

use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
    sample::select,
};
use uuid::Uuid;

use crate::{
    backend::Batch,
    model::{
        AssetId, AssetPlace, AssetRef, Edge, EdgeId, Ends, EntityKey, Json, Node, NodeId, NodeResult, NodeStatus,
        Object, Point, Register, RegisterName, Registers, Run, Size, Stamp, Viewport, Workflow, WorkflowId,
    },
};

/// The stamp of these parts.
pub fn stamp_of(millis: u64, counter: u64, replica: u64) -> Stamp {
    let (high, low) = ((millis << 16) | 0x7000 | counter, (0b10 << 62) | replica);
    Stamp::try_from(Uuid::from_u64_pair(high, low)).unwrap()
}

/// The milliseconds and the counter of a stamp.
pub fn parts(stamp: Stamp) -> (u64, u64) {
    (stamp.millis(), stamp.uuid().as_u64_pair().0 & 0xfff)
}

/// A stamp, from so few that equal ones are common, or from all.
pub fn stamp() -> impl Strategy<Value = Stamp> {
    let few = (1..4_u64, 0..2_u64, 0..2_u64);
    let all = (0..1_u64 << 48, 0..1_u64 << 12, 0..1_u64 << 62);
    prop_oneof![3 => few, 1 => all].prop_map(|(millis, counter, replica)| stamp_of(millis, counter, replica))
}

/// A text with what needs escaping somewhere.
pub fn text() -> impl Strategy<Value = String> {
    let awkward =
        select(vec!['"', '\\', '.', '/', '\0', '\n', '\u{1f}', '\u{7f}', 'é', '\u{2028}', '\u{feff}', '𝄞', ' ']);
    vec(prop_oneof![awkward, any::<char>(), proptest::char::range('a', 'e')], 0..8).prop_map(String::from_iter)
}

/// A JSON value with digits, spaces and escapes that a careless reader would change.
pub fn json() -> impl Strategy<Value = Json> {
    let plain = select(vec![
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1.10",
        "1E+2",
        "1e400",
        "9007199254740993",
        "18446744073709551615",
        "-170141183460469231731687303715884105728",
        "0.1000000000000000055511151231257827",
        "[]",
        "{}",
        "\"\\u00e9\\/\"",
        "\"\\ud834\\udd1e\"",
    ]);
    let leaf = prop_oneof![plain.prop_map(str::to_owned), text().prop_map(|text| quoted(&text))];
    let value = leaf.prop_recursive(3, 12, 3, |inner| {
        let list = vec(inner.clone(), 0..3).prop_map(|all| format!("[ {} ]", all.join(" ,")));
        let object = vec((text(), inner), 0..3).prop_map(|all| {
            let fields: Vec<_> = all.iter().map(|(name, value)| format!("{}:\t{value}", quoted(name))).collect();
            format!("{{\n{}}}", fields.join(",\n"))
        });
        prop_oneof![list, object]
    });
    value.prop_map(|text| serde_json::from_str(&text).unwrap())
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// A register's name, of each kind.
pub fn name() -> impl Strategy<Value = RegisterName> {
    let known =
        ["deleted", "ends", "name", "position", "run", "size", "title", "type", "config.seed", "extra.colour", "later"];
    prop_oneof![
        4 => select(known.to_vec()).prop_map(RegisterName::parse),
        1 => text().prop_map(|key| RegisterName::config(&key)),
        1 => text().prop_map(|field| RegisterName::extra(&field)),
        1 => text().prop_map(|name| RegisterName::parse(&name)),
    ]
}

/// Values and removals.
pub fn register() -> impl Strategy<Value = Register> {
    (stamp(), option::weighted(0.8, json())).prop_map(|(stamp, value)| Register { stamp, value })
}

/// An entity, or a patch.
pub fn registers() -> impl Strategy<Value = Registers> {
    vec((name(), register()), 0..10).prop_map(Registers::from_iter)
}

/// A key of a few workflows, nodes and edges.
pub fn key() -> impl Strategy<Value = EntityKey> {
    let id = |id: u128| Uuid::from_u128(id);
    (0..3_u128, 0..3_u128, 0..3_u128).prop_map(move |(workflow, kind, part)| {
        let workflow = WorkflowId::from_uuid(id(workflow));
        match kind {
            0 => EntityKey::workflow(workflow),
            1 => EntityKey::node(workflow, NodeId::from_uuid(id(part))),
            _ => EntityKey::edge(workflow, EdgeId::from_uuid(id(part))),
        }
    })
}

/// Patches and settings.
pub fn batch() -> impl Strategy<Value = Batch> {
    let settings = btree_map(text(), option::of(json()), 0..4);
    (vec((key(), registers()), 0..6), settings, any::<bool>()).prop_map(|(patches, settings, recorded)| {
        let mut batch = Batch::new();
        for (key, patch) in patches {
            batch.merge(key, &patch);
        }
        for (key, value) in settings {
            batch.set(&key, value);
        }
        if recorded {
            batch.record();
        }
        batch
    })
}

fn uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn number() -> impl Strategy<Value = f64> {
    use proptest::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO
}

/// Fields that a newer build might add: any, but none of `known`.
fn extra(known: &'static [&'static str]) -> impl Strategy<Value = Object> {
    let later =
        select(vec!["colour", "config", "kind", "name", "nodes", "path", "result", "run", "size", "status", "url"]);
    vec((prop_oneof![later.prop_map(str::to_owned), text()], json()), 0..3)
        .prop_map(|all| all.into_iter().filter(|(name, _)| !known.contains(&name.as_str())).collect())
}

fn place() -> impl Strategy<Value = AssetPlace> {
    prop_oneof![
        text().prop_map(|url| AssetPlace::Url { url }),
        text().prop_map(|path| AssetPlace::Opfs { path }),
        text().prop_map(|handle_id| AssetPlace::FsHandle { handle_id }),
        text().prop_map(|blob_key| AssetPlace::Idb { blob_key }),
        Just(AssetPlace::Embedded),
    ]
}

/// A reference, with fields of a newer build: even with such as belong to another kind of place.
pub fn asset_ref() -> impl Strategy<Value = AssetRef> {
    let known = (
        option::of(uuid().prop_map(AssetId::from_uuid)),
        option::of(text()),
        option::of(any::<u64>()),
        option::of(text()),
    );
    (place(), known, extra(&["id", "kind", "mime", "bytes", "hash"])).prop_map(
        |(place, (id, mime, bytes, hash), mut extra)| {
            let own = match place {
                AssetPlace::Url { .. } => "url",
                AssetPlace::Opfs { .. } => "path",
                AssetPlace::FsHandle { .. } => "handleId",
                AssetPlace::Idb { .. } => "blobKey",
                AssetPlace::Embedded => "kind",
            };
            extra.remove(own);
            AssetRef { id, place, mime, bytes, hash, extra }
        },
    )
}

/// A result, of a shape that is known or not.
pub fn result() -> impl Strategy<Value = NodeResult> {
    prop_oneof![
        text().prop_map(NodeResult::Text),
        asset_ref().prop_map(NodeResult::Asset),
        // A newer build's, as reading would tell it: neither a text, nor a reference, nor nothing.
        json().prop_map(|later| NodeResult::Other(Json::new(&(later,)).unwrap())),
    ]
}

/// A status, known or not.
pub fn status() -> impl Strategy<Value = NodeStatus> {
    prop_oneof![
        select(vec!["idle", "queued", "running", "done", "error"]).prop_map(|known| NodeStatus::from(known.to_owned())),
        text().prop_map(NodeStatus::from),
    ]
}

/// A run, with fields of a newer build.
pub fn run() -> impl Strategy<Value = Run> {
    (status(), option::of(result()), extra(&["status", "result"])).prop_map(|(status, result, extra)| Run {
        status,
        result,
        extra,
    })
}

/// A node with everything that one may have.
pub fn node() -> impl Strategy<Value = Node> {
    let known = &["id", "type", "title", "status", "position", "size", "config", "result", "updatedAt", "version"];
    let place = (number(), number(), option::of((number(), number())));
    let numbers = (any::<u64>(), any::<u64>());
    let content = (text(), text(), status(), option::of(result()));
    (uuid(), content, place, numbers, extra(&[]), extra(known)).prop_map(
        |(id, (kind, title, status, result), (x, y, size), (updated_at, version), config, extra)| Node {
            id: NodeId::from_uuid(id),
            kind,
            title,
            status,
            position: Point { x, y },
            size: size.map(|(width, height)| Size { width, height }),
            config,
            result,
            updated_at,
            version,
            extra,
        },
    )
}

/// An edge with everything that one may have.
pub fn edge() -> impl Strategy<Value = Edge> {
    let known = &["id", "source", "target", "sourceHandle", "targetHandle", "updatedAt", "version"];
    let ends = (uuid(), uuid(), option::of(text()), option::of(text()));
    (uuid(), ends, any::<u64>(), any::<u64>(), extra(known)).prop_map(|(id, ends, updated_at, version, extra)| Edge {
        id: EdgeId::from_uuid(id),
        ends: Ends {
            source: NodeId::from_uuid(ends.0),
            target: NodeId::from_uuid(ends.1),
            source_handle: ends.2,
            target_handle: ends.3,
        },
        updated_at,
        version,
        extra,
    })
}

/// A workflow with everything that one may have.
pub fn workflow() -> impl Strategy<Value = Workflow> {
    let known = &["id", "name", "nodes", "edges", "viewport", "updatedAt", "version"];
    let viewport = option::of((number(), number(), number()).prop_map(|(x, y, zoom)| Viewport { x, y, zoom }));
    let parts = (vec(node(), 0..3), vec(edge(), 0..3));
    (uuid(), text(), parts, viewport, any::<(u64, u64)>(), extra(known)).prop_map(
        |(id, name, (nodes, edges), viewport, (updated_at, version), extra)| Workflow {
            id: WorkflowId::from_uuid(id),
            name,
            nodes,
            edges,
            viewport,
            updated_at,
            version,
            extra,
        },
    )
}
