//! A package's own tests, through cargo.

use anyhow::Result;

use super::{Options, Outcome};
use crate::{cargo, process};

/// Runs `cargo test` for these packages, built with this profile.
pub fn run(packages: &[&str], profile: &str, options: &Options, outcome: &mut Outcome) -> Result<()> {
    let mut command = cargo::cargo();
    command
        .args(["test", "--no-fail-fast", "--profile", profile])
        .args(packages.iter().map(|package| format!("--package={package}")));
    let before = outcome.failed;
    let status = process::watch(options.tell(&mut command), |line| outcome.libtest(line))?;
    outcome.ended("cargo test", status, before);
    Ok(())
}
