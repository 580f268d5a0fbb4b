//! How a picture looks, found out by the browser: it decodes and scales off the page's thread.

use js_sys::{ArrayBuffer, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ImageBitmap, OffscreenCanvas, OffscreenCanvasRenderingContext2d};

use super::{Look, drawing::DRAWING, sniff, web::option};
use crate::model::Asset;

/// From the best quality that may fit to the least that is worth showing.
const QUALITIES: [f64; 4] = [0.8, 0.6, 0.4, 0.2];

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
        for quality in QUALITIES {
            // WebP keeps what is transparent; a browser that can't write it gives a PNG, which may be too long.
            let options = option("type", &"image/webp".into());
            Reflect::set(&options, &"quality".into(), &quality.into()).ok()?;
            let convert: Function = Reflect::get(&canvas, &"convertToBlob".into()).ok()?.dyn_into().ok()?;
            let made: Promise = convert.call1(&canvas, &options).ok()?.dyn_into().ok()?;
            let small: Blob = JsFuture::from(made).await.ok()?.dyn_into().ok()?;
            let bytes: ArrayBuffer = JsFuture::from(small.array_buffer()).await.ok()?.unchecked_into();
            let url = data_url(&small.type_(), &Uint8Array::new(&bytes).to_vec())?;
            if url.len() <= Asset::THUMBNAIL_LIMIT {
                return Some(url);
            }
        }
        side /= 2;
    }
    None
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
