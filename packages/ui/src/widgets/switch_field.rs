//! A setting that is on or off.

use dioxus::prelude::*;

use super::{
    dom_id::use_dom_id,
    field_row::{FieldRow, Place},
    keep_typing,
};

/// A labelled switch.
#[component]
pub fn SwitchField(label: String, on: bool, onchange: EventHandler<bool>) -> Element {
    let id = use_dom_id();
    rsx! {
        FieldRow { id: id.clone(), label, place: Place::Across,
            input {
                id,
                class: "switch",
                r#type: "checkbox",
                role: "switch",
                checked: on,
                onchange: move |event| onchange.call(event.checked()),
                onkeydown: |event| keep_typing(&event),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    #[test]
    fn a_switch_is_a_switch_with_a_label() {
        let html = drawn(|| rsx! { SwitchField { label: "Tiling", on: true, onchange: |_| {} } });
        let id = value_of(&html, "for");
        assert!(
            html.contains(&format!(r#"<input id="{id}" class="switch" type="checkbox" role="switch" checked=true"#)),
            "{html}"
        );
    }
}
