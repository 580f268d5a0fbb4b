//! The focus in a browser, through its document.

use std::cell::RefCell;

use wasm_bindgen::{JsCast as _, closure::Closure};
use web_sys::{
    Document, Element, HtmlElement, HtmlInputElement, KeyboardEvent, KeyboardEventInit, ScrollIntoViewOptions,
    ScrollLogicalPosition,
};

use super::Step;

thread_local! {
    /// What had the focus last outside of any dialog. One dialog may take another's place, and what it borrowed the focus from is
    /// gone when it gives it back.
    static OUTSIDE: RefCell<Option<HtmlElement>> = const { RefCell::new(None) };
}

/// What had the focus before a surface borrowed it.
pub struct Origin(Option<HtmlElement>);

impl Origin {
    /// What has the focus now.
    pub fn remember(_surface: &str) -> Self {
        let element: Option<HtmlElement> = focused().and_then(|element| element.dyn_into().ok());
        if let Some(element) = &element
            && matches!(element.closest("[role=dialog]"), Ok(None))
        {
            OUTSIDE.set(Some(element.clone()));
        }
        Self(element)
    }

    /// Gives the focus back at once.
    pub fn give_back(&self) {
        if let Some(element) = &self.0 {
            focus(element);
        }
    }

    /// Gives the focus back when the page has changed, if nothing has it then. It comes too early otherwise: while the
    /// page is being changed, the surface still holds the focus, and what opens in its place has not taken it yet.
    pub fn give_back_when_free(&self) {
        let Some(element) = self.0.clone() else { return };
        wasm_bindgen_futures::spawn_local(async move {
            if focused().is_none_or(|element| element.tag_name() == "BODY") {
                let outside = if element.is_connected() { None } else { OUTSIDE.with_borrow(Clone::clone) };
                focus(&outside.unwrap_or(element));
            }
        });
    }
}

/// Moves the focus into the element `surface`: to what asks for it with `autofocus`, else to the surface itself. Does
/// nothing if something inside has it already.
pub fn enter(surface: &str) {
    let Some(surface) = by_id(surface) else { return };
    if focused().is_some_and(|element| surface.contains(Some(&element))) {
        return;
    }
    let first = surface.query_selector("[autofocus]").ok().flatten().unwrap_or(surface);
    if let Ok(first) = first.dyn_into() {
        focus(&first);
    }
}

/// Moves the focus back into `surface` when the page has changed, if what had it is gone then.
pub fn keep(surface: &str) {
    let surface = surface.to_owned();
    wasm_bindgen_futures::spawn_local(async move {
        if focused().is_none_or(|element| element.tag_name() == "BODY") {
            enter(&surface);
        }
    });
}

/// Leads keys that nothing has to the surface on top, if one is open: a control that is disabled while it has the focus loses
/// it without an event, and Escape would go nowhere.
pub fn catch_stray_keys() {
    let Some(window) = web_sys::window() else { return };
    // Fn, not FnMut: what it dispatches comes by here again.
    let listener = Closure::<dyn Fn(KeyboardEvent)>::new(|event: KeyboardEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if target.is_none_or(|element| element.tag_name() != "BODY") {
            return;
        }
        let Some(surface) = top_surface() else { return };
        focus(&surface);
        let like = KeyboardEventInit::new();
        like.set_key(&event.key());
        like.set_code(&event.code());
        like.set_shift_key(event.shift_key());
        like.set_bubbles(true);
        like.set_cancelable(true);
        if let Ok(again) = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &like) {
            // Fails only for an event that is under way.
            let _is_new = surface.dispatch_event(&again);
        }
    });
    // Fails only for an invalid event name.
    let _is_valid = window.add_event_listener_with_callback("keydown", listener.into_js_value().unchecked_ref());
}

/// The surface that was opened last.
fn top_surface() -> Option<HtmlElement> {
    let all = document()?.query_selector_all("[data-surface]").ok()?;
    all.item(all.length().checked_sub(1)?)?.dyn_into().ok()
}

/// Moves the focus among the elements in `surface` that match `selector` and can be seen.
pub fn step(surface: &str, selector: &str, step: Step) {
    let Some(found) = by_id(surface).and_then(|surface| surface.query_selector_all(selector).ok()) else { return };
    let stops: Vec<HtmlElement> = (0..found.length())
        .filter_map(|index| found.item(index)?.dyn_into::<HtmlElement>().ok())
        .filter(|element| element.offset_width() > 0 || element.offset_height() > 0)
        .collect();
    let current = focused().and_then(|focused| stops.iter().position(|stop| **stop == focused));
    if let Some(stop) = step.from(current, stops.len()).and_then(|index| stops.get(index)) {
        focus(stop);
    }
}

/// Focuses the text field `id` and selects all that is in it.
pub fn select(id: &str) {
    if let Some(field) = by_id(id).and_then(|element| element.dyn_into::<HtmlInputElement>().ok()) {
        focus(&field);
        field.select();
    }
}

/// Scrolls the element `id` into sight, no further than needed.
pub fn reveal(id: &str) {
    if let Some(element) = by_id(id) {
        let options = ScrollIntoViewOptions::new();
        options.set_block(ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

fn document() -> Option<Document> {
    web_sys::window()?.document()
}

fn by_id(id: &str) -> Option<Element> {
    document()?.get_element_by_id(id)
}

fn focused() -> Option<Element> {
    document()?.active_element()
}

/// An element that cannot take the focus leaves it where it is, which is no failure.
fn focus(element: &HtmlElement) {
    element.focus().ok();
}
