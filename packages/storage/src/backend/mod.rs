//! The contract that a database keeps, and the databases.
//!
//! One file for each: [`memory`], `sqlite` on the desktop, `indexed_db` on the web. What they share is what must be alike: how
//! a batch is applied to stored rows is in `apply`.

mod apply;
mod batch;
#[cfg(any(test, feature = "testing"))]
pub mod fault;
#[cfg(target_arch = "wasm32")]
pub mod indexed_db;
pub mod memory;
#[cfg(not(target_arch = "wasm32"))]
pub mod sqlite;

pub use batch::{Batch, OplogRecord, Undo};

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    BoxFuture, Error, MaybeSend, MaybeSync, Result,
    model::{Asset, AssetId, EdgeId, EntityKey, Json, NodeId, Part, Row, WorkflowId},
};

/// A database, open at [`crate::SCHEMA_VERSION`], or only to be read at a larger one.
///
/// Every call is under way when it returns: dropping the future that it gives changes nothing but that nobody hears the
/// result. Calls of one connection take effect in the order in which they were made. Several connections may be open, in other
/// tabs or processes; each call is atomic towards them.
///
/// An implementation loses nothing: a newer schema is only read ([`Backend::newer`]), a database that was deleted while it was
/// open is not silently made again ([`Error::Deleted`], until [`Backend::recreate`]), and a connection that was lost is opened
/// again before a call fails with [`Error::Disconnected`].
pub trait Backend: MaybeSend + MaybeSync + 'static {
    /// All workflows' rows by id, deleted ones too; nodes and edges stay where they are.
    fn workflows(&self) -> BoxFuture<Result<Rows<WorkflowId>>>;

    /// A workflow with its nodes and edges by id, deleted ones too, as all of it was at one moment.
    fn load(&self, workflow: WorkflowId) -> BoxFuture<Result<Loaded>>;

    /// These rows, as all of them were at one moment, by key. Those that aren't there, or can't be read, are left out.
    fn rows(&self, keys: BTreeSet<EntityKey>) -> BoxFuture<Result<Vec<(EntityKey, Row)>>>;

    /// Applies a batch in one transaction: each stored row is read, merged with the batch's registers and written with its
    /// version raised; counts, settings and the oplog record go with it. All of it is stored, or nothing.
    ///
    /// `Ok` means that the disk has it: a crash or power loss after that loses nothing of the batch. It carries the rows as
    /// they are now, which may hold registers that another connection has written. After an error nothing was stored, except
    /// after [`Error::Disconnected`], when nobody knows. Repeating a batch is harmless in any case: only versions rise.
    ///
    /// Nodes that refer to media are noted in the index behind [`Backend::uses`]. Should an asset's row be gone, the commit
    /// stands all the same, for a user's edit is worth more than a picture, and the answer says so (law 8).
    ///
    /// A batch may undo what a server rejected ([`Batch::undo`]), remove rows that a server no longer has ([`Batch::remove`]) and
    /// remove records of what it knows ([`Batch::prune`]): before, with and after the merge, in the same transaction.
    ///
    /// A stored row that can't be read is set aside under `aside/<its key>` in the settings before it is written anew.
    fn commit(&self, batch: Arc<Batch>) -> BoxFuture<Result<Committed>>;

    /// Removes a workflow's row with all of its nodes and edges for good, in one transaction. Unknown ids are fine. Users'
    /// deletions are registers, not this: it is for what nobody can want back.
    fn delete(&self, workflow: WorkflowId) -> BoxFuture<Result<()>>;

    /// One of the settings.
    fn kv(&self, key: &str) -> BoxFuture<Result<Option<Json>>>;

    /// The operations that were recorded, oldest first.
    fn oplog(&self) -> BoxFuture<Result<Vec<OplogRecord>>>;

    /// All assets' rows by id, without their thumbnails: those of 10,000 would be 70 MB.
    fn assets(&self) -> BoxFuture<Result<AssetRows>>;

    /// One asset's row.
    fn asset(&self, wanted: Wanted) -> BoxFuture<Result<Option<Asset>>>;

    /// The rows of those of the contents that are known, without their thumbnails, in any order. Contents are named by their hashes.
    fn assets_of(&self, hashes: BTreeSet<String>) -> BoxFuture<Result<Vec<Asset>>>;

    /// Adds an asset's row, in one transaction with the question whether the content is known. Gives the row that is there now:
    /// of another id if the hash was known, and then nothing was changed.
    fn add_asset(&self, asset: Asset) -> BoxFuture<Result<Asset>>;

    /// Replaces an asset's row. Returns whether it was there: one that was removed stays removed.
    fn change_asset(&self, asset: Asset) -> BoxFuture<Result<bool>>;

    /// Removes the rows of those assets that no node refers to, which is asked in the same transaction, and gives what was
    /// removed. Nodes that are deleted do not count.
    fn remove_assets(&self, ids: BTreeSet<AssetId>) -> BoxFuture<Result<Vec<Asset>>>;

    /// Which nodes refer to which assets, from an index that every commit keeps. Nodes that are deleted do not count.
    fn uses(&self) -> BoxFuture<Result<Vec<AssetUse>>>;

    /// The larger schema of a newer build that has written the data, if one has (law 10). Then reading goes on as far as this
    /// build understands it, and every call that would write fails with [`Error::Newer`] and changes nothing. It may become so
    /// while the database is open; the call that finds out says so.
    fn newer(&self) -> Option<u32>;

    /// Makes the database again, empty, after [`Error::Deleted`]. Does nothing if it is there.
    fn recreate(&self) -> BoxFuture<Result<()>>;

    /// Ends the connection once what is under way has finished.
    fn close(&self) -> BoxFuture<()>;
}

