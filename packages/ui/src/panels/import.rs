//! Bringing files in: checked first, shown, then stored or not.

use std::rc::Rc;

use dioxus::{core::spawn_forever, prelude::*};
use storage::{
    Error,
    backend::Batch,
    blobs::{Source, Ticket},
    comfyui::{self, Import},
    model::{Stamp, WorkflowId},
    package::{self, Found, Outlook, Package, Update, Way},
    rescue,
};

use super::{
    Panels,
    going::{Going, Meter, follow},
    import_report::Report,
    library::show,
    use_panels,
};
use crate::{
    canvas::{Editor, use_editor},
    media::{Incoming, Ingest, words},
    platform,
    store::{Store, use_store},
    widgets::{Dialog, Icon, IconName, ToastAction, Toaster},
};

/// How large a text may be, in bytes: all of it is in memory. That of a workflow has a smaller limit of its own; rescued work has none.
const MOST_TEXT: u64 = 256 << 20;

/// The hidden field through which files are chosen.
const FIELD: &str = "import-files";

/// A file that was looked at.
#[derive(Clone, PartialEq)]
pub struct Candidate {
    /// What it is called.
    pub(super) file: String,
    /// How large it is.
    pub(super) bytes: u64,
    pub(super) outcome: Outcome,
}

/// What a file is.
#[derive(Clone, PartialEq)]
pub(super) enum Outcome {
    ComfyUi(Box<Import>),
    Package(Checked),
    Rescued(Rc<Batch>),
    /// What else is in a backup.
    Ignored(Vec<String>),
    Refused(Refusal),
}

/// A package whose archive and graph are sound.
#[derive(Clone)]
pub(super) struct Checked {
    pub package: Rc<Package>,
    pub source: Source,
    pub outlook: Outlook,
    /// What a workflow of the same id is called, if there is one.
    pub here: Option<String>,
    /// Whether it is one of a backup's: such a one comes back as what it was.
    pub is_backed_up: bool,
    pub choice: Choice,
}

/// What becomes of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// It comes in as a workflow of its own.
    Copy,
    /// It is merged into the one that is here; into none, if none is here: then it is what it was.
    Update,
    /// It stays where it is.
    Leave,
}

impl PartialEq for Checked {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.package, &other.package) && self.outlook == other.outlook && self.choice == other.choice
    }
}

/// Why a file can't come in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    /// For programs: short and stable.
    pub code: String,
    /// For people.
    pub words: String,
}

impl Candidate {
    /// Whether it comes in with the button.
    fn is_sound(&self) -> bool {
        match &self.outcome {
            Outcome::ComfyUi(_) | Outcome::Rescued(_) => true,
            Outcome::Package(checked) => checked.package.refusal().is_none() && checked.choice != Choice::Leave,
            Outcome::Ignored(_) | Outcome::Refused(_) => false,
        }
    }
}

/// Opens the system's dialog to choose files.
pub fn choose_files() {
    platform::click(FIELD);
}

/// The button "Import", and the field behind it.
#[component]
pub fn Choose() -> Element {
    let store = use_store();
    let panels = use_panels();
    rsx! {
        button { class: "footbtn", onclick: |_| choose_files(),
            Icon { name: IconName::PackageOpen }
            span { "Import" }
        }
        input {
            r#type: "file",
            id: FIELD,
            "data-import": true,
            aria_label: "Files to bring in",
            hidden: true,
            multiple: true,
            accept: ".json,.zip,application/json,application/zip",
            onchange: move |event| {
                let (store, files) = (store.clone(), platform::chosen(event.files()));
                // The same file may be chosen again.
                platform::clear(FIELD);
                async move { look_over(&store, panels, files).await }
            },
        }
    }
}

/// Where files may be dropped: anywhere.
#[component]
pub fn Drop() -> Element {
    let drop = use_panels().drop;
    rsx! {
        if drop() {
            div { class: "drop",
                p { "Drop to add" }
            }
        }
    }
}

