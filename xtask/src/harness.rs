//! A crate of `tests/` as a page: what it exports can be called by whoever drives the browser.

use std::path::PathBuf;

use anyhow::Result;

use crate::{
    bundle::{Profile, Wasm},
    files, lock, root,
};

/// The exports are `window.harness`; `window.ready` says that they are there.
const PAGE: &str = r#"<!DOCTYPE html>
<meta charset="utf-8">
<title>Harness</title>
<link rel="icon" href="data:,">
<script type="module">
  import * as harness from "./PACKAGE.js";
  await harness.started;
  window.harness = harness;
  window.ready = true;
</script>
"#;

/// Builds the page of `package`, unless it is there already. Returns its folder.
pub fn build(package: &'static str, profile: Profile) -> Result<PathBuf> {
    let wasm = Wasm::compile(package, "", profile)?;
    let work = root().join(format!("target/{package}-site"));
    let _lock = lock::hold(&work)?;
    let folder = work.join("public");
    wasm.bind(&folder)?;
    files::write(&folder.join("index.html"), PAGE.replace("PACKAGE", package))?;
    Ok(folder)
}
