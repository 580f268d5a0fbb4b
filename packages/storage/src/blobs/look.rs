//! How a content looks: its measures, and a small picture of it.

use serde::{Deserialize, Serialize};

/// What can be told of a content by looking at it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
    /// How long it plays, in seconds.
    pub duration: Option<f64>,
    /// A data URL of at most [`crate::model::Asset::THUMBNAIL_LIMIT`] bytes, of a picture whose sides are at most
    /// [`Look::SIDE`] pixels.
    pub thumbnail: Option<String>,
}

impl Look {
    /// How long the longer side of a thumbnail is at most, in pixels.
    pub const SIDE: u32 = 256;

    /// The size of a picture of `width` × `height` pixels when it is made to fit into a square of `side`; never larger.
    pub fn fitted(width: u32, height: u32, side: u32) -> (u32, u32) {
        let longer = width.max(height).max(1);
        if longer <= side {
            return (width.max(1), height.max(1));
        }
        // At most `side`, which fits.
        let scaled =
            |length: u32| u32::try_from(u64::from(length) * u64::from(side) / u64::from(longer)).unwrap_or(side);
        (scaled(width).max(1), scaled(height).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::Look;

    #[test]
    fn a_picture_keeps_its_shape_and_is_never_enlarged() {
        assert_eq!(Look::fitted(1024, 768, 256), (256, 192));
        assert_eq!(Look::fitted(100, 4000, 256), (6, 256));
        assert_eq!(Look::fitted(1, 100_000, 256), (1, 256));
        assert_eq!(Look::fitted(20, 10, 256), (20, 10));
        assert_eq!(Look::fitted(0, 0, 256), (1, 1));
        assert_eq!(Look::fitted(u32::MAX, u32::MAX, 256), (256, 256));
    }
}
