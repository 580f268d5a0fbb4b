//! One WebAssembly module as two: the first has what a start needs, the rest follows.
//!
//! Both have one memory, one table and one set of globals: the first module's. What the first refers to and does not have is a
//! *door* there, a function of the same type that calls through a slot of the table. Starting the rest fills those slots. A door
//! that is used before asks the glue for the rest, which then has to come at once ([`GLUE`]).
//!
//! ```text
//!  first                                      rest
//!  f: … call g …                              g: … call h … call f …
//!  g: call $ready; call_indirect slot 7 ───►  slot 7 = g          (h only g calls: no door)
//!  export "$0" = f ◄───────────────────────── import "$0"
//! ```
//!
//! What goes to the rest is told by [`later`]: functions of modules that are named there, and all that only they reach.

mod graph;
mod halves;
mod later;

use anyhow::{Context, Result, ensure};
use walrus::ModuleConfig;

/// Stands for what is done here, so that a change of it counts.
pub const RECIPE: &str = concat!(
    include_str!("mod.rs"),
    include_str!("graph.rs"),
    include_str!("halves.rs"),
    include_str!("later.rs"),
    include_str!("glue.js")
);

/// How the name of what follows ends, after the name of the module.
pub const REST: &str = "_rest.wasm";

/// The namespace of what the first half imports from the glue, and of what the rest imports from the first half.
const NAMESPACE: &str = "./rest";

/// A module in two.
pub struct Halves {
    /// What is there at once.
    pub first: Vec<u8>,
    /// What follows.
    pub rest: Vec<u8>,
    /// The slot of each door, and the name of the function behind it.
    pub doors: Vec<(u64, String)>,
}

/// Splits a module that still has its functions' names.
///
/// # Errors
/// It can't be read, or has nothing for later.
pub fn split(wasm: &[u8]) -> Result<Halves> {
    let module = ModuleConfig::new().parse(wasm).context("reading the module to be split")?;
    let unknown = later::unknown(module.funcs.iter().filter_map(|function| function.name.as_deref()));
    ensure!(unknown.is_empty(), "nothing has these names of xtask/src/split/later.rs any more: {}", unknown.join(", "));
    halves::of(wasm, later::is_later)
}

/// What the glue of a split module `name` ends with: it starts the first half, and lets the rest follow.
pub fn glue(name: &str) -> String {
    include_str!("glue.js").replace("NAME_rest.wasm", &format!("{name}{REST}")).replace("NAME", name)
}
