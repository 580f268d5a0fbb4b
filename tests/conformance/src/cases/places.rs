//! The contract of places for bytes.

use std::{collections::BTreeSet, rc::Rc, sync::Arc};

use futures::future::{join, join_all};
use storage::{
    Error,
    blobs::{HEAD, Known, Place, Source, Staged, Ticket},
    model::{Asset, AssetId, AssetPlace, MediaKind, Object},
};

use crate::{
    Ground,
    author::{Author, NOW},
};

/// The size of the pieces that places may work with, in bytes: what lies around such a border is worth asking for.
const MIB: usize = 1024 * 1024;

/// So many bytes that repeat nowhere; others for another seed.
pub(super) fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    });
    words.flat_map(u64::to_le_bytes).take(length).collect()
}

pub(super) fn id(author: &mut Author) -> AssetId {
    AssetId::new(author.stamp())
}

fn row(id: AssetId, staged: &Staged, place: AssetPlace) -> Asset {
    Asset {
        id,
        hash: staged.hash.clone(),
        crc32: staged.crc32,
        mime: "application/octet-stream".into(),
        bytes: staged.bytes,
        place,
        name: None,
        width: None,
        height: None,
        duration: None,
        thumbnail: None,
        created_at: NOW,
        extra: Object::default(),
    }
}

/// Stages and keeps a content.
async fn put(place: &dyn Place, id: AssetId, source: Source) -> Asset {
    let staged = place.stage(id, source, Ticket::default()).await.unwrap();
    let kept = place.keep(id, id, MediaKind::Other).await.unwrap();
    row(id, &staged, kept)
}

fn in_memory(bytes: &[u8]) -> Source {
    Source::Bytes(bytes.into())
}

async fn whole(place: &dyn Place, asset: &Asset) -> Vec<u8> {
    place.read(asset, 0..u64::MAX).await.unwrap()
}

fn is_missing<T>(result: storage::Result<T>) -> bool {
    matches!(result.map(drop), Err(Error::Missing { .. }))
}

pub async fn what_is_kept_is_what_was_put(ground: Rc<dyn Ground>) {
    let (place, mut author) = (ground.place().await, Author::new(1));
    let fox = b"The quick brown fox jumps over the lazy dog";
    let id_ = id(&mut author);
    let staged = place.stage(id_, in_memory(fox), Ticket::default()).await.unwrap();
    assert_eq!(staged.hash, "sha256-d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592");
    assert_eq!((staged.crc32, staged.bytes, staged.head.as_slice()), (0x414f_a339, 43, &fox[..]));
    assert_eq!(staged.look, None);
    let kept = place.keep(id_, id_, MediaKind::Other).await.unwrap();
    let fox_row = row(id_, &staged, kept);

    for kind in MediaKind::ALL {
        let (content, id) = (bytes(7, 3 * MIB + 17), id(&mut author));
        let staged = place.stage(id, ground.source(content.clone()).await, Ticket::default()).await.unwrap();
        assert_eq!((staged.bytes, staged.head.as_slice()), (content.len() as u64, &content[..HEAD]));
        let kept = row(id, &staged, place.keep(id, id, kind).await.unwrap());
        // Another tab sees it as well.
        for place in [&place, &ground.place().await] {
            assert!(whole(&**place, &kept).await == content, "{kind:?}");
            assert_eq!(place.hash(&kept, Ticket::default()).await.unwrap(), staged.hash);
        }
    }
    assert_eq!(whole(&*place, &fox_row).await, fox);
}

/// A source of which this is known: by whoever has read all of it before.
fn hashed(content: &[u8], crc32: u32, kind: MediaKind) -> Source {
    let hash = "sha256-d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592".into();
    Source::Known(Box::new(in_memory(content)), Known { hash, crc32, bytes: FOX.len() as u64, kind })
}

const FOX: &[u8] = b"The quick brown fox jumps over the lazy dog";
const FOX_CRC32: u32 = 0x414f_a339;

