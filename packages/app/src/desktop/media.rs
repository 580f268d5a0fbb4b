//! Media for the window's own page: `media://localhost/<asset id>`. Only assets are served, each as what its bytes are, and nothing in
//! them can run.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, PoisonError},
};

use dioxus::desktop::wry::{
    RequestAsyncResponder,
    http::{Request, Response, StatusCode, header},
};
use storage::{Session, blobs::byte_range};
use tracing::warn;

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
    let Ok(id) = request.uri().path().trim_start_matches('/').parse() else { return empty(StatusCode::NOT_FOUND) };
    let asset = match session.assets().asset(id).await {
        Ok(Some(asset)) => asset,
        Ok(None) => return empty(StatusCode::NOT_FOUND),
        Err(error) => {
            warn!(error = error.code(), asset = %id, "an asset can't be looked up");
            return empty(StatusCode::INTERNAL_SERVER_ERROR);
        }
    };
    let asked = request.headers().get(header::RANGE).and_then(|value| value.to_str().ok());
    let range = match asked {
        None if asset.bytes > WHOLE => return empty(StatusCode::PAYLOAD_TOO_LARGE),
        None => 0..asset.bytes,
        Some(text) => match byte_range(text, asset.bytes) {
            Some(range) => range.start..range.end.min(range.start.saturating_add(PART)),
            None => return empty(StatusCode::RANGE_NOT_SATISFIABLE),
        },
    };
    let bytes = match session.assets().read(id, range.clone()).await {
        Ok(bytes) => bytes,
        Err(error) => {
            warn!(error = error.code(), asset = %id, "an asset can't be read");
            return empty(StatusCode::NOT_FOUND);
        }
    };
    let mut response = Response::builder()
        .header(header::CONTENT_TYPE, &asset.mime)
        .header(header::ACCEPT_RANGES, "bytes")
        // Should one ever be opened as a page, it is a dead one.
        .header(header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'; style-src 'unsafe-inline'")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if asked.is_some() {
        let part = format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), asset.bytes);
        response = response.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, part);
    }
    response.body(Cow::Owned(bytes)).unwrap_or_else(|error| {
        warn!(%error, asset = %id, "an asset's type can't be a header");
        empty(StatusCode::INTERNAL_SERVER_ERROR)
    })
}

fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Cow::Borrowed(&[][..]));
    *answer.status_mut() = status;
    answer
}
