//! A future that goes on in a task of its own, and not within the event that woke it.
//!
//! Chromium holds back what a page waits for, the answers of its database too, from an event that has changed the page until the next
//! frame is drawn. So what an event stores would wait for a frame of 16 ms and more. Drawn in the next task, which comes before
//! anything that the page asks for can, the page is as quick, and the database answers meanwhile.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{MessageChannel, MessagePort};

thread_local! {
    static TURN: Turn = Turn::new();
}

/// What asks for the next task. There is one page, and one future that draws it.
struct Turn {
    /// Messages to it come back as tasks. None: the browser has no channels, and everything goes on at once.
    port: Option<MessagePort>,
    is_asked: Cell<bool>,
    /// Who goes on then.
    waker: RefCell<Option<Waker>>,
}

impl Turn {
    fn new() -> Self {
        let port = MessageChannel::new().ok().map(|channel| {
            let come = Closure::<dyn FnMut()>::new(|| TURN.with(Self::come)).into_js_value();
            channel.port2().set_onmessage(Some(come.unchecked_ref()));
            channel.port1()
        });
        Self { port, is_asked: Cell::default(), waker: RefCell::default() }
    }

    fn ask(&self) {
        if self.is_asked.get() {
            return;
        }
        if self.port.as_ref().is_some_and(|port| port.post_message(&JsValue::NULL).is_ok()) {
            self.is_asked.set(true);
        } else {
            self.come();
        }
    }

    fn come(&self) {
        self.is_asked.set(false);
        let waker = self.waker.borrow_mut().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Wakes whoever draws the page, in the next task.
struct NextTask;

impl Wake for NextTask {
    fn wake(self: Arc<Self>) {
        TURN.with(Turn::ask);
    }
}

/// Goes on in tasks of its own.
pub struct Paced<F>(Pin<Box<F>>);

impl<F> Paced<F> {
    /// The first step is taken at once.
    pub fn new(future: F) -> Self {
        Self(Box::pin(future))
    }
}

impl<F: Future> Future for Paced<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        TURN.with(|turn| turn.waker.replace(Some(context.waker().clone())));
        self.0.as_mut().poll(&mut Context::from_waker(&Arc::new(NextTask).into()))
    }
}
