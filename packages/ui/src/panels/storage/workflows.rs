//! Which workflow takes how much.

use dioxus::prelude::*;

use super::{
    figures::{Share, Split, kind_class},
    use_counted,
};
use crate::{
    media::words,
    store::{Store, Topic, use_store, use_topic},
};

/// So many have a row of their own.
const ROWS: usize = 5;

/// The section.
#[component]
pub fn Workflows(version: u64) -> Element {
    let store = use_store();
    use_topic(&store, Topic::Library);
    let mut all = use_signal(|| false);
    let Some(counted) = use_counted() else { return VNode::empty() };
    let shares = &counted.figures.workflows;
    if !counted.figures.knows_uses {
        // About as high as it will be, so that nothing jumps.
        let rows = store.workflows().len().min(ROWS + 1);
        if rows == 0 {
            return VNode::empty();
        }
        return rsx! {
            section { "aria-hidden": "true",
                h3 { class: "h", "By workflow" }
                div { class: "card",
                    for row in 0..rows {
                        div { key: "{row}", class: "lrow use",
                            span { class: "q", "…" }
                            span { class: "bartrack" }
                            span {}
                        }
                    }
                }
                p { class: "below s12", "\u{a0}" }
            }
        };
    }
    if shares.is_empty() {
        return VNode::empty();
    }
    let most = shares[0].split.total();
    // A single one behind "others" could as well be shown.
    let shown = if all() || shares.len() <= ROWS + 1 { shares.len() } else { ROWS };
    let others = shares.len() - shown;
    let rest: u64 = shares[shown..].iter().map(|share| share.split.total()).sum();
    rsx! {
        section { "data-version": "{version}",
            h3 { class: "h", "By workflow" }
            div { class: "card",
                for share in &shares[..shown] {
                    div { key: "{share.workflow}", class: "lrow use", "data-storage-workflow": "{share.workflow}", "data-bytes": "{share.split.total()}",
                        span { class: "cut", title: "{name(&store, share)}", "{name(&store, share)}" }
                        Bar { split: share.split.clone(), most }
                        span { class: "num end", "{words::size(share.split.total())}" }
                    }
                }
                if others > 0 {
                    div { class: "lrow",
                        button { class: "link", onclick: move |_| all.set(true), "{words::count(others, \"other\", \"others\")}" }
                        span { class: "num end", "{words::size(rest)}" }
                    }
                }
            }
            p { class: "qq s12 below", "A file that several workflows use counts for each of them, and is kept once." }
        }
    }
}

fn name(store: &Store, share: &Share) -> String {
    store.summary(share.workflow).map_or_else(|| "A deleted workflow".into(), |summary| summary.name)
}

#[component]
fn Bar(split: Split, most: u64) -> Element {
    let share = |bytes: u64| bytes as f64 / (most.max(1)) as f64 * 100.;
    rsx! {
        span { class: "bartrack", "aria-hidden": "true",
            for (kind , bytes) in split.parts() {
                i { key: "{kind_class(kind)}", class: kind_class(kind), width: "{share(bytes)}%" }
            }
        }
    }
}
