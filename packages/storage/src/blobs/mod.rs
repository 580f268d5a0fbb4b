//! Where the bytes of images, videos and sounds are kept: beside the graph, never inside it (law 7).
//!
//! [`Place`] is the contract; there is one file for each place that bytes can live in. On the web `opfs`,
//! `folder` for one that the user chose, and `indexed_db`; on the desktop `files`, in the data folder or in one that the user
//! chose, and `sqlite`. [`Assets`] ties places and the `assets` rows together, and is what the session hands out: bytes are
//! complete, hashed and beyond a loss of power before a row refers to them, and a row goes before its bytes go (law 8).

mod assets;
#[cfg(not(target_arch = "wasm32"))]
mod blocking;
mod byte_range;
#[cfg(not(target_arch = "wasm32"))]
mod chosen;
#[cfg(target_arch = "wasm32")]
mod chosen_web;
mod digest;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod disk;
#[cfg(target_arch = "wasm32")]
mod drawing;
#[cfg(not(target_arch = "wasm32"))]
mod files;
#[cfg(target_arch = "wasm32")]
mod folder;
#[cfg(not(target_arch = "wasm32"))]
mod handles;
#[cfg(target_arch = "wasm32")]
mod indexed_db;
pub(crate) mod lock;
mod look;
#[cfg(not(target_arch = "wasm32"))]
mod look_native;
#[cfg(target_arch = "wasm32")]
mod look_web;
mod memory;
#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod opfs;
mod places;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod reader;
mod sha256;
mod sniff;
mod source;
#[cfg(not(target_arch = "wasm32"))]
mod sqlite;
#[cfg(target_arch = "wasm32")]
mod staging;
mod usage;
#[cfg(target_arch = "wasm32")]
mod web;

#[cfg(not(target_arch = "wasm32"))]
use native as platform;
#[cfg(target_arch = "wasm32")]
use web as platform;

use std::{collections::BTreeSet, ops::Range};

use crate::{
    BoxFuture, MaybeSend, MaybeSync, Result,
    model::{Asset, AssetId, AssetPlace, MediaKind},
};

pub use assets::{Added, Assets, Cleaned, Damage, MediaUrl};
pub use byte_range::byte_range;
#[cfg(target_arch = "wasm32")]
pub(crate) use digest::Digest;
#[cfg(all(not(target_arch = "wasm32"), any(test, feature = "testing")))]
pub use disk::power;
#[cfg(not(target_arch = "wasm32"))]
pub use files::Files;
#[cfg(target_arch = "wasm32")]
pub use folder::Folder;
#[cfg(target_arch = "wasm32")]
pub use indexed_db::DatabasePlace;
pub use lock::Held;
pub use look::Look;
pub use memory::MemoryPlace;
#[cfg(target_arch = "wasm32")]
pub use opfs::{By, Opfs};
#[cfg(target_arch = "wasm32")]
pub(crate) use opfs::{has_handles, write};
pub use places::{FolderState, Notice, Where};
pub(crate) use platform::Device;
pub(crate) use sha256::Sha256;
pub use sniff::sniff;
#[cfg(not(target_arch = "wasm32"))]
pub use source::Pieces;
pub use source::{Known, Source, Ticket};
#[cfg(not(target_arch = "wasm32"))]
pub use sqlite::SqlitePlace;
#[cfg(target_arch = "wasm32")]
pub(crate) use staging::{Spots, Staging, Wanted};
pub use usage::{Quota, Usage};
#[cfg(target_arch = "wasm32")]
pub(crate) use web::{LONG, failed, hash_here, look_known, with_bytes};

/// How many of the first bytes [`Staged`] keeps: enough for [`sniff`] and for the size of a picture.
pub const HEAD: usize = 64 * 1024;

