//! The page that runs the cases over `IndexedDB`. Natively it prints their names.

#[cfg(target_arch = "wasm32")]
mod page;

#[cfg(target_arch = "wasm32")]
fn main() {
    if storage::worker::serve() {
        return;
    }
    page::start();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    let everywhere = conformance::EVERYWHERE.iter().map(|case| case.name);
    for name in everywhere.chain(conformance::KEPT.iter().map(|case| case.name)) {
        println!("{name}");
    }
}
