//! Calls that come at once and are done in one transaction: each by itself would wait for the disk.

use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::Result;

/// The calls that wait, each with what it asks for and who wants to know what came of it.
pub(super) struct Together<Q, A>(Mutex<Vec<(Q, Tell<A>)>>);

type Tell<A> = oneshot::Sender<Result<A>>;

impl<Q, A> Default for Together<Q, A> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<Q, A> Together<Q, A> {
    /// Has a call wait.
    pub fn wait(&self, asked: Q) -> oneshot::Receiver<Result<A>> {
        let (tell, told) = oneshot::channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((asked, tell));
        told
    }

    /// Does all that wait by now, with one answer for each. If that fails it fails for each of them.
    pub fn answer(&self, all: impl FnOnce(&[Q]) -> Result<Vec<A>>) {
        let waiting = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if waiting.is_empty() {
            return;
        }
        let (asked, tell): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
        match all(&asked) {
            Ok(answers) => {
                for (tell, answer) in tell.into_iter().zip(answers) {
                    let _nobody_waits = tell.send(Ok(answer));
                }
            }
            Err(error) => {
                for tell in tell {
                    let _nobody_waits = tell.send(Err(error.clone()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use futures::future::join_all;

    use crate::{
        backend::{Backend, sqlite::Sqlite},
        model::{Asset, AssetId, AssetPlace, Clock, Object},
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
