//! The open workflow as one file.

use std::rc::Rc;

use dioxus::{core::spawn_forever, prelude::*};
use storage::{
    blobs::Ticket,
    model::{Workflow, WorkflowId},
    package::{Originals, Plan, file_name},
};

use super::use_panels;
use crate::{
    media::words,
    platform,
    store::{Store, Topic, use_store, use_topic},
    widgets::{Dialog, Icon, IconName, Toaster},
};

/// The button "Export".
#[component]
pub fn ExportButton() -> Element {
    let store = use_store();
    use_topic(&store, Topic::Open);
    let mut export = use_panels().export;
    let open = store.open_id();
    rsx! {
        button {
            class: "btn quiet icon",
            aria_label: "Export",
            "data-tip": "Save this workflow as one file",
            "data-tip-at": "end",
            disabled: open.is_none(),
            onclick: move |_| export.set(open),
            Icon { name: IconName::Upload }
        }
    }
}

/// How far an export is.
#[derive(Clone)]
struct Going {
    ticket: Ticket,
    label: String,
}

/// What goes out, and the decision.
#[component]
pub fn ExportDialog() -> Element {
    let export = use_panels().export;
    match export() {
        Some(id) => rsx! {
            Export { key: "{id}", id }
        },
        None => VNode::empty(),
    }
}

#[component]
fn Export(id: WorkflowId) -> Element {
    let store = use_store();
    let toaster: Toaster = use_context();
    let mut export = use_panels().export;
    let mut originals = use_signal(|| false);
    let mut going = use_signal(|| None::<Going>);
    let planned = {
        let store = store.clone();
        use_resource(move || {
            let store = store.clone();
            async move {
                let workflow = workflow_of(&store, id).await?;
                let plan = Plan::new(store.session().assets(), workflow, &Originals::new()).await;
                plan.map(Rc::new).map_err(|error| error.to_string())
            }
        })
    };
    let name = store.summary(id).map_or_else(String::new, |summary| summary.name);
    let file = file_name(&name);
    let mut close = move || {
        if let Some(going) = going.take() {
            going.ticket.cancel();
        }
        export.set(None);
    };
    let plan = planned.read();
    let ready = matches!(&*plan, Some(Ok(_))) && going.read().is_none();
    let save = {
        let (store, file) = (store.clone(), file.clone());
        move |_| {
            let Some(Ok(plan)) = planned.read().clone() else { return };
            let ticket = Ticket::default();
            going.set(Some(Going { ticket: ticket.clone(), label: format!("Saving {file}") }));
            let (store, file) = (store.clone(), file.clone());
            spawn_forever(async move {
                let saved = save_package(&store, id, plan, originals(), &file, &ticket, toaster).await;
                // The dialog may be gone, or be another workflow's.
                if export.peek().as_ref() == Some(&id) && !ticket.is_cancelled() {
                    export.set(None);
                }
                match saved {
                    Ok(Some(words)) => toaster.info(words),
                    Ok(None) => {}
                    Err(_) if ticket.is_cancelled() => {}
                    Err(error) => toaster.error(format!("“{file}” was not saved: {error}.")),
                }
            });
        }
    };
    rsx! {
        Dialog { title: "Export", subtitle: "The workflow and its own media, in one file that Atelier reads anywhere.", onclose: move |()| close(),
            div { class: "in",
                match &*plan {
                    None => rsx! {
                        p { class: "q", "Looking at what goes out…" }
                    },
                    Some(Err(error)) => rsx! {
                        p { role: "alert", "This workflow can’t be exported: {error}." }
                    },
                    Some(Ok(plan)) => rsx! {
                        Summary { name: name.clone(), file: file.clone(), plan: Shown(Rc::clone(plan)) }
                    },
                }
                label { class: "option",
                    input {
                        r#type: "checkbox",
                        class: "check",
                        checked: originals(),
                        disabled: !platform::FETCHES,
                        onchange: move |event| originals.set(event.checked()),
                    }
                    span {
                        "Include originals"
                        small {
                            if platform::FETCHES {
                                "Fetches what is only linked, and puts it into the file. Without this links stay links."
                            } else {
                                "This window fetches nothing from the network; links stay links."
                            }
                        }
                    }
                }
            }
            footer {
                span { class: "grow q", role: "status",
                    if let Some(going) = going.read().as_ref() {
                        "{going.label}…"
                    }
                }
                button { class: "btn", onclick: move |_| close(), "Cancel" }
                button { class: "btn primary", autofocus: true, disabled: !ready, onclick: save, "Save package" }
            }
        }
    }
}

/// A plan as a property: the same one is the same.
#[derive(Clone)]
struct Shown(Rc<Plan>);

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[component]
fn Summary(name: String, file: String, plan: Shown) -> Element {
    let Shown(plan) = plan;
    let links = plan.urls.len();
    rsx! {
        div { class: "report", "data-export-bytes": "{plan.bytes}", "data-export-assets": "{plan.embedded}", "data-export-links": "{links}",
            div { class: "rt",
                Icon { name: IconName::PackageOpen }
                span {
                    b { dir: "auto", "{name}" }
                    span { class: "file", "{file}" }
                }
                span { class: "num q", "{words::size(plan.bytes)}" }
            }
            div { class: "ledger",
                Icon { name: IconName::Image }
                b { "{plan.embedded} inside" }
                span { class: "q", if plan.embedded == 0 { "it has no media of its own on this device" } else { "its own media, and nothing else of yours" } }
                span { class: "q num end" }
                if links > 0 {
                    Icon { name: IconName::Cloud }
                    b { "{links} linked" }
                    span { class: "q", "they stay where they are on the network" }
                    span { class: "q num end" }
                }
                if !plan.missing.is_empty() {
                    Icon { name: IconName::TriangleAlert }
                    b { "{plan.missing.len()} missing" }
                    span { class: "q", "not on this device, so not in the file; the graph says so" }
                    span { class: "q num end" }
                }
            }
        }
    }
}

/// A workflow as it is now. What is being edited is in memory; when it was changed last, the disk says.
async fn workflow_of(store: &Store, id: WorkflowId) -> Result<Workflow, String> {
    store.session().flush().await;
    store.whole_workflow(id).await.map_err(|error| error.to_string())
}

/// Saves the package, with what is linked if that is wanted. Says what became of it.
async fn save_package(
    store: &Store,
    id: WorkflowId,
    plan: Rc<Plan>,
    originals: bool,
    file: &str,
    ticket: &Ticket,
    toaster: Toaster,
) -> Result<Option<String>, String> {
    let assets = store.session().assets().clone();
    let plan = if originals && !plan.urls.is_empty() {
        let (mut fetched, mut failed, mut held) = (Originals::new(), Vec::new(), Vec::new());
        for url in &plan.urls {
            match platform::fetch(&assets, url, ticket).await {
                Ok(added) => {
                    fetched.insert(url.clone(), added.asset.clone());
                    held.push(added);
                }
                Err(_) if ticket.is_cancelled() => return Ok(None),
                Err(reason) => failed.push(format!("{url} ({reason})")),
            }
        }
        if !failed.is_empty() {
            toaster.error(format!("These stay links, since they can’t be fetched: {}.", failed.join(", ")));
        }
        let workflow = workflow_of(store, id).await?;
        Rc::new(Plan::new(&assets, workflow, &fetched).await.map_err(|error| error.to_string())?)
    } else {
        plan
    };
    platform::save_package(&plan, &assets, file, ticket).await.map(|place| match place {
        Some(place) => Some(format!("Saved as {place}")),
        None => Some(format!("“{file}” is among your downloads")),
    })
}
