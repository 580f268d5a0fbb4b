//! The archive around a package.

use std::{
    cell::Cell,
    io::{self, Cursor, Read, Seek, SeekFrom},
};

use futures::FutureExt as _;
use serde_json::json;

use super::{
    CONTENT, FILE, Fixture, code, looked_at, verdict,
    zip::{Entry, archive, archive_with, extra},
};
use crate::{
    blobs::Ticket,
    package::{
        Limits, PackageError, check,
        check::{BUFFER, Hashed, Host, check_on},
    },
};

fn with(extra: Entry) -> String {
    let mut entries = Fixture::new().entries();
    entries.push(extra);
    verdict(archive(&entries))
}

/// The asset's entry changed.
fn changed(change: impl Fn(&mut Entry)) -> String {
    let mut entries = Fixture::new().entries();
    change(&mut entries[2]);
    verdict(archive(&entries))
}

#[test]
fn what_archives_may_be_is_read() {
    assert_eq!(verdict(archive(&Fixture::new().entries())), "valid");
    assert_eq!(verdict(archive_with(&Fixture::new().entries(), b"a comment", &|_, _| {})), "valid");
    assert_eq!(changed(|entry| entry.follows = true), "valid");
    assert_eq!(changed(|entry| *entry = Entry { follows: true, ..Entry::deflated(FILE, CONTENT) }), "valid");
    let sizes = extra(1, &[CONTENT.len() as u64, CONTENT.len() as u64]);
    let wide = (u32::MAX, u32::MAX);
    assert_eq!(changed(|entry| (entry.local_sizes, entry.local_extra) = (Some(wide), sizes.clone())), "valid");
    assert_eq!(changed(|entry| (entry.central_sizes, entry.extra) = (Some(wide), sizes.clone())), "valid");
    for litter in [".DS_Store", "__MACOSX/._a", "thumbnails/x.webp", "assets/other.png"] {
        let mut entries = Fixture::new().entries();
        entries.insert(0, Entry::stored("thumbnails/", b""));
        entries.push(Entry::deflated(litter, b"x"));
        let package = looked_at(archive(&entries)).unwrap();
        assert_eq!((package.refusal(), &*package.ignored), (None, &[litter.to_owned()][..]));
    }
}

#[test]
fn what_is_no_archive_is_refused() {
    let whole = archive(&Fixture::new().entries());
    assert_eq!(verdict(Vec::new()), "not-zip");
    assert_eq!(verdict(vec![7; 4096]), "not-zip");
    assert_eq!(verdict([&whole[..], b"more"].concat()), "not-exact");
    assert_eq!(verdict([b"more", &whole[..]].concat()), "not-exact");
    // Cut anywhere, it is refused.
    for end in 0..whole.len() {
        assert!(looked_at(whole[..end].to_vec()).is_err(), "cut after {end} bytes");
    }
    assert_eq!(verdict(whole[..whole.len() / 2].to_vec()), "truncated");
    let hidden = archive_with(&Fixture::new().entries(), b"", &|file, _| file.extend(b"hidden"));
    assert_eq!(verdict(hidden), "not-exact");
    let mut two_ends = archive_with(&Fixture::new().entries(), &[0; 22], &|_, _| {});
    let at = two_ends.len() - 22;
    two_ends[at..at + 4].copy_from_slice(b"PK\x05\x06");
    assert_eq!(verdict(two_ends), "not-exact");
}

#[test]
fn any_byte_that_differs_does_no_harm() {
    let whole = archive(&Fixture::new().entries());
    let sound = looked_at(whole.clone()).unwrap();
    for at in 0..whole.len() {
        for bit in [0, 3, 7] {
            let mut file = whole.clone();
            file[at] ^= 1 << bit;
            if let Ok(package) = looked_at(file) {
                // Times, comments and versions mean nothing here.
                assert!(package.refusal().is_some() || package == sound, "byte {at}, bit {bit}: {package:?}");
            }
        }
    }
}

#[test]
fn entries_that_are_not_plain_files_are_refused() {
    assert_eq!(changed(|entry| entry.flags |= 1), "encrypted");
    assert_eq!(changed(|entry| entry.flags |= 1 << 6), "encrypted");
    for method in [1, 9, 12, 14, 93, 95, 98, 99] {
        assert_eq!(changed(|entry| entry.method = method), "unsupported-method");
    }
    let link = Entry { attributes: 0o120_777 << 16, ..Entry::stored("assets/link", b"/etc/passwd") };
    assert_eq!(with(link), "symlink");
    let pipe = Entry { attributes: 0o010_644 << 16, ..Entry::stored("assets/pipe", b"") };
    assert_eq!(with(pipe), "symlink");
    for name in ["../x", "/etc/x", "a\\b", "C:x", "x\u{202e}gnp.exe", "a\0b", "assets/../../x", "nul.txt"] {
        assert_eq!(with(Entry::stored(name, b"x")), "unsafe-name", "{name:?}");
    }
    let raw = Entry { name: b"\xff".to_vec(), local_name: b"\xff".to_vec(), ..Entry::stored("", b"") };
    assert_eq!(with(raw), "unsafe-name");
    assert_eq!(with(Entry::stored("a/", b"content")), "header-disagree");
}

