//! What the window knows of sync.

use dioxus::{core::spawn_forever, prelude::*};
use storage::sync::{Settings, Status};

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
}

impl SyncDesk {
    /// A desk with its signals in the current scope.
    pub fn new() -> Self {
        Self {
            open: Signal::new(false),
            settings: Signal::new(Settings::default()),
            status: Signal::new(Status::default()),
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
    pub fn set(self, store: &Store, new: Settings) -> Result<(), String> {
        store.session().set_sync(&new).map_err(|error| error.to_string())?;
        let mut settings = self.settings;
        settings.set(new);
        self.follow(store);
        Ok(())
    }

    /// Shows how it goes, for as long as it goes.
    fn follow(self, store: &Store) {
        let mut shown = self.status;
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
                if status.changed().await.is_err() {
                    return;
                }
            }
        });
    }
}
