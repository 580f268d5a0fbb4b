//! A question or a report over the page, which has to be closed before anything else.

use dioxus::prelude::*;

use super::{Icon, IconName, dom_id::use_dom_id, modal::Modal};

/// A modal dialog with the name `title`. Its children are `div { class: "in" }` and, with the buttons, `footer`.
///
/// The focus moves in (to what has `autofocus`, else to the dialog), stays inside, and goes back on closing. Escape,
/// the cross and a press beside it ask for closing, with `onclose`; to do it is up to the caller.
#[component]
pub fn Dialog(
    title: String,
    /// A sentence under the title.
    #[props(into)]
    subtitle: Option<String>,
    /// Narrower, for a short question.
    #[props(default)]
    slim: bool,
    onclose: EventHandler<()>,
    children: Element,
) -> Element {
    let class = if slim { "dialog slim" } else { "dialog" };
    let heading = format!("{}-title", use_dom_id());
    rsx! {
        Modal { class, labelled_by: heading.clone(), onclose,
            header {
                div { class: "grow",
                    h2 { id: heading, "{title}" }
                    if let Some(subtitle) = subtitle {
                        p { class: "q", "{subtitle}" }
                    }
                }
                button {
                    r#type: "button",
                    class: "btn quiet small icon",
                    aria_label: "Close",
                    onclick: move |_| onclose.call(()),
                    Icon { name: IconName::X }
                }
            }
            {children}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    #[test]
    fn a_dialog_is_modal_and_named_by_its_title() {
        let html = drawn(|| {
            rsx! {
                Dialog { title: "Import", subtitle: "Nothing has been written yet.", onclose: |()| {},
                    div { class: "in", "a report" }
                }
            }
        });
        assert!(html.contains(r#"role="dialog" aria-modal="true""#), "{html}");
        let heading = value_of(&html, "aria-labelledby");
        assert!(html.contains(&format!(r#"<h2 id="{heading}">Import</h2>"#)), "{html}");
        assert!(html.contains("Nothing has been written yet."), "{html}");
        assert!(html.contains(r#"aria-label="Close""#), "{html}");
    }
}