#[test]
fn names_that_become_one_file_are_refused() {
    for name in [FILE, &FILE.to_uppercase(), "MANIFEST.json", "manifest.json/x", "assets"] {
        assert_eq!(with(Entry::stored(name, b"x")), "duplicate-entry", "{name}");
    }
    // Some systems write é as one sign, some as two, and to some both are one file.
    for (one, other) in
        [("caf\u{e9}.png", "cafe\u{301}.png"), ("\u{e9}/", "E\u{301}/"), ("a/\u{1e69}", "a/s\u{307}\u{323}")]
    {
        let mut entries = Fixture::new().entries();
        entries.extend([Entry::stored(one, b""), Entry::stored("cafe.png", b"x"), Entry::stored(other, b"")]);
        assert_eq!(verdict(archive(&entries)), "duplicate-entry", "{one} {other}");
        entries.pop();
        assert_eq!(verdict(archive(&entries)), "valid", "{one}");
    }
    let mut entries = Fixture::new().entries();
    entries.extend([Entry::stored("e\u{301}", b"x"), Entry::stored("\u{e9}/inside", b"x")]);
    assert_eq!(verdict(archive(&entries)), "duplicate-entry", "a file that is another's folder");
}

#[test]
fn headers_that_disagree_are_refused() {
    assert_eq!(changed(|entry| entry.local_name = FILE.replace("b4", "b5").into()), "header-disagree");
    assert_eq!(changed(|entry| entry.local_sizes = Some((1, 1))), "header-disagree");
    assert_eq!(changed(|entry| entry.extra = extra(0x7075, &[1])), "header-disagree");
    let with_descriptor = |change: fn(&mut Vec<u8>, usize)| {
        let mut entries = Fixture::new().entries();
        entries[2].follows = true;
        verdict(archive_with(&entries, b"", &change))
    };
    // The last byte of the size that follows the last entry's data.
    assert_eq!(with_descriptor(|file, end| file[end - 1] ^= 1), "header-disagree");
}

#[test]
fn entries_that_share_bytes_are_refused() {
    // The same file under two names, once in the archive.
    let mut entries = Fixture::new().entries();
    entries.push(Entry::stored("assets/again.png", CONTENT));
    let mut file = archive(&entries);
    let find = |file: &[u8], name: &[u8]| file.windows(name.len()).rposition(|part| part == name).unwrap();
    let (one, two) = (find(&file, FILE.as_bytes()), find(&file, b"assets/again.png"));
    let offset: [u8; 4] = file[one - 4..one].try_into().unwrap();
    file[two - 4..two].copy_from_slice(&offset);
    assert_eq!(verdict(file), "overlap");
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let zeros = vec![0; 64 << 20];
    let honest = Entry::deflated("assets/bomb", &zeros);
    assert_eq!(with(honest.clone()), "bomb");
    // One that says it is small: no more of it is unpacked than it takes to see that it isn't.
    let claimed = 1000;
    for at in 0..3 {
        let mut entries = Fixture::new().entries();
        let name = entries[at].name.clone();
        entries[at] = Entry { local_name: name.clone(), name: name.clone(), bytes: claimed, ..honest.clone() };
        let error = looked_at(archive(&entries)).unwrap_err();
        let PackageError::Bomb { entry, packed, bytes } = error else { panic!("{error:?}") };
        assert_eq!((entry.as_bytes(), packed), (&*name, honest.data.len() as u64));
        assert!((1..=BUFFER as u64).contains(&(bytes - u64::from(claimed))), "{bytes} bytes were unpacked");
    }
}

#[test]
fn nothing_follows_the_end_of_what_is_packed() {
    let mut entries = Fixture::new().entries();
    entries[2] = Entry::deflated(FILE, CONTENT);
    assert_eq!(verdict(archive(&entries)), "valid");
    entries[2].data.extend(b"rest");
    // A browser would call the same bytes damaged, when they are to be stored.
    assert_eq!(verdict(archive(&entries)), "entry-damaged");
    let mut entries = Fixture::new().entries();
    entries[0].data.extend(b"rest");
    assert_eq!(verdict(archive(&entries)), "entry-damaged");
}

