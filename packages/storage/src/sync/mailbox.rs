//! What a driver's task hears through: one thing after the other, whoever says it.

use std::{future::pending, pin::pin};

use futures::future::{Either, select};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, WeakUnboundedSender};

use crate::{
    MaybeSend,
    platform::{spawn, until},
    tabs::lead,
};

/// The way to a task. It doesn't keep the task running: that ends with the last driver.
pub(super) struct Mailbox<T>(WeakUnboundedSender<T>);

impl<T> Clone for Mailbox<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: MaybeSend + 'static> Mailbox<T> {
    pub fn new(sender: &UnboundedSender<T>) -> Self {
        Self(sender.downgrade())
    }

    /// Says something. Returns whether somebody may hear it.
    pub fn tell(&self, said: T) -> bool {
        self.0.upgrade().is_some_and(|sender| sender.send(said).is_ok())
    }

    /// Does something beside the task, which hears what comes of it.
    pub fn beside(&self, work: impl Future<Output = Option<T>> + MaybeSend + 'static) {
        let this = self.clone();
        spawn(Box::pin(async move {
            if let Some(said) = work.await {
                this.tell(said);
            }
        }));
    }

    /// Runs a task to its end. It hears `leads` once no other tab does what is called `name`, and none does until the task ends.
    pub fn run(&self, name: &'static str, leads: T, task: impl Future<Output = ()> + MaybeSend + 'static) {
        let this = self.clone();
        spawn(Box::pin(async move {
            let leading = pin!(async {
                let lead = lead(name).await;
                this.tell(leads);
                let _lead_for_ever = (lead, pending::<()>().await);
            });
            // The lead goes when the task ends, also while it is waited for.
            let _it_ended = select(leading, pin!(task)).await;
        }));
    }
}

/// What is said next, or `due` if that time comes first. None: nobody can say anything any more.
pub(super) async fn next<T>(heard: &mut UnboundedReceiver<T>, time: Option<u64>, due: T) -> Option<T> {
    match select(pin!(heard.recv()), pin!(until(time))).await {
        Either::Left((next, _)) => next,
        Either::Right(((), _)) => Some(due),
    }
}
