//! Where a large file goes: to the place that the user chooses in the system's dialog.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use storage::{
    blobs::{Assets, Ticket},
    package::Layout,
};

use super::{
    super::Saved,
    files::{create, downloads},
};

/// A dialog that is called off sooner than anybody can was never shown: some systems have none.
const SOON: Duration = Duration::from_millis(300);

/// Where a file is to go.
pub enum Target {
    /// Here, in place of what may be there: the dialog has asked about that.
    Chosen(PathBuf),
    /// Among the downloads, under this name or one that nothing has yet.
    Downloads(String),
}

/// Has the user choose where a file is to go. None: the user thought better of it.
///
/// # Errors
/// None that is known; a browser has some.
pub fn choose_target(name: &str) -> impl Future<Output = Result<Option<Target>, String>> + use<> {
    let (name, asked) = (name.to_owned(), Instant::now());
    let mut dialog =
        rfd::AsyncFileDialog::new().set_title("Save").set_file_name(&name).add_filter("Packages", &["zip"]);
    if let Ok(folder) = downloads() {
        dialog = dialog.set_directory(folder);
    }
    let opened = dialog.save_file();
    async move {
        Ok(match opened.await {
            Some(file) => Some(Target::Chosen(file.path().to_owned())),
            None if asked.elapsed() < SOON => Some(Target::Downloads(name)),
            None => None,
        })
    }
}

/// Nothing is going to be saved there. Nothing has been made so far.
pub async fn abandon(_target: Target) {}

/// Saves a package or a backup, and says where.
///
/// # Errors
/// Why not, in words.
pub async fn save_archive(layout: &Layout, assets: &Assets, target: Target, ticket: &Ticket) -> Result<Saved, String> {
    let (path, is_ours) = match target {
        Target::Chosen(path) => (path, false),
        // Its name is taken, so that nobody else's file is replaced.
        Target::Downloads(name) => (create(&downloads()?, &name).map_err(|error| error.to_string())?.1, true),
    };
    let saved = layout.save(assets, &path, ticket.clone()).await;
    if saved.is_err() && is_ours {
        // Empty, and of no use.
        let _stays = fs::remove_file(&path);
    }
    saved.map(|()| Saved::At(path.display().to_string())).map_err(|error| error.to_string())
}
