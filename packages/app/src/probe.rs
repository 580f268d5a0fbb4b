//! Answers questions about the window's page, for tests: the webview has no driver of its own.
//!
//! `POST /eval` with a JavaScript expression as body gives its value as JSON. The address is the line `PROBE http://…` on
//! standard output. Never part of a release.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
};

use dioxus::prelude::*;
use tokio::sync::{mpsc, oneshot};

type Question = (String, oneshot::Sender<String>);

/// The application, with a listener beside it.
#[component]
pub fn Probed() -> Element {
    use_future(|| async {
        let (ask, mut questions) = mpsc::unbounded_channel::<Question>();
        match TcpListener::bind((Ipv4Addr::LOCALHOST, 0)) {
            Ok(listener) => {
                if let Ok(address) = listener.local_addr() {
                    println!("PROBE http://{address}");
                }
                thread::spawn(move || listen(&listener, &ask));
            }
            Err(error) => eprintln!("no probe: {error}"),
        }
        while let Some((expression, answer)) = questions.recv().await {
            // Not awaited here: one question may wait for what another one does.
            spawn(async move {
                let script = format!("return JSON.stringify(await (async () => ({expression}))() ?? null)");
                let value = match document::eval(&script).await {
                    Ok(value) => value.as_str().unwrap_or("null").to_owned(),
                    Err(error) => format!("{{\"error\": {:?}}}", error.to_string()),
                };
                let _nobody_waits = answer.send(value);
            });
        }
    });
    rsx! {
        ui::App {}
    }
}

fn listen(listener: &TcpListener, ask: &mpsc::UnboundedSender<Question>) {
    for stream in listener.incoming().flatten() {
        let ask = ask.clone();
        thread::spawn(move || {
            if let Err(error) = answer(stream, &ask) {
                eprintln!("probe: {error}");
            }
        });
    }
}

/// Answers one request of HTTP/1.1 and closes the connection.
fn answer(stream: TcpStream, ask: &mpsc::UnboundedSender<Question>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let (tell, told) = oneshot::channel();
    let expression = String::from_utf8_lossy(&body).into_owned();
    let value = match ask.send((expression, tell)) {
        Ok(()) => told.blocking_recv().unwrap_or_else(|_| "null".into()),
        Err(_) => "null".into(),
    };
    let mut stream = reader.into_inner();
    let length = value.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{value}"
    )
}
