//! Requests of a process.

use std::{
    io::{self, Read},
    sync::Mutex,
};

use ureq::SendBody;

use super::{Bytes, Http, LARGEST, LONG_PATIENCE, Request, Response, no_original};
use crate::{
    BoxFuture, Error,
    blobs::{Source, Ticket, reader::Reader},
    download_native::{Coming, agent},
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
    fn send(
        &self,
        request: Request,
        source: Source,
        bytes: u64,
        ticket: Ticket,
    ) -> BoxFuture<Result<Response, Failure>> {
        Box::pin(async move {
            let sent = tokio::task::spawn_blocking(move || send(&request, source, bytes, ticket)).await;
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

/// Tells a ticket what was read.
struct Counted<R> {
    inner: R,
    read: u64,
    ticket: Ticket,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read += count as u64;
        self.ticket.advance(self.read);
        Ok(count)
    }
}

fn send(request: &Request, source: Source, bytes: u64, ticket: Ticket) -> Result<Response, Failure> {
    let gone = |error: Error| Failure::Refused(format!("the original can't be read here: {error}"));
    let inner = Reader::open(source).map_err(gone)?.take(bytes);
    let mut source = Counted { inner, read: 0, ticket };
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
    // Whoever keeps it compares its hash.
    Ok(Coming { bytes, expected: None, body: Mutex::new((0, Box::new(body))) }.into())
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
