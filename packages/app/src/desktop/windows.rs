//! The windows of this process, and what another start of the application asks of them.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What a start asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Files to bring in, with their whole paths.
    pub files: Vec<PathBuf>,
    /// Whether one more window is wanted. Otherwise the one that was used last comes to the front.
    pub new_window: bool,
}

impl Request {
    /// What the arguments of this start ask for: files, and `--new-window`.
    pub fn of_arguments() -> Self {
        let mut request = Self::default();
        for argument in std::env::args_os().skip(1) {
            if argument == "--new-window" {
                request.new_window = true;
            } else {
                // Another process may be elsewhere. Fails only for an empty path, which is no file.
                request.files.extend(std::path::absolute(argument));
            }
        }
        request
    }
}

/// The open windows. Clones share them.
#[derive(Clone, Default)]
pub struct Windows(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    joined: u64,
    /// The one that was used last is at the end.
    open: Vec<(u64, UnboundedSender<Request>)>,
    /// What was asked while there was no window.
    waiting: Vec<Request>,
}

impl Windows {
    /// One more window: its number, and what it is asked from now on.
    pub fn join(&self) -> (u64, UnboundedReceiver<Request>) {
        let mut inner = self.inner();
        let (tell, asked) = unbounded_channel();
        for request in inner.waiting.drain(..) {
            // The other end is here.
            let _is_open = tell.send(request);
        }
        inner.joined += 1;
        let number = inner.joined;
        inner.open.push((number, tell));
        (number, asked)
    }

    /// A window is used.
    pub fn used(&self, number: u64) {
        let mut inner = self.inner();
        if let Some(at) = inner.open.iter().position(|(other, _)| *other == number) {
            let window = inner.open.remove(at);
            inner.open.push(window);
        }
    }

    /// A window is closed.
    pub fn leave(&self, number: u64) {
        self.inner().open.retain(|(other, _)| *other != number);
    }

    /// Asks the window that was used last; if there is none, the next one.
    pub fn ask(&self, mut request: Request) {
        let mut inner = self.inner();
        while let Some((_, window)) = inner.open.last() {
            match window.send(request) {
                Ok(()) => return,
                Err(returned) => request = returned.0,
            }
            inner.open.pop();
        }
        inner.waiting.push(request);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> Request {
        Request { files: vec![name.into()], new_window: false }
    }

    #[test]
    fn the_window_that_was_used_last_is_asked() {
        let windows = Windows::default();
        let (first, mut of_first) = windows.join();
        let (_second, mut of_second) = windows.join();
        windows.ask(file("a"));
        assert_eq!(of_second.try_recv().unwrap(), file("a"));
        windows.used(first);
        windows.ask(file("b"));
        assert_eq!(of_first.try_recv().unwrap(), file("b"));
        windows.leave(first);
        windows.ask(file("c"));
        assert_eq!(of_second.try_recv().unwrap(), file("c"));
    }

    #[test]
    fn what_is_asked_while_there_is_no_window_waits_for_one() {
        let windows = Windows::default();
        drop(windows.join());
        windows.ask(file("a"));
        let (_, mut asked) = windows.join();
        assert_eq!(asked.try_recv().unwrap(), file("a"));
    }
}
