//! Ports on a card.

use dioxus::prelude::*;
use engine::{Port, PortShape, Shape};
use storage::model::NodeId;

use super::{
    editor::use_editor,
    geometry::{self, Words},
    gesture::PortId,
};
use crate::{
    store::{Content, Document, Side, Store, Topic, use_store, use_topic},
    widgets::port_glyph,
};

/// The rows of ports under a card's header: the first input and the first output share the first row, and so on. `width` is
/// the card's.
pub fn port_rows(store: &Store, id: NodeId, content: &Content, width: f64) -> Element {
    let Shape { inputs, outputs, .. } = &content.shape;
    let rows = inputs.len().max(outputs.len());
    if rows == 0 {
        return VNode::empty();
    }
    let taken = Taken::of(store, id);
    rsx! {
        div { class: "ports",
            for row in 0..rows {
                div { class: if cut_short(inputs.get(row), outputs.get(row), width) { "prow tight" } else { "prow" }, key: "{row}",
                    if let Some(port) = inputs.get(row) {
                        PortArea { id, side: Side::In, port: port.clone(), connected: taken.has(Side::In, port) }
                        span { "{port.label}" }
                    } else {
                        span {}
                    }
                    if let Some(port) = outputs.get(row) {
                        span { "{port.label}" }
                        PortArea { id, side: Side::Out, port: port.clone(), connected: taken.has(Side::Out, port) }
                    }
                }
            }
        }
    }
}

/// Whether the names in a row may be too long for it, and have to be clipped.
fn cut_short(input: Option<&Port>, output: Option<&Port>, width: f64) -> bool {
    /// Insets and the gap between two names.
    const AROUND: f64 = 44.;
    let words = |port: Option<&Port>| port.map_or(0., |port| Words(&port.label).width_at_most(13.));
    words(input) + words(output) > width - AROUND
}

/// Which ports of a node have an edge.
struct Taken(Vec<(Side, String)>);

impl Taken {
    fn of(store: &Store, id: NodeId) -> Self {
        let at = |document: &Document| {
            let mut taken = Vec::new();
            for (_, ends) in document.edges_at(id) {
                // An edge from a node to itself has both ends here.
                let ends =
                    [(Side::In, ends.target, &ends.target_handle), (Side::Out, ends.source, &ends.source_handle)];
                let here = ends.into_iter().filter(|(_, node, _)| *node == id);
                taken.extend(here.filter_map(|(side, _, handle)| Some((side, handle.clone()?))));
            }
            taken
        };
        Self(store.with_document(at).unwrap_or_default())
    }

    fn has(&self, side: Side, port: &Port) -> bool {
        self.0.iter().any(|(here, handle)| *here == side && *handle == *port.handle)
    }
}

/// Where edges are drawn from and to. What is seen there is in [`Marks`].
#[component]
fn PortArea(id: NodeId, side: Side, port: Port, connected: bool) -> Element {
    let editor = use_editor();
    let tip = format!("{} · {}", port.label, port.kind.name());
    let here = PortId { node: id, side, handle: port.handle.clone().into_owned() };
    rsx! {
        span {
            class: "port {side.name()}",
            "data-port": "{side.name()}:{port.handle}",
            "data-kind": port.kind.shape().name(),
            "data-connected": "{connected}",
            title: "{tip}",
            onpointerdown: move |event| editor.press_port(here.clone(), &event),
            ondoubleclick: move |event| event.stop_propagation(),
        }
    }
}

/// A port's shape as it is drawn.
#[derive(PartialEq)]
struct Mark {
    kind: PortShape,
    x: f64,
    y: f64,
    connected: bool,
    /// It can take the edge that is being drawn.
    fits: bool,
    /// That edge has snapped to it.
    target: bool,
}

/// The shapes of all ports of a card, in one drawing: filled when something is connected, an outline when they are free.
#[component]
pub fn Marks(id: NodeId, width: f64) -> Element {
    let store = use_store();
    let editor = use_editor();
    use_topic(&store, Topic::Node(id));
    let Some(content) = store.content(id) else { return VNode::empty() };
    let connecting = (editor.connecting)();
    let snapped = editor.snapped.read();
    let taken = Taken::of(&store, id);
    let mark = |side: Side, row: usize, port: &Port| {
        let here = PortId { node: id, side, handle: port.handle.clone().into_owned() };
        Mark {
            kind: port.kind.shape(),
            x: if side == Side::In { 0. } else { width },
            y: geometry::port_height(row),
            connected: taken.has(side, port),
            fits: connecting.as_ref().is_some_and(|from| *from == here || fits(&store, from, &here, port)),
            target: snapped.as_ref().is_some_and(|ends| match side {
                Side::In => ends.target == id && ends.target_handle.as_ref() == Some(&here.handle),
                Side::Out => ends.source == id && ends.source_handle.as_ref() == Some(&here.handle),
            }),
        }
    };
    let inputs = content.shape.inputs.iter().enumerate().map(|(row, port)| mark(Side::In, row, port));
    let outputs = content.shape.outputs.iter().enumerate().map(|(row, port)| mark(Side::Out, row, port));
    let marks: Vec<_> = inputs.chain(outputs).collect();
    if marks.is_empty() {
        return VNode::empty();
    }
    rsx! {
        svg { class: "marks", "aria-hidden": "true",
            for (number , Mark { kind , x , y , connected , fits , target }) in marks.into_iter().enumerate() {
                path {
                    key: "{number}",
                    class: if connected { "shape" } else { "shape open" },
                    class: if fits { "is-fit" },
                    class: if target { "is-target" },
                    "data-kind": kind.name(),
                    d: port_glyph(kind, x, y),
                }
            }
        }
    }
}

/// Whether the types fit: what is shown for every port while an edge is drawn. Circles are looked for only where it ends.
fn fits(store: &Store, from: &PortId, here: &PortId, port: &Port) -> bool {
    if from.side == here.side || from.node == here.node {
        return false;
    }
    let Some(content) = store.content(from.node) else { return false };
    let ports = if from.side == Side::In { &content.shape.inputs } else { &content.shape.outputs };
    let Some(other) = ports.iter().find(|one| one.handle == from.handle) else { return false };
    match from.side {
        Side::Out => other.kind.fits(&port.kind),
        Side::In => port.kind.fits(&other.kind),
    }
}
