//! The page in a browser.

mod log;

use dioxus::prelude::LaunchBuilder;
use storage::Location;

/// Shows the studio on this page.
///
/// Inside another site's page it shows nothing: what lies over it there could have its user press what they don't see. A server says
/// so with a header, which not every host lets one send.
pub fn start() {
    log::start();
    if is_framed() {
        wasm_bindgen::throw_str("Atelier does not run inside another page");
    }
    let start = || Box::new(ui::Start::new(Location::Database("atelier".into()), |_| {})) as Box<dyn std::any::Any>;
    LaunchBuilder::web().with_context_provider(start).launch(ui::App);
}

/// Whether this page is a part of another one.
fn is_framed() -> bool {
    let window = web_sys::window();
    window.is_some_and(|window| window.top().ok().flatten().as_ref() != Some(&window))
}
