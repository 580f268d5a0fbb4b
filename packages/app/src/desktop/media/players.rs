//! An address on this machine for videos and sounds.
//!
//! On Linux, WebKit leaves playing to `GStreamer`, which knows HTTP but no scheme of an application's (WebKit's bug 146351): nothing
//! would play. Whoever wants something from here has to know a secret that is new at each start and that only the window's page is
//! told; only what plays is given; and a page of the web whose host's name leads here is refused by that name.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    routing::get,
};
use dioxus::desktop::wry::http::{HeaderMap, Response, StatusCode, header};
use futures::stream;
use storage::{
    Session,
    model::{Asset, MediaKind},
};
use tracing::warn;
use uuid::Uuid;

use super::Asked;

/// How much is read at once, in bytes. A player that is slow or pauses is waited for.
const PIECE: u64 = 1 << 20;

/// Where players find what they play.
#[derive(Clone)]
pub struct Players {
    host: String,
    secret: String,
}

/// What the server knows.
#[derive(Clone)]
struct Served {
    players: Players,
    session: Arc<Mutex<Option<Session>>>,
}

impl Players {
    /// Starts to serve, on a thread of its own.
    ///
    /// # Errors
    /// The machine has no port left, or no thread.
    pub fn start(session: &Arc<Mutex<Option<Session>>>) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        listener.set_nonblocking(true)?;
        let players = Self { host: listener.local_addr()?.to_string(), secret: Uuid::new_v4().simple().to_string() };
        let served = Served { players: players.clone(), session: Arc::clone(session) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let serve = async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let router = Router::new().route("/{secret}/{id}", get(answer)).with_state(served);
            axum::serve(listener, router).await
        };
        thread::Builder::new().name("atelier-players".into()).spawn(move || {
            if let Err(error) = runtime.block_on(serve) {
                warn!(%error, "nothing plays any more");
            }
        })?;
        Ok(players)
    }

    /// The origin of all addresses.
    pub fn origin(&self) -> String {
        format!("http://{}", self.host)
    }

    /// What comes before an asset's id in its address.
    pub fn base(&self) -> String {
        format!("http://{}/{}", self.host, self.secret)
    }
}

/// Answers `GET`, and `HEAD` with the same without the bytes.
async fn answer(
    State(Served { players, session }): State<Served>,
    Path((secret, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response<Body> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if secret != players.secret || text(header::HOST) != Some(&players.host) {
        return empty(StatusCode::NOT_FOUND);
    }
    let session = session.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(session) = session else { return empty(StatusCode::SERVICE_UNAVAILABLE) };
    match Asked::find(&session, &id, text(header::RANGE)).await {
        Ok(asked) if matches!(asked.asset.kind(), MediaKind::Video | MediaKind::Audio) => {
            let head = asked.head();
            head.body(body(session, asked.asset, asked.range)).unwrap_or_else(|error| {
                warn!(%error, "an asset's type can't be a header");
                empty(StatusCode::INTERNAL_SERVER_ERROR)
            })
        }
        Ok(_) => empty(StatusCode::NOT_FOUND),
        Err(status) => empty(status),
    }
}

/// The bytes, piece by piece.
fn body(session: Session, asset: Asset, range: Range<u64>) -> Body {
    Body::from_stream(stream::try_unfold((session, range), move |(session, Range { start, end })| async move {
        if start >= end {
            return Ok::<_, storage::Error>(None);
        }
        let next = end.min(start.saturating_add(PIECE));
        let bytes = session.assets().read(asset.id, start..next).await.inspect_err(|error| {
            warn!(error = error.code(), asset = %asset.id, "an asset can't be read to its end");
        })?;
        Ok(Some((bytes, (session, next..end))))
    }))
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpStream,
    };

    use storage::{
        Location,
        blobs::{Source, Ticket},
        model::AssetId,
    };

    use super::*;

    /// A player, and a sound and a picture to ask for.
    struct Desk {
        players: Players,
        sound: AssetId,
        picture: AssetId,
    }

    /// Eight samples of silence.
    const SOUND: &[u8] = b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\x08\0\0\0\x80\x80\x80\x80\x80\x80\x80\x80";
    const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n, or what begins like one";

    async fn desk() -> Desk {
        let (session, _events) = Session::open(Location::Memory).await.unwrap();
        let mut ids = Vec::new();
        for bytes in [SOUND, PICTURE] {
            let added = session.assets().put(Source::Bytes(bytes.into()), None, Ticket::default()).await.unwrap();
            ids.push(added.asset.id);
        }
        let players = Players::start(&Arc::new(Mutex::new(Some(session)))).unwrap();
        Desk { players, sound: ids[0], picture: ids[1] }
    }

    impl Desk {
        /// The answer to a request, on a thread of its own as a player is.
        fn ask(&self, method: &str, path: &str, host: &str, more: &str) -> String {
            let mut stream = TcpStream::connect(&self.players.host).unwrap();
            write!(stream, "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n").unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            String::from_utf8_lossy(&answer).to_lowercase()
        }

        fn get(&self, id: AssetId, more: &str) -> String {
            self.ask("GET", &format!("/{}/{id}", self.players.secret), &self.players.host, more)
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_player_gets_a_sound_and_any_part_of_it() {
        let desk = desk().await;
        let whole = desk.get(desk.sound, "");
        assert!(whole.starts_with("http/1.1 200") && whole.contains("content-length: 52"), "{whole}");
        let part = desk.get(desk.sound, "Range: bytes=8-11\r\n");
        assert!(part.starts_with("http/1.1 206") && part.ends_with("\r\n\r\nwave"), "{part}");
        assert!(part.contains("content-range: bytes 8-11/52"), "{part}");
        assert!(desk.get(desk.sound, "Range: bytes=99-\r\n").starts_with("http/1.1 416"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nobody_else_gets_anything() {
        let desk = desk().await;
        let Players { host, secret } = &desk.players;
        assert!(desk.get(desk.picture, "").starts_with("http/1.1 404"), "what doesn't play");
        let path = format!("/{secret}/{}", desk.sound);
        assert!(desk.ask("GET", &path, "example.com", "").starts_with("http/1.1 404"), "a host that leads here");
        assert!(desk.ask("POST", &path, host, "").starts_with("http/1.1 405"));
        for path in [format!("/{}", desk.sound), format!("/{}/{}", Uuid::nil().simple(), desk.sound), "/".into()] {
            assert!(desk.ask("GET", &path, host, "").starts_with("http/1.1 404"), "{path}");
        }
    }
}
