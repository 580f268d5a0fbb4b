//! Requests of a process.

use std::{
    fmt,
    io::{self, Read},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use ureq::{Agent, SendBody};

use super::{Bytes, Http, LARGEST, LONG_PATIENCE, PATIENCE, Request, Response, no_original};
use crate::{
    BoxFuture, Error,
    blobs::{Pieces, Source, reader::Reader},
    sync::event::Failure,
};

/// Asks from threads that may wait.
#[derive(Clone, Copy, Debug, Default)]
pub struct Client;

impl Http for Client {
    fn post(&self, request: Request) -> BoxFuture<Result<Response, Failure>> {
        Box::pin(async move {
            let asked = tokio::task::spawn_blocking(move || ask(&request)).await;
            asked.unwrap_or_else(|error| Err(Failure::Network(error.to_string())))
        })
    }
}

impl Bytes for Client {
    fn send(&self, request: Request, source: Source, bytes: u64) -> BoxFuture<Result<Response, Failure>> {
        Box::pin(async move {
            let sent = tokio::task::spawn_blocking(move || send(&request, source, bytes)).await;
            sent.unwrap_or_else(|error| Err(Failure::Network(error.to_string())))
        })
    }

    fn fetch(&self, url: String, bytes: u64) -> BoxFuture<Result<Source, Failure>> {
        Box::pin(async move {
            let fetched = tokio::task::spawn_blocking(move || fetch(&url, bytes)).await;
            fetched.unwrap_or_else(|error| Err(Failure::Network(error.to_string())))
        })
    }
}

fn send(request: &Request, source: Source, bytes: u64) -> Result<Response, Failure> {
    let gone = |error: Error| Failure::Refused(format!("the original can't be read here: {error}"));
    let mut source = Reader::open(source).map_err(gone)?.take(bytes);
    let asking =
        request.headers.iter().fold(agent().post(&request.url), |asking, (name, value)| asking.header(*name, value));
    let asking = asking.header("Content-Length", bytes.to_string());
    let asking = asking.config().timeout_global(Some(LONG_PATIENCE)).build();
    answer(asking.send(SendBody::from_reader(&mut source)))
}

fn fetch(url: &str, bytes: u64) -> Result<Source, Failure> {
    let asking = agent().get(url).config().timeout_global(Some(LONG_PATIENCE)).build();
    let answer = asking.call().map_err(|error| Failure::Network(error.to_string()))?;
    match answer.status().as_u16() {
        200 => {}
        status => return Err(no_original(status)),
    }
    // One byte more than there should be is another content.
    let body = answer.into_body().into_with_config().limit(bytes + 1).reader();
    Ok(Source::Pieces(Arc::new(Coming { bytes, body: Mutex::new((0, Box::new(body))) })))
}

/// An original that is on its way. It can be read once, from its beginning to its end.
struct Coming {
    bytes: u64,
    /// How far it was read.
    body: Mutex<(u64, Box<dyn Read + Send>)>,
}

impl fmt::Debug for Coming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coming").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Pieces for Coming {
    fn size(&self) -> u64 {
        self.bytes
    }

    fn read(&self, at: u64, buffer: &mut [u8]) -> crate::Result<usize> {
        let failed = |reason: String| Error::Io { what: "the original".into(), reason };
        let (done, body) = &mut *self.body.lock().unwrap_or_else(PoisonError::into_inner);
        if at != *done {
            return Err(failed("it comes over the network and can be read only once".into()));
        }
        loop {
            match body.read(buffer) {
                Ok(count) => {
                    *done += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(format!("the connection was lost: {error}"))),
            }
        }
    }
}

/// Connections are kept for the next request.
fn agent() -> &'static Agent {
    static AGENT: OnceLock<Agent> = OnceLock::new();
    AGENT.get_or_init(|| {
        Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .http_status_as_error(false)
            .build()
            .into()
    })
}

fn ask(request: &Request) -> Result<Response, Failure> {
    let asking =
        request.headers.iter().fold(agent().post(&request.url), |asking, (name, value)| asking.header(*name, value));
    answer(asking.send(&request.body))
}

fn answer(sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Response, Failure> {
    let lost = |error: ureq::Error| Failure::Network(error.to_string());
    let mut answer = sent.map_err(lost)?;
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(LARGEST).read_to_string().map_err(lost)?;
    Ok(Response { status, body })
}
