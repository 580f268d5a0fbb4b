//! What the window knows of sync.

use dioxus::{core::spawn_forever, prelude::*};
use storage::sync::{Settings, State, Status, media::MediaStatus};

use crate::store::Store;

/// What the button and the panel share.
#[derive(Clone, Copy)]
pub struct SyncDesk {
    /// Whether the panel is open.
    pub open: Signal<bool>,
    /// What the user has said.
    pub settings: Signal<Settings>,
    /// How it goes.
    pub status: Signal<Status>,
    /// How it goes with originals.
    pub media: Signal<MediaStatus>,
    /// Changes whenever what was sent may have changed.
    pub beat: Signal<u64>,
}

impl SyncDesk {
    /// A desk with its signals in the current scope.
    pub fn new() -> Self {
        Self {
            open: Signal::new(false),
            settings: Signal::new(Settings::default()),
            status: Signal::new(Status::default()),
            media: Signal::new(MediaStatus::default()),
            beat: Signal::new(0),
        }
    }

    /// Goes on with what the user has turned on earlier.
    pub async fn resume(self, store: &Store) -> storage::Result<()> {
        let mut settings = self.settings;
        settings.set(store.session().sync_settings().await?);
        store.session().resume_sync().await?;
        self.follow(store);
        Ok(())
    }

    /// Turns it on or off, or changes where it goes.
    ///
    /// # Errors
    /// Why not, in words.
    pub async fn set(self, store: &Store, new: Settings) -> Result<(), String> {
        let kept = store.session().set_sync(&new).await.map_err(|error| error.to_string())?;
        let mut settings = self.settings;
        settings.set(kept);
        self.follow(store);
        Ok(())
    }

    /// Shows how it goes, for as long as it goes.
    pub(crate) fn follow(self, store: &Store) {
        self.follow_media(store);
        let (mut shown, mut beat) = (self.status, self.beat);
        let Some(driver) = store.session().sync() else {
            return shown.set(Status::default());
        };
        let mut status = driver.status();
        drop(driver);
        spawn_forever(async move {
            loop {
                let now = status.borrow_and_update().clone();
                if *shown.peek() != now {
                    shown.set(now);
                }
                beat += 1;
                if status.changed().await.is_err() {
                    return;
                }
            }
        });
    }

    /// Shows how it goes with originals, and those that have come.
    fn follow_media(self, store: &Store) {
        let mut shown = self.media;
        let Some(driver) = store.session().media_sync() else {
            return shown.set(MediaStatus::default());
        };
        let (store, mut status) = (store.clone(), driver.status());
        drop(driver);
        spawn_forever(async move {
            let mut news = 0;
            loop {
                let now = status.borrow_and_update().clone();
                if now.news != news {
                    news = now.news;
                    store.learn_assets_again().await;
                }
                if *shown.peek() != now {
                    shown.set(now);
                }
                if status.changed().await.is_err() {
                    return;
                }
            }
        });
    }

    /// Whether the server has everything that is on this disk; None: there is no server, or another tab speaks with it.
    pub fn has_sent_all(self, store: &Store) -> Option<bool> {
        let _told_anew = (self.beat)();
        let driver = store.session().sync()?;
        match self.status.read().state {
            State::Off | State::Follower => None,
            _ => Some(driver.has_sent_all()),
        }
    }
}
