//! The archive: whether it is exactly one, and what is in it. Nothing is unpacked here.
//!
//! Readers of ZIP archives differ in what they look at: the central directory, the headers before each file, or both. What
//! this lets through reads the same to all of them. Every byte from the first to the last belongs to exactly one entry or to
//! the directory, both headers of each entry agree, and every name is harmless.

use std::{
    collections::HashSet,
    io::{Read, Seek, SeekFrom},
};

use super::{
    Limits, PackageError, name,
    record::{
        self, CENTRAL, CENTRAL_BYTES, END, END_64, END_64_BYTES, END_BYTES, Fields, LOCAL, LOCAL_BYTES, MAX_16, MAX_32,
    },
};

/// How far from the end of a file the end record is looked for. Its comment is 64 KiB at most; beyond that only to say what is wrong.
const TAIL: u64 = 1 << 20;

/// How an entry is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Stored,
    Deflated,
}

/// An entry of the central directory.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub name: String,
    pub method: Method,
    pub flags: u16,
    pub crc32: u32,
    /// How many bytes it has in the archive.
    pub packed: u64,
    /// How many bytes it claims to have.
    pub bytes: u64,
    /// Where its own header is.
    pub header: u64,
    /// Where its data is.
    pub data: u64,
}

impl Entry {
    pub(super) fn is_folder(&self) -> bool {
        self.name.ends_with('/')
    }

    fn disagrees(&self, what: &str) -> PackageError {
        PackageError::HeaderDisagree { entry: self.name.clone(), what: what.into() }
    }
}

/// Where the central directory is.
struct Directory {
    at: u64,
    bytes: u64,
    entries: u64,
}

/// What an archive lists, before it is known to be what it says.
pub(super) struct Listed {
    pub entries: Vec<Entry>,
    /// How large the file is, in bytes.
    length: u64,
    /// Where the list begins.
    directory: u64,
}

impl Listed {
    /// Checks the whole archive but for the contents, and says where each begins.
    pub(super) fn check<R: Read + Seek>(mut self, input: &mut R, limits: &Limits) -> Result<Vec<Entry>, PackageError> {
        check_length(self.length, limits)?;
        check_sizes(&self.entries, limits)?;
        check_layout(input, &mut self.entries, self.directory)?;
        Ok(self.entries)
    }
}

/// Reads the directory, and checks what can be seen in it alone.
pub(super) fn list<R: Read + Seek>(input: &mut R, limits: &Limits) -> Result<Listed, PackageError> {
    let length = input.seek(SeekFrom::End(0)).map_err(|error| PackageError::io(&error))?;
    check_length(length, limits)?;
    let directory = find_directory(input, length)?;
    if directory.entries > limits.entries as u64 {
        return Err(PackageError::TooManyEntries { count: directory.entries, limit: limits.entries as u64 });
    }
    if directory.bytes > limits.directory_bytes {
        let fit = limits.directory_bytes / CENTRAL_BYTES as u64;
        return Err(PackageError::TooManyEntries { count: directory.entries, limit: fit });
    }
    let mut entries = Vec::new();
    let all = at(input, directory.at, directory.bytes)?;
    let mut fields = Fields(&all);
    for number in 0..directory.entries {
        entries.push(central(&mut fields, number, limits)?);
    }
    if !fields.0.is_empty() {
        return Err(not_exact("its directory is longer than what it lists"));
    }
    check_names(&entries)?;
    Ok(Listed { entries, length, directory: directory.at })
}

fn check_length(length: u64, limits: &Limits) -> Result<(), PackageError> {
    if length > limits.archive_bytes {
        return Err(PackageError::ArchiveTooLarge { bytes: length, limit: limits.archive_bytes });
    }
    Ok(())
}

/// Some bytes of the file.
fn at<R: Read + Seek>(input: &mut R, from: u64, count: u64) -> Result<Vec<u8>, PackageError> {
    let count = usize::try_from(count).map_err(|_| PackageError::Truncated)?;
    let mut bytes = vec![0; count];
    input
        .seek(SeekFrom::Start(from))
        .and_then(|_| input.read_exact(&mut bytes))
        .map_err(|error| PackageError::io(&error))?;
    Ok(bytes)
}

