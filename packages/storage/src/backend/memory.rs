//! A database in memory: for tests, and where a browser offers nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{AssetRows, AssetUse, Backend, Batch, Committed, Loaded, OplogRecord, Rows, SCHEMA, Wanted, apply};
use crate::{
    BoxFuture, Error, Result, SCHEMA_VERSION,
    model::{Asset, AssetId, EntityKey, Json, Part, Row, Stamp, WorkflowId},
};

/// A database that lives as long as its last connection. Clones are further connections to it.
#[derive(Clone)]
pub struct Memory(Arc<Mutex<Data>>);

struct Data {
    rows: BTreeMap<EntityKey, Row>,
    kv: BTreeMap<String, Json>,
    oplog: BTreeMap<Stamp, OplogRecord>,
    assets: BTreeMap<AssetId, Asset>,
    /// Why nothing is taken for stored.
    refuses: Option<Error>,
}

impl Data {
    fn uses(&self) -> impl Iterator<Item = AssetUse> {
        self.rows.iter().flat_map(|(key, row)| {
            let node = if let Part::Node(node) = key.part { Some(node) } else { None };
            let (workflow, assets) = (key.workflow, node.map(|_| row.registers.assets()).unwrap_or_default());
            assets.into_iter().filter_map(move |asset| Some(AssetUse { asset, workflow, node: node? }))
        })
    }
}

impl Default for Memory {
    fn default() -> Self {
        let kv = BTreeMap::from([(SCHEMA.to_owned(), Json::from(SCHEMA_VERSION))]);
        let (rows, oplog, assets) = Default::default();
        Self(Arc::new(Mutex::new(Data { rows, kv, oplog, assets, refuses: None })))
    }
}

impl Memory {
    /// An empty database.
    pub fn new() -> Self {
        Self::default()
    }

    /// What stands in for a database that can't be had: every commit fails with `reason`, so that nobody takes for stored what
    /// goes with this process. Rows of assets are taken, since their bytes are here as long as this is.
    pub fn refusing(reason: Error) -> Self {
        let memory = Self::new();
        memory.data().refuses = Some(reason);
        memory
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        // No method panics between two changes, so what a panicking thread leaves is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Memory {
    fn workflows(&self) -> BoxFuture<Result<Rows<WorkflowId>>> {
        let data = self.data();
        let own = data.rows.iter().filter(|(key, _)| key.part == Part::Itself);
        let rows = own.map(|(key, row)| (key.workflow, row.clone())).collect();
        now(Ok(Rows { rows, corrupt: Vec::new() }))
    }

    fn load(&self, workflow: WorkflowId) -> BoxFuture<Result<Loaded>> {
        let data = self.data();
        let mut loaded = Loaded::default();
        for (key, row) in
            data.rows.range(EntityKey::workflow(workflow)..).take_while(|(key, _)| key.workflow == workflow)
        {
            match key.part {
                Part::Itself => loaded.workflow = Some(row.clone()),
                Part::Node(id) => loaded.nodes.rows.push((id, row.clone())),
                Part::Edge(id) => loaded.edges.rows.push((id, row.clone())),
            }
        }
        now(Ok(loaded))
    }

    fn rows(&self, keys: BTreeSet<EntityKey>) -> BoxFuture<Result<Vec<(EntityKey, Row)>>> {
        let data = self.data();
        now(Ok(keys.into_iter().filter_map(|key| Some((key, data.rows.get(&key)?.clone()))).collect()))
    }

    fn commit(&self, batch: Arc<Batch>) -> BoxFuture<Result<Committed>> {
        let mut data = self.data();
        if let Some(reason) = &data.refuses {
            return now(Err(reason.clone()));
        }
        let stored =
            apply::keys(&batch).into_iter().filter_map(|key| Some((key, data.rows.get(&key)?.clone()))).collect();
        let applied = apply::apply(&batch, stored);
        data.rows.extend(applied.rows.iter().cloned());
        for key in &applied.removed {
            data.rows.remove(key);
        }
        for (key, value) in batch.kv() {
            match value {
                Some(value) => data.kv.insert(key.to_owned(), value.clone()),
                None => data.kv.remove(key),
            };
        }
        if let Some(record) = &applied.record {
            data.oplog.insert(record.id, record.clone());
        }
        for id in batch.pruned() {
            data.oplog.remove(&id);
        }
        let referred: BTreeSet<_> = applied.assets().flat_map(|(_, _, assets)| assets).collect();
        let missing = referred.into_iter().filter(|id| !data.assets.contains_key(id)).collect();
        now(Ok(applied.into_committed(missing)))
    }

    fn delete(&self, workflow: WorkflowId) -> BoxFuture<Result<()>> {
        self.data().rows.retain(|key, _| key.workflow != workflow);
        now(Ok(()))
    }

    fn kv(&self, key: &str) -> BoxFuture<Result<Option<Json>>> {
        now(Ok(self.data().kv.get(key).cloned()))
    }

    fn oplog(&self) -> BoxFuture<Result<Vec<OplogRecord>>> {
        now(Ok(self.data().oplog.values().cloned().collect()))
    }

    fn assets(&self) -> BoxFuture<Result<AssetRows>> {
        let rows = self.data().assets.values().cloned().map(Asset::without_thumbnail).collect();
        now(Ok(AssetRows { rows, corrupt: Vec::new() }))
    }

    fn asset(&self, wanted: Wanted) -> BoxFuture<Result<Option<Asset>>> {
        let data = self.data();
        now(Ok(match wanted {
            Wanted::Id(id) => data.assets.get(&id).cloned(),
            Wanted::Hash(hash) => data.assets.values().find(|asset| asset.hash == hash).cloned(),
        }))
    }

    fn assets_of(&self, hashes: BTreeSet<String>) -> BoxFuture<Result<Vec<Asset>>> {
        let data = self.data();
        let known = data.assets.values().filter(|asset| hashes.contains(&asset.hash));
        now(Ok(known.cloned().map(Asset::without_thumbnail).collect()))
    }

    fn add_asset(&self, asset: Asset) -> BoxFuture<Result<Asset>> {
        let mut data = self.data();
        if let Some(known) = data.assets.values().find(|known| known.hash == asset.hash) {
            return now(Ok(known.clone()));
        }
        data.assets.insert(asset.id, asset.clone());
        now(Ok(asset))
    }

    fn change_asset(&self, asset: Asset) -> BoxFuture<Result<bool>> {
        let mut data = self.data();
        let known = data.assets.contains_key(&asset.id);
        if known {
            data.assets.insert(asset.id, asset);
        }
        now(Ok(known))
    }

    fn remove_assets(&self, ids: BTreeSet<AssetId>) -> BoxFuture<Result<Vec<Asset>>> {
        let mut data = self.data();
        let used: BTreeSet<_> = data.uses().map(|one| one.asset).collect();
        now(Ok(ids.difference(&used).filter_map(|id| data.assets.remove(id)).collect()))
    }

    fn uses(&self) -> BoxFuture<Result<Vec<AssetUse>>> {
        let mut uses: Vec<_> = self.data().uses().collect();
        uses.sort_unstable();
        now(Ok(uses))
    }

    fn newer(&self) -> Option<u32> {
        None
    }

    fn recreate(&self) -> BoxFuture<Result<()>> {
        now(Ok(()))
    }

    fn close(&self) -> BoxFuture<()> {
        now(())
    }
}

fn now<T: crate::MaybeSend + 'static>(value: T) -> BoxFuture<T> {
    Box::pin(std::future::ready(value))
}
