//! Short messages that stand over the canvas for a while.
//!
//! They are for what happened outside of what one looks at, with a way to take it back, and for failures. What went
//! well is not announced.

use std::{fmt, rc::Rc};

use dioxus::prelude::*;

use super::{Icon, IconName, sleep};

/// How long a message stays, in milliseconds.
const PLAIN: u64 = 6_000;
/// How long a message stays that offers something to press.
const WITH_ACTION: u64 = 10_000;
/// How long it stays after it was let go of.
const LET_GO: u64 = 1_500;
/// How many messages stand at once; failures are not counted, since they wait to be read.
const AT_ONCE: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ToastKind {
    Info,
    Error,
}

/// What a message offers to do.
#[derive(Clone)]
pub struct ToastAction {
    label: String,
    run: Rc<dyn Fn()>,
}

impl ToastAction {
    /// A button named `label` that does `run`, once. It may be pressed after whoever offered it is gone, so it is no
    /// event handler, which would go with its component.
    pub fn new(label: impl Into<String>, run: impl Fn() + 'static) -> Self {
        Self { label: label.into(), run: Rc::new(run) }
    }
}

impl PartialEq for ToastAction {
    fn eq(&self, other: &Self) -> bool {
        self.label == other.label && Rc::ptr_eq(&self.run, &other.run)
    }
}

impl fmt::Debug for ToastAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ToastAction").field(&self.label).finish()
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Toast {
    id: u64,
    kind: ToastKind,
    text: String,
    action: Option<ToastAction>,
}

impl Toast {
    /// For how long it stays, in milliseconds; none: until it is dismissed.
    fn lasting(&self) -> Option<u64> {
        match (self.kind, &self.action) {
            (ToastKind::Error, _) => None,
            (ToastKind::Info, Some(_)) => Some(WITH_ACTION),
            (ToastKind::Info, None) => Some(PLAIN),
        }
    }
}

/// The messages that stand now, in the order in which they came.
#[derive(Debug, Default)]
struct Queue {
    toasts: Vec<Toast>,
    next: u64,
}

impl Queue {
    fn push(&mut self, kind: ToastKind, text: String, action: Option<ToastAction>) {
        // Said again, it is one message that stays longer.
        self.toasts.retain(|toast| toast.kind != kind || toast.text != text);
        self.toasts.push(Toast { id: self.next, kind, text, action });
        self.next += 1;
        let passing = self.toasts.iter().filter(|toast| toast.kind == ToastKind::Info).count();
        if passing > AT_ONCE {
            let oldest = self.toasts.iter().position(|toast| toast.kind == ToastKind::Info);
            oldest.map(|index| self.toasts.remove(index));
        }
    }

    fn remove(&mut self, id: u64) {
        self.toasts.retain(|toast| toast.id != id);
    }
}

/// Says things. Every component gets it with `use_context`.
#[derive(Clone, Copy, PartialEq)]
pub struct Toaster(Signal<Queue>);

impl Toaster {
    /// Makes a toaster for everything below the component that calls this.
    pub fn provide() -> Self {
        use_context_provider(|| Self(Signal::new(Queue::default())))
    }

    /// Says something for a while.
    pub fn info(self, text: impl Into<String>) {
        self.push(ToastKind::Info, text.into(), None);
    }

    /// Says something for a while, and offers to do something about it: "3 nodes deleted", with Undo.
    pub fn offer(self, text: impl Into<String>, action: ToastAction) {
        self.push(ToastKind::Info, text.into(), Some(action));
    }

    /// Says what failed, at once and until it is dismissed.
    pub fn error(self, text: impl Into<String>) {
        self.push(ToastKind::Error, text.into(), None);
    }

    /// Says what failed, and offers the way out.
    pub fn error_with(self, text: impl Into<String>, action: ToastAction) {
        self.push(ToastKind::Error, text.into(), Some(action));
    }

    fn push(mut self, kind: ToastKind, text: String, action: Option<ToastAction>) {
        self.0.write().push(kind, text, action);
    }

    fn dismiss(mut self, id: u64) {
        self.0.write().remove(id);
    }
}

