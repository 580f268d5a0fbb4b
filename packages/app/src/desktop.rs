//! The desktop's windows.

mod data_folder;
mod instance;
mod log;
mod media;
mod window;
mod window_size;
mod windows;

use std::{
    cell::RefCell,
    process::ExitCode,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use dioxus::desktop::{
    launch::launch_virtual_dom,
    tao::event::{Event, WindowEvent},
};
use storage::Session;
use tracing::{error, warn};

use self::{
    instance::Instance,
    media::Players,
    window::Shared,
    windows::{Request, Windows},
};

/// How long closing waits for the disk. Then what isn't stored is lost, rather than the window never closing.
const PATIENCE: Duration = Duration::from_secs(20);

/// Opens the first window and stays until the last one is closed. If another process has the data folder, it gets what this one
/// was started for.
pub fn start() -> ExitCode {
    let found = data_folder::find();
    log::start(found.as_deref().ok());
    let folder = match found {
        Ok(folder) => folder,
        Err(reason) => {
            eprintln!("{reason}");
            return ExitCode::FAILURE;
        }
    };
    let mut request = Request::of_arguments();
    let windows = Windows::default();
    // Held until the process ends.
    let (_held, refused) = match instance::take(&folder, &request) {
        Instance::HandedOver => return ExitCode::SUCCESS,
        Instance::Refused(error) => (None, Some(error)),
        Instance::First(held) => {
            held.listen(&folder, &windows);
            (Some(held), None)
        }
    };
    // There is one that comes anyway.
    request.new_window = false;
    if refused.is_none() && !request.files.is_empty() {
        windows.ask(request);
    }
    let session = Arc::default();
    let players = if cfg!(target_os = "linux") { players(&session) } else { None };
    let shared = Shared { folder, session, players, windows, refused };
    let (dom, config) = shared.make(None);
    let size = RefCell::new(None);
    let config = config.with_custom_event_handler(move |event, _| match event {
        Event::WindowEvent { event: WindowEvent::Resized(new), .. } => *size.borrow_mut() = Some(*new),
        Event::WindowEvent { event: WindowEvent::ScaleFactorChanged { new_inner_size, .. }, .. } => {
            *size.borrow_mut() = Some(**new_inner_size);
        }
        Event::WindowEvent { event: WindowEvent::CloseRequested, .. } => {
            if let Some(size) = size.borrow_mut().take()
                && shared.refused.is_none()
                && let Err(error) = window_size::write(&shared.folder, size)
            {
                warn!(kind = ?error.kind(), "the window's size can't be kept");
            }
            if let Some(session) = shared.session() {
                flush(&session);
            }
        }
        _ => {}
    });
    launch_virtual_dom(dom, config)
}

/// Without them all else works.
fn players(session: &Arc<Mutex<Option<Session>>>) -> Option<Players> {
    Players::start(session).inspect_err(|error| error!(kind = ?error.kind(), "videos and sounds can't be played")).ok()
}

/// Waits until everything is on the disk. The window can't be kept open from here, so the whole thread waits; the writer and
/// the database have threads of their own.
fn flush(session: &Session) {
    let (tell, told) = mpsc::channel();
    let flushed = session.flush();
    tokio::spawn(async move {
        flushed.await;
        // The error means that the wait is over.
        let _too_late = tell.send(());
    });
    if told.recv_timeout(PATIENCE).is_err() {
        error!("closing although not everything could be stored");
    }
}
