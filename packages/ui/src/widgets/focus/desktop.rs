//! The focus in the desktop's web view, by small scripts. They run in the order in which they were asked for.

use dioxus::prelude::*;

use super::Step;

/// What had the focus before a surface borrowed it: an entry under the surface's id, in the web view.
pub struct Origin(String);

impl Origin {
    /// What has the focus now.
    pub fn remember(surface: &str) -> Self {
        run(&format!("(window.atelierOrigins ??= {{}}).{surface} = document.activeElement;"));
        Self(surface.to_owned())
    }

    /// Gives the focus back at once.
    pub fn give_back(&self) {
        run(&format!("window.atelierOrigins?.{}?.focus();", self.0));
    }

    /// Gives the focus back when the page has changed, if nothing has it then.
    pub fn give_back_when_free(&self) {
        // Two frames, since the changes themselves arrive with one.
        run(&format!(
            "const origin = window.atelierOrigins?.{0};
            delete window.atelierOrigins?.{0};
            const back = () => {{ if (document.activeElement === document.body) origin?.focus(); }};
            requestAnimationFrame(() => requestAnimationFrame(back));",
            self.0
        ));
    }
}

/// Moves the focus into the element `surface`: to what asks for it with `autofocus`, else to the surface itself. Does
/// nothing if something inside has it already.
pub fn enter(surface: &str) {
    with(
        surface,
        "if (!element.contains(document.activeElement)) (element.querySelector('[autofocus]') ?? element).focus();",
    );
}

/// Moves the focus back into `surface` when the page has changed, if what had it is gone then.
pub fn keep(surface: &str) {
    with(
        surface,
        "const back = () => { if (document.activeElement === document.body) element.focus(); };
        requestAnimationFrame(() => requestAnimationFrame(back));",
    );
}

/// Leads keys that nothing has to the surface on top, if one is open: a control that is disabled while it has the focus loses
/// it without an event, and Escape would go nowhere.
pub fn catch_stray_keys() {
    run("addEventListener('keydown', (event) => {
            if (event.target !== document.body) return;
            const surface = [...document.querySelectorAll('[data-surface]')].at(-1);
            if (!surface) return;
            surface.focus();
            const { key, code, shiftKey } = event;
            surface.dispatchEvent(new KeyboardEvent('keydown', { key, code, shiftKey, bubbles: true, cancelable: true }));
        });");
}

/// Moves the focus among the elements in `surface` that match `selector` and can be seen.
pub fn step(surface: &str, selector: &str, step: Step) {
    let next = match step {
        Step::Next => "stops[(at + 1) % stops.length]",
        Step::Previous => "stops.at(Math.max(at, 0) - 1)",
        Step::First => "stops[0]",
        Step::Last => "stops.at(-1)",
    };
    with(
        surface,
        &format!(
            "const seen = stop => stop.offsetWidth || stop.offsetHeight;
            const stops = [...element.querySelectorAll(\"{selector}\")].filter(seen);
            const at = stops.indexOf(document.activeElement);
            {next}?.focus();"
        ),
    );
}

/// Focuses the text field `id` and selects all that is in it.
pub fn select(id: &str) {
    with(id, "element.focus(); element.select();");
}

/// Scrolls the element `id` into sight, no further than needed.
pub fn reveal(id: &str) {
    with(id, "element.scrollIntoView({ block: 'nearest' });");
}

/// Does `script` with the element `id`, waiting some frames for it: what was rendered just now is on its way to the web
/// view.
fn with(id: &str, script: &str) {
    run(&format!(
        "const attempt = (left) => {{
            const element = document.getElementById('{id}');
            if (element) {{ {script} }} else if (left > 0) requestAnimationFrame(() => attempt(left - 1));
        }};
        attempt(10);"
    ));
}

fn run(script: &str) {
    // Nobody waits for an answer: a script that finds nothing to do is no failure.
    let _ = document::eval(script);
}
