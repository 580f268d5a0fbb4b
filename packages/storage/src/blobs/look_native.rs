//! How a picture looks, found out by decoding it: on the desktop, on a thread that may take its time.

use std::{
    io::BufReader,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage, RgbaImage,
    codecs::{jpeg::JpegEncoder, png, webp::WebPEncoder},
};
use tracing::debug;

use super::{
    Look, Source, Staged,
    digest::Digest,
    reader::{BUFFER, Reader},
    sniff,
};
use crate::{Result, model::Asset};

/// How many pixels are decoded at most: 64 million are 256 MB.
const PIXELS: u64 = 64 * 1024 * 1024;
/// How much memory a decoder may ask for, in bytes.
const MEMORY: u64 = 320 * 1024 * 1024;
/// The qualities that are tried, of a hundred.
const QUALITIES: [u8; 4] = [80, 65, 50, 35];
/// The side of the smallest thumbnail, in pixels: nothing is seen on a smaller one.
const SMALLEST: u32 = 16;

/// One at a time: several large pictures at once would need several times the memory.
static DECODING: Mutex<()> = Mutex::new(());

/// What was found out of bytes, with how they look: `source` has them.
pub(super) fn staged(digest: Digest, source: Source) -> Result<Staged> {
    let mut staged = digest.staged(None)?;
    // A decoder that panics over a broken picture must not keep it from being kept.
    staged.look = catch_unwind(AssertUnwindSafe(|| look(&staged.head, source))).unwrap_or_default();
    Ok(staged)
}

/// How the picture looks that begins with `head`. None if it is no picture, or can't be read: then it is kept all the same.
fn look(head: &[u8], source: Source) -> Option<Look> {
    let format = match sniff(head) {
        "image/png" => ImageFormat::Png,
        "image/jpeg" => ImageFormat::Jpeg,
        "image/webp" => ImageFormat::WebP,
        "image/gif" => ImageFormat::Gif,
        "image/bmp" => ImageFormat::Bmp,
        _ => return None,
    };
    let _one_at_a_time = DECODING.lock().unwrap_or_else(PoisonError::into_inner);
    let reader = BufReader::with_capacity(BUFFER, Reader::open(source).ok()?);
    let mut reader = ImageReader::with_format(reader, format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().inspect_err(|error| debug!(%error, "a picture can't be read")).ok()?;
    let (width, height) = decoder.dimensions();
    let turned = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let decoded = if u64::from(width) * u64::from(height) <= PIXELS {
        DynamicImage::from_decoder(decoder).inspect_err(|error| debug!(%error, "a picture can't be decoded")).ok()
    } else {
        None
    };
    let thumbnail = decoded.and_then(|mut picture| {
        let (width, height) = Look::fitted(width, height, Look::SIDE);
        if (width, height) != (picture.width(), picture.height()) {
            picture = picture.thumbnail_exact(width, height);
        }
        picture.apply_orientation(turned);
        thumbnail(picture.to_rgba8())
    });
    let (width, height) = if lies_on_its_side(turned) { (height, width) } else { (width, height) };
    Some(Look { width: Some(width), height: Some(height), duration: None, thumbnail })
}

/// Whether a picture is shown with its width and height exchanged.
fn lies_on_its_side(turned: image::metadata::Orientation) -> bool {
    use image::metadata::Orientation;

    matches!(
        turned,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    )
}

/// A small picture as a data URL: as large and as good as fits.
fn thumbnail(picture: RgbaImage) -> Option<String> {
    let is_opaque = picture.pixels().all(|pixel| pixel.0[3] == u8::MAX);
    let picture = DynamicImage::ImageRgba8(picture);
    let mut side = picture.width().max(picture.height());
    loop {
        let (width, height) = Look::fitted(picture.width(), picture.height(), side);
        let small = picture.thumbnail_exact(width, height);
        let url = if is_opaque { opaque(&small.to_rgb8()) } else { transparent(&small.to_rgba8()) };
        if url.is_some() {
            return url;
        }
        side = side * 3 / 4;
        if side < SMALLEST {
            return None;
        }
    }
}

/// The best JPEG that fits.
fn opaque(picture: &RgbImage) -> Option<String> {
    QUALITIES.into_iter().find_map(|quality| {
        let mut bytes = Vec::new();
        picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality)).ok()?;
        data_url("image/jpeg", &bytes)
    })
}

/// The smaller of PNG and WebP, if it fits.
fn transparent(picture: &RgbaImage) -> Option<String> {
    let (mut as_png, mut as_webp) = (Vec::new(), Vec::new());
    let encoder = png::PngEncoder::new_with_quality(&mut as_png, png::CompressionType::Best, png::FilterType::Adaptive);
    picture.write_with_encoder(encoder).ok()?;
    picture.write_with_encoder(WebPEncoder::new_lossless(&mut as_webp)).ok()?;
    if as_png.len() <= as_webp.len() { data_url("image/png", &as_png) } else { data_url("image/webp", &as_webp) }
}

