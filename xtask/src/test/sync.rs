//! Tests of the sync server: its types, then its functions, alone and with the app, on this machine.

use anyhow::Result;

use super::{Options, Outcome, lint, node};
use crate::{root, serve, site};

pub fn run(options: &Options, outcome: &mut Outcome) -> Result<()> {
    let folder = root().join("convex");
    crate::node::install(&folder)?;
    crate::node::install(&root().join("tests/sync"))?;
    let mut types = crate::node::node()?;
    lint::check(
        outcome,
        types.arg(folder.join("node_modules/typescript/bin/tsc")).arg("--noEmit").current_dir(&folder),
    );
    // Some of them are the app's.
    let address = serve::serve_aside(site::build(options.profile)?)?;
    node::run("tests/sync", options, outcome, |command| {
        command.env("ATELIER_URL", &address);
    })
}
