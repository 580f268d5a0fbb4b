//! Reading here and there in something large, with a window of it in memory.

use std::{
    collections::BTreeMap,
    io::{self, Read, Seek, SeekFrom},
};

/// Bytes that can be read from anywhere.
pub(super) trait ReadAt {
    /// How many there are.
    fn size(&self) -> u64;

    /// Reads what begins at `at` into the buffer, as much as is at hand, and says how much that was: nothing only at the end.
    fn read_at(&mut self, at: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

/// How much is in memory, in bytes.
const WINDOW: usize = 256 << 10;
/// How much is remembered of what a window began with, in bytes, and of how many windows.
const BEGINNING: usize = 256;
const BEGINNINGS: usize = 1024;

/// Reads through a window that stays where it is for as long as it can: an archive's headers are small and close together. Where they
/// are not, each of them is at the beginning of a window and remembered, since an archive is read twice and a browser asked for each.
pub(super) struct Window<T> {
    inner: T,
    at: u64,
    loaded: Vec<u8>,
    from: u64,
    beginnings: BTreeMap<u64, Vec<u8>>,
}

impl<T: ReadAt> Window<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, at: 0, loaded: Vec::new(), from: 0, beginnings: BTreeMap::new() }
    }

    /// What comes next, as far as it is in memory.
    fn here(&self) -> Option<&[u8]> {
        let beginning = self.beginnings.range(..=self.at).next_back().map(|(from, bytes)| (*from, bytes));
        let mut pieces = [(self.from, &self.loaded)].into_iter().chain(beginning);
        pieces.find_map(|(from, bytes)| {
            let skip = usize::try_from(self.at.checked_sub(from)?).ok()?;
            bytes.get(skip..).filter(|rest| !rest.is_empty())
        })
    }

    fn load(&mut self) -> io::Result<()> {
        self.loaded.resize(WINDOW, 0);
        let count = self.inner.read_at(self.at, &mut self.loaded);
        self.loaded.truncate(*count.as_ref().unwrap_or(&0));
        count?;
        self.from = self.at;
        if self.beginnings.len() < BEGINNINGS {
            let beginning = &self.loaded[..self.loaded.len().min(BEGINNING)];
            self.beginnings.insert(self.from, beginning.to_vec());
        }
        Ok(())
    }
}

impl<T: ReadAt> Read for Window<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.here().is_none() {
            if buffer.len() >= WINDOW {
                let count = self.inner.read_at(self.at, buffer)?;
                self.at += count as u64;
                return Ok(count);
            }
            self.load()?;
        }
        let Some(here) = self.here() else { return Ok(0) };
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

#[cfg(test)]
mod tests {
    use super::*;

    /// So many bytes, each of which says where it is, and how often it was asked for some.
    struct Counting(u64, usize);

    impl ReadAt for Counting {
        fn size(&self) -> u64 {
            self.0
        }

        fn read_at(&mut self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 += 1;
            let count = buffer.len().min(usize::try_from(self.0.saturating_sub(at)).unwrap());
            for (byte, at) in buffer[..count].iter_mut().zip(at..) {
                *byte = at.to_le_bytes()[0] ^ at.to_le_bytes()[2];
            }
            Ok(count)
        }
    }

    fn read(window: &mut Window<Counting>, at: u64, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        window.seek(SeekFrom::Start(at)).unwrap();
        window.read_exact(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn headers_that_are_far_apart_are_asked_for_once() {
        let mut window = Window::new(Counting(100 << 20, 0));
        let headers: Vec<u64> = (0..20).map(|number| number * (4 << 20) + number).collect();
        let first: Vec<_> =
            headers.iter().map(|at| [read(&mut window, *at, 30), read(&mut window, at + 30, 70)]).collect();
        let again: Vec<_> =
            headers.iter().map(|at| [read(&mut window, *at, 30), read(&mut window, at + 30, 70)]).collect();
        assert_eq!(first, again);
        assert_eq!(window.inner.1, 20);
    }

    #[test]
    fn what_is_remembered_and_what_is_not_are_read_as_one() {
        let mut window = Window::new(Counting(1 << 20, 0));
        let (mut whole, mut pieces) = (vec![0; 1 << 20], Vec::new());
        Counting(1 << 20, 0).read_at(0, &mut whole).unwrap();
        for at in [300_000, 700_000, 0] {
            read(&mut window, at, 10);
        }
        window.seek(SeekFrom::Start(0)).unwrap();
        while pieces.len() < whole.len() {
            let mut piece = [0; 1000];
            let count = window.read(&mut piece).unwrap();
            pieces.extend_from_slice(&piece[..count]);
        }
        assert!(pieces == whole);
        assert_eq!(window.read(&mut [0; 10]).unwrap(), 0, "that was the end");
    }
}
