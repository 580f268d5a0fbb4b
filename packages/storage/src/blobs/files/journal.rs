//! How small files get to the disk without being waited for.
//!
//! To sync a file costs a disk about as much as to store a hundred rows. So a small content is written to its file, which is not
//! synced, and noted in the database, in one transaction with all that come at once: that is what makes it last. Its file is synced
//! later, when nothing more comes, and then the note goes. After a loss of power a file may be missing, torn or empty: what
//! was noted is written to it anew when the folder is opened next, before anybody reads it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tracing::{debug, warn};
use uuid::Uuid;

use super::{Scheme, blocking, disk};
use crate::{
    Result,
    backend::sqlite::{Claim, Note, Sqlite},
    model::{AssetId, MediaKind},
    platform::{monotonic_millis, random_bits, sleep, spawn},
};

/// What is larger is synced at once, in bytes.
pub(super) const SMALL: u64 = 64 << 10;
/// How many bytes are noted at most: the database grows by as much.
const ROOM: u64 = 32 << 20;
/// What a note takes in the database beside its bytes, at most: the rest of a page.
const PAGE: u64 = 8 << 10;
/// How long nothing has come when files are synced, in milliseconds. Tests want to be done with something else before.
const QUIET: u64 = if cfg!(test) { 3_000 } else { 500 };
/// How many notes are read at once.
const AT_ONCE: u32 = 64;

/// The notes of a folder. Clones share them.
#[derive(Clone)]
pub(super) struct Journal(Arc<Inner>);

struct Inner {
    database: Sqlite,
    /// The notes that there are or that are being written, and what each takes.
    notes: Mutex<BTreeMap<String, u64>>,
    is_settling: AtomicBool,
    /// When something came last, in milliseconds.
    last: AtomicU64,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").field("notes", &self.0.notes).finish_non_exhaustive()
    }
}

/// A file that is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Named {
    id: AssetId,
    kind: MediaKind,
}

impl Named {
    /// What the keys of all of its notes begin with.
    fn prefix(self) -> String {
        format!("~{}/{}/", self.kind.name(), self.id)
    }

    /// The file that a note is of. None: no build of ours has written it, so it stays, and nobody looks at it.
    fn of(key: &str) -> Option<Self> {
        let mut parts = key.strip_prefix('~')?.split('/');
        let (kind, id) = (parts.next()?, parts.next()?.parse().ok()?);
        let kind = MediaKind::ALL.into_iter().find(|known| known.name() == kind)?;
        Some(Self { id, kind }).filter(|named| key.starts_with(&named.prefix()))
    }
}

/// Room for a note that is not written yet. It is free again if that never comes.
#[derive(Debug)]
pub(super) struct Room {
    journal: Journal,
    key: String,
    is_filled: bool,
}

impl Room {
    /// Notes what was written to a file. When this is done, it outlives a loss of power.
    ///
    /// # Errors
    /// [`crate::Error::Full`], and whatever else keeps the database from being written.
    pub async fn fill(mut self, bytes: Vec<u8>, scheme: Arc<Scheme>) -> Result<()> {
        // Whoever waits for this may stop: then somebody has to look what became of it.
        self.journal.settle_later(scheme);
        self.journal.0.database.note(Note { key: self.key.clone(), bytes }).await?;
        self.is_filled = true;
        self.journal.0.last.store(monotonic_millis(), Ordering::SeqCst);
        Ok(())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if !self.is_filled {
            self.journal.known().remove(&self.key);
        }
    }
}

