//! Where a large file goes: to the place that the user chooses in the browser's dialog, or among the downloads.

use std::{cell::Cell, rc::Rc};

use js_sys::{Array, Function, Object, Promise, Reflect};
use storage::{
    blobs::{Assets, Ticket},
    package::Layout,
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::{super::Saved, files::words, package::download};

/// How much the browser copies at once, in bytes: after each piece it can be called off.
const PIECE: u64 = 16 << 20;

/// Where a file is to go.
pub enum Target {
    /// Into this file of the user's, a `FileSystemFileHandle`.
    File(JsValue),
    /// Among the downloads, under this name.
    Download(String),
}

/// Has the user choose where a file is to go, if the browser has a dialog for that. It opens before this returns, as it may only in
/// a click. None: the user thought better of it.
///
/// # Errors
/// Why there is no place, in words.
pub fn choose_target(name: &str) -> impl Future<Output = Result<Option<Target>, String>> + use<> {
    let (name, left) = (name.to_owned(), Blurred::watch());
    let opened = open_dialog(&name);
    async move {
        // Without the dialog, or where it may not be opened, there still are downloads.
        let Ok(opened) = opened else { return Ok(Some(Target::Download(name))) };
        match JsFuture::from(opened).await {
            Ok(file) => Ok(Some(Target::File(file))),
            // A dialog takes the keyboard. One that was called off without that was never shown.
            Err(error) if error_name(&error) == "AbortError" && left.has_been() => Ok(None),
            Err(_) => Ok(Some(Target::Download(name))),
        }
    }
}

fn open_dialog(name: &str) -> Result<Promise, JsValue> {
    let options = Object::new();
    // It opens where it was open last.
    Reflect::set(&options, &"id".into(), &"atelier-packages".into())?;
    Reflect::set(&options, &"suggestedName".into(), &name.into())?;
    let (kind, endings) = (Object::new(), Object::new());
    Reflect::set(&endings, &"application/zip".into(), &Array::of1(&".zip".into()))?;
    Reflect::set(&kind, &"accept".into(), &endings)?;
    Reflect::set(&options, &"types".into(), &Array::of1(&kind))?;
    let global = js_sys::global();
    let open: Function = Reflect::get(&global, &"showSaveFilePicker".into())?.dyn_into()?;
    open.call1(&global, &options)?.dyn_into()
}

fn error_name(error: &JsValue) -> String {
    Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string()).unwrap_or_default()
}

/// Whether the page has lost the keyboard since it was asked.
struct Blurred {
    has_been: Rc<Cell<bool>>,
    listener: Closure<dyn Fn()>,
}

impl Blurred {
    fn watch() -> Self {
        let has_been = Rc::<Cell<bool>>::default();
        let seen = Rc::clone(&has_been);
        let listener = Closure::<dyn Fn()>::new(move || seen.set(true));
        if let Some(window) = web_sys::window() {
            // Fails only for an invalid event name.
            let _is_valid = window.add_event_listener_with_callback("blur", listener.as_ref().unchecked_ref());
        }
        Self { has_been, listener }
    }

    fn has_been(&self) -> bool {
        self.has_been.get()
    }
}

impl Drop for Blurred {
    fn drop(&mut self) {
        if let Some(window) = web_sys::window() {
            let _is_valid = window.remove_event_listener_with_callback("blur", self.listener.as_ref().unchecked_ref());
        }
    }
}

/// Saves a package or a backup. The browser puts it together from where the contents are; none of them goes through our memory.
///
/// # Errors
/// Why not, in words.
pub async fn save_archive(layout: &Layout, assets: &Assets, target: Target, ticket: &Ticket) -> Result<Saved, String> {
    match target {
        Target::Download(name) => {
            let blob = layout.blob(assets, ticket.clone()).await.map_err(|error| error.to_string())?;
            download(&blob, &name).map_err(|error| words(&error))?;
            Ok(Saved::Download)
        }
        Target::File(file) => {
            let written = write(layout, assets, &file, ticket).await;
            if written.is_err() {
                // The dialog has made an empty file, unless there was one: then that is as it was.
                remove_empty(&file).await;
            }
            written?;
            let name = Reflect::get(&file, &"name".into()).ok().and_then(|name| name.as_string());
            Ok(Saved::At(name.unwrap_or_default()))
        }
    }
}

/// Nothing is going to be saved there after all: the empty file goes that the dialog has made.
pub async fn abandon(target: Target) {
    if let Target::File(file) = target {
        remove_empty(&file).await;
    }
}

async fn write(layout: &Layout, assets: &Assets, file: &JsValue, ticket: &Ticket) -> Result<(), String> {
    let blob = layout.blob(assets, ticket.quiet()).await.map_err(|error| error.to_string())?;
    let stream = call(file, "createWritable", &[]).await.map_err(|error| words(&error))?;
    let copied = copy(&blob, &stream, layout.bytes, ticket).await;
    // What is written is beside the file until the stream is closed.
    let ended = call(&stream, if copied.is_ok() { "close" } else { "abort" }, &[]).await;
    copied?;
    ended.map(drop).map_err(|error| words(&error))
}

async fn copy(blob: &Blob, stream: &JsValue, bytes: u64, ticket: &Ticket) -> Result<(), String> {
    let mut done = 0;
    while done < bytes {
        let end = (done + PIECE).min(bytes);
        let piece = blob.slice_with_f64_and_f64(done as f64, end as f64).map_err(|error| words(&error))?;
        call(stream, "write", &[piece.into()]).await.map_err(|error| words(&error))?;
        if ticket.is_cancelled() {
            return Err("it was cancelled".into());
        }
        done = end;
        ticket.advance(done);
    }
    Ok(())
}

async fn remove_empty(file: &JsValue) {
    let size = async {
        let found = call(file, "getFile", &[]).await?;
        Reflect::get(&found, &"size".into())
    };
    if size.await.ok().and_then(|size| size.as_f64()) == Some(0.) {
        // Not every browser can; then an empty file stays, for the user to see.
        let _stays = call(file, "remove", &[]).await;
    }
}

async fn call(object: &JsValue, name: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let method: Function = Reflect::get(object, &name.into())?.dyn_into()?;
    let promised: Promise = method.apply(object, &arguments.iter().collect())?.dyn_into()?;
    JsFuture::from(promised).await
}
