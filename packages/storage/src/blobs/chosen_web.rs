//! A folder that the user chose, in a page: the browser keeps the handle, and wants to be asked for it again.
//!
//! Which folder it is outlives the page, the permission to use it often doesn't. So there are four states, and one way back
//! into it: a click ([`Assets::allow_folder`]).

use std::{pin::pin, sync::Arc, time::Duration};

use futures::future::select;
use js_sys::{Object, Promise};
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::FileSystemDirectoryHandle;

use tracing::warn;

use super::{Assets, Folder, FolderState, Where, web::option};
use crate::{
    BoxFuture, Error, Result,
    backend::indexed_db::IndexedDb,
    platform::{detached, sleep},
};

/// How long opening waits for a folder that may be on a network.
const PATIENCE: Duration = Duration::from_millis(500);

/// The folder that was chosen.
#[derive(Clone)]
pub(crate) struct Chosen {
    /// Names the row; assets' rows refer to it. It stays the same when another folder takes the place of the first.
    id: Uuid,
    root: FileSystemDirectoryHandle,
}

/// What the browser says of a folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Permission {
    Granted,
    Prompt,
    Denied,
}

#[wasm_bindgen]
extern "C" {
    type Handle;

    /// What web-sys keeps behind an unstable flag.
    #[wasm_bindgen(method, catch, js_name = queryPermission)]
    fn query_permission(this: &Handle, options: &Object) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch, js_name = requestPermission)]
    fn request_permission(this: &Handle, options: &Object) -> Result<Promise, JsValue>;
}

impl Chosen {
    fn name(&self) -> String {
        self.root.name()
    }

    fn place(&self) -> Folder {
        Folder::new(self.root.clone(), self.id)
    }

    async fn permission(&self) -> Permission {
        let handle = self.root.unchecked_ref::<Handle>();
        told(handle.query_permission(&option("mode", &"readwrite".into()))).await
    }

    /// Asks the user. Only a click may; it is asked before this returns.
    fn request(&self) -> impl Future<Output = Permission> + use<> {
        let handle = self.root.unchecked_ref::<Handle>();
        told(handle.request_permission(&option("mode", &"readwrite".into())))
    }

    async fn is(&self, other: &FileSystemDirectoryHandle) -> bool {
        JsFuture::from(self.root.is_same_entry(other)).await.is_ok_and(|same| same.is_truthy())
    }
}

async fn told(asked: Result<Promise, JsValue>) -> Permission {
    // A browser without the question doesn't guard folders.
    let Ok(asked) = asked else { return Permission::Granted };
    match JsFuture::from(asked).await.ok().and_then(|answer| answer.as_string()).as_deref() {
        Some("granted") => Permission::Granted,
        Some("denied") => Permission::Denied,
        // Also when it may not be asked now.
        _ => Permission::Prompt,
    }
}

impl Assets {
    /// Has media of this device be kept in `root` as well, once they are moved there with [`Assets::move_all`]. It is
    /// remembered. Call this in the click that chose it: the browser may have to ask.
    ///
    /// # Errors
    /// The user doesn't allow it, the folder is gone, or another one still has media that this one hasn't: those have to be
    /// moved back first.
    pub fn use_folder(&self, root: FileSystemDirectoryHandle) -> BoxFuture<Result<()>> {
        let this = self.clone();
        let lost = || Err(Error::Disconnected("the page is going away".into()));
        detached(async move { this.choose(root).await }, lost)
    }

    async fn choose(&self, root: FileSystemDirectoryHandle) -> Result<()> {
        let fresh = Chosen { id: self.stamp().uuid(), root };
        if fresh.permission().await != Permission::Granted && fresh.request().await != Permission::Granted {
            return Err(Error::Io { what: fresh.name(), reason: "the browser was not allowed to use it".into() });
        }
        let _held = self.alone().await;
        let database = self.rememberer()?;
        let before = remembered(database).await?;
        let chosen = Chosen { id: before.as_ref().map_or(fresh.id, |before| before.id), ..fresh };
        let place = chosen.place();
        place.check().await?;
        if let Some(before) = before
            && !before.is(&chosen.root).await
        {
            let assets = self.in_folder().await?;
            let there = match before.permission().await {
                Permission::Granted => match before.place().holds(&assets).await {
                    Err(Error::Missing { .. }) => [].into(),
                    held => held?,
                },
                // Nobody can look. What rows say is there may be.
                _ => assets.iter().map(|asset| asset.id).collect(),
            };
            if !there.is_subset(&place.holds(&assets).await?) {
                return Err(still_used(&before));
            }
        }
        database.put_handle(chosen.id.hyphenated().to_string(), chosen.root.clone().into()).await?;
        let state = FolderState::Granted { name: chosen.name() };
        self.take_up(Some(chosen), state);
        Ok(())
    }

