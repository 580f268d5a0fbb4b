//! What a page's own player finds out, and what the browser grants.

use js_sys::{Promise, Reflect};
use storage::{
    blobs::{Assets, Look, Quota},
    model::{Asset, MediaKind},
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    CanvasRenderingContext2d, Document, HtmlCanvasElement, HtmlMediaElement, HtmlVideoElement, StorageManager,
};

use crate::widgets::sleep;

/// How long a file may take to say what it is, in milliseconds. Then it comes in without a picture.
const PATIENCE: u64 = 8_000;
/// From the best quality that may fit to the least that is worth showing.
const QUALITIES: [f64; 4] = [0.8, 0.6, 0.4, 0.2];

/// How long a video or a sound plays, how large it is, and a picture from near its beginning. None: it is something else, that
/// is known already, or this browser can't play it.
pub async fn look(assets: &Assets, asset: &Asset) -> Option<Look> {
    if !matches!(asset.kind(), MediaKind::Video | MediaKind::Audio) || asset.duration.is_some() {
        return None;
    }
    let url = assets.url(asset.id).await.ok()?;
    let looked = Box::pin(look_at(url.as_str(), asset.kind()));
    match futures::future::select(looked, Box::pin(sleep(PATIENCE))).await {
        futures::future::Either::Left((look, _)) => look,
        futures::future::Either::Right(_) => None,
    }
}

async fn look_at(url: &str, kind: MediaKind) -> Option<Look> {
    let page = web_sys::window()?.document()?;
    let player: HtmlMediaElement = page.create_element(kind.name()).ok()?.dyn_into().ok()?;
    player.set_muted(true);
    player.set_preload("auto");
    let ready = if kind == MediaKind::Video { "loadeddata" } else { "loadedmetadata" };
    let loaded = event(&player, ready);
    player.set_src(url);
    let found = JsFuture::from(loaded).await.is_ok();
    let duration = Some(player.duration()).filter(|seconds| found && seconds.is_finite());
    let mut look = Look { duration, ..Look::default() };
    if let Some(video) = player.dyn_ref::<HtmlVideoElement>().filter(|video| found && video.video_width() > 0) {
        (look.width, look.height) = (Some(video.video_width()), Some(video.video_height()));
        // The very first frame is often black.
        let moved = event(&player, "seeked");
        player.set_current_time((duration.unwrap_or_default() / 10.).min(1.));
        if JsFuture::from(moved).await.is_ok() {
            look.thumbnail = poster(&page, video);
        }
    }
    // Lets go of the decoder.
    player.set_src("");
    found.then_some(look)
}

/// Resolves with the next event of that name, and rejects with an error.
fn event(player: &HtmlMediaElement, name: &str) -> Promise {
    Promise::new(&mut |resolve, reject| {
        let listen = |name: &str, call: js_sys::Function| {
            let listener = Closure::once_into_js(move |event: JsValue| {
                let _told = call.call1(&JsValue::UNDEFINED, &event);
            });
            // Fails only for an invalid event name.
            let _is_valid = player.add_event_listener_with_callback(name, listener.unchecked_ref());
        };
        listen(name, resolve);
        listen("error", reject);
    })
}

/// What the video shows now, as small as a row may hold.
fn poster(page: &Document, video: &HtmlVideoElement) -> Option<String> {
    let canvas: HtmlCanvasElement = page.create_element("canvas").ok()?.dyn_into().ok()?;
    let mut side = Look::SIDE;
    while side >= 32 {
        let (width, height) = Look::fitted(video.video_width(), video.video_height(), side);
        canvas.set_width(width);
        canvas.set_height(height);
        let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        let (wide, high) = (f64::from(width), f64::from(height));
        context.draw_image_with_html_video_element_and_dw_and_dh(video, 0., 0., wide, high).ok()?;
        for quality in QUALITIES {
            let url = canvas.to_data_url_with_type_and_encoder_options("image/jpeg", &quality.into()).ok()?;
            if url.len() <= Asset::THUMBNAIL_LIMIT {
                return Some(url);
            }
        }
        side /= 2;
    }
    None
}

/// Asks the browser not to clear what is stored by itself. Says whether it won't.
pub async fn ask_to_keep() -> bool {
    let Some(asked) = manager().and_then(|manager| manager.persist().ok()) else { return false };
    JsFuture::from(asked).await.is_ok_and(|granted| granted.is_truthy())
}

/// What the browser grants this origin. Asked for often, so no row is read for it.
pub async fn quota(_assets: &Assets) -> Option<Quota> {
    let manager = manager()?;
    let estimate = JsFuture::from(manager.estimate().ok()?).await.ok()?;
    let persisted = JsFuture::from(manager.persisted().ok()?).await.ok()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes: whole and below 2^53")]
    let figure = |name: &str| Some(Reflect::get(&estimate, &name.into()).ok()?.as_f64()?.max(0.) as u64);
    Some(Quota { used: figure("usage")?, total: figure("quota")?, persistent: persisted.is_truthy() })
}

/// None: an address that isn't secure, or an old browser.
fn manager() -> Option<StorageManager> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
    let storage = Reflect::get(&navigator, &"storage".into()).ok()?;
    storage.is_object().then(|| storage.unchecked_into())
}

/// How many of the screen's pixels a CSS pixel has.
pub fn pixel_ratio() -> f64 {
    web_sys::window().map_or(1., |window| window.device_pixel_ratio())
}
