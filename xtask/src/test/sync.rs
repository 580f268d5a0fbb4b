//! Tests of the sync server: its types, then its functions, on this machine alone.

use anyhow::Result;

use super::{Options, Outcome, lint, node};
use crate::root;

pub fn run(options: &Options, outcome: &mut Outcome) -> Result<()> {
    let folder = root().join("convex");
    crate::node::install(&folder)?;
    crate::node::install(&root().join("tests/sync"))?;
    let mut types = crate::node::node()?;
    lint::check(
        outcome,
        types.arg(folder.join("node_modules/typescript/bin/tsc")).arg("--noEmit").current_dir(&folder),
    );
    node::run("tests/sync", options, outcome, |_| {})
}
