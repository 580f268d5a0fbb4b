//! Tests in JavaScript, through Node's own runner.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, ensure};

use super::{Options, Outcome};
use crate::{files, node, process, progress, root};

/// Runs every `*.test.mjs` directly in `folder`, one file after the other: they share the machine's two cores, and the
/// desktop's also one screen and one pointer. `prepare` gives them what they need to know.
pub fn run(folder: &str, options: &Options, outcome: &mut Outcome, prepare: impl Fn(&mut Command)) -> Result<()> {
    let files = test_files(folder)?;
    ensure!(!files.is_empty(), "there are no tests in {folder}");
    files.iter().try_for_each(|file| run_file(file, options, outcome, &prepare))
}

/// Runs one file of tests.
pub fn run_file(file: &Path, options: &Options, outcome: &mut Outcome, prepare: impl Fn(&mut Command)) -> Result<()> {
    // Of this process alone: somebody may be running other parts at the same time.
    let report = root().join(format!("target/tests-{}.tap", std::process::id()));
    progress::say("Running", &files::relative(file));
    let mut command = node::node()?;
    command.arg("--test").arg(format!("--test-timeout={}", options.limit().as_millis()));
    command.args(["--test-reporter=spec", "--test-reporter-destination=stdout"]);
    command.arg("--test-reporter=tap").arg(format!("--test-reporter-destination={}", report.display())).arg(file);
    prepare(options.tell(&mut command));
    let before = outcome.failed;
    let status = process::watch(&mut command, |_| {})?;
    outcome.tap(&files::read_text(&report).unwrap_or_default());
    outcome.ended(&files::relative(file), status, before);
    files::remove(&report)
}

fn test_files(folder: &str) -> Result<Vec<PathBuf>> {
    let folder = root().join(folder);
    ensure!(folder.is_dir(), "the folder {} does not exist", files::relative(&folder));
    let mut files = files::entries(&folder)?;
    files.retain(|file| file.to_string_lossy().ends_with(".test.mjs"));
    Ok(files)
}
