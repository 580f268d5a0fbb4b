//! The whole window: opening, failing, working.

use std::rc::Rc;

use dioxus::prelude::*;
use storage::{Event, Location, Session, model::WorkflowId};
use tokio::sync::mpsc::UnboundedReceiver;
use tracing::error;

use crate::{
    canvas::{Canvas, Editor},
    media::{Ingest, bring_in},
    panels::{
        Deleted, Diagnostics, Drop, ExportDialog, FirstRun, ImportDialog, Inspector, ItemMenu, Library, NewVersion,
        NewerBuild, Panels, TopBar, Unstored, failure_report, say_unreadable_parts, say_unreadable_workflows,
        storage::{StorageDesk, StoragePanel},
        sync::{SyncDesk, SyncPanel},
    },
    platform::{self, Leaving, PageState},
    store::{Store, Topic, use_store, use_topic},
    viewer::{Viewer, ViewerDialog},
    widgets::{Toaster, Toasts, catch_stray_keys, sleep},
    windows::{Windows, use_windows},
};

/// How long after the start it is asked how much room there is, in milliseconds.
const QUOTA_PAUSE: u64 = 1_200;

/// How often it is asked whether those who are seen elsewhere are still there, in milliseconds.
const PRESENCE_PAUSE: u64 = 10_000;

/// What the application gives the window: where everything lives, and what to call once the session is open.
#[derive(Clone)]
pub struct Start {
    /// Where everything lives.
    pub location: Location,
    /// Called with the session once it is open: whoever closes the window must flush it first.
    pub opened: Rc<dyn Fn(&Session)>,
    /// The session that another window of this process has opened; this one shares it.
    pub session: Option<Session>,
    /// Why nothing may be opened at all.
    pub refused: Option<storage::Error>,
    /// The workflow to show. None: the one that was open last.
    pub workflow: Option<WorkflowId>,
    /// Other windows, where there may be some.
    pub windows: Option<Windows>,
}

impl Start {
    /// One window, which opens what is at `location`.
    pub fn new(location: Location, opened: impl Fn(&Session) + 'static) -> Self {
        Self { location, opened: Rc::new(opened), session: None, refused: None, workflow: None, windows: None }
    }
}

#[derive(Clone)]
enum Stage {
    Opening,
    Open(Opened),
    Failed(storage::Error),
}

#[derive(Clone)]
struct Opened {
    store: Store,
    /// Taken by the one who listens.
    events: Rc<std::cell::RefCell<Option<UnboundedReceiver<Event>>>>,
    /// What the user has to know of how it was opened, each a sentence.
    said: Vec<String>,
}

impl PartialEq for Opened {
    fn eq(&self, other: &Self) -> bool {
        self.store == other.store
    }
}

/// How what is stored is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Usual,
    /// Without anything that stores: all of it stays in memory.
    Unstored,
    /// The damaged database gets another name, and what can be read of it is opened.
    Salvaged,
}

/// The whole window. Needs a [`Start`] in its context.
#[component]
pub fn App() -> Element {
    let mut stage = use_signal(|| Stage::Opening);
    let start: Start = use_context();
    let refused = start.refused.is_some();
    let begin = use_callback(move |how: How| {
        let start = start.clone();
        spawn(async move {
            let opened = open(&start, how).await;
            if let Err(error) = &opened {
                error!(error = error.code(), "the stored data can't be opened");
            }
            stage.set(opened.map_or_else(Stage::Failed, Stage::Open));
        });
    });
    use_hook(|| begin(How::Usual));
    let now = stage.read().clone();
    match now {
        // The page says that it is opening, until something stands here.
        Stage::Opening => VNode::empty(),
        Stage::Open(opened) => rsx! {
            Studio { opened }
        },
        Stage::Failed(error) => rsx! {
            Failed { error: error.clone(), ways: ways(&error, refused), onway: begin }
        },
    }
}

async fn open(start: &Start, how: How) -> storage::Result<Opened> {
    if let Some(error) = &start.refused {
        return Err(error.clone());
    }
    let mut said = Vec::new();
    if how == How::Salvaged {
        said.push(platform::salvage(&start.location).await?);
    }
    let (session, events) = match &start.session {
        // Heard from here on, so that nothing is missed while the library is read.
        Some(session) => (session.clone(), session.subscribe()),
        None if how == How::Unstored => Session::open_unstored(unstored()).await?,
        None => match Session::open(start.location.clone()).await {
            // Nobody can do anything about it in this window, and work is better than none. The window says so as long as it is there.
            Err(error @ storage::Error::Unavailable(_)) if !platform::IS_NATIVE => {
                error!(error = error.code(), "there is nothing to store anything in");
                Session::open_unstored(error).await?
            }
            opened => opened?,
        },
    };
    (start.opened)(&session);
    let store = Store::open(session).await?;
    let asked = start.workflow.filter(|id| store.summary(*id).is_some());
    let shown = match asked {
        Some(id) => Some(id),
        None => store.last_open().await?,
    };
    if let Some(id) = shown
        && let Err(error) = store.open_workflow(id).await
    {
        // The others may be sound.
        error!(error = error.code(), "the workflow can't be opened");
        let name = store.summary(id).map_or_else(String::new, |summary| summary.name);
        said.push(format!("“{name}” can’t be opened: {error}."));
    }
    Ok(Opened { store, events: Rc::new(std::cell::RefCell::new(Some(events))), said })
}

