//! The page in a browser.

use std::rc::Rc;

use dioxus::prelude::LaunchBuilder;
use storage::Location;

/// Shows the studio on this page.
pub fn start() {
    let start = || {
        Box::new(ui::Start { location: Location::Database("atelier".into()), opened: Rc::new(|_| {}) })
            as Box<dyn std::any::Any>
    };
    LaunchBuilder::web().with_context_provider(start).launch(ui::App);
}
