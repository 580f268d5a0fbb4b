//! What the widgets' tests share.

use dioxus::prelude::*;

/// What `app` looks like when it has just been drawn.
pub fn drawn(app: fn() -> Element) -> String {
    let mut dom = VirtualDom::new(app);
    dom.rebuild_in_place();
    dioxus_ssr::render(&dom)
}

/// The value of `attribute` in the first element of `html` that has it; empty if none has.
pub fn value_of<'a>(html: &'a str, attribute: &str) -> &'a str {
    let name = format!(" {attribute}=\"");
    html.split_once(&name).and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default()
}
