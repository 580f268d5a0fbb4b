//! Controls that know nothing of workflows: what a press, a key or a word means is for their callers.
//!
//! Each looks as `assets/atelier.css` says, where the block of the same name shows its markup. They work without a
//! script of their own under the page's content policy, on the web and on the desktop; where the two differ, the
//! difference stands in [`focus`] and [`sleep`].
//!
//! Three promises hold for all of them. What takes the focus gives it back. Keys that are typed into a control stay
//! there, so that Backspace in a prompt never deletes a node. And props are plain values: a list of widgets renders
//! again only where one of them changed.

mod choice_field;
mod dialog;
mod dom_id;
mod field_row;
mod focus;
mod growing;
mod held_text;
mod icon;
mod inline_rename;
mod keys;
mod menu;
mod modal;
mod number_field;
mod number_text;
mod over;
mod port_glyph;
mod save_ladder;
mod search;
mod search_list;
mod sleep;
mod switch_field;
mod text_field;
mod toasts;
mod virtual_list;

#[cfg(test)]
mod testing;

pub use choice_field::{Choice, ChoiceField};
pub use dialog::Dialog;
pub use dom_id::use_dom_id;
pub use focus::catch_stray_keys;
pub use growing::use_growing;
pub use icon::{Icon, IconName};
pub use inline_rename::InlineRename;
pub use keys::keep_typing;
pub use menu::{Menu, MenuItem, MenuLine};
pub use modal::Modal;
pub use number_field::NumberField;
pub use number_text::NumberKind;
pub use port_glyph::port_glyph;
pub use save_ladder::{Reach, SaveLadder};
pub use search::SearchItem;
pub use search_list::SearchList;
pub use sleep::sleep;
pub use switch_field::SwitchField;
pub use text_field::{Lines, TextField};
pub use toasts::{ToastAction, Toaster, Toasts};
pub use virtual_list::VirtualList;
