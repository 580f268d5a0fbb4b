//! What all surfaces over the page have in common.

use dioxus::prelude::*;

/// Keeps presses and the wheel from what the surface was rendered in: over the canvas they would pan and zoom it.
#[component]
pub fn Over(children: Element) -> Element {
    rsx! {
        div {
            class: "over",
            onpointerdown: |event| event.stop_propagation(),
            onclick: |event| event.stop_propagation(),
            ondoubleclick: |event| event.stop_propagation(),
            onwheel: |event| event.stop_propagation(),
            {children}
        }
    }
}
