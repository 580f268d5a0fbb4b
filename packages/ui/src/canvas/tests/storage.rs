//! The storage panel.

use std::sync::Arc;

use dioxus::prelude::*;
use storage::{
    blobs::{Files, FolderState, Look, Place, Ticket, Where},
    model::{Asset, MediaKind, Viewport},
};

use super::{
    ingest::{MP4, png},
    media::looks,
    stage::Stage,
};
use crate::{
    media::Incoming,
    panels::storage::{Report, StorageDesk, Task},
    store::{Selection, Store},
};

fn none(_: &Store) {}

impl Stage {
    async fn open_storage(&mut self) {
        let mut desk: StorageDesk = self.context();
        self.store.session().flush().await;
        self.act(|_| desk.open.set(true));
        self.until("it is counted", |stage| stage.panel().contains("data-storage-used")).await;
    }

    fn panel(&self) -> String {
        let html = self.html();
        html.split_once(r#"class="drawer""#).map(|(_, rest)| rest.to_owned()).unwrap_or_default()
    }

    async fn assets(&self) -> Vec<Asset> {
        self.store.session().assets().usage().await.unwrap().assets
    }
}

/// A picture and a video that are used, and two pictures that aren't.
async fn filled() -> Stage {
    let (mut stage, ()) = Stage::new(none).await;
    stage.picture("used.png", 0.).await;
    let video = stage.kept(Incoming::of_bytes("film.mp4", MP4), Look::default()).await;
    assert_eq!(video.kind(), MediaKind::Video);
    stage.holding(&video, 300., 0.);
    for name in ["old-1.png", "old-22.png"] {
        stage.kept(png(name), looks()).await;
    }
    stage
}

#[tokio::test]
async fn the_panel_says_what_is_kept_where_and_for_whom() {
    let mut stage = filled().await;
    stage.open_storage().await;
    let html = stage.panel();
    // 24 + 24 + 25 + 26 bytes.
    let total: u64 = stage.assets().await.iter().map(|asset| asset.bytes).sum();
    for words in [
        r#"role="region""#.to_owned(),
        format!(r#"data-storage-media="{total}""#),
        "Video 24 B".into(),
        "Images 75 B".into(),
        r#"data-unused="2""#.into(),
        format!(r#"data-storage-place="Database" data-bytes="{total}""#),
        r#"data-bytes="48""#.into(),
        "All files".into(),
        "film.mp4".into(),
        "Not used".into(),
    ] {
        assert!(html.contains(&words), "{words}: {html}");
    }
    let workflow = stage.store.open_id().unwrap();
    assert!(html.contains(&format!(r#"data-storage-workflow="{workflow}" data-bytes="48""#)), "{html}");
}

#[tokio::test]
async fn nothing_is_removed_before_the_list_was_seen_and_agreed_to() {
    let mut stage = filled().await;
    stage.open_storage().await;
    assert!(!stage.panel().contains("selected"), "nothing is chosen by itself");
    stage.press("Look");
    stage.tick("old-1.png", true);
    assert!(stage.panel().contains("in 1 file selected"), "{}", stage.panel());
    stage.press("Review 1 file…");
    let html = stage.html();
    let dialog = html.split(r#"class="dialog""#).nth(1).unwrap();
    assert!(dialog.contains("Delete 1 file") && dialog.contains("This frees 25 B"), "{dialog}");
    assert!(dialog.contains("old-1.png") && !dialog.contains("old-22.png") && !dialog.contains("used.png"), "{dialog}");
    stage.press("Keep them");
    assert_eq!(stage.assets().await.len(), 4, "it can be undone until then");
    stage.tick("All files that no workflow uses", true);
    stage.press("Review 2 files…");
    stage.press("Delete 2 files");
    stage.until("they are gone", |stage| stage.panel().contains(r#"data-unused="0""#)).await;
    let names: Vec<_> = stage.assets().await.into_iter().filter_map(|asset| asset.name).collect();
    assert_eq!(names, ["used.png", "film.mp4"]);
    assert!(!stage.panel().contains("selected"));
}

#[tokio::test]
async fn what_is_used_again_by_then_stays() {
    let mut stage = filled().await;
    stage.open_storage().await;
    stage.tick("All files that no workflow uses", true);
    stage.press("Review 2 files…");
    let old = stage.assets().await.into_iter().find(|asset| asset.name.as_deref() == Some("old-1.png")).unwrap();
    let node = stage.holding(&old, 0., 500.);
    stage.store.session().flush().await;
    stage.press("Delete 2 files");
    stage.until("it says so", |stage| stage.html().contains("1 file stays: a workflow uses")).await;
    assert_eq!(stage.assets().await.len(), 3);
    stage.until("it is shown", |stage| stage.card(node).contains("old-1.png")).await;
}

#[tokio::test]
async fn a_node_that_is_deleted_gives_its_file_free_and_undo_takes_it_back() {
    let mut stage = filled().await;
    let node = stage.node_ids()[0];
    let removed = stage.act(|editor| editor.store.remove(&Selection::node(node)).unwrap());
    stage.open_storage().await;
    assert!(stage.panel().contains(r#"data-unused="3""#));
    stage.act(|editor| editor.store.restore(&removed));
    stage.store.session().flush().await;
    let desk: StorageDesk = stage.context();
    desk.count(&stage.store).await;
    stage.render();
    assert!(stage.panel().contains(r#"data-unused="2""#));
}

#[tokio::test]
async fn verifying_says_that_all_is_well() {
    let mut stage = filled().await;
    stage.open_storage().await;
    stage.press("Verify");
    stage.until("the report", |stage| stage.panel().contains("4 files are as they were")).await;
    let desk: StorageDesk = stage.context();
    assert_eq!((desk.report)(), Some(Report::Fine(Task::Verify, 4)));
    assert!(desk.work.peek().is_none());
}

#[tokio::test]
async fn work_goes_on_when_the_panel_is_closed() {
    let mut stage = filled().await;
    stage.open_storage().await;
    stage.press("Verify");
    stage.press("Close");
    assert_eq!(stage.panel(), "");
    let desk: StorageDesk = stage.context();
    stage.until("it is done", |_| desk.work.peek().is_none() && desk.report.peek().is_some()).await;
}

#[tokio::test]
async fn of_many_files_those_in_sight_have_elements() {
    let (mut stage, ()) = Stage::new(none).await;
    for n in 0..300 {
        stage.kept(png(&format!("{n}.png")), looks()).await;
    }
    stage.open_storage().await;
    let html = stage.panel();
    let rows = html.matches("data-storage-asset").count();
    assert!((8..=20).contains(&rows), "{rows}");
    assert!(html.contains("height:15600px"), "all of them can be scrolled to");
}

#[tokio::test]
async fn an_empty_device_has_nothing_to_clean_up() {
    let (mut stage, ()) = Stage::new(none).await;
    stage.open_storage().await;
    let html = stage.panel();
    assert!(!html.contains("Free up space") && !html.contains("All files"), "{html}");
    assert!(html.contains("Where originals are"));
}

/// A folder on the disk; it goes when the test ends.
struct Disk(std::path::PathBuf);

impl Disk {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("atelier-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn place(&self) -> Arc<dyn Place> {
        Arc::new(Files::chosen(&self.0, uuid::Uuid::from_u128(7)))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

fn granted() -> FolderState {
    FolderState::Granted { name: "disk".into() }
}

impl Stage {
    /// What the panel says of the folder.
    fn folder_row(&self) -> String {
        let panel = self.panel();
        let (_, rest) = panel.split_once(r#"data-storage-place="Folder""#).unwrap_or_else(|| panic!("{panel}"));
        rest.split("Whether every file").next().unwrap().to_owned()
    }

    fn set_folder(&self, disk: &Disk, state: FolderState) {
        let place = matches!(state, FolderState::Granted { .. }).then(|| disk.place());
        self.store.session().assets().pretend_folder(place, state);
    }
}

#[tokio::test]
async fn the_panel_says_what_is_with_the_folder_and_offers_the_way_out() {
    let disk = Disk::new("panel");
    let mut stage = filled().await;
    stage.open_storage().await;
    let row = stage.folder_row();
    assert!(row.contains("A folder of your own") && row.contains("Choose…") && !row.contains("Change…"), "{row}");
    assert!(!row.contains("Move") && !row.contains("Stop using it"), "{row}");

    stage.set_folder(&disk, granted());
    stage.until("it is granted", |stage| stage.folder_row().contains(r#"data-folder-state="granted""#)).await;
    let row = stage.folder_row();
    assert!(row.contains("Move media to it") && row.contains("Change…") && row.contains("Stop using it"), "{row}");
    assert!(!row.contains("Move back") && !row.contains("Allow"), "{row}");
    assert!(stage.panel().contains("new media go here"), "once there are two places it is said which");

    stage.press("Move media to it");
    stage.until("the report", |stage| stage.panel().contains("All media are in your folder")).await;
    let row = stage.folder_row();
    assert!(row.contains("4 files · new media go here") && row.contains("Move back"), "{row}");
    assert!(!row.contains("Move media to it") && !row.contains("Stop using it"), "{row}");

    for (state, name, words, button) in [
        (FolderState::NeedsClick { name: "disk".into() }, "needs-click", "Nothing is lost", "Allow access to “disk”"),
        (FolderState::Denied { name: "disk".into() }, "denied", "4 files. The system doesn’t let", "Ask again"),
        (FolderState::Missing { name: "disk".into() }, "missing", "4 files. It isn’t there", "Look again"),
    ] {
        stage.set_folder(&disk, state);
        let attribute = format!(r#"data-folder-state="{name}""#);
        stage.until(name, |stage| stage.folder_row().contains(&attribute)).await;
        let row = stage.folder_row();
        assert!(row.contains(words) && row.contains(button) && row.contains("Change…"), "{row}");
        assert!(!row.contains("Move") && !row.contains("Stop using it"), "{row}");
        assert!(stage.panel().contains("new media go here until your folder can be used"), "{name}");
    }
}

#[tokio::test]
async fn a_card_says_that_its_original_is_in_a_folder_that_needs_a_click_and_shows_it_afterwards() {
    let disk = Disk::new("card");
    let (mut stage, ()) = Stage::new(none).await;
    let (node, asset) = stage.picture("cat.png", 0.).await;
    let (other, _) = stage.picture("own.png", 400.).await;
    let assets = stage.store.session().assets().clone();
    stage.set_folder(&disk, granted());
    assets.move_all(Where::Folder, Ticket::default()).await.unwrap();
    let back = stage.kept(png("stays.png"), looks()).await;
    assert_eq!(Where::of(&back.place), Where::Folder);
    stage.store.learn_assets_again().await;
    let original = format!("media://localhost/{}", asset.id);
    stage.act(|editor| editor.look(Viewport { x: 0., y: 0., zoom: 2. }));
    stage.until("the original", |stage| stage.card(node).contains(&original)).await;
    assert!(!stage.html().contains("data-folder-state"), "nothing is said while all is well");

    stage.set_folder(&disk, FolderState::NeedsClick { name: "disk".into() });
    stage.until("it is said", |stage| stage.card(node).contains("needs-click")).await;
    let card = stage.card(node);
    assert!(card.contains("Allow access to “disk”") && !card.contains(&original), "{card}");
    assert!(card.contains("data:image/webp"), "the thumbnail stands: {card}");
    stage.set_folder(&disk, FolderState::Missing { name: "disk".into() });
    stage.until("it is said", |stage| stage.card(node).contains("isn’t there now")).await;
    assert!(stage.card(other).contains("Look again"));

    stage.set_folder(&disk, granted());
    stage.until("the original again", |stage| stage.card(node).contains(&original)).await;
    assert!(!stage.html().contains("data-folder-state"));
}

#[tokio::test]
async fn while_a_folder_cannot_be_used_new_files_come_in_elsewhere() {
    let disk = Disk::new("elsewhere");
    let (mut stage, ()) = Stage::new(none).await;
    let assets = stage.store.session().assets().clone();
    stage.set_folder(&disk, granted());
    assets.move_all(Where::Folder, Ticket::default()).await.unwrap();
    stage.set_folder(&disk, FolderState::NeedsClick { name: "disk".into() });
    let kept = stage.kept(png("a.png"), looks()).await;
    assert_eq!(Where::of(&kept.place), Where::Database);
    assert_eq!(assets.preferred(), Where::Folder);
    stage.set_folder(&disk, granted());
    assert_eq!(Where::of(&stage.kept(png("b.png"), looks()).await.place), Where::Folder);
}
