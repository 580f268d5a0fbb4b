//! `dist/`: what is given to others.

use anyhow::Result;

use crate::{bundle::Profile, desktop, files, progress, root, site};

/// Tells a Linux desktop about the app; the binary and the icon are found by name once they are installed.
const ENTRY: &str = "\
[Desktop Entry]
Type=Application
Name=Atelier
Comment=A studio for generative-AI workflows
Exec=atelier %F
Icon=atelier
Categories=Graphics;
MimeType=application/x-genaiw+zip;
";

/// What packages are to a Linux desktop: a kind of file of their own, which the entry above says the app opens.
const KIND: &str = "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<mime-info xmlns=\"http://www.freedesktop.org/standards/shared-mime-info\">
  <mime-type type=\"application/x-genaiw+zip\">
    <comment>Atelier package</comment>
    <sub-class-of type=\"application/zip\"/>
    <glob pattern=\"*.genaiw.zip\" weight=\"60\"/>
  </mime-type>
</mime-info>
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
        files::write(&to.join("atelier-mime.xml"), KIND)?;
    }
    progress::say("Copied", "the desktop app to dist/desktop");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{ENTRY, KIND};

    #[test]
    fn the_kind_of_file_that_the_app_opens_is_the_one_that_packages_have() {
        let field = |name: &str| ENTRY.lines().find_map(|line| line.strip_prefix(&format!("{name}="))).unwrap();
        let kind = field("MimeType").trim_end_matches(';');
        assert!(KIND.contains(&format!("type=\"{kind}\"")) && KIND.contains("\"*.genaiw.zip\""));
        assert_eq!(field("Exec"), "atelier %F", "it is given the files that are opened");
    }
}
