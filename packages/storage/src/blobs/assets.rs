//! Media as the rest of Atelier sees it: contents with an id, kept once each.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::watch;
use tracing::{Instrument as _, debug, debug_span, info, warn};

use super::{
    Device, FolderState, Look, Notice, Place, Source, Staged, Ticket, Usage, Where,
    lock::{Held, Lock},
    places::Places,
    platform, sniff,
};
use crate::{
    Error, Result, SCHEMA_VERSION,
    backend::{AssetUse, Backend, Batch, SALVAGED, Wanted},
    model::{Asset, AssetId, Json, MediaKind, Object, Stamp, WorkflowId},
    platform::{sleep, spawn, wall_clock},
};

/// All media of this device. Clones share it.
#[derive(Clone)]
pub struct Assets(Arc<Inner>);

struct Inner {
    backend: Arc<dyn Backend>,
    places: Places,
    lock: Lock,
    device: Device,
    stamp: Box<dyn StampSource>,
    changed: Box<dyn AssetListener>,
    notices: Vec<Notice>,
    folder: watch::Sender<FolderState>,
    /// What [`Assets::verify`] has found to be damaged: it is replaced when the same content comes again.
    damaged: Mutex<BTreeSet<AssetId>>,
}

/// Whether it is to be asked if a content that is put is here already.
#[derive(Clone, Copy)]
enum Lookup {
    Due,
    /// It was asked, and the content is not.
    Done,
}

/// Setting: where new bytes go, as [`Where::name`] has it.
const PREFERRED: &str = "mediaPlace";

/// Setting: under which id a content is kept that another device knows by this one. Two devices that were given the same file
/// have each named it.
fn alias_key(id: AssetId) -> String {
    format!("media/alias/{id}")
}

/// How long after a start it is tried to sweep, and how often it is tried.
const SWEEP_PAUSE: Duration = Duration::from_secs(30);
const SWEEP_TRIES: usize = 20;

/// Makes the stamps that ids are made from.
pub(crate) trait StampSource: Fn() -> Stamp + crate::MaybeSend + crate::MaybeSync + 'static {}
impl<T: Fn() -> Stamp + crate::MaybeSend + crate::MaybeSync + 'static> StampSource for T {}

/// Hears which assets' rows have come or changed, and of which an id or a look is known now.
pub(crate) trait AssetListener: Fn(AssetId) + crate::MaybeSend + crate::MaybeSync + 'static {}
impl<T: Fn(AssetId) + crate::MaybeSend + crate::MaybeSync + 'static> AssetListener for T {}

/// A content that is kept now.
#[derive(Debug)]
pub struct Added {
    /// Its row.
    pub asset: Asset,
    /// Whether it was not known before.
    pub is_new: bool,
    /// While this exists, nobody cleans the asset up. Keep it until the node that refers to it is stored.
    pub held: Arc<Held>,
}

/// What a clean-up has removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// How many contents.
    pub removed: usize,
    /// How many bytes they had.
    pub freed: u64,
    /// How many were left, since something refers to them again.
    pub kept: usize,
}

/// A content that is not what it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Damage {
    /// Which.
    pub asset: Asset,
    /// What is wrong with it.
    pub reason: String,
}

/// An address under which the page finds a content. It holds for as long as this exists.
#[derive(Debug)]
pub struct MediaUrl {
    url: String,
}

impl MediaUrl {
    pub(super) fn new(url: String) -> Self {
        Self { url }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.url
    }
}

impl Drop for MediaUrl {
    fn drop(&mut self) {
        platform::release(&self.url);
    }
}

/// The same content, which nobody takes for anything but a file.
fn as_file(asset: Asset) -> Asset {
    Asset { mime: "application/octet-stream".into(), ..asset }
}

