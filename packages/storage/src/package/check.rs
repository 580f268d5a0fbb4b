//! The whole check of a package: nothing of it is kept, and no more is in memory than the two JSON files and one buffer.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet, HashMap},
    io::{self, Read, Seek},
    pin::pin,
};

use flate2::read::DeflateDecoder;
use futures::{FutureExt, StreamExt, stream};
use serde::{Deserialize, Serialize};
use zip::{ZipArchive, result::ZipError};

use super::{
    Limits, PackageError,
    archive::{self, Entry, Method},
    backup::{self, Backup},
    graph,
    manifest::{self, Listed, MANIFEST, Origin, WORKFLOW},
    target,
};
use crate::{
    blobs::{HEAD, Sha256, Staged, Ticket, sniff},
    model::{AssetId, MediaKind, Workflow},
};

/// How much is unpacked at once, in bytes.
pub(super) const BUFFER: usize = 256 << 10;
/// After how many bytes others have their turn, and what an entry counts for beside its own.
const PAUSE: u64 = 8 << 20;
const ENTRY: u64 = 16 << 10;
/// What is no larger than this is small, in bytes.
const SMALL: u64 = 16 << 20;
/// How many small assets are hashed at once.
const AT_ONCE: usize = 6;
/// What is wrong with a content that has another checksum than the archive says.
const OTHER_CHECKSUM: &str = "its checksum is another";

/// What a file turned out to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Found {
    /// One workflow. It was checked from end to end.
    Package(Box<Package>),
    /// Several packages, none of which has been looked at.
    Backup(Backup),
}

/// A package whose archive and graph are sound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Package {
    /// The workflow as it is in the package: its own ids, references to embedded assets.
    pub workflow: Workflow,
    /// The assets that the manifest lists, in its order. Damaged ones have no content.
    pub assets: Vec<PackedAsset>,
    /// The assets that are missing or not what they should be, each with the reason. If there is one, the package is refused as
    /// it is; it can come in without them.
    pub damaged: Vec<(AssetId, PackageError)>,
    /// Entries that belong to nothing in the format. They are ignored.
    pub ignored: Vec<String>,
    /// What else the user should know, one sentence each.
    pub warnings: Vec<String>,
    /// What of it was staged while it was checked.
    #[serde(skip)]
    pub(super) staging: target::Staging,
}

/// An asset of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedAsset {
    /// Its id in the package.
    pub id: AssetId,
    /// What the manifest claims it to be.
    pub mime: Option<String>,
    /// Its address, if it is not embedded.
    pub url: Option<String>,
    /// Its bytes, if it is embedded and sound.
    pub content: Option<Content>,
}

/// Where in the file an asset's bytes are, and what they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The entry.
    pub entry: String,
    /// Where its data begins, in bytes from the beginning of the file.
    pub at: u64,
    /// How many bytes it has there.
    pub packed: u64,
    /// Whether they are deflated.
    pub is_deflated: bool,
    /// How many bytes it has.
    pub bytes: u64,
    /// Their CRC-32.
    pub crc32: u32,
    /// `sha256-` and 64 lower-case hex digits: found out here, not believed.
    pub hash: String,
    /// What its first bytes make it.
    pub kind: MediaKind,
    /// Under which id it was staged while it was checked, if it was.
    pub(super) staged: Option<AssetId>,
}

impl Package {
    /// Why the package is refused, if it is: the first damage.
    pub fn refusal(&self) -> Option<&PackageError> {
        self.damaged.first().map(|(_, error)| error)
    }

    /// How many contents were staged while they were checked.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn staged(&self) -> usize {
        // Several assets may be one file.
        self.assets.iter().filter_map(|asset| asset.content.as_ref()?.staged).collect::<BTreeSet<_>>().len()
    }

    /// The embedded contents that are sound, each once.
    pub fn contents(&self) -> BTreeMap<&str, &Content> {
        let contents = self.assets.iter().rev().filter_map(|asset| asset.content.as_ref());
        let (staged, others) = contents.partition::<Vec<_>, _>(|content| content.staged.is_some());
        // Of the same content the one that is staged counts, or else the first one.
        others.into_iter().chain(staged).map(|content| (&*content.hash, content)).collect()
    }
}

/// What a thread lends to a check.
pub(super) trait Host {
    /// Lets others have their turn, if this thread has others.
    async fn pause(&self);

    /// Hashes what is stored as it is from `at` on. None: this thread has no better way than to read it.
    async fn hash(&self, at: u64, bytes: u64, ticket: Ticket) -> Option<Hashed>;

    /// Is told which of the contents that [`Host::hash`] is asked for nobody has found fault with so far: it may stage them meanwhile. Each
    /// has where it begins, how many bytes it has, and the hash that it should have.
    async fn prepare(&self, _contents: Vec<(u64, u64, String)>) {}

