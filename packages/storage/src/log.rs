//! The last lines of the log, in memory, for whoever asks what happened.
//!
//! Only Atelier's own events are kept, and those are written without anything of the user's: no names, no texts, no paths.
//! Each application's subscriber hands its events to [`keep`].

use std::{
    collections::VecDeque,
    fmt::{self, Write as _},
    sync::{Mutex, PoisonError},
};

use tracing::{
    Event, Level, Metadata,
    field::{Field, Visit},
};

use crate::platform::wall_clock;

/// How many lines are kept.
pub const KEPT: usize = 400;

/// The crates whose events are kept.
const OURS: [&str; 4] = ["storage", "engine", "ui", "app"];

static LINES: Mutex<VecDeque<Line>> = Mutex::new(VecDeque::new());

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When, in milliseconds since 1970.
    pub millis: u64,
    /// How grave it is.
    pub level: Level,
    /// The module that says it.
    pub target: &'static str,
    /// What it says, with its fields as `name=value` behind it.
    pub text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.millis / 1000;
        let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        let Self { level, target, text, .. } = self;
        write!(f, "{hour:02}:{minute:02}:{second:02}.{:03} {level} {target}: {text}", self.millis % 1000)
    }
}

/// Whether an event is one of Atelier's own.
pub fn is_ours(event: &Metadata<'_>) -> bool {
    OURS.contains(&event.target().split("::").next().unwrap_or_default())
}

/// An event that happens now, in words.
pub fn line(event: &Event<'_>) -> Line {
    let mut text = Text::default();
    event.record(&mut text);
    let Text { message, fields } = text;
    let (level, target) = (*event.metadata().level(), event.metadata().target());
    Line { millis: wall_clock(), level, target, text: message + &fields }
}

/// Keeps a line; the oldest one goes.
pub fn keep(line: Line) {
    let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    while lines.len() >= KEPT {
        lines.pop_front();
    }
    lines.push_back(line);
}

/// The last lines, the newest at the end.
pub fn lines() -> Vec<Line> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
}

/// An event's words and fields.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing into a string never fails.
        let _is_written = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            write!(self.fields, " {}={value:?}", field.name())
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_when_where_and_what() {
        let line = Line {
            millis: 3_723_004,
            level: Level::WARN,
            target: "storage::writer",
            text: "a commit failed error=full".into(),
        };
        assert_eq!(line.to_string(), "01:02:03.004 WARN storage::writer: a commit failed error=full");
    }
}
