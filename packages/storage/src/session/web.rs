//! What a page opens.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Event, Location, Opened};
use crate::{
    Result,
    backend::indexed_db::IndexedDb,
    blobs::{DatabasePlace, Device, Folder, Notice, Opfs, Place},
};

/// Opens what is at `location`.
#[expect(clippy::arc_with_non_send_sync, reason = "shared between targets; the browser has one thread")]
pub(super) async fn open(location: Location, tell: mpsc::UnboundedSender<Event>) -> Result<Opened> {
    let notify = move |notice| {
        // Nobody listens any more while the page goes away.
        let _nobody_listens = tell.send(Event::Connection(notice));
    };
    match location {
        Location::Memory => Ok(Opened::memory()),
        Location::Database(name) => {
            let database = IndexedDb::open(&name, notify).await?;
            let own = Opfs::open().await;
            let lacks = [(own.is_some(), Notice::NoFiles), (Folder::is_offered(), Notice::NoFolders)];
            let notices = lacks.into_iter().filter(|(has, _)| !has).map(|(_, notice)| notice).collect();
            Ok(Opened {
                backend: Arc::new(database.clone()),
                own: own.map(|files| Arc::new(files) as Arc<dyn Place>),
                device: Device::new(database.clone()),
                database: Arc::new(DatabasePlace::new(database)),
                notices,
            })
        }
    }
}
