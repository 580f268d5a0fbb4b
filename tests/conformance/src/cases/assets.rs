//! Assets' rows, and the index of which nodes refer to which.

use std::{collections::BTreeSet, rc::Rc, sync::Arc};

use futures::future::{join, join_all};
use storage::{
    backend::{AssetUse, Backend, Wanted},
    model::{Asset, AssetId, EntityKey, Json, MediaKind, NodeId, Part, Registers, Stamp, WorkflowId},
};

use crate::{
    Harness,
    author::{Author, asset, deleted, json, one, removed, set},
};

/// A setting of a node that refers to an asset.
fn showing(stamp: Stamp, asset: &Asset) -> Registers {
    set("config.picture", stamp, Json::new(&asset.reference()).unwrap())
}

async fn by_id(db: &dyn Backend, id: AssetId) -> Option<Asset> {
    db.asset(Wanted::Id(id)).await.unwrap()
}

async fn by_hash(db: &dyn Backend, asset: &Asset) -> Option<Asset> {
    db.asset(Wanted::Hash(asset.hash.clone())).await.unwrap()
}

fn use_of(asset: &Asset, key: EntityKey) -> AssetUse {
    let Part::Node(node) = key.part else { panic!("{key} is no node") };
    AssetUse { asset: asset.id, workflow: key.workflow, node }
}

/// The workflow and node of a key of one's own.
fn node(author: &mut Author) -> (WorkflowId, NodeId, EntityKey) {
    let (workflow, node) = (author.workflow(), author.node());
    (workflow, node, EntityKey::node(workflow, node))
}

pub async fn an_added_asset_is_found_by_id_and_by_content(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let (added, other) = (asset(&mut author, "a"), asset(&mut author, "b"));
    assert_eq!(db.add_asset(added.clone()).await.unwrap(), added);
    assert_eq!(by_id(&*db, added.id).await, Some(added.clone()));
    assert_eq!(by_hash(&*db, &added).await, Some(added));
    assert_eq!((by_id(&*db, other.id).await, by_hash(&*db, &other).await), (None, None));
}

pub async fn contents_are_looked_up_together(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let all: Vec<_> = (0..100).map(|number| asset(&mut author, &number.to_string())).collect();
    for asset in all.iter().step_by(2) {
        db.add_asset(Asset { thumbnail: Some("data:image/webp;base64,AA==".into()), ..asset.clone() }).await.unwrap();
    }
    let of = async |some: &[Asset]| {
        let hashes = some.iter().map(|asset| asset.hash.clone()).collect();
        let mut found = db.assets_of(hashes).await.unwrap();
        found.sort_by_key(|asset| asset.id);
        found
    };
    let known: Vec<_> = all.iter().step_by(2).cloned().map(Asset::without_thumbnail).collect();
    assert_eq!(of(&all).await, known);
    assert_eq!(of(&all[10..13]).await, known[5..7]);
    assert_eq!(of(&all[1..2]).await, []);
    assert_eq!(of(&[]).await, []);
}

pub async fn assets_come_in_the_order_of_their_ids(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    assert_eq!(db.assets().await.unwrap().rows, []);
    let mut all: Vec<_> = (0..20).map(|number| asset(&mut author, &number.to_string())).collect();
    all.rotate_left(7);
    for asset in &all {
        db.add_asset(asset.clone()).await.unwrap();
    }
    all.sort_by_key(|asset| asset.id);
    let found = harness.db().await.assets().await.unwrap();
    assert_eq!((found.rows, found.corrupt), (all, vec![]));
}

/// How many rows a database may read at once. Whoever does goes on behind the last, until there are no more.
const AT_ONCE: usize = 2_048;

