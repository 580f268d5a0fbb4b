//! A name that is changed where it stands.

use dioxus::prelude::*;

use super::{dom_id::use_dom_id, focus};

/// A text field in the place of the name `value`, with all of it selected.
///
/// Enter, and leaving the field, call `onrename` with the new name, trimmed; Escape, and a name that is empty or did
/// not change, call `oncancel`. Exactly one of the two is called, once; to take the field away is up to the caller.
#[component]
pub fn InlineRename(
    /// The field's name: "Workflow name".
    label: String,
    value: String,
    onrename: EventHandler<String>,
    oncancel: EventHandler<()>,
) -> Element {
    let id = use_dom_id();
    let mut draft = use_signal(|| value.clone());
    let mut over = use_signal(|| false);
    let onmounted = {
        let id = id.clone();
        move |_| focus::select(&id)
    };
    let mut cancel = move || {
        if !over.replace(true) {
            oncancel.call(());
        }
    };
    let mut commit = {
        let value = value.clone();
        move || {
            let name = draft.peek().trim().to_owned();
            if name.is_empty() || name == value {
                cancel();
            } else if !over.replace(true) {
                onrename.call(name);
            }
        }
    };
    let mut leave = commit.clone();
    let onkeydown = move |event: KeyboardEvent| {
        // Everything here is typing: no chord is let through to a command that would act on the old name.
        event.stop_propagation();
        match event.key() {
            _ if event.is_composing() => {}
            Key::Enter => commit(),
            Key::Escape => {
                event.prevent_default();
                cancel();
            }
            _ => {}
        }
    };
    rsx! {
        input {
            id,
            class: "rename",
            r#type: "text",
            aria_label: label,
            initial_value: value,
            autocomplete: "off",
            spellcheck: "false",
            onmounted,
            oninput: move |event| draft.set(event.value()),
            onkeydown,
            onblur: move |_| leave(),
            // It may stand inside something that is dragged or opened by a press.
            onpointerdown: |event| event.stop_propagation(),
            onclick: |event| event.stop_propagation(),
            ondoubleclick: |event| event.stop_propagation(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    #[test]
    fn the_field_has_a_name_and_holds_the_old_name() {
        let html = drawn(|| {
            rsx! {
                InlineRename { label: "Workflow name", value: "Northern light", onrename: |_| {}, oncancel: |()| {} }
            }
        });
        assert!(html.contains(r#"aria-label="Workflow name""#), "{html}");
        assert!(html.contains(r#"value="Northern light""#), "{html}");
    }
}
