//! Files of the disk's: chosen, dropped, pasted, saved.

use std::{
    fs::{self, File},
    future::Future,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use dioxus::{
    html::{DragData, FileData, HasFileData},
    prelude::*,
};
use serde_json::Value;
use storage::{
    Error, Location,
    backend::sqlite::{Salvaged, Sqlite},
    blobs::{Added, Assets, Source, Ticket},
    model::AssetId,
    package::{BACKUP_EXTENSION, EXTENSION},
};
use tokio::task::spawn_blocking;

use crate::media::{Incoming, name_of_address, words};

/// More files than this at once are a mistake: a whole disk was dropped.
const MOST: usize = 10_000;
/// How much of a file is in memory while it is saved.
const PIECE: u64 = 1 << 20;

/// What the user has chosen in a field.
pub fn chosen(files: Vec<FileData>) -> Vec<Incoming> {
    files.iter().map(|file| incoming(&file.path(), file.size())).collect()
}

fn incoming(path: &Path, bytes: u64) -> Incoming {
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Incoming { name, bytes, source: Source::File(path.to_owned()) }
}

/// What was dropped, folders with all that is in them.
pub fn dropped(event: &DragData) -> impl Future<Output = Vec<Incoming>> + use<> {
    let paths: Vec<_> = event.files().iter().map(FileData::path).collect();
    // A disk may be slow; the window must not wait for it.
    async move { spawn_blocking(move || walk(paths)).await.unwrap_or_default() }
}

/// What is at paths that the application was started with, folders with all that is in them.
pub async fn at(paths: Vec<PathBuf>) -> Vec<Incoming> {
    spawn_blocking(move || walk(paths)).await.unwrap_or_default()
}

/// All files in these and below. What can't be read is left out: the others come in. Links to folders aren't followed, or they
/// might lead in a circle.
fn walk(given: Vec<PathBuf>) -> Vec<Incoming> {
    // Each with whether the user has named it: then it comes in even if it is hidden, or a link.
    let mut waiting: Vec<_> = given.into_iter().rev().map(|path| (path, true)).collect();
    let mut found = Vec::new();
    while let Some((path, named)) = waiting.pop() {
        if found.len() >= MOST {
            tracing::warn!("more than {MOST} files were dropped at once; the rest is left out");
            break;
        }
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let looked = if named { fs::metadata(&path) } else { fs::symlink_metadata(&path) };
        let Some(looked) = looked.ok().filter(|_| named || !hidden) else { continue };
        if looked.is_dir() {
            let Ok(entries) = fs::read_dir(&path) else { continue };
            let mut inside: Vec<_> = entries.flatten().map(|entry| (entry.path(), false)).collect();
            inside.sort_by(|one, other| other.cmp(one));
            waiting.extend(inside);
        } else if looked.is_file() {
            found.push(incoming(&path, looked.len()));
        }
    }
    found
}

/// Calls `take` with the files of the clipboard whenever the user pastes some, and not into a text. The window's own events
/// don't carry them.
pub fn on_paste(take: impl Fn(Vec<Incoming>) + 'static) {
    let mut pastes = document::eval(
        "document.addEventListener('paste', async (event) => {
            if (event.target.closest?.('input, textarea, [contenteditable]')) return;
            const files = [...(event.clipboardData?.files ?? [])];
            const read = (file) => new Promise((resolve) => {
                const reader = new FileReader();
                reader.onload = () => resolve({ name: file.name, data: reader.result.split(',')[1] ?? '' });
                reader.onerror = () => resolve(null);
                reader.readAsDataURL(file);
            });
            if (files.length) dioxus.send((await Promise.all(files.map(read))).filter(Boolean));
        });
        await new Promise(() => {});",
    );
    spawn(async move {
        while let Ok(files) = pastes.recv::<Vec<Value>>().await {
            let file = |file: &Value| {
                let bytes = STANDARD.decode(file.get("data")?.as_str()?).ok()?;
                Some(Incoming::of_bytes(file.get("name")?.as_str()?, bytes))
            };
            take(files.iter().filter_map(file).collect());
        }
    });
}

