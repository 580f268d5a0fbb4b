//! References to media.

use serde::{Deserialize, Serialize};

use super::{
    AssetId, Object,
    object::{FieldError, through_object},
};

/// Where an asset's bytes were first put. The `assets` row says where they are now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
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

/// The fields that make a place, so that the others can be told from them.
const PLACE_FIELDS: [&str; 5] = ["kind", "url", "path", "handleId", "blobKey"];

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
        let place: Object = PLACE_FIELDS.iter().filter_map(|field| Some((*field, object.get(field)?.clone()))).collect();
        let place = place.read_as()?;
        for field in PLACE_FIELDS {
            object.remove(field);
        }
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
        for (field, value) in Object::of(&self.place)?.iter() {
            object.put(field, value.clone());
        }
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