pub async fn more_assets_than_are_read_at_once_come_in_the_order_of_their_ids(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let all: Vec<_> = (0..=2 * AT_ONCE).map(|number| asset(&mut author, &number.to_string())).collect();
    let mut stored = 0;
    // As many as fit exactly, and one more than twice as many.
    for count in [AT_ONCE, 2 * AT_ONCE + 1] {
        let added = join_all(all[stored..count].iter().rev().map(|asset| db.add_asset(asset.clone())));
        for added in harness.within(added).await {
            added.unwrap();
        }
        stored = count;
        let found = harness.within(db.assets()).await.unwrap();
        assert_eq!((found.rows.len(), found.corrupt), (count, vec![]));
        assert!(found.rows == all[..count], "{count} are others, or in another order");
    }
}

pub async fn a_content_is_added_once(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let (first, again) = (asset(&mut author, "a"), asset(&mut author, "a"));
    db.add_asset(first.clone()).await.unwrap();
    assert_eq!(db.add_asset(again.clone()).await.unwrap(), first);
    assert_eq!(by_id(&*db, again.id).await, None);
    assert_eq!(db.assets().await.unwrap().rows, [first]);
}

pub async fn two_connections_that_add_one_content_agree_on_its_row(harness: Rc<dyn Harness>) {
    let (left, right, mut author) = (harness.db().await, harness.db().await, Author::new(1));
    for content in 0..10 {
        let [first, second] = [0, 1].map(|_| asset(&mut author, &content.to_string()));
        let (first, second) = harness.within(join(left.add_asset(first), right.add_asset(second))).await;
        assert_eq!(first.unwrap(), second.unwrap());
    }
    assert_eq!(left.assets().await.unwrap().rows.len(), 10);
}

pub async fn a_change_replaces_the_row(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let (before, other) = (asset(&mut author, "a"), asset(&mut author, "b"));
    db.add_asset(before.clone()).await.unwrap();
    db.add_asset(other.clone()).await.unwrap();
    let place = storage::model::AssetPlace::Idb { blob_key: before.id.to_string() };
    let after = Asset { place, width: Some(1920), name: None, ..before };
    assert!(db.change_asset(after.clone()).await.unwrap());
    assert_eq!(by_id(&*db, after.id).await, Some(after.clone()));
    assert_eq!(by_hash(&*db, &after).await, Some(after));
    assert_eq!(by_id(&*db, other.id).await, Some(other));
}

pub async fn a_change_does_not_bring_back_what_was_removed(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let gone = asset(&mut author, "a");
    db.add_asset(gone.clone()).await.unwrap();
    assert_eq!(db.remove_assets([gone.id].into()).await.unwrap(), std::slice::from_ref(&gone));
    assert!(!db.change_asset(gone.clone()).await.unwrap());
    assert_eq!((by_id(&*db, gone.id).await, by_hash(&*db, &gone).await), (None, None));
}

pub async fn a_removed_content_can_be_added_again(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let (gone, again) = (asset(&mut author, "a"), asset(&mut author, "a"));
    db.add_asset(gone.clone()).await.unwrap();
    db.remove_assets([gone.id].into()).await.unwrap();
    assert_eq!(db.add_asset(again.clone()).await.unwrap(), again);
    assert_eq!(db.assets().await.unwrap().rows, [again]);
}

pub async fn what_a_node_refers_to_is_not_removed(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let (used, unused, unknown) = (asset(&mut author, "a"), asset(&mut author, "b"), asset(&mut author, "c"));
    db.add_asset(used.clone()).await.unwrap();
    db.add_asset(unused.clone()).await.unwrap();
    let (_, _, key) = node(&mut author);
    db.commit(one(key, showing(author.stamp(), &used))).await.unwrap();
    let all: BTreeSet<_> = [&used, &unused, &unknown].map(|asset| asset.id).into();
    assert_eq!(db.remove_assets(all.clone()).await.unwrap(), [unused]);
    assert_eq!(db.assets().await.unwrap().rows, std::slice::from_ref(&used));
    // The node is deleted: from now on nothing refers to it.
    db.commit(one(key, deleted(author.stamp(), true))).await.unwrap();
    assert_eq!(db.remove_assets(all).await.unwrap(), [used]);
}

