//! The workflows that there are.

use dioxus::prelude::*;
use storage::model::{Summary, WorkflowId};

use super::{
    import::Choose, item_menu::OpenMenu, storage::StorageButton, sync::SyncButton, unreadable::say_unreadable_parts,
    use_panels,
};
use crate::{
    canvas::use_editor,
    platform,
    store::{Store, Topic, use_store, use_topic},
    widgets::{Icon, IconName, InlineRename, ToastAction, Toaster, use_growing},
};

/// The panel at the left.
#[component]
pub fn Library() -> Element {
    let store = use_store();
    use_topic(&store, Topic::Library);
    let mut query = use_signal(String::new);
    let all = store.workflows();
    let wanted = query.read().trim().to_lowercase();
    let matches = |id: &WorkflowId| {
        wanted.is_empty() || store.summary(*id).is_some_and(|summary| summary.name.to_lowercase().contains(&wanted))
    };
    let most = use_growing(all.len());
    let shown: Vec<_> = all.iter().copied().filter(matches).take(most).collect();
    rsx! {
        nav { class: "library", aria_label: "Workflows",
            div { class: "head",
                h2 { "Workflows" }
                NewWorkflow {}
            }
            if all.len() > 6 {
                div { class: "find",
                    div { class: "field soft",
                        Icon { name: IconName::Search }
                        input {
                            r#type: "search",
                            aria_label: "Find a workflow",
                            placeholder: "Find a workflow",
                            initial_value: "{query}",
                            oninput: move |event| query.set(event.value()),
                        }
                    }
                }
            }
            ul { class: "wlist",
                if all.is_empty() {
                    li { class: "nothing", "Nothing here yet. What you make is kept on this device." }
                } else if shown.is_empty() {
                    li { class: "nothing", "No workflow has “{wanted}” in its name." }
                }
                for id in shown {
                    Item { key: "{id}", id }
                }
            }
            div { class: "foot",
                Choose {}
                StorageButton {}
                SyncButton {}
            }
        }
    }
}

#[component]
fn NewWorkflow() -> Element {
    let store = use_store();
    let toaster: Toaster = use_context();
    let editor = use_editor();
    rsx! {
        button {
            class: "btn quiet small icon",
            aria_label: "New workflow",
            "data-tip": "New workflow",
            "data-tip-at": "end",
            onclick: move |_| {
                let id = store.create_workflow(&store.free_name("Untitled"));
                let (store, editor) = (store.clone(), editor.clone());
                spawn(async move { show(&store, &editor, toaster, id).await });
            },
            Icon { name: IconName::Plus }
        }
    }
}

/// Opens a workflow and shows it, or says why it can't be.
pub async fn show(store: &Store, editor: &crate::canvas::Editor, toaster: Toaster, id: WorkflowId) {
    match store.open_workflow(id).await {
        Ok(()) => {
            editor.show_opened();
            say_unreadable_parts(store, toaster);
        }
        Err(error) => {
            let name = store.summary(id).map_or_else(|| id.to_string(), |summary| summary.name);
            let (store, editor) = (store.clone(), editor.clone());
            let again = ToastAction::new("Try again", move || {
                let (store, editor) = (store.clone(), editor.clone());
                dioxus::dioxus_core::spawn_forever(async move { show(&store, &editor, toaster, id).await });
            });
            toaster.error_with(format!("“{name}” can’t be opened: {error}. It is left as it is."), again);
        }
    }
}

/// One workflow.
#[component]
fn Item(id: WorkflowId) -> Element {
    let store = use_store();
    let editor = use_editor();
    let toaster: Toaster = use_context();
    let panels = use_panels();
    use_topic(&store, Topic::Workflow(id));
    use_topic(&store, Topic::Open);
    let Some(Summary { name, nodes, edges, updated_at, .. }) = store.summary(id) else { return VNode::empty() };
    let (mut menu, mut renaming) = (panels.menu, panels.renaming);
    let is_renaming = renaming() == Some(id);
    let is_open = store.open_id() == Some(id);
    let has_menu = menu.read().as_ref().is_some_and(|menu| menu.id == id);
    let elsewhere = store.is_elsewhere(id);
    // Who counts is the one that stores.
    let meta =
        if updated_at == 0 { "Not stored yet".to_owned() } else { meta(nodes, if elsewhere { 0 } else { edges }) };
    let renamed = store.clone();
    rsx! {
        li { class: "witem", "data-workflow-id": "{id}", "data-elsewhere": if elsewhere { "true" },
            if is_renaming {
                div { class: "pick",
                    Thumb {}
                    span {
                        InlineRename {
                            label: "Workflow name",
                            value: name.clone(),
                            onrename: move |name: String| {
                                renamed.rename_workflow(id, &name);
                                renaming.set(None);
                            },
                            oncancel: move |()| renaming.set(None),
                        }
                        span { class: "meta num cut", "{meta}" }
                    }
                }
            } else {
                button {
                    class: "pick",
                    aria_current: if is_open { "true" },
                    ondoubleclick: move |_| renaming.set(Some(id)),
                    onkeydown: move |event| {
                        if event.key() == Key::F2 {
                            renaming.set(Some(id));
                        }
                    },
                    onclick: move |_| {
                        let (store, editor) = (store.clone(), editor.clone());
                        spawn(async move { show(&store, &editor, toaster, id).await });
                    },
                    Thumb {}
                    span {
                        span { class: "name cut", "{name}" }
                        // The counts give way, the mark never does.
                        span { class: "meta num",
                            span { class: "cut", "{meta}" }
                            if elsewhere {
                                span { class: "elsewhere", "{platform::OPEN_ELSEWHERE}" }
                            }
                        }
                    }
                }
                button {
                    class: "btn quiet small icon more",
                    aria_label: "More about {name}",
                    aria_haspopup: "menu",
                    aria_expanded: "{has_menu}",
                    onclick: move |event| {
                        let at = event.client_coordinates();
                        menu.set(Some(OpenMenu { id, x: at.x, y: at.y }));
                    },
                    Icon { name: IconName::Ellipsis }
                }
            }
        }
    }
}

#[component]
fn Thumb() -> Element {
    rsx! {
        span { class: "thumb", Icon { name: IconName::Workflow } }
    }
}

fn meta(nodes: u64, edges: u64) -> String {
    let nodes = match nodes {
        0 => return "Empty".into(),
        1 => "1 node".into(),
        nodes => format!("{nodes} nodes"),
    };
    match edges {
        0 => nodes,
        1 => format!("{nodes} · 1 edge"),
        edges => format!("{nodes} · {edges} edges"),
    }
}
