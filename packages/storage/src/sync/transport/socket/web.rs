//! The browser's own connections.

use js_sys::{JsString, Reflect};
use tokio::sync::mpsc;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{CloseEvent, Event, MessageEvent, WebSocket};

use super::{Socket, Sockets};
use crate::sync::event::Failure;

/// Opens connections of the page or the worker that it is in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Client;

impl Sockets for Client {
    fn open(&self, address: String, greeting: Vec<String>) -> Socket {
        let (tell, said) = mpsc::unbounded_channel();
        match WebSocket::new(&address) {
            Ok(socket) => Socket::new(said, Line::new(socket, greeting, tell)),
            Err(error) => {
                let why = Reflect::get(&error, &"message".into()).ok().and_then(|message| message.as_string());
                let why = why.unwrap_or_else(|| "this browser opens no such connection".into());
                let _is_heard = tell.send(Err(Failure::Refused(why)));
                Socket::new(said, ())
            }
        }
    }
}

/// A socket and who listens to it.
struct Line {
    socket: WebSocket,
    _opened: Closure<dyn FnMut(Event)>,
    _said: Closure<dyn FnMut(MessageEvent)>,
    _closed: Closure<dyn FnMut(CloseEvent)>,
}

impl Line {
    fn new(socket: WebSocket, greeting: Vec<String>, tell: mpsc::UnboundedSender<Result<String, Failure>>) -> Self {
        let (greeted, telling) = (socket.clone(), tell.clone());
        let opened = Closure::<dyn FnMut(_)>::new(move |_: Event| {
            for text in &greeting {
                // Fails only before it is open. What is sent while it closes is lost, and that it has closed is told.
                let _is_open = greeted.send_with_str(text);
            }
        });
        let said = Closure::<dyn FnMut(_)>::new(move |event: MessageEvent| {
            let text = event.data().dyn_into::<JsString>().map(String::from);
            let text = text.map_err(|_| Failure::Refused("it says something that is no text".into()));
            let _nobody_listens = telling.send(text);
        });
        let closed = Closure::<dyn FnMut(_)>::new(move |event: CloseEvent| {
            let reason = event.reason();
            let code = event.code();
            // Browsers say little, so that a page can't look around.
            let why = if reason.is_empty() { format!("no connection, {code}") } else { format!("{reason}, {code}") };
            let _nobody_listens = tell.send(Err(Failure::Network(why)));
        });
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(said.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        Self { socket, _opened: opened, _said: said, _closed: closed }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        for unset in [WebSocket::set_onopen, WebSocket::set_onmessage, WebSocket::set_onclose] {
            unset(&self.socket, None);
        }
        let _is_closed_already: Result<(), JsValue> = self.socket.close();
    }
}
