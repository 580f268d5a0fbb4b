//! What a native process opens.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Event, Location, Opened};
use crate::{
    Result,
    backend::{Backend, sqlite::Sqlite},
};

/// Opens what is at `location`.
pub(super) async fn open(location: Location, _tell: mpsc::UnboundedSender<Event>) -> Result<Opened> {
    match location {
        Location::Memory => Ok(Opened::memory()),
        Location::Folder(folder) => {
            let backend: Arc<dyn Backend> = Arc::new(Sqlite::open(&folder).await?);
            Ok(Opened { backend, ..Opened::memory() })
        }
    }
}