/// A field of the window's forgets by itself what was chosen.
pub fn clear(_id: &str) {}

/// All of a file, in memory: for what is known to be small.
pub async fn read(source: &Source) -> Result<Arc<[u8]>, String> {
    match source.clone() {
        Source::Bytes(bytes) => Ok(bytes),
        Source::File(path) => {
            let read = spawn_blocking(move || fs::read(path)).await;
            read.map_err(|error| error.to_string())?.map(Into::into).map_err(|error| error.to_string())
        }
        _ => Err("it is of an unknown kind".into()),
    }
}

/// Not here: what the window's page may put into the clipboard depends on the system.
///
/// # Errors
/// Always.
pub async fn copy_picture(_url: &str) -> Result<(), String> {
    Err("this window can’t copy pictures".into())
}

/// Saves a content among the user's downloads, under a name that nothing has yet, and says which.
///
/// # Errors
/// Why not, in words.
pub async fn save(assets: Assets, id: AssetId, name: String) -> Result<String, String> {
    let folder = downloads()?;
    save_in(&folder, assets, id, &name).await
}

/// Saves a text among the user's downloads, under a name that nothing has yet, and says which.
///
/// # Errors
/// Why not, in words.
pub fn save_text(name: &str, text: String) -> Result<Option<String>, String> {
    let folder = downloads()?;
    let (mut file, path) = create(&folder, name).map_err(|error| error.to_string())?;
    match file.write_all(text.as_bytes()).and_then(|()| file.sync_all()) {
        Ok(()) => Ok(Some(path.display().to_string())),
        Err(error) => {
            // Half of it, and of no use.
            let _stays = fs::remove_file(&path);
            Err(error.to_string())
        }
    }
}

/// Fetches what is at an address of the network, without telling it who asks, and keeps it.
///
/// # Errors
/// Why not, in words.
pub async fn fetch(assets: &Assets, url: &str, ticket: &Ticket) -> Result<Added, String> {
    let source = storage::download(url).await?;
    assets.put(source, name_of_address(url), ticket.quiet()).await.map_err(|error| error.to_string())
}

/// The user's folder for downloads.
pub(super) fn downloads() -> Result<PathBuf, String> {
    dirs::download_dir().or_else(dirs::home_dir).ok_or_else(|| "there is no folder for downloads".into())
}

async fn save_in(folder: &Path, assets: Assets, id: AssetId, name: &str) -> Result<String, String> {
    let asset = assets.asset(id).await.map_err(|error| error.to_string())?.ok_or("it is not on this device")?;
    let (mut file, path) = create(folder, &harmless(name)).map_err(|error| error.to_string())?;
    let mut at = 0;
    while at < asset.bytes {
        let piece = assets.read(id, at..(at + PIECE).min(asset.bytes)).await;
        let written = piece.map_err(|error| error.to_string()).and_then(|piece| match piece.len() {
            0 => Err("it is shorter than it was".to_owned()),
            length => file.write_all(&piece).map(|()| length).map_err(|error| error.to_string()),
        });
        match written {
            Ok(length) => at += length as u64,
            Err(reason) => {
                // Half a file is worse than none. What can't be removed stays for the user to see.
                let _stays = fs::remove_file(&path);
                return Err(reason);
            }
        }
    }
    Ok(path.display().to_string())
}

