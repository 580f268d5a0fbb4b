//! Edges, and the one that is being drawn.

use dioxus::prelude::*;
use storage::model::{EdgeId, Ends, NodeId, Point};

use super::{
    editor::{Editor, use_editor},
    geometry::{self, Rect},
    gesture::PortId,
};
use crate::store::{Document, Side, Store, Topic, use_store, use_topic};

/// An edge snaps to a port from so many CSS pixels.
const SNAP: f64 = 20.;

/// The edges near the view.
#[component]
pub fn Edges() -> Element {
    let store = use_store();
    let editor = use_editor();
    use_topic(&store, Topic::Graph);
    let area = (editor.area)();
    let near = |document: &Document| {
        let (_, edges) = document.within(&area);
        let tied = |id: EdgeId| document.ends(id).map(|ends| (id, ends.source, ends.target));
        edges.into_iter().filter_map(tied).collect::<Vec<_>>()
    };
    let edges = store.with_document(near).unwrap_or_default();
    rsx! {
        for (id , source , target) in edges {
            EdgeLine { key: "{id}{source}{target}", id, source, target }
        }
    }
}

#[component]
fn EdgeLine(id: EdgeId, source: NodeId, target: NodeId) -> Element {
    let store = use_store();
    let editor = use_editor();
    use_topic(&store, Topic::Edge(id));
    use_topic(&store, Topic::EdgeSelected(id));
    for node in [source, target] {
        use_topic(&store, Topic::Place(node));
        use_topic(&store, Topic::NodeSelected(node));
    }
    let Some((ends, from, to)) = store.edge(id) else { return VNode::empty() };
    let selected = store.is_edge_selected(id);
    let on = store.is_node_selected(source) || store.is_node_selected(target);
    let kind = port_shape(&store, &PortId::of(source, Side::Out, ends.source_handle.as_deref()));
    let path = geometry::path(from, to);
    rsx! {
        g {
            class: "edge",
            class: if on { "on" },
            class: if selected { "is-selected" },
            "data-edge-id": "{id}",
            "data-source": "{source}",
            "data-target": "{target}",
            "data-kind": kind,
            onpointerdown: move |event| editor.press_edge(id, &event),
            path { class: "hit", d: "{path}" }
            path { d: "{path}" }
        }
    }
}

impl PortId {
    fn of(node: NodeId, side: Side, handle: Option<&str>) -> Self {
        Self { node, side, handle: handle.unwrap_or_default().to_owned() }
    }
}

/// How what goes through a port is drawn.
fn port_shape(store: &Store, port: &PortId) -> &'static str {
    let Some(content) = store.content(port.node) else { return "any" };
    let ports = if port.side == Side::In { &content.shape.inputs } else { &content.shape.outputs };
    ports.iter().find(|one| one.handle == port.handle).map_or("any", |one| one.kind.shape().name())
}

/// The edge that is being drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct DraftEdge {
    from: Point,
    to: Point,
    kind: &'static str,
    verdict: Verdict,
}

/// What the edge that is being drawn would do if it were released here.
#[derive(Clone, Debug, PartialEq)]
enum Verdict {
    /// Nothing is near.
    Nothing,
    /// It would join these.
    Fits(Ends),
    /// It can't join what is near; why.
    Cannot(String),
}

impl DraftEdge {
    /// The edge from `port` to the pointer, at `at` in the world. `moving` is the edge whose end is being moved.
    pub(super) fn new(store: &Store, port: &PortId, moving: Option<EdgeId>, at: Point, zoom: f64) -> Option<Self> {
        let (start, near) = store.with_document(|document| {
            let start = document.port_point(port.node, port.side, Some(&port.handle));
            (start, nearest_port(document, port, at, SNAP / zoom))
        })?;
        let (mut end, mut verdict) = (at, Verdict::Nothing);
        if let Some((other, place)) = near {
            let ends = joined(port, &other);
            verdict = match store.fit(&ends, moving) {
                Ok(()) => {
                    end = place;
                    Verdict::Fits(ends)
                }
                Err(reason) => Verdict::Cannot(reason),
            };
        }
        let start = start?;
        let (from, to) = if port.side == Side::Out { (start, end) } else { (end, start) };
        Some(Self { from, to, kind: port_shape(store, port), verdict })
    }

