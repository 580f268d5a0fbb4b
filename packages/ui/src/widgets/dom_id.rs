//! Ids by which elements of one widget refer to each other: a label to its control, a dialog to its title.

use std::sync::atomic::{AtomicUsize, Ordering};

use dioxus::prelude::*;

static NEXT: AtomicUsize = AtomicUsize::new(0);

/// An id that no other widget of this process has, the same for as long as the component lives.
pub fn use_dom_id() -> String {
    use_hook(|| format!("w{}", NEXT.fetch_add(1, Ordering::Relaxed)))
}
