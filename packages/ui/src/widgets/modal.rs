//! A surface that has to be closed before anything else: what dialogs, drawers and the viewer have in common.

use dioxus::prelude::*;

use super::{
    dom_id::use_dom_id,
    focus::{self, Step, TAB_STOPS, use_borrowed_focus},
    keep_typing,
    over::Over,
};

/// A modal surface. The focus moves in (to what has `autofocus`, else to the surface), stays inside, and goes back on closing.
/// Escape and a press on the scrim ask for closing, with `onclose`; to do it is up to the caller.
#[component]
pub fn Modal(
    /// How it looks: a class of the style sheet.
    class: &'static str,
    /// `dialog`, or `region` for a panel that is also found by that.
    #[props(default = "dialog")]
    role: &'static str,
    /// The id of the element that names it.
    labelled_by: Option<String>,
    /// Its name, if no element names it.
    #[props(into)]
    label: Option<String>,
    /// Whether what is behind can be seen, darkened.
    #[props(default = true)]
    scrim: bool,
    onclose: EventHandler<()>,
    /// Keys that are pressed inside and that no control keeps, but Escape.
    onkey: Option<EventHandler<KeyboardEvent>>,
    children: Element,
) -> Element {
    let id = use_dom_id();
    use_borrowed_focus(&id);
    // What had the focus may be gone with a change of what is inside, and the keys with it.
    let kept = id.clone();
    dioxus::core::use_after_render(move || focus::keep(&kept));
    let onmounted = {
        let id = id.clone();
        move |_| focus::enter(&id)
    };
    let onkeydown = move |event: KeyboardEvent| {
        if event.key() == Key::Escape && !event.is_composing() {
            event.stop_propagation();
            onclose.call(());
            return;
        }
        if let Some(onkey) = onkey {
            onkey.call(event.clone());
        }
        keep_typing(&event);
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
    let modal = (role == "dialog").then_some("true");
    rsx! {
        Over {
            if scrim {
                div { class: "scrim", onclick: move |_| onclose.call(()) }
            }
            {before}
            div {
                id,
                class,
                role,
                aria_modal: modal,
                aria_labelledby: labelled_by,
                aria_label: label,
                tabindex: "-1",
                "data-surface": "true",
                onmounted,
                onkeydown,
                {children}
            }
            {after}
        }
    }
}
