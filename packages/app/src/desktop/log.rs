//! The log of a process: to standard error, to files in the data folder that change daily, and to memory for the diagnostics.

use std::{
    fs,
    io::{self, IsTerminal as _},
    path::Path,
};

use storage::log;
use tracing::{Event, Subscriber};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::{
    EnvFilter, Layer,
    layer::{Context, SubscriberExt as _},
    util::SubscriberInitExt as _,
};

/// What is shown when `ATELIER_LOG` says nothing.
const SHOWN: &str = "warn";
/// What is kept then: Atelier's own events, in which there is nothing of the user's.
const KEPT: &str = "off,storage=info,engine=info,ui=info,app=info";
/// How many days are kept.
const DAYS: usize = 7;

/// Takes events from now on. `folder` is the data folder, if it is known.
pub fn start(folder: Option<&Path>) {
    let shown = tracing_subscriber::fmt::layer()
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .with_filter(filter(SHOWN));
    // Without it there is still standard error, and opening the data says what is wrong with the folder.
    let files = folder.and_then(|folder| files(folder).ok());
    let written = files
        .map(|files| tracing_subscriber::fmt::layer().with_ansi(false).with_writer(files).with_filter(filter(KEPT)));
    let kept = Kept.with_filter(filter(KEPT));
    tracing_subscriber::registry().with(shown).with(written).with(kept).init();
}

fn filter(usual: &str) -> EnvFilter {
    EnvFilter::try_from_env("ATELIER_LOG").unwrap_or_else(|_| EnvFilter::new(usual))
}

fn files(folder: &Path) -> io::Result<RollingFileAppender> {
    let folder = folder.join("logs");
    // Otherwise the first start is told of a folder that isn't there.
    fs::create_dir_all(&folder)?;
    RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("atelier")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(folder)
        .map_err(io::Error::other)
}

/// Keeps the last lines in memory.
struct Kept;

impl<S: Subscriber> Layer<S> for Kept {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if log::is_ours(event.metadata()) {
            log::keep(log::line(event));
        }
    }
}
