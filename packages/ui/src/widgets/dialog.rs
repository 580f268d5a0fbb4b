//! A question or a report over the page, which has to be closed before anything else.

use dioxus::prelude::*;

use super::{
    Icon, IconName,
    dom_id::use_dom_id,
    focus::{self, Step, TAB_STOPS, use_borrowed_focus},
    keep_typing,
    over::Over,
};

/// A modal dialog with the name `title`. Its children are `div { class: "in" }` and, with the buttons, `footer`.
///
/// The focus moves in (to what has `autofocus`, else to the dialog), stays inside, and goes back on closing. Escape,
/// the cross and a press beside it ask for closing, with `onclose`; to do it is up to the caller.
#[component]
pub fn Dialog(
    title: String,
    /// A sentence under the title.
    #[props(into)]
    subtitle: Option<String>,
    /// Narrower, for a short question.
    #[props(default)]
    slim: bool,
    onclose: EventHandler<()>,
    children: Element,
) -> Element {
    let id = use_dom_id();
    use_borrowed_focus(&id);
    let heading = format!("{id}-title");
    let onmounted = {
        let id = id.clone();
        move |_| focus::enter(&id)
    };
    let onkeydown = move |event: KeyboardEvent| {
        if event.key() == Key::Escape && !event.is_composing() {
            event.stop_propagation();
            onclose.call(());
        } else {
            keep_typing(&event);
        }
    };
    // Tab works as everywhere, but whoever steps out at one end comes in at the other.
    let guard = |step: Step| {
        let id = id.clone();
        rsx! {
            span {
                tabindex: "0",
                "aria-hidden": "true",
                onfocus: move |event| {
                    event.stop_propagation();
                    focus::step(&id, TAB_STOPS, step);
                },
            }
        }
    };
    let (before, after) = (guard(Step::Last), guard(Step::First));
    rsx! {
        Over {
            div { class: "scrim", onclick: move |_| onclose.call(()) }
            {before}
            div {
                id,
                class: if slim { "dialog slim" } else { "dialog" },
                role: "dialog",
                aria_modal: "true",
                aria_labelledby: heading.clone(),
                tabindex: "-1",
                onmounted,
                onkeydown,
                header {
                    div { class: "grow",
                        h2 { id: heading, "{title}" }
                        if let Some(subtitle) = subtitle {
                            p { class: "q", "{subtitle}" }
                        }
                    }
                    button {
                        r#type: "button",
                        class: "btn quiet small icon",
                        aria_label: "Close",
                        onclick: move |_| onclose.call(()),
                        Icon { name: IconName::X }
                    }
                }
                {children}
            }
            {after}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    #[test]
    fn a_dialog_is_modal_and_named_by_its_title() {
        let html = drawn(|| {
            rsx! {
                Dialog { title: "Import", subtitle: "Nothing has been written yet.", onclose: |()| {},
                    div { class: "in", "a report" }
                }
            }
        });
        assert!(html.contains(r#"role="dialog" aria-modal="true""#), "{html}");
        let heading = value_of(&html, "aria-labelledby");
        assert!(html.contains(&format!(r#"<h2 id="{heading}">Import</h2>"#)), "{html}");
        assert!(html.contains("Nothing has been written yet."), "{html}");
        assert!(html.contains(r#"aria-label="Close""#), "{html}");
    }
}
