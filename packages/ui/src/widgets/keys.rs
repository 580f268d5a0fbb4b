//! Which keys belong to a control that has the focus, and which to everything around it.

use dioxus::prelude::*;

/// Keeps what is typed into a control from the listeners around it, for whom the same keys are commands: Backspace in a
/// prompt must not delete the node.
///
/// Escape goes on, and so do the chords that mean nothing to a text field: Ctrl or Cmd with S, K or Enter.
pub fn keep_typing(event: &KeyboardEvent) {
    if !goes_on(&event.key(), event.modifiers()) {
        event.stop_propagation();
    }
}

fn goes_on(key: &Key, modifiers: Modifiers) -> bool {
    let chord = modifiers.ctrl() || modifiers.meta();
    match key {
        Key::Escape => true,
        Key::Enter => chord,
        Key::Character(character) => chord && matches!(character.as_str(), "s" | "S" | "k" | "K"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_edits_text_stays_in_the_control() {
        assert!(!goes_on(&Key::Backspace, Modifiers::empty()));
        assert!(!goes_on(&Key::Delete, Modifiers::empty()));
        assert!(!goes_on(&Key::ArrowLeft, Modifiers::empty()));
        assert!(!goes_on(&Key::Enter, Modifiers::empty()));
        assert!(!goes_on(&Key::Character("k".into()), Modifiers::empty()));
        for native in ["a", "c", "v", "x", "y", "z", "Z"] {
            assert!(!goes_on(&Key::Character(native.into()), Modifiers::CONTROL), "{native}");
        }
    }

    #[test]
    fn saving_running_and_escaping_work_from_inside_a_control() {
        assert!(goes_on(&Key::Escape, Modifiers::empty()));
        assert!(goes_on(&Key::Enter, Modifiers::CONTROL));
        assert!(goes_on(&Key::Character("s".into()), Modifiers::META));
        assert!(goes_on(&Key::Character("K".into()), Modifiers::CONTROL | Modifiers::SHIFT));
    }
}
