//! Packages in files.

use std::{
    borrow::Cow,
    fs::{self, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    panic,
    path::{Path, PathBuf},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use flate2::read::DeflateDecoder;
use futures::{StreamExt as _, stream};
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use tokio::sync::mpsc;

use super::{
    Found, Layout, PackageError,
    check::{Content, Hashed, Host, find_on},
    window::{ReadAt, Window},
    write::Data,
};
use crate::{
    Error, Result,
    blobs::{Added, Assets, Known, Pieces, Source, Ticket, disk, reader::Reader},
    model::Asset,
    platform::random_bits,
};

/// How much is copied at once, in bytes.
const BUFFER: usize = 512 << 10;
/// How many contents are opened before they are written.
const AHEAD: usize = 16;

/// A file or something like it.
struct Open {
    reader: Reader,
    size: u64,
}

impl Open {
    fn new(source: Source) -> Result<Self> {
        let mut reader = Reader::open(source)?;
        let size = reader.seek(SeekFrom::End(0)).map_err(unreadable)?;
        Ok(Self { reader, size })
    }
}

impl ReadAt for Open {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&mut self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.seek(SeekFrom::Start(at))?;
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

fn unreadable(error: io::Error) -> Error {
    Error::Io { what: "the package".into(), reason: error.to_string() }
}

/// A text with each letter in as few signs as there are for it (Unicode's form NFC).
pub(super) fn composed(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// A text with each letter taken apart (NFD).
pub(super) fn decomposed(text: &str) -> Cow<'_, str> {
    DecomposingNormalizerBorrowed::new_nfd().normalize(text)
}

/// Nothing is staged while a package is checked: what was read a moment ago, the system still has in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Staging(());

impl Staging {
    /// Whether a content is staged.
    #[expect(clippy::unused_self, reason = "a browser stages")]
    pub(super) fn has(&self, _content: &Content) -> bool {
        false
    }

    /// None: it was not staged.
    #[expect(clippy::unused_async, reason = "a browser has to be waited for")]
    pub(super) async fn keep(&self, _content: &Content, _known: Known, _name: Option<String>) -> Option<Result<Added>> {
        None
    }
}

/// Finds out on a thread of its own what a file is, and checks a package: see [`super::check`].
///
/// # Errors
/// Why nothing of it can come in.
pub(super) async fn find(_assets: &Assets, source: Source, ticket: Ticket) -> Result<Found, PackageError> {
    let runtime = tokio::runtime::Handle::current();
    let work = tokio::task::spawn_blocking(move || {
        let open = Open::new(source.clone()).map_err(|error| PackageError::Unreadable { reason: error.to_string() })?;
        runtime.block_on(find_on(&Threads { source }, Window::new(open), &ticket))
    });
    work.await.unwrap_or_else(|lost| Err(PackageError::Unreadable { reason: lost.to_string() }))
}

/// A thread that may wait, and others that hash.
struct Threads {
    source: Source,
}

/// What is smaller than this is read sooner than handed to another thread, in bytes.
const WORTH: u64 = 256 << 10;

impl Host for Threads {
    async fn pause(&self) {}

    async fn hash(&self, at: u64, bytes: u64, ticket: Ticket) -> Option<Hashed> {
        if bytes < WORTH {
            return None;
        }
        let part = Part::new(self.source.clone(), at, bytes);
        let hashing = tokio::task::spawn_blocking(move || {
            let reader = Reader::open(Source::Pieces(Arc::new(part)))?;
            reader.stream(BUFFER, &ticket, None, |_| Ok(()))?.staged(None)
        });
        Some(hashing.await.unwrap_or_else(|lost| Err(lost_thread(&lost))))
    }
}

/// An asset's bytes in a package, as a source.
pub(super) async fn content(source: &Source, content: &Content) -> Result<Source> {
    if !content.is_deflated {
        return part(source, content.at, content.bytes).await;
    }
    Ok(Source::Pieces(Arc::new(Unpacked { source: source.clone(), content: content.clone(), state: Mutex::new(None) })))
}

/// A part of a source, as one of its own.
#[expect(clippy::unused_async, reason = "a browser has to be asked")]
pub(super) async fn part(source: &Source, at: u64, bytes: u64) -> Result<Source> {
    Ok(Source::Pieces(Arc::new(Part::new(source.clone(), at, bytes))))
}

/// A part of a file.
#[derive(Debug)]
struct Part {
    source: Source,
    at: u64,
    bytes: u64,
    /// What reads it, once somebody has begun, and where in the source that is.
    open: Mutex<Option<Reading>>,
}

impl Part {
    fn new(source: Source, at: u64, bytes: u64) -> Self {
        Self { source, at, bytes, open: Mutex::new(None) }
    }
}

struct Reading {
    reader: Reader,
    at: u64,
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading").field("at", &self.at).finish_non_exhaustive()
    }
}

impl Pieces for Part {
    fn size(&self) -> u64 {
        self.bytes
    }

    fn read(&self, at: u64, buffer: &mut [u8]) -> Result<usize> {
        let left = usize::try_from(self.bytes.saturating_sub(at)).unwrap_or(usize::MAX).min(buffer.len());
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        // Not put back after an error: then the next read opens it anew.
        let mut reading = match open.take() {
            Some(reading) => reading,
            None => Reading { reader: Reader::open(self.source.clone())?, at: 0 },
        };
        if reading.at != self.at + at {
            reading.reader.seek(SeekFrom::Start(self.at + at)).map_err(unreadable)?;
        }
        let count = reading.reader.read(&mut buffer[..left]).map_err(unreadable)?;
        reading.at = self.at + at + count as u64;
        *open = Some(reading);
        Ok(count)
    }
}

/// An entry of a package that is deflated.
#[derive(Debug)]
struct Unpacked {
    source: Source,
    content: Content,
    state: Mutex<Option<Unpacking>>,
}

/// An entry that is being read.
struct Unpacking {
    reader: Box<dyn Read + Send>,
    at: u64,
}

impl std::fmt::Debug for Unpacking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unpacking").field("at", &self.at).finish_non_exhaustive()
    }
}

