//! The page's end of the worker.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    time::Duration,
};

use futures::future::{Either, select};
use js_sys::{Array, Uint8Array};
use tokio::sync::{Mutex, mpsc, oneshot};
use tracing::warn;
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::{Blob, Event, MessageEvent, MessagePort, Worker, WorkerOptions, WorkerType};

use super::{
    hasher::Hasher,
    message::{Ask, Tell, pack, unpack},
};
use crate::{
    Error, Result,
    blobs::{Known, LONG, Spots, Staged, Staging, Ticket, lock},
    counted::Counted,
    package::{Found, PackageError},
    platform::{detached, sleep, spawn},
};

/// How long a worker may take to say that it listens. It has to be fetched and compiled.
const PATIENCE: Duration = Duration::from_secs(8);
/// How often in a row workers may die or not start; then there is none for as long as the page lives.
const DEATHS: u32 = 2;
/// How often one call is tried: what killed two workers must not kill every further one.
const TRIES: usize = 2;

#[wasm_bindgen]
extern "C" {
    /// The address of the JavaScript that started this wasm, whoever built it and under whatever name.
    #[wasm_bindgen(thread_local_v2, js_namespace = ["import", "meta"], js_name = url)]
    static GLUE: String;
}

thread_local! {
    static CLIENT: Client = Client::default();
    static SECOND: Client = Client::default();
}

/// The worker of this page.
pub(crate) fn client() -> Client {
    CLIENT.with(Client::clone)
}

/// Another one, for when many contents are written at once: the disk is waited for, and one thread would wait with it.
fn second() -> Client {
    SECOND.with(Client::clone)
}

/// What has work done in the worker. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Client(Rc<Inner>);

#[derive(Default)]
struct Inner {
    running: RefCell<Option<Running>>,
    /// Who starts one has it, so that there are never two.
    turn: Mutex<()>,
    /// How many in a row have died or not started.
    deaths: Cell<u32>,
    /// Whether the one that was started last has quick access to private files.
    has_handles: Cell<Option<bool>>,
    /// How many contents it was given to write and has not written yet.
    writing: Cell<usize>,
}

impl Client {
    /// Streams a content to a file of that name in a folder below the private files. An interrupted or failed call leaves
    /// no file, unless the page itself went away. None: there is no worker, and nothing was done.
    pub(crate) async fn write(
        &self,
        folder: &[String],
        name: String,
        content: &Blob,
        known: Option<Known>,
        ticket: &Ticket,
    ) -> Option<Result<Staged>> {
        let ask = Ask::Write { folder: folder.to_vec(), name, known, is_looked_at: true };
        let second = second();
        if content.size() < LONG && second.is_better_than(self) {
            let written = second.counted(second.staged(&ask, content, ticket)).await;
            if written.is_some() {
                return written;
            }
        }
        self.counted(self.staged(&ask, content, ticket)).await
    }

    /// Whether it has less to do. To start one takes as long as to write a few pictures.
    fn is_better_than(&self, other: &Self) -> bool {
        let head_start = usize::from(self.0.running.borrow().is_none());
        !self.is_gone() && self.0.writing.get() + head_start < other.0.writing.get()
    }

    /// Waits for something to be written.
    async fn counted<T>(&self, writing: impl Future<Output = T>) -> T {
        let _counted = Counted::new(&self.0.writing);
        writing.await
    }

    /// Has a worker hash what it will be handed. None: there is none.
    pub(crate) async fn hasher(&self) -> Option<Hasher> {
        self.running().await.and_then(Hasher::start)
    }

    /// Hashes a content. None: there is no worker.
    pub(crate) async fn hash(&self, content: &Blob, ticket: &Ticket) -> Option<Result<Staged>> {
        self.staged(&Ask::Hash, content, ticket).await
    }

    /// Streams a content to a file as [`Client::write`] does, and doesn't look at it. None: there is no worker.
    pub(crate) async fn stage(
        &self,
        folder: &[String],
        name: String,
        content: &Blob,
        ticket: &Ticket,
    ) -> Option<Result<Staged>> {
        let ask = Ask::Write { folder: folder.to_vec(), name, known: None, is_looked_at: false };
        self.staged(&ask, content, ticket).await
    }

    /// Looks at a content that was hashed before. None: there is no worker.
    pub(crate) async fn look(&self, content: &Blob, known: Known) -> Option<Result<Staged>> {
        self.staged(&Ask::Look { known }, content, &Ticket::default()).await
    }

