//! The service worker, which keeps the app for when there is no network, and new versions of it.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    EventTarget, HtmlMetaElement, ServiceWorkerContainer, ServiceWorkerRegistration, ServiceWorkerState, Window,
};

use crate::platform::Update;

/// How often a page that stays open asks for a new version, in milliseconds: what browsers themselves do at each visit.
const ASK_AGAIN: i32 = 60 * 60 * 1_000;

/// What the worker is told when the user agrees.
const TAKE_OVER: &str = "take over";

thread_local! {
    /// The page's own worker, once there is one.
    static REGISTRATION: RefCell<Option<ServiceWorkerRegistration>> = const { RefCell::new(None) };
    /// Whether the user of this page has agreed to a new version.
    static AGREED: Cell<bool> = const { Cell::new(false) };
}

/// Has the browser keep the app, if this site can be kept, and calls `tell` when there is a new version of it.
pub fn on_update(tell: impl Fn(Update) + 'static) {
    let Some(window) = web_sys::window() else { return };
    let Some((script, container)) = site(&window) else { return };
    let tell: Rc<dyn Fn(Update)> = Rc::new(tell);
    spawn_local(async move {
        // Refused in private windows of some browsers, and for a file that is missing: then the network is needed.
        let Ok(registered) = JsFuture::from(container.register(&script)).await else { return };
        let Ok(registration) = registered.dyn_into::<ServiceWorkerRegistration>() else { return };
        watch(&container, &registration, &tell);
        ask_again(&window, &registration);
        REGISTRATION.with_borrow_mut(|kept| *kept = Some(registration));
    });
}

/// Has the new version take over; the page loads anew once it has. Everything must be stored.
pub fn take_update() {
    AGREED.set(true);
    let waiting = REGISTRATION.with_borrow(|kept| kept.as_ref().and_then(ServiceWorkerRegistration::waiting));
    match waiting {
        // Fails only for what can't be cloned.
        Some(worker) => _ = worker.post_message(&TAKE_OVER.into()),
        // Another tab was faster.
        None => super::reload(),
    }
}

/// The worker's address, if the page names one, and what runs workers, if the browser has it and the page is secure.
fn site(window: &Window) -> Option<(String, ServiceWorkerContainer)> {
    let named = window.document()?.query_selector("meta[name=service-worker]").ok()??;
    let script = named.dyn_into::<HtmlMetaElement>().ok()?.content();
    let container = js_sys::Reflect::get(&window.navigator(), &"serviceWorker".into()).ok()?;
    Some((script, container.dyn_into().ok()?))
}

fn watch(container: &ServiceWorkerContainer, registration: &ServiceWorkerRegistration, tell: &Rc<dyn Fn(Update)>) {
    let has_controller = Rc::new(Cell::new(container.controller().is_some()));
    let (controlled, waits) = (has_controller.clone(), tell.clone());
    // The first worker of all takes nothing from anybody.
    let waiting = Rc::new(move || {
        if controlled.get() {
            waits(Update::Waits);
        }
    });
    if registration.waiting().is_some() {
        waiting();
    }
    let found = registration.clone();
    listen(registration, "updatefound", move || {
        let Some(worker) = found.installing() else { return };
        let (coming, waiting) = (worker.clone(), waiting.clone());
        listen(&worker, "statechange", move || {
            if coming.state() == ServiceWorkerState::Installed {
                waiting();
            }
        });
    });
    let tell = tell.clone();
    listen(container, "controllerchange", move || {
        if AGREED.get() {
            super::reload();
        } else if has_controller.replace(true) {
            tell(Update::Taken);
        }
    });
}

fn ask_again(window: &Window, registration: &ServiceWorkerRegistration) {
    let registration = registration.clone();
    let ask = Closure::<dyn FnMut()>::new(move || {
        let Ok(asked) = registration.update() else { return };
        // Fails without a network: the next hour will do.
        spawn_local(async move { _ = JsFuture::from(asked).await });
    });
    // Fails only in a page that is going away.
    let _is_going =
        window.set_interval_with_callback_and_timeout_and_arguments_0(ask.into_js_value().unchecked_ref(), ASK_AGAIN);
}

fn listen(target: &EventTarget, name: &str, mut heard: impl FnMut() + 'static) {
    let listener = Closure::<dyn FnMut(JsValue)>::new(move |_| heard()).into_js_value();
    // Fails only for an invalid event name.
    let _is_valid = target.add_event_listener_with_callback(name, listener.unchecked_ref());
}