/// Reads and checks files, and shows what they are. Nothing comes in.
pub async fn look_over(store: &Store, panels: Panels, files: Vec<Incoming>) {
    let (mut import, mut going) = (panels.import, panels.import_going);
    if files.is_empty() || going.peek().is_some() {
        return;
    }
    let mut candidates = Vec::new();
    for file in files {
        let ticket = Ticket::default();
        // Anything else is checked before a dialog is drawn.
        if file.is_archive() {
            going.set(Some(Going::new(format!("Checking {}", file.name), &ticket, file.bytes)));
        }
        candidates.extend(look_at(store, going, file, &ticket).await);
        if ticket.is_cancelled() {
            going.set(None);
            return;
        }
    }
    going.set(None);
    import.set(Some(candidates));
}

/// What a file is; what each of the packages in a backup is.
async fn look_at(store: &Store, mut going: Signal<Option<Going>>, file: Incoming, ticket: &Ticket) -> Vec<Candidate> {
    let assets = store.session().assets();
    let backup = if file.is_archive() {
        match follow(going, ticket, package::find(assets, file.source.clone(), ticket.clone())).await {
            Ok(Found::Backup(backup)) => backup,
            Ok(Found::Package(package)) => {
                return vec![file.candidate(sound(store, *package, &file.source, false).await)];
            }
            Err(error) => return vec![file.candidate(Outcome::refused(error.code(), &error))],
        }
    } else if file.bytes > MOST_TEXT {
        let words = format!(
            "It has {}, and a text has to be read at once: at most {} of it.",
            words::size(file.bytes),
            words::size(MOST_TEXT)
        );
        return vec![file.candidate(Outcome::Refused(Refusal { code: "too-large".into(), words }))];
    } else {
        let checked = match file.read().await {
            Ok(bytes) => check(&bytes, &file.name, &mut || store.session().stamp()),
            Err(error) => {
                Err(Refusal { code: "unreadable".into(), words: format!("The file can’t be read: {error}") })
            }
        };
        return vec![file.candidate(checked.unwrap_or_else(Outcome::Refused))];
    };
    let (mut candidates, count) = (Vec::new(), backup.packages.len());
    for (number, inside) in backup.packages.iter().enumerate() {
        if ticket.is_cancelled() {
            break;
        }
        let label = format!("Checking {} in {}, {} of {count}", inside.file(), file.name, number + 1);
        going.set(Some(Going::new(label, ticket, inside.bytes)));
        let outcome = match inside.source(&file.source).await {
            Err(error) => Outcome::refused(error.code(), &error),
            Ok(source) => match follow(going, ticket, package::look(assets, source.clone(), ticket.clone())).await {
                Ok(package) => sound(store, package, &source, true).await,
                Err(error) => Outcome::refused(error.code(), &error),
            },
        };
        candidates.push(Candidate { file: inside.file().to_owned(), bytes: inside.bytes, outcome });
    }
    if !backup.ignored.is_empty() {
        candidates.push(file.candidate(Outcome::Ignored(backup.ignored)));
    }
    candidates
}

/// A package whose archive and graph are sound, and what would become of it here.
async fn sound(store: &Store, package: Package, source: &Source, is_backed_up: bool) -> Outcome {
    let here = store.summary(package.workflow.id).map(|summary| summary.name);
    // Never silently over what is here; and a backup that is restored twice must not make two of everything.
    let choice = match (is_backed_up, &here) {
        (true, Some(_)) => Choice::Leave,
        (true, None) => Choice::Update,
        (false, _) => Choice::Copy,
    };
    match package.outlook(store.session().assets()).await {
        Ok(outlook) => {
            let (package, source) = (Rc::new(package), source.clone());
            Outcome::Package(Checked { package, source, outlook, here, is_backed_up, choice })
        }
        Err(error) => Outcome::refused("unreadable", &error),
    }
}

impl Outcome {
    fn refused(code: &str, reason: &impl ToString) -> Self {
        Self::Refused(Refusal { code: code.to_owned(), words: sentence(&reason.to_string()) })
    }
}

impl Incoming {
    fn candidate(&self, outcome: Outcome) -> Candidate {
        Candidate { file: self.name.clone(), bytes: self.bytes, outcome }
    }
}