pub async fn uses_follow_what_nodes_say(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let (first, second) = (asset(&mut author, "a"), asset(&mut author, "b"));
    for asset in [&first, &second] {
        db.add_asset(asset.clone()).await.unwrap();
    }
    assert_eq!(db.uses().await.unwrap(), []);
    let (_, _, key) = node(&mut author);
    db.commit(one(key, showing(author.stamp(), &first))).await.unwrap();
    assert_eq!(db.uses().await.unwrap(), [use_of(&first, key)]);
    // Another field, of the node's run.
    let run = format!(r#"{{"status":"done","result":{}}}"#, serde_json::to_string(&second.reference()).unwrap());
    db.commit(one(key, set("run", author.stamp(), json(&run)))).await.unwrap();
    assert_eq!(db.uses().await.unwrap(), [use_of(&first, key), use_of(&second, key)]);
    // What says nothing of media changes nothing, and neither does what comes too late.
    db.commit(one(key, set("title", author.stamp(), "Title"))).await.unwrap();
    db.commit(one(key, set("config.picture", Author::new(0).stamp(), "late"))).await.unwrap();
    assert_eq!(db.uses().await.unwrap().len(), 2);
    db.commit(one(key, showing(author.stamp(), &second))).await.unwrap();
    assert_eq!(db.uses().await.unwrap(), [use_of(&second, key)]);
    db.commit(one(key, removed("config.picture", author.stamp()))).await.unwrap();
    db.commit(one(key, removed("run", author.stamp()))).await.unwrap();
    assert_eq!(db.uses().await.unwrap(), []);
}

pub async fn uses_follow_deletion_and_restoration(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let shown = asset(&mut author, "a");
    db.add_asset(shown.clone()).await.unwrap();
    let (_, _, key) = node(&mut author);
    let (_, _, other) = node(&mut author);
    for key in [key, other] {
        db.commit(one(key, showing(author.stamp(), &shown))).await.unwrap();
    }
    db.commit(one(key, deleted(author.stamp(), true))).await.unwrap();
    assert_eq!(db.uses().await.unwrap(), [use_of(&shown, other)]);
    db.commit(one(key, deleted(author.stamp(), false))).await.unwrap();
    assert_eq!(db.uses().await.unwrap(), [use_of(&shown, key), use_of(&shown, other)]);
    db.delete(other.workflow).await.unwrap();
    assert_eq!(db.uses().await.unwrap(), [use_of(&shown, key)]);
    assert_eq!(db.assets().await.unwrap().rows, [shown]);
}

pub async fn two_connections_keep_one_index(harness: Rc<dyn Harness>) {
    let (left, right, mut author) = (harness.db().await, harness.db().await, Author::new(1));
    let shown = asset(&mut author, "a");
    left.add_asset(shown.clone()).await.unwrap();
    let (_, _, key) = node(&mut author);
    // Each sets a field; the row has both in the end, and so has the index.
    let (picture, mask) = (showing(author.stamp(), &shown), removed("config.picture", Author::new(0).stamp()));
    let (left_one, right_one) =
        harness.within(join(left.commit(one(key, picture)), right.commit(one(key, mask)))).await;
    left_one.unwrap();
    right_one.unwrap();
    assert_eq!(left.uses().await.unwrap(), [use_of(&shown, key)]);
    assert_eq!(right.remove_assets([shown.id].into()).await.unwrap(), []);
}

pub async fn a_commit_names_the_assets_that_are_not_here(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let (here, gone) = (asset(&mut author, "a"), asset(&mut author, "b"));
    db.add_asset(here.clone()).await.unwrap();
    let ((_, _, shows), (_, _, shows_gone)) = (node(&mut author), node(&mut author));
    let mut batch = crate::author::batch_of([(shows, showing(author.stamp(), &here))]);
    assert_eq!(db.commit(Arc::new(batch.clone())).await.unwrap().missing, BTreeSet::new());
    batch.merge(shows_gone, &showing(author.stamp(), &gone));
    // The edit is stored all the same.
    let committed = db.commit(Arc::new(batch)).await.unwrap();
    assert_eq!(committed.missing, BTreeSet::from([gone.id]));
    assert_eq!(db.load(shows_gone.workflow).await.unwrap().nodes.rows.len(), 1);
    // It may come later, and is then in use already.
    db.add_asset(gone.clone()).await.unwrap();
    assert_eq!(db.remove_assets([gone.id].into()).await.unwrap(), []);
    let title = set("title", author.stamp(), "Title");
    assert_eq!(db.commit(one(shows_gone, title)).await.unwrap().missing, BTreeSet::new());
}

pub async fn fields_of_an_asset_that_only_a_newer_build_knows_survive(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let mut newer = asset(&mut author, "a");
    newer.extra.put("palette", json(r#"["\u00e9", 12345678901234567890, {"b":1,"a":2}]"#));
    db.add_asset(newer.clone()).await.unwrap();
    let read = by_id(&*db, newer.id).await.unwrap();
    let changed = Asset { width: Some(4), ..read };
    db.change_asset(changed.clone()).await.unwrap();
    let read = by_id(&*db, newer.id).await.unwrap();
    assert_eq!(read.extra.get("palette").map(Json::text), newer.extra.get("palette").map(Json::text));
    assert_eq!(read, changed);
}

pub async fn every_kind_of_place_and_every_number_comes_back(harness: Rc<dyn Harness>) {
    use storage::model::AssetPlace;

    let (db, mut author) = (harness.db().await, Author::new(1));
    for (number, place) in [
        AssetPlace::Opfs { path: "atelier/assets/image/é".into() },
        AssetPlace::FsHandle { handle_id: "a \"name\"".into() },
        AssetPlace::Idb { blob_key: "key".into() },
        AssetPlace::Url { url: "https://example.org/?a=b&c".into() },
    ]
    .into_iter()
    .enumerate()
    {
        let kept = Asset {
            place,
            bytes: (1 << 53) + 1,
            crc32: u32::MAX,
            duration: Some(0.1 + 0.2),
            height: Some(u32::MAX),
            thumbnail: Some("data:image/png;base64,AAAA".into()),
            ..asset(&mut author, &number.to_string())
        };
        db.add_asset(kept.clone()).await.unwrap();
        assert_eq!(by_id(&*db, kept.id).await, Some(kept.clone()));
        assert_eq!(kept.kind(), MediaKind::Image);
    }
}

pub async fn a_thumbnail_comes_with_its_asset_alone_and_goes_with_it(harness: Rc<dyn Harness>) {
    let (db, mut author) = (harness.db().await, Author::new(1));
    let look = Some("data:image/webp;base64,AAAA".to_owned());
    let shown = Asset { thumbnail: look.clone(), ..asset(&mut author, "a") };
    let again = Asset { thumbnail: Some("data:,other".into()), ..asset(&mut author, "a") };
    db.add_asset(shown.clone()).await.unwrap();
    assert_eq!(db.add_asset(again).await.unwrap(), shown, "what is known comes with its own");
    assert_eq!((by_id(&*db, shown.id).await, by_hash(&*db, &shown).await), (Some(shown.clone()), Some(shown.clone())));
    assert_eq!(db.assets().await.unwrap().rows, [shown.clone().without_thumbnail()], "10,000 would be 70 MB");
    let plain = shown.clone().without_thumbnail();
    assert!(db.change_asset(plain.clone()).await.unwrap());
    assert_eq!(by_id(&*db, shown.id).await, Some(plain));
    assert!(db.change_asset(shown.clone()).await.unwrap());
    assert_eq!(db.remove_assets([shown.id].into()).await.unwrap(), std::slice::from_ref(&shown));
    let bare = shown.without_thumbnail();
    db.add_asset(bare.clone()).await.unwrap();
    assert_eq!(by_id(&*db, bare.id).await, Some(bare), "nothing was left of it");
}
