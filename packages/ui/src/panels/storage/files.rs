//! Every file that is kept.

use dioxus::prelude::*;

use super::{
    clean_up::{Named, ROW},
    use_counted,
};
use crate::{media::words, widgets::VirtualList};

/// How high the list is at most, in pixels.
const LIST: f64 = 8. * ROW;

/// The section.
#[component]
pub fn Files(version: u64) -> Element {
    let Some(counted) = use_counted() else { return VNode::empty() };
    let count = counted.figures.files;
    let row = use_callback(move |index: usize| {
        rsx! {
            File { index, version }
        }
    });
    rsx! {
        section {
            div { class: "row",
                h3 { class: "h grow", "All files" }
                span { class: "q s12 num", "{words::grouped(count)}, largest first" }
            }
            div { class: "card",
                VirtualList { label: "All files", count, row_height: ROW, height: LIST, version, row }
            }
        }
    }
}

#[component]
fn File(index: usize, version: u64) -> Element {
    let Some(counted) = use_counted() else { return VNode::empty() };
    let at = counted.figures.order.get(index);
    let Some(asset) = at.and_then(|at| counted.usage.assets.get(*at)) else { return VNode::empty() };
    let used = match counted.figures.uses.get(&asset.id) {
        Some(nodes) => words::count(*nodes, "node", "nodes"),
        None if counted.figures.knows_uses => "Not used".into(),
        None => String::new(),
    };
    rsx! {
        div { class: "lrow c3 file", "data-storage-asset": "{asset.id}", "data-version": "{version}",
            Named { asset: asset.clone() }
            span { class: "q s12 num end", "{used}" }
            span { class: "num end", "{words::size(asset.bytes)}" }
        }
    }
}
