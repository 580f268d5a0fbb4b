//! What a native process does with contents.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use super::{
    Assets, MediaUrl, Notice, Quota, Source, Ticket, Where,
    blocking::blocking,
    reader::{BUFFER, Reader},
};
use crate::{
    Result,
    backend::sqlite::{FILE, Sqlite},
    model::{Asset, MediaKind},
};

pub(super) use super::chosen::{heed_folder, recall_folder};

/// What media need of this process beyond their places. Nothing of it is there when all is in memory.
#[derive(Default)]
pub(crate) struct Device {
    database: Option<Sqlite>,
    data: Option<PathBuf>,
    players: OnceLock<String>,
}

impl Device {
    /// One with its data in a folder.
    pub(crate) fn new(database: Sqlite, data: PathBuf) -> Self {
        Self { database: Some(database), data: Some(data), players: OnceLock::new() }
    }

    /// The database, in which the chosen folder is remembered.
    pub(super) fn database(&self) -> Option<&Sqlite> {
        self.database.as_ref()
    }

    /// The data folder.
    pub(super) fn data(&self) -> Option<&Path> {
        self.data.as_deref()
    }
}

/// What has turned out that this process can't do: nothing that wasn't known when it was opened.
pub(super) fn notices(_has_files: bool) -> Option<Notice> {
    None
}

/// The address under which the application serves an asset to its own window, and nobody else.
#[expect(clippy::unnecessary_wraps, reason = "in a browser this can fail")]
pub(super) fn url(device: &Device, asset: &Asset, _source: &Source) -> Result<MediaUrl> {
    let plays = matches!(asset.kind(), MediaKind::Video | MediaKind::Audio);
    let base = device.players.get().filter(|_| plays).map_or("media://localhost", String::as_str);
    Ok(MediaUrl::new(format!("{base}/{}", asset.id)))
}

impl Assets {
    /// Has the addresses of videos and sounds begin with `base`, where the window's player can't read the application's own scheme.
    /// Only the first call counts.
    pub fn play_from(&self, base: &str) {
        let _was_first = self.device().players.set(base.to_owned());
    }
}

/// What is behind an address of ours is served with a policy that lets nothing in it run.
#[expect(clippy::unused_async, reason = "a page reads the content")]
pub(super) async fn inert(_asset: &Asset, source: Source) -> Result<Source> {
    Ok(source)
}

/// An address of ours needs no release.
pub(super) fn release(_url: &str) {}

/// What the disk of the data folder has room for. What is in a folder of the user's may be on another disk and is left out.
pub(super) async fn quota(device: &Device, assets: &[Asset]) -> Option<Quota> {
    let data = device.data()?.to_owned();
    let own = assets.iter().filter(|asset| Where::of(&asset.place) == Where::Own).map(|asset| asset.bytes);
    let own: u64 = own.sum();
    let (database, log) = (data.join(FILE), data.join(format!("{FILE}-wal")));
    let measured = blocking(move || {
        let sizes = [database, log].map(|file| file.metadata().map_or(0, |found| found.len()));
        Ok((sizes.into_iter().sum::<u64>(), fs4::available_space(&data).ok()))
    });
    let (database, free) = measured.await.ok()?;
    let used = own + database;
    Some(Quota { used, total: used + free?, persistent: true })
}

impl Source {
    /// All of it, in memory: for what is known to be small.
    pub(super) async fn into_bytes(self) -> Result<Arc<[u8]>> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            other => {
                let read = blocking(move || {
                    let mut bytes = Vec::new();
                    Reader::open(other)?.stream(BUFFER, &Ticket::default(), None, |piece| {
                        bytes.extend_from_slice(piece);
                        Ok(())
                    })?;
                    Ok(bytes.into())
                });
                read.await
            }
        }
    }
}