pub async fn what_was_hashed_before_is_kept_as_it_was_or_not_at_all(ground: Rc<dyn Ground>) {
    let (place, mut author) = (ground.place().await, Author::new(1));
    let mut kept = Vec::new();
    // Also as another kind than it was taken for, and under another id.
    for kind in [MediaKind::Other, MediaKind::Image] {
        for renamed in [false, true] {
            let staged_as = id(&mut author);
            let named = if renamed { id(&mut author) } else { staged_as };
            let source = hashed(FOX, FOX_CRC32, MediaKind::Other);
            let staged = place.stage(staged_as, source, Ticket::default()).await.unwrap();
            assert_eq!((staged.crc32, staged.head.as_slice()), (FOX_CRC32, FOX));
            let row = row(named, &staged, place.keep(staged_as, named, kind).await.unwrap());
            assert_eq!(place.hash(&row, Ticket::default()).await.unwrap(), row.hash);
            kept.push(row);
        }
    }
    // Another content by now.
    let changed = id(&mut author);
    for (content, crc32) in [(&FOX[1..], FOX_CRC32), (FOX, FOX_CRC32 ^ 1)] {
        let staged = place.stage(changed, hashed(content, crc32, MediaKind::Image), Ticket::default()).await;
        assert!(matches!(staged, Err(Error::Io { .. })), "{staged:?}");
    }
    place.discard(changed).await.unwrap();
    let next = ground.place().await;
    let ids: BTreeSet<_> = kept.iter().map(|row| row.id).collect();
    assert_eq!(next.sweep(ids).await.unwrap(), 0, "nothing else is there");
    for row in &kept {
        assert_eq!(whole(&*next, row).await, FOX);
    }
}

pub async fn what_was_hashed_before_is_forgotten_like_anything_else(ground: Rc<dyn Ground>) {
    let (place, mut author) = (ground.place().await, Author::new(1));
    let discarded = id(&mut author);
    place.stage(discarded, hashed(FOX, FOX_CRC32, MediaKind::Video), Ticket::default()).await.unwrap();
    place.discard(discarded).await.unwrap();
    assert_eq!(ground.place().await.sweep(BTreeSet::new()).await.unwrap(), 0);
    // The page died before it was kept.
    place.stage(id(&mut author), hashed(FOX, FOX_CRC32, MediaKind::Video), Ticket::default()).await.unwrap();
    let next = ground.place().await;
    assert_eq!(next.sweep(BTreeSet::new()).await.unwrap(), FOX.len() as u64);
    assert_eq!(next.sweep(BTreeSet::new()).await.unwrap(), 0);
}

pub async fn a_large_content_tells_how_far_it_has_come(ground: Rc<dyn Ground>) {
    let (place, mut author) = (ground.place().await, Author::new(1));
    let (size, ticket) = (8 * MIB as u64, Ticket::default());
    let mut progress = ticket.progress();
    let source = ground.source(bytes(1, 8 * MIB)).await;
    let watched = async {
        let mut seen = vec![];
        while seen.last() != Some(&size) {
            progress.changed().await.unwrap();
            seen.push(*progress.borrow_and_update());
        }
        seen
    };
    let (staged, seen) = join(place.stage(id(&mut author), source, ticket.clone()), watched).await;
    assert_eq!(staged.unwrap().bytes, size);
    assert!(seen.is_sorted(), "{seen:?}");
}

pub async fn a_range_gives_what_it_names_and_no_more_than_there_is(ground: Rc<dyn Ground>) {
    let (place, mut author) = (ground.place().await, Author::new(1));
    let content = bytes(3, 2 * MIB + 100);
    let kept = put(&*place, id(&mut author), ground.source(content.clone()).await).await;
    let (mib, end) = (MIB as u64, content.len() as u64);
    for range in [
        0..0,
        0..1,
        17..400,
        mib - 1..mib,
        mib..mib + 1,
        mib - 1..mib + 1,
        5..2 * mib + 5,
        end - 1..end,
        end - 1..end + 1,
        end..end + 1,
        end + 1..end + 2,
        0..u64::MAX,
        u64::MAX - 1..u64::MAX,
        10..10,
    ] {
        let at = |at: u64| usize::try_from(at.min(end)).unwrap();
        let expected = &content[at(range.start)..at(range.end)];
        assert!(place.read(&kept, range.clone()).await.unwrap() == expected, "{range:?}");
    }
    #[expect(clippy::reversed_empty_ranges, reason = "what a careless caller may ask for")]
    let backwards = place.read(&kept, 9..4).await.unwrap();
    assert!(backwards.is_empty());
}

