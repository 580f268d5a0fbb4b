//! A clock that was ahead, and what can be done about the work that it has dated.

use std::time::Duration;

use dioxus::prelude::*;
use storage::{
    CopyError,
    model::WorkflowId,
    sync::{AHEAD, Problem, State, Status},
};

use super::SyncDesk;
use crate::{
    media::words,
    store::{Store, use_store},
    widgets::{Icon, IconName, Toaster, sleep},
};

/// Between two looks at the clock, in milliseconds.
const LOOK: u64 = 5_000;

/// Says so, and offers to bring in as copies what the server doesn't take. Nothing if there is nothing of the kind.
#[component]
pub fn ClockAhead() -> Element {
    let store = use_store();
    let toaster: Toaster = use_context();
    let desk: SyncDesk = use_context();
    let mut ahead = use_signal(|| store.session().clock_ahead());
    let mut busy = use_signal(|| false);
    let looking = store.clone();
    use_future(move || {
        let store = looking.clone();
        async move {
            loop {
                sleep(LOOK).await;
                let now = store.session().clock_ahead();
                if *ahead.peek() != now {
                    ahead.set(now);
                }
            }
        }
    });
    let Some(Said { detail, action }) = said(&desk.status.read(), ahead()) else { return VNode::empty() };
    rsx! {
        div { class: "msg warn", role: "status", "data-clock-ahead": if action.is_some() { "offer" } else { "wait" },
            Icon { name: IconName::TriangleAlert }
            div {
                b { "This device’s clock was ahead" }
                p { class: "q", {detail} }
            }
            if let Some(action) = action {
                button {
                    class: "btn small",
                    disabled: busy(),
                    onclick: move |_| {
                        let store = store.clone();
                        async move {
                            busy.set(true);
                            match store.session().bring_in_as_copies().await {
                                Ok(copies) => toaster.info(brought(&store, &copies)),
                                Err(error) => toaster.error(refused(&error)),
                            }
                            busy.set(false);
                        }
                    },
                    {action}
                }
            }
        }
    }
}

struct Said {
    detail: String,
    action: Option<&'static str>,
}

/// `ahead`: by how many milliseconds the clock is ahead of the server's now.
fn said(status: &Status, ahead: Option<u64>) -> Option<Said> {
    let hours = |problem: &Option<Problem>| match problem {
        Some(Problem::ClockAhead(hours)) => Some(*hours),
        _ => None,
    };
    let waiting: Vec<_> = status.workflows.values().filter_map(|one| hours(&one.problem)).collect();
    let until = waiting.iter().min()?;
    if let Some(ahead) = ahead.filter(|ahead| *ahead > AHEAD) {
        let ahead = span(ahead / HOUR);
        let detail =
            format!("It still is, by {ahead}. Set it right: until then the server takes nothing that is changed here.");
        return Some(Said { detail, action: None });
    }
    let one = waiting.len() == 1;
    let which = if one { "One workflow has" } else { "Some workflows have" };
    let detail = format!(
        "{which} changes from the future, the first of which the server takes in {}. They can come in as {} with the time that it is \
         now. What you see as the original then goes back to what the server has.",
        span(*until),
        if one { "a copy" } else { "copies" },
    );
    if matches!(status.state, State::Offline | State::SignedOut) {
        return Some(Said { detail: format!("{detail} That needs a connection."), action: None });
    }
    Some(Said { detail, action: Some(if one { "Bring in as a copy" } else { "Bring in as copies" }) })
}

/// Milliseconds.
#[expect(clippy::cast_possible_truncation, reason = "an hour")]
const HOUR: u64 = Duration::from_hours(1).as_millis() as u64;

/// So many hours, or days if they are many.
pub(super) fn span(hours: u64) -> String {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    if hours < 72 {
        words::count(number(hours), "hour", "hours")
    } else {
        words::count(number(hours / 24), "day", "days")
    }
}

fn brought(store: &Store, copies: &[WorkflowId]) -> String {
    match copies {
        [] => "What waited is taken back.".into(),
        [copy] => {
            let name = store.summary(*copy).map_or_else(|| "The copy".into(), |copy| format!("“{}”", copy.name));
            format!("{name} has what waited.")
        }
        copies => format!("{} copies have what waited.", copies.len()),
    }
}

fn refused(error: &CopyError) -> String {
    match error {
        CopyError::StillAhead(ahead) => {
            format!("This device’s clock is still ahead, by {}. Set it right first.", span(ahead / HOUR))
        }
        error => format!("Nothing was brought in: {error}."),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use storage::sync::WorkflowStatus;
    use uuid::Uuid;

    use super::*;

    fn status(state: State, problems: &[Option<Problem>]) -> Status {
        let one = |(number, problem): (u128, &Option<Problem>)| {
            let one = WorkflowStatus { included: true, problem: problem.clone(), ..WorkflowStatus::default() };
            (WorkflowId::from_uuid(Uuid::from_u128(number)), one)
        };
        Status { state, workflows: (0..).zip(problems).map(one).collect::<BTreeMap<_, _>>(), ..Status::default() }
    }

    #[test]
    fn it_is_offered_once_the_clock_is_right_and_there_is_a_connection() {
        let ahead = |hours| Some(Problem::ClockAhead(hours));
        let up = State::UpToDate;
        assert!(said(&status(up, &[None, Some(Problem::Forbidden)]), None).is_none());
        let one = said(&status(up, &[ahead(8_736), None]), None).unwrap();
        assert_eq!(one.action, Some("Bring in as a copy"));
        assert!(one.detail.contains("in 364 days"), "{}", one.detail);
        let two = said(&status(up, &[ahead(8_736), ahead(5)]), Some(AHEAD)).unwrap();
        assert_eq!(two.action, Some("Bring in as copies"));
        assert!(two.detail.contains("in 5 hours"), "{}", two.detail);
        let still = said(&status(up, &[ahead(5)]), Some(30 * HOUR)).unwrap();
        assert_eq!(still.action, None);
        assert!(still.detail.contains("by 30 hours") && still.detail.contains("Set it right"), "{}", still.detail);
        let offline = said(&status(State::Offline, &[ahead(5)]), None).unwrap();
        assert_eq!(offline.action, None);
        assert!(offline.detail.ends_with("needs a connection."));
    }
}
