//! Cards of files.

use storage::{
    blobs::{Look, Ticket},
    model::{Asset, NodeId, Point, Viewport},
};

use super::{
    ingest::{MP3, MP4, PDF, png},
    stage::{Stage, add, set},
};
use crate::{media::Incoming, store::Store};

const THUMBNAIL: &str = "data:image/webp;base64,AAAA";

fn none(_: &Store) {}

impl Stage {
    /// A content that is kept, and what it looks like.
    pub async fn kept(&mut self, file: Incoming, look: Look) -> Asset {
        let assets = self.store.session().assets().clone();
        let added = assets.put(file.source, Some(file.name), Ticket::default()).await.unwrap();
        assets.set_look(added.asset.id, look).await.unwrap();
        assets.asset(added.asset.id).await.unwrap().unwrap()
    }

    /// A node that holds it.
    pub fn holding(&mut self, asset: &Asset, x: f64, y: f64) -> NodeId {
        let workflow = self.store.open_id().unwrap();
        self.act(|editor| editor.store.add_media(workflow, asset, Point { x, y }, None).unwrap())
    }

    /// A picture with a thumbnail, on the canvas.
    pub async fn picture(&mut self, name: &str, x: f64) -> (NodeId, Asset) {
        let asset = self.kept(png(name), looks()).await;
        (self.holding(&asset, x, 0.), asset)
    }
}

pub fn looks() -> Look {
    Look { width: Some(1600), height: Some(1200), duration: None, thumbnail: Some(THUMBNAIL.into()) }
}

fn at_zoom(zoom: f64) -> Viewport {
    Viewport { x: 0., y: 0., zoom }
}

