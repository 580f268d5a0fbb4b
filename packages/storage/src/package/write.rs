//! Writes an archive of which the sizes and checksums are known beforehand: so nothing of it is written twice, and its size is
//! known before its first byte. Times are fixed, so that the same content is the same file.

use crc32fast::Hasher;
use miniz_oxide::deflate::compress_to_vec;

use super::record::{CENTRAL, END, END_64, END_64_BYTES, EXTRA_64, FLAG_UTF8, LOCAL, LOCATOR_64, MAX_16, MAX_32};
use crate::{blobs::Where, model::Asset};

/// The first of January 1980, midnight: the earliest time that the format knows.
const DATE: u16 = 1 << 5 | 1;
/// Needs version 2.0: deflated entries. With 64-bit sizes 4.5.
const VERSION: u16 = 20;
const VERSION_64: u16 = 45;
/// Made on Unix, so that the mode below means something.
const MADE_BY: u16 = 3 << 8;
/// A plain file that its owner writes and everybody reads.
const ATTRIBUTES: u32 = 0o100_644 << 16;
/// How hard JSON is pressed: more takes longer and gains little.
const LEVEL: u8 = 6;

/// A whole archive: every byte of it but those of assets, which stay where they are until it is written.
#[derive(Clone, Debug)]
pub struct Layout {
    pub(super) pieces: Vec<Data>,
    /// How large the file will be, in bytes.
    pub bytes: u64,
}

/// Some bytes of the archive.
#[derive(Clone, Debug)]
pub(super) enum Data {
    /// These.
    Bytes(Vec<u8>),
    /// An asset's.
    Asset(Box<Asset>),
}

impl Layout {
    /// The checksum of the file, from those of its pieces: no asset is read for it.
    fn crc32(&self) -> u32 {
        let mut whole = Hasher::new();
        for piece in &self.pieces {
            let (crc32, bytes) = match piece {
                Data::Bytes(bytes) => (crc32fast::hash(bytes), bytes.len() as u64),
                Data::Asset(asset) => (asset.crc32, asset.bytes),
            };
            whole.combine(&Hasher::new_with_initial_len(crc32, bytes));
        }
        whole.finalize()
    }

    /// Whether any of its contents is at such a place now.
    pub fn has_any_in(&self, place: Where) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Data::Asset(asset) if Where::of(&asset.place) == place))
    }

    /// The whole file in memory, with contents from elsewhere: for tests.
    pub fn to_bytes(&self, content: impl Fn(&Asset) -> Vec<u8>) -> Vec<u8> {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Data::Bytes(bytes) => bytes.clone(),
            Data::Asset(asset) => content(asset),
        });
        pieces.collect::<Vec<_>>().concat()
    }
}

/// An archive that is being put together, entry by entry.
#[derive(Default)]
pub(super) struct Archive {
    pieces: Vec<Data>,
    /// How many bytes they have.
    at: u64,
    directory: Vec<u8>,
    entries: u64,
}

/// What both headers of an entry say.
struct Header<'a> {
    name: &'a str,
    method: u16,
    crc32: u32,
    packed: u64,
    bytes: u64,
}

impl Archive {
    /// Adds an entry that is deflated.
    pub(super) fn deflate(&mut self, name: &str, content: &[u8]) {
        let packed = compress_to_vec(content, LEVEL);
        let crc32 = crc32fast::hash(content);
        let header = Header { name, method: 8, crc32, packed: packed.len() as u64, bytes: content.len() as u64 };
        self.add(&header, [Data::Bytes(packed)]);
    }

    /// Adds an asset as it is.
    pub(super) fn store(&mut self, name: &str, asset: Asset) {
        let header = Header { name, method: 0, crc32: asset.crc32, packed: asset.bytes, bytes: asset.bytes };
        self.add(&header, [Data::Asset(Box::new(asset))]);
    }

    /// Adds another archive as it is.
    pub(super) fn nest(&mut self, name: &str, inner: Layout) {
        let header = Header { name, method: 0, crc32: inner.crc32(), packed: inner.bytes, bytes: inner.bytes };
        self.add(&header, inner.pieces);
    }

