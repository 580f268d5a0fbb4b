//! Tests of the desktop window, on a screen of their own.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use super::{Options, Outcome, node};
use crate::{desktop, display::Display};

pub fn run(options: &Options, outcome: &mut Outcome) -> Result<()> {
    let app = App::build()?;
    node::run("tests/desktop", options, outcome, |command| app.tell(command))
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
        desktop::like_a_user(command).env("ATELIER_APP", &self.binary).env("DISPLAY", &self.display.name);
        // Without a graphics card WebKit draws nothing unless told to draw in software.
        command.env("WEBKIT_DISABLE_COMPOSITING_MODE", "1");
        command.env("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
        command.env("LIBGL_ALWAYS_SOFTWARE", "1");
    }
}