#[test]
fn every_limit_holds() {
    let file = archive(&Fixture::new().entries());
    let within = |limits: Limits| {
        let checked = check(Cursor::new(file.clone()), &limits, &Ticket::default());
        checked.err().map_or("valid".to_owned(), |error| error.code().to_owned())
    };
    let all = Limits::DEFAULT;
    assert_eq!(within(all), "valid");
    for (limits, code) in [
        (Limits { archive_bytes: 100, ..all }, "archive-too-large"),
        (Limits { entries: 2, ..all }, "too-many-entries"),
        (Limits { directory_bytes: 100, ..all }, "too-many-entries"),
        (Limits { name_bytes: 20, ..all }, "unsafe-name"),
        (Limits { manifest_bytes: 100, ..all }, "manifest-too-large"),
        (Limits { workflow_bytes: 100, ..all }, "workflow-too-large"),
        (Limits { json_depth: 3, ..all }, "json-too-deep"),
        (Limits { asset_bytes: 10, ..all }, "asset-too-large"),
        (Limits { total_bytes: 1000, ..all }, "too-large"),
        (Limits { expansion: 1, expansion_free: 0, ..all }, "bomb"),
        (Limits { coordinate: 1., ..all }, "bad-size"),
        (Limits { size: 100., ..all }, "bad-size"),
    ] {
        assert_eq!(within(limits), code, "{limits:?}");
    }
}

#[test]
fn a_damaged_asset_is_told_apart_from_a_damaged_package() {
    let damage = |change: &dyn Fn(&mut Vec<Entry>)| {
        let mut entries = Fixture::new().entries();
        change(&mut entries);
        let package = looked_at(archive(&entries)).unwrap();
        assert_eq!((package.damaged.len(), package.contents().len()), (1, 0));
        package.refusal().unwrap().code().to_owned()
    };
    assert_eq!(damage(&|entries| drop(entries.pop())), "asset-file-missing");
    assert_eq!(damage(&|entries| entries[2].crc32 ^= 1), "entry-damaged");
    assert_eq!(damage(&|entries| entries[2] = Entry::stored(FILE, &[b"N", &CONTENT[1..]].concat())), "hash-mismatch");
    assert_eq!(damage(&|entries| entries[2] = Entry::stored(FILE, b"short")), "size-mismatch");
}

#[test]
fn a_check_can_be_called_off() {
    let ticket = Ticket::default();
    ticket.cancel();
    let file = archive(&Fixture::new().entries());
    assert_eq!(check(Cursor::new(file), &Limits::DEFAULT, &ticket), Err(PackageError::Cancelled));
}

/// A file of which a part can't be read.
struct Unplugged {
    file: Cursor<Vec<u8>>,
    from: u64,
}

impl Read for Unplugged {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = self.file.position() + buffer.len() as u64;
        if (self.file.position()..end).contains(&self.from) {
            return Err(io::Error::other("the disk is gone"));
        }
        self.file.read(buffer)
    }
}

impl Seek for Unplugged {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

#[test]
fn a_file_that_can_not_be_read_is_no_package_with_damaged_assets() {
    for entry in [Entry::stored(FILE, CONTENT), Entry::deflated(FILE, CONTENT)] {
        let mut entries = Fixture::new().entries();
        entries[2] = entry;
        let file = archive(&entries);
        // The content's own bytes, which are the last before the list of entries.
        let name = FILE.as_bytes();
        let at = file.windows(name.len()).position(|part| part == name).unwrap() + name.len();
        let input = Unplugged { file: Cursor::new(file), from: at as u64 };
        assert_eq!(code(&check(input, &Limits::DEFAULT, &Ticket::default())), "unreadable");
    }
}

/// A thread that has others to serve.
#[derive(Default)]
struct Shared {
    pauses: Cell<usize>,
}

impl Host for Shared {
    async fn pause(&self) {
        self.pauses.set(self.pauses.get() + 1);
    }

    async fn hash(&self, _at: u64, _bytes: u64, _ticket: Ticket) -> Option<Hashed> {
        None
    }
}

#[test]
fn others_have_their_turn_while_many_small_contents_are_read() {
    let mut fixture = Fixture::new();
    let listed = fixture.manifest["assets"][0].clone();
    let mut entries = Vec::new();
    for number in 0..2_000 {
        let (mut asset, id) = (listed.clone(), format!("01a1a079-44a3-7a79-9543-{number:012x}"));
        let file = format!("assets/{id}.png");
        (asset["id"], asset["file"]) = (json!(id), json!(file));
        entries.push(Entry::stored(&file, CONTENT));
        fixture.manifest["assets"].as_array_mut().unwrap().push(asset);
    }
    entries.splice(0..0, fixture.entries());
    let host = Shared::default();
    let file = Cursor::new(archive(&entries));
    let checked = check_on(&host, file, &Limits::DEFAULT, &Ticket::default()).now_or_never().unwrap().unwrap();
    assert_eq!((checked.refusal(), checked.assets.len()), (None, 2_001));
    assert!(host.pauses.get() > 2, "{} pauses", host.pauses.get());
}
