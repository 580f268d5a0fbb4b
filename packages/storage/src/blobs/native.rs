//! What a native process does with contents.

use std::sync::Arc;

use super::{
    MediaUrl, Quota, Source, Ticket,
    blocking::blocking,
    reader::{BUFFER, Reader},
};
use crate::{Result, model::Asset};

/// What media need of this process beyond their places.
#[derive(Default)]
pub(crate) struct Device {}

/// The address under which the application serves an asset to its own window, and nobody else.
pub(super) fn url(asset: &Asset, _source: &Source) -> Result<MediaUrl> {
    Ok(MediaUrl::new(format!("media://localhost/{}", asset.id)))
}

/// An address of ours needs no release.
pub(super) fn release(_url: &str) {}

/// A disk has no share for us that could be told.
pub(super) async fn quota(_device: &Device, _assets: &[Asset]) -> Option<Quota> {
    None
}

impl Source {
    /// All of it, in memory: for what is known to be small.
    pub(super) async fn into_bytes(self) -> Result<Arc<[u8]>> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            other => {
                let read = blocking(move || {
                    let mut bytes = Vec::new();
                    Reader::open(other)?.stream(BUFFER, &Ticket::default(), |piece| {
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