fn unstored() -> storage::Error {
    storage::Error::Unavailable("the data folder can’t be used".into())
}

/// What to do about it.
fn advice(error: &storage::Error) -> &'static str {
    match error {
        storage::Error::Newer { .. } => {
            "A newer Atelier has written it. Use that one, or update this one. Nothing was changed."
        }
        storage::Error::Locked(_) => "Close the other program that uses it, then try again.",
        storage::Error::Unavailable(_) => {
            "Its folder can’t be used. Make it writable, or give Atelier another one. Nothing was changed."
        }
        storage::Error::Corrupt(_) if platform::IS_NATIVE => {
            "The database is damaged. It can be set aside as it is, under another name, and what can still be read of it is opened. Nothing was changed so far."
        }
        storage::Error::Corrupt(_) => "It is damaged, and left as it is. Nothing was changed.",
        _ => "Nothing was changed. It may work the next time.",
    }
}

/// What can be tried. `refused`: nothing may be opened at all.
fn ways(error: &storage::Error, refused: bool) -> Vec<How> {
    if refused {
        return Vec::new();
    }
    match error {
        storage::Error::Newer { .. } => Vec::new(),
        storage::Error::Corrupt(_) if platform::IS_NATIVE => vec![How::Salvaged],
        storage::Error::Unavailable(_) => vec![How::Usual, How::Unstored],
        _ => vec![How::Usual],
    }
}

/// Nothing can be shown.
#[component]
fn Failed(error: storage::Error, ways: Vec<How>, onway: Callback<How>) -> Element {
    use_effect(|| platform::say_state(PageState::Failed));
    let mut copied = use_signal(|| None::<Result<(), String>>);
    let (reason, advice) = (error.to_string(), advice(&error));
    rsx! {
        div { class: "screen", role: "alert",
            h1 { "Atelier can’t open your work" }
            p { class: "say", "{advice}" }
            pre { "{reason}" }
            div { class: "row",
                for (at , how) in ways.into_iter().enumerate() {
                    button {
                        key: "{how:?}",
                        class: if at == 0 { "btn primary" } else { "btn" },
                        onclick: move |_| onway(how),
                        match how {
                            How::Usual => "Try again",
                            How::Unstored => "Work without storing anything",
                            How::Salvaged => "Set it aside and open the rest",
                        }
                    }
                }
                button {
                    class: "btn quiet",
                    onclick: move |_| {
                        let text = failure_report(&error);
                        async move { copied.set(Some(platform::copy_text(&text).await)) }
                    },
                    "Copy report"
                }
            }
            p { class: "q", role: "status",
                match &*copied.read() {
                    None => rsx! {},
                    Some(Ok(())) => rsx! {
                        "The report is in the clipboard."
                    },
                    Some(Err(reason)) => rsx! {
                        "It can’t be copied: {reason}."
                    },
                }
            }
        }
    }
}

