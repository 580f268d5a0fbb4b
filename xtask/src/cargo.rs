//! Builds through cargo, with the cargo that started this program.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{process, progress, root};

/// The target of everything that runs in a browser.
pub const WASM: &str = "wasm32-unknown-unknown";

/// One binary to be built: `cargo build` with the features named and no others.
pub struct Build<'a> {
    pub package: &'a str,
    pub features: &'a str,
    pub profile: &'a str,
    /// None: this machine.
    pub target: Option<&'a str>,
}

impl Build<'_> {
    /// Builds what is out of date, with cargo's progress shown, and returns the binary's path.
    pub fn run(&self) -> Result<PathBuf> {
        let mut command = cargo();
        command.args(["build", "--package", self.package, "--bin", self.package]);
        command.args(["--no-default-features", "--features", self.features, "--profile", self.profile]);
        if let Some(target) = self.target {
            command.args(["--target", target]);
        }
        command.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
        let output = command.output().with_context(|| format!("starting {}", process::line(&command)))?;
        ensure!(output.status.success(), "{} does not compile", self.package);
        // Asked of cargo because its settings may put the target folder anywhere.
        String::from_utf8(output.stdout)?
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|message| message["target"]["name"] == self.package)
            .find_map(|message| message["executable"].as_str().map(PathBuf::from))
            .with_context(|| format!("cargo built no binary named {}", self.package))
    }
}

/// A cargo command in the workspace's folder.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Whether rustc has what the browser's target needs.
pub fn has_wasm_target() -> bool {
    process::ask(Command::new("rustc").args(["--print", "target-libdir", "--target", WASM]))
        .is_some_and(|folder| PathBuf::from(folder).exists())
}

/// Adds the browser's target to the toolchain if it is missing.
pub fn ensure_wasm_target() -> Result<()> {
    if has_wasm_target() {
        return Ok(());
    }
    progress::say("Installing", &format!("the Rust target {WASM}"));
    process::run(Command::new("rustup").args(["target", "add", WASM]))
        .with_context(|| format!("install the Rust target {WASM} the way that you installed Rust, then try again"))
}
