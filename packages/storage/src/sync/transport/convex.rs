//! Calls to a Convex deployment, by its HTTP API.
//!
//! A function is called with `POST {address}/api/{query|mutation}` and `{"path", "args": [{…}], "format"}`; see `docs/sync.md`. How a
//! call gets on its way is for [`Http`]; everything that can be decided without a network is here.

mod media;
mod members;
mod subscription;

pub use members::Member;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{
    Subscription, Transport,
    http::{Bytes, Http, Request, Response},
    socket::Sockets,
};
use crate::{
    BoxFuture,
    sync::{
        event::Failure,
        wire::{ApplyOps, Changes, ChangesSince, Head, OpsApplied},
    },
};

/// How this program calls itself.
const CLIENT: &str = concat!("atelier-", env!("CARGO_PKG_VERSION"));
/// With exact numbers: the plain format rounds what JavaScript can't hold.
const FORMAT: &str = "convex_encoded_json";
/// With this status a function's own error comes from some deployments; from others with 200.
const FUNCTION_FAILED: u16 = 560;

/// A deployment.
#[derive(Clone)]
pub struct Convex {
    /// Without a slash at the end.
    address: String,
    http: Arc<dyn Http>,
    bytes: Arc<dyn Bytes>,
    sockets: Option<Arc<dyn Sockets>>,
    /// Uploaded files by hash that are to become contents: under which name the deployment has them.
    uncommitted: Arc<Mutex<BTreeMap<String, String>>>,
    token: Arc<RwLock<Option<String>>>,
}

/// Which sort of function is called.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Query,
    Mutation,
}

/// Why a text is no address of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an address begins with https:// (or http://, on this machine) and has a host: https://happy-otter-123.convex.cloud"
)]
pub struct BadAddress;

#[derive(Serialize)]
struct Call<'a, A> {
    path: &'a str,
    args: [&'a A; 1],
    format: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    status: &'a str,
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
    #[serde(default)]
    error_message: Option<String>,
    #[serde(default)]
    error_data: Option<ErrorData>,
}

/// What our own functions throw.
#[derive(Deserialize)]
struct ErrorData {
    code: String,
}

/// What the deployment itself says.
#[derive(Deserialize)]
struct SystemError {
    code: String,
}

impl Convex {
    /// The deployment at this address.
    ///
    /// # Errors
    /// It is none: not `https`, except on this machine, or something behind the host.
    pub fn new(address: &str, http: Arc<dyn Http>) -> Result<Self, BadAddress> {
        let address = address.trim().trim_end_matches('/');
        let (scheme, host) = address.split_once("://").ok_or(BadAddress)?;
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let is_here = matches!(name, "localhost" | "127.0.0.1" | "[::1]");
        let is_host = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || "/?#@\\".contains(c));
        if is_host && (scheme == "https" || (scheme == "http" && is_here)) {
            let bytes = Arc::new(media::NoBytes);
            Ok(Self {
                address: address.to_owned(),
                http,
                bytes,
                sockets: None,
                uncommitted: Arc::default(),
                token: Arc::default(),
            })
        } else {
            Err(BadAddress)
        }
    }

    /// The same deployment, with a way for originals.
    #[must_use]
    pub fn with_bytes(self, bytes: Arc<dyn Bytes>) -> Self {
        Self { bytes, ..self }
    }

    /// The same deployment, with a way by which it says itself that something is new.
    #[must_use]
    pub fn with_sockets(self, sockets: Arc<dyn Sockets>) -> Self {
        Self { sockets: Some(sockets), ..self }
    }

    /// What says who the user is. None: nobody in particular.
    pub fn sign_in(&self, token: Option<String>) {
        *self.token.write().unwrap_or_else(PoisonError::into_inner) = token.filter(|token| !token.is_empty());
    }

    /// Calls a function.
    fn call<A: Serialize, V: DeserializeOwned + 'static>(
        &self,
        kind: Kind,
        path: &'static str,
        argument: &A,
    ) -> BoxFuture<Result<V, Failure>> {
        let body = match serde_json::to_string(&Call { path, args: [argument], format: FORMAT }) {
            Ok(body) => body,
            Err(error) => return Box::pin(async move { Err(Failure::Refused(error.to_string())) }),
        };
        let kind = match kind {
            Kind::Query => "query",
            Kind::Mutation => "mutation",
        };
        let mut headers = vec![("Content-Type", "application/json".to_owned()), ("Convex-Client", CLIENT.to_owned())];
        if let Some(token) = &*self.token.read().unwrap_or_else(PoisonError::into_inner) {
            headers.push(("Authorization", format!("Bearer {token}")));
        }
        let asked = self.http.post(Request { url: format!("{}/api/{kind}", self.address), headers, body });
        Box::pin(async move { read(&asked.await?) })
    }
}

