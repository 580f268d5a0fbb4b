//! Ports on a card.

use dioxus::prelude::*;
use engine::{Port, Shape};
use storage::model::NodeId;

use super::{editor::use_editor, gesture::PortId};
use crate::{
    store::{Content, Side, Store, use_store},
    widgets::PortGlyph,
};

/// The rows of ports under a card's header: the first input and the first output share the first row, and so on.
pub fn port_rows(store: &Store, id: NodeId, content: &Content) -> Element {
    let Shape { inputs, outputs, .. } = &content.shape;
    let connected = |side: Side, port: &Port| {
        let at = |document: &crate::store::Document| {
            document.edges_at(id).any(|(_, ends)| match side {
                Side::In => ends.target == id && ends.target_handle.as_deref() == Some(&*port.handle),
                Side::Out => ends.source == id && ends.source_handle.as_deref() == Some(&*port.handle),
            })
        };
        store.with_document(at).unwrap_or_default()
    };
    let rows = inputs.len().max(outputs.len());
    if rows == 0 {
        return VNode::empty();
    }
    rsx! {
        div { class: "ports",
            for row in 0..rows {
                div { class: "prow", key: "{row}",
                    if let Some(port) = inputs.get(row) {
                        PortDot { id, side: Side::In, port: port.clone(), connected: connected(Side::In, port) }
                        span { "{port.label}" }
                    } else {
                        span {}
                    }
                    if let Some(port) = outputs.get(row) {
                        span { "{port.label}" }
                        PortDot { id, side: Side::Out, port: port.clone(), connected: connected(Side::Out, port) }
                    }
                }
            }
        }
    }
}

/// One port: where edges are drawn from and to.
#[component]
fn PortDot(id: NodeId, side: Side, port: Port, connected: bool) -> Element {
    let store = use_store();
    let editor = use_editor();
    let connecting = (editor.connecting)();
    let here = PortId { node: id, side, handle: port.handle.clone().into_owned() };
    let fits = connecting.as_ref().is_some_and(|from| *from == here || fits(&store, from, &here, &port));
    let target = editor.snapped.read().as_ref().is_some_and(|ends| match side {
        Side::In => ends.target == id && ends.target_handle.as_ref() == Some(&here.handle),
        Side::Out => ends.source == id && ends.source_handle.as_ref() == Some(&here.handle),
    });
    let shape = port.kind.shape();
    let tip = format!("{} · {}", port.label, port.kind.name());
    rsx! {
        span {
            class: "port {side.name()}",
            class: if fits { "is-fit" },
            class: if target { "is-target" },
            "data-port": "{side.name()}:{port.handle}",
            "data-kind": shape.name(),
            "data-connected": "{connected}",
            title: "{tip}",
            onpointerdown: move |event| editor.press_port(here.clone(), &event),
            ondoubleclick: move |event| event.stop_propagation(),
            PortGlyph { shape, connected }
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
