//! What a native process opens.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Event, Location, memory};
use crate::{
    Result,
    backend::{Backend, sqlite::Sqlite},
};

/// Opens the database at `location`.
pub(super) async fn backend(location: Location, _tell: mpsc::UnboundedSender<Event>) -> Result<Arc<dyn Backend>> {
    match location {
        Location::Memory => Ok(memory()),
        Location::Folder(folder) => Ok(Arc::new(Sqlite::open(&folder).await?)),
    }
}
