//! The browser's own requests.

use futures::future::{Either, select};
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, ReferrerPolicy, RequestCache, RequestCredentials, RequestInit, RequestRedirect,
};

use super::{Http, PATIENCE, Request, Response};
use crate::{
    BoxFuture,
    platform::{detached, sleep},
    sync::event::Failure,
};

/// Asks through the page or the worker that it is in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Client;

impl Http for Client {
    fn post(&self, request: Request) -> BoxFuture<Result<Response, Failure>> {
        detached(async move { within_patience(&request).await }, || Err(Failure::Network("it was given up".into())))
    }
}

async fn within_patience(request: &Request) -> Result<Response, Failure> {
    let controller = AbortController::new().map_err(|error| lost(&error))?;
    let asking = std::pin::pin!(ask(request, &controller));
    match select(asking, std::pin::pin!(sleep(PATIENCE))).await {
        Either::Left((answer, _)) => answer.map_err(|error| lost(&error)),
        Either::Right(_) => {
            controller.abort();
            Err(Failure::Network("there was no answer within a minute".into()))
        }
    }
}

async fn ask(request: &Request, controller: &AbortController) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in &request.headers {
        headers.append(name, value)?;
    }
    let how = RequestInit::new();
    how.set_method("POST");
    how.set_headers(&headers);
    how.set_body(&request.body.as_str().into());
    how.set_cache(RequestCache::NoStore);
    // Nothing that the browser itself knows of the user.
    how.set_credentials(RequestCredentials::Omit);
    how.set_referrer_policy(ReferrerPolicy::NoReferrer);
    how.set_redirect(RequestRedirect::Error);
    how.set_signal(Some(&controller.signal()));
    let global = js_sys::global();
    let fetch: Function = Reflect::get(&global, &"fetch".into())?.dyn_into()?;
    let asked: Promise = fetch.call2(&global, &request.url.as_str().into(), &how)?.dyn_into()?;
    let answer: web_sys::Response = JsFuture::from(asked).await?.dyn_into()?;
    let body = JsFuture::from(answer.text()?).await?.as_string().unwrap_or_default();
    Ok(Response { status: answer.status(), body })
}

/// No answer, and why: browsers say little, so that a page can't look around.
fn lost(error: &JsValue) -> Failure {
    let said = Reflect::get(error, &"message".into()).ok().and_then(|message| message.as_string());
    Failure::Network(said.unwrap_or_else(|| "no connection".into()))
}
