//! How a picture looks, found out by the browser: it decodes and scales off the page's thread.

use js_sys::{Array, ArrayBuffer, Function, Promise, Reflect, Uint8Array, Uint8ClampedArray};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ImageBitmap, OffscreenCanvas, OffscreenCanvasRenderingContext2d};

use super::{Look, drawing::DRAWING, sniff, web::option};
use crate::model::Asset;

/// From the best quality that may fit to the least that is worth showing.
const QUALITIES: [f64; 4] = [0.8, 0.6, 0.4, 0.2];

/// A picture of more bytes has a data URL that is too long: of every three bytes it makes four.
const LONGEST: f64 = (Asset::THUMBNAIL_LIMIT / 4 * 3) as f64;

/// A picture's measures and thumbnail. None: it is no picture, or none that this browser can read.
pub(super) async fn look(blob: &Blob, head: &[u8]) -> Option<Look> {
    let mime = sniff(head);
    if !mime.starts_with("image/") || mime == DRAWING {
        return None;
    }
    let typed = blob.slice_with_f64_and_f64_and_content_type(0., blob.size(), mime).ok()?;
    let bitmap = bitmap(&typed).await?;
    let (width, height) = (bitmap.width(), bitmap.height());
    let thumbnail = thumbnail(&bitmap).await;
    bitmap.close();
    Some(Look { width: Some(width), height: Some(height), duration: None, thumbnail })
}

async fn bitmap(blob: &Blob) -> Option<ImageBitmap> {
    let global = js_sys::global();
    let create: Function = Reflect::get(&global, &"createImageBitmap".into()).ok()?.dyn_into().ok()?;
    let made: Promise = create.call1(&global, blob).ok()?.dyn_into().ok()?;
    JsFuture::from(made).await.ok()?.dyn_into().ok()
}

async fn thumbnail(bitmap: &ImageBitmap) -> Option<String> {
    let mut side = Look::SIDE;
    while side >= 32 {
        let (width, height) = Look::fitted(bitmap.width(), bitmap.height(), side);
        let canvas = OffscreenCanvas::new(width, height).ok()?;
        let context: OffscreenCanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        let (wide, high) = (f64::from(width), f64::from(height));
        context.draw_image_with_image_bitmap_and_dw_and_dh(bitmap, 0., 0., wide, high).ok()?;
        if let Some(url) = written(&canvas, &context).await? {
            return Some(url);
        }
        side /= 2;
    }
    None
}

/// What is drawn, as a data URL that is short enough. The outer None: the browser can't write pictures at all.
async fn written(canvas: &OffscreenCanvas, context: &OffscreenCanvasRenderingContext2d) -> Option<Option<String>> {
    // WebP keeps what is transparent.
    let mut mime = "image/webp";
    for quality in QUALITIES {
        let mut small = encoded(canvas, mime, quality).await?;
        if small.type_() != mime {
            // Safari can't write it and gives a PNG, at whatever quality. Of a photograph that is too long.
            if small.size() <= LONGEST || !is_opaque(canvas, context)? {
                return short(&small).await;
            }
            mime = "image/jpeg";
            small = encoded(canvas, mime, quality).await?;
        }
        if let Some(url) = short(&small).await? {
            return Some(Some(url));
        }
    }
    Some(None)
}

async fn encoded(canvas: &OffscreenCanvas, mime: &str, quality: f64) -> Option<Blob> {
    let options = option("type", &mime.into());
    Reflect::set(&options, &"quality".into(), &quality.into()).ok()?;
    let convert: Function = Reflect::get(canvas, &"convertToBlob".into()).ok()?.dyn_into().ok()?;
    let made: Promise = convert.call1(canvas, &options).ok()?.dyn_into().ok()?;
    JsFuture::from(made).await.ok()?.dyn_into().ok()
}

/// A picture's data URL, if it is short enough.
async fn short(picture: &Blob) -> Option<Option<String>> {
    if picture.size() > LONGEST {
        return Some(None);
    }
    let bytes: ArrayBuffer = JsFuture::from(picture.array_buffer()).await.ok()?.unchecked_into();
    let url = data_url(&picture.type_(), &Uint8Array::new(&bytes).to_vec())?;
    Some((url.len() <= Asset::THUMBNAIL_LIMIT).then_some(url))
}

/// Whether nothing of what is drawn lets something shine through.
fn is_opaque(canvas: &OffscreenCanvas, context: &OffscreenCanvasRenderingContext2d) -> Option<bool> {
    let get: Function = Reflect::get(context, &"getImageData".into()).ok()?.dyn_into().ok()?;
    let area = Array::of4(&0.into(), &0.into(), &canvas.width().into(), &canvas.height().into());
    let image = get.apply(context, &area).ok()?;
    let pixels: Uint8ClampedArray = Reflect::get(&image, &"data".into()).ok()?.dyn_into().ok()?;
    Some(pixels.to_vec().iter().skip(3).step_by(4).all(|alpha| *alpha == u8::MAX))
}

/// Bytes as an address of their own.
pub(super) fn data_url(mime: &str, bytes: &[u8]) -> Option<String> {
    let global = js_sys::global();
    let encode: Function = Reflect::get(&global, &"btoa".into()).ok()?.dyn_into().ok()?;
    // One character for each byte, as the call wants it.
    let text: String = bytes.iter().copied().map(char::from).collect();
    let encoded = encode.call1(&JsValue::UNDEFINED, &text.into()).ok()?.as_string()?;
    Some(format!("data:{mime};base64,{encoded}"))
}
