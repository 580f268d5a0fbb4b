//! What the user is told about saving.

use crate::Error;

/// How saving goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum SaveState {
    /// Everything is on the disk.
    #[default]
    Saved,
    /// So many rows and settings are on their way.
    Saving(usize),
    /// They could not be stored. They are kept in memory.
    Failed {
        /// Why.
        error: Error,
        /// Whether it is tried again by itself.
        retrying: bool,
        /// How many rows and settings wait.
        unsaved: usize,
    },
}
