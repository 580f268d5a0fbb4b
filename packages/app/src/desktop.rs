//! The desktop window.

mod data_folder;
mod media;
mod window_size;

use std::{
    any::Any,
    cell::RefCell,
    process::ExitCode,
    rc::Rc,
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::Duration,
};

use dioxus::{
    desktop::{
        Config, LogicalSize, WindowBuilder,
        tao::event::{Event, WindowEvent},
    },
    prelude::LaunchBuilder,
};
use storage::{Location, Session};
use tracing::{error, warn};
use tracing_subscriber::EnvFilter;

/// How long closing waits for the disk. Then what isn't stored is lost, rather than the window never closing.
const PATIENCE: Duration = Duration::from_secs(20);

/// Everything that shows: the same files that the page in a browser links, so that neither shows a flash of bare text.
const HEAD: &str = concat!(
    "<style>",
    include_str!("../../../assets/tokens.css"),
    include_str!("../../../assets/atelier.css"),
    "</style>"
);

/// Opens the window and keeps it until it is closed.
pub fn start() -> ExitCode {
    let filter = EnvFilter::try_from_env("ATELIER_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let folder = match data_folder::find() {
        Ok(folder) => folder,
        Err(reason) => {
            eprintln!("{reason}");
            return ExitCode::FAILURE;
        }
    };
    let session: Arc<Mutex<Option<Session>>> = Arc::default();
    let (opened, closing, serving) = (Arc::clone(&session), Arc::clone(&session), session);
    let location = Location::Folder(folder.clone());
    let start = move || {
        let opened = Arc::clone(&opened);
        let keep =
            move |session: &Session| *opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(session.clone());
        Box::new(ui::Start { location: location.clone(), opened: Rc::new(keep) }) as Box<dyn Any>
    };
    let window = WindowBuilder::new()
        .with_title("Atelier")
        .with_inner_size(window_size::read(&folder))
        .with_min_inner_size(LogicalSize::new(480., 360.))
        // Dioxus keeps debug builds in front of everything otherwise.
        .with_always_on_top(false);
    let size = RefCell::new(None);
    let config =
        Config::new().with_window(window).with_menu(None).with_disable_context_menu(true).with_custom_head(HEAD.into());
    let config = config.with_asynchronous_custom_protocol(media::SCHEME, move |_, request, responder| {
        media::serve(&serving, request, responder);
    });
    let config = config.with_custom_event_handler(move |event, _| match event {
        Event::WindowEvent { event: WindowEvent::Resized(new), .. } => *size.borrow_mut() = Some(*new),
        Event::WindowEvent { event: WindowEvent::ScaleFactorChanged { new_inner_size, .. }, .. } => {
            *size.borrow_mut() = Some(**new_inner_size);
        }
        Event::WindowEvent { event: WindowEvent::CloseRequested, .. } => {
            if let Some(size) = size.borrow_mut().take()
                && let Err(error) = window_size::write(&folder, size)
            {
                warn!(%error, "the window's size can't be kept");
            }
            if let Some(session) = &*closing.lock().unwrap_or_else(PoisonError::into_inner) {
                flush(session);
            }
        }
        _ => {}
    });
    LaunchBuilder::desktop().with_cfg(config).with_context_provider(start).launch(root());
    ExitCode::SUCCESS
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

#[cfg(not(feature = "probe"))]
fn root() -> fn() -> dioxus::prelude::Element {
    ui::App
}

#[cfg(feature = "probe")]
fn root() -> fn() -> dioxus::prelude::Element {
    crate::probe::Probed
}