fn not_exact(what: &str) -> PackageError {
    PackageError::NotExact { what: what.into() }
}

/// Finds the end record, which must end the file, and from it the directory, which must end where that begins.
fn find_directory<R: Read + Seek>(input: &mut R, length: u64) -> Result<Directory, PackageError> {
    let tail_at = length.saturating_sub(TAIL);
    let tail = at(input, tail_at, length - tail_at)?;
    let ends: Vec<usize> = (0..(tail.len() + 1).saturating_sub(END_BYTES))
        .filter(|from| tail[*from..].starts_with(&END.to_le_bytes()))
        .collect();
    let comment_end =
        |from: usize| from + END_BYTES + usize::from(u16::from_le_bytes([tail[from + 20], tail[from + 21]]));
    let mut exact = ends.iter().copied().filter(|from| comment_end(*from) == tail.len());
    let Some(end) = exact.next() else {
        let begins_as_zip = length >= 4 && {
            let head = at(input, 0, 4)?;
            head == LOCAL.to_le_bytes() || head == END.to_le_bytes()
        };
        let has_end = ends.iter().any(|from| {
            let end = Fields(&tail[*from + 12..]).u32().zip(Fields(&tail[*from + 16..]).u32());
            comment_end(*from) < tail.len()
                && end.is_some_and(|(bytes, at)| u64::from(bytes) + u64::from(at) <= tail_at + *from as u64)
        });
        return Err(match (begins_as_zip, has_end) {
            (_, true) => not_exact("something follows its end"),
            (true, false) => PackageError::Truncated,
            (false, false) => PackageError::NotZip,
        });
    };
    if exact.next().is_some() {
        return Err(not_exact("it has two ends"));
    }
    let end_at = tail_at + end as u64;
    let mut directory = end_record(&tail[end..]).ok_or(PackageError::Truncated)??;
    let mut directory_end = end_at;
    if let Some((at_64, wide)) = end_record_64(input, end_at)? {
        directory_end = at_64;
        for (narrow, full, limit) in [
            (&mut directory.entries, wide.entries, MAX_16),
            (&mut directory.bytes, wide.bytes, MAX_32),
            (&mut directory.at, wide.at, MAX_32),
        ] {
            if *narrow != limit && *narrow != full {
                return Err(not_exact("its two end records contradict each other"));
            }
            *narrow = full;
        }
    }
    if directory.at.checked_add(directory.bytes) != Some(directory_end) {
        let before = directory_end.checked_sub(directory.bytes).and_then(|from| from.checked_sub(directory.at));
        return Err(match before {
            Some(_) => not_exact("something precedes it, or lies before its end"),
            None => PackageError::Truncated,
        });
    }
    Ok(directory)
}

/// The end record. None: it is too short. Err: it is of an archive in several files.
fn end_record(bytes: &[u8]) -> Option<Result<Directory, PackageError>> {
    let mut fields = Fields(bytes);
    fields.u32()?;
    let (disk, first_disk) = (fields.u16()?, fields.u16()?);
    let (here, entries) = (fields.u16()?, fields.u16()?);
    let (bytes, at) = (fields.u32()?, fields.u32()?);
    let is_one = |disk: u16| disk == 0 || u64::from(disk) == MAX_16;
    Some(if is_one(disk) && is_one(first_disk) && here == entries {
        Ok(Directory { at: at.into(), bytes: bytes.into(), entries: entries.into() })
    } else {
        Err(not_exact("it is one of several parts"))
    })
}

