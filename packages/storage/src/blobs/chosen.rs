//! A folder that the user chose, on the desktop: media may be moved there, to another disk for instance.

use std::{path::Path, path::PathBuf, sync::Arc, time::Duration};

use tracing::warn;

use super::{
    Assets, Files, FolderState, Where,
    blocking::blocking,
    handles::{self, Handle},
};
use crate::{Error, Result, backend::sqlite::Sqlite, platform::spawn};

/// How long opening waits for a folder that may be on a network.
const PATIENCE: Duration = Duration::from_millis(500);

impl Assets {
    /// Has media of this device be kept in `folder` as well, once they are moved there with [`Assets::move_all`]. It is
    /// remembered. If it was chosen before and moved since, what is in it is found again.
    ///
    /// # Errors
    /// The folder is not there or can't be written, or another one still has media that this one hasn't: those have to be
    /// moved back first.
    pub async fn use_folder(&self, folder: PathBuf) -> Result<()> {
        let _held = self.alone().await;
        let database = self.rememberer()?;
        let folder =
            blocking(move || std::path::absolute(&folder).map_err(|error| super::disk::failed(&folder, &error)))
                .await?;
        let before = handles::read(database).await?;
        let id = before.as_ref().map_or_else(|| self.stamp().uuid(), |handle| handle.id);
        let files = Files::chosen(&folder, id);
        files.check().await?;
        if let Some(before) = before.filter(|before| before.path != folder) {
            let assets = self.in_folder().await?;
            let there = Files::chosen(&before.path, id).holds(assets.clone()).await?;
            if !there.is_subset(&files.holds(assets).await?) {
                return Err(still_used(&before.path));
            }
        }
        handles::write(database, &Handle { id, path: folder.clone() }).await?;
        self.set_folder(Some(Arc::new(files)), FolderState::Granted { name: name(&folder) });
        Ok(())
    }

    /// Uses no folder of the user's any more.
    ///
    /// # Errors
    /// There are media in it: they have to be moved back first, unless the folder is gone.
    pub async fn forget_folder(&self) -> Result<()> {
        let _held = self.alone().await;
        let database = self.rememberer()?;
        if let Some(handle) = handles::read(database).await? {
            let assets = self.in_folder().await?;
            if !Files::chosen(&handle.path, handle.id).holds(assets).await?.is_empty() {
                return Err(still_used(&handle.path));
            }
            handles::remove(database).await?;
        }
        if self.preferred() == Where::Folder {
            self.prefer(Where::Own).await?;
        }
        self.set_folder(None, FolderState::None);
        Ok(())
    }

    /// Looks whether the folder can be used now: a disk may have been plugged in or out since.
    ///
    /// # Errors
    /// What was remembered can't be read.
    pub async fn check_folder(&self) -> Result<FolderState> {
        let Some(database) = self.device().database() else { return Ok(FolderState::None) };
        let Some(Handle { id, path }) = handles::read(database).await? else { return Ok(FolderState::None) };
        let files = Files::chosen(&path, id);
        let name = name(&path);
        let state = match files.check().await {
            // A full disk can still be read, and media on it be shown and removed.
            Ok(()) | Err(Error::Full(_)) => FolderState::Granted { name },
            Err(Error::Missing { .. }) => FolderState::Missing { name },
            Err(error) => {
                warn!(error = error.code(), "the chosen folder can't be written");
                FolderState::Denied { name }
            }
        };
        self.set_folder(Some(Arc::new(files)), state.clone());
        Ok(state)
    }

    fn rememberer(&self) -> Result<&Sqlite> {
        self.device().database().ok_or_else(|| Error::Unavailable("a folder needs a database that remembers it".into()))
    }
}

/// Takes up the folder that was chosen before.
pub(super) async fn recall_folder(assets: &Assets) {
    let Some(database) = assets.device().database() else { return };
    match handles::read(database).await {
        Ok(None) => return,
        Ok(Some(Handle { id, path })) => {
            let state = FolderState::Missing { name: name(&path) };
            assets.set_folder(Some(Arc::new(Files::chosen(&path, id))), state);
        }
        Err(error) => return warn!(error = error.code(), "the folder that was chosen is not known"),
    }
    let (tell, told) = tokio::sync::oneshot::channel();
    let assets = assets.clone();
    spawn(Box::pin(async move {
        if let Err(error) = assets.check_folder().await {
            warn!(error = error.code(), "the chosen folder can't be looked at");
        }
        let _nobody_waits = tell.send(());
    }));
    // A network that doesn't answer must not keep the window from opening.
    let _late = tokio::time::timeout(PATIENCE, told).await;
}

/// A file of the chosen folder can't be read or written: each call says itself what it found. The folder is looked at when
/// somebody asks.
pub(super) async fn heed_folder(_assets: &Assets) {}

/// What a folder is called.
fn name(folder: &Path) -> String {
    folder.file_name().map_or_else(|| folder.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn still_used(folder: &Path) -> Error {
    let reason = "there are media in this folder; move them back first".into();
    Error::Io { what: folder.display().to_string(), reason }
}
