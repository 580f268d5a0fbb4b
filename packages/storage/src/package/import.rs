//! Bringing a checked package in: first the media, then the graph in one commit.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use futures::{StreamExt, stream};
use tracing::{Instrument as _, debug_span, info, warn};

use super::{Package, check::Content, refs, target};
use crate::{
    Error, Result,
    blobs::{Assets, Held, Known, Source, Ticket},
    model::{
        Asset, AssetId, AssetPlace, AssetRef, EdgeId, Json, MediaKind, NodeId, NodeStatus, Object, Stamp, Workflow,
        WorkflowId,
    },
};

/// How many small assets are stored at once: those that wait for the disk together wait once.
const SMALL_AT_ONCE: usize = if cfg!(target_arch = "wasm32") { 16 } else { 64 };
/// Up to which size, in bytes, how many assets are stored at once. What is larger is stored by itself.
const AT_ONCE: [(u64, usize); 2] = [(256 << 10, SMALL_AT_ONCE), (16 << 20, 4)];

/// What would become of a package's assets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Embedded contents that would be stored.
    pub new: usize,
    /// Embedded contents that are here already.
    pub here: usize,
    /// Embedded assets whose file is missing.
    pub missing: usize,
    /// Embedded assets whose file is damaged.
    pub rejected: usize,
    /// Assets that stay where they are on the network.
    pub urls: usize,
    /// How many bytes would be stored.
    pub new_bytes: u64,
}

