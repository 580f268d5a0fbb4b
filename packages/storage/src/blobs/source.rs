//! Where bytes come from, and how far they have come.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::model::MediaKind;

/// Bytes that are to be kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Source {
    /// They are in memory: something small, pasted or made.
    Bytes(Arc<[u8]>),
    /// A file that the user has handed over. It is read piece by piece.
    #[cfg(not(target_arch = "wasm32"))]
    File(std::path::PathBuf),
    /// Something else that can be read piece by piece, on a thread that may wait.
    #[cfg(not(target_arch = "wasm32"))]
    Pieces(Arc<dyn Pieces>),
    /// A file or blob of the browser's. It is read piece by piece.
    #[cfg(target_arch = "wasm32")]
    Blob(web_sys::Blob),
    /// Another source, whose content was hashed a moment ago. It is not hashed again; if it has another checksum by now, it can't be
    /// put.
    Known(Box<Source>, Known),
}

/// What was found out about a content by reading all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// `sha256-` and 64 hexadecimal digits.
    pub hash: String,
    /// Its CRC-32, as ZIP has it.
    pub crc32: u32,
    /// How many bytes it has.
    pub bytes: u64,
    /// What its first bytes make it.
    pub kind: MediaKind,
}

impl Source {
    /// What is known of the content.
    pub(super) fn known(&self) -> Option<Known> {
        match self {
            Self::Known(_, known) => Some(known.clone()),
            _ => None,
        }
    }
}

/// A content that is in no file, such as one in the database.
#[cfg(not(target_arch = "wasm32"))]
pub trait Pieces: std::fmt::Debug + Send + Sync {
    /// How many bytes there are.
    fn size(&self) -> u64;

    /// Reads what begins at `at` into the buffer, as much as is at hand, and says how much that was: nothing only at the end.
    /// May wait; it is not called where that would hold others up.
    fn read(&self, at: u64, buffer: &mut [u8]) -> crate::Result<usize>;
}

/// How far one put has come, and the way to call it off. Clones share it.
#[derive(Clone, Debug)]
pub struct Ticket {
    done: watch::Sender<u64>,
    cancelled: Arc<AtomicBool>,
    /// How many bytes were there before this part of the work.
    before: u64,
}

impl Default for Ticket {
    fn default() -> Self {
        Self { done: watch::Sender::new(0), cancelled: Arc::default(), before: 0 }
    }
}

impl Ticket {
    /// How many bytes are there by now, and every later figure.
    pub fn progress(&self) -> watch::Receiver<u64> {
        self.done.subscribe()
    }

    /// Tells how many bytes are there.
    pub fn advance(&self, done: u64) {
        self.done.send_replace(self.before + done);
    }

    /// The ticket of a part of the work that begins when `before` bytes are there: it counts on from them, and is called off with
    /// the whole.
    pub(crate) fn part(&self, before: u64) -> Self {
        Self { before: self.before + before, ..self.clone() }
    }

    /// A ticket of a part whose progress nobody hears of. It is called off with the whole.
    #[must_use]
    pub fn quiet(&self) -> Self {
        Self { done: watch::Sender::new(0), before: 0, cancelled: Arc::clone(&self.cancelled) }
    }

    /// Calls the put off: it ends with [`crate::Error::Cancelled`] and leaves nothing, unless it was done already.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it was called off.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}
