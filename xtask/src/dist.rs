//! `dist/`: what is given to others.

use anyhow::Result;

use crate::{bundle::Profile, desktop, files, progress, root, site};

/// Tells a Linux desktop about the app; the binary and the icon are found by name once they are installed.
const ENTRY: &str = "\
[Desktop Entry]
Type=Application
Name=Atelier
Comment=A studio for generative-AI workflows
Exec=atelier
Icon=atelier
Categories=Graphics;
";

/// Builds the site into `dist/web`, ready for any static host under any path.
pub fn web() -> Result<()> {
    let to = root().join("dist/web");
    let site = site::build(Profile::Release)?;
    files::remove(&to)?;
    files::copy_all(&site, &to)?;
    progress::say("Copied", "the web app to dist/web");
    Ok(())
}

/// Builds the binary into `dist/desktop`. Pages, styles and icons are inside it.
pub fn desktop() -> Result<()> {
    let to = root().join("dist/desktop");
    let app = desktop::release()?;
    files::remove(&to)?;
    files::copy(&app, &to.join(format!("atelier{}", std::env::consts::EXE_SUFFIX)))?;
    if cfg!(target_os = "linux") {
        files::copy(&root().join("assets/icon.svg"), &to.join("atelier.svg"))?;
        files::write(&to.join("atelier.desktop"), ENTRY)?;
    }
    progress::say("Copied", "the desktop app to dist/desktop");
    Ok(())
}
