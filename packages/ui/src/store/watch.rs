//! Who shows what.
//!
//! A component names the topic that it depends on and is rendered again when that topic changes, and only then. There is
//! an entry only for what is mounted: a workflow of 10,000 nodes costs nothing until they are shown.

use std::{cell::RefCell, sync::Arc};

use dioxus::{
    core::{ScopeId, current_scope_id, schedule_update},
    prelude::*,
};
use rustc_hash::FxHashMap;
use storage::model::{AssetId, EdgeId, NodeId, WorkflowId};

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
    /// Which nodes and edges there are in the open workflow, and which of them are near the view.
    Graph,
    /// Where any of the nodes is.
    Places,
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
    /// What is known of an asset.
    Asset(AssetId),
    /// Whether the folder that the user chose can be used.
    Folder,
    /// Which files are on their way in.
    Arrivals,
    /// How far one of them has come.
    Arrival(u64),
    /// Whether a newer build works on the data.
    Newer,
    /// Whether the stored data was deleted under us.
    Deleted,
}

/// Has one component rendered again.
type Render = Arc<dyn Fn() + Send + Sync>;

/// The mounted components, by topic.
#[derive(Default)]
pub(super) struct Watchers {
    by_topic: RefCell<FxHashMap<Topic, Vec<(ScopeId, Render)>>>,
}

impl Watchers {
    fn add(&self, topic: Topic, scope: ScopeId, render: Render) {
        self.by_topic.borrow_mut().entry(topic).or_default().push((scope, render));
    }

    fn remove(&self, topic: Topic, scope: ScopeId) {
        let mut all = self.by_topic.borrow_mut();
        if let Some(watchers) = all.get_mut(&topic) {
            watchers.retain(|(here, _)| *here != scope);
            if watchers.is_empty() {
                all.remove(&topic);
            }
        }
    }

    /// Whether anything mounted shows `topic`.
    pub(super) fn is_watched(&self, topic: Topic) -> bool {
        self.by_topic.borrow().contains_key(&topic)
    }

    /// Has everything rendered again that shows `topic`.
    pub(super) fn changed(&self, topic: Topic) {
        let watchers = self.by_topic.borrow().get(&topic).cloned().unwrap_or_default();
        for (_, render) in watchers {
            render();
        }
    }
}

/// Renders the component again whenever `topic` changes. The topic must stay the same for as long as the component is mounted.
pub fn use_topic(store: &Store, topic: Topic) {
    let scope = use_hook(|| {
        let scope = current_scope_id();
        store.watchers().add(topic, scope, schedule_update());
        scope
    });
    let watching = store.clone();
    use_drop(move || watching.watchers().remove(topic, scope));
}