/// The window at work.
#[component]
fn Studio(opened: Opened) -> Element {
    let store = use_context_provider(|| opened.store.clone());
    let toaster = Toaster::provide();
    let editor = use_context_provider(|| Editor::new(store.clone(), toaster));
    let panels = use_context_provider(Panels::new);
    let desk = use_context_provider(StorageDesk::new);
    let syncing = use_context_provider(SyncDesk::new);
    let viewer = use_context_provider(Viewer::new);
    let ingest = use_context_provider(|| Ingest::new(store.clone(), toaster, desk));
    let read = store.clone();
    use_hook(|| {
        say_unreadable_workflows(&read, toaster);
        say_unreadable_parts(&read, toaster);
        for sentence in &opened.said {
            toaster.error(sentence.clone());
        }
    });
    let listening = store.clone();
    use_future(move || {
        let (store, events) = (listening.clone(), opened.events.borrow_mut().take());
        async move {
            if let Some(events) = events {
                store.listen(events).await;
            }
        }
    });
    use_hook(catch_stray_keys);
    let resuming = store.clone();
    use_future(move || {
        let store = resuming.clone();
        async move {
            if let Err(error) = syncing.resume(&store).await {
                error!(error = error.code(), "what is set about sync can't be read");
            }
        }
    });
    let leaving = store.clone();
    use_hook(|| platform::on_leave(move |how| leave(&leaving, how)));
    let measuring = ingest.clone();
    use_future(move || {
        let ingest = measuring.clone();
        async move {
            // The window first: nobody waits for this.
            sleep(QUOTA_PAUSE).await;
            ingest.warn_of_little_room().await;
        }
    });
    let pasting = (store.clone(), editor.clone(), ingest.clone());
    use_hook(|| {
        platform::on_paste(move |files| {
            let handles = pasting.clone();
            let at = handles.1.corner_under_pointer();
            spawn(bring_in(handles, panels, toaster, files, Some(at), None));
        });
    });
    let windows = use_windows();
    let given = (store.clone(), editor.clone(), ingest.clone());
    let mut files = use_hook(|| CopyValue::new(windows.as_ref().and_then(Windows::take_files)));
    use_future(move || {
        let (handles, files) = (given.clone(), files.write().take());
        async move {
            let Some(mut files) = files else { return };
            while let Some(paths) = files.recv().await {
                let files = platform::at(paths).await;
                bring_in(handles.clone(), panels, toaster, files, None, None).await;
            }
        }
    });
    let gone = store.clone();
    use_drop(move || gone.leave());
    let (moved, released, cancelled) = (editor.clone(), editor.clone(), editor.clone());
    use_topic(&store, Topic::Open);
    use_topic(&store, Topic::Selection);
    let (flushing, dropped) = (store.clone(), (store.clone(), editor, ingest));
    // Another workflow's pictures are not looked at any more.
    let open = store.open_id();
    use_effect(use_reactive((&open,), move |_| viewer.close()));
    let present = store.clone();
    use_effect(use_reactive((&open,), move |_| {
        let store = present.clone();
        spawn(async move { store.say_presence().await });
    }));
    let looking = store.clone();
    use_future(move || {
        let store = looking.clone();
        async move {
            loop {
                sleep(PRESENCE_PAUSE).await;
                // A tab that was killed says nothing.
                if store.is_any_elsewhere() {
                    store.look_elsewhere().await;
                }
            }
        }
    });
    rsx! {
        div {
            class: "shell",
            class: if (panels.library_toggled)() { "no-library show-library" },
            class: if !store.selection().is_empty() { "show-inspector" },
            class: if store.open_id().is_none() { "no-inspector" },
            onpointermove: move |event| moved.pointer_moved(&event),
            onpointerup: move |event| released.pointer_released(&event),
            onpointercancel: move |event| cancelled.pointer_released(&event),
            onkeydown: move |event| {
                let modifiers = event.modifiers();
                if (modifiers.ctrl() || modifiers.meta()) && event.key() == Key::Character("s".into()) {
                    event.prevent_default();
                    let store = flushing.clone();
                    spawn(async move {
                        store.keep_viewport();
                        store.session().flush().await;
                        toaster.info("Everything is saved on disk");
                    });
                }
            },
            ondragover: move |event| {
                event.prevent_default();
                let mut drop = panels.drop;
                if !drop() {
                    drop.set(true);
                }
            },
            ondragleave: move |event| {
                // Only when it leaves the window: its parts leave and enter all the time.
                let at = event.client_coordinates();
                if at.x <= 0. || at.y <= 0. {
                    panels.drop.clone().set(false);
                }
            },
            ondrop: move |event| {
                event.prevent_default();
                panels.drop.clone().set(false);
                // The event is empty once this is over, so it is read now.
                let files = platform::dropped(&event.data());
                let handles = dropped.clone();
                let at = event.client_coordinates();
                let (corner, into) = (handles.1.corner_under(Some(at)), handles.1.media_under(at));
                async move {
                    let files = files.await;
                    bring_in(handles, panels, toaster, files, Some(corner), into).await;
                }
            },
            TopBar {}
            NewerBuild {}
            Unstored {}
            Deleted {}
            NewVersion {}
            Library {}
            Middle {}
            Inspector {}
            Toasts {}
            ItemMenu {}
            ImportDialog {}
            ExportDialog {}
            StoragePanel {}
            SyncPanel {}
            Diagnostics {}
            ViewerDialog {}
            Drop {}
        }
    }
}

/// The open workflow, or ways to get one.
#[component]
fn Middle() -> Element {
    let store = use_store();
    use_topic(&store, Topic::Open);
    match store.open_id() {
        Some(id) => rsx! {
            Canvas { key: "{id}" }
        },
        None => rsx! {
            FirstRun {}
        },
    }
}

/// The page is left. Returns whether anything would be lost.
fn leave(store: &Store, how: Leaving) -> bool {
    store.keep_viewport();
    match (store.session().park(), how) {
        (Ok(()), _) => false,
        (Err(error), how) => {
            error!(%error, ?how, "what isn't stored yet can't be left behind");
            true
        }
    }
}
