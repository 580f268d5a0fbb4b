//! Measures storage beside its peers.
//!
//! One binary for both targets. Natively it measures `SQLite` beside bare `rusqlite`, or with the argument `assets` media beside bare
//! files, or with `packages` packages beside Python's, and prints the result; with `sync` and an address it is the device that
//! `sync.mjs` measures. In a browser it
//! exports to the pages of `storage.mjs`, `ingest.mjs` and `packages.mjs` what those measure. Both use the same [`sample`].

#[cfg(not(target_arch = "wasm32"))]
mod assets;
#[cfg(not(target_arch = "wasm32"))]
mod compare;
#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(not(target_arch = "wasm32"))]
mod packages;
mod sample;
#[cfg(not(target_arch = "wasm32"))]
mod sync;
#[cfg(target_arch = "wasm32")]
mod web;
#[cfg(target_arch = "wasm32")]
mod web_assets;
#[cfg(target_arch = "wasm32")]
mod web_packages;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["assets"] => assets::run(),
        ["packages"] => packages::run(),
        ["sync", address] => sync::run(address),
        _ => native::run(),
    }
}

/// The page calls what `web` exports. In its worker nobody does.
#[cfg(target_arch = "wasm32")]
fn main() {
    storage::worker::serve();
}