impl Transport for Convex {
    fn push(&self, body: ApplyOps) -> BoxFuture<Result<OpsApplied, Failure>> {
        self.call(Kind::Mutation, "sync:applyOps", &body)
    }

    fn pull(&self, body: ChangesSince) -> BoxFuture<Result<Changes, Failure>> {
        self.call(Kind::Query, "sync:changesSince", &body)
    }

    fn heads(&self) -> BoxFuture<Result<Vec<Head>, Failure>> {
        self.call(Kind::Query, "sync:heads", &serde_json::Map::new())
    }

    fn subscribe(&self) -> Option<Subscription> {
        let sockets = self.sockets.as_ref()?;
        // `https` becomes `wss`, and `http` becomes `ws`.
        let address = format!("{}/api/{}/sync", self.address.replacen("http", "ws", 1), subscription::PROTOCOL);
        let token = self.token.read().unwrap_or_else(PoisonError::into_inner);
        Some(subscription::subscribe(sockets, address, token.as_deref()))
    }
}

/// What an HTTP status means.
fn check(response: &Response) -> Result<(), Failure> {
    match response.status {
        200 | FUNCTION_FAILED => Ok(()),
        status => Err(Failure::of_status(status).unwrap_or_else(|| {
            let code = serde_json::from_str::<SystemError>(&response.body).map(|error| error.code);
            Failure::Refused(code.unwrap_or_else(|_| format!("status {status}")))
        })),
    }
}

/// An answer that is not a function's.
fn plain<V: DeserializeOwned>(response: &Response) -> Result<V, Failure> {
    check(response)?;
    serde_json::from_str(&response.body).map_err(unreadable)
}

fn unreadable(error: serde_json::Error) -> Failure {
    Failure::Refused(format!("its answer can't be read: {error}"))
}

/// What a function has thrown.
fn function_failure(data: Option<ErrorData>, message: Option<String>) -> Failure {
    match data.map(|data| data.code) {
        Some(code) if code == "UNAUTHENTICATED" => Failure::Unauthenticated,
        code => Failure::Refused(code.or(message).unwrap_or_else(|| "no reason given".into())),
    }
}

