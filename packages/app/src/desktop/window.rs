//! One of the windows. All of a process share one session and are coherent through its events.

use std::{
    path::PathBuf,
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
};

use dioxus::{
    desktop::{
        Config, LogicalSize, WindowBuilder,
        tao::event::{Event, WindowEvent},
        use_wry_event_handler, window,
    },
    prelude::*,
};
use storage::{Error, Location, Session, model::WorkflowId};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{
    media::{self, Players},
    window_size,
    windows::{Request, Windows},
};

/// What the window's page may ask for, and everything that shows: the same files that the page in a browser links, so that
/// neither shows a flash of bare text.
///
/// Dioxus answers its own origin with any file of this machine whose path is asked for. So nothing is allowed from there but
/// the two addresses by which events come in, with two slashes as Dioxus puts them together. What Dioxus itself runs stands in
/// the page or is evaluated. Windows and Android have no schemes of their own: there they are hosts. The origin of [`Players`] is
/// added at the end.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; \
     style-src 'unsafe-inline'; img-src media: blob: data: https: http:; \
     connect-src dioxus://index.html//__events dioxus://index.html//__file_dialog http://dioxus.index.html//__events \
     http://dioxus.index.html//__file_dialog ws://127.0.0.1:*; base-uri 'none'; form-action 'none'; \
     media-src media: http://media.localhost blob:";

const STYLES: &str = concat!(
    "<style>",
    include_str!("../../../../assets/tokens.css"),
    include_str!("../../../../assets/atelier.css"),
    "</style>"
);

/// Tells of Ctrl+Shift+N wherever the keyboard is: nothing of the page may have it.
const KEYS: &str = "addEventListener('keydown', (event) => {
        const { ctrlKey, metaKey, shiftKey, code } = event;
        if (!(ctrlKey || metaKey) || !shiftKey || code !== 'KeyN') return;
        event.preventDefault();
        dioxus.send(null);
    });
    await new Promise(() => {});";

/// What all windows of this process share.
#[derive(Clone)]
pub struct Shared {
    /// Where everything lives.
    pub folder: PathBuf,
    /// The one session, once it is open.
    pub session: Arc<Mutex<Option<Session>>>,
    /// Where players find what they play, where they can't read [`media::SCHEME`].
    pub players: Option<Players>,
    /// The windows that there are.
    pub windows: Windows,
    /// Why nothing may be opened.
    pub refused: Option<Error>,
}

/// What a window's own component is given.
#[derive(Clone)]
struct Given {
    shared: Shared,
    files: UnboundedSender<Vec<PathBuf>>,
}

impl Shared {
    /// The session, once it is open.
    pub fn session(&self) -> Option<Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A window with a workflow, or with the one that was open last.
    pub fn make(&self, workflow: Option<WorkflowId>) -> (VirtualDom, Config) {
        let (tell_files, files) = unbounded_channel();
        let (opened, opening) = (Arc::clone(&self.session), self.clone());
        let players = self.players.clone();
        let keep = move |session: &Session| {
            if let Some(players) = &players {
                session.assets().play_from(&players.base());
            }
            *opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(session.clone());
        };
        let start = ui::Start {
            session: self.session(),
            refused: self.refused.clone(),
            workflow,
            windows: Some(ui::Windows::new(move |workflow| opening.open(workflow), files)),
            ..ui::Start::new(Location::Folder(self.folder.clone()), keep)
        };
        let given = Given { shared: self.clone(), files: tell_files };
        let dom = VirtualDom::new(Window).with_root_context(start).with_root_context(Rc::new(given));
        let window = WindowBuilder::new()
            .with_title("Atelier")
            .with_inner_size(window_size::read(&self.folder))
            .with_min_inner_size(LogicalSize::new(480., 360.))
            // Dioxus keeps debug builds in front of everything otherwise.
            .with_always_on_top(false);
        let serving = Arc::clone(&self.session);
        let players = self.players.as_ref().map(Players::origin).unwrap_or_default();
        let head = format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY} {players}\">{STYLES}");
        let config = Config::new()
            .with_window(window)
            .with_menu(None)
            .with_disable_context_menu(true)
            .with_custom_head(head)
            .with_asynchronous_custom_protocol(media::SCHEME, move |_, request, responder| {
                media::serve(&serving, request, responder);
            });
        (dom, config)
    }

    /// Opens one more window beside the current one. Does nothing before the session is open: there is only one.
    fn open(&self, workflow: Option<WorkflowId>) {
        if self.session().is_some() {
            let (dom, config) = self.make(workflow);
            // It is shown by itself; nobody here has anything to do with it.
            drop(window().new_window(dom, config));
        }
    }
}

/// The window: the studio, and what reaches it from outside.
#[component]
fn Window() -> Element {
    let given: Rc<Given> = use_context();
    let shared = given.shared.clone();
    let (number, asked) = use_hook(|| {
        let (number, asked) = shared.windows.join();
        (number, CopyValue::new(Some(asked)))
    });
    let (using, leaving) = (shared.windows.clone(), shared.windows.clone());
    let own = use_hook(|| window().window.id());
    use_wry_event_handler(move |event, _| match event {
        Event::WindowEvent { window_id, event: WindowEvent::Focused(true), .. } if *window_id == own => {
            using.used(number);
        }
        _ => {}
    });
    use_drop(move || leaving.leave(number));
    let answering = Rc::clone(&given);
    use_future(move || {
        let (given, asked) = (Rc::clone(&answering), asked.clone().write().take());
        async move {
            if let Some(asked) = asked {
                answer(&given, asked).await;
            }
        }
    });
    use_future(move || {
        let shared = shared.clone();
        async move {
            let mut keys = document::eval(KEYS);
            while keys.recv::<()>().await.is_ok() {
                shared.open(None);
            }
        }
    });
    studio()
}

/// Does what other starts ask for.
async fn answer(given: &Given, mut asked: UnboundedReceiver<Request>) {
    while let Some(Request { files, new_window }) = asked.recv().await {
        if new_window && given.shared.session().is_some() {
            given.shared.open(None);
        } else {
            let window = window();
            window.set_minimized(false);
            window.set_focus();
        }
        if !files.is_empty() {
            // The studio is there as long as the window is, or comes once the session is open.
            let _is_failed = given.files.send(files);
        }
    }
}

#[cfg(not(feature = "probe"))]
fn studio() -> Element {
    rsx! {
        ui::App {}
    }
}

#[cfg(feature = "probe")]
fn studio() -> Element {
    rsx! {
        crate::probe::Probed {}
    }
}
