//! The page in a browser.

mod log;

use dioxus::prelude::LaunchBuilder;
use storage::Location;

/// Shows the studio on this page.
pub fn start() {
    log::start();
    let start = || Box::new(ui::Start::new(Location::Database("atelier".into()), |_| {})) as Box<dyn std::any::Any>;
    LaunchBuilder::web().with_context_provider(start).launch(ui::App);
}