impl Journal {
    pub fn new(database: Sqlite) -> Self {
        let inner = Inner {
            database,
            notes: Mutex::default(),
            is_settling: AtomicBool::new(false),
            last: AtomicU64::new(monotonic_millis()),
        };
        Self(Arc::new(inner))
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        // Nothing panics while it is held.
        self.0.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Room for a note of so many bytes. None: there are enough.
    pub fn room(&self, id: AssetId, kind: MediaKind, bytes: u64) -> Option<Room> {
        let mut known = self.known();
        let taken = known.values().sum::<u64>() + bytes + PAGE;
        if taken > ROOM {
            return None;
        }
        let key = format!("{}{:016x}", Named { id, kind }.prefix(), random_bits());
        known.insert(key.clone(), bytes + PAGE);
        drop(known);
        Some(Room { journal: self.clone(), key, is_filled: false })
    }

    /// Forgets the notes of a file that is removed. If that fails they are forgotten later.
    pub async fn withdraw(&self, id: AssetId, kind: MediaKind) {
        let prefix = Named { id, kind }.prefix();
        let keys: BTreeSet<_> = {
            let known = self.known();
            let from = known.range(prefix.clone()..).map(|(key, _)| key);
            from.take_while(|key| key.starts_with(&prefix)).cloned().collect()
        };
        self.forget(keys).await;
    }

    /// Forgets the notes of all files but those of these assets.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn sweep(&self, known: &BTreeSet<AssetId>) -> Result<()> {
        let mut after = String::new();
        loop {
            let notes = self.0.database.notes(after, AT_ONCE).await?;
            let Some(last) = notes.last() else { return Ok(()) };
            after = last.key.clone();
            let is_nobodys = |note: &Note| Named::of(&note.key).is_some_and(|named| !known.contains(&named.id));
            self.forget(notes.into_iter().filter(is_nobodys).map(|note| note.key).collect()).await;
        }
    }

    async fn forget(&self, keys: BTreeSet<String>) {
        if keys.is_empty() {
            return;
        }
        match self.0.database.forget(keys.clone()).await {
            Ok(()) => self.known().retain(|key, _| !keys.contains(key)),
            Err(error) => debug!(error = error.code(), "notes of small files can't be forgotten now"),
        }
    }

    /// Syncs the files of all notes when nothing more comes, and forgets those.
    fn settle_later(&self, scheme: Arc<Scheme>) {
        self.0.last.store(monotonic_millis(), Ordering::SeqCst);
        if self.0.is_settling.swap(true, Ordering::SeqCst) {
            return;
        }
        let mut turn = Turn(self.clone());
        spawn(Box::pin(async move {
            loop {
                let journal = turn.0.clone();
                let last = journal.0.last.load(Ordering::SeqCst);
                let left = (last + QUIET).saturating_sub(monotonic_millis());
                if left > 0 {
                    sleep(Duration::from_millis(left)).await;
                    continue;
                }
                if let Err(error) = journal.settle(&scheme).await {
                    warn!(error = error.code(), "small files stay in the database until more come, or the next start");
                }
                drop(turn);
                // Who has come meanwhile leaves it to us.
                let is_over = journal.0.last.load(Ordering::SeqCst) == last;
                if is_over || journal.0.is_settling.swap(true, Ordering::SeqCst) {
                    return;
                }
                turn = Turn(journal);
            }
        }));
    }

    /// Writes anew what a loss of power has left of the files that are noted. Has the rest done later.
    ///
    /// # Errors
    /// The database can't be read. A file that can't be written is left as it is, and its note too.
    pub async fn recover(&self, scheme: Arc<Scheme>) -> Result<()> {
        if self.0.database.has_newer() {
            return Ok(());
        }
        let mut after = String::new();
        loop {
            let notes = self.0.database.notes(after, AT_ONCE).await?;
            let Some(last) = notes.last() else { break };
            after = last.key.clone();
            for note in notes {
                let Some(named) = Named::of(&note.key) else { continue };
                self.known().insert(note.key.clone(), note.bytes.len() as u64 + PAGE);
                match self.0.database.claim(named.id, scheme.place(named.id, named.kind)).await {
                    Ok(Claim::Asset) => {}
                    Ok(Claim::Nobody | Claim::Unclear) => continue,
                    Err(error) => {
                        warn!(error = error.code(), asset = %named.id, "whose a small file is can't be read");
                        continue;
                    }
                }
                let scheme = Arc::clone(&scheme);
                let repair = move || {
                    if is_same(&scheme, named, &note.bytes) { Ok(()) } else { restore(&scheme, named, &note.bytes) }
                };
                if let Err(error) = blocking(repair).await {
                    warn!(error = error.code(), asset = %named.id, "a small file can't be written anew");
                }
            }
        }
        if !self.known().is_empty() {
            self.settle_later(scheme);
        }
        Ok(())
    }

