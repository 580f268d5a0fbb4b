//! Why storage refused.

use crate::model::EntityKey;

/// What storage returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something could not be stored or read. A commit that fails with any of these has stored nothing, except
/// [`Error::Disconnected`], after which nobody knows; repeating the commit is right in every case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The disk, or the browser's share of it, has no room for the change.
    #[error("the disk is full ({0})")]
    Full(String),
    /// A newer build wrote the data. It is left as it is.
    #[error("the stored data has version {found}; this build knows {known}")]
    Newer {
        /// The version in the database, or 0 when the engine doesn't tell.
        found: u32,
        /// [`crate::SCHEMA_VERSION`].
        known: u32,
    },
    /// The database was deleted while it was in use.
    #[error("the stored data was deleted while Atelier was using it")]
    Deleted,
    /// The connection was lost, and opening another did not help. Whether the change was stored is not known.
    #[error("the connection to the database was lost ({0})")]
    Disconnected(String),
    /// Another process holds the database.
    #[error("the data is in use by another program ({0})")]
    Locked(String),
    /// The whole database cannot be read.
    #[error("the stored data cannot be read ({0})")]
    Corrupt(String),
    /// A stored row cannot be read.
    #[error("{key} cannot be read ({reason})")]
    CorruptRow {
        /// Which row.
        key: EntityKey,
        /// What the reader said.
        reason: String,
    },
    /// This browser or folder has no database at all, as in some private windows.
    #[error("there is no place to store anything ({0})")]
    Unavailable(String),
    /// An asset's bytes, or the asset itself, are not where they should be.
    #[error("{what} is not here ({reason})")]
    Missing {
        /// What was looked for.
        what: String,
        /// Where, and what was found instead.
        reason: String,
    },
    /// Bytes could not be read or written.
    #[error("{what}: {reason}")]
    Io {
        /// The file.
        what: String,
        /// What the system said.
        reason: String,
    },
    /// It was called off.
    #[error("it was cancelled")]
    Cancelled,
    /// The engine refused for a reason of its own.
    #[error("the database refused: {name}: {message}")]
    Refused {
        /// The engine's name for the reason.
        name: String,
        /// The engine's words.
        message: String,
    },
}

impl Error {
    /// What a log says of it: short, and nothing of the user's. The words of [`std::fmt::Display`] may name a file.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Full(_) => "full",
            Self::Newer { .. } => "newer",
            Self::Deleted => "deleted",
            Self::Disconnected(_) => "disconnected",
            Self::Locked(_) => "locked",
            Self::Corrupt(_) => "corrupt",
            Self::CorruptRow { .. } => "corrupt-row",
            Self::Unavailable(_) => "unavailable",
            Self::Missing { .. } => "missing",
            Self::Io { .. } => "io",
            Self::Cancelled => "cancelled",
            Self::Refused { .. } => "refused",
        }
    }

    /// Whether trying again later may help without anybody doing anything.
    pub fn may_pass(&self) -> bool {
        !matches!(self, Self::Newer { .. } | Self::Deleted | Self::Cancelled)
    }
}