pub async fn an_empty_content_is_a_content(ground: Rc<dyn Ground>) {
    let (place, mut author) = (ground.place().await, Author::new(1));
    let kept = put(&*place, id(&mut author), in_memory(b"")).await;
    assert_eq!(kept.hash, "sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert!(whole(&*place, &kept).await.is_empty());
    assert_eq!(place.hash(&kept, Ticket::default()).await.unwrap(), kept.hash);
    place.delete(&kept).await.unwrap();
    assert!(is_missing(place.read(&kept, 0..0).await));
}

pub async fn several_contents_at_once_do_not_mix(ground: Rc<dyn Ground>) {
    let (place, mut author) = (ground.place().await, Author::new(1));
    let contents: Vec<_> = (0..6).map(|seed| bytes(seed, MIB + 1000 * usize::try_from(seed).unwrap())).collect();
    let ids: Vec<_> = contents.iter().map(|_| id(&mut author)).collect();
    let puts = contents.iter().zip(&ids).map(|(content, id)| put(&*place, *id, in_memory(content)));
    let kept = join_all(puts).await;
    for (content, asset) in contents.iter().zip(&kept) {
        assert!(whole(&*place, asset).await == *content);
    }
}

pub async fn a_put_that_is_called_off_leaves_nothing(ground: Rc<dyn Ground>) {
    let (place, mut author) = (ground.place().await, Author::new(1));
    let before = Ticket::default();
    before.cancel();
    let source = ground.source(bytes(1, 4 * MIB)).await;
    assert_eq!(place.stage(id(&mut author), source.clone(), before).await, Err(Error::Cancelled));
    assert_eq!(place.sweep(BTreeSet::new()).await.unwrap(), 0);

    // In the middle: it may be done by then.
    let (ticket, cancelled) = (Ticket::default(), id(&mut author));
    let mut progress = ticket.progress();
    let call_off = async {
        progress.changed().await.unwrap();
        ticket.cancel();
    };
    let (staged, ()) = join(place.stage(cancelled, source, ticket.clone()), call_off).await;
    match staged {
        Err(error) => assert_eq!(error, Error::Cancelled),
        Ok(_) => place.discard(cancelled).await.unwrap(),
    }
    assert_eq!(place.sweep(BTreeSet::new()).await.unwrap(), 0);
}

pub async fn a_put_that_nobody_waits_for_leaves_nothing(ground: Rc<dyn Ground>) {
    let (place, mut author) = (ground.place().await, Author::new(1));
    let source = ground.source(bytes(1, 4 * MIB)).await;
    for _ in 0..3 {
        drop(place.stage(id(&mut author), source.clone(), Ticket::default()));
    }
    // What had begun may take a moment to notice, and is swept if it was done by then.
    for _ in 0..200 {
        ground.pause(20).await;
        if place.sweep(BTreeSet::new()).await.unwrap() == 0 {
            break;
        }
    }
    assert_eq!(place.sweep(BTreeSet::new()).await.unwrap(), 0);
}

pub async fn what_was_only_staged_is_swept_and_what_is_kept_stays(ground: Rc<dyn Ground>) {
    let (place, mut author) = (ground.place().await, Author::new(1));
    let (content, staged) = (bytes(1, MIB + 5), id(&mut author));
    let kept = put(&*place, id(&mut author), in_memory(b"kept")).await;
    place.stage(staged, in_memory(&content), Ticket::default()).await.unwrap();
    // As the next start does it, in a view of its own.
    let next = ground.place().await;
    assert_eq!(next.sweep([kept.id].into()).await.unwrap(), content.len() as u64);
    assert_eq!(next.sweep([kept.id].into()).await.unwrap(), 0);
    assert!(next.keep(staged, staged, MediaKind::Other).await.is_err());
    assert_eq!(whole(&*next, &kept).await, b"kept");
}

pub async fn what_no_row_knows_is_swept(ground: Rc<dyn Ground>) {
    let (place, mut author) = (ground.place().await, Author::new(1));
    let [known, unknown] = [0, 1].map(|_| id(&mut author));
    let (known, unknown) =
        (put(&*place, known, in_memory(b"known")).await, put(&*place, unknown, in_memory(b"nobody's")).await);
    assert_eq!(place.sweep([known.id].into()).await.unwrap(), 8);
    assert!(is_missing(place.read(&unknown, 0..1).await));
    assert_eq!(whole(&*place, &known).await, b"known");
    assert_eq!(place.sweep(BTreeSet::new()).await.unwrap(), 5);
}

pub async fn what_is_discarded_is_gone(ground: Rc<dyn Ground>) {
    let (place, mut author) = (ground.place().await, Author::new(1));
    let gone = id(&mut author);
    place.stage(gone, in_memory(b"gone"), Ticket::default()).await.unwrap();
    place.discard(gone).await.unwrap();
    assert!(is_missing(place.keep(gone, gone, MediaKind::Other).await));
    assert_eq!(place.sweep(BTreeSet::new()).await.unwrap(), 0);
    // Twice, and of what never was.
    place.discard(gone).await.unwrap();
    place.discard(id(&mut author)).await.unwrap();
    // What is kept is not discarded.
    let kept = put(&*place, id(&mut author), in_memory(b"kept")).await;
    place.discard(kept.id).await.unwrap();
    assert_eq!(whole(&*place, &kept).await, b"kept");
}

pub async fn what_is_not_there_is_said_by_every_call(ground: Rc<dyn Ground>) {
    let (place, mut author) = (ground.place().await, Author::new(1));
    let never = id(&mut author);
    assert!(is_missing(place.keep(never, never, MediaKind::Image).await));
    let gone = put(&*place, id(&mut author), in_memory(b"gone")).await;
    place.delete(&gone).await.unwrap();
    for range in [0..0, 0..4, 100..200] {
        assert!(is_missing(place.read(&gone, range).await));
    }
    assert!(is_missing(place.open(&gone).await));
    assert!(is_missing(place.hash(&gone, Ticket::default()).await));
    place.delete(&gone).await.unwrap();
}

pub async fn a_row_that_points_elsewhere_finds_nothing(ground: Rc<dyn Ground>) {
    let (place, mut author) = (ground.place().await, Author::new(1));
    let kept = put(&*place, id(&mut author), in_memory(b"kept")).await;
    let path = |path: &str| AssetPlace::Opfs { path: path.replace("ID", &kept.id.to_string()) };
    for elsewhere in [
        path("/etc/passwd"),
        path("../../../../../../../../etc/passwd"),
        path("atelier/assets/other/../other/ID"),
        path("atelier/assets/other/ID/"),
        path("atelier/assets/../assets/other/ID"),
        path("atelier/assets/nothing/ID"),
        path("atelier/assets/other/."),
        path("atelier/assets/other/"),
        path(""),
        path("atelier\\assets\\other\\ID"),
        AssetPlace::FsHandle { handle_id: "..".into() },
        AssetPlace::FsHandle { handle_id: String::new() },
        AssetPlace::Idb { blob_key: "../ID".into() },
        AssetPlace::Idb { blob_key: id(&mut author).to_string() },
        AssetPlace::Url { url: "file:///etc/passwd".into() },
        AssetPlace::Embedded,
    ] {
        let row = Asset { place: elsewhere.clone(), ..kept.clone() };
        assert!(is_missing(place.read(&row, 0..1).await), "{elsewhere:?}");
        assert!(is_missing(place.open(&row).await), "{elsewhere:?}");
        assert!(is_missing(place.hash(&row, Ticket::default()).await), "{elsewhere:?}");
        place.delete(&row).await.unwrap();
    }
    assert_eq!(whole(&*place, &kept).await, b"kept");
}

pub async fn a_content_that_comes_back_gets_the_name_of_its_asset(ground: Rc<dyn Ground>) {
    let (place, mut author) = (ground.place().await, Author::new(1));
    let content = bytes(1, 2 * MIB + 1);
    let lost = put(&*place, id(&mut author), in_memory(&content)).await;
    for is_there in [false, true] {
        if !is_there {
            place.delete(&lost).await.unwrap();
        }
        let again = id(&mut author);
        place.stage(again, in_memory(&content), Ticket::default()).await.unwrap();
        let healed = place.keep(again, lost.id, MediaKind::Other).await.unwrap();
        let healed = Asset { place: healed, ..lost.clone() };
        assert_eq!(place.sweep([lost.id].into()).await.unwrap(), 0);
        assert!(whole(&*place, &healed).await == content);
        assert_eq!(place.hash(&healed, Ticket::default()).await.unwrap(), lost.hash);
    }
}

pub async fn a_content_can_be_put_elsewhere(ground: Rc<dyn Ground>) {
    let (place, mut author) = (ground.place().await, Author::new(1));
    let content = bytes(1, 3 * MIB + 1);
    let kept = put(&*place, id(&mut author), ground.source(content.clone()).await).await;
    let other: Arc<dyn Place> = Arc::new(storage::blobs::MemoryPlace::default());
    let there = put(&*other, kept.id, place.open(&kept).await.unwrap()).await;
    assert_eq!(there.hash, kept.hash);
    place.delete(&kept).await.unwrap();
    let back = put(&*place, kept.id, other.open(&there).await.unwrap()).await;
    assert_eq!((&back.hash, &back.place), (&kept.hash, &kept.place));
    assert!(whole(&*place, &back).await == content);
}
