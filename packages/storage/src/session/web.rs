//! What a page opens.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Event, Location, memory};
use crate::{
    Result,
    backend::{Backend, indexed_db::IndexedDb},
};

/// Opens the database at `location`.
#[expect(clippy::arc_with_non_send_sync, reason = "shared between targets; the browser has one thread")]
pub(super) async fn backend(location: Location, tell: mpsc::UnboundedSender<Event>) -> Result<Arc<dyn Backend>> {
    let notify = move |notice| {
        // Nobody listens any more while the page goes away.
        let _nobody_listens = tell.send(Event::Connection(notice));
    };
    match location {
        Location::Memory => Ok(memory()),
        Location::Database(name) => Ok(Arc::new(IndexedDb::open(&name, notify).await?)),
    }
}
