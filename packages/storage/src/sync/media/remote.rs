//! What is known of a content whose bytes are elsewhere.

use serde::{Deserialize, Serialize};

use crate::model::{Asset, AssetId};

/// How long a name may be that travels, in characters.
const NAME: usize = 200;

/// How a content looks, as it travels: the JSON text `look` of `assets:commit` and `assets:urls`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Remote {
    /// `sha256-` and 64 lower-case hex digits.
    pub hash: String,
    /// The media type.
    pub mime: String,
    /// The size.
    pub bytes: u64,
    /// What the file was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A picture's width in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// A picture's height in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// How long it plays, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<f64>,
    /// A small picture of it: a data URL of at most [`Asset::THUMBNAIL_LIMIT`] bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<String>,
}

impl Remote {
    /// What others are told of a content that is here.
    pub fn of(asset: &Asset) -> Self {
        let is_small = |thumbnail: &String| thumbnail.len() <= Asset::THUMBNAIL_LIMIT;
        Self {
            hash: asset.hash.clone(),
            mime: asset.mime.clone(),
            bytes: asset.bytes,
            name: asset.name.as_ref().map(|name| name.chars().take(NAME).collect()),
            width: asset.width,
            height: asset.height,
            duration: asset.duration.filter(|duration| duration.is_finite()),
            thumbnail: asset.thumbnail.clone().filter(is_small),
        }
    }

    /// What a server says, without what nobody of ours would say: a thumbnail is a picture inside the text and small, never an address.
    #[must_use]
    pub fn checked(self, hash: &str, mime: &str, bytes: u64) -> Self {
        let is_thumbnail = |text: &String| {
            text.len() <= Asset::THUMBNAIL_LIMIT
                && ["data:image/png;", "data:image/jpeg;", "data:image/webp;"].iter().any(|kind| text.starts_with(kind))
        };
        Self {
            hash: hash.to_owned(),
            mime: mime.to_owned(),
            bytes,
            name: self.name.map(|name| name.chars().take(NAME).collect()),
            thumbnail: self.thumbnail.filter(is_thumbnail),
            ..self
        }
    }
}

/// Setting: what is known of a content that a node refers to by this id and that isn't here.
pub fn remote_key(id: AssetId) -> String {
    format!("media/remote/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbnail_that_is_an_address_or_too_large_is_none() {
        for (thumbnail, is_taken) in [
            ("data:image/webp;base64,AAAA".to_owned(), true),
            ("https://elsewhere.example/pixel.png".to_owned(), false),
            ("data:image/svg+xml;utf8,<svg/>".to_owned(), false),
            (format!("data:image/png;base64,{}", "A".repeat(Asset::THUMBNAIL_LIMIT)), false),
        ] {
            let said = Remote { hash: "another".into(), thumbnail: Some(thumbnail.clone()), ..Remote::default() };
            let checked = said.checked("sha256-1", "image/png", 7);
            assert_eq!(checked.thumbnail.is_some(), is_taken, "{thumbnail}");
            assert_eq!((checked.hash.as_str(), checked.bytes), ("sha256-1", 7));
        }
    }
}