    /// Under which id it has staged what begins at `at`.
    fn staged(&self, _at: u64) -> Option<AssetId> {
        None
    }
}

/// What the bytes are.
pub(super) type Hashed = crate::Result<Staged>;

/// A thread that has nothing else to do.
pub(super) struct Alone;

impl Host for Alone {
    async fn pause(&self) {}

    async fn hash(&self, _at: u64, _bytes: u64, _ticket: Ticket) -> Option<Hashed> {
        None
    }
}

/// Checks a package from end to end: the archive, the manifest, the graph, and every embedded asset's size, checksum and hash.
/// The ticket is told how many bytes of assets have been checked.
///
/// # Errors
/// Why nothing of it can come in. Damaged assets are no error here: see [`Package::damaged`].
pub fn check<R: Read + Seek>(input: R, limits: &Limits, ticket: &Ticket) -> Result<Package, PackageError> {
    let checked = check_on(&Alone, input, limits, ticket).now_or_never();
    // Nothing in it waits.
    checked.unwrap_or(Err(PackageError::Cancelled))
}

/// The same on a thread that has others to serve.
pub(super) async fn check_on<R: Read + Seek>(
    host: &impl Host,
    mut input: R,
    limits: &Limits,
    ticket: &Ticket,
) -> Result<Package, PackageError> {
    let listed = archive::list(&mut input, limits)?;
    check_listed(host, input, listed, limits, ticket).await
}

/// Finds out what a file is, and checks it: a package from end to end; of a backup where its packages are.
pub(super) async fn find_on<R: Read + Seek>(
    host: &impl Host,
    mut input: R,
    ticket: &Ticket,
) -> Result<Found, PackageError> {
    let listed = archive::list(&mut input, &Limits::BACKUP)?;
    if backup::is_one(&listed.entries) {
        return backup::read(&mut input, listed, &Limits::BACKUP).map(Found::Backup);
    }
    let checked = check_listed(host, input, listed, &Limits::DEFAULT, ticket).await;
    checked.map(|package| Found::Package(Box::new(package)))
}

async fn check_listed<R: Read + Seek>(
    host: &impl Host,
    mut input: R,
    listed: archive::Listed,
    limits: &Limits,
    ticket: &Ticket,
) -> Result<Package, PackageError> {
    if backup::is_one(&listed.entries) {
        return Err(PackageError::IsBackup);
    }
    let entries = listed.check(&mut input, limits)?;
    let by_name: HashMap<&str, usize> = entries.iter().enumerate().map(|(at, entry)| (&*entry.name, at)).collect();
    let Some(manifest_at) = by_name.get(MANIFEST) else {
        let mut folders = entries.iter().filter_map(|entry| entry.name.strip_suffix(&format!("/{MANIFEST}")));
        return Err(PackageError::ManifestMissing { folder: folders.next().map(str::to_owned) });
    };
    let mut contents = Contents::open(input, &entries)?;
    let too_large = |bytes, limit| PackageError::ManifestTooLarge { bytes, limit };
    let bytes = contents.text(host, *manifest_at, limits.manifest_bytes, too_large).await?;
    let manifest = manifest::parse(&bytes, limits)?;
    let workflow_at = by_name.get(WORKFLOW).ok_or(PackageError::WorkflowMissing)?;
    let too_large = |bytes, limit| PackageError::WorkflowTooLarge { bytes, limit };
    let bytes = contents.text(host, *workflow_at, limits.workflow_bytes, too_large).await?;
    let workflow = graph::parse(&bytes, &manifest, limits)?;
    drop(bytes);

    let mut used: BTreeSet<&str> = BTreeSet::from([MANIFEST, WORKFLOW]);
    let mut package = Package {
        workflow,
        assets: Vec::new(),
        damaged: Vec::new(),
        ignored: Vec::new(),
        warnings: Vec::new(),
        staging: target::Staging::default(),
    };
    if manifest.name != package.workflow.name {
        package
            .warnings
            .push(format!("The manifest calls the workflow {:?}; it calls itself otherwise.", manifest.name));
    }
    let embedded = manifest.assets.iter().filter_map(|listed| match &listed.origin {
        Origin::Embedded(file) => by_name.get(&**file).map(|at| (listed, &entries[*at])),
        Origin::Url(_) => None,
    });
    let stored = embedded.clone().filter(|(_, entry)| entry.method == Method::Stored);
    let claimed = stored.filter_map(|(listed, entry)| Some((entry.data, entry.bytes, listed.hash.clone()?)));
    host.prepare(claimed.collect()).await;
    let small = embedded.map(|(_, entry)| entry).filter(|entry| is_small(entry));
    let is_over = Cell::new(false);
    let hashing = small
        .map(async |entry| if is_over.get() { None } else { host.hash(entry.data, entry.bytes, ticket.quiet()).await });
    // In the order in which they are asked for.
    let mut hashed = pin!(stream::iter(hashing).buffered(AT_ONCE));
    let mut done = 0;
    let checking = async {
        for listed in &manifest.assets {
            let mut asset = PackedAsset { id: listed.id, mime: listed.mime.clone(), url: None, content: None };
            match &listed.origin {
                Origin::Url(url) => asset.url = Some(url.clone()),
                Origin::Embedded(file) => match by_name.get(&**file) {
                    None => {
                        let missing = PackageError::AssetFileMissing { entry: file.clone() };
                        package.damaged.push((listed.id, missing));
                    }
                    Some(at) => {
                        used.insert(file);
                        let (entry, part) = (&entries[*at], ticket.part(done));
                        if ticket.is_cancelled() {
                            return Err(PackageError::Cancelled);
                        }
                        let lent = match entry.method {
                            Method::Stored if is_small(entry) => hashed.next().await.flatten(),
                            Method::Stored => host.hash(entry.data, entry.bytes, part.clone()).await,
                            Method::Deflated => None,
                        };
                        match contents.asset(host, *at, listed, lent, &part).await {
                            Ok(content) => {
                                done += content.bytes;
                                ticket.advance(done);
                                asset.content = Some(content);
                            }
                            Err(error) if is_damage(&error) => package.damaged.push((listed.id, error)),
                            Err(error) => return Err(error),
                        }
                    }
                },
            }
            package.assets.push(asset);
        }
        Ok(())
    };
    let checked: Result<(), PackageError> = checking.await;
    // What has begun goes to its end: a file is not left in the middle of being written.
    is_over.set(true);
    while hashed.next().await.is_some() {}
    checked?;
    let ignored = entries.iter().filter(|entry| !entry.is_folder() && !used.contains(&*entry.name));
    package.ignored = ignored.map(|entry| entry.name.clone()).collect();
    Ok(package)
}