/// The end record with 64-bit numbers, and where it begins, if there is one.
fn end_record_64<R: Read + Seek>(input: &mut R, end: u64) -> Result<Option<(u64, Directory)>, PackageError> {
    let Some(locator_at) = end.checked_sub(record::LOCATOR_64_BYTES as u64) else { return Ok(None) };
    let locator = at(input, locator_at, record::LOCATOR_64_BYTES as u64)?;
    let mut fields = Fields(&locator);
    if fields.u32() != Some(record::LOCATOR_64) {
        return Ok(None);
    }
    let contradicts = || not_exact("its 64-bit end record is not where it should be");
    let (disk, record_at, disks) = (fields.u32(), fields.u64().ok_or_else(contradicts)?, fields.u32());
    if disk != Some(0) || disks.is_none_or(|disks| disks > 1) || record_at >= locator_at {
        return Err(contradicts());
    }
    if locator_at - record_at < END_64_BYTES as u64 || locator_at - record_at > END_64_BYTES as u64 + MAX_16 {
        return Err(contradicts());
    }
    let record = at(input, record_at, locator_at - record_at)?;
    let mut fields = Fields(&record);
    let mut parse = || {
        let (sign, size, _versions) = (fields.u32()?, fields.u64()?, fields.u32()?);
        let (disk, first_disk, here, entries) = (fields.u32()?, fields.u32()?, fields.u64()?, fields.u64()?);
        let (bytes, at) = (fields.u64()?, fields.u64()?);
        let fits = sign == END_64 && size.checked_add(12) == Some(locator_at - record_at);
        (fits && disk == 0 && first_disk == 0 && here == entries).then_some(Directory { at, bytes, entries })
    };
    parse().map(|directory| Some((record_at, directory))).ok_or_else(contradicts)
}

/// The next header of the central directory.
fn central(fields: &mut Fields<'_>, number: u64, limits: &Limits) -> Result<Entry, PackageError> {
    let broken = || not_exact(&format!("its directory is damaged at entry {}", number + 1));
    let mut head = Fields(fields.take(CENTRAL_BYTES).ok_or_else(broken)?);
    let mut parse = || {
        let (sign, _made_by, _needed) = (head.u32()?, head.u16()?, head.u16()?);
        let (flags, method, _time) = (head.u16()?, head.u16()?, head.u32()?);
        let (crc32, packed, bytes) = (head.u32()?, head.u32()?, head.u32()?);
        let (name, extra, comment) = (head.u16()?, head.u16()?, head.u16()?);
        let (disk, _internal, attributes, header) = (head.u16()?, head.u16()?, head.u32()?, head.u32()?);
        let name = fields.take(name.into())?;
        let extra = fields.take(extra.into())?;
        fields.take(comment.into())?;
        (sign == CENTRAL).then_some((flags, method, crc32, packed, bytes, disk, attributes, header, name, extra))
    };
    let (flags, method, crc32, packed, bytes, disk, attributes, header, raw_name, extra) =
        parse().ok_or_else(broken)?;
    let entry = String::from_utf8_lossy(raw_name).into_owned();
    if std::str::from_utf8(raw_name).is_err() {
        return Err(PackageError::UnsafeName { entry, why: "it is not UTF-8".into() });
    }
    name::check(&entry, limits)?;
    if flags & record::FLAG_ENCRYPTED != 0 {
        return Err(PackageError::Encrypted { entry });
    }
    let method = match method {
        0 if flags & record::FLAG_PATCH == 0 => Method::Stored,
        8 if flags & record::FLAG_PATCH == 0 => Method::Deflated,
        method => return Err(PackageError::UnsupportedMethod { entry, method }),
    };
    // The upper half is a Unix mode, whatever system wrote it: some readers do not ask. 4: a folder; 8: a file.
    if !matches!(attributes >> 28, 0 | 4 | 8) {
        return Err(PackageError::Symlink { entry });
    }
    let mut entry = Entry {
        name: entry,
        method,
        flags,
        crc32,
        packed: packed.into(),
        bytes: bytes.into(),
        header: header.into(),
        data: 0,
    };
    let wide = record::extra(extra, record::EXTRA_64).map_err(|()| entry.disagrees("its extra field is damaged"))?;
    let mut wide = Fields(wide.unwrap_or_default());
    for number in [&mut entry.bytes, &mut entry.packed, &mut entry.header] {
        if *number == MAX_32
            && let Some(full) = wide.u64()
        {
            *number = full;
        }
    }
    if disk != 0 && u64::from(disk) != MAX_16 {
        return Err(not_exact("it is one of several parts"));
    }
    check_other_name(&entry, extra)?;
    if entry.is_folder() && (entry.bytes > 0 || entry.packed > 2) {
        return Err(entry.disagrees("it is a folder and has a content"));
    }
    if entry.method == Method::Stored && entry.packed != entry.bytes {
        return Err(entry.disagrees("it is stored as it is and has two sizes"));
    }
    Ok(entry)
}

