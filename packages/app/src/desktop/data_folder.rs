//! Where everything lives.

use std::path::PathBuf;

/// `ATELIER_DATA_DIR`, or the system's place for applications' data.
///
/// # Errors
/// In words: there is no such place.
pub fn find() -> Result<PathBuf, String> {
    if let Some(folder) = std::env::var_os("ATELIER_DATA_DIR").filter(|folder| !folder.is_empty()) {
        return Ok(folder.into());
    }
    dirs::data_dir()
        .map(|folder| folder.join("atelier"))
        .ok_or_else(|| "This system names no folder for applications' data. Set ATELIER_DATA_DIR to one.".into())
}
