//! What is known of a media file.

use serde::{Deserialize, Serialize};

use super::{
    AssetId, AssetPlace, AssetRef, Object,
    object::{FieldError, through_object},
};

/// One content, wherever its bytes are: there is one of these per sha256. It is a matter of this device, so it has no stamps;
/// nodes refer to it with an [`AssetRef`].
#[derive(Clone, Debug, PartialEq)]
pub struct Asset {
    /// Names it.
    pub id: AssetId,
    /// `sha256-` and 64 lower-case hex digits.
    pub hash: String,
    /// The CRC-32 that a ZIP archive wants: an export then reads nothing twice.
    pub crc32: u32,
    /// The media type that the bytes themselves show.
    pub mime: String,
    /// Its size.
    pub bytes: u64,
    /// Where the bytes are now.
    pub place: AssetPlace,
    /// What the file was called when it came.
    pub name: Option<String>,
    /// A picture's width in pixels.
    pub width: Option<u32>,
    /// A picture's height in pixels.
    pub height: Option<u32>,
    /// How long it plays, in seconds.
    pub duration: Option<f64>,
    /// A small picture of it: a data URL of at most [`Asset::THUMBNAIL_LIMIT`] bytes.
    pub thumbnail: Option<String>,
    /// When it came, in milliseconds since 1970.
    pub created_at: u64,
    /// Fields that this build does not know.
    pub extra: Object,
}

impl Asset {
    /// How long a thumbnail may be, as a data URL.
    pub const THUMBNAIL_LIMIT: usize = 8 * 1024;

    /// What a node keeps of it.
    pub fn reference(&self) -> AssetRef {
        AssetRef {
            id: Some(self.id),
            place: self.place.clone(),
            mime: Some(self.mime.clone()),
            bytes: Some(self.bytes),
            hash: Some(self.hash.clone()),
            extra: Object::default(),
        }
    }

    /// The same, without what is large about it.
    #[must_use]
    pub fn without_thumbnail(self) -> Self {
        Self { thumbnail: None, ..self }
    }

    /// How it is shown.
    pub fn kind(&self) -> MediaKind {
        MediaKind::of(&self.mime)
    }

    fn from_object(mut object: Object) -> Result<Self, FieldError> {
        Ok(Self {
            id: object.need("id")?,
            hash: object.need("hash")?,
            crc32: object.need("crc32")?,
            mime: object.need("mime")?,
            bytes: object.need("bytes")?,
            place: AssetPlace::take(&mut object)?,
            name: object.take("name")?,
            width: object.take("width")?,
            height: object.take("height")?,
            duration: object.take("duration")?,
            thumbnail: object.take("thumbnail")?,
            created_at: object.need("createdAt")?,
            extra: object,
        })
    }

    fn to_object(&self) -> Result<Object, serde_json::Error> {
        let mut object = self.extra.clone();
        self.place.put(&mut object);
        object.put_plain("id", &self.id)?;
        object.put("hash", self.hash.as_str());
        object.put("crc32", self.crc32);
        object.put("mime", self.mime.as_str());
        object.put("bytes", self.bytes);
        object.put("createdAt", self.created_at);
        for (field, value) in [("name", &self.name), ("thumbnail", &self.thumbnail)] {
            if let Some(value) = value {
                object.put(field, value.as_str());
            }
        }
        for (field, value) in [("width", self.width), ("height", self.height)] {
            if let Some(value) = value {
                object.put(field, value);
            }
        }
        if let Some(duration) = self.duration.filter(|duration| duration.is_finite()) {
            object.put_plain("duration", &duration)?;
        }
        Ok(object)
    }
}
through_object!(Asset);

/// How a content is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    /// A still or animated picture.
    Image,
    /// Moving pictures.
    Video,
    /// Sound.
    Audio,
    /// Anything else: kept, and not shown.
    Other,
}

impl MediaKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Image, Self::Video, Self::Audio, Self::Other];

    /// How a media type is shown.
    pub fn of(mime: &str) -> Self {
        match mime.split('/').next() {
            Some("image") => Self::Image,
            Some("video") => Self::Video,
            Some("audio") => Self::Audio,
            _ => Self::Other,
        }
    }

    /// Its name: of its folder, and of the kind of node that shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Other => "other",
        }
    }
}
