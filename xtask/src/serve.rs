//! A static server on the loopback interface.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use axum::{
    Router,
    http::{
        HeaderValue, Response,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY},
    },
    response::Redirect,
    routing::get,
};
use tower_http::{services::ServeDir, set_header::SetResponseHeaderLayer};

use crate::{progress, site::HASHED};

/// Where to serve.
#[derive(Default)]
pub struct Place {
    /// None: 8080 or the next free one.
    pub port: Option<u16>,
    /// The path below the host, without slashes at the ends; empty for the root.
    pub base: String,
}

/// Serves `folder` until the process ends. The address is the last line on standard output.
pub fn serve(folder: &Path, place: &Place) -> Result<()> {
    let listener = listen(place.port)?;
    let router = router(folder, &place.base);
    let path = if place.base.is_empty() { String::new() } else { format!("{}/", place.base) };
    println!("http://{}/{path}", listener.local_addr()?);
    answer(listener, router)
}

/// Serves `folder` on a free port for as long as this process lives. Returns the address.
pub fn serve_aside(folder: PathBuf) -> Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("listening on 127.0.0.1")?;
    let address = format!("http://{}/", listener.local_addr()?);
    std::thread::spawn(move || {
        if let Err(error) = answer(listener, router(&folder, "")) {
            eprintln!("The server of {} has stopped: {error:#}", folder.display());
        }
    });
    Ok(address)
}

fn answer(listener: TcpListener, router: Router) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().context("starting the server")?;
    runtime.block_on(async {
        listener.set_nonblocking(true)?;
        axum::serve(tokio::net::TcpListener::from_std(listener)?, router).await.context("serving")
    })
}

fn router(folder: &Path, base: &str) -> Router {
    let fixed = Router::new()
        .fallback_service(ServeDir::new(folder).precompressed_br())
        .layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, HeaderValue::from_static("no-cache")));
    let hashed = Router::new()
        .fallback_service(ServeDir::new(folder.join(HASHED)).precompressed_br())
        .layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, keep_if_found));
    // The page carries the rest of its policy itself; this part counts only in a header.
    let alone = HeaderValue::from_static("frame-ancestors 'none'");
    let site = fixed
        .nest_service(&format!("/{HASHED}"), hashed)
        .layer(SetResponseHeaderLayer::overriding(CONTENT_SECURITY_POLICY, alone));
    if base.is_empty() {
        return site;
    }
    let path = format!("/{base}/");
    let elsewhere = path.clone();
    Router::new().nest_service(&path, site).fallback(get(async move || Redirect::temporary(&elsewhere)))
}

/// A hashed file never changes; that it is missing may.
fn keep_if_found<B>(response: &Response<B>) -> Option<HeaderValue> {
    response.status().is_success().then(|| HeaderValue::from_static("public, max-age=31536000, immutable"))
}

fn listen(wanted: Option<u16>) -> Result<TcpListener> {
    const DEFAULT: u16 = 8080;
    for port in wanted.unwrap_or(DEFAULT)..=u16::MAX {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse && wanted.is_none() => {
                progress::say("Busy", &format!("port {port}; trying the next one"));
            }
            Err(error) => return Err(error).with_context(|| format!("listening on 127.0.0.1:{port}")),
        }
    }
    bail!("no port from {DEFAULT} on is free; choose one with --port")
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpStream,
    };

    use super::*;
    use crate::files;

    fn get(address: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(address.trim_start_matches("http://").trim_end_matches('/')).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.to_lowercase()
    }

    #[test]
    fn only_hashed_files_that_exist_are_kept_by_browsers() {
        let folder = std::env::temp_dir().join(format!("xtask-{}-serve", std::process::id()));
        files::write(&folder.join("index.html"), "page").unwrap();
        files::write(&folder.join(HASHED).join("a-1.css"), "style").unwrap();
        let address = serve_aside(folder.clone()).unwrap();

        let page = get(&address, "/");
        assert!(page.ends_with("page") && page.contains("content-type: text/html"), "{page}");
        assert!(page.contains("cache-control: no-cache"), "{page}");
        assert!(page.contains("content-security-policy: frame-ancestors 'none'"), "{page}");
        let style = get(&address, "/hashed/a-1.css");
        assert!(style.ends_with("style") && style.contains("immutable"), "{style}");
        let missing = get(&address, "/hashed/a-2.css");
        assert!(missing.starts_with("http/1.1 404") && !missing.contains("immutable"), "{missing}");
        files::remove(&folder).unwrap();
    }
}
