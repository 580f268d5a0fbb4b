//! Drawings, which are programs as well: an SVG may hold scripts and load from anywhere.
//!
//! As a picture it can do neither, but its address could be opened as a page of its own. So what has an address is a drawing of ours
//! with theirs as a picture in it: whoever opens it sees the same, and theirs stays a picture.

use js_sys::{Array, JsString};
use web_sys::{Blob, BlobPropertyBag};

use super::{
    Source,
    look_web::data_url,
    web::{failed, read},
};
use crate::{Error, Result, model::Asset};

/// The media type of a drawing.
pub(super) const DRAWING: &str = "image/svg+xml";

/// A drawing is in memory while it is made inert. Larger ones are data, and no browser draws them in reasonable time.
const MOST: u64 = 32 << 20;

/// What can be shown without anything in it being able to run: pictures, videos and sounds as they are, drawings as pictures.
pub(super) async fn inert(asset: &Asset, source: Source) -> Result<Source> {
    if asset.mime != DRAWING {
        return Ok(source);
    }
    if asset.bytes > MOST {
        let name = "TooLarge".to_owned();
        return Err(Error::Refused { name, message: "a drawing of this size is kept, but not shown".into() });
    }
    let theirs = data_url(DRAWING, &read(&source.to_blob()?, 0..asset.bytes).await?)
        .ok_or_else(|| Error::Refused { name: String::new(), message: "the browser can’t encode it".into() })?;
    let measures = match (asset.width, asset.height) {
        (Some(width), Some(height)) => format!(r#" width="{width}" height="{height}" viewBox="0 0 {width} {height}""#),
        _ => String::new(),
    };
    let ours = [
        format!(r#"<svg xmlns="http://www.w3.org/2000/svg"{measures}><image width="100%" height="100%" href=""#),
        theirs,
        r#""/></svg>"#.into(),
    ];
    let parts: Array = ours.iter().map(|part| JsString::from(part.as_str())).collect();
    let blob = Blob::new_with_str_sequence_and_options(&parts, &BlobPropertyBag::new()).map_err(failed)?;
    Ok(Source::Blob(blob))
}
