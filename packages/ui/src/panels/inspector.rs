//! The selected node's settings.

use std::{cell::Cell, rc::Rc};

use dioxus::{core::schedule_update, prelude::*};
use engine::{Control, Field};
use storage::{
    blobs::Where,
    model::{AssetId, AssetRef, EdgeId, Json, NodeId, Object},
};

use crate::{
    canvas::{geometry::Rect, node_icon, use_editor},
    media::{Ingest, words},
    store::{Known, Topic, use_asset, use_store, use_topic},
    viewer::Viewer,
    widgets::{
        Choice, ChoiceField, Icon, IconName, Lines, NumberField, NumberKind, SwitchField, TextField, sleep, use_dom_id,
    },
};

/// The panel at the right.
#[component]
pub fn Inspector() -> Element {
    let store = use_store();
    use_topic(&store, Topic::Selection);
    use_topic(&store, Topic::Open);
    let selection = store.selection();
    let one_edge =
        selection.edges.first().copied().filter(|_| selection.edges.len() == 1 && selection.nodes.is_empty());
    rsx! {
        aside { class: "inspector", role: "region", aria_label: "Inspector",
            if let Some(id) = selection.only_node() {
                NodeSettings { key: "{id}", id }
            } else if let Some(id) = one_edge {
                EdgeFacts { key: "{id}", id }
            } else if !selection.is_empty() {
                Several { nodes: selection.nodes.len(), edges: selection.edges.len() }
            } else if store.open_id().is_some() {
                Whole {}
            }
        }
    }
}

/// One node.
#[component]
fn NodeSettings(id: NodeId) -> Element {
    let store = use_store();
    use_topic(&store, Topic::Node(id));
    let Some(content) = store.content(id) else { return VNode::empty() };
    let renamed = store.clone();
    rsx! {
        section {
            div { class: "headline",
                Icon { name: node_icon(content.shape.picture) }
                b { class: "cut", "{content.shape.title}" }
            }
            p { class: "subline", "{content.shape.kind}" }
            div { class: "form",
                TextField {
                    label: "Title",
                    value: content.node.title.clone(),
                    placeholder: content.shape.kind.to_string(),
                    onchange: move |title: String| renamed.rename_node(id, &title),
                }
            }
        }
        if !content.shape.fields.is_empty() {
            section {
                div { class: "form",
                    for field in content.shape.fields.iter() {
                        Setting {
                            key: "{field.key}",
                            id,
                            field: field.clone(),
                            value: content.node.config.get(&field.key).cloned(),
                        }
                    }
                }
            }
        }
        section {
            Place { id }
        }
    }
}

/// One setting.
#[component]
fn Setting(id: NodeId, field: Field, value: Option<Json>) -> Element {
    let store = use_store();
    let key = field.key.to_string();
    let set = move |json: Json| store.update_node_config(id, &Object::from_iter([(key.clone(), json)]));
    let label = field.label.to_string();
    let text = value.as_ref().and_then(|json| json.read::<String>().ok());
    match field.control {
        Control::Line { hint } => rsx! {
            TextField {
                label,
                value: text.unwrap_or_default(),
                placeholder: hint,
                onchange: move |text: String| set(text.into()),
            }
        },
        Control::Text { hint } => rsx! {
            TextField {
                label,
                value: text.unwrap_or_default(),
                placeholder: hint,
                lines: Lines::Many,
                onchange: move |text: String| set(text.into()),
            }
        },
        Control::Number { default, whole, .. } => {
            let default = default.map(|number| number.to_string()).unwrap_or_default();
            rsx! {
                NumberField {
                    label,
                    value: value.map_or(default, |json| json.text().to_owned()),
                    kind: if whole { NumberKind::Whole } else { NumberKind::Any },
                    onchange: move |text: String| {
                        // The field reports JSON numbers only.
                        if let Ok(json) = serde_json::from_str(&text) {
                            set(json);
                        }
                    },
                }
            }
        }
        Control::Choice { options } => rsx! {
            ChoiceField {
                label,
                value: text.unwrap_or_else(|| options.first().copied().unwrap_or_default().to_owned()),
                choices: options.iter().map(|option| Choice::plain(*option)).collect::<Vec<_>>(),
                onchange: move |text: String| set(text.into()),
            }
        },
        Control::Switch { default } => rsx! {
            SwitchField {
                label,
                on: value.and_then(|json| json.read().ok()).unwrap_or(default),
                onchange: move |on: bool| set(on.into()),
            }
        },
        Control::Media => rsx! {
            MediaField { id, label, value }
        },
        Control::Json => rsx! {
            JsonField { label, value: value.map_or_else(String::new, |json| json.text().to_owned()), onchange: set }
        },
    }
}

