//! A setting that is one of a few.

use dioxus::prelude::*;

use super::{
    Icon, IconName,
    dom_id::use_dom_id,
    field_row::{FieldRow, Place},
    keep_typing,
};

/// One of the things to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is stored.
    pub value: String,
    /// What people read.
    pub label: String,
}

impl Choice {
    /// A choice that people read as it is stored.
    pub fn plain(value: impl Into<String>) -> Self {
        let value = value.into();
        Self { label: value.clone(), value }
    }
}

/// A labelled choice. A stored value that is not offered (any more) is offered too, since it is what the node has.
#[component]
pub fn ChoiceField(label: String, value: String, choices: Vec<Choice>, onchange: EventHandler<String>) -> Element {
    let id = use_dom_id();
    let foreign = choices.iter().all(|choice| choice.value != value);
    rsx! {
        FieldRow { id: id.clone(), label, place: Place::Beside,
            div { class: "field choice",
                select {
                    id,
                    onchange: move |event| onchange.call(event.value()),
                    onkeydown: |event| keep_typing(&event),
                    if foreign {
                        option { value: value.clone(), selected: true, "{value}" }
                    }
                    for choice in choices {
                        option {
                            key: "{choice.value}",
                            value: choice.value.clone(),
                            selected: choice.value == value,
                            "{choice.label}"
                        }
                    }
                }
                Icon { name: IconName::ChevronDown }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    fn sizes() -> Vec<Choice> {
        vec![Choice::plain("512"), Choice { value: "1024".into(), label: "1024, large".into() }]
    }

    #[test]
    fn the_stored_choice_is_the_one_selected() {
        let html = drawn(|| rsx! { ChoiceField { label: "Size", value: "1024", choices: sizes(), onchange: |_| {} } });
        assert!(html.contains(r#"<option value="512">512</option>"#), "{html}");
        assert!(html.contains(r#"<option value="1024" selected=true>1024, large</option>"#), "{html}");
    }

    #[test]
    fn a_stored_value_that_is_not_offered_is_kept() {
        let html = drawn(|| rsx! { ChoiceField { label: "Size", value: "640", choices: sizes(), onchange: |_| {} } });
        assert!(html.contains(r#"<option value="640" selected=true>640</option>"#), "{html}");
        assert_eq!(html.matches("<option").count(), 3);
    }
}