/// A second name must be the first.
fn check_other_name(entry: &Entry, extra: &[u8]) -> Result<(), PackageError> {
    let other = record::extra(extra, record::EXTRA_NAME).map_err(|()| entry.disagrees("its extra field is damaged"))?;
    if other.is_some_and(|other| other.get(5..) != Some(entry.name.as_bytes())) {
        return Err(entry.disagrees("it has two names"));
    }
    Ok(())
}

/// No two entries may become one file, and no file may be another's folder.
fn check_names(entries: &[Entry]) -> Result<(), PackageError> {
    let duplicate = |entry: &Entry| PackageError::DuplicateEntry { entry: entry.name.clone() };
    let (mut all, mut files) = (HashSet::new(), HashSet::new());
    for entry in entries {
        let name = name::folded(&entry.name);
        if !entry.is_folder() {
            files.insert(name.clone());
        }
        if !all.insert(name) {
            return Err(duplicate(entry));
        }
    }
    for entry in entries {
        let name = name::folded(&entry.name);
        if name.match_indices('/').any(|(at, _)| files.contains(&name[..at])) {
            return Err(duplicate(entry));
        }
    }
    Ok(())
}

/// What entries claim to unpack to must be reasonable. Whether they tell the truth is seen when they are unpacked.
fn check_sizes(entries: &[Entry], limits: &Limits) -> Result<(), PackageError> {
    let mut total = 0_u64;
    for entry in entries {
        if entry.bytes > limits.expansion_free && entry.bytes / limits.expansion > entry.packed {
            return Err(PackageError::Bomb { entry: entry.name.clone(), packed: entry.packed, bytes: entry.bytes });
        }
        if entry.bytes > limits.asset_bytes {
            let (entry, bytes) = (entry.name.clone(), entry.bytes);
            return Err(PackageError::AssetTooLarge { entry, bytes, limit: limits.asset_bytes });
        }
        total = total.saturating_add(entry.bytes);
    }
    if total > limits.total_bytes {
        return Err(PackageError::TooLarge { bytes: total, limit: limits.total_bytes });
    }
    Ok(())
}

/// From the first byte to the directory there is one entry after the other, and each is what the directory says.
fn check_layout<R: Read + Seek>(input: &mut R, entries: &mut [Entry], end: u64) -> Result<(), PackageError> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|at| entries[*at].header);
    let overlap = |entry: &Entry| PackageError::Overlap { entry: entry.name.clone() };
    // Before anything of an entry is looked at, since what overlaps may well agree with itself.
    let least = |entry: &Entry| (LOCAL_BYTES + entry.name.len()) as u64 + entry.packed;
    for pair in order.windows(2) {
        let (one, next) = (&entries[pair[0]], &entries[pair[1]]);
        if one.header.saturating_add(least(one)) > next.header {
            return Err(overlap(next));
        }
    }
    let mut from = 0;
    for number in order {
        let entry = &mut entries[number];
        match entry.header.cmp(&from) {
            std::cmp::Ordering::Less => return Err(overlap(entry)),
            std::cmp::Ordering::Greater => return Err(not_exact("it has bytes that belong to none of its entries")),
            std::cmp::Ordering::Equal => {}
        }
        from = check_local(input, entry, end)?;
    }
    if from == end { Ok(()) } else { Err(not_exact("it has bytes that belong to none of its entries")) }
}