/// A place that bytes can live in.
///
/// Nothing here reads or writes rows; an asset's row tells the place where its bytes are. What a row says is not trusted: only
/// names that the place itself makes are looked up. Whoever calls holds the lock of [`Assets`]: shared while something is put,
/// alone while something is deleted or swept.
pub trait Place: MaybeSend + MaybeSync + 'static {
    /// Streams `source` to a temporary name, or to one under which nobody looks before there is a row, while it is hashed. It
    /// never holds more than a few buffers in memory. An interrupted or failed call leaves nothing, or only what [`Place::sweep`] finds.
    ///
    /// # Errors
    /// [`crate::Error::Full`], and nothing that was stored before suffers; [`crate::Error::Cancelled`].
    fn stage(&self, id: AssetId, source: Source, ticket: Ticket) -> BoxFuture<Result<Staged>>;

    /// Moves what was staged as `staged` to the name of the asset `id`, over whatever has that name: it can only be what is left
    /// of the same content. When this is done, the bytes outlive a loss of power. The answer says where that is. The two ids differ when a content that was lost has come again.
    fn keep(&self, staged: AssetId, id: AssetId, kind: MediaKind) -> BoxFuture<Result<AssetPlace>>;

    /// Forgets what was staged. Unknown ids are fine.
    fn discard(&self, id: AssetId) -> BoxFuture<Result<()>>;

    /// The folder in which a worker may stage something by itself, under its id, as the names of those below the private files. None:
    /// there is no such folder.
    #[cfg(target_arch = "wasm32")]
    fn staging_folder(&self) -> Option<Vec<String>> {
        None
    }

    /// What is staged there under an id.
    ///
    /// # Errors
    /// [`crate::Error::Missing`]
    #[cfg(target_arch = "wasm32")]
    fn open_staged(&self, id: AssetId) -> BoxFuture<Result<web_sys::Blob>> {
        let missing = crate::Error::Missing { what: id.to_string(), reason: "nothing is staged here".into() };
        Box::pin(std::future::ready(Err(missing)))
    }

    /// Some of the bytes. A range that ends beyond them gives fewer.
    ///
    /// # Errors
    /// [`crate::Error::Missing`]
    fn read(&self, asset: &Asset, range: Range<u64>) -> BoxFuture<Result<Vec<u8>>>;

    /// The whole content as a source, so that it can be staged elsewhere.
    ///
    /// # Errors
    /// [`crate::Error::Missing`]
    fn open(&self, asset: &Asset) -> BoxFuture<Result<Source>>;

    /// The file with the content, whether it is there or not: for who opens it at once. None: only [`Place::open`] can say.
    #[cfg(not(target_arch = "wasm32"))]
    fn file(&self, _asset: &Asset) -> Option<std::path::PathBuf> {
        None
    }

    /// Reads all of the bytes and says what their hash is, as [`Staged`] does.
    ///
    /// # Errors
    /// [`crate::Error::Missing`]; [`crate::Error::Cancelled`].
    fn hash(&self, asset: &Asset, ticket: Ticket) -> BoxFuture<Result<String>>;

    /// Removes bytes. Missing ones are fine.
    fn delete(&self, asset: &Asset) -> BoxFuture<Result<()>>;

    /// Removes everything staged, and everything kept whose id is not among `known`. Says how many bytes that freed. Only
    /// names that Atelier makes are touched: a folder of the user's may hold anything.
    fn sweep(&self, known: BTreeSet<AssetId>) -> BoxFuture<Result<u64>>;
}

/// What was found out while bytes were staged.
#[derive(Clone, Debug, PartialEq)]
pub struct Staged {
    /// `sha256-` and 64 lower-case hex digits.
    pub hash: String,
    /// The CRC-32 of ZIP archives.
    pub crc32: u32,
    /// The size.
    pub bytes: u64,
    /// The first [`HEAD`] bytes.
    pub head: Vec<u8>,
    /// How it looks, if it is a picture that can be read. It was found out where the bytes were, off the page's thread.
    pub look: Option<Look>,
}
