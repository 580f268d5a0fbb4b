//! A place in memory: for tests, and where everything else is in memory as well.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Place, Source, Staged, Ticket, digest::Digest};
use crate::{
    BoxFuture, Error, Result,
    model::{Asset, AssetId, AssetPlace, MediaKind},
};

/// Keeps bytes for as long as it lives. Clones are the same place.
#[derive(Clone, Default)]
pub struct MemoryPlace(Arc<Mutex<Data>>);

#[derive(Default)]
struct Data {
    staged: BTreeMap<AssetId, Arc<[u8]>>,
    kept: BTreeMap<String, Arc<[u8]>>,
}

impl MemoryPlace {
    fn data(&self) -> MutexGuard<'_, Data> {
        // No method panics between two changes, so what a panicking thread leaves is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self, place: &AssetPlace) -> Result<Arc<[u8]>> {
        let key = key(place);
        let kept = self.data().kept.get(&key).cloned();
        kept.ok_or_else(|| Error::Missing { what: key, reason: "nothing is kept under that name".into() })
    }
}

fn key(place: &AssetPlace) -> String {
    match place {
        AssetPlace::Idb { blob_key } => blob_key.clone(),
        other => format!("{other:?}"),
    }
}

impl Place for MemoryPlace {
    fn stage(&self, id: AssetId, source: Source, ticket: Ticket) -> BoxFuture<Result<Staged>> {
        let this = self.clone();
        Box::pin(async move {
            let known = source.known();
            let bytes = source.into_bytes().await?;
            if ticket.is_cancelled() {
                return Err(Error::Cancelled);
            }
            ticket.advance(bytes.len() as u64);
            let mut digest = Digest::of(known);
            digest.update(&bytes);
            let staged = digest.staged(None)?;
            this.data().staged.insert(id, bytes);
            Ok(staged)
        })
    }

    fn keep(&self, staged: AssetId, id: AssetId, _kind: MediaKind) -> BoxFuture<Result<AssetPlace>> {
        let mut data = self.data();
        let kept = data.staged.remove(&staged).map(|bytes| {
            data.kept.insert(id.to_string(), bytes);
            AssetPlace::Idb { blob_key: id.to_string() }
        });
        let missing =
            || Error::Missing { what: staged.to_string(), reason: "nothing is staged under that name".into() };
        now(kept.ok_or_else(missing))
    }

    fn discard(&self, id: AssetId) -> BoxFuture<Result<()>> {
        self.data().staged.remove(&id);
        now(Ok(()))
    }

    fn read(&self, asset: &Asset, range: Range<u64>) -> BoxFuture<Result<Vec<u8>>> {
        now(self.kept(&asset.place).map(|bytes| {
            let at = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
            bytes.get(at(range.start)..at(range.end)).unwrap_or_default().to_vec()
        }))
    }

    fn open(&self, asset: &Asset) -> BoxFuture<Result<Source>> {
        now(self.kept(&asset.place).map(Source::Bytes))
    }

    fn hash(&self, asset: &Asset, _ticket: Ticket) -> BoxFuture<Result<String>> {
        now(self.kept(&asset.place).and_then(|bytes| {
            let mut digest = Digest::default();
            digest.update(&bytes);
            digest.staged(None).map(|staged| staged.hash)
        }))
    }

    fn delete(&self, asset: &Asset) -> BoxFuture<Result<()>> {
        self.data().kept.remove(&key(&asset.place));
        now(Ok(()))
    }

    fn sweep(&self, known: BTreeSet<AssetId>) -> BoxFuture<Result<u64>> {
        let mut data = self.data();
        let mut freed: u64 = data.staged.values().map(|bytes| bytes.len() as u64).sum();
        data.staged.clear();
        let known: BTreeSet<_> = known.iter().map(ToString::to_string).collect();
        data.kept.retain(|key, bytes| {
            let stays = known.contains(key);
            freed += if stays { 0 } else { bytes.len() as u64 };
            stays
        });
        now(Ok(freed))
    }
}

fn now<T: crate::MaybeSend + 'static>(value: T) -> BoxFuture<T> {
    Box::pin(std::future::ready(value))
}