/// Compares an entry's own header with the directory's. Says where the entry ends.
fn check_local<R: Read + Seek>(input: &mut R, entry: &mut Entry, end: u64) -> Result<u64, PackageError> {
    let beyond = |entry: &Entry| entry.disagrees("it reaches into the directory");
    if entry.header.saturating_add(LOCAL_BYTES as u64) > end {
        return Err(beyond(entry));
    }
    let head = at(input, entry.header, LOCAL_BYTES as u64)?;
    let mut head = Fields(&head);
    let mut parse = || {
        let (sign, _needed, flags, method, _time) = (head.u32()?, head.u16()?, head.u16()?, head.u16()?, head.u32()?);
        let (crc32, packed, bytes) = (head.u32()?, head.u32()?, head.u32()?);
        (sign == LOCAL).then_some((flags, method, crc32, packed, bytes, head.u16()?, head.u16()?))
    };
    let Some((flags, method, crc32, packed, bytes, name, extra)) = parse() else {
        return Err(entry.disagrees("its own header is not where it should be"));
    };
    entry.data = entry.header + (LOCAL_BYTES + usize::from(name) + usize::from(extra)) as u64;
    let data_end = entry.data.checked_add(entry.packed).filter(|data_end| *data_end <= end);
    let Some(data_end) = data_end else { return Err(beyond(entry)) };
    let rest = at(input, entry.header + LOCAL_BYTES as u64, u64::from(name) + u64::from(extra))?;
    let (name, extra) = rest.split_at(name.into());
    if name != entry.name.as_bytes() {
        return Err(entry.disagrees("its own header has another name"));
    }
    check_other_name(entry, extra)?;
    let expected = match entry.method {
        Method::Stored => 0,
        Method::Deflated => 8,
    };
    let relevant = record::FLAG_ENCRYPTED | record::FLAG_DESCRIPTOR | record::FLAG_PATCH | record::FLAG_UTF8;
    if method != expected || (flags ^ entry.flags) & relevant != 0 {
        return Err(entry.disagrees("its own header says that it is packed in another way"));
    }
    let wide = record::extra(extra, record::EXTRA_64).map_err(|()| entry.disagrees("its extra field is damaged"))?;
    let has_wide = wide.is_some();
    let mut wide = Fields(wide.unwrap_or_default());
    let (mut packed, mut bytes) = (u64::from(packed), u64::from(bytes));
    for number in [&mut bytes, &mut packed] {
        if *number == MAX_32
            && let Some(full) = wide.u64()
        {
            *number = full;
        }
    }
    let same = (crc32, packed, bytes) == (entry.crc32, entry.packed, entry.bytes);
    let follows = entry.flags & record::FLAG_DESCRIPTOR != 0;
    let is_blank = |value: u64, real: u64| value == 0 || value == real || value == MAX_32;
    let blank =
        is_blank(crc32.into(), entry.crc32.into()) && is_blank(packed, entry.packed) && is_blank(bytes, entry.bytes);
    if !(same || follows && blank) {
        return Err(entry.disagrees("its own header has another size or checksum"));
    }
    if follows { descriptor(input, entry, data_end, end, has_wide) } else { Ok(data_end) }
}

/// What follows the data of an entry whose header was written before its size was known. Says where it ends.
fn descriptor<R: Read + Seek>(
    input: &mut R,
    entry: &Entry,
    from: u64,
    end: u64,
    has_wide: bool,
) -> Result<u64, PackageError> {
    let bytes = at(input, from, (end - from).min(24))?;
    // With or without a signature, with 64 bits or 32. Writers differ, and nothing in the archive says which it is; but the
    // entries on both sides leave room for one only.
    let read = |signed: bool, wide: bool| {
        let mut fields = Fields(&bytes);
        if signed && fields.u32()? != record::DESCRIPTOR {
            return None;
        }
        let crc32 = fields.u32()?;
        let mut size = || if wide { fields.u64() } else { fields.u32().map(u64::from) };
        let (packed, size) = (size()?, size()?);
        let length = if signed { 4 } else { 0 } + if wide { 20 } else { 12 };
        ((crc32, packed, size) == (entry.crc32, entry.packed, entry.bytes)).then_some(from + length)
    };
    let forms = if has_wide { [true, false] } else { [false, true] };
    let found = forms
        .into_iter()
        .find_map(|wide| read(true, wide))
        .or_else(|| forms.into_iter().find_map(|wide| read(false, wide)));
    found.ok_or_else(|| entry.disagrees("what follows its data has another size or checksum"))
}