impl Package {
    /// What would become of the assets. Nothing is written.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn outlook(&self, assets: &Assets) -> Result<Outlook> {
        let mut outlook = Outlook {
            urls: self.assets.iter().filter(|asset| asset.url.is_some()).count(),
            missing: self.damaged.iter().filter(|(_, error)| error.code() == "asset-file-missing").count(),
            ..Outlook::default()
        };
        outlook.rejected = self.damaged.len() - outlook.missing;
        let rows = self.rows_here(assets).await?;
        for (hash, content) in self.contents() {
            if is_here(assets, rows.get(hash)).await {
                outlook.here += 1;
            } else {
                outlook.new += 1;
                outlook.new_bytes += content.bytes;
            }
        }
        Ok(outlook)
    }

    /// The rows of those of the contents that have one here, by hash.
    async fn rows_here(&self, assets: &Assets) -> Result<HashMap<String, Asset>> {
        assets.rows_of(self.contents().into_keys().map(str::to_owned).collect()).await
    }

    /// How many bytes [`Package::keep_media`] goes through.
    pub fn bytes(&self) -> u64 {
        self.contents().values().map(|content| content.bytes).sum()
    }

    /// Stores the embedded media that are not here yet. `source` is the file that was checked; a content that has changed since is
    /// refused, unless it was staged as it was then. What was stored goes again if anything fails or is called off.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Cancelled`], and everything that keeps the file from being read.
    pub async fn keep_media(&self, assets: &Assets, source: &Source, ticket: Ticket) -> Result<Media> {
        let mut media = Media { held: Some(assets.hold().await), ..Media::default() };
        let keeping = self.keep_all(assets, source, &ticket, &mut media).instrument(debug_span!("import"));
        match keeping.await {
            Ok(()) => {
                info!(stored = media.stored(), bytes = self.bytes(), "a package's media were stored");
                Ok(media)
            }
            Err(error) => {
                warn!(
                    error = error.code(),
                    stored = media.stored(),
                    "a package's media can't be stored; what was is removed"
                );
                media.undo(assets).await?;
                Err(error)
            }
        }
    }

    async fn keep_all(&self, assets: &Assets, source: &Source, ticket: &Ticket, media: &mut Media) -> Result<()> {
        let (mut done, mut by_hash) = (0, HashMap::<_, Arc<Asset>>::new());
        let rows = self.rows_here(assets).await?;
        let row = |content: &Content| rows.get(&content.hash).cloned();
        let mut left: Vec<_> = self.contents().into_values().collect();
        // What is staged only has to be moved. What is gone of it is stored like everything else.
        let moves = [(None, SMALL_AT_ONCE)].into_iter();
        for (size, at_once) in moves.chain(AT_ONCE.map(|(size, at_once)| (Some(size), at_once))) {
            let is_due = |content: &&Content| match size {
                None => self.staging.has(content),
                Some(size) => content.bytes <= size,
            };
            let (due, others) = left.into_iter().partition::<Vec<_>, _>(is_due);
            left = others;
            let puts = due.into_iter().map(async |content| match size {
                None => (content, self.keep_staged(content, ticket).await),
                Some(_) => (content, Some(self.keep(assets, source, content, row(content), ticket.quiet()).await)),
            });
            let mut puts = stream::iter(puts).buffer_unordered(at_once);
            let mut failed = None;
            // To the end of those that have begun, so that nothing is stored of which nobody knows.
            while let Some((content, put)) = puts.next().await {
                let Some(put) = put else {
                    left.push(content);
                    continue;
                };
                let taken = put.and_then(|kept| {
                    done += kept.0.bytes;
                    ticket.advance(done);
                    media.take(kept, &mut by_hash)
                });
                if let Err(error) = taken {
                    ticket.cancel();
                    failed.get_or_insert(error);
                }
            }
            drop(puts);
            if let Some(error) = failed {
                return Err(error);
            }
        }
        for content in left {
            let kept = self.keep(assets, source, content, row(content), ticket.part(done)).await?;
            done += content.bytes;
            ticket.advance(done);
            media.take(kept, &mut by_hash)?;
        }
        for asset in &self.assets {
            if let Some(kept) = asset.content.as_ref().and_then(|content| by_hash.get(&*content.hash)) {
                media.placed.insert(asset.id, Arc::clone(kept));
            }
        }
        Ok(())
    }

    /// Stores a content, unless the row that it may have here has its bytes.
    async fn keep<'a>(
        &self,
        assets: &Assets,
        source: &Source,
        content: &'a Content,
        row: Option<Asset>,
        ticket: Ticket,
    ) -> Result<Kept<'a>> {
        if ticket.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let has_row = row.is_some();
        if let Some(row) = row
            && assets.is_there(&row).await
        {
            return Ok((content, row, false));
        }
        let (known, name) = known(content);
        let source = Source::Known(Box::new(target::content(source, content).await?), known);
        let added = if has_row {
            assets.put(source, name, ticket).await?
        } else {
            assets.put_unknown(source, name, ticket).await?
        };
        Ok((content, added.asset, added.is_new))
    }

    /// Keeps a content that was staged while it was checked. None: it is not there any more.
    async fn keep_staged<'a>(&self, content: &'a Content, ticket: &Ticket) -> Option<Result<Kept<'a>>> {
        if ticket.is_cancelled() {
            return Some(Err(Error::Cancelled));
        }
        let (known, name) = known(content);
        let kept = self.staging.keep(content, known, name).await?;
        Some(kept.map(|added| (content, added.asset, added.is_new)))
    }

    /// The workflow as it comes in. As a copy all its ids are new, made from `next_stamp`; as an update they are the package's.
    /// Nothing runs: what was queued or running is idle. A reference to an asset that is not among `media` is one to
    /// something that is not here.
    pub fn into_workflow(self, media: &Media, way: Way, next_stamp: &mut dyn FnMut() -> Stamp) -> Workflow {
        let Self { mut workflow, assets, .. } = self;
        let mimes: HashMap<AssetId, &str> =
            assets.iter().filter_map(|asset| Some((asset.id, asset.mime.as_deref()?))).collect();
        let mut place = |object: &Object| Ok::<_, std::convert::Infallible>(media.reference(object, &mimes));
        workflow.extra = unfailing(refs::rewrite_fields(&workflow.extra, &mut place));
        for node in &mut workflow.nodes {
            if matches!(node.status, NodeStatus::Queued | NodeStatus::Running) {
                node.status = NodeStatus::Idle;
            }
            node.config = unfailing(refs::rewrite_fields(&node.config, &mut place));
            node.extra = unfailing(refs::rewrite_fields(&node.extra, &mut place));
            unfailing(refs::rewrite_result(node, &mut place));
        }
        for edge in &mut workflow.edges {
            edge.extra = unfailing(refs::rewrite_fields(&edge.extra, &mut place));
        }
        if way == Way::Copy {
            renew_ids(&mut workflow, next_stamp);
        }
        workflow
    }
}

