//! A binary of the workspace as WebAssembly with its JavaScript glue: `name.js`, `name_bg.wasm` and what they import.

use std::path::{Path, PathBuf};

use anyhow::Result;
use wasm_bindgen_cli_support::Bindgen;

use crate::{
    cargo::{self, Build},
    files,
    fingerprint::{Fingerprint, unless_made},
    progress, split, wasm_opt,
};

/// Stands for what is done here, so that a change of it counts. (The compiled code itself names wasm-bindgen's version.)
const RECIPE: &str = concat!(include_str!("bundle.rs"), include_str!("wasm_opt.rs"));

/// How the glue starts itself, as dx's does: the page needs no inline script, and a worker can start from it.
const START: &str = "\nexport const started = __wbg_init();\n";

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
        self.make(folder, false)
    }

    /// Does the same in two parts: `name_bg.wasm` has what a start needs, and the glue lets `name_rest.wasm` follow.
    pub fn bind_in_two(&self, folder: &Path) -> Result<String> {
        self.make(folder, true)
    }

    fn make(&self, folder: &Path, in_two: bool) -> Result<String> {
        let optimiser = if self.profile == Profile::Release { wasm_opt::find()? } else { None };
        let fingerprint = Fingerprint::default()
            .text(RECIPE)
            .text(if in_two { split::RECIPE } else { "whole" })
            .text(if optimiser.is_some() { "optimised" } else { "as compiled" })
            .file(&self.path)?
            .finish();
        unless_made(folder, &fingerprint, || {
            let wasm = folder.join(format!("{}_bg.wasm", self.package));
            let glue = folder.join(format!("{}.js", self.package));
            // What is split is told by names.
            let names = in_two || self.profile == Profile::Dev;
            bind(self.package, &self.path, self.profile, names, folder)?;
            if let Some(tool) = &optimiser {
                optimise(tool, &wasm, names)?;
            }
            let start = if in_two { divide(self.package, &wasm, folder)? } else { START.to_owned() };
            files::write(&glue, files::read_text(&glue)? + &start)
        })?;
        Ok(fingerprint)
    }
}

fn bind(package: &str, wasm: &Path, profile: Profile, names: bool, folder: &Path) -> Result<()> {
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
            .remove_name_section(!names)
            .remove_producers_section(profile == Profile::Release)
            .generate(folder)?;
        Ok(((), format!("{} of wasm", files::size(&folder.join(format!("{package}_bg.wasm")))?)))
    })
}

/// Leaves at `wasm` what a start needs, and puts the rest beside it. Returns what the glue has to end with.
fn divide(package: &str, wasm: &Path, folder: &Path) -> Result<String> {
    progress::timed("Splitting", || {
        let rest = wasm.with_file_name(format!("{package}{}", split::REST));
        let halves = split::split(&files::read(wasm)?)?;
        files::write(wasm, &halves.first)?;
        files::write(&rest, &halves.rest)?;
        // The glue says only the number of a door that is used too early.
        let names: Vec<_> = halves.doors.iter().map(|(slot, name)| format!("{slot} {name}")).collect();
        files::write(&folder.with_extension("doors"), names.join("\n"))?;
        let said = format!("{} and {}, {} doors", files::size(wasm)?, files::size(&rest)?, names.len());
        Ok((split::glue(package), said))
    })
}

fn optimise(tool: &Path, wasm: &Path, names: bool) -> Result<()> {
    progress::timed("Optimising", || {
        let before = files::size(wasm)?;
        wasm_opt::run(tool, wasm, names)?;
        Ok(((), format!("{before} to {}", files::size(wasm)?)))
    })
}
