//! The log of a page: warnings go to the console, and Atelier's own events to memory, for its diagnostics.
//!
//! `?log=debug` in the address, or `atelier.log` in localStorage, has more of them kept and shown: error, warn, info, debug or
//! trace. A subscriber of its own, since the common ones bring a filter language that nobody needs here.

use storage::log;
use tracing::{
    Event, Level, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
};

/// What is kept when nothing is said.
const USUAL: LevelFilter = LevelFilter::INFO;

struct Log {
    /// What is kept.
    kept: LevelFilter,
    /// What the console shows.
    shown: LevelFilter,
}

/// Takes events from now on.
pub fn start() {
    let wanted = wanted().and_then(|text| text.parse::<LevelFilter>().ok());
    let log = Log { kept: wanted.unwrap_or(USUAL), shown: wanted.unwrap_or(LevelFilter::WARN) };
    // Fails if there is one already, which then takes them.
    let _is_first = tracing::subscriber::set_global_default(log);
}

/// What the address or the page's memory asks for.
fn wanted() -> Option<String> {
    let window = web_sys::window()?;
    let query = window.location().search().ok()?;
    let asked = query.trim_start_matches('?').split('&').find_map(|part| part.strip_prefix("log="));
    // localStorage throws where the browser keeps nothing.
    asked.map(str::to_owned).or_else(|| window.local_storage().ok()??.get_item("atelier.log").ok()?)
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && *metadata.level() <= self.kept
            && (log::is_ours(metadata) || *metadata.level() <= Level::WARN)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.kept)
    }

    fn event(&self, event: &Event<'_>) {
        let level = *event.metadata().level();
        let line = log::line(event);
        if log::is_ours(event.metadata()) {
            log::keep(line.clone());
        }
        if level > self.shown {
            return;
        }
        // One channel for all: a failure that the page deals with and says aloud is no fault of the page's, and the line has its level.
        web_sys::console::log_1(&line.to_string().into());
    }

    // Spans are for the desktop's files.
    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}
