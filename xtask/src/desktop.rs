//! The desktop app: built and started.

use std::{
    path::PathBuf,
    process::{Command, ExitCode},
};

use anyhow::{Context, Result};

use crate::{cargo::Build, progress, system};

/// Builds the app in release, with what it needs of the system.
pub fn release() -> Result<PathBuf> {
    build("desktop", "release")
}

/// Builds the app with what the desktop tests look through.
pub fn with_probe() -> Result<PathBuf> {
    build("desktop,probe", "dev")
}

/// Builds and starts the app, and ends as it ends.
pub fn start(arguments: &[String]) -> Result<ExitCode> {
    let app = release()?;
    progress::say("Starting", "the desktop app");
    let mut command = Command::new(&app);
    let status =
        like_a_user(command.args(arguments)).status().with_context(|| format!("starting {}", app.display()))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Takes away what `cargo run` has set for this program: Dioxus would think that the app was started by cargo.
pub fn like_a_user(command: &mut Command) -> &mut Command {
    command.env_remove("CARGO_MANIFEST_DIR")
}

fn build(features: &str, profile: &str) -> Result<PathBuf> {
    system::ensure(system::DESKTOP)?;
    Build { package: "app", features, profile, target: None }.run()
}
