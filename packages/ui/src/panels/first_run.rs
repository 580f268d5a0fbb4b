//! What is shown while no workflow is open.

use dioxus::prelude::*;
use storage::model::{Ends, Json, Object, Point};

use super::{import::choose_files, library::show};
use crate::{
    canvas::use_editor,
    platform::{self, PageState},
    store::{Store, Topic, use_store, use_topic},
    widgets::Toaster,
};

/// Three ways to begin.
#[component]
pub fn FirstRun() -> Element {
    let store = use_store();
    let editor = use_editor();
    let toaster: Toaster = use_context();
    use_topic(&store, Topic::Library);
    use_effect(|| platform::say_state(PageState::Ready));
    let nothing_yet = store.workflows().is_empty();
    let (blank, example) = ((store.clone(), editor.clone()), (store.clone(), editor));
    rsx! {
        main { class: "canvas",
            div { class: "first",
                div { class: "col",
                    h1 {
                        if nothing_yet {
                            "Begin with a blank canvas, a small example, or a file."
                        } else {
                            "Open a workflow at the left, or begin another."
                        }
                    }
                    p { class: "say",
                        "Everything you make is kept on this device and works without a connection. Nothing is sent anywhere until you connect a model or a server yourself."
                    }
                    div { class: "starts",
                        button {
                            class: "start",
                            aria_label: "Blank canvas",
                            onclick: move |_| {
                                let (store, editor) = blank.clone();
                                let id = store.create_workflow(&store.free_name("Untitled"));
                                spawn(async move { show(&store, &editor, toaster, id).await });
                            },
                            span { class: "art",
                                svg { view_box: "0 0 224 132", "aria-hidden": "true",
                                    rect { class: "dash", x: 77, y: 38, width: 70, height: 56, rx: 8 }
                                    path { class: "hand", d: "M112 58v16M104 66h16" }
                                }
                            }
                            span { class: "tx",
                                b { "Blank canvas" }
                                span { "Then double-click, or press Tab, to add a node" }
                            }
                        }
                        button {
                            class: "start",
                            aria_label: "A small example",
                            onclick: move |_| {
                                let (store, editor) = example.clone();
                                spawn(async move {
                                    let id = store.create_workflow(&store.free_name("Words to picture"));
                                    show(&store, &editor, toaster, id).await;
                                    fill(&store);
                                    editor.fit();
                                });
                            },
                            span { class: "art",
                                svg { view_box: "0 0 224 132", "aria-hidden": "true",
                                    rect { class: "paper", x: 26, y: 45, width: 60, height: 42, rx: 6 }
                                    path { class: "ink", d: "M36 57h38M36 66h30M36 75h38" }
                                    path { class: "wire", d: "M86 66h36" }
                                    circle { class: "pin", cx: 86, cy: 66, r: 4.5 }
                                    circle { class: "pin", cx: 122, cy: 66, r: 4.5 }
                                    rect { class: "paper", x: 122, y: 38, width: 76, height: 56, rx: 6 }
                                    path { class: "ink", d: "M130 86l18-20 14 14 10-10 18 16" }
                                    circle { cx: 178, cy: 54, r: 6 }
                                }
                            }
                            span { class: "tx",
                                b { "A small example" }
                                span { "Four connected nodes to look around in" }
                            }
                        }
                        button { class: "start", aria_label: "Open a file", onclick: |_| choose_files(),
                            span { class: "art",
                                svg { view_box: "0 0 224 132", "aria-hidden": "true",
                                    rect { class: "paper", x: 79, y: 46, width: 66, height: 52, rx: 8 }
                                    path { d: "M79 63h66M103 63v14h18v-14" }
                                    path { class: "ink", d: "M112 26v28M103 45l9 9 9-9" }
                                }
                            }
                            span { class: "tx",
                                b { "Open a file" }
                                span { "A package (.genaiw.zip) or a ComfyUI workflow (.json). Or drop it anywhere on the page" }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Puts the example's nodes into the open workflow.
fn fill(store: &Store) {
    let node = |kind: &str, x: f64, y: f64, config: &[(&str, Json)]| {
        let id = store.add_node(kind, Point { x, y })?;
        let config: Object = config.iter().map(|(key, json)| (*key, json.clone())).collect();
        store.update_node_config(id, &config);
        Some(id)
    };
    node("note", 0., 0., &[("text", "Keep the tower small. The fog is the subject; the lamp only a point.".into())]);
    let scene = node(
        "prompt",
        0.,
        150.,
        &[("text", "A lighthouse on a basalt headland, sea fog lying in layers, seen from the water".into())],
    );
    let style = node("prompt", 0., 340., &[("text", "muted colour, 50 mm, no people".into())]);
    let step = node("generic", 340., 150., &[("instruction", "Paint the scene".into()), ("quality", "normal".into())]);
    if let (Some(scene), Some(style), Some(step)) = (scene, style, step) {
        for (source, handle) in [(scene, "in"), (style, "prompt")] {
            let ends =
                Ends { source, target: step, source_handle: Some("text".into()), target_handle: Some(handle.into()) };
            if let Err(reason) = store.connect(ends) {
                tracing::warn!(%reason, "the example can't be connected");
            }
        }
    }
}