#[tokio::test]
async fn a_small_picture_is_its_thumbnail_and_a_large_one_its_original() {
    let (mut stage, ()) = Stage::new(none).await;
    let (node, asset) = stage.picture("sketch.png", 0.).await;
    stage.until("the thumbnail", |stage| stage.card(node).contains(THUMBNAIL)).await;
    let card = stage.card(node);
    let marks = format!(r#"data-asset-id="{}" data-loaded="false""#, asset.id);
    assert!(card.contains("<img") && card.contains(&marks), "{card}");
    assert!(card.contains("sketch.png") && card.contains("1600 × 1200 · 26 B"), "{card}");
    let original = format!("media://localhost/{}", asset.id);
    assert!(!card.contains(&original));
    stage.act(|editor| editor.look(at_zoom(2.)));
    stage.until("the original", |stage| stage.card(node).contains(&original)).await;
    stage.act(|editor| editor.look(at_zoom(0.5)));
    stage.until("the thumbnail again", |stage| stage.card(node).contains(THUMBNAIL)).await;
    assert!(!stage.card(node).contains(&original), "the browser may forget it");
}

#[tokio::test]
async fn a_picture_without_a_thumbnail_shows_its_original() {
    let (mut stage, ()) = Stage::new(none).await;
    let svg =
        Incoming::of_bytes("drawing.svg", *b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>");
    let asset = stage.kept(svg, Look::default()).await;
    let node = stage.holding(&asset, 0., 0.);
    stage.until("the original", |stage| stage.card(node).contains("media://")).await;
    // As a picture it is inert: no script of it runs, and it loads nothing.
    let card = stage.card(node);
    assert!(card.contains("<img src=\"media://") && !card.contains("<script") && !card.contains("<object"), "{card}");
}

#[tokio::test]
async fn what_is_not_on_this_device_says_so() {
    let (mut stage, ()) = Stage::new(none).await;
    let asset = stage.kept(png("cat.png"), looks()).await;
    let gone = stage.store.session().assets().clean_up([asset.id].into()).await.unwrap();
    assert_eq!(gone.removed, 1);
    let node = stage.holding(&asset, 0., 0.);
    stage.until("it says so", |stage| stage.card(node).contains("Not on this device")).await;
    let card = stage.card(node);
    assert!(card.contains("PNG image · 23 B") && !card.contains("<img"), "{card}");
    // The same content comes again, under another name.
    stage.drop_files(vec![Incoming::of_bytes("found.png", png("cat.png").read().await.unwrap())], Some(node));
    stage.until("it is shown", |stage| stage.card(node).contains("found.png")).await;
    assert_eq!(stage.node_ids(), [node]);
}

#[tokio::test]
async fn videos_and_sounds_have_players_that_wait_for_the_user() {
    let (mut stage, ()) = Stage::new(none).await;
    let look = Look { duration: Some(65.), ..looks() };
    let video = stage.kept(Incoming::of_bytes("a.mp4", MP4), look).await;
    let sound = stage.kept(Incoming::of_bytes("b.mp3", MP3), Look { duration: Some(4.), ..Look::default() }).await;
    let (video, sound) = (stage.holding(&video, 0., 0.), stage.holding(&sound, 400., 0.));
    stage
        .until("the players", |stage| stage.card(video).contains("<video") && stage.card(sound).contains("<audio"))
        .await;
    for node in [video, sound] {
        let card = stage.card(node);
        assert!(card.contains("controls") && !card.contains("autoplay"), "{card}");
        assert!(card.contains("data-asset-id"), "{card}");
    }
    let card = stage.card(video);
    assert!(card.contains(&format!(r#"poster="{THUMBNAIL}""#)) && card.contains(r#"data-loaded="true""#), "{card}");
    assert!(card.contains("1:05") && stage.card(sound).contains("0:04"));
    // From further away the poster is enough.
    stage.act(|editor| editor.look(at_zoom(0.4)));
    stage.until("the poster", |stage| stage.card(video).contains("<img")).await;
    assert!(!stage.card(video).contains("<video"));
}

#[tokio::test]
async fn any_other_file_is_named_and_never_opened() {
    let (mut stage, ()) = Stage::new(none).await;
    for (file, words) in [
        (Incoming::of_bytes("paper.pdf", PDF), "PDF file"),
        (Incoming::of_bytes("page.html", *b"<!DOCTYPE html><script>alert(1)</script>"), "HTML page"),
    ] {
        let asset = stage.kept(file, Look::default()).await;
        let node = stage.holding(&asset, 0., 0.);
        stage.until(words, |stage| stage.card(node).contains(words)).await;
        let card = stage.card(node);
        for element in ["<iframe", "<object", "<embed", "<script", "<a ", "media://", "alert"] {
            assert!(!card.contains(element), "{element}: {card}");
        }
    }
}

#[tokio::test]
async fn a_name_is_text_and_nothing_else() {
    let (mut stage, ()) = Stage::new(none).await;
    let asset = stage.kept(png("<img src=x onerror=alert(1)>.png"), looks()).await;
    let node = stage.holding(&asset, 0., 0.);
    stage.until("its name", |stage| stage.card(node).contains("onerror")).await;
    assert!(!stage.card(node).contains("<img src=x"), "{}", stage.card(node));
}

#[tokio::test]
async fn what_leaves_the_screen_is_let_go_of() {
    let (mut stage, ()) = Stage::new(none).await;
    for n in 0..3 {
        stage.picture(&format!("{n}.png"), f64::from(n) * 300.).await;
    }
    stage.until("all are known", |stage| stage.html().matches(THUMBNAIL).count() == 3).await;
    assert_eq!(stage.store.remembered_assets(), 3);
    stage.act(|editor| editor.look(Viewport { x: -20_000., y: 0., zoom: 1. }));
    stage.until("none is mounted", |stage| !stage.html().contains("data-asset-id")).await;
    assert_eq!(stage.store.remembered_assets(), 0);
}

#[tokio::test]
async fn an_edit_of_another_node_renders_no_picture() {
    let (mut stage, note) = Stage::new(|store| add(store, "prompt", 500., 500.)).await;
    let (node, _) = stage.picture("cat.png", 0.).await;
    stage.until("the thumbnail", |stage| stage.card(node).contains(THUMBNAIL)).await;
    let rendered = stage.rendered_by(|editor| set(&editor.store, note, "text", "words"));
    assert!(rendered.iter().all(|name| name.ends_with(&note.to_string())), "{rendered:?}");
    let rendered = stage.rendered_by(|editor| editor.store.move_nodes(&[(node, Point { x: 9., y: 9. })]));
    assert!(!rendered.iter().any(|name| name.starts_with("Still")), "{rendered:?}");
}

#[tokio::test]
async fn a_file_is_a_labelled_setting_in_the_inspector() {
    let (mut stage, ()) = Stage::new(none).await;
    let (node, asset) = stage.picture("cat.png", 0.).await;
    stage.act(|editor| editor.store.select(crate::store::Selection::node(node)));
    stage.until("its facts", |stage| stage.html().contains("<dt>Hash</dt>")).await;
    let html = stage.html();
    let inspector = html.split("<aside").nth(1).unwrap();
    assert!(inspector.contains(">File</label>") && inspector.contains("cat.png"), "{inspector}");
    assert!(inspector.contains(&asset.hash) && inspector.contains("PNG image"), "{inspector}");
    stage.press("View");
    assert!(stage.html().contains(r#"class="viewer""#));
}