    /// Finds out what a file is, and checks a package, whose media are staged meanwhile if they can be. None: there is no worker.
    pub(crate) async fn check(
        &self,
        content: &Blob,
        staging: &Staging,
        ticket: &Ticket,
    ) -> Option<Result<Found, PackageError>> {
        Some(match self.call(&Ask::Check, content, Some(staging), ticket).await? {
            Ok(Answer::Checked(checked)) => *checked,
            Ok(Answer::Staged(_)) | Err(Error::Cancelled) => Err(PackageError::Cancelled),
            Err(error) => Err(PackageError::Unreadable { reason: error.to_string() }),
        })
    }

    async fn staged(&self, ask: &Ask, content: &Blob, ticket: &Ticket) -> Option<Result<Staged>> {
        Some(match self.call(ask, content, None, ticket).await? {
            Ok(Answer::Staged(staged)) => Ok(staged),
            Ok(Answer::Checked(_)) => Err(Error::Cancelled),
            Err(error) => Err(error),
        })
    }

    /// Whether files can be written by a worker's own means. Starts it if need be.
    pub(crate) async fn has_handles(&self) -> bool {
        for _ in 0..TRIES {
            if let Some(running) = self.running().await {
                return running.has_handles;
            }
        }
        false
    }

    /// Whether files are known to be written by other than a worker's own means.
    pub(crate) fn is_slow(&self) -> bool {
        self.is_gone() || self.0.has_handles.get() == Some(false)
    }

    fn is_gone(&self) -> bool {
        self.0.deaths.get() >= DEATHS
    }

    async fn call(
        &self,
        ask: &Ask,
        content: &Blob,
        staging: Option<&Staging>,
        ticket: &Ticket,
    ) -> Option<Result<Answer>> {
        for _ in 0..TRIES {
            let Some(running) = self.running().await else { continue };
            if ticket.is_cancelled() {
                return Some(Err(Error::Cancelled));
            }
            if let Some(answer) = running.call(ask, content, staging, ticket).await {
                self.0.deaths.set(0);
                return Some(answer);
            }
            warn!("the worker died; what it did is done again");
        }
        None
    }

    /// The worker that listens, or a new one. None: it doesn't start, or none ever will.
    async fn running(&self) -> Option<Running> {
        let this = self.clone();
        // To its end, whoever waits: half a start would be a worker that nobody knows, and hold others up.
        detached(async move { this.running_now().await }, || None).await
    }

    async fn running_now(&self) -> Option<Running> {
        let _turn = self.0.turn.lock().await;
        let running = self.0.running.borrow().clone();
        if let Some(running) = running {
            if !running.is_dead.get() {
                return Some(running);
            }
            self.0.running.take();
            self.0.deaths.set(self.0.deaths.get() + 1);
        }
        if self.is_gone() {
            return None;
        }
        match Running::start().await {
            Ok(running) => {
                self.0.has_handles.set(Some(running.has_handles));
                self.0.running.replace(Some(running.clone()));
                Some(running)
            }
            Err(reason) => {
                warn!(reason, "no worker");
                self.0.deaths.set(self.0.deaths.get() + 1);
                None
            }
        }
    }
}

/// What a call has come to.
pub(super) enum Answer {
    Staged(Staged),
    Checked(Box<Result<Found, PackageError>>),
}

/// A worker that listens.
#[derive(Clone)]
pub(super) struct Running {
    worker: Worker,
    has_handles: bool,
    is_dead: Rc<Cell<bool>>,
    calls: Calls,
    next: Rc<Cell<u32>>,
}

/// Who waits for an answer, by the number of the call. When the worker dies nobody does any more.
type Calls = Rc<RefCell<BTreeMap<u32, mpsc::UnboundedSender<(Tell, JsValue)>>>>;

