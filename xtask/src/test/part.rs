//! What `cargo xtask test` can be asked for by name.

use anyhow::{Context, Result};

use super::{Options, Outcome, crash, deny, desktop, engines, fuzz, lint, packages, pages, sync};
use crate::system;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    Lint,
    Storage,
    Engine,
    Ui,
    Xtask,
    Sync,
    Browser,
    Desktop,
    /// What the code is built from.
    Deny,
    /// The web app in Chromium, Firefox and WebKit.
    Engines,
    /// The long version of what kills processes and fails power. Storage's own tests have the short one.
    Crash,
    /// What nobody would write, made from what somebody did, for readers of files.
    Fuzz,
}

impl Part {
    /// In the order in which they run: what fails fastest comes first.
    pub const ALL: [Part; 12] = [
        Part::Lint,
        Part::Storage,
        Part::Engine,
        Part::Ui,
        Part::Xtask,
        Part::Sync,
        Part::Browser,
        Part::Desktop,
        Part::Deny,
        Part::Engines,
        Part::Crash,
        Part::Fuzz,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Part::Lint => "lint",
            Part::Storage => "storage",
            Part::Engine => "engine",
            Part::Ui => "ui",
            Part::Xtask => "xtask",
            Part::Sync => "sync",
            Part::Browser => "browser",
            Part::Desktop => "desktop",
            Part::Deny => "deny",
            Part::Engines => "engines",
            Part::Crash => "crash",
            Part::Fuzz => "fuzz",
        }
    }

    /// Whether it also runs when nobody names it, with `--full` or without.
    fn is_usual(self, full: bool) -> bool {
        full || !matches!(self, Part::Deny | Part::Engines | Part::Crash | Part::Fuzz)
    }

    /// Whether it opens the web app.
    pub fn needs_site(self) -> bool {
        matches!(self, Part::Sync | Part::Browser | Part::Desktop | Part::Engines)
    }

    /// The parts of these names; all that are usual for no name.
    pub fn chosen(names: &[String], full: bool) -> Result<Vec<Part>> {
        if names.is_empty() {
            return Ok(Self::ALL.into_iter().filter(|part| part.is_usual(full)).collect());
        }
        names
            .iter()
            .map(|name| {
                let part = Self::ALL.into_iter().find(|part| part.name() == name);
                part.with_context(|| format!("there is no part {name}. The parts are {}", super::parts().join(", ")))
            })
            .collect()
    }

    pub fn run(self, options: &Options, outcome: &mut Outcome) -> Result<()> {
        match self {
            Part::Lint => lint::run(outcome),
            Part::Storage => {
                // Without them their own tests fail, and the others still run.
                if let Err(error) = system::ensure(system::ARCHIVERS) {
                    outcome.fail(format!("{error:#}"));
                }
                // The contract's cases run over every backend: here those of this machine, then those of a browser.
                packages::run(&["storage", "conformance", "power"], "dev", options, outcome)?;
                pages::conformance(options, outcome)
            }
            Part::Engine => packages::run(&["engine"], "dev", options, outcome),
            Part::Ui => packages::run(&["ui"], "dev", options, outcome),
            Part::Xtask => packages::run(&["xtask"], "xtask", options, outcome),
            Part::Sync => sync::run(options, outcome),
            Part::Browser => pages::browser(options, outcome),
            Part::Desktop => desktop::run(options, outcome),
            Part::Deny => deny::run(outcome),
            Part::Engines => engines::run(options, outcome),
            Part::Crash => crash::run(options, outcome),
            Part::Fuzz => fuzz::run(outcome),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_means_everything_and_a_wrong_one_is_told_the_right_ones() {
        assert_eq!(Part::chosen(&[], true).unwrap(), Part::ALL);
        assert_eq!(Part::chosen(&[], false).unwrap(), Part::ALL[..8], "the long version is asked for");
        assert_eq!(Part::chosen(&["ui".into(), "crash".into()], false).unwrap(), [Part::Ui, Part::Crash]);
        let error = Part::chosen(&["iu".into()], false).unwrap_err().to_string();
        assert!(error.contains("iu") && error.contains("storage"), "{error}");
    }
}