/// A file: what it is, and ways to look at it and to choose another.
#[component]
fn MediaField(id: NodeId, label: String, value: Option<Json>) -> Element {
    let ingest: Ingest = use_context();
    let viewer: Viewer = use_context();
    let field = use_dom_id();
    let asset = value.and_then(|json| json.read::<AssetRef>().ok()).and_then(|reference| reference.id);
    rsx! {
        div { class: "frow",
            label { r#for: field.clone(), "{label}" }
            button {
                id: field,
                class: "field",
                title: "Choose another file",
                onclick: move |_| ingest.choose(Some(id)),
                if let Some(asset) = asset {
                    FileName { key: "{asset}", asset }
                } else {
                    span { class: "qq grow", "Choose…" }
                }
                Icon { name: IconName::FolderOpen }
            }
        }
        if let Some(asset) = asset {
            FileFacts { key: "{asset}", asset }
            button { class: "btn", onclick: move |_| viewer.open(id),
                Icon { name: IconName::Maximize2 }
                "View"
            }
        }
    }
}

#[component]
fn FileName(asset: AssetId) -> Element {
    let store = use_store();
    let known = use_asset(&store, asset);
    let name = match &known {
        Known::Here(row) => words::name(row),
        Known::Missing => "Not on this device".into(),
        Known::Asked => String::new(),
    };
    rsx! {
        span { class: "grow cut", title: "{name}", "{name}" }
    }
}

#[component]
fn FileFacts(asset: AssetId) -> Element {
    let store = use_store();
    let known = use_asset(&store, asset);
    let Some(row) = known.row() else { return VNode::empty() };
    rsx! {
        dl { class: "facts num wide",
            dt { "Type" }
            dd { "{words::kind(&row.mime)}" }
            if let Some(measures) = words::measures(row) {
                dt { "Pixels" }
                dd { "{measures}" }
            }
            if let Some(duration) = row.duration {
                dt { "Plays" }
                dd { "{words::duration(duration)}" }
            }
            dt { "Original" }
            dd { "{words::place(Where::of(&row.place))} · {words::size(row.bytes)}" }
            dt { "Hash" }
            dd { class: "mono cut", title: "{row.hash}", "{words::hash(&row.hash)}" }
        }
    }
}

/// A value of no simple shape, as JSON. What isn't JSON yet is kept in the field and not stored.
#[component]
fn JsonField(label: String, value: String, onchange: EventHandler<Json>) -> Element {
    let mut draft = use_signal(|| None::<String>);
    let shown = draft.read().clone().unwrap_or_else(|| value.clone());
    let wrong = draft.read().as_deref().and_then(|text| serde_json::from_str::<Json>(text).err());
    rsx! {
        TextField {
            label,
            value: shown,
            lines: Lines::Many,
            onchange: move |text: String| {
                if let Ok(json) = serde_json::from_str::<Json>(&text) {
                    onchange.call(json);
                }
                draft.set(Some(text));
            },
        }
        if let Some(error) = wrong {
            p { class: "oops", role: "status", "Not stored yet: this is no JSON ({error})" }
        }
    }
}

/// How old what [`Place`] says may be, in milliseconds. Numbers that change with each step of a drag cost the browser a fifth of
/// it, and nobody reads them that fast.
const READ_AGAIN: u64 = 100;

/// What [`Place`] says.
#[derive(Default)]
struct Said {
    rect: Cell<Option<(NodeId, Rect)>>,
    is_old: Cell<bool>,
}

/// Where a node is.
#[component]
fn Place(id: NodeId) -> Element {
    let store = use_store();
    use_topic(&store, Topic::Place(id));
    let update = use_hook(schedule_update);
    let said = use_hook(|| Rc::new(Said::default()));
    let Some(now) = store.rect(id) else { return VNode::empty() };
    let rect = match said.rect.get() {
        Some((of, before)) if of == id && before != now => {
            if !said.is_old.replace(true) {
                spawn(async move {
                    sleep(READ_AGAIN).await;
                    said.is_old.set(false);
                    said.rect.set(None);
                    update();
                });
            }
            before
        }
        _ => {
            said.rect.set(Some((id, now)));
            now
        }
    };
    let whole = |number: f64| number.round();
    rsx! {
        h3 { "Place" }
        dl { class: "facts num still",
            dt { "Position" }
            dd { "{whole(rect.left)}, {whole(rect.top)}" }
            dt { "Size" }
            dd { "{whole(rect.width())} × {whole(rect.height())}" }
        }
    }
}

/// One edge.
#[component]
fn EdgeFacts(id: EdgeId) -> Element {
    let store = use_store();
    let editor = use_editor();
    use_topic(&store, Topic::Edge(id));
    let Some((ends, _, _)) = store.edge(id) else { return VNode::empty() };
    let named = |node: NodeId, handle: &Option<String>| {
        let title = store.content(node).map_or_else(String::new, |content| content.shape.title.clone());
        format!("{title} · {}", handle.as_deref().unwrap_or("?"))
    };
    rsx! {
        section {
            div { class: "headline",
                Icon { name: IconName::Link }
                b { class: "cut", "Edge" }
            }
            dl { class: "facts",
                dt { "From" }
                dd { "{named(ends.source, &ends.source_handle)}" }
                dt { "To" }
                dd { "{named(ends.target, &ends.target_handle)}" }
            }
        }
        section {
            button { class: "btn danger", onclick: move |_| editor.delete_selected(),
                Icon { name: IconName::Trash2 }
                "Delete edge"
            }
        }
    }
}

/// Several things at once.
#[component]
fn Several(nodes: usize, edges: usize) -> Element {
    let editor = use_editor();
    rsx! {
        section {
            div { class: "headline",
                b { class: "cut num", "{words::count(nodes, \"node\", \"nodes\")} selected" }
            }
            if edges > 0 {
                p { class: "q num", "and {words::count(edges, \"edge\", \"edges\")}" }
            }
        }
        section {
            button { class: "btn danger", onclick: move |_| editor.delete_selected(),
                Icon { name: IconName::Trash2 }
                "Delete {nodes + edges}"
            }
        }
    }
}

/// The workflow itself, while nothing is selected.
#[component]
fn Whole() -> Element {
    let store = use_store();
    use_topic(&store, Topic::Graph);
    let (nodes, edges) =
        store.with_document(|document| (document.node_count(), document.edge_count())).unwrap_or_default();
    rsx! {
        section {
            div { class: "headline",
                b { class: "cut", "Nothing selected" }
            }
            p { class: "q num", "{words::count(nodes, \"node\", \"nodes\")}, {words::count(edges, \"edge\", \"edges\")}" }
        }
        section {
            p { class: "qq s12",
                "Double-click the canvas or press Tab to add a node. Drag from a port to another to connect them. Shift and drag selects."
            }
        }
    }
}
