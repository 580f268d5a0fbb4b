//! `media://localhost/<asset id>`.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, PoisonError},
};

use dioxus::desktop::wry::{
    RequestAsyncResponder,
    http::{Request, Response, StatusCode, header},
};
use storage::Session;
use tracing::warn;

use super::Asked;

/// The scheme of the addresses that [`storage::blobs::Assets::url`] gives.
pub const SCHEME: &str = "media";

/// How much a player gets at once when it doesn't say how much it wants.
const PART: u64 = 4 << 20;
/// What is larger is given in parts only: an answer is in memory as a whole.
const WHOLE: u64 = 256 << 20;

type Answer = Response<Cow<'static, [u8]>>;

/// Answers a request, now or later.
pub fn serve(session: &Arc<Mutex<Option<Session>>>, request: Request<Vec<u8>>, responder: RequestAsyncResponder) {
    let session = session.lock().unwrap_or_else(PoisonError::into_inner).clone();
    tokio::spawn(async move {
        let answer = match session {
            Some(session) => answer(&session, &request).await,
            None => empty(StatusCode::SERVICE_UNAVAILABLE),
        };
        responder.respond(answer);
    });
}

async fn answer(session: &Session, request: &Request<Vec<u8>>) -> Answer {
    let range = request.headers().get(header::RANGE).and_then(|value| value.to_str().ok());
    let mut asked = match Asked::find(session, request.uri().path().trim_start_matches('/'), range).await {
        Ok(asked) if asked.whole && asked.asset.bytes > WHOLE => return empty(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(asked) => asked,
        Err(status) => return empty(status),
    };
    if !asked.whole {
        asked.range.end = asked.range.end.min(asked.range.start.saturating_add(PART));
    }
    match session.assets().read(asked.asset.id, asked.range.clone()).await {
        Ok(bytes) => asked.head().body(Cow::Owned(bytes)).unwrap_or_else(|error| {
            warn!(%error, asset = %asked.asset.id, "an asset's type can't be a header");
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }),
        Err(error) => {
            warn!(error = error.code(), asset = %asked.asset.id, "an asset can't be read");
            empty(StatusCode::NOT_FOUND)
        }
    }
}

fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Cow::Borrowed(&[][..]));
    *answer.status_mut() = status;
    answer
}