/// Where messages stand: the region "Notifications", which is there before there is anything to say, so that readers
/// aloud notice what comes.
#[component]
pub fn Toasts() -> Element {
    let toaster = use_context::<Toaster>();
    let queue = toaster.0.read();
    rsx! {
        section { class: "toasts", role: "region", aria_label: "Notifications",
            ol { aria_live: "polite", aria_relevant: "additions",
                for toast in queue.toasts.iter() {
                    Message { key: "{toast.id}", toast: toast.clone() }
                }
            }
        }
    }
}

#[component]
fn Message(toast: Toast) -> Element {
    let toaster = use_context::<Toaster>();
    let id = toast.id;
    let lasting = toast.lasting();
    // Nobody loses a message that they are reading or about to press.
    let mut held = use_signal(|| false);
    use_future(move || async move {
        let Some(time) = lasting else { return };
        sleep(time).await;
        while *held.peek() {
            sleep(LET_GO).await;
        }
        toaster.dismiss(id);
    });
    let (class, role, icon) = match toast.kind {
        ToastKind::Info => ("toast", None, IconName::Info),
        ToastKind::Error => ("toast error", Some("alert"), IconName::CircleAlert),
    };
    rsx! {
        li {
            class,
            role,
            onmouseenter: move |_| held.set(true),
            onmouseleave: move |_| held.set(false),
            onfocusin: move |_| held.set(true),
            onfocusout: move |_| held.set(false),
            Icon { name: icon }
            p { "{toast.text}" }
            if let Some(ToastAction { label, run }) = toast.action {
                button {
                    r#type: "button",
                    class: "btn quiet small act",
                    onclick: move |_| {
                        toaster.dismiss(id);
                        run();
                    },
                    "{label}"
                }
            }
            button {
                r#type: "button",
                class: "btn quiet small icon",
                aria_label: "Dismiss",
                onclick: move |_| toaster.dismiss(id),
                Icon { name: IconName::X }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    fn texts(queue: &Queue) -> Vec<&str> {
        queue.toasts.iter().map(|toast| toast.text.as_str()).collect()
    }

    fn info(queue: &mut Queue, text: &str) {
        queue.push(ToastKind::Info, text.into(), None);
    }

    #[test]
    fn failures_stay_until_they_are_dismissed_and_offers_stay_longer() {
        let mut queue = Queue::default();
        info(&mut queue, "Copied");
        queue.push(ToastKind::Info, "3 nodes deleted".into(), Some(ToastAction::new("Undo", || {})));
        queue.push(ToastKind::Error, "Not saved: the disk is full".into(), None);
        let lasting: Vec<_> = queue.toasts.iter().map(Toast::lasting).collect();
        assert_eq!(lasting, [Some(PLAIN), Some(WITH_ACTION), None]);
    }

    #[test]
    fn what_is_said_twice_stands_once() {
        let mut queue = Queue::default();
        info(&mut queue, "a");
        info(&mut queue, "b");
        info(&mut queue, "a");
        assert_eq!(texts(&queue), ["b", "a"]);
    }

    #[test]
    fn too_many_push_out_the_oldest_but_never_a_failure() {
        let mut queue = Queue::default();
        queue.push(ToastKind::Error, "failed".into(), None);
        for text in ["a", "b", "c", "d"] {
            info(&mut queue, text);
        }
        assert_eq!(texts(&queue), ["failed", "b", "c", "d"]);
        queue.remove(0);
        assert_eq!(texts(&queue), ["b", "c", "d"]);
    }

    #[test]
    fn messages_stand_in_a_named_region_and_failures_are_alerts() {
        let html = drawn(|| {
            let toaster = Toaster::provide();
            use_hook(|| {
                toaster.offer("3 nodes deleted", ToastAction::new("Undo", || {}));
                toaster.error("Not saved: the disk is full");
            });
            rsx! {
                Toasts {}
            }
        });
        assert!(html.contains(r#"role="region" aria-label="Notifications""#), "{html}");
        assert_eq!(html.matches(r#"role="alert""#).count(), 1);
        assert!(html.contains(">Undo</button>"), "{html}");
        assert_eq!(html.matches(r#"aria-label="Dismiss""#).count(), 2);
    }
}