/// What a function's answer means.
fn read<V: DeserializeOwned>(response: &Response) -> Result<V, Failure> {
    check(response)?;
    let answer: Answer = serde_json::from_str(&response.body).map_err(unreadable)?;
    match (answer.status, answer.value) {
        ("success", Some(value)) => serde_json::from_str(value.get()).map_err(unreadable),
        ("error", _) => Err(function_failure(answer.error_data, answer.error_message)),
        _ => Err(Failure::Refused("its answer is of another kind".into())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::{Value, json};

    use super::*;
    use crate::model::WorkflowId;

    /// Answers everything alike, and keeps what it was asked.
    struct Scripted {
        answer: Result<Response, Failure>,
        asked: Mutex<Vec<Request>>,
    }

    impl Http for Scripted {
        fn post(&self, request: Request) -> BoxFuture<Result<Response, Failure>> {
            self.asked.lock().unwrap().push(request);
            let answer = self.answer.clone();
            Box::pin(async move { answer })
        }
    }

    fn answering(status: u16, body: &Value) -> (Convex, Arc<Scripted>) {
        let answer = Ok(Response { status, body: body.to_string() });
        let http = Arc::new(Scripted { answer, asked: Mutex::default() });
        (Convex::new("https://otter.convex.cloud/", http.clone()).unwrap(), http)
    }

    fn since() -> ChangesSince {
        ChangesSince {
            workflow_id: WorkflowId::from_uuid(uuid::Uuid::from_u128(7)),
            cursor: 3,
            limit: 500,
            gc_seq: None,
        }
    }

    #[tokio::test]
    async fn a_call_says_what_the_api_wants() {
        let page = json!({"reset": false, "entities": [], "cursor": 3, "done": true, "gcSeq": 0, "serverNow": 5.0});
        let (convex, http) = answering(200, &json!({"status": "success", "value": page}));
        convex.sign_in(Some("secret".into()));
        let changes = convex.pull(since()).await.unwrap();
        assert_eq!((changes.cursor, changes.server_now), (3, 5));
        let asked = http.asked.lock().unwrap();
        assert_eq!(asked[0].url, "https://otter.convex.cloud/api/query");
        let body: Value = serde_json::from_str(&asked[0].body).unwrap();
        let argument = json!({"workflowId": "00000000-0000-0000-0000-000000000007", "cursor": 3, "limit": 500});
        assert_eq!(body, json!({"path": "sync:changesSince", "args": [argument], "format": "convex_encoded_json"}));
        let header = |name| asked[0].headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str());
        assert_eq!(header("Content-Type"), Some("application/json"));
        assert_eq!(header("Authorization"), Some("Bearer secret"));
        assert!(header("Convex-Client").unwrap().starts_with("atelier-"));
    }

    #[tokio::test]
    async fn each_failure_is_told_as_what_it_is() {
        for (status, body, failure) in [
            (503, json!({"code": "Overloaded", "message": ""}), Failure::Busy(503)),
            (429, json!({}), Failure::Busy(429)),
            (401, json!({}), Failure::Unauthenticated),
            (400, json!({"code": "BadJsonBody", "message": "x"}), Failure::Refused("BadJsonBody".into())),
            (404, json!("no JSON of theirs"), Failure::Refused("status 404".into())),
            (
                200,
                json!({"status": "error", "errorMessage": "x", "errorData": {"code": "UNAUTHENTICATED"}}),
                Failure::Unauthenticated,
            ),
            (
                560,
                json!({"status": "error", "errorMessage": "x", "errorData": {"code": "FORBIDDEN"}}),
                Failure::Refused("FORBIDDEN".into()),
            ),
            (
                200,
                json!({"status": "error", "errorMessage": "[Request ID: 1] Server Error"}),
                Failure::Refused("[Request ID: 1] Server Error".into()),
            ),
        ] {
            assert_eq!(answering(status, &body).0.heads().await, Err(failure), "{status} {body}");
        }
        for odd in [json!("success"), json!({"status": "success"}), json!({"status": "success", "value": 7})] {
            assert!(matches!(answering(200, &odd).0.heads().await, Err(Failure::Refused(_))), "{odd}");
        }
    }

    #[test]
    fn only_addresses_of_deployments_are_taken() {
        let http = || Arc::new(Scripted { answer: Err(Failure::Busy(500)), asked: Mutex::default() });
        for good in
            ["https://a.convex.cloud", " https://a.convex.cloud/ ", "http://127.0.0.1:3210", "http://localhost:3210/"]
        {
            assert!(Convex::new(good, http()).is_ok(), "{good}");
        }
        // Without encryption only on this machine: a token would be readable on the way.
        for bad in
            ["", "a.convex.cloud", "http://a.convex.cloud", "https://", "ftp://a", "https://user@a", "https://a/b?c"]
        {
            assert_eq!(Convex::new(bad, http()).err(), Some(BadAddress), "{bad}");
        }
    }
}
