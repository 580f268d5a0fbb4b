//! The one store: memory, which is the truth for what is shown.
//!
//! Every action makes patches with stamps, merges them into memory, puts them into the writer's queue and names what changed,
//! in that order and before it returns. What storage says, of its own commits or of another tab's, is merged into memory
//! register by register by the same merge. Nothing is written while rendering.

mod assets;
mod bridge;
mod document;
mod edges;
mod library;
mod nodes;
mod opening;
mod patch;
mod restore;
mod selection;
#[cfg(test)]
mod tests;
mod watch;
mod workflows;

use std::{
    cell::{Ref, RefCell, RefMut},
    collections::BTreeSet,
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering},
};

use dioxus::prelude::*;
use rustc_hash::FxHashMap;
use storage::{
    Session,
    backend::Batch,
    model::{AssetId, EdgeId, Ends, EntityKey, NodeId, Part, Point, Registers, Stamp, Summary, Viewport, WorkflowId},
};

pub use self::{
    assets::{Known, use_asset},
    document::{Content, Document, Side},
    library::Library,
    selection::{Removed, Selection},
    watch::{Topic, use_topic},
};
use self::{opening::Opening, watch::Watchers};
use crate::canvas::geometry::Rect;

/// How many stores there were in this process.
static WINDOWS: AtomicU64 = AtomicU64::new(0);

/// The store. Clones share it.
#[derive(Clone)]
pub struct Store(Rc<Inner>);

struct Inner {
    session: Session,
    /// Tells this window from others of the session.
    window: u64,
    state: RefCell<State>,
    watchers: Watchers,
    /// Whether a newer build had written what was opened.
    was_newer: bool,
}

#[derive(Default)]
struct State {
    library: Library,
    open: Option<Document>,
    opening: Option<Opening>,
    /// How many workflows were asked for.
    turns: u64,
    viewport: Option<Viewport>,
    /// Whether the viewport isn't stored yet.
    viewport_moved: bool,
    /// The part of the world that is near the view.
    area: Rect,
    selection: Selection,
    /// What is known of the media that is shown.
    assets: FxHashMap<AssetId, Known>,
    /// The workflows that are open in other tabs or windows.
    elsewhere: BTreeSet<WorkflowId>,
    /// Whether something that another tab stored could not be read.
    missed: bool,
    /// The schema of a newer build that works on the data; then nothing here is changed any more.
    newer: Option<u32>,
    /// What was lost when the stored data was deleted, until the user has seen it.
    deletion: Option<bridge::Deletion>,
}

impl PartialEq for Store {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// The store of this window.
pub fn use_store() -> Store {
    use_context()
}

impl Store {
    /// The store of an open session, with the library read.
    ///
    /// # Errors
    /// The library can't be read.
    pub async fn open(session: Session) -> storage::Result<Self> {
        let library = Library::new(session.workflows().await?);
        let newer = session.newer();
        let state = RefCell::new(State { library, newer, ..State::default() });
        let window = WINDOWS.fetch_add(1, Ordering::Relaxed);
        let (watchers, was_newer) = (Watchers::default(), newer.is_some());
        Ok(Self(Rc::new(Inner { session, window, state, watchers, was_newer })))
    }

    /// The session beneath.
    pub fn session(&self) -> &Session {
        &self.0.session
    }

    fn watchers(&self) -> &Watchers {
        &self.0.watchers
    }

    fn state(&self) -> Ref<'_, State> {
        self.0.state.borrow()
    }

    fn state_mut(&self) -> RefMut<'_, State> {
        self.0.state.borrow_mut()
    }

    fn stamp(&self) -> Stamp {
        self.0.session.stamp()
    }

    /// Applies patches to memory, sends them to the disk and has what shows them rendered again.
    ///
    /// Does nothing once a newer build works on the data: what can't be stored must not look as if it were.
    fn apply(&self, mut patches: Vec<(EntityKey, Registers)>) {
        if self.newer().is_some() {
            return self.notify(vec![Topic::Newer]);
        }
        patches.retain(|(_, patch)| !patch.is_empty());
        let mut batch = Batch::new();
        for (key, patch) in &patches {
            batch.merge(*key, patch);
        }
        let topics = self.merge(patches.iter().map(|(key, patch)| (*key, patch)));
        self.session().write(batch);
        self.notify(topics);
    }

    /// Merges registers into memory and says what that changed.
    fn merge<'a>(&self, patches: impl Iterator<Item = (EntityKey, &'a Registers)>) -> Vec<Topic> {
        let state = &mut *self.state_mut();
        let mut topics = Vec::new();
        for (key, patch) in patches {
            if key.part == Part::Itself {
                topics.extend(state.library.merge(key.workflow, patch));
            }
            if let Some(opening) = state.opening.as_mut().filter(|opening| opening.id == key.workflow) {
                opening.meanwhile.push((key.part, patch.clone()));
            }
            if let Some(document) = state.open.as_mut().filter(|document| document.id() == key.workflow) {
                topics.extend(document.merge(key.part, patch, &state.area));
            }
        }
        if topics.contains(&Topic::Graph) {
            topics.extend(state.forget_selected());
        }
        topics
    }

    /// Has everything rendered again that shows one of the topics.
    pub(crate) fn notify(&self, mut topics: Vec<Topic>) {
        topics.sort_unstable();
        topics.dedup();
        for topic in topics {
            self.0.watchers.changed(topic);
        }
    }
}

