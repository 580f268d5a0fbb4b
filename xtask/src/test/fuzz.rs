//! The targets of `fuzz/`, one after the other. A stable compiler is enough: `fuzz/.cargo/config.toml` has the flags.

use std::{path::PathBuf, process::Command};

use anyhow::{Context, Result, ensure};

use super::Outcome;
use crate::{cargo, files, process, progress, root};

/// The binaries of `fuzz/`.
const TARGETS: [&str; 5] = ["importer", "backup", "manifest", "workflow", "comfyui"];
/// How long each runs, in seconds, unless `ATELIER_FUZZ_SECONDS` says.
const SECONDS: &str = "60";
/// What one input may take, in seconds and in MiB.
const LIMITS: [&str; 2] = ["-timeout=10", "-rss_limit_mb=1024"];

pub fn run(outcome: &mut Outcome) -> Result<()> {
    let binaries = build()?;
    let seconds = std::env::var("ATELIER_FUZZ_SECONDS").unwrap_or_else(|_| SECONDS.to_owned());
    for target in TARGETS {
        progress::say("Fuzzing", &format!("{target} for {seconds} s"));
        // What is found goes there, and stays for the next time; what is in the tree is read only.
        let work = root().join("target/fuzz-corpus").join(target);
        files::create_folder(&work)?;
        let artifacts = root().join("target/fuzz-artifacts").join(target);
        files::create_folder(&artifacts)?;
        let mut command = Command::new(binaries.join(target));
        command.arg(&work).arg(root().join("fuzz/seeds").join(target)).args(LIMITS);
        command.arg(format!("-max_total_time={seconds}")).arg(format!("-artifact_prefix={}/", artifacts.display()));
        match process::run(&mut command) {
            Ok(()) => outcome.passed += 1,
            Err(_) => {
                let folder = files::relative(&artifacts);
                outcome.fail(format!("{target}: an input fails; it is in {folder}, and told above"));
            }
        }
    }
    Ok(())
}

/// Builds all targets, and says where they are.
fn build() -> Result<PathBuf> {
    let version = process::ask(Command::new("rustc").arg("-vV")).context("asking rustc what it is")?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc doesn't say its host")?;
    let target = root().join("target/fuzz");
    let mut command = cargo::cargo();
    // Cargo reads a folder's settings when it is started there.
    command.current_dir(root().join("fuzz")).args(["build", "--locked", "--release", "--bins", "--target", host]);
    command.arg("--target-dir").arg(&target);
    process::run(&mut command)?;
    let folder = target.join(host).join("release");
    ensure!(folder.join(TARGETS[0]).exists(), "cargo put the targets elsewhere than {}", files::relative(&folder));
    Ok(folder)
}
