//! The service worker's list of what it keeps: `assets/sw.js` with the site's files before it.

use std::{fmt::Write, path::Path};

use anyhow::Result;
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::{files, fingerprint::short_hash};

/// The file's name in `assets/` and on the site. It can't be named by its content: browsers look for newer ones under the old name.
pub const NAME: &str = "sw.js";

/// The page, as a browser asks for it.
const PAGE: (&str, &str) = ("index.html", "./");

/// Writes the site's worker. Every other file must be there.
pub fn place(script: &Path, site: &Path) -> Result<()> {
    let mut list = String::new();
    for file in files::list(site)? {
        let name = files::web_path(file.strip_prefix(site)?);
        if name == NAME {
            continue;
        }
        let integrity = STANDARD.encode(Sha256::digest(files::read(&file)?));
        let path = if name == PAGE.0 { PAGE.1 } else { &name };
        writeln!(list, "  [\"{path}\", \"sha256-{integrity}\"],")?;
    }
    let script = files::read_text(script)?;
    let build = short_hash((list.clone() + &script).as_bytes());
    files::write(&site.join(NAME), format!("const BUILD = \"{build}\";\nconst FILES = [\n{list}];\n\n{script}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lists_every_file_by_its_content_and_another_content_is_another_build() {
        let folder = std::env::temp_dir().join(format!("xtask-{}-worker", std::process::id()));
        files::remove(&folder).unwrap();
        let (site, script) = (folder.join("site"), folder.join("worker.js"));
        files::write(&script, "// worker").unwrap();
        files::write(&site.join("index.html"), "page").unwrap();
        files::write(&site.join("hashed/a-1.css"), "style").unwrap();
        let text = || {
            place(&script, &site).unwrap();
            files::read_text(&site.join(NAME)).unwrap()
        };

        let first = text();
        assert_eq!(text(), first, "its own file is not in it");
        assert!(first.ends_with("];\n\n// worker"), "{first}");
        let page = STANDARD.encode(Sha256::digest("page"));
        assert!(first.contains(&format!("[\"./\", \"sha256-{page}\"],\n")), "{first}");
        assert!(first.contains("[\"hashed/a-1.css\", \"sha256-"), "{first}");
        files::write(&site.join("index.html"), "another page").unwrap();
        assert_ne!(text().lines().next(), first.lines().next());
        files::remove(&folder).unwrap();
    }
}
