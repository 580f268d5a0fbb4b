//! What comes from the system's package manager.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Result, bail};

use crate::{process, progress};

/// Something that has to be on the machine, and the Debian packages that bring it.
pub struct Need {
    pub name: &'static str,
    probe: Probe,
    packages: &'static [&'static str],
}

enum Probe {
    /// Any of these on PATH.
    Program(&'static [&'static str]),
    /// A library that pkg-config knows.
    Library(&'static str),
    /// A library without a pkg-config file.
    Header(&'static str),
}

/// To build and start the desktop app. Other systems bring their webview along.
pub const DESKTOP: &[Need] = if cfg!(target_os = "linux") {
    &[
        Need { name: "pkg-config", probe: Probe::Program(&["pkg-config"]), packages: &["pkg-config"] },
        Need { name: "webkit2gtk", probe: Probe::Library("webkit2gtk-4.1"), packages: &["libwebkit2gtk-4.1-dev"] },
        Need { name: "gtk", probe: Probe::Library("gtk+-3.0"), packages: &["libgtk-3-dev"] },
        Need {
            name: "ayatana-appindicator",
            probe: Probe::Library("ayatana-appindicator3-0.1"),
            packages: &["libayatana-appindicator3-dev"],
        },
        Need { name: "openssl", probe: Probe::Library("openssl"), packages: &["libssl-dev"] },
        Need { name: "xdo", probe: Probe::Header("/usr/include/xdo.h"), packages: &["libxdo-dev"] },
    ]
} else {
    &[]
};

/// To test pages.
pub const BROWSER: &[Need] = &[Need {
    name: "chromium",
    probe: Probe::Program(CHROMIUM),
    // A browser without any font shows no text.
    packages: &["chromium", "fonts-liberation"],
}];

/// To test pages in other engines as well, each through what its makers drive it with.
pub const ENGINES: &[Need] = &[
    Need { name: "chromedriver", probe: Probe::Program(&["chromedriver"]), packages: &["chromium-driver"] },
    Need { name: "firefox", probe: Probe::Program(FIREFOX), packages: &["firefox-esr"] },
    Need { name: "webkitdriver", probe: Probe::Program(&["WebKitWebDriver"]), packages: &["webkit2gtk-driver"] },
];

/// To test the window without a screen.
pub const SCREEN: &[Need] = &[
    Need { name: "xvfb", probe: Probe::Program(&["Xvfb"]), packages: &["xvfb"] },
    Need { name: "xdotool", probe: Probe::Program(&["xdotool"]), packages: &["xdotool"] },
    Need { name: "imagemagick", probe: Probe::Program(&["import"]), packages: &["imagemagick"] },
    Need { name: "x11-apps", probe: Probe::Program(&["xwd"]), packages: &["x11-apps"] },
];

/// Other programs that read packages, to test that they can.
pub const ARCHIVERS: &[Need] = &[
    Need { name: "unzip", probe: Probe::Program(&["unzip"]), packages: &["unzip"] },
    Need { name: "python3", probe: Probe::Program(&["python3"]), packages: &["python3"] },
];

/// Node, for the tests in JavaScript and for wasm-opt.
pub const NODE: &[Need] = &[
    Need { name: "node", probe: Probe::Program(&["node"]), packages: &["nodejs"] },
    Need { name: "npm", probe: Probe::Program(&["npm"]), packages: &["npm"] },
];

const FIREFOX: &[&str] = &["firefox-esr", "firefox"];
const CHROMIUM: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

impl Need {
    /// Where it is, or how it is known. None if it is missing.
    pub fn find(&self) -> Option<String> {
        match self.probe {
            Probe::Program(names) => names.iter().find_map(|name| program(name)).map(|path| path.display().to_string()),
            Probe::Library(name) => process::ask(Command::new("pkg-config").args(["--modversion", name])),
            Probe::Header(path) => Path::new(path).exists().then(|| path.to_owned()),
        }
    }
}

/// The Chromium that tests drive.
pub fn chromium() -> Option<PathBuf> {
    CHROMIUM.iter().find_map(|name| program(name))
}

/// The Firefox that tests drive.
pub fn firefox() -> Option<PathBuf> {
    FIREFOX.iter().find_map(|name| program(name))
}

/// What is missing of these.
pub fn missing<'a>(needs: impl IntoIterator<Item = &'a Need>) -> Vec<&'a Need> {
    needs.into_iter().filter(|need| need.find().is_none()).collect()
}

/// Makes sure that these are there. Installs them where that needs no password; otherwise the error is what to type.
pub fn ensure<'a>(needs: impl IntoIterator<Item = &'a Need>) -> Result<()> {
    let missing = missing(needs);
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().map(|need| need.name).collect::<Vec<_>>().join(", ");
    if program("apt-get").is_none() {
        bail!("this needs {names}: install it with your system's package manager, then try again");
    }
    let Some(before) = privileged() else {
        bail!("this needs {names}. Type this, then try again:\n\n    {}\n", install_command(&missing));
    };
    progress::say("Installing", &format!("{names} with apt-get"));
    let packages = missing.iter().flat_map(|need| need.packages);
    apt(before, ["update", "--quiet"])?;
    apt(before, ["install", "--quiet", "--yes", "--no-install-recommends"].iter().chain(packages).copied())?;
    match missing.iter().find(|need| need.find().is_none()) {
        Some(need) => bail!("apt-get has installed {}, but {} is still not found", need.packages.join(" "), need.name),
        None => Ok(()),
    }
}

/// What a person types to get these.
pub fn install_command(missing: &[&Need]) -> String {
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages).copied().collect();
    format!("sudo apt-get install --no-install-recommends {}", packages.join(" "))
}

/// The first file of this name on PATH.
pub fn program(name: &str) -> Option<PathBuf> {
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(&name)).find(|path| path.is_file())
}

/// What has to stand before a command that changes the system. None if that would ask for a password.
fn privileged() -> Option<&'static [&'static str]> {
    if process::ask(Command::new("id").arg("-u")).as_deref() == Some("0") {
        Some(&["env"])
    } else {
        process::ask(Command::new("sudo").args(["-n", "true"])).map(|_| &["sudo", "-n", "env"][..])
    }
}

fn apt<'a>(before: &[&str], arguments: impl IntoIterator<Item = &'a str>) -> Result<()> {
    let mut command = Command::new(before[0]);
    command.args(&before[1..]).args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(arguments);
    // Standard output is for results.
    process::run(command.stdin(Stdio::null()).stdout(std::io::stderr()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_to_type_names_every_package() {
        let needs: Vec<&Need> = BROWSER.iter().chain(&SCREEN[..1]).collect();
        assert_eq!(
            install_command(&needs),
            "sudo apt-get install --no-install-recommends chromium fonts-liberation xvfb"
        );
    }

    #[test]
    fn what_is_there_is_found() {
        assert!(Need { name: "cargo", probe: Probe::Program(&["no-such", "cargo"]), packages: &[] }.find().is_some());
        assert!(Need { name: "nothing", probe: Probe::Header("/no/such.h"), packages: &[] }.find().is_none());
    }
}
