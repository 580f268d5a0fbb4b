//! The viewer.

use dioxus::prelude::Key;
use storage::{blobs::Look, model::NodeId};

use super::{
    ingest::MP3,
    stage::{Stage, add},
};
use crate::{
    media::Incoming,
    store::{Selection, Store},
    viewer::Viewer,
};

fn none(_: &Store) {}

impl Stage {
    fn open_viewer(&mut self, node: NodeId) {
        let viewer: Viewer = self.context();
        self.act(|_| viewer.open(node));
    }

    fn viewer(&self) -> String {
        let html = self.html();
        html.split_once(r#"class="viewer""#).map(|(_, rest)| rest.to_owned()).unwrap_or_default()
    }
}

/// Three pictures in a row, and a sound below them.
async fn row() -> (Stage, Vec<NodeId>) {
    let (mut stage, ()) = Stage::new(none).await;
    let mut nodes = Vec::new();
    for (n, name) in ["one.png", "two.png", "three.png"].iter().enumerate() {
        let (node, _) = stage.picture(name, 300. * n as f64).await;
        stage.act(|editor| editor.store.rename_node(node, name.trim_end_matches(".png")));
        nodes.push(node);
    }
    let sound = stage.kept(Incoming::of_bytes("song.mp3", MP3), Look::default()).await;
    nodes.push(stage.holding(&sound, 0., 400.));
    (stage, nodes)
}

#[tokio::test]
async fn a_double_click_opens_a_picture_and_it_says_what_it_is() {
    let (mut stage, ()) = Stage::new(none).await;
    let (_, asset) = stage.picture("cat.png", 0.).await;
    stage.store.session().flush().await;
    stage.until("the picture", |stage| stage.html().contains("cat.png")).await;
    stage.press_twice("cat.png1600 × 1200 · 23 B");
    let original = format!("media://localhost/{}", asset.id);
    stage.until("the original", |stage| stage.viewer().contains(&original)).await;
    stage.until("who uses it", |stage| stage.viewer().contains("<dd>Image</dd>")).await;
    let html = stage.viewer();
    for words in [
        r#"role="dialog" aria-modal="true" aria-label="Viewer""#,
        "1 of 1",
        "PNG image",
        "1600 × 1200",
        "23 B",
        asset.hash.as_str(),
        "database",
        r#"aria-label="Download""#,
    ] {
        assert!(html.contains(words), "{words}: {html}");
    }
    stage.press("Close");
    assert_eq!(stage.viewer(), "");
}

#[tokio::test]
async fn the_next_and_the_one_before_are_shown_in_reading_order() {
    let (mut stage, nodes) = row().await;
    stage.open_viewer(nodes[0]);
    stage.until("the first", |stage| stage.viewer().contains("1 of 4")).await;
    for (key, place) in [
        (Key::ArrowRight, "2 of 4"),
        (Key::ArrowLeft, "1 of 4"),
        (Key::ArrowLeft, "4 of 4"),
        (Key::ArrowRight, "1 of 4"),
        (Key::End, "4 of 4"),
        (Key::Home, "1 of 4"),
    ] {
        stage.key_in("Viewer", key);
        assert!(stage.viewer().contains(place), "{place}");
    }
    stage.press("three");
    assert!(stage.viewer().contains("3 of 4"));
    stage.press("song.mp3");
    assert!(stage.viewer().contains("4 of 4"));
    stage.until("the player", |stage| stage.viewer().contains("<audio")).await;
    assert!(!stage.viewer().contains(r#"class="shot"#));
    stage.key_in("Viewer", Key::Escape);
    assert_eq!(stage.viewer(), "");
}

#[tokio::test]
async fn two_pictures_are_compared_and_change_places() {
    let (mut stage, nodes) = row().await;
    stage.open_viewer(nodes[0]);
    stage.press("Slider");
    stage.until("both", |stage| stage.viewer().matches("data-shown-asset").count() == 2).await;
    let html = stage.viewer();
    assert!(html.contains("A · one") && html.contains("B · two"), "{html}");
    assert!(html.contains("clip-path:inset(0 0 0 50%)") && html.contains(r#"role="slider""#), "{html}");
    stage.until("what differs", |stage| stage.viewer().contains("What differs")).await;
    stage.key_in("Edge between A and B", Key::ArrowRight);
    assert!(stage.viewer().contains("clip-path:inset(0 0 0 52%)"));
    stage.press("Swap A and B");
    assert!(stage.viewer().contains("A · two") && stage.viewer().contains("B · one"));
    stage.press("Side by side");
    assert_eq!(stage.viewer().matches(r#"class="pane"#).count(), 2);
    stage.press("Difference");
    assert!(stage.viewer().contains("differs"));
    // A sound can't be compared.
    stage.press("song.mp3");
    assert!(stage.viewer().contains("4 of 4") && !stage.viewer().contains("B · "));
}

#[tokio::test]
async fn a_node_that_is_deleted_meanwhile_is_said_to_be() {
    let (mut stage, nodes) = row().await;
    stage.open_viewer(nodes[1]);
    stage.act(|editor| editor.store.remove(&Selection::node(nodes[1])));
    assert!(stage.viewer().contains("in this workflow any more"), "{}", stage.viewer());
    stage.press("Close");
    assert_eq!(stage.viewer(), "");
}

#[tokio::test]
async fn a_node_is_found_in_the_workflow_again() {
    let (mut stage, nodes) = row().await;
    let away = stage.act(|editor| add(&editor.store, "note", 9_000., 9_000.));
    stage.open_viewer(nodes[2]);
    stage.press("Show in the workflow");
    assert_eq!(stage.viewer(), "");
    assert_eq!(stage.store.selection(), Selection::node(nodes[2]));
    assert!(!stage.html().contains(&away.to_string()));
}
