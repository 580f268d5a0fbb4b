//! A binary of the workspace as WebAssembly with its JavaScript glue: `name.js`, `name_bg.wasm` and what they import.

use std::path::{Path, PathBuf};

use anyhow::Result;
use wasm_bindgen_cli_support::Bindgen;

use crate::{
    cargo::{self, Build},
    files,
    fingerprint::{Fingerprint, unless_made},
    progress, wasm_opt,
};

/// Stands for what is done here, so that a change of it counts. (The compiled code itself names wasm-bindgen's version.)
const RECIPE: &str = concat!(include_str!("bundle.rs"), include_str!("wasm_opt.rs"));

/// How much work goes into making it small and fast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Profile {
    Dev,
    Release,
}

impl Profile {
    pub fn name(self) -> &'static str {
        match self {
            Profile::Dev => "dev",
            Profile::Release => "release",
        }
    }

    /// cargo's profile. The names are dx's, so that both build alike.
    fn cargo_profile(self) -> &'static str {
        match self {
            Profile::Dev => "wasm-dev",
            Profile::Release => "wasm-release",
        }
    }
}

/// What the compiler has made of a binary.
pub struct Wasm {
    package: &'static str,
    profile: Profile,
    path: PathBuf,
}

impl Wasm {
    pub fn compile(package: &'static str, features: &str, profile: Profile) -> Result<Self> {
        cargo::ensure_wasm_target()?;
        let path = Build { package, features, profile: profile.cargo_profile(), target: Some(cargo::WASM) }.run()?;
        Ok(Self { package, profile, path })
    }

    /// Puts it with its glue into `folder`, unless it is there. Returns a fingerprint of everything that it was made from.
    pub fn bind(&self, folder: &Path) -> Result<String> {
        let optimiser = if self.profile == Profile::Release { wasm_opt::find()? } else { None };
        let fingerprint = Fingerprint::default()
            .text(RECIPE)
            .text(if optimiser.is_some() { "optimised" } else { "as compiled" })
            .file(&self.path)?
            .finish();
        unless_made(folder, &fingerprint, || {
            bind(self.package, &self.path, self.profile, folder)?;
            optimiser.map_or(Ok(()), |tool| optimise(&tool, &folder.join(format!("{}_bg.wasm", self.package))))
        })?;
        Ok(fingerprint)
    }
}

fn bind(package: &str, wasm: &Path, profile: Profile, folder: &Path) -> Result<()> {
    let release = profile == Profile::Release;
    progress::timed("Binding", || {
        Bindgen::new()
            .input_path(wasm)
            .web(true)?
            .out_name(package)
            .typescript(false)
            .omit_default_module_path(false)
            .demangle(false)
            // DWARF takes 15 s to rewrite, and browsers show no use of it; names are what stack traces need.
            .keep_debug(false)
            .remove_name_section(release)
            .remove_producers_section(release)
            .generate(folder)?;
        // The glue starts itself, as dx's does: the page needs no inline script, and a worker can start from it.
        let glue = folder.join(format!("{package}.js"));
        files::write(&glue, files::read_text(&glue)? + "\nexport const started = __wbg_init();\n")?;
        Ok(((), format!("{} of wasm", files::size(&folder.join(format!("{package}_bg.wasm")))?)))
    })
}

fn optimise(tool: &Path, wasm: &Path) -> Result<()> {
    progress::timed("Optimising", || {
        let before = files::size(wasm)?;
        wasm_opt::run(tool, wasm)?;
        Ok(((), format!("{before} to {}", files::size(wasm)?)))
    })
}