/// Setting: the version of what is stored.
pub const SCHEMA: &str = "schemaVersion";

/// Setting: rows may be lost, since a damaged database was set aside. Then bytes without a row are left where they are.
pub const SALVAGED: &str = "salvaged";

/// Rows that could be read, in the order of their ids, and what became of the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows<Id> {
    /// Those that could be read.
    pub rows: Vec<(Id, Row)>,
    /// Those that couldn't: each an [`Error::CorruptRow`]. They stay where they are.
    pub corrupt: Vec<Error>,
}

impl<Id> Default for Rows<Id> {
    fn default() -> Self {
        Self { rows: Vec::new(), corrupt: Vec::new() }
    }
}

/// Everything that belongs to one workflow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// The workflow itself. None if it isn't there or can't be read; then `corrupt` says so.
    pub workflow: Option<Row>,
    /// Its nodes.
    pub nodes: Rows<NodeId>,
    /// Its edges.
    pub edges: Rows<EdgeId>,
    /// Why the workflow itself couldn't be read.
    pub corrupt: Option<Error>,
}

impl Loaded {
    /// Merges what a batch holds of the workflow: edits that are on their way to the disk.
    pub(crate) fn merge(&mut self, workflow: WorkflowId, batch: &Batch) {
        for (key, patch) in batch.rows().filter(|(key, _)| key.workflow == workflow) {
            match key.part {
                Part::Itself => self.workflow.get_or_insert_default().registers.merge(patch),
                Part::Node(id) => self.nodes.row(id).registers.merge(patch),
                Part::Edge(id) => self.edges.row(id).registers.merge(patch),
            };
        }
    }
}

impl Loaded {
    /// Every row that could be read, by key.
    pub fn into_rows(self, workflow: WorkflowId) -> impl Iterator<Item = (EntityKey, Row)> {
        let own = self.workflow.into_iter().map(move |row| (EntityKey::workflow(workflow), row));
        let nodes = self.nodes.rows.into_iter().map(move |(id, row)| (EntityKey::node(workflow, id), row));
        own.chain(nodes).chain(self.edges.rows.into_iter().map(move |(id, row)| (EntityKey::edge(workflow, id), row)))
    }
}

impl<Id: Copy + Ord> Rows<Id> {
    /// The row of that id, made if it is missing.
    fn row(&mut self, id: Id) -> &mut Row {
        let at = self.rows.binary_search_by_key(&id, |(id, _)| *id).unwrap_or_else(|at| {
            self.rows.insert(at, (id, Row::default()));
            at
        });
        &mut self.rows[at].1
    }
}

/// What a commit has stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Committed {
    /// Each row that it wrote, as it is now, by key.
    pub rows: Vec<(EntityKey, Row)>,
    /// The assets to which those rows refer and of which there is no row.
    pub missing: BTreeSet<AssetId>,
    /// The oplog's new record.
    pub record: Option<OplogRecord>,
    /// Those of the rows that lost registers, because a server rejected them: whoever holds them in memory replaces them. Merging
    /// would bring back what was undone.
    pub undone: BTreeSet<EntityKey>,
    /// Rows that are gone.
    pub removed: BTreeSet<EntityKey>,
}

/// Assets that could be read, in the order of their ids, and what became of the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AssetRows {
    /// Those that could be read.
    pub rows: Vec<Asset>,
    /// Why the others couldn't. They stay where they are.
    pub corrupt: Vec<Error>,
}

/// Names one asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// By its id.
    Id(AssetId),
    /// By its content: `sha256-` and 64 hex digits.
    Hash(String),
}

/// A node that refers to an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AssetUse {
    /// What it refers to.
    pub asset: AssetId,
    /// The node's workflow.
    pub workflow: WorkflowId,
    /// The node.
    pub node: NodeId,
}

/// What happened to a connection by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Another tab holds an older version open, so opening waits until the user has closed it.
    Blocked,
    /// Another tab upgrades or deletes the database; the connection was closed to let it.
    Displaced,
    /// The browser closed the connection: data was cleared, or a process died.
    Closed,
}
