//! Archives that need 64-bit numbers, as they are written: read by two others, and no bit wider than they have to be.

use std::{
    fs::File,
    io::{BufWriter, Read, Seek, SeekFrom, Write},
    path::Path,
    process::Command,
};

use zip::ZipArchive;

use crate::{
    blobs::Sha256,
    model::{Asset, AssetId, AssetPlace, Object},
    package::{
        Layout, Limits, archive,
        manifest::hash_of,
        record::{CENTRAL_BYTES, END_64_BYTES, END_BYTES, LOCAL_BYTES, LOCATOR_64_BYTES, MAX_32},
        write::{Archive, Data},
    },
};

/// What can be looked at in an archive whatever its size.
const CONTENT: &[u8] = b"after";

/// A content of so many zeros. Its checksum is nobody's business: it is never read to its end.
pub fn zeros(bytes: u64) -> Asset {
    Asset { bytes, ..asset(&[]) }
}

/// A small content.
fn asset(content: &[u8]) -> Asset {
    Asset {
        id: AssetId::from_uuid(uuid::Uuid::nil()),
        hash: hash_of(&Sha256::of(content)),
        crc32: crc32fast::hash(content),
        mime: "application/octet-stream".to_owned(),
        bytes: content.len() as u64,
        place: AssetPlace::Embedded,
        name: None,
        width: None,
        height: None,
        duration: None,
        thumbnail: None,
        created_at: 0,
        extra: Object::default(),
    }
}

/// An archive of such contents, named by their numbers.
pub fn layout(assets: impl IntoIterator<Item = Asset>) -> Layout {
    let mut archive = Archive::default();
    for (number, asset) in assets.into_iter().enumerate() {
        archive.store(&number.to_string(), asset);
    }
    archive.finish()
}

/// Writes an archive in which contents of zeros are holes: those take no room on the disk.
pub fn save(layout: &Layout, path: &Path) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    for piece in &layout.pieces {
        match piece {
            Data::Bytes(bytes) => file.write_all(bytes).unwrap(),
            Data::Asset(asset) if asset.crc32 == crc32fast::hash(CONTENT) => file.write_all(CONTENT).unwrap(),
            Data::Asset(asset) => drop(file.seek(SeekFrom::Current(asset.bytes.try_into().unwrap())).unwrap()),
        }
    }
    assert_eq!(file.stream_position().unwrap(), layout.bytes);
}

/// What a reader sees of an entry: its name, its size, and where its header is.
type Seen = (String, u64, u64);

/// Python's reader.
const LIST_WITH_PYTHON: &str = r"
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.read(archive.infolist()[-1]) == b'after'
    print(json.dumps([(entry.filename, entry.file_size, entry.header_offset) for entry in archive.infolist()]))
";

fn seen_by_python(path: &Path) -> Vec<Seen> {
    let listed = Command::new("python3").args(["-c", LIST_WITH_PYTHON]).arg(path).output();
    let listed = listed.expect("python3 can be started; Debian's package is python3");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    serde_json::from_slice(&listed.stdout).unwrap()
}

fn seen_by_zip(path: &Path) -> Vec<Seen> {
    let mut archive = ZipArchive::new(File::open(path).unwrap()).unwrap();
    let mut content = Vec::new();
    archive.by_index(archive.len() - 1).unwrap().read_to_end(&mut content).unwrap();
    assert_eq!(content, CONTENT);
    let seen = (0..archive.len()).map(|at| {
        let entry = archive.by_index_raw(at).unwrap();
        (String::from_utf8(entry.name_raw().to_vec()).unwrap(), entry.size(), entry.header_start())
    });
    seen.collect()
}

fn seen_by_us(path: &Path) -> Vec<Seen> {
    let mut file = File::open(path).unwrap();
    let entries = archive::list(&mut file, &Limits::DEFAULT).unwrap().check(&mut file, &Limits::DEFAULT).unwrap();
    let last = entries.last().unwrap();
    let mut content = [0; CONTENT.len()];
    file.seek(SeekFrom::Start(last.data)).unwrap();
    file.read_exact(&mut content).unwrap();
    assert_eq!(content, CONTENT);
    entries.into_iter().map(|entry| (entry.name, entry.bytes, entry.header)).collect()
}

/// Writes an archive of so many zeros each and a content behind them. Gives how many bytes it has beyond what it would have if
/// every number fitted.
fn wider(zeroes: &[u64]) -> u64 {
    let layout = layout(zeroes.iter().copied().map(zeros).chain([asset(CONTENT)]));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.zip");
    save(&layout, &path);
    let seen = seen_by_us(&path);
    assert_eq!(seen_by_zip(&path), seen);
    assert_eq!(seen_by_python(&path), seen);
    let sizes: Vec<_> = seen.iter().map(|(_, size, _)| *size).collect();
    assert_eq!(sizes, [zeroes, &[CONTENT.len() as u64]].concat());
    let names: usize = seen.iter().map(|(name, ..)| name.len() * 2 + LOCAL_BYTES + CENTRAL_BYTES).sum();
    layout.bytes - sizes.iter().sum::<u64>() - (names + END_BYTES) as u64
}

/// The end with 64-bit numbers.
const END: u64 = (END_64_BYTES + LOCATOR_64_BYTES) as u64;

/// An extra field with so many 64-bit numbers.
const fn extra(numbers: u64) -> u64 {
    4 + numbers * 8
}

#[test]
fn numbers_are_64_bits_wide_where_they_have_to_be_and_nowhere_else() {
    let header = LOCAL_BYTES as u64 + 1;
    // Where the directory begins; where the second entry begins; how large the first one is.
    let directory = MAX_32 - 2 * header - CONTENT.len() as u64;
    assert_eq!(wider(&[directory - 1]), 0);
    assert_eq!(wider(&[directory]), END);
    assert_eq!(wider(&[MAX_32 - header - 1]), END);
    assert_eq!(wider(&[MAX_32 - header]), END + extra(1));
    assert_eq!(wider(&[MAX_32 - 1]), END + extra(1));
    assert_eq!(wider(&[MAX_32]), END + extra(1) + 2 * extra(2));
    assert_eq!(wider(&[MAX_32 + 1]), END + extra(1) + 2 * extra(2));
    // Of the second one both are.
    assert_eq!(wider(&[5 << 32, 6 << 32]), END + extra(1) + 2 * extra(2) + extra(2) + extra(3));
}

#[test]
fn more_entries_than_16_bits_count_are_counted() {
    // One content follows these.
    assert_eq!(wider(&vec![0; 65_533]), 0);
    assert_eq!(wider(&vec![0; 65_534]), END);
}
