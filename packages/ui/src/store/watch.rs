//! Who shows what.
//!
//! A component names the topic that it depends on and is rendered again when that topic changes, and only then. There is a
//! signal only for what is mounted: a workflow of 10,000 nodes costs nothing until they are shown.

use std::cell::RefCell;

use dioxus::prelude::*;
use rustc_hash::FxHashMap;
use storage::model::{EdgeId, NodeId, WorkflowId};

use super::Store;

/// Something that can change by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// Which workflows there are.
    Library,
    /// A workflow's name or counts.
    Workflow(WorkflowId),
    /// Which workflow is open, and whether it has been loaded.
    Open,
    /// Which nodes and edges there are in the open workflow, and roughly where.
    Graph,
    /// What a node shows.
    Node(NodeId),
    /// Where a node is and how large.
    Place(NodeId),
    /// An edge's ends.
    Edge(EdgeId),
    /// Whether a node is selected.
    NodeSelected(NodeId),
    /// Whether an edge is selected.
    EdgeSelected(EdgeId),
    /// What is selected.
    Selection,
    /// Which part of the world is shown.
    Viewport,
}

/// The signals of the mounted components, by topic.
#[derive(Default)]
pub(super) struct Watchers(RefCell<FxHashMap<Topic, Vec<Signal<u32>>>>);

impl Watchers {
    fn add(&self, topic: Topic, signal: Signal<u32>) {
        self.0.borrow_mut().entry(topic).or_default().push(signal);
    }

    fn remove(&self, topic: Topic, signal: Signal<u32>) {
        let mut all = self.0.borrow_mut();
        if let Some(signals) = all.get_mut(&topic) {
            signals.retain(|here| *here != signal);
            if signals.is_empty() {
                all.remove(&topic);
            }
        }
    }

    /// Has everything rendered again that shows `topic`.
    pub(super) fn changed(&self, topic: Topic) {
        let signals = self.0.borrow().get(&topic).cloned().unwrap_or_default();
        for mut signal in signals {
            signal += 1;
        }
    }
}

/// Renders the component again whenever `topic` changes. The topic must stay the same for as long as the component is mounted.
pub fn use_topic(store: &Store, topic: Topic) {
    let signal = use_hook(|| {
        let signal = Signal::new(0);
        store.watchers().add(topic, signal);
        signal
    });
    let watching = store.clone();
    use_drop(move || watching.watchers().remove(topic, signal));
    // Reading is what subscribes.
    signal.read();
}