/// Whether an entry is hashed beside others.
fn is_small(entry: &Entry) -> bool {
    entry.method == Method::Stored && entry.bytes <= SMALL
}

/// Whether an error is of one asset only, so that the rest can come in without it.
fn is_damage(error: &PackageError) -> bool {
    matches!(
        error,
        PackageError::EntryDamaged { .. } | PackageError::SizeMismatch { .. } | PackageError::HashMismatch { .. }
    )
}

/// What comes out of an entry.
enum Unpacking<'a, R> {
    Stored(&'a mut R),
    Deflated(DeflateDecoder<R>),
}

impl<R: Read> Read for Unpacking<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Stored(reader) => reader.read(buffer),
            Self::Deflated(reader) => reader.read(buffer),
        }
    }
}

/// Unpacks entries that the archive's check has let through.
struct Contents<'a, R> {
    archive: ZipArchive<R>,
    entries: &'a [Entry],
    /// How many bytes were read since others had their turn.
    since_pause: u64,
}

impl<'a, R: Read + Seek> Contents<'a, R> {
    /// A second reader, written by others, must see the same entries.
    fn open(input: R, entries: &'a [Entry]) -> Result<Self, PackageError> {
        let differs = |what: String| PackageError::NotExact { what: format!("readers disagree about it ({what})") };
        let mut archive = ZipArchive::new(input).map_err(|error| differs(error.to_string()))?;
        if archive.len() != entries.len() {
            return Err(differs(format!("{} entries or {}", entries.len(), archive.len())));
        }
        for (at, entry) in entries.iter().enumerate() {
            let seen = archive.by_index_raw(at).map_err(|error| differs(error.to_string()))?;
            if seen.name_raw() != entry.name.as_bytes() || seen.size() != entry.bytes || seen.crc32() != entry.crc32 {
                return Err(differs(entry.name.clone()));
            }
        }
        Ok(Self { archive, entries, since_pause: 0 })
    }