    /// Asks the user to allow the folder again. Call this in a click; the browser refuses to ask otherwise.
    ///
    /// # Errors
    /// What was remembered can't be read.
    pub fn allow_folder(&self) -> BoxFuture<Result<FolderState>> {
        // Asked at once, for the browser forgets the click soon.
        let asked = self.device().chosen.borrow().as_ref().map(Chosen::request);
        let this = self.clone();
        Box::pin(async move {
            if let Some(asked) = asked {
                asked.await;
            }
            this.check_folder().await
        })
    }

    /// Uses no folder of the user's any more.
    ///
    /// # Errors
    /// There are media in it: they have to be moved back first, unless the folder is gone.
    pub async fn forget_folder(&self) -> Result<()> {
        let _held = self.alone().await;
        let database = self.rememberer()?;
        if let Some(before) = remembered(database).await? {
            let assets = self.in_folder().await?;
            let is_closed = before.permission().await != Permission::Granted;
            let there = match before.place().holds(&assets).await {
                Err(Error::Missing { .. }) if !is_closed => [].into(),
                Err(Error::Missing { .. }) => assets.iter().map(|asset| asset.id).collect(),
                held => held?,
            };
            if !there.is_empty() {
                return Err(still_used(&before));
            }
            database.delete_handles().await?;
        }
        if self.preferred() == Where::Folder {
            self.prefer(Where::Own).await?;
        }
        self.take_up(None, FolderState::None);
        Ok(())
    }

    /// Looks whether the folder can be used now.
    ///
    /// # Errors
    /// What was remembered can't be read.
    pub async fn check_folder(&self) -> Result<FolderState> {
        let Some(database) = &self.device().database else { return Ok(self.folder()) };
        let Some(chosen) = remembered(database).await? else {
            self.take_up(None, FolderState::None);
            return Ok(FolderState::None);
        };
        let name = chosen.name();
        let state = match chosen.permission().await {
            Permission::Prompt => FolderState::NeedsClick { name },
            Permission::Denied => FolderState::Denied { name },
            Permission::Granted => match chosen.place().check().await {
                Ok(()) => FolderState::Granted { name },
                Err(Error::Missing { .. }) => FolderState::Missing { name },
                Err(error) => {
                    warn!(error = error.code(), "the chosen folder can't be written");
                    FolderState::Denied { name }
                }
            },
        };
        self.take_up(Some(chosen), state.clone());
        Ok(state)
    }

    fn take_up(&self, chosen: Option<Chosen>, state: FolderState) {
        let usable = chosen.as_ref().filter(|_| matches!(state, FolderState::Granted { .. }));
        let place = usable.map(|chosen| Arc::new(chosen.place()) as Arc<_>);
        self.device().chosen.replace(chosen);
        self.set_folder(place, state);
    }

    fn rememberer(&self) -> Result<&IndexedDb> {
        let none = || Error::Unavailable("a folder needs a database that remembers it".into());
        self.device().database.as_ref().ok_or_else(none)
    }
}

/// Takes up the folder that was chosen before.
pub(super) async fn recall_folder(assets: &Assets) {
    let Some(database) = &assets.device().database else { return };
    match remembered(database).await {
        Ok(None) => return,
        Ok(Some(chosen)) => {
            let state = FolderState::Missing { name: chosen.name() };
            assets.take_up(Some(chosen), state);
        }
        Err(error) => return warn!(error = error.code(), "the folder that was chosen is not known"),
    }
    let assets = assets.clone();
    let checked = detached(async move { heed_folder(&assets).await }, || ());
    // A network that doesn't answer must not keep the page from opening.
    select(checked, pin!(sleep(PATIENCE))).await;
}

/// Something in the folder can't be had: perhaps all of it can't.
pub(super) async fn heed_folder(assets: &Assets) {
    if let Err(error) = assets.check_folder().await {
        warn!(error = error.code(), "the folder that was chosen is not known");
    }
}

async fn remembered(database: &IndexedDb) -> Result<Option<Chosen>> {
    let Some((key, handle)) = database.handle().await? else { return Ok(None) };
    let corrupt = |reason: &str| Error::Corrupt(format!("the chosen folder's row: {reason}"));
    let id = Uuid::try_parse(&key).map_err(|error| corrupt(&error.to_string()))?;
    let root = handle.dyn_into().map_err(|_| corrupt("it has no handle of a folder"))?;
    Ok(Some(Chosen { id, root }))
}

fn still_used(chosen: &Chosen) -> Error {
    let reason = "there are media in this folder; move them back first".into();
    Error::Io { what: chosen.name(), reason }
}
