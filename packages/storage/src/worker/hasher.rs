//! A worker that hashes what another thread reads.

use js_sys::{Array, ArrayBuffer};
use tokio::sync::mpsc;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{MessageChannel, MessageEvent, MessagePort};

use super::{
    client::{Answer, Running},
    message::Ask,
};
use crate::{
    Error, Result,
    blobs::{Digest, Staged, Ticket, with_bytes},
    platform::spawn,
};

/// How many buffers may wait to be hashed.
const WAITING: usize = 2;

/// This thread's end: buffers go to the worker, which has them from then on, so that nothing is copied.
pub(crate) struct Hasher {
    port: MessagePort,
    heard: mpsc::UnboundedReceiver<Heard>,
    waiting: usize,
    ended: Option<Ended>,
    /// What `port` calls.
    _listener: Closure<dyn FnMut(MessageEvent)>,
}

/// What came of it. None: the worker died.
type Ended = Option<Result<Staged>>;

/// What the worker has to say.
enum Heard {
    /// It is done with a buffer.
    Done,
    /// There won't be more.
    Ended(Ended),
}

impl Hasher {
    /// None: the browser has no channels.
    pub(super) fn start(worker: Running) -> Option<Self> {
        let channel = MessageChannel::new().ok()?;
        let (port, theirs) = (channel.port1(), channel.port2());
        let (tell, heard) = mpsc::unbounded_channel();
        let done = tell.clone();
        let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |_| {
            // Nobody hears it any more when the hash isn't wanted.
            let _nobody_hears = done.send(Heard::Done);
        });
        port.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        spawn(Box::pin(async move {
            let answer = worker.call(&Ask::HashHanded, &theirs, None, &Ticket::default()).await;
            let ended = answer.map(|answer| match answer? {
                Answer::Staged(staged) => Ok(staged),
                Answer::Checked(_) => Err(Error::Cancelled),
            });
            let _nobody_hears = tell.send(Heard::Ended(ended));
        }));
        Some(Self { port, heard, waiting: 0, ended: None, _listener: listener })
    }

    /// Hands over the next bytes of the content. Waits while the worker has enough of them.
    pub(crate) async fn take(&mut self, bytes: &ArrayBuffer) {
        while self.waiting >= WAITING && self.ended.is_none() {
            self.hear().await;
        }
        if self.ended.is_none() {
            self.waiting += 1;
            // A buffer can always be given away.
            let _always_sent = self.port.post_message_with_transferable(bytes, &Array::of1(bytes));
        }
    }

    /// What the whole is. None: the worker died, and nobody knows.
    pub(crate) async fn finish(mut self) -> Ended {
        self.end();
        loop {
            if let Some(ended) = self.ended.take() {
                return ended;
            }
            self.hear().await;
        }
    }

    async fn hear(&mut self) {
        match self.heard.recv().await {
            Some(Heard::Done) => self.waiting -= 1,
            Some(Heard::Ended(ended)) => self.ended = Some(ended),
            None => self.ended = Some(None),
        }
    }

    /// Tells the worker that nothing more comes.
    fn end(&self) {
        let _always_sent = self.port.post_message(&JsValue::NULL);
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        // Who hashes would wait for ever. To one that has ended it means nothing.
        self.end();
        self.port.set_onmessage(None);
    }
}

/// The worker's end: hashes what comes through a port.
pub(super) async fn hash_handed(port: MessagePort) -> Result<Staged> {
    let (tell, mut handed) = mpsc::unbounded_channel();
    let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        // It ends with the last one.
        let _is_late = tell.send(event.data().dyn_into::<ArrayBuffer>().ok());
    });
    port.set_onmessage(Some(listener.as_ref().unchecked_ref()));
    let mut digest = Digest::default();
    while let Some(Some(bytes)) = handed.recv().await {
        with_bytes(&js_sys::Uint8Array::new(&bytes), |piece| digest.update(piece));
        let _always_sent = port.post_message(&JsValue::TRUE);
    }
    port.set_onmessage(None);
    port.close();
    digest.staged(None)
}
