//! References to media.

use super::{
    AssetId, Object,
    object::{FieldError, through_object},
};

/// Where an asset's bytes were first put. The `assets` row says where they are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssetPlace {
    /// On the network. Never fetched unasked.
    Url {
        /// Its address.
        url: String,
    },
    /// In the application's private folder (on the web, the origin private file system).
    Opfs {
        /// From that folder's root.
        path: String,
    },
    /// In a folder that the user chose.
    FsHandle {
        /// Names the row that holds the folder.
        handle_id: String,
    },
    /// In the database.
    Idb {
        /// Names the row that holds the bytes.
        blob_key: String,
    },
    /// In the package that is being read or written.
    Embedded,
}

impl AssetPlace {
    /// Takes the fields of a place out; fields of another kind of place stay, as a newer build's.
    pub(super) fn take(object: &mut Object) -> Result<Self, FieldError> {
        Ok(match object.need::<String>("kind")?.as_str() {
            "url" => Self::Url { url: object.need("url")? },
            "opfs" => Self::Opfs { path: object.need("path")? },
            "fs-handle" => Self::FsHandle { handle_id: object.need("handleId")? },
            "idb" => Self::Idb { blob_key: object.need("blobKey")? },
            "embedded" => Self::Embedded,
            other => return Err(FieldError::new("kind", format!("{other:?} is no place that this build knows"))),
        })
    }

    pub(super) fn put(&self, object: &mut Object) {
        let (kind, field) = match self {
            Self::Url { url } => ("url", Some(("url", url))),
            Self::Opfs { path } => ("opfs", Some(("path", path))),
            Self::FsHandle { handle_id } => ("fs-handle", Some(("handleId", handle_id))),
            Self::Idb { blob_key } => ("idb", Some(("blobKey", blob_key))),
            Self::Embedded => ("embedded", None),
        };
        object.put("kind", kind);
        if let Some((name, value)) = field {
            object.put(name, value.as_str());
        }
    }
}

/// What a node knows of its media: never the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetRef {
    /// Which asset. A plain address has none until it is kept locally.
    pub id: Option<AssetId>,
    /// Where it was first put.
    pub place: AssetPlace,
    /// Its media type, such as `image/png`: a claim, not a proof.
    pub mime: Option<String>,
    /// Its size.
    pub bytes: Option<u64>,
    /// `sha256-` and 64 lower-case hex digits.
    pub hash: Option<String>,
    /// Fields that this build does not know.
    pub extra: Object,
}

impl AssetRef {
    /// A reference to something on the network.
    pub fn url(url: &str) -> Self {
        Self {
            id: None,
            place: AssetPlace::Url { url: url.to_owned() },
            mime: None,
            bytes: None,
            hash: None,
            extra: Object::default(),
        }
    }

    fn from_object(mut object: Object) -> Result<Self, FieldError> {
        let place = AssetPlace::take(&mut object)?;
        Ok(Self {
            id: object.take("id")?,
            place,
            mime: object.take("mime")?,
            bytes: object.take("bytes")?,
            hash: object.take("hash")?,
            extra: object,
        })
    }

    fn to_object(&self) -> Result<Object, serde_json::Error> {
        let mut object = self.extra.clone();
        self.place.put(&mut object);
        if let Some(id) = &self.id {
            object.put_plain("id", id)?;
        }
        if let Some(mime) = &self.mime {
            object.put_plain("mime", mime)?;
        }
        if let Some(bytes) = &self.bytes {
            object.put_plain("bytes", bytes)?;
        }
        if let Some(hash) = &self.hash {
            object.put_plain("hash", hash)?;
        }
        Ok(object)
    }
}
through_object!(AssetRef);
