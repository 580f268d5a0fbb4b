//! All workflows as one file.

use std::{collections::BTreeSet, rc::Rc};

use dioxus::{core::spawn_forever, prelude::*};
use storage::{
    blobs::{Ticket, Where},
    model::AssetId,
    package::{Layout, Originals, Plan, backup, backup_name},
};

use super::{
    ToExport,
    export::{ClosedFolder, said, waits_for_folder, workflow_of},
    going::{Going, Meter, follow},
    storage::StorageDesk,
    use_panels,
};
use crate::{
    media::words,
    platform,
    store::{Store, Topic, use_store, use_topic},
    widgets::{Dialog, Icon, IconName, Toaster},
};

/// The button that opens the dialog.
#[component]
pub fn BackUpButton(class: &'static str) -> Element {
    let panels = use_panels();
    let desk: StorageDesk = use_context();
    let (mut export, mut open) = (panels.export, desk.open);
    rsx! {
        button {
            class,
            onclick: move |_| {
                open.set(false);
                export.set(Some(ToExport::All));
            },
            "Back up all workflows"
        }
    }
}

/// What goes out.
struct Planned {
    layout: Layout,
    workflows: usize,
    /// Contents that it embeds, each counted once for each workflow.
    embedded: usize,
    /// Addresses to which it refers.
    links: BTreeSet<String>,
    missing: BTreeSet<AssetId>,
    /// What can't be read, and why: it isn't in the file.
    left_out: Vec<(String, String)>,
}

/// What goes out, and the decision.
#[component]
pub fn BackUp() -> Element {
    let store = use_store();
    let toaster: Toaster = use_context();
    let mut export = use_panels().export;
    let mut going = use_signal(|| None::<Going>);
    let mut looked_at = use_signal(|| 0_usize);
    let planned = {
        let store = store.clone();
        use_resource(move || {
            let store = store.clone();
            async move { plan(&store, &mut looked_at).await.map(Rc::new) }
        })
    };
    let file = use_hook(|| backup_name(store.session().stamp().millis()));
    let mut close = move || {
        if let Some(going) = going.take() {
            going.ticket.cancel();
        }
        export.set(None);
    };
    let plan = planned.read();
    use_topic(&store, Topic::Folder);
    let can_go = |planned: &Planned| planned.workflows > 0 && !waits_for_folder(&store, &planned.layout);
    let is_ready = matches!(&*plan, Some(Ok(planned)) if can_go(planned)) && going.read().is_none();
    let save = {
        let (store, file) = (store.clone(), file.clone());
        move |_| {
            let Some(Ok(planned)) = planned.read().clone() else { return };
            let ticket = Ticket::default();
            // Now: a moment later this is no click any more.
            let chosen = platform::choose_target(&file);
            going.set(Some(Going::new(format!("Saving {file}"), &ticket, planned.layout.bytes)));
            let (assets, file) = (store.session().assets().clone(), file.clone());
            spawn_forever(async move {
                let saved = match chosen.await {
                    Ok(Some(target)) => {
                        let saving = platform::save_archive(&planned.layout, &assets, target, &ticket);
                        follow(going, &ticket, saving).await
                    }
                    // Nothing was chosen, so the dialog stays for another try.
                    Ok(None) => {
                        if let Ok(mut going) = going.try_write() {
                            *going = None;
                        }
                        return;
                    }
                    Err(reason) => Err(reason),
                };
                // The dialog may be gone.
                if *export.peek() == Some(ToExport::All) && !ticket.is_cancelled() {
                    export.set(None);
                }
                said(toaster, &file, &ticket, saved);
            });
        }
    };
    let count = store.workflows().len();
    rsx! {
        Dialog { title: "Back up all workflows", subtitle: "Every workflow with its own media, in one file that Atelier brings back anywhere. Unpacked, it is one package for each.", onclose: move |()| close(),
            div { class: "in",
                match &*plan {
                    None => rsx! {
                        p { class: "q", role: "status", "Looking at {looked_at} of {count}…" }
                    },
                    Some(Err(error)) => rsx! {
                        p { role: "alert", "There can’t be a backup: {error}." }
                    },
                    Some(Ok(planned)) => rsx! {
                        Summary { file: file.clone(), planned: Shown(Rc::clone(planned)) }
                        ClosedFolder { needed: planned.layout.has_any_in(Where::Folder) }
                    },
                }
                if let Some(going) = going() {
                    Meter { going }
                }
            }
            footer {
                span { class: "grow q", role: "status",
                    if let Some(going) = going.read().as_ref() {
                        "{going.label}…"
                    }
                }
                button { class: "btn", onclick: move |_| close(), "Cancel" }
                button { class: "btn primary", autofocus: true, disabled: !is_ready, onclick: save, "Save backup" }
            }
        }
    }
}

/// A plan as a property: the same one is the same.
#[derive(Clone)]
struct Shown(Rc<Planned>);

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[component]
fn Summary(file: String, planned: Shown) -> Element {
    let Shown(planned) = planned;
    let Planned { layout, workflows, embedded, links, missing, left_out } = &*planned;
    rsx! {
        div { class: "report", "data-backup-workflows": "{workflows}", "data-export-bytes": "{layout.bytes}", "data-export-assets": "{embedded}",
            div { class: "rt",
                Icon { name: IconName::PackageOpen }
                span {
                    b { {words::count(*workflows, "workflow", "workflows")} }
                    span { class: "file", "{file}" }
                }
                span { class: "num q", "{words::size(layout.bytes)}" }
            }
            div { class: "ledger",
                Icon { name: IconName::Image }
                b { "{embedded} inside" }
                span { class: "q", "each workflow has all of its own media with it" }
                span { class: "q num end" }
                if !links.is_empty() {
                    Icon { name: IconName::Cloud }
                    b { "{links.len()} linked" }
                    span { class: "q", "they stay where they are on the network" }
                    span { class: "q num end" }
                }
                if !missing.is_empty() {
                    Icon { name: IconName::TriangleAlert }
                    b { "{missing.len()} missing" }
                    span { class: "q", "not on this device, so not in the file; the graphs say so" }
                    span { class: "q num end" }
                }
            }
            for (name , reason) in left_out {
                div { class: "ledger plain", role: "alert", key: "{name}",
                    Icon { name: IconName::TriangleAlert }
                    span { "“{name}” can’t be read and is not in the file: {reason}." }
                }
            }
        }
    }
}

/// Plans every workflow that is here, one after the other.
async fn plan(store: &Store, looked_at: &mut Signal<usize>) -> Result<Planned, String> {
    let (mut plans, mut left_out) = (Vec::new(), Vec::new());
    let (mut embedded, mut links, mut missing) = (0, BTreeSet::new(), BTreeSet::new());
    for id in store.workflows() {
        let planned = match workflow_of(store, id).await {
            Ok(workflow) => {
                let plan = Plan::new(store.session().assets(), workflow, &Originals::new()).await;
                plan.map_err(|error| error.to_string())
            }
            Err(error) => Err(error),
        };
        match planned {
            Ok(mut plan) => {
                embedded += plan.embedded;
                links.append(&mut plan.urls);
                missing.append(&mut plan.missing);
                plans.push(plan);
            }
            Err(reason) => {
                left_out.push((store.summary(id).map_or_else(|| id.to_string(), |summary| summary.name), reason));
            }
        }
        *looked_at.write() += 1;
    }
    let workflows = plans.len();
    let layout = backup(plans).map_err(|error| error.to_string())?;
    Ok(Planned { layout, workflows, embedded, links, missing, left_out })
}
