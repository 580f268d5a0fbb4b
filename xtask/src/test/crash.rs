//! Processes that are killed and power that fails, many times.

use anyhow::Result;

use super::{Options, Outcome};
use crate::{cargo, process};

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
    Ok(())
}
