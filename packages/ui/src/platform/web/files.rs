//! Files of the browser's: chosen, dropped, pasted, copied.

use std::{future::Future, sync::Arc};

use dioxus::{
    html::{DragData, FileData},
    prelude::*,
};
use dioxus_web::{WebEventExt, WebFileExt};
use futures::{StreamExt, channel::mpsc};
use js_sys::{Array, ArrayBuffer, Function, Promise, Reflect, Uint8Array};
use storage::blobs::Source;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    ClipboardEvent, DataTransfer, File, FileSystemDirectoryEntry, FileSystemDirectoryReader, FileSystemEntry,
    FileSystemFileEntry, HtmlInputElement,
};

use crate::media::Incoming;

/// More files than this at once are a mistake: a whole disk was dropped.
const MOST: usize = 10_000;

/// What the user has chosen in a field.
pub fn chosen(files: Vec<FileData>) -> Vec<Incoming> {
    files.iter().filter_map(WebFileExt::get_web_file).map(incoming).collect()
}

fn incoming(file: File) -> Incoming {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size: whole and below 2^53")]
    Incoming { name: file.name(), bytes: file.size() as u64, source: Source::Blob(file.into()) }
}

/// What was dropped, folders with all that is in them. The event is read at once, for it is empty once its handler is over; the
/// folders are read when the result is awaited.
pub fn dropped(event: &DragData) -> impl Future<Output = Vec<Incoming>> + use<> {
    let transfer = event.try_as_web_event().and_then(|event| event.data_transfer());
    let roots = transfer.as_ref().map(roots).unwrap_or_default();
    let files = transfer.as_ref().map(files).unwrap_or_default();
    async move { if roots.is_empty() { files } else { walk(roots).await } }
}

/// The files and folders of a drop, where the browser knows folders.
fn roots(transfer: &DataTransfer) -> Vec<FileSystemEntry> {
    let items = transfer.items();
    let entry = |index| items.get(index)?.webkit_get_as_entry().ok().flatten();
    (0..items.length()).filter_map(entry).collect()
}

fn files(transfer: &DataTransfer) -> Vec<Incoming> {
    let Some(files) = transfer.files() else { return Vec::new() };
    (0..files.length()).filter_map(|index| files.item(index)).map(incoming).collect()
}

/// All files in these and below. What can't be read is left out: the others come in.
async fn walk(mut waiting: Vec<FileSystemEntry>) -> Vec<Incoming> {
    waiting.reverse();
    let mut found = Vec::new();
    while let Some(entry) = waiting.pop() {
        if found.len() >= MOST {
            tracing::warn!("more than {MOST} files were dropped at once; the rest is left out");
            break;
        }
        // Of the systems' own: .DS_Store, .thumbnails
        if entry.name().starts_with('.') {
            continue;
        }
        if entry.is_directory() {
            let reader = entry.unchecked_into::<FileSystemDirectoryEntry>().create_reader();
            let mut inside = entries(&reader).await;
            inside.sort_by_key(|entry| std::cmp::Reverse(entry.name()));
            waiting.extend(inside);
        } else if let Some(file) = file(&entry.unchecked_into()).await {
            found.push(incoming(file));
        }
    }
    found
}

/// A folder's entries. The reader gives them a hundred at a time, and none at the end.
async fn entries(reader: &FileSystemDirectoryReader) -> Vec<FileSystemEntry> {
    let mut all = Vec::new();
    loop {
        let some = Promise::new(&mut |resolve, reject| {
            // Fails by calling `reject`.
            let _asked = reader.read_entries_with_callback_and_callback(&resolve, &reject);
        });
        let Ok(some) = JsFuture::from(some).await else { return all };
        let some: Array = some.unchecked_into();
        if some.length() == 0 {
            return all;
        }
        all.extend(some.iter().map(JsCast::unchecked_into::<FileSystemEntry>));
    }
}

async fn file(entry: &FileSystemFileEntry) -> Option<File> {
    let asked = Promise::new(&mut |resolve, reject| entry.file_with_callback_and_callback(&resolve, &reject));
    JsFuture::from(asked).await.ok()?.dyn_into().ok()
}

/// The files of the clipboard, if the user pastes any, and not into a text.
fn pasted(event: &ClipboardEvent) -> Vec<Incoming> {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let writes =
        target.is_some_and(|target| target.closest("input, textarea, [contenteditable]").ok().flatten().is_some());
    if writes { Vec::new() } else { event.clipboard_data().as_ref().map(files).unwrap_or_default() }
}

