//! A setting that is text.

use dioxus::prelude::*;

use super::{
    dom_id::use_dom_id,
    field_row::{FieldRow, Place},
    held_text::use_held_text,
    keep_typing,
};

/// How much room a text is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lines {
    /// One line.
    #[default]
    One,
    /// As many as it has, within reason; then it scrolls.
    Many,
}

/// A labelled text. `onchange` is called with all of it at every keystroke.
#[component]
pub fn TextField(
    label: String,
    value: String,
    #[props(default)] lines: Lines,
    #[props(default)] placeholder: String,
    onchange: EventHandler<String>,
) -> Element {
    let id = use_dom_id();
    let held = use_held_text(&value);
    let generation = held.generation();
    let oninput = move |event: FormEvent| {
        held.typed(&event.value());
        onchange.call(event.value());
    };
    let onkeydown = |event: KeyboardEvent| keep_typing(&event);
    match lines {
        Lines::One => rsx! {
            FieldRow { id: id.clone(), label, place: Place::Beside,
                for generation in [generation] {
                    input {
                        key: "{generation}",
                        id: id.clone(),
                        class: "field",
                        r#type: "text",
                        autocomplete: "off",
                        initial_value: value.clone(),
                        placeholder: placeholder.clone(),
                        oninput: oninput.clone(),
                        onkeydown,
                    }
                }
            }
        },
        Lines::Many => rsx! {
            FieldRow { id: id.clone(), label, place: Place::Above,
                for generation in [generation] {
                    textarea {
                        key: "{generation}",
                        id: id.clone(),
                        class: "area",
                        rows: "{rows(&value)}",
                        initial_value: value.clone(),
                        placeholder: placeholder.clone(),
                        oninput: oninput.clone(),
                        onkeydown,
                    }
                }
            }
        },
    }
}

/// About how many lines a text takes, for browsers that cannot fit a text area to what it holds.
fn rows(text: &str) -> usize {
    const PER_LINE: usize = 36;
    const MOST: usize = 12;
    let lines =
        text.split('\n').take(MOST).map(|line| line.chars().take(PER_LINE * MOST).count().div_ceil(PER_LINE).max(1));
    lines.sum::<usize>().clamp(2, MOST)
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    #[test]
    fn a_text_is_named_by_its_label() {
        let html = drawn(|| rsx! { TextField { label: "URL", value: "https://a.example/b.png", onchange: |_| {} } });
        let id = value_of(&html, "for");
        assert!(html.contains(&format!(r#"<input id="{id}" class="field" type="text""#)), "{html}");
        assert!(html.contains(">URL</label>"), "{html}");
        assert!(html.contains(r#"value="https://a.example/b.png""#), "{html}");
    }

    #[test]
    fn a_long_label_stands_above_its_control() {
        let html = drawn(|| rsx! { TextField { label: "widgets_values.sampler_name", value: "", onchange: |_| {} } });
        assert!(html.contains(r#"class="frow above""#), "{html}");
    }

    #[test]
    fn a_text_area_has_room_for_what_it_holds_within_reason() {
        assert_eq!(rows(""), 2);
        assert_eq!(rows("a\nb\nc"), 3);
        assert_eq!(rows(&"word ".repeat(30)), 5);
        assert_eq!(rows(&"line\n".repeat(10_000)), 12);
    }
}
