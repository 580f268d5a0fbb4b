//! Reading here and there in something large, with a window of it in memory.

use std::io::{self, Read, Seek, SeekFrom};

/// Bytes that can be read from anywhere.
pub(super) trait ReadAt {
    /// How many there are.
    fn size(&self) -> u64;

    /// Reads what begins at `at` into the buffer, as much as is at hand, and says how much that was: nothing only at the end.
    fn read_at(&mut self, at: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

/// How much is in memory, in bytes.
const WINDOW: usize = 256 << 10;

/// Reads through a window that stays where it is for as long as it can: an archive's headers are small and close together.
pub(super) struct Window<T> {
    inner: T,
    at: u64,
    loaded: Vec<u8>,
    from: u64,
}

impl<T: ReadAt> Window<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, at: 0, loaded: Vec::new(), from: 0 }
    }
}

impl<T: ReadAt> Read for Window<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let inside = |at: u64, from: u64, length: usize| at.checked_sub(from).filter(|skip| *skip < length as u64);
        if inside(self.at, self.from, self.loaded.len()).is_none() {
            if buffer.len() >= WINDOW {
                let count = self.inner.read_at(self.at, buffer)?;
                self.at += count as u64;
                return Ok(count);
            }
            self.loaded.resize(WINDOW, 0);
            let count = self.inner.read_at(self.at, &mut self.loaded);
            self.loaded.truncate(*count.as_ref().unwrap_or(&0));
            count?;
            self.from = self.at;
        }
        let Some(skip) = inside(self.at, self.from, self.loaded.len()) else { return Ok(0) };
        #[expect(clippy::cast_possible_truncation, reason = "inside the window")]
        let here = &self.loaded[skip as usize..];
        let count = here.len().min(buffer.len());
        buffer[..count].copy_from_slice(&here[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl<T: ReadAt> Seek for Window<T> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(target) => Some(target),
            SeekFrom::End(offset) => self.inner.size().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
        };
        self.at = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