    fn add(&mut self, header: &Header<'_>, data: impl IntoIterator<Item = Data>) {
        let is_wide = header.bytes >= MAX_32 || header.packed >= MAX_32;
        let extra = if is_wide { wide(&[header.bytes, header.packed]) } else { Vec::new() };
        let mut local = Vec::new();
        put_32(&mut local, LOCAL);
        header.common(&mut local, is_wide, extra.len());
        local.extend_from_slice(header.name.as_bytes());
        local.extend_from_slice(&extra);

        let mut far = Vec::new();
        if is_wide {
            far.extend([header.bytes, header.packed]);
        }
        if self.at >= MAX_32 {
            far.push(self.at);
        }
        let extra = if far.is_empty() { Vec::new() } else { wide(&far) };
        let directory = &mut self.directory;
        put_32(directory, CENTRAL);
        put_16(directory, MADE_BY | if far.is_empty() { VERSION } else { VERSION_64 });
        header.common(directory, !far.is_empty(), extra.len());
        // No comment; the first and only disk; binary.
        for _ in 0..3 {
            put_16(directory, 0);
        }
        put_32(directory, ATTRIBUTES);
        put_32(directory, narrow(self.at));
        directory.extend_from_slice(header.name.as_bytes());
        directory.extend_from_slice(&extra);

        self.entries += 1;
        self.at += local.len() as u64 + header.packed;
        self.pieces.push(Data::Bytes(local));
        self.pieces.extend(data);
    }

    /// The whole archive.
    pub(super) fn finish(mut self) -> Layout {
        let (from, mut end) = (self.at, self.directory);
        let length = end.len() as u64;
        if self.entries >= MAX_16 || from >= MAX_32 || length >= MAX_32 {
            put_32(&mut end, END_64);
            put_64(&mut end, END_64_BYTES as u64 - 12);
            put_16(&mut end, MADE_BY | VERSION_64);
            put_16(&mut end, VERSION_64);
            put_32(&mut end, 0);
            put_32(&mut end, 0);
            for number in [self.entries, self.entries, length, from] {
                put_64(&mut end, number);
            }
            put_32(&mut end, LOCATOR_64);
            put_32(&mut end, 0);
            put_64(&mut end, from + length);
            put_32(&mut end, 1);
        }
        put_32(&mut end, END);
        put_32(&mut end, 0);
        let entries = u16::try_from(self.entries).unwrap_or(u16::MAX);
        put_16(&mut end, entries);
        put_16(&mut end, entries);
        put_32(&mut end, narrow(length));
        put_32(&mut end, narrow(from));
        put_16(&mut end, 0);
        self.at += end.len() as u64;
        self.pieces.push(Data::Bytes(end));
        Layout { pieces: self.pieces, bytes: self.at }
    }
}

impl Header<'_> {
    /// From the version that is needed to the length of the extra field.
    fn common(&self, to: &mut Vec<u8>, is_wide: bool, extra: usize) {
        put_16(to, if is_wide { VERSION_64 } else { VERSION });
        put_16(to, FLAG_UTF8);
        put_16(to, self.method);
        put_16(to, 0);
        put_16(to, DATE);
        put_32(to, self.crc32);
        let both = self.bytes >= MAX_32 || self.packed >= MAX_32;
        put_32(to, if both { u32::MAX } else { narrow(self.packed) });
        put_32(to, if both { u32::MAX } else { narrow(self.bytes) });
        // Names are made here and have at most 255 bytes; the extra field has at most three numbers.
        put_16(to, u16::try_from(self.name.len()).unwrap_or(u16::MAX));
        put_16(to, u16::try_from(extra).unwrap_or(u16::MAX));
    }
}

/// The extra field with 64-bit numbers.
fn wide(numbers: &[u64]) -> Vec<u8> {
    let mut extra = Vec::new();
    put_16(&mut extra, EXTRA_64);
    put_16(&mut extra, u16::try_from(numbers.len() * 8).unwrap_or(u16::MAX));
    for number in numbers {
        put_64(&mut extra, *number);
    }
    extra
}

/// A number in 32 bits, or the sign that it is elsewhere.
fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn put_16(to: &mut Vec<u8>, number: u16) {
    to.extend_from_slice(&number.to_le_bytes());
}

fn put_32(to: &mut Vec<u8>, number: u32) {
    to.extend_from_slice(&number.to_le_bytes());
}

fn put_64(to: &mut Vec<u8>, number: u64) {
    to.extend_from_slice(&number.to_le_bytes());
}
