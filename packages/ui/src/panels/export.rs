//! The open workflow as one file.

use std::{collections::BTreeSet, rc::Rc, sync::Arc};

use dioxus::{core::spawn_forever, prelude::*};
use storage::{
    blobs::{Added, FolderState, Held, Ticket, Where},
    model::{AssetId, Workflow, WorkflowId},
    package::{Layout, Originals, Plan, file_name},
};
use tracing::warn;

use super::{
    ToExport,
    back_up::{BackUp, BackUpButton},
    going::{Going, Meter, follow},
    use_panels,
};
use crate::{
    media::{Closed, words},
    platform::{self, Saved},
    store::{Store, Topic, use_store, use_topic},
    widgets::{Dialog, Icon, IconName, Toaster, sleep},
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
            onclick: move |_| export.set(open.map(ToExport::One)),
            Icon { name: IconName::Upload }
        }
    }
}

/// What goes out, and the decision.
#[component]
pub fn ExportDialog() -> Element {
    let export = use_panels().export;
    match export() {
        Some(ToExport::One(id)) => rsx! {
            Export { key: "{id}", id }
        },
        Some(ToExport::All) => rsx! {
            BackUp {}
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
    use_topic(&store, Topic::Folder);
    let ready = matches!(&*plan, Some(Ok(plan)) if !waits_for_folder(&store, &plan.layout)) && going.read().is_none();
    let save = {
        let (store, file) = (store.clone(), file.clone());
        move |_| {
            let Some(Ok(plan)) = planned.read().clone() else { return };
            let ticket = Ticket::default();
            // Now: a moment later this is no click any more.
            let chosen = platform::choose_target(&file);
            going.set(Some(Going::new(format!("Saving {file}"), &ticket, plan.layout.bytes)));
            let (store, file) = (store.clone(), file.clone());
            spawn_forever(async move {
                let saved = match chosen.await {
                    Ok(Some(target)) => {
                        let work = Outgoing { id, plan, with_originals: originals(), target, file: file.clone() };
                        work.save(&store, going, &ticket, toaster).await
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
                // The dialog may be gone, or be another workflow's.
                if *export.peek() == Some(ToExport::One(id)) && !ticket.is_cancelled() {
                    export.set(None);
                }
                said(toaster, &file, &ticket, saved);
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
                        Summary {
                            name: name.clone(),
                            file: file.clone(),
                            plan: Shown(Rc::clone(plan)),
                            with_originals: originals(),
                        }
                        ClosedFolder { needed: plan.layout.has_any_in(Where::Folder) }
                    },
                }
                label { class: "option",
                    input {
                        r#type: "checkbox",
                        class: "check",
                        checked: originals(),
                        onchange: move |event| originals.set(event.checked()),
                    }
                    span {
                        "Include originals"
                        small {
                            "Fetches what is only linked, and puts it into the file. Without this links stay links."
                        }
                    }
                }
                if let Some(going) = going() {
                    Meter { going }
                }
            }
            footer {
                BackUpButton { class: "btn quiet" }
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
fn Summary(name: String, file: String, plan: Shown, with_originals: bool) -> Element {
    let Shown(plan) = plan;
    let links = plan.urls.len();
    // What is fetched has its size only when it is here.
    let at_least = if with_originals && links > 0 { "at least " } else { "" };
    rsx! {
        div { class: "report", "data-export-bytes": "{plan.layout.bytes}", "data-export-assets": "{plan.embedded}", "data-export-links": "{links}",
            div { class: "rt",
                Icon { name: IconName::PackageOpen }
                span {
                    b { dir: "auto", "{name}" }
                    span { class: "file", "{file}" }
                }
                span { class: "num q", "{at_least}{words::size(plan.layout.bytes)}" }
            }
            div { class: "ledger",
                Icon { name: IconName::Image }
                b { "{plan.embedded} inside" }
                span { class: "q", if plan.embedded == 0 { "it has no media of its own on this device" } else { "its own media, and nothing else of yours" } }
                span { class: "q num end" }
                if links > 0 {
                    Icon { name: IconName::Cloud }
                    b { "{links} linked" }
                    span { class: "q",
                        if with_originals {
                            "fetched when you save, and put into the file; their size isn’t known yet"
                        } else {
                            "they stay where they are on the network"
                        }
                    }
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

/// What has to be done before media that are in the user's folder can go out: the browser asks only in a click.
#[component]
pub fn ClosedFolder(needed: bool) -> Element {
    let store = use_store();
    use_topic(&store, Topic::Folder);
    let state = store.session().assets().folder();
    if !needed || matches!(state, FolderState::None | FolderState::Granted { .. }) {
        return VNode::empty();
    }
    rsx! {
        div { class: "msg warn", role: "status",
            Icon { name: IconName::Folder }
            Closed { state, class: "grow" }
        }
    }
}

/// Whether what goes out can't be read until the user has allowed the folder.
pub(super) fn waits_for_folder(store: &Store, layout: &Layout) -> bool {
    let is_open = matches!(store.session().assets().folder(), FolderState::None | FolderState::Granted { .. });
    !is_open && layout.has_any_in(Where::Folder)
}

/// Says what became of a file: where it is, or why it is not.
pub(super) fn said(toaster: Toaster, file: &str, ticket: &Ticket, saved: Result<Saved, String>) {
    match saved {
        Ok(Saved::At(place)) => toaster.info(format!("Saved as {place}")),
        Ok(Saved::Download) => toaster.info(format!("“{file}” is among your downloads")),
        Err(_) if ticket.is_cancelled() => {}
        Err(error) => toaster.error(format!("“{file}” was not saved: {error}.")),
    }
}

/// A workflow as it is now. What is being edited is in memory; when it was changed last, the disk says.
pub(super) async fn workflow_of(store: &Store, id: WorkflowId) -> Result<Workflow, String> {
    store.session().flush().await;
    store.whole_workflow(id).await.map_err(|error| error.to_string())
}

/// A package that is about to be saved.
struct Outgoing {
    id: WorkflowId,
    plan: Rc<Plan>,
    /// Whether what is linked is to be fetched, and put into it.
    with_originals: bool,
    target: platform::Target,
    file: String,
}

impl Outgoing {
    async fn save(
        self,
        store: &Store,
        going: Signal<Option<Going>>,
        ticket: &Ticket,
        toaster: Toaster,
    ) -> Result<Saved, String> {
        let assets = store.session().assets().clone();
        if !self.with_originals || self.plan.urls.is_empty() {
            return follow(going, ticket, platform::save_archive(&self.plan.layout, &assets, self.target, ticket))
                .await;
        }
        let mut fetched = Fetched::default();
        let saved = match self.fetch(&mut fetched, store, going, ticket, toaster).await {
            Ok(plan) => {
                if let Ok(mut going) = going.clone().try_write() {
                    *going = Some(Going::new(format!("Saving {}", self.file), ticket, plan.layout.bytes));
                }
                follow(going, ticket, platform::save_archive(&plan.layout, &assets, self.target, ticket)).await
            }
            Err(reason) => {
                platform::abandon(self.target).await;
                Err(reason)
            }
        };
        let is_read_later = matches!(saved, Ok(Saved::Download));
        fetched.let_go(store, is_read_later).await;
        saved
    }

    /// Fetches what is linked, and plans the package with it.
    async fn fetch(
        &self,
        fetched: &mut Fetched,
        store: &Store,
        mut going: Signal<Option<Going>>,
        ticket: &Ticket,
        toaster: Toaster,
    ) -> Result<Plan, String> {
        let (assets, mut failed) = (store.session().assets(), Vec::new());
        for (number, url) in self.plan.urls.iter().enumerate() {
            if let Ok(mut going) = going.try_write()
                && let Some(going) = going.as_mut()
            {
                going.label = format!("Fetching {} of {}", number + 1, self.plan.urls.len());
            }
            let added = platform::fetch(assets, url, ticket).await;
            if ticket.is_cancelled() {
                fetched.take(url, added.ok());
                return Err("it was called off".into());
            }
            match added {
                Ok(added) => fetched.take(url, Some(added)),
                Err(reason) => failed.push(format!("{url} ({reason})")),
            }
        }
        if !failed.is_empty() {
            toaster.error(format!("These stay links, since they can’t be fetched: {}.", failed.join(", ")));
        }
        let workflow = workflow_of(store, self.id).await?;
        Plan::new(assets, workflow, &fetched.by_url).await.map_err(|error| error.to_string())
    }
}

/// How long a browser may read from a package that it downloads, in milliseconds.
const READ_LATER: u64 = 10 * 60_000;

/// Originals that are here for the sake of one export.
#[derive(Default)]
struct Fetched {
    by_url: Originals,
    /// Keeps them while it exists.
    held: Vec<Arc<Held>>,
    /// Those that were not here before.
    new: BTreeSet<AssetId>,
}

impl Fetched {
    fn take(&mut self, url: &str, added: Option<Added>) {
        let Some(Added { asset, is_new, held }) = added else { return };
        if is_new {
            self.new.insert(asset.id);
        }
        self.held.push(held);
        self.by_url.insert(url.to_owned(), asset);
    }

    /// Removes what nobody has asked to keep on this device. `is_read_later`: the browser reads it when this page is done.
    async fn let_go(self, store: &Store, is_read_later: bool) {
        let (assets, Self { held, new, .. }) = (store.session().assets().clone(), self);
        let remove = async move {
            if is_read_later {
                sleep(READ_LATER).await;
            }
            // They can't be removed while they are held.
            drop(held);
            if !new.is_empty()
                && let Err(error) = assets.clean_up(new).await
            {
                warn!(error = error.code(), "fetched originals stay until they are cleaned up");
            }
        };
        if is_read_later {
            spawn_forever(remove);
        } else {
            remove.await;
        }
    }
}
