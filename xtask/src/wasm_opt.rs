//! Binaryen's optimiser, from npm. Without npm the site is larger, and works.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result};

use crate::{files, node, process, progress, root, system};

/// Debian's release (108) does not know what rustc emits; this one does.
const BINARYEN: &str = "binaryen@132.0.0";

/// What rustc emits, and no more: with `--all-features` wasm-opt writes imports that browsers refuse.
const FEATURES: [&str; 7] =
    ["bulk-memory", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext", "simd"];

/// Where npm puts it, whether or not it is there yet.
pub fn path() -> PathBuf {
    folder().join("node_modules/binaryen/bin/wasm-opt")
}

/// The installed wasm-opt; installs it on first use. None without npm.
pub fn find() -> Result<Option<PathBuf>> {
    // It is a script for Node.
    if path().exists() && system::program("node").is_some() {
        return Ok(Some(path()));
    }
    if node::npm_version().is_none() {
        progress::say("Skipping", "wasm-opt: it comes from npm, which is not installed; the site will be larger");
        return Ok(None);
    }
    progress::timed("Installing", || {
        files::create_folder(&folder())?;
        let mut npm = node::npm();
        npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]).arg(folder()).arg(BINARYEN);
        process::run(npm.stdout(Stdio::null()))?;
        Ok(((), BINARYEN.to_owned()))
    })?;
    Ok(Some(path()))
}

/// Optimises `wasm` in place.
///
/// rustc has done most of it. All levels come to the same size once compressed; `-Os` and `-O3` leave 2 % less than `-O2`
/// before that, and take 30 and 38 s where `-O2` takes 24.
pub fn run(tool: &Path, wasm: &Path, names: bool) -> Result<()> {
    let output = wasm.with_extension("opt");
    let mut command = Command::new(tool);
    command.arg(wasm).args(["-O2", "--strip-producers", if names { "--debuginfo" } else { "--strip-debug" }]);
    command.args(FEATURES.map(|feature| format!("--enable-{feature}"))).arg("-o").arg(&output);
    process::run(&mut command)?;
    fs::rename(&output, wasm).with_context(|| format!("writing {}", wasm.display()))
}

fn folder() -> PathBuf {
    root().join("target/tools").join(BINARYEN)
}
