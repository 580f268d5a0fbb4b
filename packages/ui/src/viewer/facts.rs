//! What is known of what is shown.

use std::collections::BTreeSet;

use dioxus::prelude::*;
use storage::{
    blobs::Where,
    model::{Asset, AssetId, NodeId, WorkflowId},
};

use super::{Item, Reel, ShowInWorkflow, Showing};
use crate::{
    media::words,
    store::{Known, Store, use_asset, use_store},
};

/// The panel at the right.
#[component]
pub fn Facts(reel: Reel, item: Item, compares: bool) -> Element {
    let showing: Showing = use_context();
    let b = (showing.b)().filter(|_| compares).and_then(|b| reel.item(b).cloned());
    rsx! {
        aside { aria_label: "Facts",
            if let Some(b) = b {
                Differs { key: "{item.asset}-{b.asset}", a: item.asset, b: b.asset }
            }
            Kept { key: "{item.asset}", asset: item.asset, node: item.node }
            div { class: "stack last", ShowInWorkflow { node: item.node } }
        }
    }
}

/// What two pictures don't have in common.
#[component]
fn Differs(a: AssetId, b: AssetId) -> Element {
    let store = use_store();
    let (one, other) = (use_asset(&store, a), use_asset(&store, b));
    let (Some(one), Some(other)) = (one.row(), other.row()) else { return VNode::empty() };
    let rows = differences(one, other);
    rsx! {
        div {
            h3 { class: "h", "What differs" }
            if rows.is_empty() {
                p { class: "q s12", "Nothing: they are the same content." }
            } else {
                div { class: "diff num",
                    span {}
                    span { class: "hd", "A" }
                    span { class: "hd", "B" }
                    for (label , a , b) in rows {
                        span { class: "hd", "{label}" }
                        span { class: "cut", title: "{a}", "{a}" }
                        span { class: "ch cut", title: "{b}", "{b}" }
                    }
                }
            }
        }
    }
}

/// Each fact in which two contents differ.
fn differences(a: &Asset, b: &Asset) -> Vec<(&'static str, String, String)> {
    if a.id == b.id {
        return Vec::new();
    }
    let measures = |asset: &Asset| words::measures(asset).unwrap_or_else(|| "not known".into());
    let rows = [
        ("Name", words::name(a), words::name(b)),
        ("Type", words::kind(&a.mime), words::kind(&b.mime)),
        ("Pixels", measures(a), measures(b)),
        ("Size", words::size(a.bytes), words::size(b.bytes)),
    ];
    rows.into_iter().filter(|(_, a, b)| a != b).collect()
}

/// What it is and where it is kept.
#[component]
fn Kept(asset: AssetId, node: NodeId) -> Element {
    let store = use_store();
    let known = use_asset(&store, asset);
    let uses = {
        let store = store.clone();
        use_resource(move || {
            let store = store.clone();
            async move { used_by(&store, asset, node).await }
        })
    };
    let used = uses.read().clone().unwrap_or_default();
    match &known {
        Known::Here(row) => rsx! {
            dl { class: "facts",
                dt { "Name" }
                dd { "{words::name(row)}" }
                dt { "Type" }
                dd { "{words::kind(&row.mime)}" }
                if let Some(measures) = words::measures(row) {
                    dt { "Pixels" }
                    dd { class: "num", "{measures}" }
                }
                if let Some(duration) = row.duration {
                    dt { "Plays" }
                    dd { class: "num", "{words::duration(duration)}" }
                }
                dt { "Size" }
                dd { class: "num", "{words::size(row.bytes)}" }
                dt { "Kept" }
                dd { "{words::place(Where::of(&row.place))}" }
                dt { "Used by" }
                dd { "{used}" }
                dt { "Hash" }
                dd { class: "mono cut", title: "{row.hash}", "{words::hash(&row.hash)}" }
            }
        },
        Known::Missing => rsx! {
            p { class: "q", "It is not on this device. What the workflow knows of it stays." }
        },
        Known::Asked => VNode::empty(),
    }
}

/// Which nodes and workflows use a content, in words.
async fn used_by(store: &Store, asset: AssetId, node: NodeId) -> String {
    match store.session().assets().uses(asset).await {
        Ok(uses) => {
            let uses = uses.iter().map(|one| (one.workflow, one.node));
            // The one that is looked at may not be stored yet.
            let this = store.open_id().map(|workflow| (workflow, node));
            in_words(store, &uses.chain(this).collect())
        }
        Err(error) => format!("It can’t be told: {error}"),
    }
}

fn in_words(store: &Store, uses: &BTreeSet<(WorkflowId, NodeId)>) -> String {
    let open = store.open_id();
    let (mut here, mut elsewhere) = (Vec::new(), Vec::new());
    for (workflow, node) in uses {
        if Some(*workflow) == open {
            here.extend(store.content(*node).map(|content| content.shape.title.clone()));
        } else if let Some(summary) = store.summary(*workflow)
            && !elsewhere.contains(&summary.name)
        {
            elsewhere.push(summary.name);
        }
    }
    let mut parts = Vec::new();
    match here.len() {
        0 => {}
        1..=3 => parts.push(here.join(", ")),
        many => parts.push(words::count(many, "node of this workflow", "nodes of this workflow")),
    }
    match elsewhere.len() {
        0 => {}
        1 => parts.push(format!("the workflow “{}”", elsewhere[0])),
        many => parts.push(words::count(many, "other workflow", "other workflows")),
    }
    parts.join(", and ")
}
