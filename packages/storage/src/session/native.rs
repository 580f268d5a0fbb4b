//! What a native process opens.

use std::sync::Arc;

use tracing::warn;

use super::{Listeners, Location, Opened};
use crate::{
    Error, Result,
    backend::sqlite::Sqlite,
    blobs::{Device, Files, Notice, Place, SqlitePlace},
    tabs::{Channel, Nobody},
};

/// No other process works on the folder, and windows of one process share the session.
pub(super) fn channel(_location: &Location, _listeners: &Listeners) -> Arc<dyn Channel> {
    Arc::new(Nobody)
}

/// Opens what is at `location`.
pub(super) async fn open(location: Location, _listeners: Listeners) -> Result<Opened> {
    match location {
        Location::Memory => Ok(Opened::memory()),
        Location::Folder(folder) => {
            let database = Sqlite::open(&folder).await?;
            let files = Files::beside(&folder, database.clone());
            let (own, notices) = match files.check().await {
                // What is on a full disk can still be shown and removed.
                Ok(()) | Err(Error::Full(_)) => (Some(Arc::new(files.clone()) as Arc<dyn Place>), Vec::new()),
                Err(error) => {
                    warn!(error = error.code(), "media go to the database: their folder can't be written");
                    (None, vec![Notice::NoFiles])
                }
            };
            if own.is_some()
                && let Err(error) = files.recover().await
            {
                warn!(error = error.code(), "small files that were not synced can't be looked after now");
            }
            Ok(Opened {
                backend: Arc::new(database.clone()),
                own,
                database: Arc::new(SqlitePlace::new(database.clone())),
                device: Device::new(database, folder),
                notices,
            })
        }
    }
}