    /// The port that the edge has snapped to.
    pub(super) fn target(&self) -> Option<&Ends> {
        match &self.verdict {
            Verdict::Fits(ends) => Some(ends),
            _ => None,
        }
    }
}

fn joined(one: &PortId, other: &PortId) -> Ends {
    let (source, target) = if one.side == Side::Out { (one, other) } else { (other, one) };
    Ends {
        source: source.node,
        target: target.node,
        source_handle: Some(source.handle.clone()),
        target_handle: Some(target.handle.clone()),
    }
}

/// The port opposite to `port` that is nearest to `at`, if one is within `reach`.
fn nearest_port(document: &Document, port: &PortId, at: Point, reach: f64) -> Option<(PortId, Point)> {
    let side = if port.side == Side::Out { Side::In } else { Side::Out };
    let around = Rect::between(at, at).grown(reach);
    let mut nearest: Option<(PortId, Point, f64)> = None;
    for id in document.within(&around).0 {
        let Some(content) = document.content(id) else { continue };
        let ports = if side == Side::In { &content.shape.inputs } else { &content.shape.outputs };
        for one in ports.iter() {
            let Some(place) = document.port_point(id, side, Some(&one.handle)) else { continue };
            let distance = (place.x - at.x).hypot(place.y - at.y);
            if distance <= reach && nearest.as_ref().is_none_or(|(_, _, least)| distance < *least) {
                nearest = Some((PortId::of(id, side, Some(&one.handle)), place, distance));
            }
        }
    }
    nearest.map(|(port, place, _)| (port, place))
}

/// Draws it.
#[component]
pub fn Draft() -> Element {
    let editor = use_editor();
    let draft = (editor.draft)();
    let Some(DraftEdge { from, to, kind, verdict }) = draft else { return VNode::empty() };
    let (class, reason) = match verdict {
        Verdict::Nothing => ("edge draft", None),
        Verdict::Fits(_) => ("edge draft can", None),
        Verdict::Cannot(reason) => ("edge draft cannot", Some(reason)),
    };
    let path = geometry::path(from, to);
    rsx! {
        g { class, "data-kind": kind, "data-part": "draft",
            path { d: "{path}" }
        }
        if let Some(reason) = reason {
            g { class: "no", transform: "translate({to.x} {to.y})",
                circle { r: 9 }
                path { d: "M-5 0h10" }
                title { "{reason}" }
            }
        }
    }
}

/// Why the edge that is being drawn can't be, in words beside the pointer.
#[component]
pub fn Why() -> Element {
    let editor = use_editor();
    let draft = (editor.draft)();
    let Some(DraftEdge { to, verdict: Verdict::Cannot(reason), .. }) = draft else { return VNode::empty() };
    let view = editor.view();
    let (x, y) = (to.x * view.zoom + view.x + 16., to.y * view.zoom + view.y + 12.);
    rsx! {
        p { class: "why", role: "status", left: "{x}px", top: "{y}px", "{reason}" }
    }
}

impl Editor {
    /// The drawn edge was released.
    pub(super) fn connect_draft(&self, draft: Option<DraftEdge>, moving: Option<EdgeId>) {
        let Some(draft) = draft else { return };
        let done = match (draft.verdict, moving) {
            (Verdict::Fits(ends), Some(id)) => self.store.move_edge(id, ends),
            (Verdict::Fits(ends), None) => self.store.connect(ends).map(drop),
            (Verdict::Nothing, Some(id)) => {
                self.store.disconnect(&[id].into());
                Ok(())
            }
            (Verdict::Nothing, None) | (Verdict::Cannot(_), _) => Ok(()),
        };
        if let Err(reason) = done {
            self.toaster.error(reason);
        }
    }
}
