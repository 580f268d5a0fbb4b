//! `packages/app/index.html` made into the page of a site: the same file and the same placeholder that dx uses.

use anyhow::{Result, bail};

/// How the page refers to a file of `assets/`: what dx replaces with the site's base path.
const BASE: &str = "/{base_path}/";

/// What the page has to refer to. All names are relative to the page, so the site works under any path.
pub struct Links<'a> {
    /// From the names in `assets/` to the names on the site.
    pub assets: &'a [(String, String)],
    pub wasm: &'a str,
    /// Every JavaScript module; the first one is started.
    pub modules: &'a [String],
    /// The service worker, which the app itself starts once it is ready.
    pub worker: Option<&'a str>,
}

/// Whether the template refers to the asset of this name.
pub fn refers_to(template: &str, name: &str) -> bool {
    template.contains(&format!("\"{BASE}{name}\""))
}

/// Puts the links into the template.
pub fn link(template: &str, links: &Links) -> Result<String> {
    let mut page = template.to_owned();
    for (name, target) in links.assets {
        page = page.replace(&format!("\"{BASE}{name}\""), &format!("\"./{target}\""));
    }
    if let Some(missing) = page.split(BASE).nth(1) {
        bail!("index.html refers to assets/{}, which does not exist", missing.split('"').next().unwrap_or(missing));
    }
    // The browser fetches all of it at once instead of finding one file after the other.
    let wasm = format!("<link rel=\"preload\" as=\"fetch\" crossorigin href=\"./{}\">\n", links.wasm);
    let modules = links.modules.iter().map(|module| format!("<link rel=\"modulepreload\" href=\"./{module}\">\n"));
    let worker = links.worker.map(|name| format!("<meta name=\"service-worker\" content=\"./{name}\">\n"));
    let head: String = std::iter::once(wasm).chain(modules).chain(worker).collect();
    let start = links.modules.first().map_or("", String::as_str);
    let page = before(&page, "</head>", &head)?;
    before(&page, "</body>", &format!("<script type=\"module\" src=\"./{start}\"></script>\n"))
}

fn before(page: &str, tag: &str, text: &str) -> Result<String> {
    let Some(place) = page.rfind(tag) else { bail!("index.html has no {tag}") };
    Ok(format!("{}{text}{}", &page[..place], &page[place..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "<head>\n<link href=\"/{base_path}/a.css\">\n<link href=\"/{base_path}/icon.svg\">\n</head>\n\
        <body>\n</body>\n";

    fn linked(template: &str) -> Result<String> {
        let assets = [("a.css", "hashed/a-1.css"), ("icon.svg", "icon.svg"), ("unused.css", "unused.css")];
        link(
            template,
            &Links {
                assets: &assets.map(|(from, to)| (from.to_owned(), to.to_owned())),
                wasm: "hashed/app-2/app_bg.wasm",
                modules: &["hashed/app-2/app.js".to_owned(), "hashed/app-2/snippets/s.js".to_owned()],
                worker: Some("sw.js"),
            },
        )
    }

    #[test]
    fn every_address_is_relative_to_the_page() {
        assert_eq!(
            linked(TEMPLATE).unwrap(),
            "<head>\n<link href=\"./hashed/a-1.css\">\n<link href=\"./icon.svg\">\n\
             <link rel=\"preload\" as=\"fetch\" crossorigin href=\"./hashed/app-2/app_bg.wasm\">\n\
             <link rel=\"modulepreload\" href=\"./hashed/app-2/app.js\">\n\
             <link rel=\"modulepreload\" href=\"./hashed/app-2/snippets/s.js\">\n\
             <meta name=\"service-worker\" content=\"./sw.js\">\n</head>\n\
             <body>\n<script type=\"module\" src=\"./hashed/app-2/app.js\"></script>\n</body>\n"
        );
    }

    #[test]
    fn a_link_to_a_missing_asset_is_named() {
        let error = linked(&TEMPLATE.replace("a.css", "b.css")).unwrap_err();
        assert_eq!(error.to_string(), "index.html refers to assets/b.css, which does not exist");
    }

    #[test]
    fn names_match_whole() {
        assert!(refers_to(TEMPLATE, "a.css"));
        assert!(!refers_to(TEMPLATE, "css"));
        assert!(!refers_to(TEMPLATE, "icon"));
    }

    #[test]
    fn a_page_without_a_body_is_refused() {
        assert_eq!(linked("<head></head>").unwrap_err().to_string(), "index.html has no </body>");
    }
}
