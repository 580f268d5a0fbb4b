//! A row of a form: what all fields have in common.

use dioxus::prelude::*;

/// How many characters of a label fit beside its control. Imported nodes have keys that are longer.
const BESIDE: usize = 11;

/// Whether a label is too long to stand beside its control.
pub fn is_long(label: &str) -> bool {
    label.chars().count() > BESIDE
}

/// Where the label stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Beside the control, or above it when it is long.
    Beside,
    /// Above the control, which needs the whole width.
    Above,
    /// On the whole width, with a small control at its end, when it is long.
    Across,
}

/// The label `label` and the control `id` that it names, with what is wrong with its value, if anything.
#[component]
pub fn FieldRow(id: String, label: String, place: Place, error: Option<String>, children: Element) -> Element {
    let class = match place {
        Place::Above => "frow above",
        Place::Beside if is_long(&label) => "frow above",
        Place::Across if is_long(&label) => "frow across",
        Place::Beside | Place::Across => "frow",
    };
    rsx! {
        div { class,
            label { r#for: id.clone(), "{label}" }
            {children}
            if let Some(error) = error {
                p { class: "oops", id: "{id}-error", "{error}" }
            }
        }
    }
}
