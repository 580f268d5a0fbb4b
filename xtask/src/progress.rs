//! Lines on standard error in cargo's own layout, so that its output and ours read as one.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use anyhow::Result;

/// Prints a verb, right-aligned as cargo does, and what it is about.
pub fn say(verb: &str, about: &str) {
    let (on, off) = if std::io::stderr().is_terminal() { ("\x1b[1;32m", "\x1b[0m") } else { ("", "") };
    eprintln!("{on}{verb:>12}{off} {about}");
}

/// Does `work`, then prints what it says about itself and how long it took.
pub fn timed<T>(verb: &str, work: impl FnOnce() -> Result<(T, String)>) -> Result<T> {
    let start = Instant::now();
    let (value, about) = work()?;
    say(verb, &format!("{about} in {}", seconds(start.elapsed())));
    Ok(value)
}

/// A duration as cargo writes it: `4.2 s`, `3 min 20 s`.
pub fn seconds(duration: Duration) -> String {
    let whole = duration.as_secs();
    if whole < 60 { format!("{:.1} s", duration.as_secs_f32()) } else { format!("{} min {} s", whole / 60, whole % 60) }
}

/// Thousands of bytes, as download sizes are usually told.
pub fn kilobytes(bytes: usize) -> String {
    format!("{} kB", bytes.div_ceil(1000))
}
