//! The places that there are on this device, and which of them new bytes go to.

use std::sync::{Arc, Mutex, PoisonError};

use super::Place;
use crate::{
    Error, Result,
    model::{Asset, AssetPlace},
};

/// One of the places that bytes can live in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Where {
    /// The application's private folder: on the web, the origin private file system.
    Own,
    /// A folder that the user chose.
    Folder,
    /// The database.
    Database,
    /// Somewhere else: on the network, or where only a newer build knows.
    Elsewhere,
}

impl Where {
    /// Where a place is.
    pub fn of(place: &AssetPlace) -> Self {
        match place {
            AssetPlace::Opfs { .. } => Self::Own,
            AssetPlace::FsHandle { .. } => Self::Folder,
            AssetPlace::Idb { .. } => Self::Database,
            AssetPlace::Url { .. } | AssetPlace::Embedded => Self::Elsewhere,
        }
    }

    /// Its name in the settings.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Folder => "folder",
            Self::Database => "database",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// The place of that name, if new bytes can go there.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Own, Self::Folder, Self::Database].into_iter().find(|at| at.name() == name)
    }
}

/// Whether a folder that the user chose can be used now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FolderState {
    /// None was chosen.
    #[default]
    None,
    /// It can.
    Granted {
        /// Its name.
        name: String,
    },
    /// The browser wants the user to allow it again, from a click.
    NeedsClick {
        /// Its name.
        name: String,
    },
    /// The user or the system doesn't allow it.
    Denied {
        /// Its name.
        name: String,
    },
    /// It isn't there any more.
    Missing {
        /// Its name.
        name: String,
    },
}

/// What this device can't do and what is done instead. Each is said in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Notice {
    /// There is no database: everything is in memory, media too, and goes with the window.
    NoDatabase,
    /// Files are written by the page's own means, which is slower: the browser gives workers no quick access.
    SlowFiles,
    /// There are no private files, so media are in the database.
    NoFiles,
    /// The browser gives pages no folder of the disk, so media stay in its own storage.
    NoFolders,
}

/// The places, by where they are.
pub(super) struct Places {
    pub(super) own: Option<Arc<dyn Place>>,
    pub(super) database: Arc<dyn Place>,
    folder: Mutex<Option<Arc<dyn Place>>>,
    /// Where new bytes go.
    preferred: Mutex<Where>,
}

impl Places {
    /// New bytes go to private files.
    pub(super) fn new(own: Option<Arc<dyn Place>>, database: Arc<dyn Place>) -> Self {
        Self { own, database, folder: Mutex::default(), preferred: Mutex::new(Where::Own) }
    }

    /// From now on this is the folder.
    pub(super) fn set_folder(&self, folder: Option<Arc<dyn Place>>) {
        *self.folder.lock().unwrap_or_else(PoisonError::into_inner) = folder;
    }

    /// Which of them new bytes go to.
    pub(super) fn preferred_at(&self) -> Where {
        *self.preferred.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on new bytes go there.
    pub(super) fn prefer(&self, to: Where) {
        *self.preferred.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }

    /// Where bytes really come to be that go to `to`: without private files everything private is in the database.
    pub(super) fn actual(&self, to: Where) -> Where {
        if to == Where::Own && self.own.is_none() { Where::Database } else { to }
    }

    /// Where new bytes go: to private files for as long as a folder has to be allowed again. Nothing should have to wait for a
    /// click, and they can be moved later.
    pub(super) fn preferred(&self) -> Result<Arc<dyn Place>> {
        match self.preferred_at() {
            Where::Folder => self.at(Where::Folder).or_else(|_| self.at(Where::Own)),
            at => self.at(at),
        }
    }

    pub(super) fn at(&self, at: Where) -> Result<Arc<dyn Place>> {
        let missing = |what: &str, reason: &str| Error::Missing { what: what.into(), reason: reason.into() };
        match self.actual(at) {
            Where::Own => Ok(Arc::clone(self.own.as_ref().unwrap_or(&self.database))),
            Where::Database => Ok(Arc::clone(&self.database)),
            Where::Folder => {
                let folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner).clone();
                folder.ok_or_else(|| missing("the folder for media", "it has to be chosen or allowed again"))
            }
            Where::Elsewhere => Err(missing("the file", "it is not kept on this device")),
        }
    }

    /// The place where an asset's bytes are.
    pub(super) fn of(&self, asset: &Asset) -> Result<Arc<dyn Place>> {
        match Where::of(&asset.place) {
            Where::Own if self.own.is_none() => Err(Error::Missing {
                what: asset.name.clone().unwrap_or_else(|| asset.id.to_string()),
                reason: "this window has no access to private files".into(),
            }),
            at => self.at(at),
        }
    }
}
