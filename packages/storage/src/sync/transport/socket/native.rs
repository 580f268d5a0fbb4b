//! Connections of a process. Each has a thread, which sleeps until something comes.

use std::{
    fmt::Display,
    io::{self, Read, Write},
    net::{Shutdown, TcpStream, ToSocketAddrs},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    thread,
    time::Duration,
};

use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring, pki_types::ServerName};
use tokio::sync::mpsc::{self, UnboundedSender};
use tungstenite::{
    Error, HandshakeError, Message,
    client::{IntoClientRequest, client_with_config},
    http::Uri,
    protocol::WebSocketConfig,
};

use super::{Socket, Sockets};
use crate::sync::{event::Failure, transport::http::LARGEST};

/// How long each step of opening one may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Opens connections from threads that may wait.
#[derive(Clone, Copy, Debug, Default)]
pub struct Client;

impl Sockets for Client {
    fn open(&self, address: String, greeting: Vec<String>) -> Socket {
        let (tell, said) = mpsc::unbounded_channel();
        let line = Arc::new(Line::default());
        let talking = Arc::clone(&line);
        let telling = tell.clone();
        let talk = move || {
            let Err(lost) = talk(&address, greeting, &talking, &telling);
            let _nobody_listens = telling.send(Err(lost));
        };
        if let Err(error) = thread::Builder::new().name("websocket".into()).spawn(talk) {
            let _is_heard = tell.send(Err(lost(error)));
        }
        Socket::new(said, Hold(line))
    }
}

/// The TCP connection, by which the thread is woken when nobody listens any more.
#[derive(Default)]
struct Line(Mutex<State>);

#[derive(Default)]
enum State {
    #[default]
    Opening,
    Open(TcpStream),
    Closed,
}

impl Line {
    /// False: nobody listens any more.
    fn hold(&self, stream: TcpStream) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_wanted = !matches!(*state, State::Closed);
        if is_wanted {
            *state = State::Open(stream);
        }
        is_wanted
    }

    fn close(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Open(stream) = std::mem::replace(&mut *state, State::Closed) {
            let _is_closed_already = stream.shutdown(Shutdown::Both);
        }
    }
}

/// The listener's end of a line.
struct Hold(Arc<Line>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A way for bytes, encrypted or not.
trait Duplex: Read + Write {}
impl<T: Read + Write> Duplex for T {}

enum Never {}

/// Tells what is said on a connection. Gives why it ended.
fn talk(
    address: &str,
    greeting: Vec<String>,
    line: &Line,
    tell: &UnboundedSender<Result<String, Failure>>,
) -> Result<Never, Failure> {
    let request = address.into_client_request().map_err(|error| Failure::Refused(error.to_string()))?;
    let stream = connect(request.uri())?;
    stream.set_nodelay(true).map_err(lost)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(lost)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(lost)?;
    let own = stream.try_clone().map_err(lost)?;
    if !line.hold(stream.try_clone().map_err(lost)?) {
        return Err(closed());
    }
    let stream = secured(request.uri(), stream)?;
    let size = usize::try_from(LARGEST).ok();
    let config = WebSocketConfig::default().max_message_size(size).max_frame_size(size);
    let (mut socket, _) = client_with_config(request, stream, Some(config)).map_err(|error| match error {
        HandshakeError::Failure(error) => failure(error),
        HandshakeError::Interrupted(_) => lost("it takes too long to open"),
    })?;
    for text in greeting {
        socket.send(Message::text(text)).map_err(failure)?;
    }
    // From now on silence is for the listener to judge.
    own.set_read_timeout(None).map_err(lost)?;
    drop(own);
    loop {
        match socket.read().map_err(failure)? {
            Message::Text(text) => {
                if tell.send(Ok(text.to_string())).is_err() {
                    return Err(closed());
                }
            }
            Message::Close(frame) => {
                let why = frame.map(|frame| format!("the server has closed it: {} {}", frame.code, frame.reason));
                return Err(Failure::Network(why.unwrap_or_else(|| "the server has closed it".into())));
            }
            Message::Binary(_) => return Err(Failure::Refused("it says something that is no text".into())),
            // Answered with the next reading.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}

/// Reaches the host, by the first of its addresses that answers.
fn connect(uri: &Uri) -> Result<TcpStream, Failure> {
    let port = uri.port_u16().unwrap_or(if is_secure(uri) { 443 } else { 80 });
    let mut why = lost("there is no such host");
    for address in (host(uri), port).to_socket_addrs().map_err(lost)? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => why = lost(error),
        }
    }
    Err(why)
}

fn secured(uri: &Uri, stream: TcpStream) -> Result<Box<dyn Duplex>, Failure> {
    if !is_secure(uri) {
        return Ok(Box::new(stream));
    }
    let name = ServerName::try_from(host(uri).to_owned()).map_err(|error| Failure::Refused(error.to_string()))?;
    let connection = ClientConnection::new(trust()?, name).map_err(lost)?;
    Ok(Box::new(StreamOwned::new(connection, stream)))
}

/// Whom to believe that he is who he says: the same as requests do.
fn trust() -> Result<Arc<ClientConfig>, Failure> {
    static TRUST: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(trust) = TRUST.get() {
        return Ok(Arc::clone(trust));
    }
    let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(lost)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::clone(TRUST.get_or_init(|| Arc::new(config))))
}

fn is_secure(uri: &Uri) -> bool {
    uri.scheme_str() == Some("wss")
}

/// Without the brackets of an IPv6 address.
fn host(uri: &Uri) -> &str {
    uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Http(answer) => {
            let status = answer.status().as_u16();
            Failure::of_status(status).unwrap_or_else(|| Failure::Refused(format!("status {status}")))
        }
        Error::Io(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            lost("it takes too long to open")
        }
        error @ (Error::Capacity(_) | Error::Utf8(_)) => Failure::Refused(error.to_string()),
        error => lost(error),
    }
}

fn lost(why: impl Display) -> Failure {
    Failure::Network(why.to_string())
}

fn closed() -> Failure {
    lost("it was closed")
}
