//! Node and npm: what the tests in JavaScript, the benches and wasm-opt need.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{files, fingerprint::Fingerprint, process, progress, root, system};

/// The oldest major version that runs the tests.
const OLDEST: u32 = 20;

pub fn npm() -> Command {
    // On Windows npm is a batch file, which is not found without its ending.
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

pub fn npm_version() -> Option<String> {
    process::ask(npm().arg("--version"))
}

pub fn node_version() -> Option<String> {
    process::ask(Command::new("node").arg("--version"))
}

/// Node in the workspace's folder, with the packages of `tests/` installed and the browser's path in its environment.
pub fn node() -> Result<Command> {
    system::ensure(system::NODE.iter().chain(system::BROWSER))?;
    let version = node_version().context("node does not start")?;
    if major(&version).is_none_or(|major| major < OLDEST) {
        bail!(
            "Node {version} is too old for the tests: install version {OLDEST} or newer from nodejs.org, then try again"
        );
    }
    install(&root().join("tests"))?;
    let mut node = Command::new("node");
    node.current_dir(root());
    if let Some(chromium) = system::chromium() {
        node.env("CHROMIUM", chromium);
    }
    Ok(node)
}

/// Installs what the sync server on this machine needs.
pub fn install_sync() -> Result<()> {
    ["convex", "tests/sync"].iter().try_for_each(|folder| install(&root().join(folder)))
}

/// Installs what the lock file names, unless that is what is there.
pub fn install(folder: &Path) -> Result<()> {
    let lock = folder.join("package-lock.json");
    let sources: Vec<PathBuf> =
        [folder.join("package.json"), lock.clone()].into_iter().filter(|file| file.exists()).collect();
    let fingerprint = Fingerprint::default().files(&sources)?.finish();
    let record = folder.join("node_modules/.fingerprint");
    if std::fs::read_to_string(&record).is_ok_and(|old| old == fingerprint) {
        return Ok(());
    }
    progress::timed("Installing", || {
        let mut npm = npm();
        npm.arg(if lock.exists() { "ci" } else { "install" }).args(["--no-audit", "--no-fund", "--loglevel=error"]);
        process::run(npm.current_dir(folder).stdout(std::io::stderr()))?;
        files::write(&record, &fingerprint)?;
        Ok(((), format!("the Node packages of {}", files::relative(folder))))
    })
}

fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_what_node_prints() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("whatever"), None);
    }
}