impl Unpacked {
    fn open(&self, at: u64) -> Result<Unpacking> {
        let mut reader = Reader::open(self.source.clone())?;
        reader.seek(SeekFrom::Start(self.content.at)).map_err(unreadable)?;
        let packed = reader.take(self.content.packed);
        // No more than was counted when it was checked, whatever the file has become.
        let mut unpacked = DeflateDecoder::new(packed).take(self.content.bytes);
        let at = io::copy(&mut (&mut unpacked).take(at), &mut io::sink()).map_err(unreadable)?;
        Ok(Unpacking { reader: Box::new(unpacked), at })
    }
}

impl Pieces for Unpacked {
    fn size(&self) -> u64 {
        self.content.bytes
    }

    fn read(&self, at: u64, buffer: &mut [u8]) -> Result<usize> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // Most read from the beginning to the end. Who goes back begins anew.
        let mut unpacking = match state.take() {
            Some(unpacking) if unpacking.at == at => unpacking,
            _ => self.open(at)?,
        };
        if unpacking.at < at {
            return Ok(0);
        }
        let count = unpacking.reader.read(buffer).map_err(unreadable)?;
        unpacking.at += count as u64;
        *state = Some(unpacking);
        Ok(count)
    }
}

impl Layout {
    /// Writes the file. Until it is complete and on the disk, it has another name; then it replaces what has the name. What
    /// fails or is called off leaves nothing. Each content's checksum is compared on the way.
    ///
    /// # Errors
    /// [`Error::Full`]; [`Error::Cancelled`]; a content that can't be read or has changed.
    pub async fn save(&self, assets: &Assets, path: &Path, ticket: Ticket) -> Result<()> {
        let part = part_of(path);
        let saved = self.save_as(assets, &part, path, ticket).await;
        if saved.is_err() {
            disk::remove(&part)?;
        }
        saved
    }