/// A reason as a sentence of its own.
pub(super) fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn check(bytes: &[u8], file: &str, next_stamp: &mut dyn FnMut() -> Stamp) -> Result<Outcome, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|error| Refusal {
        code: "not-text".into(),
        words: format!("This is no text from byte {} on, so it is no workflow.", error.valid_up_to()),
    })?;
    if rescue::is_rescue(text) {
        return rescue::from_text(text)
            .map(|batch| Outcome::Rescued(Rc::new(batch)))
            .map_err(|error| Refusal { code: error.code().to_owned(), words: sentence(&error.to_string()) });
    }
    let name = file.rsplit_once('.').map_or(file, |(name, _)| name);
    comfyui::import(text, name, next_stamp)
        .map(|import| Outcome::ComfyUi(Box::new(import)))
        .map_err(|error| Refusal { code: error.reason().to_owned(), words: error.to_string() })
}

/// What an import needs.
#[derive(Clone)]
pub(super) struct Importer {
    store: Store,
    editor: Editor,
    toaster: Toaster,
    ingest: Ingest,
    panels: Panels,
}

/// The importer of this window.
pub(super) fn use_importer() -> Importer {
    Importer {
        store: use_store(),
        editor: use_editor(),
        toaster: use_context(),
        ingest: use_context(),
        panels: use_panels(),
    }
}

impl Importer {
    /// Brings files in, one after the other, and opens the last one. It goes on to its end whatever becomes of the dialog.
    pub fn bring(self, candidates: Vec<Candidate>) {
        spawn_forever(async move { self.bring_all(candidates).await });
    }

    async fn bring_all(self, candidates: Vec<Candidate>) {
        let Self { store, editor, toaster, ingest, panels } = self;
        let (mut last, count) = (None, candidates.len());
        for (number, candidate) in candidates.into_iter().enumerate() {
            let brought = match candidate.outcome {
                Outcome::ComfyUi(mut import) => {
                    import.workflow.name = store.free_name(&import.workflow.name);
                    store.import_workflow(&import.workflow).map_err(|error| error.to_string())
                }
                Outcome::Package(checked) => match bring_package(&store, panels, &candidate.file, checked).await {
                    Err(Stopped::Cancelled) => {
                        // Whoever calls one off means all that were to come.
                        if number > 0 {
                            toaster.info(format!("{number} of {count} came in; the rest was called off."));
                        }
                        break;
                    }
                    Err(Stopped::Failed(reason)) => Err(reason),
                    Ok(Brought { id, update }) => {
                        if let Some(update) = update {
                            tell(&store, toaster, id, update);
                        }
                        Ok(id)
                    }
                },
                Outcome::Rescued(batch) => {
                    // Of a workflow that isn't here it may hold too little to show one: then it waits for the rest.
                    if let Some(id) = store.take_rescued(&batch) {
                        Ok(id)
                    } else {
                        toaster.info(format!("{} is taken in. Its workflow isn’t here yet.", candidate.file));
                        continue;
                    }
                }
                Outcome::Ignored(_) | Outcome::Refused(_) => continue,
            };
            match brought {
                Ok(id) => last = Some(id),
                Err(error) => toaster.error(format!("{} can’t come in: {error}.", candidate.file)),
            }
        }
        if let Some(id) = last {
            ingest.ask_to_keep();
            show(&store, &editor, toaster, id).await;
        }
    }
}

/// Why a package did not come in.
enum Stopped {
    Cancelled,
    /// In words.
    Failed(String),
}

impl Stopped {
    fn because(error: impl ToString) -> Self {
        Self::Failed(error.to_string())
    }
}

/// A package that came in.
struct Brought {
    id: WorkflowId,
    /// What it has changed in a workflow that was here.
    update: Option<Update>,
}

/// Says what an update has done, and offers to undo all of it.
fn tell(store: &Store, toaster: Toaster, id: WorkflowId, update: Update) {
    let name = store.summary(id).map_or_else(String::new, |summary| summary.name);
    if update.patches().is_empty() {
        return toaster.info(format!("“{name}” was as it is in the file: nothing has changed."));
    }
    let (store, update) = (store.clone(), Rc::new(update));
    let undo = ToastAction::new("Undo", move || {
        let (store, update) = (store.clone(), Rc::clone(&update));
        spawn_forever(async move {
            if let Err(error) = store.undo_update(id, &update).await {
                toaster.error(format!("The update can’t be undone: {error}."));
            }
        });
    });
    toaster.offer(format!("“{name}” updated"), undo);
}

