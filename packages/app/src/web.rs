//! The page in a browser.

mod log;
mod paced;

use dioxus::prelude::VirtualDom;
use storage::Location;

use self::paced::Paced;

/// Shows the studio on this page.
///
/// Inside another site's page it shows nothing: what lies over it there could have its user press what they don't see. A server says
/// so with a header, which not every host lets one send.
pub fn start() {
    log::start();
    if is_framed() {
        wasm_bindgen::throw_str("Atelier does not run inside another page");
    }
    let page = VirtualDom::new(ui::App).with_root_context(ui::Start::new(Location::Database("atelier".into()), |_| {}));
    let drawing = dioxus_web::run(page, dioxus_web::Config::default());
    wasm_bindgen_futures::spawn_local(async move { match Paced::new(drawing).await {} });
}

/// Whether this page is a part of another one.
fn is_framed() -> bool {
    let window = web_sys::window();
    window.is_some_and(|window| window.top().ok().flatten().as_ref() != Some(&window))
}
