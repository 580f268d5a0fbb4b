//! All workflows as one file, or some of them.

use std::{collections::BTreeSet, rc::Rc};

use dioxus::{core::spawn_forever, prelude::*};
use storage::{
    blobs::{Ticket, Where},
    model::{AssetId, WorkflowId},
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

/// What can go out.
struct Plans {
    /// In the order of the library.
    plans: Vec<Plan>,
    /// What can't be read, and why: it isn't in the file.
    left_out: Vec<(String, String)>,
}

/// What goes out.
struct Planned {
    layout: Layout,
    /// How many workflows.
    workflows: usize,
    /// Contents that it embeds, each counted once for each workflow.
    embedded: usize,
    /// Addresses to which it refers.
    links: BTreeSet<String>,
    missing: BTreeSet<AssetId>,
}

/// What goes out, and the decision.
#[component]
pub fn BackUp() -> Element {
    let store = use_store();
    let toaster: Toaster = use_context();
    let mut export = use_panels().export;
    let mut going = use_signal(|| None::<Going>);
    let mut looked_at = use_signal(|| 0_usize);
    let plans = {
        let store = store.clone();
        use_resource(move || {
            let store = store.clone();
            async move { Rc::new(plan(&store, &mut looked_at).await) }
        })
    };
    let unchosen = use_signal(BTreeSet::<WorkflowId>::new);
    let planned = use_memo(move || {
        let plans = plans.read().clone()?;
        Some(Shown(Rc::new(together(&plans.plans, &unchosen.read()))))
    });
    let file = use_hook(|| backup_name(store.session().stamp().millis()));
    let mut close = move || {
        if let Some(going) = going.take() {
            going.ticket.cancel();
        }
        export.set(None);
    };
    let plan = planned.read().clone().map(|Shown(planned)| planned);
    use_topic(&store, Topic::Folder);
    let can_go = |planned: &Planned| planned.workflows > 0 && !waits_for_folder(&store, &planned.layout);
    let is_ready = matches!(plan.as_deref(), Some(Ok(planned)) if can_go(planned)) && going.read().is_none();
    let save = {
        let (store, file) = (store.clone(), file.clone());
        move |_| {
            let Some(Shown(planned)) = planned.read().clone() else { return };
            let Ok(bytes) = planned.as_ref().as_ref().map(|planned| planned.layout.bytes) else { return };
            let ticket = Ticket::default();
            // Now: a moment later this is no click any more.
            let chosen = platform::choose_target(&file);
            going.set(Some(Going::new(format!("Saving {file}"), &ticket, bytes)));
            let (assets, file) = (store.session().assets().clone(), file.clone());
            spawn_forever(async move {
                let Ok(planned) = &*planned else { return };
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
                match &plan {
                    None => rsx! {
                        p { class: "q", role: "status", "Looking at {looked_at} of {count}…" }
                    },
                    Some(planned) => rsx! {
                        Summary { file: file.clone(), planned: Shown(Rc::clone(planned)) }
                        LeftOut { plans: Offered(plans.read().clone()) }
                        Choice { plans: Offered(plans.read().clone()), unchosen }
                        if let Ok(planned) = &**planned {
                            ClosedFolder { needed: planned.layout.has_any_in(Where::Folder) }
                        }
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
struct Shown(Rc<Result<Planned, String>>);

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// Plans as a property: the same ones are the same.
#[derive(Clone)]
struct Offered(Option<Rc<Plans>>);

impl PartialEq for Offered {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_ref().map(Rc::as_ptr) == other.0.as_ref().map(Rc::as_ptr)
    }
}

/// Which workflows go out: all, unless some are taken out.
#[component]
fn Choice(plans: Offered, unchosen: Signal<BTreeSet<WorkflowId>>) -> Element {
    let Some(plans) = plans.0.filter(|plans| plans.plans.len() > 1) else { return VNode::empty() };
    let all: BTreeSet<_> = plans.plans.iter().map(|plan| plan.id).collect();
    let is_whole = unchosen.read().is_empty();
    rsx! {
        div { class: "offers", role: "group", aria_label: "Workflows to back up",
            label { class: "option",
                input {
                    r#type: "checkbox",
                    class: "check",
                    checked: is_whole,
                    onchange: move |event| unchosen.set(if event.checked() { BTreeSet::new() } else { all.clone() }),
                }
                span { b { "All workflows" } }
            }
            for plan in &plans.plans {
                Offer { key: "{plan.id}", id: plan.id, name: plan.name.clone(), bytes: plan.layout.bytes, unchosen }
            }
        }
    }
}

/// One of the workflows.
#[component]
fn Offer(id: WorkflowId, name: String, bytes: u64, unchosen: Signal<BTreeSet<WorkflowId>>) -> Element {
    let choose = move |event: FormEvent| {
        let mut unchosen = unchosen.write();
        if event.checked() {
            unchosen.remove(&id)
        } else {
            unchosen.insert(id)
        };
    };
    rsx! {
        label { class: "option",
            input { r#type: "checkbox", class: "check", checked: !unchosen.read().contains(&id), onchange: choose }
            span { class: "row",
                span { class: "grow", dir: "auto", "{name}" }
                span { class: "num q", "{words::size(bytes)}" }
            }
        }
    }
}

/// What can't go out.
#[component]
fn LeftOut(plans: Offered) -> Element {
    let left_out = plans.0.iter().flat_map(|plans| plans.left_out.clone());
    rsx! {
        for (name , reason) in left_out {
            div { class: "ledger plain", role: "alert", key: "{name}",
                Icon { name: IconName::TriangleAlert }
                span { "“{name}” can’t be read and is not in the file: {reason}." }
            }
        }
    }
}

#[component]
fn Summary(file: String, planned: Shown) -> Element {
    let planned = match &*planned.0 {
        Ok(planned) => planned,
        Err(error) => {
            return rsx! {
                p { role: "alert", "There can’t be a backup: {error}." }
            };
        }
    };
    let Planned { layout, workflows, embedded, links, missing } = planned;
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
        }
    }
}

/// Plans every workflow that is here, one after the other.
async fn plan(store: &Store, looked_at: &mut Signal<usize>) -> Plans {
    let (mut plans, mut left_out) = (Vec::new(), Vec::new());
    for id in store.workflows() {
        let planned = match workflow_of(store, id).await {
            Ok(workflow) => {
                let plan = Plan::new(store.session().assets(), workflow, &Originals::new()).await;
                plan.map_err(|error| error.to_string())
            }
            Err(error) => Err(error),
        };
        match planned {
            Ok(plan) => plans.push(plan),
            Err(reason) => {
                left_out.push((store.summary(id).map_or_else(|| id.to_string(), |summary| summary.name), reason));
            }
        }
        *looked_at.write() += 1;
    }
    Plans { plans, left_out }
}

/// One file of those that are chosen.
fn together(plans: &[Plan], unchosen: &BTreeSet<WorkflowId>) -> Result<Planned, String> {
    let chosen: Vec<_> = plans.iter().filter(|plan| !unchosen.contains(&plan.id)).cloned().collect();
    let (workflows, embedded) = (chosen.len(), chosen.iter().map(|plan| plan.embedded).sum());
    let links = chosen.iter().flat_map(|plan| plan.urls.clone()).collect();
    let missing = chosen.iter().flat_map(|plan| plan.missing.clone()).collect();
    let layout = backup(chosen).map_err(|error| error.to_string())?;
    Ok(Planned { layout, workflows, embedded, links, missing })
}