/// Stores a package's media, and then its graph.
async fn bring_package(store: &Store, panels: Panels, file: &str, checked: Checked) -> Result<Brought, Stopped> {
    let Checked { package, source, here, choice, .. } = checked;
    let (session, ticket) = (store.session().clone(), Ticket::default());
    let mut going = panels.import_going;
    let total = package.bytes();
    if total > 0 {
        let label = format!("Storing what is in {file}");
        going.set(Some(Going::new(label, &ticket, total)));
    }
    let keeping = package.keep_media(session.assets(), &source, ticket.clone());
    let media = follow(going, &ticket, keeping).await;
    going.set(None);
    let media = media.map_err(|error| match error {
        Error::Cancelled => Stopped::Cancelled,
        Error::Full(_) => {
            Stopped::Failed(format!("{error}; free some space in Storage, or choose a folder there, and try again"))
        }
        error => Stopped::because(error),
    })?;
    let way = if choice == Choice::Update { Way::Update } else { Way::Copy };
    // Nobody else has it any more, unless the dialog still does.
    let package = Rc::unwrap_or_clone(package);
    let mut workflow = package.into_workflow(&media, way, &mut || session.stamp());
    let stored = match way {
        Way::Update => store.update_workflow(&workflow).await.map(Some).map_err(Stopped::because),
        Way::Copy => {
            workflow.name = store.free_name(&workflow.name);
            store.import_workflow(&workflow).map(|_| None).map_err(Stopped::because)
        }
    };
    let update = match stored {
        Ok(update) => update,
        Err(error) => {
            media.undo(session.assets()).await.map_err(Stopped::because)?;
            return Err(error);
        }
    };
    // Held until the nodes that refer to them are on the disk.
    session.flush().await;
    drop(media);
    // Of what was not here there is nothing to compare with.
    Ok(Brought { id: workflow.id, update: update.filter(|_| here.is_some()) })
}

/// The report, and the decision.
#[component]
pub fn ImportDialog() -> Element {
    let importer = use_importer();
    let panels = use_panels();
    let (mut import, going) = (panels.import, panels.import_going);
    if let Some(going) = going() {
        return rsx! {
            Progress { going: going.clone(), oncancel: move |()| going.ticket.cancel() }
        };
    }
    let Some(candidates) = import() else { return VNode::empty() };
    let valid = candidates.iter().filter(|candidate| candidate.is_sound()).count();
    let files = candidates.iter().filter(|candidate| !matches!(candidate.outcome, Outcome::Ignored(_))).count();
    let subtitle = match files {
        1 => "The file was checked from end to end. Nothing has been added yet.".to_owned(),
        count => format!("{count} files were checked from end to end. Nothing has been added yet."),
    };
    let sound = candidates.iter().filter(|candidate| candidate.is_sound());
    let needed: u64 = sound
        .map(|candidate| match &candidate.outcome {
            Outcome::Package(checked) => checked.outlook.new_bytes,
            _ => 0,
        })
        .sum();
    let come_in = move |_| {
        let candidates = import.take().unwrap_or_default();
        importer.clone().bring(candidates.into_iter().filter(Candidate::is_sound).collect());
    };
    rsx! {
        Dialog { title: "Import", subtitle, onclose: move |()| import.set(None),
            div { class: "in",
                for (number , candidate) in candidates.iter().enumerate() {
                    Report { key: "{number}", number, candidate: candidate.clone() }
                }
            }
            footer {
                span { class: "grow q",
                    if needed > 0 {
                        "Takes {words::size(needed)} on this device."
                    }
                }
                button { class: "btn", onclick: move |_| import.set(None), "Cancel" }
                button { class: "btn primary", autofocus: valid > 0, disabled: valid == 0, onclick: come_in, "Import" }
            }
        }
    }
}

/// How far something is, with a way out.
#[component]
fn Progress(going: Going, oncancel: EventHandler<()>) -> Element {
    rsx! {
        Dialog { title: "Import", subtitle: going.label.clone(), onclose: move |()| oncancel.call(()),
            div { class: "in",
                Meter { going }
            }
            footer {
                span { class: "grow" }
                button { class: "btn", onclick: move |_| oncancel.call(()), "Cancel" }
            }
        }
    }
}
