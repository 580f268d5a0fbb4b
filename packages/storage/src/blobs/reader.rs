//! Reads any source piece by piece, on a thread that may wait.

use std::{
    fs::File,
    io::{self, Cursor, Read, Seek, SeekFrom},
    path::PathBuf,
    sync::{Arc, mpsc},
    thread,
};

use super::{Known, Pieces, Source, Ticket, digest::Digest, disk};
use crate::{Error, Result};

/// How much is read and written at once, in bytes.
pub(super) const BUFFER: usize = 512 * 1024;

/// A source that is being read.
pub(crate) enum Reader {
    Memory(Cursor<Arc<[u8]>>),
    File(File, PathBuf),
    Pieces { pieces: Arc<dyn Pieces>, at: u64 },
}

impl Reader {
    pub(crate) fn open(source: Source) -> Result<Self> {
        Ok(match source {
            Source::Bytes(bytes) => Self::Memory(Cursor::new(bytes)),
            Source::File(path) => Self::File(disk::open(&path)?, path),
            Source::Pieces(pieces) => Self::Pieces { pieces, at: 0 },
            Source::Known(source, _) => return Self::open(*source),
        })
    }

    /// Fills `buffer` as far as the source goes, and gives what was read: nothing at the end.
    pub(crate) fn fill<'a>(&mut self, buffer: &'a mut [u8]) -> Result<&'a [u8]> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
        Ok(&buffer[..filled])
    }

    fn failed(&self, error: io::Error) -> Error {
        match (self, error.downcast::<Error>()) {
            (_, Ok(ours)) => ours,
            (Self::File(_, path), Err(error)) => disk::failed(path, &error),
            (_, Err(error)) => Error::Io { what: "the content".into(), reason: error.to_string() },
        }
    }

    /// Hands the whole content to `take`, so many bytes at a time, while it is hashed and the ticket told. What is longer is
    /// hashed on a thread of its own: that takes about as long as the disk does. What is known is not hashed again.
    pub(crate) fn stream(
        mut self,
        length: usize,
        ticket: &Ticket,
        known: Option<Known>,
        mut take: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<Digest> {
        if let Some(Known { bytes, .. }) = &known {
            // One more, to see that it ends there.
            let mut buffer =
                vec![0; usize::try_from(*bytes).map_or(length, |bytes| length.min(bytes.saturating_add(1)))];
            let mut digest = Digest::of(known);
            loop {
                let count = self.next(&mut buffer, ticket, digest.bytes(), &mut take)?;
                if count == 0 {
                    return Ok(digest);
                }
                digest.update(&buffer[..count]);
            }
        }
        let mut buffer = vec![0; length];
        let count = self.next(&mut buffer, ticket, 0, &mut take)?;
        if count < length {
            let mut digest = Digest::default();
            digest.update(&buffer[..count]);
            return Ok(digest);
        }
        // Two may wait, one is hashed, one is filled: there never are more.
        let (full, pieces) = mpsc::sync_channel::<(Vec<u8>, usize)>(2);
        let (done, hashed) = mpsc::channel();
        let failed = |reason: String| Error::Io { what: "a thread for checksums".into(), reason };
        thread::scope(|scope| {
            let hashing = thread::Builder::new().name("atelier-hash".into()).spawn_scoped(scope, move || {
                let mut digest = Digest::default();
                for (buffer, count) in pieces {
                    digest.update(&buffer[..count]);
                    let _enough_buffers = done.send(buffer);
                }
                digest
            });
            let hashing = hashing.map_err(|error| failed(error.to_string()))?;
            let (mut count, mut total) = (count, 0);
            while count > 0 {
                total += count as u64;
                full.send((buffer, count)).map_err(|error| failed(error.to_string()))?;
                buffer = hashed.try_recv().unwrap_or_else(|_| vec![0; length]);
                count = self.next(&mut buffer, ticket, total, &mut take)?;
            }
            drop(full);
            hashing.join().map_err(|_| failed("it has ended".into()))
        })
    }

    /// Reads the next piece, hands it on, and says how long it is: nothing at the end.
    fn next(
        &mut self,
        buffer: &mut [u8],
        ticket: &Ticket,
        before: u64,
        take: &mut impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<usize> {
        if ticket.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let piece = self.fill(buffer)?;
        if !piece.is_empty() {
            take(piece)?;
            ticket.advance(before + piece.len() as u64);
        }
        Ok(piece.len())
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(bytes) => bytes.read(buffer),
            Self::File(file, _) => file.read(buffer),
            Self::Pieces { pieces, at } => {
                let count = pieces.read(*at, buffer).map_err(io::Error::other)?;
                *at += count as u64;
                Ok(count)
            }
        }
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Memory(bytes) => bytes.seek(to),
            Self::File(file, _) => file.seek(to),
            Self::Pieces { pieces, at } => {
                let target = match to {
                    SeekFrom::Start(target) => Some(target),
                    SeekFrom::End(offset) => pieces.size().checked_add_signed(offset),
                    SeekFrom::Current(offset) => at.checked_add_signed(offset),
                };
                *at = target.ok_or(io::ErrorKind::InvalidInput)?;
                Ok(*at)
            }
        }
    }
}
