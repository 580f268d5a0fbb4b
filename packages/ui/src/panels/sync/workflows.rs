//! Which workflows are synced, and what stands in the way of the others.

use dioxus::prelude::*;
use storage::{
    model::WorkflowId,
    sync::{Event, Problem, Sending, WorkflowStatus},
};

use super::{
    SyncDesk,
    clock::{ClockAhead, span},
    entries::{Replaced, Waiting},
    members::Members,
};
use crate::{
    media::words,
    store::{Topic, use_store, use_topic},
};

/// What is shown below a workflow.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Ops,
    Members,
}

/// The section.
#[component]
pub fn Workflows() -> Element {
    let store = use_store();
    use_topic(&store, Topic::Library);
    let desk: SyncDesk = use_context();
    let status = desk.status.read().clone();
    let ids = store.workflows();
    if ids.is_empty() || status.workflows.is_empty() {
        return VNode::empty();
    }
    let known = ids.into_iter().filter_map(|id| {
        let name = store.summary(id)?.name;
        Some((id, name, status.workflows.get(&id)?.clone()))
    });
    rsx! {
        section {
            h3 { class: "h", "Workflows" }
            ClockAhead {}
            div { class: "card",
                for (id , name , one) in known {
                    One { key: "{id}", id, name, one }
                }
            }
        }
    }
}

#[component]
fn One(id: WorkflowId, name: String, one: WorkflowStatus) -> Element {
    let store = use_store();
    let tell = move |event: Event| {
        if let Some(driver) = store.session().sync() {
            driver.hear(event);
        }
    };
    let (including, setting_aside, dismissing) = (tell.clone(), tell.clone(), tell);
    let mut shown = use_signal(|| None::<Part>);
    let mut toggle = move |part: Part| shown.set(if *shown.peek() == Some(part) { None } else { Some(part) });
    let included = one.included;
    let kept = one.kept.len();
    let failed = one.waiting.iter().filter(|op| matches!(op.state, Sending::Failed(_))).count();
    // What failed is shown without being asked for.
    let lists_ops = shown() == Some(Part::Ops) || failed > 0;
    let role = one.role.filter(|_| included && one.problem.is_none());
    rsx! {
        div { class: "lrow", "data-sync-workflow": "{id}", "data-included": "{included}", "data-pending": "{one.pending}",
            span {
                span { class: "cut", title: "{name}", "{name}" }
                small { class: if one.problem.is_some() { "warn" } else { "q" }, "{words(&one)}" }
                if kept > 0 {
                    small { class: "q", "{words::count(kept, \"value of yours was\", \"values of yours were\")} replaced by later or other ones." }
                }
            }
            span { class: "row",
                if matches!(one.problem, Some(Problem::ClockAhead(_))) {
                    button { class: "btn small", onclick: move |_| setting_aside(Event::SetAside(id)), "Give them up" }
                }
                if one.pending > 0 && failed == 0 {
                    button {
                        class: "btn quiet small",
                        aria_expanded: "{lists_ops}",
                        onclick: move |_| toggle(Part::Ops),
                        "Show what waits"
                    }
                }
                if role.is_some() {
                    button {
                        class: "btn quiet small",
                        aria_expanded: "{shown() == Some(Part::Members)}",
                        onclick: move |_| toggle(Part::Members),
                        "Members"
                    }
                }
                button {
                    class: "btn small",
                    onclick: move |_| including(Event::Include(id, !included)),
                    if included { "Keep local" } else { "Sync" }
                }
            }
        }
        if lists_ops && !one.waiting.is_empty() {
            Waiting { more: one.pending.saturating_sub(one.waiting.len()), ops: one.waiting.clone() }
        }
        if kept > 0 {
            Replaced { workflow: id, values: one.kept.iter().cloned().collect::<Vec<_>>() }
            if kept > 1 {
                p { class: "row in-card",
                    button { class: "btn quiet small", onclick: move |_| dismissing(Event::Dismiss(id)), "All seen" }
                }
            }
        }
        if let Some(role) = role.filter(|_| shown() == Some(Part::Members)) {
            Members { workflow: id, role }
        }
    }
}

fn words(one: &WorkflowStatus) -> String {
    match &one.problem {
        Some(Problem::ClockAhead(hours)) => {
            format!("Waits: the clock of this device was ahead. The server takes it in {}.", span(*hours))
        }
        Some(Problem::Forbidden) => "You may not change it on the server. Your changes stay here.".into(),
        Some(Problem::NotListed) => "It is no longer among yours on the server. It stays here.".into(),
        Some(Problem::DeletedForGood) => "It was removed from the server for good. It stays here.".into(),
        Some(Problem::Refused(reason)) => format!("The server refused it: {reason}."),
        None if !one.included => "Only on this device".into(),
        None if one.pending > 0 => format!("{} to send", words::count(one.pending, "change", "changes")),
        None => "Synced".into(),
    }
}
