//! A setting that is a number.

use dioxus::prelude::*;

use super::{
    dom_id::use_dom_id,
    field_row::{FieldRow, Place},
    held_text::use_held_text,
    keep_typing,
    number_text::{self, NotANumber, NumberKind},
};

/// What is being typed, and the stored values that it goes with.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Draft {
    text: String,
    /// The stored value when typing began.
    before: String,
    /// The last value that was reported.
    reported: Option<String>,
}

impl Draft {
    /// Whether the draft is to be shown while `value` is stored. When something else changed the value meanwhile (undo,
    /// another window), what is stored is shown.
    fn stands(&self, value: &str) -> bool {
        self.before == value || self.reported.as_deref() == Some(value)
    }
}

/// A labelled number. `value` and what `onchange` reports are JSON numbers as text, so that no digit of a large one is
/// lost.
///
/// What is typed stays as it is typed; `onchange` is called whenever it means a number. What means none is not thrown
/// away: it stays, with the reason under it, and the stored value stays as it was.
#[component]
pub fn NumberField(
    label: String,
    value: String,
    #[props(default)] kind: NumberKind,
    onchange: EventHandler<String>,
) -> Element {
    let id = use_dom_id();
    let mut draft = use_signal(|| None::<Draft>);
    let shown = draft().filter(|draft| draft.stands(&value));
    // A setting that was never set is no mistake; a number that was taken out of the field is.
    let untouched = shown.is_none() && value.is_empty();
    let text = shown.map_or_else(|| value.clone(), |draft| draft.text);
    let reason = number_text::parse(&text, kind).err().filter(|_| !untouched);
    let error = reason.map(|reason: NotANumber| reason.to_string());
    let described = error.as_ref().map(|_| format!("{id}-error"));
    let held = use_held_text(&text);
    let generation = held.generation();
    let oninput = move |event: FormEvent| {
        let text = event.value();
        held.typed(&text);
        let number = number_text::parse(&text, kind).ok();
        let last = draft.peek().clone().filter(|draft| draft.stands(&value));
        let (before, reported) = last.map_or_else(|| (value.clone(), None), |draft| (draft.before, draft.reported));
        draft.set(Some(Draft { text, before, reported: number.clone().or(reported) }));
        if let Some(number) = number {
            onchange.call(number);
        }
    };
    // What means a number is shown as it is stored once the field is left.
    let onblur = move |_| {
        let finished = draft.peek().as_ref().is_some_and(|draft| number_text::parse(&draft.text, kind).is_ok());
        if finished {
            draft.set(None);
        }
    };
    rsx! {
        FieldRow { id: id.clone(), label, place: Place::Beside, error,
            for generation in [generation] {
                input {
                    key: "{generation}",
                    id: id.clone(),
                    class: "field num",
                    r#type: "text",
                    inputmode: if kind == NumberKind::Whole { "numeric" } else { "decimal" },
                    autocomplete: "off",
                    aria_invalid: described.is_some().then_some("true"),
                    aria_describedby: described.clone(),
                    initial_value: text.clone(),
                    oninput: oninput.clone(),
                    onblur,
                    onkeydown: |event| keep_typing(&event),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    #[test]
    fn a_large_number_is_shown_with_every_digit() {
        let html = drawn(|| {
            rsx! {
                NumberField { label: "Seed", value: "9007199254740993", kind: NumberKind::Whole, onchange: |_| {} }
            }
        });
        assert!(html.contains(r#"value="9007199254740993""#), "{html}");
        assert!(html.contains(r#"inputmode="numeric""#), "{html}");
        assert!(!html.contains("aria-invalid"), "{html}");
    }

    #[test]
    fn what_is_no_number_is_kept_and_the_reason_given() {
        let html = drawn(|| rsx! { NumberField { label: "Steps", value: "twelve", onchange: |_| {} } });
        assert!(html.contains(r#"value="twelve""#), "{html}");
        assert!(html.contains(r#"aria-invalid="true""#), "{html}");
        let reason = value_of(&html, "aria-describedby");
        assert!(html.contains(&format!(r#"<p class="oops" id="{reason}">Not a number</p>"#)), "{html}");
    }

    #[test]
    fn a_number_that_was_never_set_is_no_mistake() {
        let html = drawn(|| rsx! { NumberField { label: "Seed", value: "", onchange: |_| {} } });
        assert!(!html.contains("aria-invalid") && !html.contains("oops"), "{html}");
    }

    #[test]
    fn a_draft_stands_until_something_else_changes_the_value() {
        let draft = Draft { text: "12.".into(), before: "1".into(), reported: Some("12".into()) };
        assert!(draft.stands("1"), "the report is still on its way");
        assert!(draft.stands("12"));
        assert!(!draft.stands("40"), "undone, or changed in another window");
    }
}
