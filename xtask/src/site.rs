//! The web app as a folder of static files that works under any base path.
//!
//! ```text
//! index.html  manifest.webmanifest  icon.svg  …        fixed names, revalidated by the browser
//! sw.js                                                 a release's service worker, which keeps all the others
//! hashed/atelier-0123456789abcdef.css                  named by content, kept for ever
//! hashed/app-0123456789abcdef/{app.js, app_bg.wasm, app_rest.wasm, snippets/…}
//! ```
//!
//! `packages/app/index.html` and `assets/` are the same files that dx uses; this module does to them what dx does.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::{
    bundle::{Profile, Wasm},
    compress::compress,
    css, files,
    fingerprint::{Fingerprint, Made, short_hash, unless_made},
    lock,
    page::{self, Links},
    progress, root, service_worker,
};

/// The folder whose files are named by their content.
pub const HASHED: &str = "hashed";

/// Stands for what is done here, so that a change of it counts.
const RECIPE: &str = concat!(
    include_str!("site.rs"),
    include_str!("page.rs"),
    include_str!("service_worker.rs"),
    include_str!("compress.rs"),
    include_str!("css.rs")
);

/// Builds the site, unless it already is what these sources give. Returns its folder.
pub fn build(profile: Profile) -> Result<PathBuf> {
    let wasm = Wasm::compile("app", "web", profile)?;
    let work = root().join("target/site");
    let _lock = lock::hold(&work)?;
    let code = work.join(format!("{}-code", profile.name()));
    // What is being worked on is there sooner in one piece.
    let code_made = if profile == Profile::Release { wasm.bind_in_two(&code)? } else { wasm.bind(&code)? };
    let fingerprint = Fingerprint::default().text(RECIPE).text(&code_made);
    let fingerprint = fingerprint.file(&template())?.files(&files::list(&assets())?)?.finish();
    let site = work.join(profile.name());
    let made = unless_made(&site, &fingerprint, || {
        let code = place_code(&code, &site)?;
        let is_release = profile == Profile::Release;
        place_page(&code, &site, is_release)?;
        if !is_release {
            // Nothing that is being worked on is kept by a browser.
            return Ok(());
        }
        service_worker::place(&assets().join(service_worker::NAME), &site)?;
        compress(&site)
    })?;
    progress::say(if made == Made::Anew { "Built" } else { "Fresh" }, &files::relative(&site));
    Ok(site)
}

/// Copies the code to `hashed/app-<hash>/` and returns that name.
fn place_code(code: &Path, site: &Path) -> Result<String> {
    let mut contents = Vec::new();
    for file in files::list(code)? {
        contents.extend(files::read(&file)?);
    }
    let name = format!("{HASHED}/app-{}", short_hash(&contents));
    files::copy_all(code, &site.join(&name))?;
    Ok(name)
}

/// Copies `assets/` and writes the page that refers to them, to the code and, in a release, to the service worker.
fn place_page(code: &str, site: &Path, is_release: bool) -> Result<()> {
    let template = files::read_text(&template())?;
    let mut names = Vec::new();
    for file in files::list(&assets())? {
        let name = files::web_path(file.strip_prefix(assets())?);
        if name == service_worker::NAME {
            continue;
        }
        let mut content = files::read(&file)?;
        if is_release && file.extension().is_some_and(|kind| kind == "css") {
            content = css::without_comments(&files::read_text(&file)?).into_bytes();
        }
        let target = match name.rsplit_once('.') {
            // Only what nothing but the page refers to may change its name.
            Some((stem, kind @ ("css" | "js"))) if page::refers_to(&template, &name) => {
                ensure!(
                    kind != "css" || !has_relative_url(&String::from_utf8_lossy(&content)),
                    "assets/{name} refers to another file by url(…) or @import, which would not be found from \
                     {HASHED}/: use a data: URL, or a link in index.html"
                );
                format!("{HASHED}/{}-{}.{kind}", stem.replace('/', "-"), short_hash(&content))
            }
            _ => name.clone(),
        };
        files::write(&site.join(&target), content)?;
        names.push((name, target));
    }
    let mut modules = vec![format!("{code}/app.js")];
    for file in files::list(&site.join(code))? {
        let name = files::web_path(file.strip_prefix(site)?);
        if file.extension().is_some_and(|kind| kind == "js") && !modules.contains(&name) {
            modules.push(name);
        }
    }
    let links = Links {
        assets: &names,
        wasm: &format!("{code}/app_bg.wasm"),
        modules: &modules,
        worker: is_release.then_some(service_worker::NAME),
    };
    files::write(&site.join("index.html"), page::link(&template, &links)?)
}

/// Whether a style sheet refers to a file by a name relative to its own.
fn has_relative_url(style: &str) -> bool {
    let mut urls = style.split("url(").skip(1).map(|rest| rest.trim_start_matches(['"', '\'', ' ']));
    style.contains("@import") || urls.any(|url| !url.starts_with("data:") && !url.starts_with('#'))
}

fn template() -> PathBuf {
    root().join("packages/app/index.html")
}

fn assets() -> PathBuf {
    root().join("assets")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_style_sheets_that_stand_alone_may_move() {
        for alone in ["", "a { color: red }", "a { mask: url(\"data:image/svg+xml,x\") }", "a { clip-path: url(#b) }"] {
            assert!(!has_relative_url(alone), "{alone}");
        }
        for bound in ["@import \"b.css\";", "a { background: url(b.png) }", "a { background: url( 'b.png' ) }"] {
            assert!(has_relative_url(bound), "{bound}");
        }
    }
}
