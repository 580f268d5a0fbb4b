//! Downloads of a page's, and what it fetches.

use std::{pin::pin, time::Duration};

use futures::future::{Either, select};
use js_sys::{Function, Promise, Reflect};
use storage::{
    blobs::{Added, Assets, Source, Ticket},
    package::Limits,
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, HtmlElement, Url};

use super::files::words;
use crate::media::name_of_address;

/// How long a browser may take to begin with a download. It reads the address only then.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is looked whether something was called off.
const GLANCE: Duration = Duration::from_millis(100);

/// Has the browser download a text.
///
/// # Errors
/// Why not, in words.
pub fn save_text(name: &str, text: String) -> Result<Option<String>, String> {
    let parts = js_sys::Array::of1(&text.into());
    let blob = Blob::new_with_str_sequence(&parts).map_err(|error| words(&error))?;
    download(&blob, name).map_err(|error| words(&error))?;
    Ok(None)
}

pub(super) fn download(blob: &Blob, name: &str) -> Result<(), JsValue> {
    let url = Url::create_object_url_with_blob(blob)?;
    press(&url, name)?;
    wasm_bindgen_futures::spawn_local(async move {
        gloo_timers::future::sleep(PATIENCE).await;
        // One that is unknown by now is fine.
        let _unknown = Url::revoke_object_url(&url);
    });
    Ok(())
}

fn press(url: &str, name: &str) -> Result<(), JsValue> {
    let page = web_sys::window().and_then(|window| window.document()).ok_or(JsValue::UNDEFINED)?;
    let link: HtmlElement = page.create_element("a")?.dyn_into().map_err(JsValue::from)?;
    link.set_attribute("href", url)?;
    link.set_attribute("download", name)?;
    link.click();
    Ok(())
}

/// Fetches what is at an address of the network, without telling it who asks, and keeps it.
///
/// # Errors
/// Why not, in words.
pub async fn fetch(assets: &Assets, url: &str, ticket: &Ticket) -> Result<Added, String> {
    let aborter = Aborter::new().map_err(|error| words(&error))?;
    let (fetching, called_off) = (pin!(fetched(url, &aborter)), pin!(cancelled(ticket)));
    let blob = match select(fetching, called_off).await {
        Either::Left((fetched, _)) => fetched?,
        Either::Right(((), _)) => {
            aborter.abort();
            return Err("it was cancelled".into());
        }
    };
    if blob.size() > Limits::DEFAULT.asset_bytes as f64 {
        return Err("it is larger than what can be kept".into());
    }
    let put = assets.put(Source::Blob(blob), name_of_address(url), ticket.quiet());
    put.await.map_err(|error| error.to_string())
}

/// Resolves when somebody has called it off.
async fn cancelled(ticket: &Ticket) {
    while !ticket.is_cancelled() {
        gloo_timers::future::sleep(GLANCE).await;
    }
}

/// Ends what the browser fetches.
struct Aborter(JsValue);

impl Aborter {
    fn new() -> Result<Self, JsValue> {
        let class: Function = Reflect::get(&js_sys::global(), &"AbortController".into())?.dyn_into()?;
        Reflect::construct(&class, &js_sys::Array::new()).map(Self)
    }

    fn signal(&self) -> Result<JsValue, JsValue> {
        Reflect::get(&self.0, &"signal".into())
    }

    fn abort(&self) {
        let abort = Reflect::get(&self.0, &"abort".into()).and_then(JsCast::dyn_into::<Function>);
        // To what is over it means nothing.
        let _is_over = abort.and_then(|abort| abort.call0(&self.0));
    }
}

async fn fetched(url: &str, aborter: &Aborter) -> Result<Blob, String> {
    let call = |object: &JsValue, name: &str, arguments: &js_sys::Array| {
        let method: Function = Reflect::get(object, &name.into())?.dyn_into()?;
        method.apply(object, arguments)?.dyn_into::<Promise>()
    };
    let options = js_sys::Object::new();
    for (field, value) in [("credentials", "omit"), ("referrerPolicy", "no-referrer")] {
        Reflect::set(&options, &field.into(), &value.into()).map_err(|error| words(&error))?;
    }
    let signal = aborter.signal().and_then(|signal| Reflect::set(&options, &"signal".into(), &signal));
    signal.map_err(|error| words(&error))?;
    let asked = call(&js_sys::global(), "fetch", &js_sys::Array::of2(&url.into(), &options));
    let asked = JsFuture::from(asked.map_err(|error| words(&error))?).await;
    // The browser does not say which of the two it is.
    let response = asked.map_err(|_| "its server can’t be reached, or doesn’t let other sites read it".to_owned())?;
    let field = |name: &str| Reflect::get(&response, &name.into());
    if !field("ok").is_ok_and(|ok| ok.is_truthy()) {
        let status = field("status").ok().and_then(|status| status.as_f64()).unwrap_or_default();
        return Err(format!("its server answers {status}"));
    }
    let blob = call(&response, "blob", &js_sys::Array::new()).map_err(|error| words(&error))?;
    let blob = JsFuture::from(blob).await.map_err(|error| words(&error))?;
    blob.dyn_into().map_err(|_| "its server sends nothing that can be kept".to_owned())
}
