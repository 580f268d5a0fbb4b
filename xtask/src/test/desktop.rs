//! Tests of the desktop window, on a screen of their own.

use anyhow::Result;

use super::{Options, Outcome, node};
use crate::{desktop, display::Display, serve, site};

pub fn run(options: &Options, outcome: &mut Outcome) -> Result<()> {
    let app = desktop::with_probe()?;
    // A package goes to a page and back.
    let address = serve::serve_aside(site::build(options.profile)?)?;
    let display = Display::start()?;
    node::run("tests/desktop", options, outcome, |command| {
        display.show(desktop::like_a_user(command).env("ATELIER_APP", &app).env("ATELIER_URL", &address));
    })
}