fn unfailing<T>(result: std::result::Result<T, std::convert::Infallible>) -> T {
    match result {
        Ok(value) => value,
        Err(never) => match never {},
    }
}

/// How a workflow comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As a new one.
    Copy,
    /// Into the one of the same id: see [`super::Update`].
    Update,
}

/// A content, its row, and whether it is new.
type Kept<'a> = (&'a Content, Asset, bool);

/// What the check has found out about a content, and what it is called.
fn known(content: &Content) -> (Known, Option<String>) {
    let Content { hash, crc32, bytes, kind, .. } = content;
    let known = Known { hash: hash.clone(), crc32: *crc32, bytes: *bytes, kind: *kind };
    (known, content.entry.rsplit('/').next().map(str::to_owned))
}

/// Whether the bytes of a row are here, if there is one.
async fn is_here(assets: &Assets, row: Option<&Asset>) -> bool {
    match row {
        Some(row) => assets.is_there(row).await,
        None => false,
    }
}

fn renew_ids(workflow: &mut Workflow, next_stamp: &mut dyn FnMut() -> Stamp) {
    workflow.id = WorkflowId::new(next_stamp());
    let mut ids = HashMap::with_capacity(workflow.nodes.len());
    for node in &mut workflow.nodes {
        let fresh = NodeId::new(next_stamp());
        ids.insert(node.id, fresh);
        node.id = fresh;
    }
    for edge in &mut workflow.edges {
        edge.id = EdgeId::new(next_stamp());
        // Every end is a node of the workflow: that was checked.
        for end in [&mut edge.ends.source, &mut edge.ends.target] {
            *end = ids.get(end).copied().unwrap_or(*end);
        }
    }
}

/// The media of a package that are here now. While this exists, nobody cleans them up: keep it until the graph is stored.
#[derive(Debug, Default)]
pub struct Media {
    /// By the package's ids.
    placed: HashMap<AssetId, Arc<Asset>>,
    /// What was not here before.
    new: BTreeSet<AssetId>,
    held: Option<Arc<Held>>,
}

impl Media {
    fn take<'a>(
        &mut self,
        (content, asset, is_new): Kept<'a>,
        by_hash: &mut HashMap<&'a str, Arc<Asset>>,
    ) -> Result<()> {
        if is_new {
            self.new.insert(asset.id);
        }
        if asset.hash != content.hash {
            let reason = "the file has changed since it was checked".to_owned();
            return Err(Error::Io { what: content.entry.clone(), reason });
        }
        by_hash.insert(&content.hash, Arc::new(asset));
        Ok(())
    }

    /// How many contents were stored that were not here.
    pub fn stored(&self) -> usize {
        self.new.len()
    }

    /// What is kept of an asset of the package.
    pub fn get(&self, id: AssetId) -> Option<&Asset> {
        self.placed.get(&id).map(|asset| &**asset)
    }

    /// Removes what was stored, since nothing will refer to it.
    ///
    /// # Errors
    /// The database can't be written; then the next clean-up removes it.
    pub async fn undo(self, assets: &Assets) -> Result<()> {
        let Self { new, held, .. } = self;
        // They can't be removed while they are held.
        drop(held);
        if !new.is_empty() {
            assets.clean_up(new).await?;
        }
        Ok(())
    }

    /// What a reference in the package becomes. None: it stays.
    fn reference(&self, object: &Object, mimes: &HashMap<AssetId, &str>) -> Option<Json> {
        if refs::kind(object).as_deref() != Some("embedded") {
            return None;
        }
        let id: AssetId = refs::text(object, "id")?.parse().ok()?;
        match self.placed.get(&id) {
            Some(asset) => refs::in_place_of(object, &asset.reference()),
            None => refs::in_place_of(object, &missing(id, mimes.get(&id).copied())),
        }
    }
}

/// A reference to something that is not here.
fn missing(id: AssetId, mime: Option<&str>) -> AssetRef {
    let kind = mime.map_or(MediaKind::Other, MediaKind::of).name();
    AssetRef {
        id: Some(id),
        place: AssetPlace::Opfs { path: format!("atelier/assets/{kind}/{id}") },
        mime: mime.map(str::to_owned),
        bytes: None,
        hash: None,
        extra: Object::default(),
    }
}
