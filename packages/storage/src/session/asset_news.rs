//! Tells windows and tabs that something else is known of assets.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{Event, Listeners};
use crate::{
    model::AssetId,
    platform::{sleep, spawn},
    tabs::{Channel, Message},
};

/// How long news gather: an import stores many at once.
const GATHER: Duration = Duration::from_millis(100);

/// Whom to tell, and what. Clones share it.
#[derive(Clone)]
pub(super) struct AssetNews(Arc<Inner>);

struct Inner {
    listeners: Listeners,
    channel: Arc<dyn Channel>,
    waiting: Mutex<BTreeSet<AssetId>>,
}

impl AssetNews {
    #[cfg_attr(
        target_arch = "wasm32",
        expect(clippy::arc_with_non_send_sync, reason = "shared between targets; the browser has one thread")
    )]
    pub fn new(listeners: Listeners, channel: Arc<dyn Channel>) -> Self {
        Self(Arc::new(Inner { listeners, channel, waiting: Mutex::default() }))
    }

    /// Has it told soon.
    pub fn tell(&self, id: AssetId) {
        let is_first = {
            let mut waiting = self.waiting();
            waiting.insert(id);
            waiting.len() == 1
        };
        if !is_first {
            return;
        }
        let this = self.clone();
        spawn(Box::pin(async move {
            sleep(GATHER).await;
            let all = std::mem::take(&mut *this.waiting());
            this.0.channel.post(&Message::assets(all.clone()));
            this.0.listeners.tell(&Event::Assets(all));
        }));
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, BTreeSet<AssetId>> {
        // Nothing panics while it is held.
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
