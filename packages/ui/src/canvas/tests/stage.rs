//! The canvas and the inspector over a workflow in memory, and ways to look at what was rendered.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use dioxus::{
    core::{AttributeValue, DynamicNode, NoOpMutations, ScopeId, VNode},
    prelude::*,
};
use storage::{
    Event as StorageEvent, Session,
    backend::memory::Memory,
    blobs::{MemoryPlace, Place},
    model::{EdgeId, Ends, Json, NodeId, Object, Point, Size, Viewport},
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::super::{Canvas, Editor};
use crate::{
    media::Ingest,
    panels::{
        Inspector, Panels,
        storage::{StorageDesk, StoragePanel},
        sync::{SyncDesk, SyncPanel},
    },
    store::Store,
    viewer::{Viewer, ViewerDialog},
    widgets::{Toaster, Toasts},
};

/// How large the canvas is. Beyond that lies a margin of 120 in which there are elements too.
pub const SIZE: Size = Size { width: 1000., height: 800. };

/// A canvas that shows the world at its own size, from its origin.
pub struct Stage {
    pub store: Store,
    pub editor: Editor,
    pub(super) dom: VirtualDom,
    events: UnboundedReceiver<StorageEvent>,
}

#[component]
fn Window() -> Element {
    let store: Store = use_context();
    let toaster = Toaster::provide();
    use_context_provider(|| Editor::new(store.clone(), toaster));
    use_context_provider(Panels::new);
    let desk = use_context_provider(StorageDesk::new);
    use_context_provider(SyncDesk::new);
    use_context_provider(Viewer::new);
    use_context_provider(|| Ingest::new(store.clone(), toaster, desk));
    rsx! {
        Canvas {}
        Inspector {}
        Toasts {}
        StoragePanel {}
        SyncPanel {}
        ViewerDialog {}
    }
}

impl Stage {
    /// An empty workflow into which `fill` has put something before it is shown.
    pub async fn new<T>(fill: impl FnOnce(&Store) -> T) -> (Self, T) {
        Self::on(Arc::new(MemoryPlace::default()), fill).await
    }

    /// The same with a place for media.
    pub async fn on<T>(place: Arc<dyn Place>, fill: impl FnOnce(&Store) -> T) -> (Self, T) {
        let (session, events) = Session::on_places(Arc::new(Memory::new()), None, place).await.unwrap();
        let store = Store::open(session).await.unwrap();
        store.open_workflow(store.create_workflow("A")).await.unwrap();
        let filled = fill(&store);
        store.set_viewport(Viewport { x: 0., y: 0., zoom: 1. });
        let mut dom = VirtualDom::new(Window).with_root_context(store.clone());
        dom.rebuild_in_place();
        let editor = dom.in_scope(ScopeId::APP, consume_context::<Editor>);
        let mut stage = Self { store, editor, dom, events };
        stage.act(|stage| stage.clone().resized(SIZE));
        (stage, filled)
    }

    /// Does something as an event handler would, and renders what that changed.
    pub fn act<T>(&mut self, act: impl FnOnce(&Editor) -> T) -> T {
        let editor = self.editor.clone();
        let done = self.dom.in_scope(ScopeId::APP, || act(&editor));
        self.render();
        done
    }

    pub(super) fn render(&mut self) {
        // The first time effects may run, and ask for more.
        for _ in 0..3 {
            self.dom.render_immediate(&mut NoOpMutations);
        }
    }

    /// Lets tasks go on until `done`, and renders what they changed.
    pub async fn until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        for _ in 0..200 {
            self.render();
            if done(self) {
                return;
            }
            let wait = Duration::from_millis(20);
            let _nothing_to_do = tokio::time::timeout(wait, self.dom.wait_for_work()).await;
        }
        panic!("never: {what}\n{}", self.html());
    }

    /// A context of the window's.
    pub fn context<T: Clone + 'static>(&self) -> T {
        self.dom.in_scope(ScopeId::APP, consume_context::<T>)
    }

    /// Waits until everything is stored, and hears of it.
    pub async fn settle(&mut self) {
        self.store.session().flush().await;
        let (tell, events) = unbounded_channel();
        while let Ok(event) = self.events.try_recv() {
            tell.send(event).unwrap();
        }
        drop(tell);
        self.store.clone().listen(events).await;
    }

    /// Which components were rendered because of `act`: their names, each with the node or edge that it is on, if any.
    pub fn rendered_by(&mut self, act: impl FnOnce(&Editor)) -> BTreeSet<String> {
        let before = self.components();
        self.act(act);
        self.newer_than(&before)
    }

    /// Like [`Stage::rendered_by`], for what storage says.
    pub async fn rendered_by_settling(&mut self) -> BTreeSet<String> {
        let before = self.components();
        self.settle().await;
        self.render();
        self.newer_than(&before)
    }

    fn newer_than(&self, before: &BTreeMap<ScopeId, (String, VNode)>) -> BTreeSet<String> {
        // What a component has rendered is a new object each time.
        let is_new = |id: &ScopeId, node: &VNode| before.get(id).is_none_or(|(_, old)| old != node);
        let now = self.components().into_iter();
        now.filter(|(id, (_, node))| is_new(id, node)).map(|(_, (name, _))| name).collect()
    }

    /// The names of all components that are mounted.
    pub fn mounted(&self) -> Vec<String> {
        self.components().into_values().map(|(name, _)| name).collect()
    }

    fn components(&self) -> BTreeMap<ScopeId, (String, VNode)> {
        let mut found = BTreeMap::new();
        self.walk(self.dom.base_scope().root_node(), "", &mut found);
        found
    }

    fn walk(&self, node: &VNode, on: &str, found: &mut BTreeMap<ScopeId, (String, VNode)>) {
        for (index, dynamic) in node.dynamic_nodes.iter().enumerate() {
            match dynamic {
                DynamicNode::Component(component) => {
                    let scope = component.mounted_scope(index, node, &self.dom).unwrap();
                    let root = scope.root_node();
                    let on = id_of(root).unwrap_or_else(|| on.to_owned());
                    // Some builds of Dioxus give a component's whole path.
                    let name = component.name.rsplit("::").next().unwrap_or_default();
                    found.insert(scope.id(), (format!("{name} {on}").trim_end().to_owned(), root.clone()));
                    self.walk(root, &on, found);
                }
                DynamicNode::Fragment(nodes) => nodes.iter().for_each(|node| self.walk(node, on, found)),
                DynamicNode::Text(_) | DynamicNode::Placeholder(_) => {}
            }
        }
    }

    /// The page.
    pub fn html(&self) -> String {
        dioxus_ssr::render(&self.dom)
    }

    /// The start of the one element that has this attribute, up to its content.
    pub fn tag(&self, attribute: &str) -> String {
        let html = self.html();
        let found: Vec<_> = html.split('<').filter(|tag| tag.contains(attribute)).collect();
        assert_eq!(found.len(), 1, "{attribute}: {html}");
        found[0].split('>').next().unwrap().to_owned()
    }

    /// A node's card.
    pub fn card(&self, id: NodeId) -> String {
        let html = self.html();
        let (_, rest) = html.split_once(&format!("data-node-id=\"{id}\"")).unwrap_or_else(|| panic!("{html}"));
        rest.split("</article>").next().unwrap().to_owned()
    }
}

/// The node or edge whose element this is.
fn id_of(node: &VNode) -> Option<String> {
    let attributes = node.dynamic_attrs.iter().flat_map(|all| all.iter());
    let mut ids = attributes.filter(|attribute| matches!(attribute.name, "data-node-id" | "data-edge-id"));
    match &ids.next()?.value {
        AttributeValue::Text(id) => Some(id.clone()),
        _ => None,
    }
}

pub fn add(store: &Store, kind: &str, x: f64, y: f64) -> NodeId {
    store.add_node(kind, Point { x, y }).unwrap()
}

pub fn set(store: &Store, id: NodeId, key: &str, value: impl Into<Json>) {
    store.update_node_config(id, &Object::from_iter([(key, value.into())]));
}

pub fn connect(store: &Store, (source, output): (NodeId, &str), (target, input): (NodeId, &str)) -> EdgeId {
    let (source_handle, target_handle) = (Some(output.into()), Some(input.into()));
    store.connect(Ends { source, target, source_handle, target_handle }).unwrap()
}
