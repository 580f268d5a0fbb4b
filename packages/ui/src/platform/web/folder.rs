//! A folder of the user's, through the browser's own dialogs.

use dioxus::html::FileData;
use js_sys::{Function, Object, Promise, Reflect};
use storage::blobs::Assets;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::files::words;

/// Has the user choose a folder, and has media be kept in it. The dialog opens before this returns, as it may only in a click.
/// False: the user thought better of it. `_field` is for those who have no dialog of their own.
///
/// # Errors
/// Why it can't be used, in words.
pub fn choose_folder(_field: &str, assets: Assets) -> impl Future<Output = Result<bool, String>> + use<> {
    let opened = open_dialog();
    async move {
        let chosen = async { JsFuture::from(opened?).await };
        match chosen.await {
            Ok(folder) => {
                let folder = folder.dyn_into().map_err(|_| "the browser gave no folder".to_owned())?;
                assets.use_folder(folder).await.map(|()| true).map_err(|error| error.to_string())
            }
            Err(error) if name(&error) == "AbortError" => Ok(false),
            Err(error) => Err(words(&error)),
        }
    }
}

fn open_dialog() -> Result<Promise, JsValue> {
    let options = Object::new();
    // It opens where it was open last.
    Reflect::set(&options, &"id".into(), &"atelier-media".into())?;
    Reflect::set(&options, &"mode".into(), &"readwrite".into())?;
    let global = js_sys::global();
    let open: Function = Reflect::get(&global, &"showDirectoryPicker".into())?.dyn_into()?;
    open.call1(&global, &options)?.dyn_into()
}

fn name(error: &JsValue) -> String {
    Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string()).unwrap_or_default()
}

/// Asks for the folder that was chosen before, or looks whether it is there again. Call this in a click.
///
/// # Errors
/// What was remembered can't be read; in words.
pub fn allow_folder(assets: Assets) -> impl Future<Output = Result<(), String>> + use<> {
    let allowed = assets.allow_folder();
    async move { allowed.await.map(drop).map_err(|error| error.to_string()) }
}

/// A page's dialog gives the folder itself.
///
/// # Errors
/// Always: nothing calls this here.
pub async fn use_folder(_assets: Assets, _chosen: Vec<FileData>) -> Result<(), String> {
    Err("a page chooses folders through the browser’s dialog".into())
}
