//! Tests of the sync server: its types, then its functions, alone and with the app, on this machine.

use anyhow::Result;

use super::{Options, Outcome, desktop::App, lint, node};
use crate::{cargo, loopback::Loopback, process, root, serve, site};

pub fn run(options: &Options, outcome: &mut Outcome) -> Result<()> {
    let folder = root().join("convex");
    crate::node::install_sync()?;
    let mut types = crate::node::node()?;
    lint::check(
        outcome,
        types.arg(folder.join("node_modules/typescript/bin/tsc")).arg("--noEmit").current_dir(&folder),
    );
    native(options, outcome)?;
    // Some of them are the app's.
    let address = serve::serve_aside(site::build(options.profile)?)?;
    let app = App::build()?;
    node::run("tests/sync", options, outcome, |command| {
        app.tell(command.env("ATELIER_URL", &address));
    })
}

/// The way of a process to a server, through real connections.
fn native(options: &Options, outcome: &mut Outcome) -> Result<()> {
    let server = Loopback::start(&[])?;
    let mut command = cargo::cargo();
    command.args(["test", "--no-fail-fast", "--profile", "dev", "--package=storage", "--test=loopback", "--"]);
    command.args(["--ignored", "--test-threads=1"]).env("ATELIER_LOOPBACK", &server.address);
    let before = outcome.failed;
    let status = process::watch(options.tell(&mut command), |line| outcome.libtest(line))?;
    outcome.ended("cargo test --test loopback", status, before);
    Ok(())
}
