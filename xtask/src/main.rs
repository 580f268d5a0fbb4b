//! The project's commands. `cargo xtask` lists them.

mod arguments;
mod bench;
mod bundle;
mod cargo;
mod compress;
mod css;
mod desktop;
mod display;
mod dist;
mod doctor;
mod files;
mod fingerprint;
mod harness;
mod lock;
mod loopback;
mod node;
mod page;
mod process;
mod progress;
mod serve;
mod service_worker;
mod site;
mod split;
mod system;
mod table;
mod test;
mod wasm_opt;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Result, bail};

use crate::{arguments::Arguments, bundle::Profile, serve::Place};

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let command = words.next();
    match run(command.as_deref(), Arguments::new(words)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Option<&str>, arguments: Arguments) -> Result<ExitCode> {
    match command {
        Some("web") => web(arguments)?,
        Some("desktop") => return desktop::start(&arguments.all()),
        Some("test") => return test::run(arguments),
        Some("bench") => return bench::run(arguments),
        Some("dist") => dist(arguments)?,
        Some("doctor") => {
            arguments.none()?;
            return Ok(doctor::run());
        }
        None | Some("help" | "--help" | "-h") => println!("{}", usage()),
        Some(other) => bail!("there is no command {other}\n\n{}", usage()),
    }
    Ok(ExitCode::SUCCESS)
}

fn web(mut arguments: Arguments) -> Result<()> {
    let profile = if arguments.flag("--dev") { Profile::Dev } else { Profile::Release };
    let port = arguments.value("--port")?;
    let base = arguments.value::<String>("--base")?.unwrap_or_default().trim_matches('/').to_owned();
    arguments.none()?;
    serve::serve(&site::build(profile)?, &Place { port, base })
}

fn dist(arguments: Arguments) -> Result<()> {
    arguments.none()?;
    dist::web()?;
    dist::desktop()
}

fn usage() -> String {
    format!(
        "\
cargo xtask web [--port N] [--base PATH] [--dev]
    builds the web app and serves it on 127.0.0.1
cargo xtask desktop [ARGUMENT…]
    builds and starts the desktop app
cargo xtask test [--full] [--dev] [PART…]
    runs every test, or the parts named: {}
cargo xtask bench [--json FILE] [PART…]
    measures beside the peers, everything or the parts named: {}
cargo xtask dist
    builds both apps into dist/
cargo xtask doctor
    lists what this machine has and lacks",
        test::parts().join(", "),
        bench::parts().join(", ")
    )
}

/// The workspace's folder: the one that cargo runs this program for, which may have been built for another clone that shares its target
/// folder. Without cargo it is the one that it was built for.
fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let here = Path::new(&here);
    here.parent().unwrap_or(here).to_owned()
}
