//! Processes that are killed and power that fails, many times.

use anyhow::Result;

use super::{Options, Outcome, node};
use crate::{cargo, process, root, serve, site};

/// How often each is done, unless `ATELIER_ROUNDS` says.
const ROUNDS: &str = "200";

/// The packages' test binaries that have rounds.
const TESTS: [(&str, &str); 3] = [("storage", "kill"), ("storage", "media_kill"), ("power", "power_loss")];

pub fn run(options: &Options, outcome: &mut Outcome) -> Result<()> {
    for (package, test) in TESTS {
        let mut command = cargo::cargo();
        command.args(["test", "--profile", "dev", "--package", package, "--test", test]);
        if std::env::var_os("ATELIER_ROUNDS").is_none() {
            command.env("ATELIER_ROUNDS", ROUNDS);
        }
        let before = outcome.failed;
        let status = process::watch(options.tell(&mut command), |line| outcome.libtest(line))?;
        outcome.ended(&format!("cargo test --test {test}"), status, before);
    }
    browser(options, outcome)
}

/// The same to a browser with the web app in it.
fn browser(options: &Options, outcome: &mut Outcome) -> Result<()> {
    let address = serve::serve_aside(site::build(options.profile)?)?;
    let rounds = std::env::var("ATELIER_ROUNDS").unwrap_or_else(|_| ROUNDS.to_owned());
    // A browser takes seconds to start, so they are given the time that a full run has.
    let options = Options { full: true, profile: options.profile };
    node::run_file(&root().join("tests/browser/kills.test.mjs"), &options, outcome, |command| {
        command.env("ATELIER_URL", &address).env("ATELIER_KILLS", &rounds);
    })
}
