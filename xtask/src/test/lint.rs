//! Formatting, and clippy for both targets. Each run counts as one test.

use std::process::Command;

use anyhow::Result;

use super::Outcome;
use crate::{cargo, process, progress, root, system};

/// Clippy's settings for what runs in a browser: they also forbid what compiles there and then fails.
const WASM_SETTINGS: &str = ".cargo/clippy-wasm";

pub fn run(outcome: &mut Outcome) -> Result<()> {
    ensure_component("fmt", "rustfmt")?;
    ensure_component("clippy", "clippy")?;
    check(outcome, cargo::cargo().args(["fmt", "--all", "--check"]));

    let mut native = cargo::cargo();
    native.args(["clippy", "--workspace", "--all-targets"]);
    let missing = system::missing(system::DESKTOP);
    if missing.is_empty() {
        native.args(["--features", "app/desktop,app/probe"]);
    } else {
        progress::say("Skipping", &format!("the desktop app; to check it too: {}", system::install_command(&missing)));
    }
    check(outcome, native.args(["--", "--deny", "warnings"]));

    cargo::ensure_wasm_target()?;
    let mut wasm = cargo::cargo();
    wasm.env("CLIPPY_CONF_DIR", root().join(WASM_SETTINGS)).args(["clippy", "--target", cargo::WASM]);
    wasm.args(["storage", "engine", "ui", "app", "conformance"].map(|package| format!("--package={package}")));
    check(outcome, wasm.args(["--no-default-features", "--features", "app/web", "--", "--deny", "warnings"]));
    Ok(())
}

/// Runs the command; its success is a test that passed.
pub fn check(outcome: &mut Outcome, command: &mut Command) {
    match process::run(command) {
        Ok(()) => outcome.passed += 1,
        Err(error) => outcome.fail(format!("{error:#}")),
    }
}

fn ensure_component(command: &str, component: &str) -> Result<()> {
    if process::ask(cargo::cargo().args([command, "--version"])).is_some() {
        return Ok(());
    }
    progress::say("Installing", &format!("{component} with rustup"));
    process::run(Command::new("rustup").args(["component", "add", component]))
}
