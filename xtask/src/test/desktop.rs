//! Tests of the desktop window, on a screen of their own.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use super::{Options, Outcome, node};
use crate::{desktop, display::Display, serve, site};

pub fn run(options: &Options, outcome: &mut Outcome) -> Result<()> {
    let app = App::build()?;
    // A package goes to a page and back.
    let address = serve::serve_aside(site::build(options.profile)?)?;
    node::run("tests/desktop", options, outcome, |command| {
        app.tell(command.env("ATELIER_URL", &address));
    })
}

/// The app, and a screen to start it on.
pub struct App {
    binary: PathBuf,
    display: Display,
}

impl App {
    pub fn build() -> Result<Self> {
        Ok(Self { binary: desktop::with_probe()?, display: Display::start()? })
    }

    /// Tells tests where both are.
    pub fn tell(&self, command: &mut Command) {
        self.display.show(desktop::like_a_user(command).env("ATELIER_APP", &self.binary));
    }
}
