//! Starts Atelier: the page in a browser, that page's worker (the same wasm once more), or the desktop window.

#[cfg(all(feature = "desktop", not(target_arch = "wasm32")))]
mod desktop;
#[cfg(all(feature = "probe", feature = "desktop", not(target_arch = "wasm32")))]
mod probe;
#[cfg(target_arch = "wasm32")]
mod web;

#[cfg(all(feature = "desktop", not(target_arch = "wasm32")))]
fn main() -> std::process::ExitCode {
    desktop::start()
}

#[cfg(target_arch = "wasm32")]
fn main() {
    if storage::worker::serve() {
        return;
    }
    web::start();
}

#[cfg(not(any(feature = "desktop", target_arch = "wasm32")))]
fn main() {
    eprintln!("Built without a window. Use `cargo xtask desktop` or `cargo xtask web`.");
}