/// Calls `take` with the files of the clipboard whenever the user pastes some, and not into a text. The page as a whole listens:
/// while nothing has the focus, no element of ours hears of it.
pub fn on_paste(take: impl Fn(Vec<Incoming>) + 'static) {
    let Some(page) = web_sys::window().and_then(|window| window.document()) else { return };
    let (send, mut pastes) = mpsc::unbounded();
    let heard = move |event: ClipboardEvent| {
        let files = pasted(&event);
        if !files.is_empty() {
            event.prevent_default();
            // Nobody takes them once the window is gone.
            let _is_gone = send.unbounded_send(files);
        }
    };
    let listener = Closure::wrap(Box::new(heard) as Box<dyn Fn(ClipboardEvent)>).into_js_value();
    // Fails only for an invalid event name.
    let _is_valid = page.add_event_listener_with_callback("paste", listener.unchecked_ref());
    spawn(async move {
        while let Some(files) = pastes.next().await {
            take(files);
        }
    });
}

/// Forgets what was chosen in a field, so that the same can be chosen again.
pub fn clear(id: &str) {
    let element = web_sys::window().and_then(|window| window.document()).and_then(|page| page.get_element_by_id(id));
    if let Some(field) = element.and_then(|element| element.dyn_into::<HtmlInputElement>().ok()) {
        field.set_value("");
    }
}

/// All of a file, in memory: for what is known to be small.
pub async fn read(source: &Source) -> Result<Arc<[u8]>, String> {
    match source {
        Source::Bytes(bytes) => Ok(Arc::clone(bytes)),
        Source::Blob(blob) => {
            let read = JsFuture::from(blob.array_buffer()).await;
            let bytes: ArrayBuffer = read.map_err(|error| words(&error))?.unchecked_into();
            Ok(Uint8Array::new(&bytes).to_vec().into())
        }
        _ => Err("it is of an unknown kind".into()),
    }
}

/// Puts a picture into the clipboard, as the PNG that every program takes.
pub async fn copy_picture(url: &str) -> Result<(), String> {
    let png = draw(url).await.map_err(|error| words(&error))?;
    let write = || {
        let item = js_sys::Object::new();
        Reflect::set(&item, &"image/png".into(), &png)?;
        let global = js_sys::global();
        let kind: Function = Reflect::get(&global, &"ClipboardItem".into())?.dyn_into()?;
        let item = Reflect::construct(&kind, &Array::of1(&item))?;
        let clipboard = Reflect::get(&Reflect::get(&global, &"navigator".into())?, &"clipboard".into())?;
        let write: Function = Reflect::get(&clipboard, &"write".into())?.dyn_into()?;
        write.call1(&clipboard, &Array::of1(&item))?.dyn_into::<Promise>()
    };
    JsFuture::from(write().map_err(|error| words(&error))?).await.map(drop).map_err(|error| words(&error))
}

/// A picture as a PNG.
async fn draw(url: &str) -> Result<JsValue, JsValue> {
    let missing = || JsValue::from_str("there is no page");
    let page = web_sys::window().and_then(|window| window.document()).ok_or_else(missing)?;
    let picture: web_sys::HtmlImageElement = page.create_element("img")?.dyn_into()?;
    picture.set_src(url);
    JsFuture::from(picture.decode()).await?;
    let canvas: web_sys::HtmlCanvasElement = page.create_element("canvas")?.dyn_into()?;
    canvas.set_width(picture.natural_width());
    canvas.set_height(picture.natural_height());
    let context: web_sys::CanvasRenderingContext2d = canvas.get_context("2d")?.ok_or_else(missing)?.dyn_into()?;
    context.draw_image_with_html_image_element(&picture, 0., 0.)?;
    let made = Promise::new(&mut |resolve, reject| {
        let take = Closure::once_into_js(move |blob: JsValue| {
            let _taken = if blob.is_null() { reject.call0(&blob) } else { resolve.call1(&JsValue::UNDEFINED, &blob) };
        });
        // Fails for a canvas that may not be read; ours always may.
        let _asked = canvas.to_blob(take.unchecked_ref());
    });
    JsFuture::from(made).await
}

/// Why the browser refused.
pub fn words(error: &JsValue) -> String {
    let message = Reflect::get(error, &"message".into()).ok().and_then(|message| message.as_string());
    message
        .or_else(|| error.as_string())
        .filter(|words| !words.is_empty())
        .unwrap_or_else(|| "the browser refuses".into())
}