    /// Unpacks an entry and hands it on piece by piece. It stops at the first byte beyond what the entry claims to have, and at a
    /// checksum that is not its own.
    async fn unpack(
        &mut self,
        host: &impl Host,
        at: usize,
        mut take: impl FnMut(&[u8], u64) -> Result<(), PackageError>,
    ) -> Result<(), PackageError> {
        let entry = &self.entries[at];
        let damaged = |what: String| PackageError::EntryDamaged { entry: entry.name.clone(), what };
        self.since_pause += ENTRY;
        let mut packed = self.archive.by_index_raw(at).map_err(|error| match error {
            ZipError::Io(error) if !is_content(&error) => PackageError::io(&error),
            error => damaged(error.to_string()),
        })?;
        // Unpacked here, since the archive's own reader tells no bomb from damage.
        let mut reader = match entry.method {
            Method::Stored => Unpacking::Stored(&mut packed),
            Method::Deflated => Unpacking::Deflated(DeflateDecoder::new(packed)),
        };
        // One byte more than there should be shows that there are more.
        let room = usize::try_from(entry.bytes.saturating_add(1)).unwrap_or(BUFFER).min(BUFFER);
        let (mut buffer, mut total, mut crc32) = (vec![0; room], 0_u64, crc32fast::Hasher::new());
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if is_content(&error) => return Err(damaged(error.to_string())),
                Err(error) => return Err(PackageError::io(&error)),
            };
            total += count as u64;
            self.since_pause += count as u64;
            if total > entry.bytes {
                return Err(PackageError::Bomb { entry: entry.name.clone(), packed: entry.packed, bytes: total });
            }
            crc32.update(&buffer[..count]);
            take(&buffer[..count], total)?;
            if self.since_pause >= PAUSE {
                self.since_pause = 0;
                host.pause().await;
            }
        }
        if total != entry.bytes {
            return Err(damaged(format!("it has {total} bytes, not {}", entry.bytes)));
        }
        if crc32.finalize() != entry.crc32 {
            return Err(damaged(OTHER_CHECKSUM.to_owned()));
        }
        // Readers disagree about what comes after the end of what was packed: a browser's takes all of it for damaged.
        if let Unpacking::Deflated(reader) = reader
            && reader.total_in() != entry.packed
        {
            let rest = entry.packed.saturating_sub(reader.total_in());
            return Err(damaged(format!("{rest} bytes follow the end of what is packed")));
        }
        Ok(())
    }

    /// A whole file in memory.
    async fn text(
        &mut self,
        host: &impl Host,
        at: usize,
        limit: u64,
        too_large: impl Fn(u64, u64) -> PackageError,
    ) -> Result<Vec<u8>, PackageError> {
        let bytes = self.entries[at].bytes;
        if bytes > limit {
            return Err(too_large(bytes, limit));
        }
        // What it claims is asked for at once only as far as that is little.
        let mut all = Vec::with_capacity(usize::try_from(bytes).unwrap_or(BUFFER).min(16 * BUFFER));
        let unpacking = self.unpack(host, at, |piece, _| {
            all.extend_from_slice(piece);
            Ok(())
        });
        unpacking.await?;
        Ok(all)
    }

    /// Hashes an asset, unless somebody else has, and compares it with what the manifest says.
    async fn asset(
        &mut self,
        host: &impl Host,
        at: usize,
        listed: &Listed,
        hashed: Option<Hashed>,
        ticket: &Ticket,
    ) -> Result<Content, PackageError> {
        let entry = &self.entries[at];
        let (hash, kind) = match hashed {
            Some(Ok(staged)) if staged.crc32 != entry.crc32 => {
                return Err(PackageError::EntryDamaged { entry: entry.name.clone(), what: OTHER_CHECKSUM.to_owned() });
            }
            Some(Ok(staged)) => (staged.hash, kind_of(&staged.head)),
            Some(Err(crate::Error::Cancelled)) => return Err(PackageError::Cancelled),
            Some(Err(error)) => return Err(PackageError::Unreadable { reason: error.to_string() }),
            None => {
                let (mut hash, mut head) = (Sha256::default(), Vec::new());
                let hashing = self.unpack(host, at, |piece, total| {
                    if ticket.is_cancelled() {
                        return Err(PackageError::Cancelled);
                    }
                    hash.update(piece);
                    let missing = HEAD.saturating_sub(head.len());
                    head.extend_from_slice(&piece[..piece.len().min(missing)]);
                    ticket.advance(total);
                    Ok(())
                });
                hashing.await?;
                (manifest::hash_of(&hash.finish()), kind_of(&head))
            }
        };
        let entry = &self.entries[at];
        if let Some(expected) = listed.bytes.filter(|expected| *expected != entry.bytes) {
            return Err(PackageError::SizeMismatch { entry: entry.name.clone(), expected, found: entry.bytes });
        }
        if listed.hash.as_ref().is_some_and(|expected| *expected != hash) {
            return Err(PackageError::HashMismatch { entry: entry.name.clone() });
        }
        Ok(Content {
            entry: entry.name.clone(),
            at: entry.data,
            packed: entry.packed,
            is_deflated: entry.method == Method::Deflated,
            bytes: entry.bytes,
            crc32: entry.crc32,
            hash,
            kind,
            staged: host.staged(entry.data),
        })
    }
}

/// Whether bytes were read and are wrong, rather than that the file can't be read.
fn is_content(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

fn kind_of(head: &[u8]) -> MediaKind {
    MediaKind::of(sniff(head))
}
