//! The browser's own requests.

use std::time::Duration;

use futures::future::{Either, select};
use js_sys::{Function, Promise, Reflect};
use tokio::sync::oneshot;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, AbortSignal, Blob, Headers, ProgressEvent, ReferrerPolicy, RequestCache, RequestCredentials,
    RequestInit, RequestRedirect, XmlHttpRequest,
};

use super::{Bytes, Http, LONG_PATIENCE, PATIENCE, Request, Response, no_original};
use crate::{
    BoxFuture,
    blobs::{Source, Ticket},
    platform::{detached, sleep},
    sync::event::Failure,
};

/// Asks through the page or the worker that it is in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Client;

impl Http for Client {
    fn post(&self, request: Request) -> BoxFuture<Result<Response, Failure>> {
        let asked = async move {
            let body = JsValue::from_str(&request.body);
            within(PATIENCE, async |signal| text(ask("POST", &request, Some(&body), signal).await?).await).await
        };
        detached(asked, given_up)
    }
}

impl Bytes for Client {
    fn send(
        &self,
        request: Request,
        source: Source,
        _bytes: u64,
        ticket: Ticket,
    ) -> BoxFuture<Result<Response, Failure>> {
        let sent = async move {
            // Its bytes go from where they are: nothing of them is in our memory.
            let blob = source.to_blob().map_err(|error| Failure::Refused(error.to_string()))?;
            upload(&request, &blob, ticket).await
        };
        detached(sent, given_up)
    }

    fn fetch(&self, url: String, _bytes: u64) -> BoxFuture<Result<Source, Failure>> {
        let request = Request { url, headers: Vec::new(), body: String::new() };
        let fetched = async move {
            let answer = within(LONG_PATIENCE, async |signal| {
                let answer = ask("GET", &request, None, signal).await?;
                let status = answer.status();
                let blob: Blob =
                    if status == 200 { JsFuture::from(answer.blob()?).await?.dyn_into()? } else { Blob::new()? };
                Ok((status, blob))
            });
            match answer.await? {
                (200, blob) => Ok(Source::Blob(blob)),
                (status, _) => Err(no_original(status)),
            }
        };
        detached(fetched, given_up)
    }
}

fn given_up<T>() -> Result<T, Failure> {
    Err(Failure::Network("it was given up".into()))
}

async fn within<T>(
    patience: Duration,
    asking: impl AsyncFnOnce(&AbortSignal) -> Result<T, JsValue>,
) -> Result<T, Failure> {
    let controller = AbortController::new().map_err(|error| lost(&error))?;
    let signal = controller.signal();
    let asking = std::pin::pin!(asking(&signal));
    match select(asking, std::pin::pin!(sleep(patience))).await {
        Either::Left((answer, _)) => answer.map_err(|error| lost(&error)),
        Either::Right(_) => {
            controller.abort();
            Err(Failure::Network(format!("there was no answer within {} s", patience.as_secs())))
        }
    }
}

async fn ask(
    method: &str,
    request: &Request,
    body: Option<&JsValue>,
    signal: &AbortSignal,
) -> Result<web_sys::Response, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in &request.headers {
        headers.append(name, value)?;
    }
    let how = RequestInit::new();
    how.set_method(method);
    how.set_headers(&headers);
    if let Some(body) = body {
        how.set_body(body);
    }
    how.set_cache(RequestCache::NoStore);
    // Nothing that the browser itself knows of the user.
    how.set_credentials(RequestCredentials::Omit);
    how.set_referrer_policy(ReferrerPolicy::NoReferrer);
    how.set_redirect(RequestRedirect::Error);
    how.set_signal(Some(signal));
    let global = js_sys::global();
    let fetch: Function = Reflect::get(&global, &"fetch".into())?.dyn_into()?;
    let asked: Promise = fetch.call2(&global, &request.url.as_str().into(), &how)?.dyn_into()?;
    JsFuture::from(asked).await?.dyn_into()
}

/// Sends a blob in the older of the browser's two ways: only that one tells how many bytes have gone.
async fn upload(request: &Request, blob: &Blob, ticket: Ticket) -> Result<Response, Failure> {
    let (tell, told) = oneshot::channel();
    let ended = Closure::once(move || {
        let _nobody_waits = tell.send(());
    });
    let progress = Closure::<dyn FnMut(ProgressEvent)>::new(move |event: ProgressEvent| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of bytes")]
        ticket.advance(event.loaded() as u64);
    });
    let start = || {
        let sending = XmlHttpRequest::new()?;
        sending.open("POST", &request.url)?;
        for (name, value) in &request.headers {
            sending.set_request_header(name, value)?;
        }
        sending.set_timeout(u32::try_from(LONG_PATIENCE.as_millis()).unwrap_or(u32::MAX));
        sending.set_onloadend(Some(ended.as_ref().unchecked_ref()));
        sending.upload()?.set_onprogress(Some(progress.as_ref().unchecked_ref()));
        // Without credentials, as it is unless it is asked for; the page itself has no referrer.
        sending.send_with_opt_blob(Some(blob))?;
        Ok(sending)
    };
    let sending: XmlHttpRequest = start().map_err(|error| lost(&error))?;
    let _it_has_ended = told.await;
    match sending.status().map_err(|error| lost(&error))? {
        // No answer, or none in time: why is not said.
        0 => Err(Failure::Network("the connection broke while it was sent".into())),
        status => {
            let body = sending.response_text().map_err(|error| lost(&error))?.unwrap_or_default();
            Ok(Response { status, body })
        }
    }
}

async fn text(answer: web_sys::Response) -> Result<Response, JsValue> {
    let body = JsFuture::from(answer.text()?).await?.as_string().unwrap_or_default();
    Ok(Response { status: answer.status(), body })
}

/// No answer, and why: browsers say little, so that a page can't look around.
fn lost(error: &JsValue) -> Failure {
    let said = Reflect::get(error, &"message".into()).ok().and_then(|message| message.as_string());
    Failure::Network(said.unwrap_or_else(|| "no connection".into()))
}