    async fn save_as(&self, assets: &Assets, part: &Path, path: &Path, ticket: Ticket) -> Result<()> {
        let (send, receive) = mpsc::channel(AHEAD);
        let writing = {
            let part = part.to_owned();
            tokio::task::spawn_blocking(move || write(&part, receive, &ticket))
        };
        let opened = self.open_all(assets, send).await;
        // Not before the writer has let go of the file.
        let written = writing.await.unwrap_or_else(|lost| Err(lost_thread(&lost)));
        opened?;
        let file = written?;
        let (part, path) = (part.to_owned(), path.to_owned());
        let finishing = tokio::task::spawn_blocking(move || {
            file.sync_all().map_err(|error| disk::failed(&part, &error))?;
            drop(file);
            fs::rename(&part, &path).map_err(|error| disk::failed(&path, &error))?;
            disk::sync_folder(folder_of(&path))
        });
        finishing.await.unwrap_or_else(|lost| Err(lost_thread(&lost)))
    }

    /// Sends all pieces to who writes them, until there are no more or that one has ended.
    async fn open_all(&self, assets: &Assets, send: mpsc::Sender<Piece>) -> Result<()> {
        let opened = self.pieces.iter().map(async |piece| -> Result<Piece> {
            Ok(match piece {
                Data::Bytes(bytes) => Piece::Bytes(bytes.clone()),
                // To ask another thread for a file takes as long as to copy a small one.
                Data::Asset(asset) => match assets.source_of(asset) {
                    Some(source) => Piece::Content(source, asset.clone()),
                    None => Piece::Content(assets.open_row(asset).await?, asset.clone()),
                },
            })
        });
        let mut opened = pin!(stream::iter(opened).buffered(AHEAD));
        while let Some(piece) = opened.next().await {
            if send.send(piece?).await.is_err() {
                break;
            }
        }
        Ok(())
    }
}

/// Some bytes of an archive, at hand.
enum Piece {
    Bytes(Vec<u8>),
    /// An asset's, and what they should be.
    Content(Source, Box<Asset>),
}

/// Writes pieces to a new file, as they come. That they are all, and that the disk has them, is for others to see to.
fn write(part: &Path, mut pieces: mpsc::Receiver<Piece>, ticket: &Ticket) -> Result<fs::File> {
    let failed = |error: io::Error| disk::failed(part, &error);
    let mut file = OpenOptions::new().write(true).create_new(true).open(part).map_err(failed)?;
    let (mut buffer, mut done) = (vec![0; BUFFER], 0);
    while let Some(piece) = pieces.blocking_recv() {
        if ticket.is_cancelled() {
            return Err(Error::Cancelled);
        }
        match piece {
            Piece::Bytes(bytes) => {
                file.write_all(&bytes).map_err(failed)?;
                done += bytes.len() as u64;
                ticket.advance(done);
            }
            Piece::Content(source, asset) => {
                let found = copy(source, &mut file, part, &mut buffer, &ticket.part(done))?;
                if found != (asset.crc32, asset.bytes) {
                    let what = asset.name.clone().unwrap_or_else(|| asset.id.to_string());
                    return Err(Error::Io { what, reason: "its content is damaged".into() });
                }
                done += asset.bytes;
            }
        }
    }
    Ok(file)
}

/// Does both, the first on a thread of its own.
pub(super) fn both<T: Send, U>(one: impl FnOnce() -> T + Send, other: impl FnOnce() -> U) -> (T, U) {
    thread::scope(|threads| {
        let one = threads.spawn(one);
        let other = other();
        (one.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked)), other)
    })
}

fn lost_thread(lost: &tokio::task::JoinError) -> Error {
    Error::Io { what: "a thread for files".into(), reason: lost.to_string() }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The name of a package that isn't complete: beside where it will be.
fn part_of(path: &Path) -> PathBuf {
    folder_of(path).join(format!(".{:016x}.part", random_bits()))
}

/// Copies a content, and says what its checksum and size are.
fn copy(source: Source, file: &mut fs::File, part: &Path, buffer: &mut [u8], ticket: &Ticket) -> Result<(u32, u64)> {
    let mut reader = Reader::open(source)?;
    let (mut crc32, mut total) = (crc32fast::Hasher::new(), 0);
    loop {
        if ticket.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let piece = reader.fill(buffer)?;
        if piece.is_empty() {
            return Ok((crc32.finalize(), total));
        }
        file.write_all(piece).map_err(|error| disk::failed(part, &error))?;
        crc32.update(piece);
        total += piece.len() as u64;
        ticket.advance(total);
    }
}
