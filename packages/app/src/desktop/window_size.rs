//! The window's size, kept from one start to the next.
//!
//! In a file of its own: the window is made before the database is open, and its size is no part of anybody's work.

use std::{fs, io, path::Path};

use dioxus::desktop::{
    LogicalSize,
    tao::dpi::{PhysicalSize, Size},
};

const FILE: &str = "window.json";

/// The size that was kept, or a sensible one.
pub fn read(folder: &Path) -> Size {
    let kept = fs::read(folder.join(FILE)).ok().and_then(|text| serde_json::from_slice::<(u32, u32)>(&text).ok());
    let sensible = |(width, height): &(u32, u32)| (200..20_000).contains(width) && (200..20_000).contains(height);
    kept.filter(sensible)
        .map_or_else(|| LogicalSize::new(1280., 820.).into(), |(width, height)| PhysicalSize::new(width, height).into())
}

/// Keeps a size.
///
/// # Errors
/// The folder can't be written to.
pub fn write(folder: &Path, size: PhysicalSize<u32>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    // Renamed into place, so that a crash leaves the old one or the new one.
    let draft = folder.join(format!("{FILE}.new"));
    fs::write(&draft, serde_json::to_vec(&(size.width, size.height))?)?;
    fs::rename(draft, folder.join(FILE))
}
