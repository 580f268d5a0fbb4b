//! Where the keyboard is.
//!
//! A surface that opens over the page borrows the focus: it remembers who had it, takes it, leads it around inside, and
//! gives it back when it goes. What a browser does directly, the desktop asks of its web view; the two files have the
//! same face.

use std::rc::Rc;

use dioxus::prelude::*;

#[cfg(not(target_arch = "wasm32"))]
mod desktop;
#[cfg(target_arch = "wasm32")]
mod web;

#[cfg(not(target_arch = "wasm32"))]
use desktop as platform;
#[cfg(target_arch = "wasm32")]
use web as platform;

pub use platform::{Origin, catch_stray_keys, enter, keep, reveal, select, step};

/// Everything that Tab stops at.
pub const TAB_STOPS: &str = "button:not([disabled]):not([tabindex='-1']), input:not([disabled]), select:not([disabled]), \
                             textarea:not([disabled]), a[href], [tabindex='0']";
/// The items of a menu.
pub const MENU_ITEMS: &str = "[role='menuitem']";

/// Which of several elements is next. The last is followed by the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// To the one after the current; from none, to the first.
    Next,
    /// To the one before the current; from none, to the last.
    Previous,
    /// To the first.
    First,
    /// To the last.
    Last,
}

impl Step {
    /// The index that the step leads to from `current` among `count` elements; none if there are none.
    pub fn from(self, current: Option<usize>, count: usize) -> Option<usize> {
        let last = count.checked_sub(1)?;
        Some(match (self, current) {
            (Self::First, _) | (Self::Next, None) => 0,
            (Self::Last, _) | (Self::Previous, None | Some(0)) => last,
            (Self::Next, Some(at)) if at >= last => 0,
            (Self::Next, Some(at)) => at + 1,
            (Self::Previous, Some(at)) => at - 1,
        })
    }
}

/// Remembers what has the focus now, and gives it back when the component goes, unless something else took it
/// meanwhile. `id` is the surface's element, which takes the focus itself, with [`enter`], once it is mounted.
pub fn use_borrowed_focus(id: &str) -> Rc<Origin> {
    let origin = use_hook(|| Rc::new(Origin::remember(id)));
    use_drop({
        let origin = origin.clone();
        move || origin.give_back_when_free()
    });
    origin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_is_followed_by_the_first_and_the_other_way_round() {
        assert_eq!(Step::Next.from(Some(2), 3), Some(0));
        assert_eq!(Step::Previous.from(Some(0), 3), Some(2));
        assert_eq!(Step::Next.from(Some(0), 3), Some(1));
        assert_eq!(Step::Previous.from(Some(2), 3), Some(1));
    }

    #[test]
    fn a_step_from_outside_enters_at_the_near_end() {
        assert_eq!(Step::Next.from(None, 3), Some(0));
        assert_eq!(Step::Previous.from(None, 3), Some(2));
        assert_eq!(Step::Last.from(None, 1), Some(0));
    }

    #[test]
    fn among_nothing_there_is_no_step() {
        assert_eq!(Step::Next.from(None, 0), None);
        assert_eq!(Step::Last.from(Some(4), 0), None);
    }
}
