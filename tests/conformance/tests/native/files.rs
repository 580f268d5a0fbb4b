//! What only files can be.

use std::{collections::BTreeSet, fs, path::Path};

use storage::{
    Error,
    blobs::{Files, Place, Source, Ticket},
    model::{AssetId, AssetPlace, MediaKind},
};
use tempfile::TempDir;
use uuid::Uuid;

const CONTENT: &[u8] = b"a content";

fn id(number: u128) -> AssetId {
    AssetId::from_uuid(Uuid::from_u128(number))
}

fn content() -> Source {
    Source::Bytes(CONTENT.into())
}

/// The result of a call, which has to be made where a runtime is.
fn wait<T>(call: impl FnOnce() -> storage::BoxFuture<storage::Result<T>>) -> storage::Result<T> {
    crate::block_on(async { call().await })
}

/// Stages and keeps the content.
fn keep(place: &Files, id: AssetId, kind: MediaKind) -> AssetPlace {
    crate::block_on(async {
        place.stage(id, content(), Ticket::default()).await.unwrap();
        place.keep(id, id, kind).await.unwrap()
    })
}

/// All files below a folder, by their path in it.
fn names(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(names(&entry.path()).into_iter().map(|inner| format!("{name}/{inner}")));
        } else {
            found.insert(name);
        }
    }
    found
}

#[test]
fn a_content_is_a_file_below_the_folder_of_its_kind() {
    let home = TempDir::new().unwrap();
    for (number, kind) in (1..).zip(MediaKind::ALL) {
        let path = format!("atelier/assets/{}/{}", kind.name(), id(number));
        assert_eq!(keep(&Files::own(home.path()), id(number), kind), AssetPlace::Opfs { path: path.clone() });
        assert_eq!(fs::read(home.path().join(path)).unwrap(), CONTENT);
    }
    assert_eq!(names(home.path()).len(), 4);
}

#[test]
fn what_is_staged_is_beside_it_under_a_name_that_begins_with_a_point() {
    let home = TempDir::new().unwrap();
    wait(|| Files::own(home.path()).stage(id(1), content(), Ticket::default())).unwrap();
    assert_eq!(names(home.path()), [format!("atelier/assets/.{}.part", id(1))].into());
}

#[test]
fn in_a_chosen_folder_each_device_has_a_folder_of_its_own_and_sweeps_no_other() {
    let home = TempDir::new().unwrap();
    let [left, right] = [7, 8].map(|handle| Files::chosen(home.path(), Uuid::from_u128(handle)));
    let handle_id = Uuid::from_u128(7).to_string();
    assert_eq!(keep(&left, id(1), MediaKind::Image), AssetPlace::FsHandle { handle_id: handle_id.clone() });
    keep(&right, id(2), MediaKind::Image);
    assert_eq!(fs::read(home.path().join(format!("atelier/{handle_id}/{}", id(1)))).unwrap(), CONTENT);
    assert_eq!(wait(|| left.sweep([id(1)].into())).unwrap(), 0);
    assert_eq!(wait(|| right.sweep([id(2)].into())).unwrap(), 0);
    assert_eq!(names(home.path()).len(), 2);
}

#[test]
fn a_sweep_touches_no_name_that_atelier_does_not_make() {
    let home = TempDir::new().unwrap();
    let place = Files::own(home.path());
    keep(&place, id(1), MediaKind::Image);
    let images = home.path().join("atelier/assets/image");
    let others =
        ["holiday.jpg", &format!("{}.png", id(2)), &format!("{{{}}}", id(3)), &id(0xabc).to_string().to_uppercase()];
    for name in others {
        fs::write(images.join(name), "mine").unwrap();
    }
    let assets = home.path().join("atelier/assets");
    for name in [".holiday.part", "notes", ".part", &id(4).to_string()] {
        fs::write(assets.join(name), "mine").unwrap();
    }
    fs::create_dir(images.join(id(5).to_string())).unwrap();
    fs::write(home.path().join(format!(".{}.part", id(6))), "mine").unwrap();
    let before = names(home.path());
    assert_eq!(wait(|| place.sweep([id(1)].into())).unwrap(), 0);
    assert_eq!(names(home.path()), before);
    assert!(images.join(id(5).to_string()).is_dir());
}

#[test]
fn a_folder_whose_disk_is_unplugged_is_not_made_anew() {
    let home = TempDir::new().unwrap();
    let disk = home.path().join("disk");
    let place = Files::chosen(&disk, Uuid::from_u128(7));
    for result in [
        wait(|| place.check()),
        wait(|| place.stage(id(1), content(), Ticket::default())).map(drop),
        wait(|| place.keep(id(1), id(1), MediaKind::Image)).map(drop),
    ] {
        assert!(matches!(result, Err(Error::Missing { .. })), "{result:?}");
    }
    assert_eq!(wait(|| place.sweep(BTreeSet::new())), Ok(0));
    assert!(!disk.exists());
}

#[test]
fn a_source_that_is_no_file_is_refused_and_leaves_nothing() {
    let home = TempDir::new().unwrap();
    let place = Files::own(home.path());
    for source in [home.path().join("never"), home.path().to_owned(), "/dev/zero".into()] {
        let refused = wait(|| place.stage(id(1), Source::File(source.clone()), Ticket::default()));
        let named = matches!(&refused, Err(Error::Missing { what, .. }) if *what == source.display().to_string());
        assert!(named, "{refused:?}");
    }
    assert!(names(home.path()).is_empty());
}

#[cfg(unix)]
#[test]
fn a_link_under_the_name_of_what_is_staged_is_not_written_through() {
    let home = TempDir::new().unwrap();
    let (place, precious) = (Files::own(home.path()), home.path().join("precious"));
    keep(&place, id(1), MediaKind::Image);
    fs::write(&precious, "mine").unwrap();
    std::os::unix::fs::symlink(&precious, home.path().join(format!("atelier/assets/.{}.part", id(2)))).unwrap();
    keep(&place, id(2), MediaKind::Image);
    assert_eq!(fs::read(precious).unwrap(), b"mine");
}

#[test]
fn a_folder_that_cannot_be_made_is_said() {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("atelier"), "a file").unwrap();
    let error = wait(|| Files::own(home.path()).check()).unwrap_err();
    assert!(matches!(error, Error::Io { .. } | Error::Missing { .. }), "{error:?}");
}

/// A picture of 4 × 2 pixels.
fn bitmap() -> Vec<u8> {
    let mut bytes = b"BM".to_vec();
    for word in [54 + 24, 0, 54, 40, 4, 2, 1 | 24 << 16, 0, 24, 0, 0, 0, 0_u32] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend([200; 24]);
    bytes
}

#[test]
fn a_picture_is_looked_at_where_it_is_kept() {
    use crate::ground::{Here, Kind};
    use conformance::Ground;

    for kind in [Kind::Files, Kind::Chosen, Kind::Database] {
        let here = Here::new(kind);
        let look = crate::block_on(async {
            let (place, source) = (here.place().await, here.source(bitmap()).await);
            place.stage(id(1), source, Ticket::default()).await.unwrap().look.unwrap()
        });
        assert_eq!((look.width, look.height), (Some(4), Some(2)));
        assert!(look.thumbnail.unwrap().starts_with("data:image/jpeg;base64,"));
    }
}
