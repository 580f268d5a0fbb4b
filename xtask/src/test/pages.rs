//! Tests of pages in a browser.

use anyhow::Result;

use super::{Options, Outcome, node};
use crate::{harness, serve, site};

/// The web app, as its users get it.
pub fn browser(options: &Options, outcome: &mut Outcome) -> Result<()> {
    let address = serve::serve_aside(site::build(options.profile)?)?;
    node::run("tests/browser", options, outcome, |command| {
        command.env("ATELIER_URL", &address);
    })
}

/// The storage contract over the backends of a browser.
pub fn conformance(options: &Options, outcome: &mut Outcome) -> Result<()> {
    let address = serve::serve_aside(harness::build("conformance", options.profile)?)?;
    node::run("tests/browser/conformance", options, outcome, |command| {
        command.env("CONFORMANCE_URL", &address);
    })
}
