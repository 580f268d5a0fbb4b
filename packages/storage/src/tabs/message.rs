//! What is said of a commit.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    SCHEMA_VERSION,
    model::{AssetId, EdgeId, EntityKey, NodeId, Part, Row, WorkflowId},
};

/// Of more rows than this only the workflows are named.
const MANY: usize = 200;

/// A message. As JSON:
///
/// ```json
/// {"schema": 1, "rows": [{"entity": "node", "workflow": "0192…", "id": "0192…", "version": 3}], "ranges": ["0192…"], "undone": ["0192…"],
///  "assets": ["0192…"], "presence": true}
/// ```
///
/// A reader ignores fields that it does not know and takes missing ones as empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The sender's [`SCHEMA_VERSION`].
    pub schema: u32,
    /// What was stored.
    #[serde(flatten)]
    pub changes: Changes,
    /// Workflows of which something was taken back or removed: whoever holds them in memory reads them anew.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub undone: BTreeSet<WorkflowId>,
    /// Assets of which something else is known now: a row, a look, or an id.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub assets: BTreeSet<AssetId>,
    /// Whether the sender has opened or left a workflow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub presence: bool,
}

/// What was stored: by whom and what exactly is not said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Single rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Touched>,
    /// Workflows of which any row may have changed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ranges: BTreeSet<WorkflowId>,
}

/// A row that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Named", into = "Named")]
pub struct Touched {
    /// Which one.
    pub key: EntityKey,
    /// Its version now.
    pub version: u64,
}

/// How a row is named in JSON.
#[derive(Serialize, Deserialize)]
struct Named {
    entity: String,
    workflow: WorkflowId,
    id: Uuid,
    version: u64,
}

impl From<Touched> for Named {
    fn from(Touched { key, version }: Touched) -> Self {
        let entity = match key.part {
            Part::Itself => "workflow",
            Part::Node(_) => "node",
            Part::Edge(_) => "edge",
        };
        Self { entity: entity.to_owned(), workflow: key.workflow, id: key.uuid(), version }
    }
}

impl TryFrom<Named> for Touched {
    type Error = String;

    fn try_from(Named { entity, workflow, id, version }: Named) -> Result<Self, String> {
        let key = match entity.as_str() {
            "workflow" => EntityKey::workflow(workflow),
            "node" => EntityKey::node(workflow, NodeId::from_uuid(id)),
            "edge" => EntityKey::edge(workflow, EdgeId::from_uuid(id)),
            other => return Err(format!("{other:?} is no entity that this build knows")),
        };
        Ok(Self { key, version })
    }
}

impl Message {
    /// Says that these rows were stored.
    pub fn stored(rows: &[(EntityKey, Row)]) -> Self {
        Self { changes: Changes::of(rows), ..Self::nothing(SCHEMA_VERSION) }
    }

    /// Says besides that something of these workflows was taken back or removed.
    #[must_use]
    pub fn with_undone(self, undone: BTreeSet<WorkflowId>) -> Self {
        Self { undone, ..self }
    }

    /// Says that something else is known of these assets now.
    pub fn assets(assets: BTreeSet<AssetId>) -> Self {
        Self { assets, ..Self::nothing(SCHEMA_VERSION) }
    }

    /// Says that a workflow was opened or left.
    pub fn presence() -> Self {
        Self { presence: true, ..Self::nothing(SCHEMA_VERSION) }
    }

    /// Says nothing.
    fn nothing(schema: u32) -> Self {
        Self { schema, changes: Changes::default(), undone: BTreeSet::new(), assets: BTreeSet::new(), presence: false }
    }