    /// Syncs the files that are noted, and forgets the notes. What can't be synced keeps its note, and hinders no other.
    ///
    /// # Errors
    /// The database can't be read, or was closed.
    async fn settle(&self, scheme: &Arc<Scheme>) -> Result<()> {
        let mut after = String::new();
        loop {
            let notes = self.0.database.notes(after, AT_ONCE).await?;
            let Some(last) = notes.last() else { return Ok(()) };
            after = last.key.clone();
            let mut done = BTreeMap::<_, BTreeSet<_>>::new();
            for note in notes {
                let Some(named) = Named::of(&note.key) else { continue };
                match self.settle_one(scheme, named, note.bytes).await {
                    Ok(true) => drop(done.entry(scheme.folder(named.kind)).or_default().insert(note.key)),
                    Ok(false) => {}
                    Err(error) => warn!(error = error.code(), asset = %named.id, "a small file can't be synced"),
                }
            }
            for (folder, keys) in done {
                // One that is gone has no names to be kept.
                let synced = blocking(move || if folder.is_dir() { disk::sync_folder(&folder) } else { Ok(()) });
                match synced.await {
                    Ok(()) => {
                        debug!(files = keys.len(), "small files are on the disk");
                        self.forget(keys).await;
                    }
                    Err(error) => warn!(error = error.code(), "the names of small files can't be synced"),
                }
            }
        }
    }

    /// Syncs a file. Says whether its note can go.
    async fn settle_one(&self, scheme: &Arc<Scheme>, named: Named, bytes: Vec<u8>) -> Result<bool> {
        let place = scheme.place(named.id, named.kind);
        let claim = self.0.database.claim(named.id, place.clone()).await?;
        let in_thread = Arc::clone(scheme);
        let settled = blocking(move || {
            let path = in_thread.path(named.id, named.kind);
            if is_same(&in_thread, named, &bytes) {
                match disk::sync_file(&path) {
                    Ok(()) => return Ok(Settled::Synced),
                    Err(error) if claim != Claim::Asset => return Err(error),
                    // Whether the disk has it nobody knows, and it would say so only once.
                    Err(_) => {}
                }
            }
            match claim {
                Claim::Asset => restore(&in_thread, named, &bytes).map(|()| Settled::Restored),
                Claim::Nobody if !path.exists() => Ok(Settled::Gone),
                Claim::Nobody | Claim::Unclear => Ok(Settled::Left),
            }
        });
        match settled.await? {
            Settled::Left => Ok(false),
            Settled::Synced | Settled::Gone => Ok(true),
            Settled::Restored => {
                // It may have been removed meanwhile.
                if self.0.database.claim(named.id, place).await? == Claim::Nobody {
                    let path = scheme.path(named.id, named.kind);
                    blocking(move || disk::remove(&path)).await?;
                }
                Ok(true)
            }
        }
    }
}

/// What became of a file.
enum Settled {
    Synced,
    Restored,
    Gone,
    Left,
}

/// Whoever syncs files. There is one.
struct Turn(Journal);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.0.is_settling.store(false, Ordering::SeqCst);
    }
}

/// Whether a file is as it was noted.
fn is_same(scheme: &Scheme, named: Named, bytes: &[u8]) -> bool {
    let read = || {
        let file = disk::open(&scheme.path(named.id, named.kind)).ok()?;
        let length = file.metadata().ok()?.len();
        let mut found = Vec::new();
        if length == bytes.len() as u64 {
            file.take(length).read_to_end(&mut found).ok()?;
        }
        Some(found == bytes && length == found.len() as u64)
    };
    read().unwrap_or(false)
}

