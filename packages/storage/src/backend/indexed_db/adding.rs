//! Rows of assets that come at once and are added in one transaction: each by itself would wait for the disk.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use tokio::sync::oneshot;
use web_sys::IdbRequest;

use super::{
    assets::{ASSETS, BLOBS, ask_look, parse, queue_row, with_look},
    connection::{Access, Connection},
    convert::refused,
    transaction::Started,
};
use crate::{Error, Result, model::Asset};

/// The rows that wait to be added.
#[derive(Default)]
pub(super) struct Adding {
    waiting: RefCell<Vec<(Asset, Tell)>>,
    is_busy: Cell<bool>,
}

type Tell = oneshot::Sender<Result<Asset>>;

/// Rows that are being added, and who waits for each.
pub(super) type Turn = (Vec<Asset>, Vec<Tell>);

impl Adding {
    /// Has a row wait. The answer is the row that is there then: another one, if its content is known.
    pub fn wait(&self, asset: Asset) -> oneshot::Receiver<Result<Asset>> {
        let (tell, told) = oneshot::channel();
        self.waiting.borrow_mut().push((asset, tell));
        told
    }

    /// All that wait by now, unless nobody does or others are being added: those who come meanwhile are the next turn.
    pub fn begin(&self) -> Option<Turn> {
        if self.is_busy.get() || self.waiting.borrow().is_empty() {
            return None;
        }
        self.is_busy.set(true);
        Some(self.waiting.take().into_iter().unzip())
    }

    /// Says to each how it went.
    pub fn end(&self, tell: Vec<Tell>, added: Vec<Result<Asset>>) {
        for (tell, added) in tell.into_iter().zip(added) {
            let _nobody_waits = tell.send(added);
        }
        self.is_busy.set(false);
    }
}

/// Rows to be written once it is known which contents are there.
pub(super) struct Addition {
    started: Started,
    rows: Vec<(Asset, IdbRequest)>,
}

/// Queues the question which of the contents are known.
pub(super) fn begin_add(connection: &Connection, assets: &[Asset]) -> Result<Addition> {
    let started = Started::new(connection, &[ASSETS, BLOBS], Access::Write)?;
    let index = started.table(ASSETS)?.index("hash").map_err(refused)?;
    let ask = |asset: &Asset| Ok((asset.clone(), index.get(&asset.hash.as_str().into()).map_err(refused)?));
    let rows = assets.iter().map(ask).collect::<Result<_>>().inspect_err(|_| started.abort())?;
    Ok(Addition { started, rows })
}

/// What becomes of a row.
enum There {
    /// It is written, or another one of the same content that came with it.
    New(Asset),
    /// Its content was known before. The request is for that one's thumbnail.
    Known(Asset, IdbRequest),
}

/// The rows that are there afterwards, in the order of those that were to be added.
pub(super) async fn finish_add(connection: Rc<Connection>, addition: Addition) -> Result<Vec<Asset>> {
    let Addition { started, rows } = addition;
    let Some((_, last)) = rows.last() else { return Err(Error::Corrupt("no rows to add".into())) };
    started.reach(&connection, last).await?;
    let mut new = HashMap::new();
    let mut place = |(asset, there): (Asset, IdbRequest)| {
        let there = there.result().map_err(refused)?;
        if !there.is_undefined() {
            let known = parse(None, &there)?;
            let look = ask_look(&started, known.id)?;
            return Ok(There::Known(known, look));
        }
        let own = match new.get(&asset.hash) {
            Some(first) => Asset::clone(first),
            None => {
                queue_row(&started, &asset)?;
                new.insert(asset.hash.clone(), asset.clone());
                asset
            }
        };
        Ok(There::New(own))
    };
    let placed = rows.into_iter().map(&mut place).collect::<Result<Vec<_>>>().inspect_err(|_| started.abort())?;
    started.seal().inspect_err(|_| started.abort())?;
    started.end(&connection).await?;
    let there = placed.into_iter().map(|there| match there {
        There::New(asset) => Ok(asset),
        There::Known(asset, look) => with_look(asset, &look),
    });
    there.collect()
}
