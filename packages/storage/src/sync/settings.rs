//! What the user has said about sync.

use serde::{Deserialize, Serialize};

use super::transport::convex::BadAddress;

/// Setting: [`Settings`]. It stays on this device: no package and no server gets it.
pub const SETTINGS: &str = "sync/settings";

/// Where to sync, and whether.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Whether it is on.
    pub on: bool,
    /// The deployment's address.
    pub address: String,
    /// What says who the user is. Empty: nobody in particular.
    pub token: String,
    /// What the server calls this device.
    pub device: String,
    /// Whether all originals are to be here, and not only those that somebody looks at.
    pub keep_originals: bool,
}

/// Why settings are not kept.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The address is none.
    #[error(transparent)]
    Address(#[from] BadAddress),
    /// What is kept can't be read.
    #[error(transparent)]
    Storage(#[from] crate::Error),
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A log is no place for a token.
        f.debug_struct("Settings").field("on", &self.on).field("address", &self.address).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_in_no_log() {
        let settings = Settings { token: "secret".into(), ..Settings::default() };
        assert!(!format!("{settings:?}").contains("secret"));
    }

    #[test]
    fn what_is_missing_is_off() {
        let settings: Settings = serde_json::from_str("{}").unwrap();
        assert!(!settings.on && settings.address.is_empty());
    }
}