/// Writes a file anew.
fn restore(scheme: &Scheme, named: Named, bytes: &[u8]) -> Result<()> {
    warn!(asset = %named.id, "a small file is not what it was, and is written anew");
    scheme.make_base()?;
    // Nobody else's: somebody may be about to keep the same asset.
    let random = u128::from(random_bits()) << 64 | u128::from(random_bits());
    let (part, folder) = (scheme.part(AssetId::from_uuid(Uuid::from_u128(random))), scheme.folder(named.kind));
    let write = || {
        let mut file = disk::NewFile::create(&part)?;
        file.write(bytes)?;
        file.finish()?;
        disk::make_folder(&folder)?;
        disk::rename(&part, &scheme.path(named.id, named.kind))?;
        disk::sync_folder(&folder)
    };
    write().inspect_err(|_| drop(disk::remove(&part)))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::*;
    use crate::{
        Location, Session,
        backend::Backend as _,
        blobs::{Files, Source, Ticket},
        model::Asset,
    };

    async fn open(home: &tempfile::TempDir) -> Session {
        Session::open(Location::Folder(home.path().to_owned())).await.unwrap().0
    }

    async fn put(session: &Session, bytes: Vec<u8>) -> Asset {
        session.assets().put(Source::Bytes(bytes.into()), None, Ticket::default()).await.unwrap().asset
    }

    fn file(home: &tempfile::TempDir, asset: &Asset) -> PathBuf {
        home.path().join("atelier/assets").join(asset.kind().name()).join(asset.id.to_string())
    }

    /// The folder's journal, as another session would find it.
    async fn journal(home: &tempfile::TempDir) -> (Journal, Arc<Scheme>) {
        let database = Sqlite::open(home.path()).await.unwrap();
        let files = Files::beside(home.path(), database.clone());
        (Journal::new(database), files.0)
    }

    /// Whose files are noted.
    async fn noted(home: &tempfile::TempDir) -> Vec<AssetId> {
        let database = Sqlite::open(home.path()).await.unwrap();
        let notes = database.notes(String::new(), 1_000).await.unwrap();
        database.close().await;
        notes.into_iter().map(|note| Named::of(&note.key).unwrap().id).collect()
    }

    /// A folder with small contents that were noted and a large one that was not.
    async fn unsynced(home: &tempfile::TempDir) -> (Vec<Asset>, Asset) {
        let session = open(home).await;
        let large = put(&session, vec![9; 100_000]).await;
        let mut assets = Vec::new();
        for number in 0..5 {
            assets.push(put(&session, vec![number; 1_000]).await);
        }
        session.close().await;
        assert_eq!(noted(home).await, assets.iter().map(|asset| asset.id).collect::<Vec<_>>());
        (assets, large)
    }

    #[tokio::test]
    async fn small_files_of_which_a_loss_of_power_has_left_less_are_written_anew_at_the_next_start() {
        let home = tempfile::tempdir().unwrap();
        let (assets, large) = unsynced(&home).await;
        fs::remove_file(file(&home, &assets[0])).unwrap();
        fs::write(file(&home, &assets[1]), []).unwrap();
        fs::write(file(&home, &assets[2]), vec![0; 1_000]).unwrap();
        fs::write(file(&home, &large), []).unwrap();

        let session = open(&home).await;
        for (number, asset) in (0..).zip(&assets) {
            assert_eq!(session.assets().read(asset.id, 0..2_000).await.unwrap(), vec![number; 1_000]);
        }
        let damaged = session.assets().verify(Ticket::default()).await.unwrap();
        assert_eq!(damaged.iter().map(|damage| damage.asset.id).collect::<Vec<_>>(), [large.id]);
        session.close().await;
    }

    #[tokio::test]
    async fn a_file_that_can_not_be_written_anew_keeps_its_note_and_hinders_no_other() {
        let home = tempfile::tempdir().unwrap();
        let (assets, _) = unsynced(&home).await;
        // Nothing can be renamed over a folder with something in it.
        fs::remove_file(file(&home, &assets[1])).unwrap();
        fs::create_dir_all(file(&home, &assets[1]).join("something")).unwrap();
        let (journal, scheme) = journal(&home).await;
        journal.recover(Arc::clone(&scheme)).await.unwrap();
        journal.settle(&scheme).await.unwrap();
        assert_eq!(noted(&home).await, [assets[1].id]);

        fs::remove_dir_all(file(&home, &assets[1])).unwrap();
        journal.settle(&scheme).await.unwrap();
        assert_eq!(noted(&home).await, []);
        assert_eq!(fs::read(file(&home, &assets[1])).unwrap(), vec![1; 1_000]);
        journal.0.database.close().await;
    }

    #[tokio::test]
    async fn what_may_have_lost_its_row_keeps_its_note_and_what_was_swept_does_not() {
        let home = tempfile::tempdir().unwrap();
        let (assets, _) = unsynced(&home).await;
        let (journal, scheme) = journal(&home).await;
        let lost = assets[3].id;
        let damage = move |transaction: &rusqlite::Transaction<'_>| {
            let sql = "UPDATE assets SET row = '{' WHERE id = ?1";
            Ok(transaction.execute(sql, [lost.uuid().as_bytes()])?)
        };
        journal.0.database.write(damage).await.unwrap();
        fs::write(file(&home, &assets[3]), []).unwrap();
        journal.recover(Arc::clone(&scheme)).await.unwrap();
        journal.settle(&scheme).await.unwrap();
        assert_eq!(noted(&home).await, [lost]);
        journal.sweep(&[lost].into()).await.unwrap();
        assert_eq!(noted(&home).await, [lost]);
        journal.sweep(&BTreeSet::new()).await.unwrap();
        assert_eq!(noted(&home).await, []);
        journal.0.database.close().await;
    }

    #[tokio::test]
    async fn removed_files_do_not_come_back_and_those_that_were_lost_do() {
        let home = tempfile::tempdir().unwrap();
        let session = open(&home).await;
        let (kept, removed) = (put(&session, vec![1; 10]).await, put(&session, vec![2; 10]).await);
        session.assets().clean_up([removed.id].into()).await.unwrap();
        session.close().await;
        assert_eq!(noted(&home).await, [kept.id]);
        fs::remove_dir_all(home.path().join("atelier")).unwrap();

        let (journal, scheme) = journal(&home).await;
        journal.settle(&scheme).await.unwrap();
        journal.0.database.close().await;
        assert_eq!(noted(&home).await, []);
        assert_eq!(fs::read(file(&home, &kept)).unwrap(), [1; 10]);
        assert!(!file(&home, &removed).exists());
    }

    #[tokio::test]
    async fn files_are_synced_when_nothing_more_comes_and_a_closed_database_stays_closed() {
        let home = tempfile::tempdir().unwrap();
        let session = open(&home).await;
        put(&session, vec![1; 10]).await;
        while !noted(&home).await.is_empty() {
            sleep(Duration::from_millis(50)).await;
        }
        session.close().await;

        let (journal, _) = journal(&home).await;
        journal.0.database.close().await;
        assert!(journal.0.database.notes(String::new(), 1).await.is_err());
        assert!(journal.0.database.forget(["~".to_owned()].into()).await.is_err());
        // What is asked by anybody else opens it again.
        assert_eq!(journal.0.database.assets().await.unwrap().rows.len(), 1);
        assert!(journal.0.database.notes(String::new(), 1).await.is_ok());
        journal.0.database.close().await;
    }

    #[tokio::test]
    async fn there_is_room_for_so_many_notes_and_again_when_they_are_gone() {
        let home = tempfile::tempdir().unwrap();
        let (journal, scheme) = journal(&home).await;
        let id = AssetId::from_uuid(Uuid::from_u128(1));
        let room = |bytes| journal.room(id, MediaKind::Other, bytes);
        assert!(room(ROOM).is_none());
        let first = room(64).unwrap();
        assert!(room(ROOM - 2 * PAGE - 63).is_none());
        // What is not used is free again.
        assert!(room(ROOM - 2 * PAGE - 64).is_some() && room(ROOM - 2 * PAGE - 64).is_some());
        first.fill(vec![7; 64], Arc::clone(&scheme)).await.unwrap();
        // The same file again has a note of its own.
        let second = room(64).unwrap();
        second.fill(vec![8; 64], scheme).await.unwrap();
        assert_eq!(noted(&home).await, [id, id]);
        journal.withdraw(id, MediaKind::Other).await;
        assert_eq!(noted(&home).await, []);
        assert!(room(ROOM - PAGE).is_some());
        journal.0.database.close().await;
    }
}
