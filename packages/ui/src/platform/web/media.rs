//! What a page's own player finds out, and what the browser grants.

use futures::FutureExt;
use js_sys::{Promise, Reflect};
use storage::{
    blobs::{Assets, Look, Quota, Source},
    model::{Asset, MediaKind},
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    CanvasRenderingContext2d, Document, HtmlCanvasElement, HtmlImageElement, HtmlMediaElement, HtmlVideoElement,
    StorageManager, Url,
};

use crate::widgets::sleep;

/// How long a file may take to say what it is, in milliseconds. Then it comes in without a picture.
const PATIENCE: u64 = 8_000;
/// The media type of a drawing.
const DRAWING: &str = "image/svg+xml";
/// From the best quality that may fit to the least that is worth showing.
const QUALITIES: [f64; 4] = [0.8, 0.6, 0.4, 0.2];

/// What only a page finds out: how long a video or a sound plays, how large a video or a drawing is, and a picture of it. None: it
/// is something else, that is known already, or this browser can't read it.
pub async fn look(assets: &Assets, asset: &Asset) -> Option<Look> {
    let found = match asset.kind() {
        MediaKind::Video | MediaKind::Audio if asset.duration.is_none() => look_at(assets, asset).boxed_local(),
        MediaKind::Image if asset.mime == DRAWING && asset.width.is_none() => drawing(assets, asset).boxed_local(),
        _ => return None,
    };
    match futures::future::select(found, Box::pin(sleep(PATIENCE))).await {
        futures::future::Either::Left((look, _)) => look,
        futures::future::Either::Right(_) => None,
    }
}

/// What a drawing looks like. Its address is known to nobody but the picture that it is drawn from, where nothing in it can run.
async fn drawing(assets: &Assets, asset: &Asset) -> Option<Look> {
    let Source::Blob(blob) = assets.open(asset.id).await.ok()? else { return None };
    let typed = blob.slice_with_f64_and_f64_and_content_type(0., blob.size(), DRAWING).ok()?;
    let page = web_sys::window()?.document()?;
    let picture: HtmlImageElement = page.create_element("img").ok()?.dyn_into().ok()?;
    let url = Url::create_object_url_with_blob(&typed).ok()?;
    picture.set_src(&url);
    let decoded = JsFuture::from(picture.decode()).await;
    let (width, height) = (picture.natural_width(), picture.natural_height());
    let found = decoded.is_ok() && width > 0 && height > 0;
    let thumbnail = found.then(|| {
        // What is transparent stays so.
        small(&page, "image/webp", (width, height), |context, wide, high| {
            context.draw_image_with_html_image_element_and_dw_and_dh(&picture, 0., 0., wide, high).is_ok()
        })
    });
    // It was ours.
    let _always_known = Url::revoke_object_url(&url);
    found.then(|| Look { width: Some(width), height: Some(height), duration: None, thumbnail: thumbnail.flatten() })
}

async fn look_at(assets: &Assets, asset: &Asset) -> Option<Look> {
    let (url, kind) = (assets.url(asset.id).await.ok()?, asset.kind());
    let page = web_sys::window()?.document()?;
    let player: HtmlMediaElement = page.create_element(kind.name()).ok()?.dyn_into().ok()?;
    player.set_muted(true);
    player.set_preload("auto");
    let ready = if kind == MediaKind::Video { "loadeddata" } else { "loadedmetadata" };
    let loaded = event(&player, ready);
    player.set_src(url.as_str());
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
    small(page, "image/jpeg", (video.video_width(), video.video_height()), |context, wide, high| {
        context.draw_image_with_html_video_element_and_dw_and_dh(video, 0., 0., wide, high).is_ok()
    })
}

/// A picture of something, as small as a row may hold.
fn small(
    page: &Document,
    mime: &str,
    (width, height): (u32, u32),
    draw: impl Fn(&CanvasRenderingContext2d, f64, f64) -> bool,
) -> Option<String> {
    let canvas: HtmlCanvasElement = page.create_element("canvas").ok()?.dyn_into().ok()?;
    let mut side = Look::SIDE;
    while side >= 32 {
        let (width, height) = Look::fitted(width, height, side);
        canvas.set_width(width);
        canvas.set_height(height);
        let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        if !draw(&context, f64::from(width), f64::from(height)) {
            return None;
        }
        for quality in QUALITIES {
            // Fails for a drawing that has parts of other kinds in it: it has no small picture then.
            let url = canvas.to_data_url_with_type_and_encoder_options(mime, &quality.into()).ok()?;
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
