//! What the code is built from: its licences, versions and sources, by the rules of `deny.toml`.

use std::process::Command;

use anyhow::{Context, Result};

use super::{Outcome, lint};
use crate::{cargo, process, progress};

const TOOL: &str = "cargo-deny";
/// Rules of another version may be called otherwise.
const VERSION: &str = "0.20.2";

/// Workspaces with a lock file of their own, and how strictly the exceptions are taken there: one that the app no longer needs
/// fails, and the fuzzers need few of them.
const WORKSPACES: [(&str, [&str; 2]); 2] =
    [("Cargo.toml", ["--deny", "unmatched-skip"]), ("fuzz/Cargo.toml", ["--allow", "unmatched-skip"])];
/// Advisories are left out: `deny.toml` tells why.
const CHECKS: [&str; 3] = ["bans", "licenses", "sources"];

/// Each check of each workspace counts as one test.
pub fn run(outcome: &mut Outcome) -> Result<()> {
    ensure_tool()?;
    for (workspace, strictness) in WORKSPACES {
        for check in CHECKS {
            progress::say("Checking", &format!("the {check} of {workspace}"));
            let mut command = cargo::cargo();
            command.args(["deny", "--locked", "--config", "deny.toml", "--manifest-path", workspace, "check"]);
            // A licence that only the other workspace needs is there as well.
            command.args(["--allow", "license-exception-not-encountered"]).args(strictness).arg(check);
            lint::check(outcome, &mut command);
        }
    }
    Ok(())
}

fn ensure_tool() -> Result<()> {
    if process::ask(Command::new(TOOL).arg("--version")).is_some() {
        return Ok(());
    }
    progress::say("Installing", &format!("{TOOL} {VERSION} with cargo, which takes some minutes"));
    let package = format!("{TOOL}@{VERSION}");
    process::run(cargo::cargo().args(["install", "--locked", &package])).with_context(|| {
        format!("the audit needs {TOOL}. Install it, then try again:\n\n    cargo install --locked {package}\n")
    })
}
