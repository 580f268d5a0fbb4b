//! Requests of a process.

use std::sync::OnceLock;

use ureq::Agent;

use super::{Http, LARGEST, PATIENCE, Request, Response};
use crate::{BoxFuture, sync::event::Failure};

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
    let lost = |error: ureq::Error| Failure::Network(error.to_string());
    let asking =
        request.headers.iter().fold(agent().post(&request.url), |asking, (name, value)| asking.header(*name, value));
    let mut answer = asking.send(&request.body).map_err(lost)?;
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(LARGEST).read_to_string().map_err(lost)?;
    Ok(Response { status, body })
}
