//! Rows of assets that come at once and are added in one transaction: each by itself would wait for the disk.

use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use super::{Wanted, Worker, read_asset, write_asset};
use crate::{Result, model::Asset};

/// The rows that wait to be added.
#[derive(Default)]
pub(super) struct Adding(Mutex<Vec<Waiting>>);

struct Waiting {
    asset: Asset,
    tell: oneshot::Sender<Result<Asset>>,
}

impl Adding {
    /// Has a row wait. The answer is the row that is there then: another one, if its content is known.
    pub fn wait(&self, asset: Asset) -> oneshot::Receiver<Result<Asset>> {
        let (tell, told) = oneshot::channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Waiting { asset, tell });
        told
    }

    /// Adds all that wait by now. If that fails it fails for each of them, and none is there.
    pub fn add_all(&self, worker: &mut Worker) {
        let waiting = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if waiting.is_empty() {
            return;
        }
        let added = worker.insist(|worker| add(worker, &waiting));
        for (at, Waiting { tell, .. }) in waiting.into_iter().enumerate() {
            let _nobody_waits = tell.send(added.as_ref().map(|added| added[at].clone()).map_err(Clone::clone));
        }
    }
}

/// The rows that are there afterwards, in the order of those that wait.
fn add(worker: &mut Worker, waiting: &[Waiting]) -> Result<Vec<Asset>> {
    let transaction = worker.write()?;
    let mut there = Vec::with_capacity(waiting.len());
    for Waiting { asset, .. } in waiting {
        let known = read_asset(&transaction, &Wanted::Hash(asset.hash.clone()))?;
        if known.is_none() {
            write_asset(&transaction, asset)?;
        }
        there.push(known.unwrap_or_else(|| asset.clone()));
    }
    transaction.commit()?;
    Ok(there)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use futures::future::join_all;

    use super::*;
    use crate::{
        backend::{Backend, sqlite::Sqlite},
        model::{AssetId, AssetPlace, Clock, Object},
    };

    #[tokio::test]
    async fn of_many_rows_that_come_at_once_each_content_is_there_once_and_everybody_hears_which() {
        let home = tempfile::tempdir().unwrap();
        let database = Sqlite::open(home.path()).await.unwrap();
        let mut clock = Clock::new(1);
        let assets: Vec<_> = (0..40)
            .map(|number| Asset {
                id: AssetId::new(clock.tick(5_000)),
                hash: format!("sha256-{:064}", number % 20),
                crc32: 0,
                mime: "image/png".into(),
                bytes: 1,
                place: AssetPlace::Opfs { path: String::new() },
                name: None,
                width: None,
                height: None,
                duration: None,
                thumbnail: None,
                created_at: 0,
                extra: Object::default(),
            })
            .collect();
        let added = join_all(assets.iter().map(|asset| database.add_asset(asset.clone()))).await;
        let added: Vec<_> = added.into_iter().map(Result::unwrap).collect();
        for (asked, there) in assets.iter().zip(&added) {
            assert_eq!(asked.hash, there.hash);
        }
        let ids: BTreeSet<_> = added.iter().map(|asset| asset.id).collect();
        assert_eq!(ids, assets[..20].iter().map(|asset| asset.id).collect());
        assert_eq!(database.assets().await.unwrap().rows.len(), 20);
    }
}
