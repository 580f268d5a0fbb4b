//! What this machine has and lacks, and what to type for the rest.

use std::process::{Command, ExitCode};

use crate::{
    cargo, files, node, process, root,
    system::{self, Need},
    table, wasm_opt,
};

/// One thing that the machine may have.
struct Row {
    name: &'static str,
    purpose: &'static str,
    /// A version or a place. None if it is missing.
    found: Option<String>,
    remedy: String,
}

/// Prints the table. Succeeds if the web app can be built.
pub fn run() -> ExitCode {
    let rows = rows();
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let found = row.found.clone().unwrap_or_else(|| "missing".to_owned());
            vec![row.name.to_owned(), row.purpose.to_owned(), found]
        })
        .collect();
    println!("{}", table::render(&["what", "needed for", "here"], &cells));
    let missing: Vec<&Row> = rows.iter().filter(|row| row.found.is_none()).collect();
    let mut remedies: Vec<&str> = missing.iter().map(|row| row.remedy.as_str()).collect();
    remedies.dedup();
    if remedies.is_empty() {
        println!("Nothing is missing.");
    } else {
        println!("For what is missing:\n\n    {}", remedies.join("\n    "));
    }
    let ready = missing.iter().all(|row| row.purpose != WEB);
    if ready { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

const WEB: &str = "everything";

fn rows() -> Vec<Row> {
    let wasm_opt = wasm_opt::path();
    let mut rows = vec![
        Row {
            name: "rustc",
            purpose: WEB,
            found: version("rustc"),
            remedy: "install Rust with rustup: rustup.rs".to_owned(),
        },
        Row {
            name: cargo::WASM,
            purpose: WEB,
            found: cargo::has_wasm_target().then(|| "installed".to_owned()),
            remedy: format!("rustup target add {}", cargo::WASM),
        },
        Row {
            name: "wasm-opt",
            purpose: "smaller web releases",
            found: wasm_opt.exists().then(|| files::relative(&wasm_opt)),
            remedy: "cargo xtask web    (installs wasm-opt from npm)".to_owned(),
        },
    ];
    for (needs, purpose) in [
        (system::NODE, "tests, wasm-opt"),
        (system::ARCHIVERS, "tests of packages"),
        (system::BROWSER, "tests in a browser"),
        (system::ENGINES, "tests in all engines"),
        (system::DESKTOP, "the desktop app"),
        (system::SCREEN, "tests of the desktop app"),
    ] {
        let remedy = system::install_command(&system::missing(needs));
        rows.extend(needs.iter().map(|need| Row {
            name: need.name,
            purpose,
            found: described(need),
            remedy: remedy.clone(),
        }));
    }
    // Without a lock file nothing has been built yet, and the documentation tells the version.
    let lock = files::read_text(&root().join("Cargo.lock")).unwrap_or_default();
    let dioxus = locked(&lock, "dioxus").unwrap_or("VERSION");
    rows.push(Row {
        name: "dx",
        purpose: "dx serve, dx build",
        found: version("dx"),
        remedy: format!("cargo install dioxus-cli@{dioxus} --locked    (about 20 minutes; see docs/development.md)"),
    });
    rows
}

fn described(need: &Need) -> Option<String> {
    let place = need.find()?;
    Some(match need.name {
        "node" => node::node_version().unwrap_or(place),
        "npm" => node::npm_version().unwrap_or(place),
        _ => place,
    })
}

fn version(program: &str) -> Option<String> {
    process::ask(Command::new(program).arg("--version"))
}

/// The version of a package in Cargo.lock.
fn locked<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_version_is_found_by_the_whole_name() {
        let lock =
            "name = \"dioxus-web\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"dioxus\"\nversion = \"0.7.10\"\n";
        assert_eq!(locked(lock, "dioxus"), Some("0.7.10"));
        assert_eq!(locked(lock, "dioxus-cli"), None);
    }
}
