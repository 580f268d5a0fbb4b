//! Files on their way, on the canvas.

use dioxus::prelude::*;

use super::{Arrival, Ingest, Stage, words};
use crate::{
    canvas::{
        geometry::{CARD_WIDTH, Rect, ports_end},
        keep_press,
    },
    store::{Topic, use_store, use_topic},
    widgets::{Icon, IconName},
};

/// How high a card is while its file comes in, in world units.
const HEIGHT: f64 = 152.;

/// Cards of files that aren't nodes yet.
#[component]
pub fn Arrivals() -> Element {
    let store = use_store();
    let ingest: Ingest = use_context();
    use_topic(&store, Topic::Arrivals);
    use_topic(&store, Topic::Open);
    let coming = store.open_id().map(|workflow| ingest.arrivals(workflow)).unwrap_or_default();
    rsx! {
        for id in coming {
            Coming { key: "{id}", id }
        }
    }
}

/// One of them.
#[component]
fn Coming(id: u64) -> Element {
    let store = use_store();
    let ingest: Ingest = use_context();
    use_topic(&store, Topic::Arrival(id));
    let Some(arrival) = ingest.arrival(id) else { return VNode::empty() };
    // It lies over what it will replace.
    let over = arrival.into.and_then(|node| store.rect(node));
    let at = over.as_ref().map_or(arrival.at, Rect::corner);
    let (width, height) = over.map_or((CARD_WIDTH, HEIGHT), |rect| (rect.width(), rect.height().max(HEIGHT)));
    let failed = matches!(arrival.stage, Stage::Failed(_));
    let name = arrival.name.clone();
    let stage = match arrival.stage {
        Stage::Waiting => "waiting",
        Stage::Coming(_) | Stage::Looking => "coming",
        Stage::Failed(_) => "failed",
    };
    rsx! {
        article {
            class: "node arriving",
            "data-arrival": "{id}",
            "data-arrival-state": stage,
            "data-status": if failed { "error" },
            aria_label: "{name}, on its way",
            transform: "translate({at.x}px, {at.y}px)",
            width: "{width}px",
            // What a failure says may be longer.
            min_height: "{height}px",
            onpointerdown: |event| event.stop_propagation(),
            ondoubleclick: |event| event.stop_propagation(),
            onkeydown: |event| keep_press(&event),
            header { class: "top",
                Icon { name: IconName::Upload }
                h3 { class: "title cut", title: "{name}", "{name}" }
                State { arrival: arrival.clone() }
            }
            Progress { arrival: arrival.clone() }
            Rest { arrival }
        }
    }
}

/// How far it is, in the header.
#[component]
fn State(arrival: Arrival) -> Element {
    match arrival.stage {
        Stage::Waiting => rsx! {
            span { class: "state",
                Icon { name: IconName::Clock3 }
                "Waits"
            }
        },
        Stage::Coming(done) => rsx! {
            span { class: "state run", "{words::percent(done, arrival.bytes)}%" }
        },
        Stage::Looking => rsx! {
            span { class: "state run", "100%" }
        },
        Stage::Failed(_) => rsx! {
            span { class: "state error",
                Icon { name: IconName::CircleAlert }
                "Failed"
            }
        },
    }
}

/// The line under the header.
#[component]
fn Progress(arrival: Arrival) -> Element {
    let percent = match arrival.stage {
        Stage::Waiting | Stage::Failed(_) => return VNode::empty(),
        Stage::Coming(done) => words::percent(done, arrival.bytes),
        Stage::Looking => 100,
    };
    rsx! {
        div {
            class: "progress",
            role: "progressbar",
            aria_label: "{arrival.name}",
            aria_valuenow: "{percent}",
            aria_valuemin: 0,
            aria_valuemax: 100,
            i { width: "{percent}%" }
        }
    }
}

/// What is below: figures and Cancel, or what went wrong and what to do.
#[component]
fn Rest(arrival: Arrival) -> Element {
    let ingest: Ingest = use_context();
    let id = arrival.id;
    let (removed, retried, storage) = (ingest.clone(), ingest.clone(), ingest);
    let figures = match &arrival.stage {
        Stage::Failed(failure) => {
            let full = failure.full;
            return rsx! {
                div { class: "oops", role: "alert",
                    b { "Not added" }
                    "{failure.words}"
                    div { class: "row",
                        button { class: "nbtn", onclick: move |_| retried.retry(id), "Try again" }
                        if full {
                            button { class: "nbtn", onclick: move |_| storage.open_storage(), "Storage…" }
                        }
                        button { class: "nbtn bare", onclick: move |_| removed.remove(id), "Remove" }
                    }
                }
            };
        }
        Stage::Waiting => format!("{}, after others", words::size(arrival.bytes)),
        Stage::Coming(done) => format!("{} of {}", words::size(*done), words::size(arrival.bytes)),
        Stage::Looking => format!("{}, being looked at", words::size(arrival.bytes)),
    };
    // Cards are as high as their ports would be, so that the picture appears where this was.
    let top = ports_end(1) - ports_end(0);
    rsx! {
        div { class: "media", margin_top: "{top}px" }
        footer { class: "foot",
            span { class: "grow num", "{figures}" }
            button { class: "nbtn bare", onclick: move |_| removed.remove(id), "Cancel" }
        }
    }
}
