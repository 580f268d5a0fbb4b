//! `cargo xtask test`: every test of the project, in parts.

mod crash;
mod deny;
mod desktop;
mod engines;
mod fuzz;
mod lint;
mod node;
mod outcome;
mod packages;
mod pages;
mod part;
mod sync;

use std::{
    path::PathBuf,
    process::{Command, ExitCode},
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;

use self::{outcome::Outcome, part::Part};
use crate::{arguments::Arguments, bundle::Profile, cargo, progress, site, table, wasm_opt};

/// What holds for every part.
pub struct Options {
    /// Also what takes longer than half an hour.
    pub full: bool,
    /// How the web app is built. Users get the release, so that is what is tested unless somebody is in a hurry.
    pub profile: Profile,
}

impl Options {
    /// How long a file of tests may take. One that hangs is ended then, and the others still run.
    fn limit(&self) -> Duration {
        Duration::from_secs(60 * if self.full { 120 } else { 10 })
    }

    /// Tells the tests themselves through their environment.
    fn tell<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        if self.full { command.env("ATELIER_FULL", "1") } else { command }
    }
}

/// Builds the web app beside the first parts: linking, optimising and compressing it keep one core busy. Whoever needs it builds it
/// again, which finds it there or says what is wrong. All that it needs is installed before, since nobody installs two things at once.
fn build_ahead(profile: Profile) -> Result<thread::JoinHandle<Result<PathBuf>>> {
    cargo::ensure_wasm_target()?;
    crate::node::node()?;
    wasm_opt::find()?;
    Ok(thread::spawn(move || site::build(profile)))
}

/// The names of all parts.
pub fn parts() -> Vec<&'static str> {
    Part::ALL.iter().map(|part| part.name()).collect()
}

/// Runs the named parts, or all. The last line on standard output is `N passed, N failed`.
pub fn run(mut arguments: Arguments) -> Result<ExitCode> {
    let options = Options {
        full: arguments.flag("--full"),
        profile: if arguments.flag("--dev") { Profile::Dev } else { Profile::Release },
    };
    let parts = Part::chosen(&arguments.words()?, options.full)?;

    // What is missing for it is missing for the parts that need it as well: they say so.
    let ahead = parts.iter().any(|part| part.needs_site()).then(|| build_ahead(options.profile).ok()).flatten();

    let mut total = Outcome::default();
    let mut rows = Vec::new();
    for part in parts {
        progress::say("Testing", part.name());
        let start = Instant::now();
        let mut outcome = Outcome::default();
        if let Err(error) = part.run(&options, &mut outcome) {
            outcome.fail(format!("{error:#}"));
        }
        rows.push(vec![
            part.name().to_owned(),
            outcome.passed.to_string(),
            outcome.failed.to_string(),
            outcome.skipped.to_string(),
            progress::seconds(start.elapsed()),
        ]);
        total.add(part.name(), outcome);
    }

    drop(ahead.map(thread::JoinHandle::join));
    println!("\n{}", table::render(&["part", "passed", "failed", "skipped", "time"], &rows));
    for problem in &total.problems {
        println!("{problem}");
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