fn data_url(mime: &str, bytes: &[u8]) -> Option<String> {
    let url = format!("data:{mime};base64,{}", STANDARD.encode(bytes));
    (url.len() <= Asset::THUMBNAIL_LIMIT).then_some(url)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{Rgb, Rgba};

    use super::*;

    /// Something with both areas and detail, as photos have.
    fn photo(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let noise = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)).wrapping_mul(2_246_822_519) >> 26;
            Rgb([x * 255 / width, y * 255 / height, 100 + noise].map(|value| value.to_le_bytes()[0]))
        })
    }

    fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn look_at(bytes: Vec<u8>) -> Option<Look> {
        look(&bytes.clone(), Source::Bytes(bytes.into()))
    }

    /// The thumbnail, decoded, and its media type.
    fn shown(look: &Look) -> (DynamicImage, String) {
        let url = look.thumbnail.as_ref().unwrap();
        assert!(url.len() <= Asset::THUMBNAIL_LIMIT);
        let (mime, data) = url.strip_prefix("data:").unwrap().split_once(";base64,").unwrap();
        let picture = image::load_from_memory(&STANDARD.decode(data).unwrap()).unwrap();
        assert!(picture.width() <= Look::SIDE && picture.height() <= Look::SIDE);
        (picture, mime.to_owned())
    }

    #[test]
    fn every_format_has_its_measures_and_a_small_picture() {
        let picture = DynamicImage::ImageRgb8(photo(640, 400));
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp] {
            let look = look_at(encoded(&picture, format)).unwrap();
            assert_eq!((look.width, look.height, look.duration), (Some(640), Some(400), None), "{format:?}");
            let (small, mime) = shown(&look);
            assert_eq!((small.width(), small.height(), mime.as_str()), (256, 160, "image/jpeg"), "{format:?}");
        }
    }

    #[test]
    fn a_small_picture_is_not_enlarged() {
        let look = look_at(encoded(&DynamicImage::ImageRgb8(photo(30, 20)), ImageFormat::Png)).unwrap();
        assert_eq!((shown(&look).0.width(), shown(&look).0.height()), (30, 20));
    }

    #[test]
    fn what_is_transparent_stays_so() {
        let picture = RgbaImage::from_fn(500, 500, |x, y| Rgba([200, 30, 90, if x > y { 0 } else { 255 }]));
        let look = look_at(encoded(&DynamicImage::ImageRgba8(picture), ImageFormat::Png)).unwrap();
        let (small, mime) = shown(&look);
        assert_ne!(mime, "image/jpeg");
        let small = small.to_rgba8();
        assert_eq!((small.get_pixel(250, 5).0[3], small.get_pixel(5, 250).0[3]), (0, 255));
    }

    #[test]
    fn noise_that_cannot_be_made_small_becomes_a_smaller_picture() {
        let mut state = 1_u32;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_le_bytes()
        };
        let noise = RgbaImage::from_fn(300, 300, |_, _| Rgba(random()));
        let look = look_at(encoded(&DynamicImage::ImageRgba8(noise), ImageFormat::Png)).unwrap();
        assert!(shown(&look).0.width() >= SMALLEST);
    }

    #[test]
    fn sixteen_bits_and_grey_are_pictures_too() {
        let picture = DynamicImage::ImageRgb8(photo(64, 64));
        for picture in [DynamicImage::ImageRgb16(picture.to_rgb16()), DynamicImage::ImageLuma8(picture.to_luma8())] {
            assert!(look_at(encoded(&picture, ImageFormat::Png)).unwrap().thumbnail.is_some());
        }
    }

    #[test]
    fn a_photo_taken_upright_is_shown_upright() {
        let mut bytes = encoded(&DynamicImage::ImageRgb8(photo(80, 40)), ImageFormat::Jpeg);
        // After the two bytes of the start: an APP1 with one EXIF field, orientation 6.
        let exif = b"\xff\xe1\0\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        bytes.splice(2..2, exif.iter().copied());
        let look = look_at(bytes).unwrap();
        assert_eq!((look.width, look.height), (Some(40), Some(80)));
        assert_eq!((shown(&look).0.width(), shown(&look).0.height()), (40, 80));
    }

    #[test]
    fn what_is_broken_or_no_picture_has_no_thumbnail_and_is_no_error() {
        let whole = encoded(&DynamicImage::ImageRgb8(photo(64, 64)), ImageFormat::Png);
        let look = look_at(whole[..whole.len() / 2].to_vec());
        assert!(look.is_none_or(|look| look.thumbnail.is_none()));
        for bytes in [&b"\x89PNG\r\n\x1a\n"[..], b"\xff\xd8\xff\xe0", b"GIF89a", b"", b"<svg></svg>", b"hello"] {
            assert_eq!(look_at(bytes.to_vec()), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_picture_that_claims_to_be_huge_is_measured_and_not_decoded() {
        let mut bytes = encoded(&DynamicImage::ImageRgb8(photo(2, 2)), ImageFormat::Bmp);
        // 30,000 × 30,000 pixels in a file of a few bytes.
        for at in [18, 22] {
            bytes[at..at + 4].copy_from_slice(&30_000_u32.to_le_bytes());
        }
        let look = look_at(bytes);
        assert!(look.is_none_or(|look| look.thumbnail.is_none()));
    }
}
