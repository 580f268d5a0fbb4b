//! The web app and the storage contract in every engine that people have: `tests/engines`, once for each.

use anyhow::Result;

use super::{Options, Outcome, node};
use crate::{display::Display, harness, progress, serve, site, system};

/// As `ATELIER_ENGINE` names them.
const ENGINES: [&str; 3] = ["chromium", "firefox", "webkit"];

pub fn run(options: &Options, outcome: &mut Outcome) -> Result<()> {
    system::ensure(system::ENGINES)?;
    let conformance = serve::serve_aside(harness::build("conformance", options.profile)?)?;
    let app = serve::serve_aside(site::build(options.profile)?)?;
    // WebKit's has no other way to run.
    let display = Display::start()?;
    for engine in ENGINES {
        progress::say("Testing", &format!("in {engine}"));
        node::run("tests/engines", options, outcome, |command| {
            command.env("ATELIER_ENGINE", engine).env("ATELIER_URL", &app).env("CONFORMANCE_URL", &conformance);
            command.envs(system::firefox().map(|firefox| ("FIREFOX", firefox)));
            display.show(command);
        })?;
    }
    Ok(())
}
