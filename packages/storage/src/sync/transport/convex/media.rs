//! Originals of a Convex deployment: addresses from its functions, bytes by its file storage.

use std::{
    collections::BTreeMap,
    sync::{MutexGuard, PoisonError},
};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Value, json};

use super::{Convex, Kind};
use crate::{
    BoxFuture,
    blobs::{Source, Ticket},
    model::WorkflowId,
    sync::{
        event::Failure,
        media::Remote,
        transport::{
            http::{Bytes, Request},
            media::{Found, MediaTransport},
        },
    },
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Urls {
    workflow_id: WorkflowId,
    hashes: Vec<String>,
}

#[derive(Deserialize)]
struct Address {
    sha256: String,
    url: String,
    #[serde(deserialize_with = "size")]
    size: u64,
    mime: String,
    #[serde(default)]
    look: Option<String>,
}

/// The answer of `assets:uploadUrl`: an address, or that nothing need be sent.
#[derive(Deserialize)]
struct UploadUrl {
    #[serde(default)]
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    storage_id: String,
}

#[derive(Deserialize)]
struct Known {
    known: bool,
}

fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = f64::deserialize(deserializer)?;
    if (0. ..=9_007_199_254_740_992.).contains(&number) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in the range of both")]
        let size = number as u64;
        Ok(size)
    } else {
        Err(D::Error::custom("it is no size"))
    }
}

impl Convex {
    fn uncommitted(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        // Nothing panics while it is held.
        self.uncommitted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An address that the deployment has named: its own, or one that nobody on the way can read.
    fn named(&self, url: &str) -> Result<String, Failure> {
        let is_own = url.strip_prefix(&self.address).is_some_and(|rest| rest.starts_with('/'));
        if is_own || url.starts_with("https://") {
            Ok(url.to_owned())
        } else {
            Err(Failure::Refused("the server names an address that is neither its own nor encrypted".into()))
        }
    }
}

impl MediaTransport for Convex {
    fn find(&self, workflow: WorkflowId, hashes: Vec<String>) -> BoxFuture<Result<Vec<Found>, Failure>> {
        let asked = self.call::<_, Vec<Address>>(Kind::Query, "assets:urls", &Urls { workflow_id: workflow, hashes });
        Box::pin(async move {
            let found = asked.await?.into_iter().map(|one| {
                let look: Remote = one.look.and_then(|look| serde_json::from_str(&look).ok()).unwrap_or_default();
                Found { remote: look.checked(&one.sha256, &one.mime, one.size), url: one.url }
            });
            Ok(found.collect())
        })
    }

    fn upload(&self, remote: Remote, source: Source, ticket: Ticket) -> BoxFuture<Result<(), Failure>> {
        let this = self.clone();
        Box::pin(async move {
            let content = json!({"sha256": remote.hash, "size": remote.bytes, "mime": remote.mime});
            let before = this.uncommitted().get(&remote.hash).cloned();
            let storage_id = match before {
                // The bytes have arrived; only the call after that failed.
                Some(storage_id) => {
                    ticket.advance(remote.bytes);
                    storage_id
                }
                None => {
                    let given: UploadUrl = this.call(Kind::Mutation, "assets:uploadUrl", &content).await?;
                    let Some(url) = given.url else { return Ok(()) };
                    let headers = vec![("Content-Type", remote.mime.clone())];
                    let request = Request { url: this.named(&url)?, headers, body: String::new() };
                    let answer = this.bytes.send(request, source, remote.bytes, ticket).await?;
                    let Stored { storage_id } = super::plain(&answer)?;
                    this.uncommitted().insert(remote.hash.clone(), storage_id.clone());
                    storage_id
                }
            };
            let mut commit = content;
            if let (Some(fields), Ok(look)) = (commit.as_object_mut(), serde_json::to_string(&remote)) {
                fields.insert("storageId".into(), Value::String(storage_id));
                fields.insert("look".into(), Value::String(look));
            }
            let committed = this.call(Kind::Mutation, "assets:commit", &commit).await;
            if !matches!(committed, Err(Failure::Network(_) | Failure::Busy(_) | Failure::Unauthenticated)) {
                this.uncommitted().remove(&remote.hash);
            }
            let Known { known } = committed?;
            // The bytes were lost or changed on the way, and are gone there: sent again they may be whole.
            if known { Ok(()) } else { Err(Failure::Network("the bytes did not arrive whole".into())) }
        })
    }

    fn download(&self, found: Found) -> BoxFuture<Result<Source, Failure>> {
        let (url, bytes) = (self.named(&found.url), std::sync::Arc::clone(&self.bytes));
        Box::pin(async move { bytes.fetch(url?, found.remote.bytes).await })
    }
}

/// What sends no bytes: for transports that only call functions.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NoBytes;

impl Bytes for NoBytes {
    fn send(&self, _: Request, _: Source, _: u64, _: Ticket) -> BoxFuture<Result<super::Response, Failure>> {
        Box::pin(async { Err(Failure::Refused("it sends no bytes".into())) })
    }

    fn fetch(&self, _: String, _: u64) -> BoxFuture<Result<Source, Failure>> {
        Box::pin(async { Err(Failure::Refused("it fetches no bytes".into())) })
    }
}
