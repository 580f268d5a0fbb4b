//! What a page opens.

use std::sync::Arc;

use super::{Event, Listeners, Location, Opened};
use crate::{
    Result,
    backend::indexed_db::IndexedDb,
    blobs::{DatabasePlace, Device, Folder, Notice, Opfs, Place},
    tabs::{self, Channel, Nobody},
};

/// Opens the channel to the other tabs, and listens to when this one wakes.
pub(super) fn channel(location: &Location, listeners: &Listeners) -> Arc<dyn Channel> {
    if *location == Location::Memory {
        return Arc::new(Nobody);
    }
    let woken = listeners.clone();
    tabs::on_wake(move || woken.tell(&Event::Woke));
    let hear = listeners.hear();
    tabs::open(move |message| hear(message))
}

/// Opens what is at `location`.
#[expect(clippy::arc_with_non_send_sync, reason = "shared between targets; the browser has one thread")]
pub(super) async fn open(location: Location, listeners: Listeners) -> Result<Opened> {
    let notify = move |notice| listeners.tell(&Event::Connection(notice));
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
