//! Work on files that takes its time: how far it is, and the way out of it.

use dioxus::prelude::*;
use storage::blobs::Ticket;

use crate::media::words;

/// Work that goes on.
#[derive(Clone, Debug)]
pub struct Going {
    /// What is being done.
    pub(super) label: String,
    /// Calls it off.
    pub(super) ticket: Ticket,
    pub(super) done: u64,
    pub(super) total: u64,
}

impl Going {
    pub(super) fn new(label: String, ticket: &Ticket, total: u64) -> Self {
        Self { label, ticket: ticket.clone(), done: 0, total }
    }
}

impl PartialEq for Going {
    fn eq(&self, other: &Self) -> bool {
        (&self.label, self.done, self.total) == (&other.label, other.done, other.total)
    }
}

/// Waits for `work`, and has what shows `going` tell how far it is.
pub(super) async fn follow<T>(mut going: Signal<Option<Going>>, ticket: &Ticket, work: impl Future<Output = T>) -> T {
    let mut progress = ticket.progress();
    let mut work = std::pin::pin!(work);
    loop {
        let told = {
            let changed = std::pin::pin!(progress.changed());
            match futures::future::select(work.as_mut(), changed).await {
                futures::future::Either::Left((done, _)) => return done,
                futures::future::Either::Right((told, _)) => told,
            }
        };
        // Nobody tells anything any more.
        if told.is_err() {
            return work.await;
        }
        let done = *progress.borrow_and_update();
        // What shows it may be gone before the work is.
        if let Ok(mut going) = going.try_write()
            && let Some(going) = going.as_mut()
        {
            going.done = done;
        }
    }
}

/// How far it is.
#[component]
pub fn Meter(going: Going) -> Element {
    let Going { done, total, .. } = going;
    let percent = words::percent(done, total.max(1));
    rsx! {
        div { class: "lrow going", role: "progressbar", aria_valuenow: "{percent}", aria_valuemin: "0", aria_valuemax: "100", aria_label: "Progress",
            span {
                "{words::size(done)} of {words::size(total)}"
                div { class: "meter", i { width: "{percent}%" } }
            }
        }
    }
}
