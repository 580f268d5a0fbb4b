//! A sync server on this machine that forgets everything when it ends.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::{node, root};

/// `tests/sync/loopback`, ended with this value.
pub struct Loopback {
    server: Child,
    /// Where it listens.
    pub address: String,
}

impl Loopback {
    /// Starts it with these arguments. What it needs of npm is installed.
    pub fn start(arguments: &[&str]) -> Result<Self> {
        node::install_sync()?;
        let mut command = node::node()?;
        command.arg(root().join("tests/sync/loopback/main.mjs")).args(arguments);
        let mut server =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("starting the loopback server")?;
        let mut address = String::new();
        if let Some(output) = &mut server.stdout {
            BufReader::new(output).read_line(&mut address).context("waiting for the loopback server")?;
        }
        let loopback = Self { server, address: address.trim().to_owned() };
        ensure!(loopback.address.starts_with("http://"), "the loopback server has ended at once");
        Ok(loopback)
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        self.server.kill().ok();
        self.server.wait().ok();
    }
}
