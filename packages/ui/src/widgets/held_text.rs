//! The text in an element while somebody types.

use std::{cell::RefCell, rc::Rc};

use dioxus::prelude::*;

/// What a text element holds, as far as is known here.
///
/// On the desktop the element hears of a change a moment after it was made. Writing back what was typed would then undo the
/// letters that were typed since. So an element is given its text once, when it is made, and it is made anew when something
/// other than typing has changed the text.
#[derive(Clone)]
pub(super) struct HeldText(Rc<RefCell<(String, u64)>>);

/// Follows `shown`, which is the text that the element should have.
pub(super) fn use_held_text(shown: &str) -> HeldText {
    let held = use_hook(|| HeldText(Rc::new(RefCell::new((shown.to_owned(), 0)))));
    held.follow(shown);
    held
}

impl HeldText {
    /// Takes note of what was typed: to be called before anybody else is told.
    pub fn typed(&self, text: &str) {
        text.clone_into(&mut self.0.borrow_mut().0);
    }

    /// The element's key: another one when it has to be made anew.
    pub fn generation(&self) -> u64 {
        self.0.borrow().1
    }

    fn follow(&self, shown: &str) {
        let mut held = self.0.borrow_mut();
        if held.0 != shown {
            *held = (shown.to_owned(), held.1 + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_keeps_the_element_and_anything_else_makes_it_anew() {
        let held = HeldText(Rc::new(RefCell::new(("a".into(), 0))));
        held.typed("ab");
        held.follow("ab");
        assert_eq!(held.generation(), 0, "what was typed comes back");
        held.follow("a");
        assert_eq!(held.generation(), 1, "undone, or changed in another window");
        held.follow("a");
        assert_eq!(held.generation(), 1);
    }
}
