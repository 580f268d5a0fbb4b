//! What the page and its worker say to each other.
//!
//! A message is an array: the number of the call that it belongs to, what is said as JSON, and what JSON can't hold, which is the
//! content for [`Ask`], or a port through which it comes, and its beginning for [`Tell::Found`].

use js_sys::Array;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, JsValue};

use crate::{
    Error,
    blobs::{Known, Look, Spots, Wanted},
    model::exact_text,
    package::{Found, PackageError},
};

/// The page's part.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Ask {
    /// Write the content to a file of that name in a folder below the private files, hash it unless its hash is known, and look at
    /// it if that is wanted.
    Write { folder: Vec<String>, name: String, known: Option<Known>, is_looked_at: bool },
    /// Look at the content, which was hashed before.
    Look { known: Known },
    /// Hash the content.
    Hash,
    /// Hash what comes through the port: buffers, each of which is answered with anything when it is done, and at the end something
    /// else.
    HashHanded,
    /// Check the content, which is a package or a backup.
    Check,
    /// The answer to [`Tell::Wanted`].
    Stage(Spots),
    /// What was asked for in this call isn't wanted any more.
    Cancel,
}

/// The worker's part.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Tell {
    /// It listens. It holds the lock of that name, and it may have quick access to private files.
    Ready { lock: String, has_handles: bool },
    /// So many bytes are done.
    Done(u64),
    /// The check wants to know where it may stage these of a package's contents. It waits for the answer.
    Wanted(Vec<Wanted>),
    /// All of them are.
    Found { hash: String, crc32: u32, bytes: u64, look: Option<Look> },
    /// What it is and holds, or why it is refused.
    Checked(Box<Result<Found, PackageError>>),
    /// It failed.
    Failed(Failure),
}

/// An error on its way.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Failure {
    Full(String),
    Missing { what: String, reason: String },
    Io { what: String, reason: String },
    Cancelled,
    Refused { name: String, message: String },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Full(reason) => Self::Full(reason),
            Error::Missing { what, reason } => Self::Missing { what, reason },
            Error::Io { what, reason } => Self::Io { what, reason },
            Error::Cancelled => Self::Cancelled,
            Error::Refused { name, message } => Self::Refused { name, message },
            // Nothing else happens to bytes.
            other => Self::Refused { name: "Error".into(), message: other.to_string() },
        }
    }
}

impl Failure {
    /// The error that it was.
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Full(reason) => Error::Full(reason),
            Self::Missing { what, reason } => Error::Missing { what, reason },
            Self::Io { what, reason } => Error::Io { what, reason },
            Self::Cancelled => Error::Cancelled,
            Self::Refused { name, message } => Error::Refused { name, message },
        }
    }
}

/// Puts a message together.
pub(super) fn pack(call: u32, said: &impl Serialize, with: &JsValue) -> serde_json::Result<JsValue> {
    let text = exact_text(said)?;
    Ok(Array::of3(&call.into(), &text.into(), with).into())
}

/// Takes a message apart. None: it is somebody else's.
pub(super) fn unpack<T: DeserializeOwned>(message: JsValue) -> Option<(u32, T, JsValue)> {
    let parts: Array = message.dyn_into().ok()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number that `pack` has put there")]
    let call = parts.get(0).as_f64()? as u32;
    Some((call, serde_json::from_str(&parts.get(1).as_string()?).ok()?, parts.get(2)))
}