    /// Reads a message. Of one that is of a newer schema, at least that is understood.
    ///
    /// # Errors
    /// It is none of ours.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Schema {
            schema: u32,
        }

        serde_json::from_str(text).or_else(|error| match serde_json::from_str::<Schema>(text) {
            Ok(Schema { schema }) if schema > SCHEMA_VERSION => Ok(Self::nothing(schema)),
            _ => Err(error),
        })
    }

    /// The message as JSON.
    pub fn to_text(&self) -> String {
        // Ids and numbers: JSON holds them all.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Changes {
    /// What these rows are.
    fn of(rows: &[(EntityKey, Row)]) -> Self {
        if rows.len() > MANY {
            return Self { rows: Vec::new(), ranges: rows.iter().map(|(key, _)| key.workflow).collect() };
        }
        let rows = rows.iter().map(|(key, row)| Touched { key: *key, version: row.version }).collect();
        Self { rows, ranges: BTreeSet::new() }
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.ranges.is_empty()
    }

    /// Adds what was said later. Of each row the newest version counts.
    pub fn absorb(&mut self, later: Self) {
        self.ranges.extend(later.ranges);
        let mut newest: BTreeMap<EntityKey, u64> = BTreeMap::new();
        for Touched { key, version } in self.rows.drain(..).chain(later.rows) {
            let known = newest.entry(key).or_default();
            *known = version.max(*known);
        }
        self.rows = newest.into_iter().map(|(key, version)| Touched { key, version }).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128((0x0192_0000_0000_7000 << 64) | (0b10 << 126) | number)
    }

    fn rows(count: u128) -> Vec<(EntityKey, Row)> {
        let workflow = WorkflowId::from_uuid(id(1));
        let node = |number| EntityKey::node(workflow, NodeId::from_uuid(id(number)));
        (0..count).map(|number| (node(number), Row { version: 7, ..Row::default() })).collect()
    }

    #[test]
    fn it_names_each_row_with_its_version_and_never_holds_data() {
        let mut rows = rows(1);
        let workflow = rows[0].0.workflow;
        rows.push((EntityKey::workflow(workflow), Row { version: 9, ..Row::default() }));
        rows.push((EntityKey::edge(workflow, EdgeId::from_uuid(id(5))), Row { version: 1, ..Row::default() }));
        let message = Message::stored(&rows);
        let text = message.to_text();
        assert_eq!(
            text,
            format!(
                r#"{{"schema":{SCHEMA_VERSION},"rows":[{{"entity":"node","workflow":"{w}","id":"{n}","version":7}},{{"entity":"workflow","workflow":"{w}","id":"{w}","version":9}},{{"entity":"edge","workflow":"{w}","id":"{e}","version":1}}]}}"#,
                w = id(1),
                n = id(0),
                e = id(5)
            )
        );
        assert_eq!(Message::parse(&text).unwrap(), message);
    }

    #[test]
    fn what_was_taken_back_is_named_by_its_workflow() {
        let workflow = WorkflowId::from_uuid(id(1));
        let message = Message::stored(&[]).with_undone(BTreeSet::from([workflow]));
        assert_eq!(message.to_text(), format!(r#"{{"schema":{SCHEMA_VERSION},"undone":["{workflow}"]}}"#));
        assert_eq!(Message::parse(&message.to_text()).unwrap(), message);
    }

    #[test]
    fn assets_are_named_by_their_ids() {
        let message = Message::assets(BTreeSet::from([AssetId::from_uuid(id(7))]));
        assert_eq!(message.to_text(), format!(r#"{{"schema":{SCHEMA_VERSION},"assets":["{}"]}}"#, id(7)));
        assert_eq!(Message::parse(&message.to_text()).unwrap(), message);
    }

    #[test]
    fn of_more_than_two_hundred_rows_only_the_range_is_named() {
        assert_eq!(Message::stored(&rows(200)).changes.rows.len(), 200);
        let message = Message::stored(&rows(201));
        assert!(message.changes.rows.is_empty());
        assert_eq!(message.changes.ranges, BTreeSet::from([WorkflowId::from_uuid(id(1))]));
        assert_eq!(Message::parse(&message.to_text()).unwrap(), message);
    }

    #[test]
    fn a_newer_builds_message_says_at_least_that() {
        let newer = SCHEMA_VERSION + 1;
        let message = Message::parse(&format!(r#"{{"schema": {newer}, "rows": "in another shape"}}"#)).unwrap();
        assert_eq!((message.schema, message.changes), (newer, Changes::default()));
        let old = format!(r#"{{"schema": {SCHEMA_VERSION}, "rows": "in another shape"}}"#);
        assert!(Message::parse(&old).is_err());
        assert!(Message::parse("[]").is_err());
    }

    #[test]
    fn of_what_is_gathered_the_newest_version_of_each_row_counts() {
        let key = rows(1)[0].0;
        let said = |version| Changes { rows: vec![Touched { key, version }], ranges: BTreeSet::new() };
        let mut changes = said(4);
        changes.absorb(said(9));
        changes.absorb(said(2));
        assert_eq!(changes, said(9));
    }
}
