//! The worker's inside.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::Duration,
};

use js_sys::Uint8Array;
use tokio::sync::{Semaphore, oneshot};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use super::{
    hasher::hash_handed,
    message::{Ask, Tell, pack, unpack},
};
use crate::{
    Error, Result,
    blobs::{self, Spots, Staged, Ticket, Wanted, lock},
    package,
    platform::{random_bits, sleep, spawn},
};

/// How many contents are worked on at once. While one waits for the disk, others are hashed.
const AT_ONCE: usize = 4;
/// How often it is asked whether somebody is done with a file.
const PAUSE: Duration = Duration::from_millis(20);

/// Whether this thread is a worker.
pub(crate) fn is_here() -> bool {
    js_sys::global().is_instance_of::<DedicatedWorkerGlobalScope>()
}

/// In a worker: listens to its page from now on, and returns true. On a page: returns false and does nothing.
pub fn serve() -> bool {
    let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() else { return false };
    let server = Rc::new(Server {
        scope,
        room: Semaphore::new(AT_ONCE),
        tickets: RefCell::default(),
        asked: RefCell::default(),
        busy: RefCell::default(),
    });
    let listening = Rc::clone(&server);
    let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| listening.hear(event.data()));
    server.scope.set_onmessage(Some(listener.into_js_value().unchecked_ref()));
    spawn(Box::pin(async move {
        let name = format!("atelier:worker:{:016x}", random_bits());
        // Held for as long as this worker lives, and never let go: the page takes that for its death.
        std::mem::forget(lock::exclusive(&name).await);
        server.tell(0, &Tell::Ready { lock: name, has_handles: blobs::has_handles() }, &JsValue::UNDEFINED);
    }));
    true
}

struct Server {
    scope: DedicatedWorkerGlobalScope,
    room: Semaphore,
    /// What is being done, by the number of the call.
    tickets: RefCell<BTreeMap<u32, Ticket>>,
    /// Who waits for the answer to [`Tell::Wanted`], by the number of the call.
    asked: RefCell<BTreeMap<u32, oneshot::Sender<Spots>>>,
    /// The names of the files that are being written.
    busy: RefCell<BTreeSet<String>>,
}

impl Server {
    fn tell(&self, call: u32, told: &Tell, with: &JsValue) {
        if let Ok(message) = pack(call, told, with) {
            // Text and bytes can always be copied.
            let _always_sent = self.scope.post_message(&message);
        }
    }

    fn hear(self: &Rc<Self>, message: JsValue) {
        let Some((call, ask, content)) = unpack::<Ask>(message) else { return };
        match ask {
            Ask::Cancel => {
                if let Some(ticket) = self.tickets.borrow().get(&call) {
                    ticket.cancel();
                }
                // Whoever waits for an answer goes on without.
                self.asked.borrow_mut().remove(&call);
                return;
            }
            Ask::Stage(spots) => {
                let _nobody_waits = self.asked.borrow_mut().remove(&call).map(|asked| asked.send(spots));
                return;
            }
            Ask::Write { .. } | Ask::Look { .. } | Ask::Hash | Ask::HashHanded | Ask::Check => {}
        }
        let ticket = Ticket::default();
        self.tickets.borrow_mut().insert(call, ticket.clone());
        let this = Rc::clone(self);
        spawn(Box::pin(async move {
            this.report(call, &ticket);
            if let Ask::Check = ask {
                let asking = Rc::clone(&this);
                let ask: package::AskSpots = Box::new(move |wanted| {
                    let this = Rc::clone(&asking);
                    Box::pin(async move { this.spots(call, wanted).await })
                });
                let checked = package::look_here(content.unchecked_into(), ask, &ticket).await;
                this.tickets.borrow_mut().remove(&call);
                this.tell(call, &Tell::Checked(Box::new(checked)), &JsValue::UNDEFINED);
                return;
            }
            let done = this.answer(ask, content, ticket).await;
            this.tickets.borrow_mut().remove(&call);
            match done {
                Ok(Staged { hash, crc32, bytes, head, look }) => {
                    this.tell(call, &Tell::Found { hash, crc32, bytes, look }, &Uint8Array::from(&*head));
                }
                Err(error) => this.tell(call, &Tell::Failed(error.into()), &JsValue::UNDEFINED),
            }
        }));
    }

    /// Tells how far a call is, for as long as somebody works on it.
    fn report(self: &Rc<Self>, call: u32, ticket: &Ticket) {
        let (this, mut progress) = (Rc::clone(self), ticket.progress());
        spawn(Box::pin(async move {
            while progress.changed().await.is_ok() {
                let done = *progress.borrow_and_update();
                this.tell(call, &Tell::Done(done), &JsValue::UNDEFINED);
            }
        }));
    }

    /// Asks the page where contents may be staged. Nowhere, if the call was called off.
    async fn spots(&self, call: u32, wanted: Vec<Wanted>) -> Spots {
        let is_wanted = self.tickets.borrow().get(&call).is_some_and(|ticket| !ticket.is_cancelled());
        if !is_wanted {
            return Spots::default();
        }
        let (tell, told) = oneshot::channel();
        self.asked.borrow_mut().insert(call, tell);
        self.tell(call, &Tell::Wanted(wanted), &JsValue::UNDEFINED);
        told.await.unwrap_or_default()
    }

    async fn answer(&self, ask: Ask, content: JsValue, ticket: Ticket) -> Result<Staged> {
        // Nobody closes it.
        let _room = self.room.acquire().await.map_err(|_| Error::Cancelled)?;
        match ask {
            Ask::Write { folder, name, known, is_looked_at } => {
                // Who called one off may ask for the same again while its remains are being removed.
                while !self.busy.borrow_mut().insert(name.clone()) {
                    sleep(PAUSE).await;
                }
                let written =
                    blobs::write(&folder, &name, content.unchecked_into(), known, is_looked_at, &ticket).await;
                self.busy.borrow_mut().remove(&name);
                written
            }
            Ask::Look { known } => blobs::look_known(content.unchecked_ref(), known).await,
            Ask::Hash => blobs::hash_here(content.unchecked_ref(), &ticket).await,
            Ask::HashHanded => hash_handed(content.unchecked_into()).await,
            Ask::Check | Ask::Stage(_) | Ask::Cancel => Err(Error::Cancelled),
        }
    }
}
