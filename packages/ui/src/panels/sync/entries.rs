//! What waits to be sent, and what was replaced, entry by entry.

use dioxus::prelude::*;
use storage::{
    model::{EntityKey, Json, Part, RegisterName, WorkflowId},
    sync::{Event, KeptValue, Sending, WaitingOp},
};

use crate::{
    store::{Store, use_store},
    widgets::{Icon, IconName},
};

/// How much of a value is shown, in characters.
const SHOWN: usize = 90;

/// The ops of a workflow that wait, those that failed among them.
#[component]
pub fn Waiting(ops: Vec<WaitingOp>, more: usize) -> Element {
    let store = use_store();
    rsx! {
        ul { class: "plain", aria_label: "Waiting to be sent",
            for op in ops {
                li {
                    key: "{op.id}",
                    class: "lrow",
                    "data-op": "{op.id}",
                    "data-op-state": state_name(&op.state),
                    span {
                        span { class: "cut", {what(&store, op.key, &op.register, op.registers)} }
                        match &op.state {
                            Sending::Waiting => rsx! { small { class: "q", "Waits" } },
                            Sending::UnderWay => rsx! { small { class: "q", "On its way" } },
                            Sending::Ahead(_) => rsx! { small { class: "warn", "Waits: this device’s clock was ahead" } },
                            Sending::Failed(reason) => rsx! { small { class: "warn", "Not sent: {reason}" } },
                        }
                    }
                    if matches!(op.state, Sending::Failed(_)) {
                        Retry {}
                    }
                }
            }
            if more > 0 {
                li { class: "q s12", "And {more} more." }
            }
        }
    }
}

#[component]
fn Retry() -> Element {
    let store = use_store();
    rsx! {
        button {
            class: "btn small",
            onclick: move |_| {
                if let Some(driver) = store.session().sync() {
                    driver.hear(Event::Retry);
                }
            },
            "Retry"
        }
    }
}

/// The user's values of a workflow that were replaced.
#[component]
pub fn Replaced(workflow: WorkflowId, values: Vec<KeptValue>) -> Element {
    let store = use_store();
    rsx! {
        ul { class: "plain", aria_label: "Values that were replaced",
            for (at , value) in values.into_iter().enumerate() {
                li { key: "{at}-{value.stamp}-{value.register}", class: "lrow", "data-kept": "{value.register}",
                    span {
                        span { class: "cut", {what(&store, value.key(workflow), &value.register, 1)} }
                        small { class: "q", "Yours: " b { {shown(&value.register, value.mine.as_ref())} } }
                        small { class: "q",
                            "Now: "
                            {shown(&value.register, value.theirs.as_ref())}
                            if let Some(code) = &value.code {
                                " · the server refused yours ({code.text()})"
                            } else {
                                " · changed later elsewhere"
                            }
                        }
                    }
                    Restore { workflow, value: value.clone() }
                }
            }
        }
    }
}

#[component]
fn Restore(workflow: WorkflowId, value: KeptValue) -> Element {
    let store = use_store();
    let (restoring, restored) = (store.clone(), value.clone());
    let dismiss = move || {
        if let Some(driver) = store.session().sync() {
            driver.hear(Event::DismissOne(workflow, Box::new(value.clone())));
        }
    };
    let dismissing = dismiss.clone();
    rsx! {
        span { class: "row",
            button {
                class: "btn small",
                title: "Sets your value again, as a new change",
                onclick: move |_| {
                    restoring.restore_value(workflow, &restored);
                    dismiss();
                },
                Icon { name: IconName::RotateCcw }
                "Restore"
            }
            button { class: "btn quiet small", onclick: move |_| dismissing(), "Seen" }
        }
    }
}

/// The attribute `data-op-state`.
fn state_name(state: &Sending) -> &'static str {
    match state {
        Sending::Waiting => "waiting",
        Sending::UnderWay => "under-way",
        Sending::Ahead(_) => "ahead",
        Sending::Failed(_) => "failed",
    }
}

/// What a change is of, in words: `Text of “Scene”`.
fn what(store: &Store, key: EntityKey, register: &str, registers: usize) -> String {
    let title = match key.part {
        Part::Node(id) if store.open_id() == Some(key.workflow) => {
            store.content(id).map(|content| content.shape.title.clone())
        }
        _ => None,
    };
    let of = match (key.part, title) {
        (Part::Itself, _) => "of the workflow".to_owned(),
        (Part::Edge(_), _) => "of a connection".to_owned(),
        (Part::Node(_), Some(title)) => format!("of “{title}”"),
        (Part::Node(_), None) => "of a node".to_owned(),
    };
    let name = name(register);
    if registers > 1 { format!("{name} {of}, and {} more", registers - 1) } else { format!("{name} {of}") }
}

/// A register's name in words.
fn name(register: &str) -> String {
    let plain = match RegisterName::parse(register) {
        RegisterName::Deleted => "Deletion".to_owned(),
        RegisterName::Run => "Result".to_owned(),
        RegisterName::Ends => "Ends".to_owned(),
        _ => register.strip_prefix("config.").unwrap_or(register).to_owned(),
    };
    let mut letters = plain.chars();
    letters.next().map_or(plain.clone(), |first| first.to_uppercase().chain(letters).collect())
}

/// A value in a line.
fn shown(register: &str, value: Option<&Json>) -> String {
    let Some(value) = value else {
        return if register == "deleted" { "not deleted".into() } else { "nothing".into() };
    };
    if register == "deleted" {
        return if value.text() == "true" { "deleted".into() } else { "not deleted".into() };
    }
    let text = value.read::<String>().map_or_else(|_| value.text().to_owned(), |text| format!("“{text}”"));
    if text.chars().count() > SHOWN { format!("{}…", text.chars().take(SHOWN).collect::<String>()) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_and_values_are_said_in_words() {
        assert_eq!(name("config.text"), "Text");
        assert_eq!(name("position"), "Position");
        assert_eq!(name("deleted"), "Deletion");
        assert_eq!(shown("config.text", Some(&"At dawn".into())), "“At dawn”");
        assert_eq!(shown("config.seed", Some(&7_u32.into())), "7");
        assert_eq!(shown("config.seed", None), "nothing");
        assert_eq!(shown("deleted", Some(&true.into())), "deleted");
        assert!(shown("config.text", Some(&"long ".repeat(100).as_str().into())).ends_with('…'));
    }
}
