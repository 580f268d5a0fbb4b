//! The places for bytes of this machine.

use std::sync::Arc;

use conformance::{Device, Ground};
use futures::future::LocalBoxFuture;
use storage::{
    backend::sqlite::Sqlite,
    blobs::{Files, MemoryPlace, Place, Source, SqlitePlace, Where},
};
use tempfile::TempDir;
use uuid::Uuid;

/// Which place is checked.
pub enum Kind {
    Memory(MemoryPlace),
    Files,
    Chosen,
    Database,
}

/// A folder that goes when the test ends, with all of a device's places in it.
pub struct Here {
    folder: TempDir,
    kind: Kind,
}

impl Here {
    pub fn new(kind: Kind) -> Self {
        Self { folder: TempDir::new().unwrap(), kind }
    }

    async fn sqlite(&self) -> Sqlite {
        Sqlite::open(self.folder.path()).await.unwrap()
    }

    async fn database(&self) -> Arc<dyn Place> {
        Arc::new(SqlitePlace::new(self.sqlite().await))
    }
}

impl Ground for Here {
    fn place(&self) -> LocalBoxFuture<'_, Arc<dyn Place>> {
        Box::pin(async {
            let folder = self.folder.path();
            match &self.kind {
                Kind::Memory(place) => Arc::new(place.clone()) as Arc<dyn Place>,
                Kind::Files => Arc::new(Files::own(folder)),
                Kind::Chosen => Arc::new(Files::chosen(folder, Uuid::from_u128(7))),
                Kind::Database => self.database().await,
            }
        })
    }

    fn device(&self) -> LocalBoxFuture<'_, Device> {
        Box::pin(async {
            let own = async || {
                let files = Files::beside(self.folder.path(), self.sqlite().await);
                Some(Arc::new(files) as Arc<dyn Place>)
            };
            match &self.kind {
                Kind::Memory(_) => Device { own: None, database: self.place().await, folder: None },
                Kind::Chosen => {
                    Device { own: own().await, database: self.database().await, folder: Some(self.place().await) }
                }
                _ => Device { own: own().await, database: self.database().await, folder: None },
            }
        })
    }

    fn at(&self) -> Where {
        match self.kind {
            Kind::Files => Where::Own,
            Kind::Memory(_) | Kind::Database => Where::Database,
            Kind::Chosen => Where::Folder,
        }
    }

    fn source(&self, bytes: Vec<u8>) -> LocalBoxFuture<'_, Source> {
        let file = self.folder.path().join(format!("{}.bin", bytes.len()));
        std::fs::write(&file, bytes).unwrap();
        Box::pin(async { Source::File(file) })
    }

    fn pause(&self, millis: u32) -> LocalBoxFuture<'_, ()> {
        crate::pause(millis)
    }
}