/// What is near the view.
impl Store {
    /// Says which part of the world has elements. What enters or leaves it from now on changes [`Topic::Graph`].
    pub fn set_area(&self, area: Rect) {
        self.state_mut().area = area;
    }
}

/// What components ask. Each names the [`Topic`] by which its answer changes.
impl Store {
    /// The workflows that there are, newest first. [`Topic::Library`]
    pub fn workflows(&self) -> Vec<WorkflowId> {
        self.state().library.ids()
    }

    /// Why some workflows couldn't be read when the library was.
    pub fn unreadable_workflows(&self) -> Vec<storage::Error> {
        self.state().library.unreadable().to_vec()
    }

    /// A workflow's name and counts. [`Topic::Workflow`]
    pub fn summary(&self, id: WorkflowId) -> Option<Summary> {
        self.state().library.summary(id)
    }

    /// Whether a workflow is open in another tab or window. [`Topic::Workflow`]
    pub fn is_elsewhere(&self, id: WorkflowId) -> bool {
        self.state().elsewhere.contains(&id)
    }

    /// Whether a workflow is open in any other tab or window.
    pub fn is_any_elsewhere(&self) -> bool {
        !self.state().elsewhere.is_empty()
    }

    /// The schema of a newer build that works on the data, if one does. [`Topic::Newer`]
    pub fn newer(&self) -> Option<u32> {
        self.state().newer
    }

    /// Whether that was so when the data was opened.
    pub fn was_newer(&self) -> bool {
        self.0.was_newer
    }

    /// The open workflow. [`Topic::Open`]
    pub fn open_id(&self) -> Option<WorkflowId> {
        self.state().open.as_ref().map(Document::id)
    }

    /// The workflow that is being loaded. [`Topic::Open`]
    pub fn opening(&self) -> Option<WorkflowId> {
        self.state().opening.as_ref().map(|opening| opening.id)
    }

    /// Looks at the open workflow.
    pub fn with_document<T>(&self, look: impl FnOnce(&Document) -> T) -> Option<T> {
        self.state().open.as_ref().map(look)
    }

    /// What a card shows of a node. [`Topic::Node`]
    pub fn content(&self, id: NodeId) -> Option<Rc<Content>> {
        self.state().open.as_ref()?.content(id)
    }

    /// Where a node is. [`Topic::Place`]
    pub fn rect(&self, id: NodeId) -> Option<Rect> {
        self.state().open.as_ref()?.rect(id)
    }

    /// An edge's ends and where they are. [`Topic::Edge`], and [`Topic::Place`] of both nodes
    pub fn edge(&self, id: EdgeId) -> Option<(Ends, Point, Point)> {
        let state = self.state();
        let document = state.open.as_ref()?;
        let ends = document.ends(id)?;
        let (from, to) = document.edge_points(ends)?;
        Some((ends.clone(), from, to))
    }

    /// How many nodes the open workflow has. [`Topic::Graph`]
    pub fn node_count(&self) -> usize {
        self.state().open.as_ref().map_or(0, Document::node_count)
    }

    /// What is selected. [`Topic::Selection`]
    pub fn selection(&self) -> Selection {
        self.state().selection.clone()
    }

    /// Whether a node is selected. [`Topic::NodeSelected`]
    pub fn is_node_selected(&self, id: NodeId) -> bool {
        self.state().selection.nodes.contains(&id)
    }

    /// Whether an edge is selected. [`Topic::EdgeSelected`]
    pub fn is_edge_selected(&self, id: EdgeId) -> bool {
        self.state().selection.edges.contains(&id)
    }

    /// Where the user looked last. None: the workflow was never looked at. [`Topic::Viewport`]
    pub fn viewport(&self) -> Option<Viewport> {
        self.state().viewport
    }
}
