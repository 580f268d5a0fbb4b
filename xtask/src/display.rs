//! A screen that nobody sees.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::system;

/// An X server of our own, ended with this value.
pub struct Display {
    server: Child,
    /// As the environment variable DISPLAY has it.
    name: String,
}

impl Display {
    /// Starts Xvfb on a display that nobody uses.
    pub fn start() -> Result<Self> {
        system::ensure(system::SCREEN)?;
        let mut server = Command::new("Xvfb")
            // It chooses the number itself and tells it when it is ready.
            .args(["-displayfd", "1", "-screen", "0", "1440x900x24", "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("starting Xvfb")?;
        let mut number = String::new();
        if let Some(output) = &mut server.stdout {
            BufReader::new(output).read_line(&mut number).context("waiting for Xvfb")?;
        }
        let display = Self { server, name: format!(":{}", number.trim()) };
        ensure!(display.name != ":", "Xvfb has ended at once; start `Xvfb :99` to see why");
        Ok(display)
    }
}

impl Display {
    /// Has a program show its windows here.
    pub fn show<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("DISPLAY", &self.name);
        // Without a graphics card WebKit draws nothing unless told to draw in software.
        command.env("WEBKIT_DISABLE_COMPOSITING_MODE", "1");
        command.env("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
        command.env("LIBGL_ALWAYS_SOFTWARE", "1")
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        self.server.kill().ok();
        self.server.wait().ok();
    }
}