/// A name without anything that leads elsewhere.
fn harmless(name: &str) -> String {
    let bad =
        |letter: char| letter.is_control() || matches!(letter, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    let name: String = name.chars().map(|letter| if bad(letter) { '_' } else { letter }).collect();
    let name = name.trim().trim_start_matches('.').trim_end_matches('.');
    if name.is_empty() { "media".into() } else { name.chars().take(120).collect() }
}

/// Makes `a.png`, or `a (1).png`, or whichever there isn't yet.
pub(super) fn create(folder: &Path, name: &str) -> std::io::Result<(File, PathBuf)> {
    let path = Path::new(name);
    for ending in [EXTENSION, BACKUP_EXTENSION] {
        if let Some(stem) = name.strip_suffix(ending) {
            return create_with(folder, stem, ending);
        }
    }
    let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let ending = path.extension().map_or_else(String::new, |ending| format!(".{}", ending.to_string_lossy()));
    create_with(folder, &stem, &ending)
}

fn create_with(folder: &Path, stem: &str, ending: &str) -> std::io::Result<(File, PathBuf)> {
    let mut last = std::io::ErrorKind::AlreadyExists.into();
    for number in 0..1000 {
        let name = if number == 0 { format!("{stem}{ending}") } else { format!("{stem} ({number}){ending}") };
        let path = folder.join(name);
        match File::create_new(&path) {
            Ok(file) => return Ok((file, path)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// Has the user choose a folder through the field of that id, which then calls [`use_folder`].
///
/// # Errors
/// Never.
pub fn choose_folder(field: &str, _assets: Assets) -> impl Future<Output = Result<bool, String>> + use<> {
    super::click(field);
    std::future::ready(Ok(false))
}

/// Looks whether the folder that was chosen before can be used again.
///
/// # Errors
/// What was remembered can't be read; in words.
pub async fn allow_folder(assets: Assets) -> Result<(), String> {
    assets.check_folder().await.map(drop).map_err(|error| error.to_string())
}

/// Has media be kept in the folder that the user has chosen, once they are moved there.
///
/// # Errors
/// Why not, in words.
pub async fn use_folder(assets: Assets, chosen: Vec<FileData>) -> Result<(), String> {
    let folder = chosen.first().map(FileData::path).ok_or("no folder was chosen")?;
    assets.use_folder(folder).await.map_err(|error| error.to_string())
}

/// Sets a damaged database aside, and opens what can be read of it. Says what came of it.
///
/// # Errors
/// It can't be set aside.
pub async fn salvage(location: &Location) -> storage::Result<String> {
    let Location::Folder(folder) = location else {
        return Err(Error::Unavailable("there is nothing to set aside".into()));
    };
    let Salvaged { aside, rows, is_partial } = Sqlite::salvage(folder).await?;
    let rest = if is_partial { "What can’t be read is in that file only" } else { "All of it could be read" };
    Ok(format!(
        "The damaged database is now {}. {} of it are here. {rest}.",
        aside.display(),
        words::count(rows, "row", "rows")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leads_out_of_the_folder() {
        for (name, harmless_name) in [
            ("a.png", "a.png"),
            ("../../.bashrc", "_.._.bashrc"),
            ("/etc/passwd", "_etc_passwd"),
            (".hidden", "hidden"),
            ("a\u{0}b\n.png", "a_b_.png"),
            ("", "media"),
            ("...", "media"),
        ] {
            assert_eq!(harmless(name), harmless_name, "{name}");
        }
    }

    #[test]
    fn a_folder_comes_with_all_that_is_in_it_but_what_is_hidden() {
        let root = std::env::temp_dir().join(format!("atelier-walk-{}", std::process::id()));
        fs::create_dir_all(root.join("pictures/deep/.thumbnails")).unwrap();
        for file in [
            "one.png",
            "pictures/two.png",
            "pictures/deep/three.png",
            "pictures/.DS_Store",
            "pictures/deep/.thumbnails/x",
        ] {
            fs::write(root.join(file), file).unwrap();
        }
        let found = walk(vec![root.join("one.png"), root.join("pictures"), root.join("gone.png")]);
        let names: Vec<_> = found.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["one.png", "three.png", "two.png"]);
        assert_eq!(found[0].bytes, 7);
        fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn what_is_saved_replaces_nothing() {
        let root = std::env::temp_dir().join(format!("atelier-save-{}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        let names: Vec<_> =
            (0..3).map(|_| create(&root, "a.b.png").unwrap().1.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["a.b.png", "a.b (1).png", "a.b (2).png"]);
        fs::remove_dir_all(&root).unwrap();
    }
}