impl Running {
    /// Starts a worker and waits until it listens.
    async fn start() -> Result<Self, &'static str> {
        if !lock::is_there() {
            return Err("without the browser's locks nobody would learn of its death");
        }
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name("atelier");
        let made = GLUE.with(|glue| Worker::new_with_options(glue, &options));
        let worker = made.map_err(|_| "the browser has none")?;
        let (ready, started) = oneshot::channel();
        let ready = Rc::new(Cell::new(Some(ready)));
        let (is_dead, calls) = (Rc::<Cell<bool>>::default(), Calls::default());
        let on_message = {
            let (ready, calls) = (Rc::clone(&ready), Rc::clone(&calls));
            move |event: MessageEvent| match unpack(event.data()) {
                Some((_, Tell::Ready { lock, has_handles }, _)) => {
                    let _is_late = ready.take().map(|ready| ready.send((lock, has_handles)));
                }
                Some((call, told, with)) => {
                    // Nobody waits for what was called off.
                    let _nobody_waits = calls.borrow().get(&call).map(|tell| tell.send((told, with)));
                }
                None => {}
            }
        };
        let die = {
            let (worker, is_dead, calls) = (worker.clone(), Rc::clone(&is_dead), Rc::clone(&calls));
            move || {
                is_dead.set(true);
                worker.terminate();
                calls.borrow_mut().clear();
            }
        };
        let on_error = {
            let die = die.clone();
            move |event: Event| {
                // It is handled.
                event.prevent_default();
                ready.take();
                die();
            }
        };
        // The two live as long as the worker, which the browser knows better.
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(on_message).into_js_value();
        let on_error = Closure::<dyn FnMut(Event)>::new(on_error).into_js_value();
        worker.set_onmessage(Some(on_message.unchecked_ref()));
        worker.set_onerror(Some(on_error.unchecked_ref()));
        let (lock, has_handles) = match select(started, Box::pin(sleep(PATIENCE))).await {
            Either::Left((Ok(started), _)) => started,
            Either::Left((Err(_), _)) => return Err("it failed while it started"),
            Either::Right(_) => {
                die();
                return Err("it doesn't answer");
            }
        };
        spawn(Box::pin(async move {
            if lock::exclusive(&lock).await.is_some() {
                die();
            }
        }));
        Ok(Self { worker, has_handles, is_dead, calls, next: Rc::default() })
    }

    /// Has it do something. None: it died.
    pub(super) async fn call(
        &self,
        ask: &Ask,
        content: &JsValue,
        staging: Option<&Staging>,
        ticket: &Ticket,
    ) -> Option<Result<Answer>> {
        let number = self.next.get();
        self.next.set(number + 1);
        let (tell, mut told) = mpsc::unbounded_channel();
        if self.is_dead.get() {
            return None;
        }
        self.calls.borrow_mut().insert(number, tell);
        let call = Call { running: self.clone(), number };
        call.say(ask, content)?;
        let mut is_called_off = false;
        while let Some((tell, with)) = told.recv().await {
            match tell {
                Tell::Ready { .. } => {}
                Tell::Done(bytes) => ticket.advance(bytes),
                Tell::Wanted(wanted) => {
                    let spots = match staging {
                        Some(staging) => staging.spots(wanted).await,
                        None => Spots::default(),
                    };
                    call.say(&Ask::Stage(spots), &JsValue::UNDEFINED)?;
                }
                Tell::Found { hash, crc32, bytes, look } => {
                    ticket.advance(bytes);
                    let head = with.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec).unwrap_or_default();
                    return Some(Ok(Answer::Staged(Staged { hash, crc32, bytes, head, look })));
                }
                Tell::Checked(checked) => return Some(Ok(Answer::Checked(checked))),
                Tell::Failed(failure) => return Some(Err(failure.into_error())),
            }
            if ticket.is_cancelled() && !is_called_off {
                is_called_off = true;
                call.say(&Ask::Cancel, &JsValue::UNDEFINED)?;
            }
        }
        None
    }
}

/// A call that waits for its answer. If nobody waits any more, the worker is told.
struct Call {
    running: Running,
    number: u32,
}

impl Call {
    /// None: it can't be sent, which only happens to what the browser can't copy.
    fn say(&self, ask: &Ask, with: &JsValue) -> Option<()> {
        let message = pack(self.number, ask, with).ok()?;
        if with.is_instance_of::<MessagePort>() {
            // A port can only be given away.
            return self.running.worker.post_message_with_transfer(&message, &Array::of1(with)).ok();
        }
        self.running.worker.post_message(&message).ok()
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.running.calls.borrow_mut().remove(&self.number).is_some() {
            // To one that has answered it means nothing.
            let _it_is_dead = self.say(&Ask::Cancel, &JsValue::UNDEFINED);
        }
    }
}
