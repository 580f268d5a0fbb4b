//! Several packages in one archive, and archives that only look like that.

use std::io::Cursor;

use futures::FutureExt as _;

use super::{
    Fixture,
    zip::{Entry, archive, archive_with},
};
use crate::{
    Location, Session,
    blobs::{Source, Ticket},
    package::{
        Backup, Found, Limits, PackageError, archive as archives, backup, check, check::Alone, check::find_on, look,
    },
};

fn found(file: &[u8]) -> Result<Found, PackageError> {
    find_on(&Alone, Cursor::new(file), &Ticket::default()).now_or_never().unwrap()
}

fn listed(file: &[u8]) -> Backup {
    match found(file).unwrap() {
        Found::Backup(backup) => backup,
        Found::Package(package) => panic!("{package:?}"),
    }
}

fn refusal(file: &[u8]) -> String {
    found(file).map_or_else(|error| error.code().to_owned(), |found| format!("{found:?}"))
}

fn package() -> Vec<u8> {
    archive(&Fixture::new().entries())
}

/// The verdict about each package in a backup.
async fn verdicts(file: &[u8]) -> Vec<(String, String)> {
    let whole = Source::Bytes(file.into());
    let (session, _events) = Session::open(Location::Memory).await.unwrap();
    let mut all = Vec::new();
    for inside in listed(file).packages {
        let verdict = match inside.source(&whole).await {
            Ok(source) => super::code(&look(session.assets(), source, Ticket::default()).await),
            Err(error) => error.code().to_owned(),
        };
        all.push((inside.file().to_owned(), verdict));
    }
    all
}

#[tokio::test]
async fn each_package_is_checked_as_if_it_were_alone() {
    let sound = package();
    let mut damaged = sound.clone();
    let at = damaged.windows(super::CONTENT.len()).position(|bytes| bytes == super::CONTENT).unwrap();
    damaged[at] ^= 1;
    let inner = archive(&[Entry::stored("x.genaiw.zip", &sound)]);
    let file = archive(&[
        Entry::stored("sound.genaiw.zip", &sound),
        Entry::stored("read me.txt", b"hello"),
        Entry::stored("damaged.genaiw.zip", &damaged),
        Entry::stored("cut.genaiw.zip", &sound[..sound.len() / 2]),
        Entry::stored("noise.genaiw.zip", &[7; 4096]),
        Entry::stored("backup.genaiw.zip", &inner),
        Entry::stored("folder/", b""),
        Entry::deflated("folder/again.genaiw.zip", &sound),
        Entry::stored("folder/LAST.GENAIW.ZIP", &sound),
    ]);
    let expected = [
        ("sound.genaiw.zip", "valid"),
        ("damaged.genaiw.zip", "entry-damaged"),
        ("cut.genaiw.zip", "truncated"),
        ("noise.genaiw.zip", "not-zip"),
        ("backup.genaiw.zip", "is-backup"),
        ("again.genaiw.zip", "packed-twice"),
        ("LAST.GENAIW.ZIP", "valid"),
    ];
    let expected = expected.map(|(file, verdict)| (file.to_owned(), verdict.to_owned()));
    assert_eq!(verdicts(&file).await, expected);
    assert_eq!(listed(&file).ignored, ["read me.txt"]);
    let text = serde_json::to_string(&found(&file)).unwrap();
    assert_eq!(serde_json::from_str::<Result<Found, PackageError>>(&text).unwrap(), found(&file), "also to a worker");
}

#[test]
fn what_is_one_workflow_is_no_backup_and_the_other_way_round() {
    let inner = package();
    assert!(matches!(found(&inner), Ok(Found::Package(_))));
    let mut entries = Fixture::new().entries();
    entries.push(Entry::stored("stowaway.genaiw.zip", &inner));
    assert!(matches!(found(&archive(&entries)), Ok(Found::Package(package)) if package.ignored.len() == 1));
    assert_eq!(refusal(&archive(&[Entry::stored("photo.png", b"x")])), "manifest-missing");
    assert_eq!(refusal(&archive(&[Entry::stored("folder.genaiw.zip/", b"")])), "manifest-missing");
    let backup = archive(&[Entry::stored("a.genaiw.zip", &inner)]);
    let checked = check(Cursor::new(backup), &Limits::DEFAULT, &Ticket::default());
    assert_eq!(checked, Err(PackageError::IsBackup));
}

#[test]
fn an_outer_archive_that_is_not_what_it_says_is_refused() {
    let inner = package();
    let two = [Entry::stored("a.genaiw.zip", &inner), Entry::stored("b.genaiw.zip", &inner)];
    let named = |name: &str| refusal(&archive(&[two[0].clone(), Entry::stored(name, &inner)]));
    let changed = |change: fn(&mut Entry)| {
        let mut entries = two.clone();
        change(&mut entries[1]);
        refusal(&archive(&entries))
    };
    for name in ["../b.genaiw.zip", "/b.genaiw.zip", "C:\\b.genaiw.zip", "con.genaiw.zip", "b\u{202e}.genaiw.zip"] {
        assert_eq!(named(name), "unsafe-name", "{name}");
    }
    assert_eq!(named("A.GenAIw.zip"), "duplicate-entry");
    assert_eq!(changed(|entry| entry.flags |= 1), "encrypted");
    assert_eq!(changed(|entry| entry.method = 12), "unsupported-method");
    assert_eq!(changed(|entry| entry.attributes = 0o120_777 << 16), "symlink");
    assert_eq!(changed(|entry| entry.local_name = b"c.genaiw.zip".into()), "header-disagree");
    assert_eq!(changed(|entry| entry.local_sizes = Some((1, 1))), "header-disagree");
    let zeros = Entry::deflated("b.genaiw.zip", &vec![0; 16 << 20]);
    assert_eq!(refusal(&archive(&[two[0].clone(), zeros])), "bomb");
    assert_eq!(refusal(&archive_with(&two, b"", &|file, _| file.extend(b"hidden"))), "not-exact");
    let whole = archive(&two);
    assert_eq!(refusal(&[b"#!", &whole[..]].concat()), "not-exact");
    for end in (0..whole.len()).step_by(7) {
        assert!(found(&whole[..end]).is_err(), "cut after {end} bytes");
    }
}

#[test]
fn each_limit_of_the_outer_archive_is_kept() {
    let file = archive(&[Entry::stored("a.genaiw.zip", &package()), Entry::stored("b.genaiw.zip", &package())]);
    let size = file.len() as u64;
    let with = |limits: Limits| {
        let mut input = Cursor::new(&file);
        let read = archives::list(&mut input, &limits).and_then(|listed| backup::read(&mut input, listed, &limits));
        read.map_or_else(|error| error.code().to_owned(), |backup| backup.packages.len().to_string())
    };
    let limits = Limits::BACKUP;
    assert_eq!(with(limits), "2");
    assert_eq!(with(Limits { archive_bytes: size - 1, ..limits }), "archive-too-large");
    assert_eq!(with(Limits { entries: 1, ..limits }), "too-many-entries");
    assert_eq!(with(Limits { directory_bytes: 100, ..limits }), "too-many-entries");
    assert_eq!(with(Limits { asset_bytes: 100, ..limits }), "asset-too-large");
    assert_eq!(with(Limits { total_bytes: size / 2, ..limits }), "too-large");
}