impl Assets {
    #[cfg_attr(
        target_arch = "wasm32",
        expect(clippy::arc_with_non_send_sync, reason = "shared between targets; the browser has one thread")
    )]
    pub(crate) fn new(
        backend: Arc<dyn Backend>,
        own: Option<Arc<dyn Place>>,
        database: Arc<dyn Place>,
        device: Device,
        notices: Vec<Notice>,
        stamp: impl StampSource,
        changed: impl AssetListener,
    ) -> Self {
        let places = Places::new(own, database);
        let (stamp, changed) = (Box::new(stamp), Box::new(changed));
        let lock = Lock::new(&device);
        Self(Arc::new(Inner {
            backend,
            places,
            lock,
            device,
            stamp,
            changed,
            notices,
            folder: watch::Sender::default(),
            damaged: Mutex::default(),
        }))
    }

    /// Says that something else is known of an asset now.
    pub(crate) fn changed(&self, id: AssetId) {
        (self.0.changed)(id);
    }

    /// Takes up where new bytes went when Atelier was open last.
    pub(crate) async fn recall(&self) {
        match self.0.backend.kv(PREFERRED).await {
            Ok(setting) => {
                let name = setting.and_then(|setting| setting.read::<String>().ok());
                let known = name.and_then(|name| Where::from_name(&name));
                self.0.places.prefer(known.unwrap_or(Where::Own));
            }
            Err(error) => warn!(error = error.code(), "where new media go can't be read; they go to the private files"),
        }
        platform::recall_folder(self).await;
    }

    /// Has new bytes go there, now and after the next start.
    pub(super) async fn prefer(&self, to: Where) -> Result<()> {
        self.writable()?;
        let mut batch = Batch::new();
        batch.set(PREFERRED, Some(to.name().into()));
        self.0.backend.commit(Arc::new(batch)).await?;
        self.0.places.prefer(to);
        Ok(())
    }

    /// Nothing of a newer build's is touched: neither rows nor bytes.
    pub(super) fn writable(&self) -> Result<()> {
        self.0.backend.newer().map_or(Ok(()), |found| Err(Error::Newer { found, known: SCHEMA_VERSION }))
    }

    /// What this device can't do and what is done instead, as far as it has turned out by now.
    pub fn notices(&self) -> Vec<Notice> {
        let mut notices = self.0.notices.clone();
        notices.extend(platform::notices(self.0.places.own.is_some()));
        notices
    }

    /// Keeps a content, unless it is kept already: then nothing is stored, and the answer is what is there.
    ///
    /// # Errors
    /// [`Error::Full`]: nothing that is kept suffers, and it can be tried again. [`Error::Cancelled`].
    pub async fn put(&self, source: Source, name: Option<String>, ticket: Ticket) -> Result<Added> {
        self.put_unless(Lookup::Due, source, name, ticket).await
    }

    /// The same for a content of which [`Assets::rows_of`] a moment ago knew no row: it is not asked again before it is stored.
    pub(crate) async fn put_unknown(&self, source: Source, name: Option<String>, ticket: Ticket) -> Result<Added> {
        self.put_unless(Lookup::Done, source, name, ticket).await
    }

    async fn put_unless(&self, lookup: Lookup, source: Source, name: Option<String>, ticket: Ticket) -> Result<Added> {
        self.writable()?;
        let held = Arc::new(self.0.lock.shared().await);
        let place = self.0.places.preferred()?;
        let putting = self.put_in(&*place, lookup, source.clone(), name.clone(), ticket.clone());
        let put = match putting.instrument(debug_span!("put")).await {
            // The folder may have gone, or be closed to us, since it was looked at.
            Err(error) if self.preferred() == Where::Folder && !matches!(error, Error::Cancelled) => {
                platform::heed_folder(self).await;
                let now = self.0.places.preferred()?;
                if Arc::ptr_eq(&place, &now) {
                    return Err(error);
                }
                // What failed may have been the removal of bytes that turned out to be known.
                self.put_in(&*now, Lookup::Due, source, name, ticket).await
            }
            put => put,
        };
        match &put {
            Ok((asset, is_new)) => info!(asset = %asset.id, bytes = asset.bytes, is_new, "kept a content"),
            Err(error) => warn!(error = error.code(), "a content can't be kept"),
        }
        put.map(|(asset, is_new)| Added { asset, is_new, held })
    }

    /// Keeps a content that another device has named, if its hash is this one: until that is known nobody sees anything of it.
    /// What else is known of it comes from there.
    ///
    /// # Errors
    /// [`Error::Refused`]: it is another content, and nothing is kept. Otherwise as [`Assets::put`].
    pub(crate) async fn put_as(
        &self,
        id: AssetId,
        hash: &str,
        source: Source,
        name: Option<String>,
        ticket: Ticket,
    ) -> Result<Asset> {
        self.writable()?;
        let _held = self.0.lock.shared().await;
        let place = self.0.places.preferred()?;
        let staged = match place.stage(id, source, ticket).await {
            Ok(staged) => staged,
            Err(error) => return Err(self.discarded(&*place, id, error).await),
        };
        if staged.hash != hash {
            warn!(asset = %id, "what came is another content than the one that was wanted");
            let message = "what the server sent is another content (its hash differs), so it was not kept".into();
            return Err(self.discarded(&*place, id, Error::Refused { name: "WrongContent".into(), message }).await);
        }
        match self.adopt(&*place, Lookup::Due, id, staged, name).await {
            Ok((asset, _)) => {
                info!(asset = %asset.id, bytes = asset.bytes, "kept a content from elsewhere");
                Ok(asset)
            }
            Err(error) => Err(self.discarded(&*place, id, error).await),
        }
    }

    /// Has one id stand for a content that is kept under another.
    pub(crate) async fn alias(&self, id: AssetId, kept: AssetId) -> Result<()> {
        self.writable()?;
        let mut batch = Batch::new();
        batch.set(&alias_key(id), Json::new(&kept).ok());
        self.0.backend.commit(Arc::new(batch)).await?;
        self.changed(id);
        Ok(())
    }

    /// Under which id the content is kept that somebody else has named, if that is another.
    async fn alias_of(&self, id: AssetId) -> Result<Option<AssetId>> {
        Ok(self.0.backend.kv(&alias_key(id)).await?.and_then(|json| json.read().ok()))
    }

    /// Where new bytes go now.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn preferred_place(&self) -> Result<Arc<dyn Place>> {
        self.0.places.preferred()
    }

    /// An id that nothing has.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn fresh_id(&self) -> AssetId {
        AssetId::new((self.0.stamp)())
    }

    /// Keeps a content that was staged in a place a while ago, unless it is kept already. None: it is not there any more, or new bytes go
    /// elsewhere by now.
    #[cfg(target_arch = "wasm32")]
    pub(super) async fn keep_staged(
        &self,
        place: &Arc<dyn Place>,
        id: AssetId,
        staged: Staged,
        name: Option<String>,
    ) -> Result<Option<Added>> {
        self.writable()?;
        let held = Arc::new(self.0.lock.shared().await);
        if !Arc::ptr_eq(place, &self.0.places.preferred()?) {
            return Ok(None);
        }
        match self.adopt(&**place, Lookup::Due, id, staged, name).await {
            Ok((asset, is_new)) => {
                info!(asset = %asset.id, bytes = asset.bytes, is_new, "kept a content that was staged");
                Ok(Some(Added { asset, is_new, held }))
            }
            Err(Error::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps everybody from removing anything for as long as the answer exists.
    pub(crate) async fn hold(&self) -> Arc<Held> {
        Arc::new(self.0.lock.shared().await)
    }

    /// The content of that hash, if it is kept and its bytes are here.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn known_as(&self, hash: &str) -> Result<Option<Asset>> {
        let Some(asset) = self.0.backend.asset(Wanted::Hash(hash.to_owned())).await? else { return Ok(None) };
        Ok(self.is_there(&asset).await.then_some(asset))
    }

    /// The rows of those of the contents that have one, by hash, without their thumbnails. Whether their bytes are here is not looked
    /// at: [`Assets::is_there`].
    pub(crate) async fn rows_of(&self, hashes: BTreeSet<String>) -> Result<HashMap<String, Asset>> {
        let rows = self.0.backend.assets_of(hashes).await?;
        Ok(rows.into_iter().map(|row| (row.hash.clone(), row)).collect())
    }

    /// Keeps a content in a place. Says whether it is new.
    async fn put_in(
        &self,
        place: &dyn Place,
        lookup: Lookup,
        source: Source,
        name: Option<String>,
        ticket: Ticket,
    ) -> Result<(Asset, bool)> {
        let id = AssetId::new((self.0.stamp)());
        let staged = match place.stage(id, source, ticket).await {
            Ok(staged) => staged,
            Err(error) => return Err(self.discarded(place, id, error).await),
        };
        match self.adopt(place, lookup, id, staged, name).await {
            Ok(adopted) => Ok(adopted),
            Err(error) => Err(self.discarded(place, id, error).await),
        }
    }

    /// The place where an asset's bytes are. Another tab may have chosen a folder meanwhile, or been allowed to use it.
    async fn place_of(&self, asset: &Asset) -> Result<Arc<dyn Place>> {
        let found = self.0.places.of(asset);
        if found.is_ok() || Where::of(&asset.place) != Where::Folder {
            return found;
        }
        platform::heed_folder(self).await;
        self.0.places.of(asset)
    }

    /// What came of reading an asset. That a file can't be read may be news of the whole folder.
    async fn heeded<T>(&self, asset: &Asset, read: Result<T>) -> Result<T> {
        if read.is_err() && Where::of(&asset.place) == Where::Folder {
            platform::heed_folder(self).await;
        }
        read
    }

    /// Gives what was staged a row and a name, or recognises it.
    async fn adopt(
        &self,
        place: &dyn Place,
        lookup: Lookup,
        id: AssetId,
        staged: Staged,
        name: Option<String>,
    ) -> Result<(Asset, bool)> {
        let row = match lookup {
            Lookup::Due => self.0.backend.asset(Wanted::Hash(staged.hash.clone())).await?,
            // Should another tab have added it since, that tab's row stands: see `add`.
            Lookup::Done => None,
        };
        if let Some(known) = row {
            if self.is_there(&known).await {
                debug!(asset = %known.id, "this content is kept already");
                place.discard(id).await?;
                return Ok((known, false));
            }
            // Its bytes are lost. Those that have come are the same.
            info!(asset = %known.id, "a content that was lost is here again");
            let healed = Asset { place: place.keep(id, known.id, known.kind()).await?, ..known };
            if self.0.backend.change_asset(healed.clone()).await? {
                self.damaged().remove(&healed.id);
                self.changed(healed.id);
                return Ok((healed, false));
            }
            return self.add(place, healed).await;
        }
        let mime = sniff(&staged.head);
        let kept = place.keep(id, id, MediaKind::of(mime)).await?;
        let Look { width, height, duration, thumbnail } = staged.look.unwrap_or_default();
        let asset = Asset {
            id,
            hash: staged.hash,
            crc32: staged.crc32,
            mime: mime.to_owned(),
            bytes: staged.bytes,
            place: kept,
            name,
            width,
            height,
            duration,
            thumbnail,
            created_at: wall_clock(),
            extra: Object::default(),
        };
        self.add(place, asset).await
    }

    /// Adds a row for bytes that are in place. If another tab has added the same content meanwhile, its row stands and our bytes go.
    async fn add(&self, place: &dyn Place, asset: Asset) -> Result<(Asset, bool)> {
        match self.0.backend.add_asset(asset.clone()).await {
            Ok(there) if there.id == asset.id => {
                self.changed(there.id);
                Ok((there, true))
            }
            Ok(there) => {
                place.delete(&asset).await?;
                Ok((there, false))
            }
            // After a lost connection nobody knows whether the row is there. The next sweep does.
            Err(error @ Error::Disconnected(_)) => Err(error),
            Err(error) => {
                if let Err(left) = place.delete(&asset).await {
                    warn!(left = left.code(), "bytes without a row stay until the next sweep");
                }
                Err(error)
            }
        }
    }

    /// Forgets what was staged because of `error`.
    async fn discarded(&self, place: &dyn Place, id: AssetId, error: Error) -> Error {
        if let Err(left) = place.discard(id).await {
            warn!(left = left.code(), "what was staged stays until the next sweep");
        }
        error
    }

    fn damaged(&self) -> MutexGuard<'_, BTreeSet<AssetId>> {
        // Nothing panics while it is held.
        self.0.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an asset's bytes can be read, and nothing else is known of them.
    pub(crate) async fn is_there(&self, asset: &Asset) -> bool {
        if self.damaged().contains(&asset.id) {
            return false;
        }
        let Ok(place) = self.0.places.of(asset) else { return false };
        place.read(asset, asset.bytes.saturating_sub(1)..asset.bytes).await.is_ok_and(|last| {
            let expected = usize::from(asset.bytes > 0);
            last.len() == expected
        })
    }

    /// An asset's row.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn asset(&self, id: AssetId) -> Result<Option<Asset>> {
        if let Some(asset) = self.0.backend.asset(Wanted::Id(id)).await? {
            return Ok(Some(asset));
        }
        match self.alias_of(id).await? {
            Some(kept) => self.0.backend.asset(Wanted::Id(kept)).await,
            None => Ok(None),
        }
    }

    async fn known(&self, id: AssetId) -> Result<Asset> {
        let missing = || Error::Missing { what: id.to_string(), reason: "it is not kept on this device".into() };
        self.asset(id).await?.ok_or_else(missing)
    }

    /// Some of an asset's bytes.
    ///
    /// # Errors
    /// [`Error::Missing`]
    pub async fn read(&self, id: AssetId, range: Range<u64>) -> Result<Vec<u8>> {
        let asset = self.known(id).await?;
        let read = self.place_of(&asset).await?.read(&asset, range).await;
        self.heeded(&asset, read).await
    }

    /// An asset's whole content, to be put elsewhere.
    ///
    /// # Errors
    /// [`Error::Missing`]
    pub async fn open(&self, id: AssetId) -> Result<Source> {
        let asset = self.known(id).await?;
        self.open_row(&asset).await
    }

    /// Where its content is, if that need not be waited for: whether it is there turns out when it is read.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn source_of(&self, asset: &Asset) -> Option<Source> {
        self.0.places.of(asset).ok()?.file(asset).map(Source::File)
    }

    /// The same for somebody who has its row.
    pub(crate) async fn open_row(&self, asset: &Asset) -> Result<Source> {
        let opened = self.place_of(asset).await?.open(asset).await;
        self.heeded(asset, opened).await
    }

    /// The rows of these assets, as far as there are any, without their thumbnails.
    pub(crate) async fn rows(&self, ids: &BTreeSet<AssetId>) -> Result<BTreeMap<AssetId, Asset>> {
        // All at once are read as quickly as a few.
        let mut rows = BTreeMap::new();
        if ids.len() > 8 {
            let all = self.0.backend.assets().await?.rows;
            rows.extend(all.into_iter().filter(|row| ids.contains(&row.id)).map(|row| (row.id, row)));
        }
        let others: Vec<_> = ids.iter().filter(|id| !rows.contains_key(*id)).copied().collect();
        for id in &others {
            if let Some(row) = self.asset(*id).await? {
                rows.insert(*id, row.without_thumbnail());
            }
        }
        Ok(rows)
    }

    /// An address under which the page can show an asset, without having its bytes in memory. Nothing in it can run, wherever the
    /// address is opened: what is no picture, video or sound is only a file there.
    ///
    /// # Errors
    /// [`Error::Missing`]
    pub async fn url(&self, id: AssetId) -> Result<MediaUrl> {
        let asset = self.known(id).await?;
        let opened = self.place_of(&asset).await?.open(&asset).await;
        let source = self.heeded(&asset, opened).await?;
        if asset.kind() == MediaKind::Other {
            return platform::url(&self.0.device, &as_file(asset), &source);
        }
        let source = platform::inert(&asset, source).await?;
        platform::url(&self.0.device, &asset, &source)
    }

    /// An address under which the page finds an asset's bytes as they are, to save them. Opened, it is a file.
    ///
    /// # Errors
    /// [`Error::Missing`]
    pub async fn file_url(&self, id: AssetId) -> Result<MediaUrl> {
        let asset = self.known(id).await?;
        let opened = self.place_of(&asset).await?.open(&asset).await;
        let source = self.heeded(&asset, opened).await?;
        platform::url(&self.0.device, &as_file(asset), &source)
    }

    /// Adds what was found out about an asset by looking at it later.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn set_look(&self, id: AssetId, look: Look) -> Result<()> {
        self.writable()?;
        let _held = self.0.lock.shared().await;
        let Some(asset) = self.asset(id).await? else { return Ok(()) };
        let thumbnail = look.thumbnail.filter(|thumbnail| thumbnail.len() <= Asset::THUMBNAIL_LIMIT);
        let changed = Asset {
            width: look.width.or(asset.width),
            height: look.height.or(asset.height),
            duration: look.duration.or(asset.duration),
            thumbnail: thumbnail.or(asset.thumbnail.clone()),
            ..asset.clone()
        };
        if changed != asset {
            let id = changed.id;
            self.0.backend.change_asset(changed).await?;
            self.changed(id);
        }
        Ok(())
    }

    /// Which nodes use an asset, in all workflows.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn uses(&self, id: AssetId) -> Result<Vec<AssetUse>> {
        let mut uses = self.0.backend.uses().await?;
        uses.retain(|one| one.asset == id);
        Ok(uses)
    }

    /// Which nodes of a workflow use which assets.
    pub(crate) async fn uses_in(&self, workflow: WorkflowId) -> Result<Vec<AssetUse>> {
        let mut uses = self.0.backend.uses().await?;
        uses.retain(|one| one.workflow == workflow);
        Ok(uses)
    }

    /// What is kept, where and for whom. The rows are without their thumbnails.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn usage(&self) -> Result<Usage> {
        let mut usage = self.stored().await?;
        usage.uses = self.uses_of(&usage.assets).await?;
        Ok(usage)
    }

    /// What is kept and where, but not for whom: [`Usage::uses`] is empty. That is there in half of the time.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn stored(&self) -> Result<Usage> {
        let rows = self.0.backend.assets().await?;
        let quota = platform::quota(&self.0.device, &rows.rows).await;
        Ok(Usage { assets: rows.rows, corrupt: rows.corrupt, uses: Vec::new(), quota })
    }

    /// Which nodes refer to which assets: by the ids that these have here.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn uses_of(&self, assets: &[Asset]) -> Result<Vec<AssetUse>> {
        let mut uses = self.0.backend.uses().await?;
        let here: BTreeSet<_> = assets.iter().map(|asset| asset.id).collect();
        for one in uses.iter_mut().filter(|one| !here.contains(&one.asset)) {
            if let Some(kept) = self.alias_of(one.asset).await? {
                one.asset = kept;
            }
        }
        Ok(uses)
    }

    /// Removes those of the assets that no node refers to: their rows, and then their bytes.
    ///
    /// # Errors
    /// The database can't be written; then nothing was removed.
    pub async fn clean_up(&self, ids: BTreeSet<AssetId>) -> Result<Cleaned> {
        self.writable()?;
        let _held = self.0.lock.alone().await;
        let wanted = ids.len();
        let ids = self.without_aliased(ids).await?;
        let removed = self.0.backend.remove_assets(ids).await?;
        let mut cleaned = Cleaned { removed: removed.len(), freed: 0, kept: wanted - removed.len() };
        for asset in removed {
            let deleted = match self.0.places.of(&asset) {
                Ok(place) => place.delete(&asset).await,
                Err(error) => Err(error),
            };
            match deleted {
                Ok(()) => cleaned.freed += asset.bytes,
                Err(error) => {
                    warn!(error = error.code(), asset = %asset.id, "bytes without a row stay until the next sweep");
                }
            }
        }
        info!(removed = cleaned.removed, bytes = cleaned.freed, "cleaned up");
        Ok(cleaned)
    }

    /// Those of the assets to which no node refers under another device's id.
    async fn without_aliased(&self, mut ids: BTreeSet<AssetId>) -> Result<BTreeSet<AssetId>> {
        let used: BTreeSet<_> = self.0.backend.uses().await?.into_iter().map(|one| one.asset).collect();
        // Those of which there are rows are asked for in the transaction that removes.
        let here: BTreeSet<_> = self.0.backend.assets().await?.rows.into_iter().map(|row| row.id).collect();
        for other in used.difference(&here) {
            if let Some(kept) = self.alias_of(*other).await? {
                ids.remove(&kept);
            }
        }
        Ok(ids)
    }

    /// Reads every content and compares it with its hash. Gives those that differ or can't be read.
    ///
    /// # Errors
    /// The rows can't be read, or [`Error::Cancelled`].
    pub async fn verify(&self, ticket: Ticket) -> Result<Vec<Damage>> {
        let _held = self.0.lock.shared().await;
        let (mut done, mut damaged) = (0, Vec::new());
        for asset in self.0.backend.assets().await?.rows {
            if ticket.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let found = match self.0.places.of(&asset) {
                Ok(place) => place.hash(&asset, ticket.part(done)).await,
                Err(error) => Err(error),
            };
            done += asset.bytes;
            ticket.advance(done);
            let reason = match found {
                Ok(hash) if hash == asset.hash => continue,
                Ok(_) => "its content has changed".to_owned(),
                Err(Error::Cancelled) => return Err(Error::Cancelled),
                Err(error) => error.to_string(),
            };
            damaged.push(Damage { asset, reason });
        }
        *self.damaged() = damaged.iter().map(|damage| damage.asset.id).collect();
        Ok(damaged)
    }

    /// Moves all media to a place, one after the other: copied, checked, and only then removed where they were. New ones go
    /// there as well. What fails stays where it is and is told.
    ///
    /// # Errors
    /// The place can't be used, or [`Error::Cancelled`]: what was moved by then stays moved.
    pub async fn move_all(&self, to: Where, ticket: Ticket) -> Result<Vec<Damage>> {
        self.writable()?;
        let _held = self.0.lock.alone().await;
        let to = self.0.places.actual(to);
        let target = self.0.places.at(to)?;
        self.prefer(to).await?;
        let (mut done, mut failed) = (0, Vec::new());
        for asset in self.0.backend.assets().await?.rows {
            if ticket.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let size = asset.bytes;
            if Where::of(&asset.place) != to
                && let Err(error) = self.move_one(&asset, &*target, ticket.part(done)).await
            {
                if let Error::Full(_) | Error::Cancelled = error {
                    return Err(error);
                }
                failed.push(Damage { asset, reason: error.to_string() });
            }
            done += size;
            ticket.advance(done);
        }
        Ok(failed)
    }

    async fn move_one(&self, asset: &Asset, target: &dyn Place, ticket: Ticket) -> Result<()> {
        let from = self.0.places.of(asset)?;
        let source = from.open(asset).await?;
        let staged = match target.stage(asset.id, source, ticket).await {
            Ok(staged) => staged,
            Err(error) => return Err(self.discarded(target, asset.id, error).await),
        };
        if staged.hash != asset.hash {
            let changed = Error::Io { what: asset.id.to_string(), reason: "its content has changed".into() };
            return Err(self.discarded(target, asset.id, changed).await);
        }
        let place = target.keep(asset.id, asset.id, asset.kind()).await?;
        // Its row anew, which has its thumbnail.
        let Some(row) = self.asset(asset.id).await? else { return Ok(()) };
        if self.0.backend.change_asset(Asset { place, ..row }).await? {
            from.delete(asset).await?;
        }
        Ok(())
    }

    /// Removes what interrupted work has left: staged bytes, and bytes that have no row and to which no node refers. Does nothing while anybody in any tab
    /// adds or removes media; the next start tries again. Says how many bytes that freed.
    ///
    /// # Errors
    /// A place can't be read.
    pub async fn sweep(&self) -> Result<u64> {
        Ok(self.sweep_now().await?.unwrap_or_default())
    }

    /// The same. None: somebody adds or removes media.
    async fn sweep_now(&self) -> Result<Option<u64>> {
        // What a newer build keeps, this one can't tell from what nobody needs.
        if self.0.backend.newer().is_some() {
            return Ok(Some(0));
        }
        let Some(_held) = self.0.lock.alone_now().await else { return Ok(None) };
        let rows = self.0.backend.assets().await?;
        // The bytes of a row that can't be read, or was lost with a damaged database, must not be taken for nobody's.
        if !rows.corrupt.is_empty() || self.0.backend.kv(SALVAGED).await?.is_some() {
            return Ok(Some(0));
        }
        let mut known = BTreeMap::<Where, BTreeSet<AssetId>>::new();
        for asset in &rows.rows {
            known.entry(Where::of(&asset.place)).or_default().insert(asset.id);
        }
        // After a database was lost there are nodes without their assets' rows. Their bytes may be all that is left.
        let used: BTreeSet<_> = self.0.backend.uses().await?.into_iter().map(|one| one.asset).collect();
        let mut freed = 0;
        for at in [Where::Own, Where::Folder, Where::Database] {
            let is_own = at == Where::Own && self.0.places.own.is_none();
            let Ok(place) = self.0.places.at(at) else { continue };
            if !is_own {
                let known = known.remove(&at).unwrap_or_default();
                freed += place.sweep(known.union(&used).copied().collect()).await?;
            }
        }
        if freed > 0 {
            info!(bytes = freed, "removed what interrupted work had left");
        }
        Ok(Some(freed))
    }

    /// Sweeps when what follows a start is over and nobody adds or removes anything, unless all of this is gone by then.
    pub(crate) fn sweep_later(&self) {
        let later = Arc::downgrade(&self.0);
        spawn(Box::pin(async move {
            for _ in 0..SWEEP_TRIES {
                sleep(SWEEP_PAUSE).await;
                let Some(assets) = later.upgrade().map(Assets) else { return };
                match assets.sweep_now().await {
                    Ok(Some(_)) => return,
                    Ok(None) => {}
                    Err(error) => {
                        return warn!(error = error.code(), "what interrupted work has left could not be removed");
                    }
                }
            }
        }));
    }

    /// The folder that the user chose.
    pub fn folder(&self) -> FolderState {
        self.0.folder.borrow().clone()
    }

    /// The same, for whoever wants to hear when it changes.
    pub fn watch_folder(&self) -> watch::Receiver<FolderState> {
        self.0.folder.subscribe()
    }

    /// Where new bytes are to go. While a folder can't be used, they go to private files all the same.
    pub fn preferred(&self) -> Where {
        self.0.places.preferred_at()
    }

    /// Uses a folder that nobody remembers: for tests.
    pub fn pretend_folder(&self, place: Option<Arc<dyn Place>>, state: FolderState) {
        self.set_folder(place, state);
    }
}

/// What a chosen folder takes.
impl Assets {
    /// From now on this is the folder that the user chose, or none is. Without a place it can't be used.
    pub(super) fn set_folder(&self, place: Option<Arc<dyn Place>>, state: FolderState) {
        self.0.places.set_folder(place);
        self.0.folder.send_if_modified(|known| std::mem::replace(known, state.clone()) != state);
    }

    /// The assets whose bytes are in a folder that the user chose.
    pub(super) async fn in_folder(&self) -> Result<Vec<Asset>> {
        let mut assets = self.0.backend.assets().await?.rows;
        assets.retain(|asset| Where::of(&asset.place) == Where::Folder);
        Ok(assets)
    }

    /// What media need beyond their places.
    pub(super) fn device(&self) -> &Device {
        &self.0.device
    }

    /// Holds the lock alone.
    pub(super) async fn alone(&self) -> Held {
        self.0.lock.alone().await
    }

    /// An id that is later than everything that was made before.
    pub(super) fn stamp(&self) -> Stamp {
        (self.0.stamp)()
    }
}
