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
        desktop::like_a_user(command).env("ATELIER_APP", &app).env("DISPLAY", &display.name);
        command.env("ATELIER_URL", &address);
        // Without a graphics card WebKit draws nothing unless told to draw in software.
        command.env("WEBKIT_DISABLE_COMPOSITING_MODE", "1");
        command.env("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
        command.env("LIBGL_ALWAYS_SOFTWARE", "1");
    })
}
