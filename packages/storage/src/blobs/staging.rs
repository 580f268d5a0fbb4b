//! The media of a package that are staged while it is checked, and wait for the user's word.
//!
//! Nobody else knows of them, and nobody needs them: what is lost of them meanwhile, since some tab swept or the user cleared what this
//! origin stores, is copied from the package again. So no lock is held while a person thinks.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt,
    rc::Rc,
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use tracing::{debug, warn};

use super::{Added, Assets, Known, Place, web};
use crate::{
    Error, Result,
    model::AssetId,
    platform::{detached, spawn},
};

/// What stays free of the browser's storage, in bytes: rows have to be written as well.
const RESERVE: u64 = 64 << 20;

thread_local! {
    /// The hashes of what is staged by this page: of what several packages bring one copy is enough.
    static HASHES: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

/// A content of a package that could be staged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Wanted {
    /// Where it begins in the package, in bytes.
    pub at: u64,
    /// How many bytes it has.
    pub bytes: u64,
    /// The hash that the manifest claims.
    pub hash: String,
}

/// Where contents of a package may be staged.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Spots {
    /// The folder, as the names of those below the private files.
    pub folder: Vec<String>,
    /// Where each content begins in the package, and under which id it is staged.
    pub ids: Vec<(u64, AssetId)>,
}

/// A hash that nobody else in this page stages a content of, for as long as this exists.
struct Claim(String);

impl Claim {
    /// None: somebody has it.
    fn new(hash: String) -> Option<Self> {
        HASHES.with_borrow_mut(|hashes| hashes.insert(hash.clone())).then_some(Self(hash))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        HASHES.with_borrow_mut(|hashes| hashes.remove(&self.0));
    }
}

/// What is staged of a package. Clones share it; with the last of them goes what was not kept.
#[derive(Clone)]
pub(crate) struct Staging(Rc<Inner>);

struct Inner {
    assets: Assets,
    place: Option<Arc<dyn Place>>,
    ids: RefCell<BTreeMap<AssetId, Claim>>,
}

impl Staging {
    /// One where new media of these go.
    pub fn new(assets: Assets) -> Self {
        // Without one nothing is staged; why there is none, the import says.
        let place = assets.preferred_place().ok();
        Self(Rc::new(Inner { assets, place, ids: RefCell::default() }))
    }

    /// Where these contents may be staged: in no place that a worker can't write by itself, none that is here or staged already, and nothing
    /// if there is no room for all or nothing may be written at all. What was staged before for the same package goes: the worker that did
    /// it has died.
    pub async fn spots(&self, wanted: Vec<Wanted>) -> Spots {
        self.discard().await;
        if self.0.assets.writable().is_err() {
            return Spots::default();
        }
        let Some(folder) = self.0.place.as_ref().and_then(|place| place.staging_folder()) else {
            return Spots::default();
        };
        let hashes: BTreeSet<_> = wanted.iter().map(|one| one.hash.clone()).collect();
        let Ok(rows) = self.0.assets.rows_of(hashes).await else { return Spots::default() };
        let mut new = BTreeMap::new();
        for one in wanted {
            let is_staged = HASHES.with_borrow(|hashes| hashes.contains(&one.hash));
            if !is_staged && !rows.contains_key(&one.hash) {
                new.entry(one.hash).or_insert((one.at, one.bytes));
            }
        }
        let bytes = new.values().fold(0_u64, |sum, (_, bytes)| sum.saturating_add(*bytes));
        if !has_room(bytes).await {
            debug!(bytes, "there is no room to stage a package's media while it is checked");
            return Spots::default();
        }
        let mut ids = Vec::with_capacity(new.len());
        for (hash, (at, _)) in new {
            if let Some(claim) = Claim::new(hash) {
                let id = self.0.assets.fresh_id();
                ids.push((at, id));
                self.0.ids.borrow_mut().insert(id, claim);
            }
        }
        Spots { folder, ids }
    }

    /// Whether something was given a place under this id, and is neither kept nor discarded.
    pub fn has(&self, id: AssetId) -> bool {
        self.0.ids.borrow().contains_key(&id)
    }

    /// For how many contents that is so.
    pub fn len(&self) -> usize {
        self.0.ids.borrow().len()
    }

    /// Keeps what was staged under an id. None: it is not here any more or can't be kept as it is, or new media go elsewhere by now.
    pub async fn keep(&self, id: AssetId, known: Known, name: Option<String>) -> Option<Result<Added>> {
        let place = self.0.place.as_ref()?;
        let _claim = self.0.ids.borrow_mut().remove(&id)?;
        let keeping = async {
            let content = place.open_staged(id).await?;
            let staged = web::look_known_by_worker(&content, known).await?;
            self.0.assets.keep_staged(place, id, staged, name).await
        };
        match keeping.await {
            Ok(Some(added)) => Some(Ok(added)),
            // The package still has it.
            Ok(None) | Err(Error::Missing { .. } | Error::Io { .. } | Error::Refused { .. }) => {
                discard(&**place, id).await;
                None
            }
            Err(error) => {
                discard(&**place, id).await;
                Some(Err(error))
            }
        }
    }

    /// Removes what was staged and not kept, whoever waits for that.
    pub async fn discard(&self) {
        let ids = std::mem::take(&mut *self.0.ids.borrow_mut());
        if let (Some(place), false) = (&self.0.place, ids.is_empty()) {
            detached(discard_all(Arc::clone(place), ids), || ()).await;
        }
    }
}

async fn discard_all(place: Arc<dyn Place>, ids: BTreeMap<AssetId, Claim>) {
    for (id, _claim) in ids {
        discard(&*place, id).await;
    }
}

async fn discard(place: &dyn Place, id: AssetId) {
    if let Err(left) = place.discard(id).await {
        warn!(left = left.code(), "what was staged stays until the next sweep");
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let ids = std::mem::take(self.ids.get_mut());
        if let (Some(place), false) = (self.place.take(), ids.is_empty()) {
            spawn(Box::pin(discard_all(place, ids)));
        }
    }
}

impl fmt::Debug for Staging {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Staging").field(&self.0.ids.borrow().keys()).finish()
    }
}

/// Two are the same if they are one.
impl PartialEq for Staging {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// Whether the browser grants so much more. One that doesn't say is believed to: what can't be staged is only hashed.
async fn has_room(bytes: u64) -> bool {
    let quota = web::quota(&web::Device::default(), &[]).await;
    quota.is_none_or(|quota| quota.total.saturating_sub(quota.used) >= bytes.saturating_add(RESERVE))
}
