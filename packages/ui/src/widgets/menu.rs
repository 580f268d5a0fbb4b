//! A short list of commands at a point of the window.

use dioxus::prelude::*;

use super::{
    Icon, IconName,
    dom_id::use_dom_id,
    focus::{self, MENU_ITEMS, Step, use_borrowed_focus},
    over::Over,
};

/// How far a menu stays from the window's edges, in pixels; the style sheet's padding of `.menu-layer`.
const MARGIN: f64 = 6.;

/// What an item needs of its menu.
#[derive(Clone, Copy, PartialEq)]
struct Closing(Callback<()>);

/// A menu at `x`, `y` in the window, or as near as it fits; its children are [`MenuItem`] and [`MenuLine`].
///
/// Render it at the top of the page: inside something that is transformed or contained, the point would be counted from
/// there. Arrows, Home and End move, Enter and Space choose. Choosing, Escape, Tab and a press elsewhere ask for
/// closing, with `onclose`; the focus goes back to where it was.
#[component]
pub fn Menu(
    /// Its name for those who do not see where it opened.
    label: String,
    x: f64,
    y: f64,
    onclose: EventHandler<()>,
    children: Element,
) -> Element {
    let id = use_dom_id();
    let origin = use_borrowed_focus(&id);
    // What an item does may open a surface that takes the focus and later gives it back: to what had it before the
    // menu.
    let closing = use_callback(move |()| {
        origin.give_back();
        onclose.call(());
    });
    use_context_provider(|| Closing(closing));
    let onmounted = {
        let id = id.clone();
        move |_| focus::step(&id, MENU_ITEMS, Step::First)
    };
    let onkeydown = {
        let id = id.clone();
        move |event: KeyboardEvent| {
            // What is chosen here by Enter or Space is a button, which the browser presses.
            event.stop_propagation();
            let step = match event.key() {
                Key::ArrowDown => Step::Next,
                Key::ArrowUp => Step::Previous,
                Key::Home => Step::First,
                Key::End => Step::Last,
                Key::Escape | Key::Tab => {
                    event.prevent_default();
                    return closing.call(());
                }
                _ => return,
            };
            event.prevent_default();
            focus::step(&id, MENU_ITEMS, step);
        }
    };
    rsx! {
        Over {
            div {
                class: "menu-layer",
                // Empty tracks before the menu that shrink where the window ends: no measuring, and no frame in the
                // wrong place.
                grid_template_columns: "minmax(0, {(x - MARGIN).max(0.)}px) max-content",
                grid_template_rows: "minmax(0, {(y - MARGIN).max(0.)}px) max-content",
                onpointerdown: move |_| onclose.call(()),
                oncontextmenu: |event| event.prevent_default(),
                div {
                    id,
                    class: "menu",
                    role: "menu",
                    aria_label: label,
                    tabindex: "-1",
                    onmounted,
                    onkeydown,
                    onpointerdown: |event| event.stop_propagation(),
                    {children}
                }
            }
        }
    }
}

/// A command in a [`Menu`].
#[component]
pub fn MenuItem(
    label: String,
    icon: Option<IconName>,
    /// The keys that do the same, or another word at the right.
    #[props(into)]
    hint: Option<String>,
    /// What it removes cannot be seen any more.
    #[props(default)]
    danger: bool,
    /// Cannot be chosen now; it stays, so that the menu looks the same every time.
    #[props(default)]
    disabled: bool,
    onchoose: EventHandler<()>,
) -> Element {
    let menu = try_use_context::<Closing>();
    let onclick = move |_| {
        if disabled {
            return;
        }
        if let Some(Closing(closing)) = menu {
            closing.call(());
        }
        onchoose.call(());
    };
    rsx! {
        button {
            r#type: "button",
            class: if danger { "danger" },
            role: "menuitem",
            tabindex: "-1",
            aria_disabled: if disabled { "true" },
            onclick,
            if let Some(name) = icon {
                Icon { name }
            } else {
                span {}
            }
            span { class: "cut", "{label}" }
            if let Some(hint) = hint {
                span { class: "side", "{hint}" }
            }
        }
    }
}

/// A line between groups of commands.
#[component]
pub fn MenuLine() -> Element {
    rsx! {
        hr {}
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    fn app() -> Element {
        rsx! {
            Menu { label: "Northern light", x: 120., y: 3., onclose: |()| {},
                MenuItem { label: "Rename", icon: IconName::Pencil, hint: "F2", onchoose: |()| {} }
                MenuLine {}
                MenuItem { label: "Delete", danger: true, disabled: true, onchoose: |()| {} }
            }
        }
    }

    #[test]
    fn a_menu_has_a_name_and_its_commands_are_items() {
        let html = drawn(app);
        assert!(html.contains(r#"role="menu" aria-label="Northern light""#), "{html}");
        assert_eq!(html.matches(r#"role="menuitem""#).count(), 2);
        assert!(html.contains(r#"aria-disabled="true""#), "{html}");
        assert!(html.contains(r#"<span class="side">F2</span>"#), "{html}");
    }

    #[test]
    fn a_menu_opens_at_its_point_and_never_outside() {
        let html = drawn(app);
        assert!(html.contains("grid-template-columns:minmax(0, 114px) max-content"), "{html}");
        assert!(html.contains("grid-template-rows:minmax(0, 0px) max-content"), "{html}");
    }
}
