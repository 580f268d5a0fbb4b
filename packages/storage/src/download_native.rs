//! What is at an address of the network, fetched by a process. A page asks its browser.

use std::{
    fmt,
    io::{self, Read},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use ureq::Agent;

use crate::{
    Error,
    blobs::{Pieces, Source},
    package::Limits,
};

/// How long a server may take to begin with its answer.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long the whole may take.
const LONG_PATIENCE: Duration = Duration::from_mins(30);
/// How often a server may send on to another address.
const REDIRECTS: u32 = 5;

/// Asks for what is at an address, without telling who asks. It arrives while the source is read, which is possible once, from its
/// beginning to its end.
///
/// # Errors
/// Why it can't be had, in words.
pub async fn download(url: &str) -> Result<Source, String> {
    let url = url.to_owned();
    let asked = tokio::task::spawn_blocking(move || begin(&url)).await;
    asked.unwrap_or_else(|lost| Err(lost.to_string()))
}

fn begin(url: &str) -> Result<Source, String> {
    let asking = agent()
        .get(url)
        .header("User-Agent", "Atelier")
        .config()
        .max_redirects(REDIRECTS)
        .timeout_recv_response(Some(PATIENCE))
        .timeout_global(Some(LONG_PATIENCE))
        .build();
    let answer = asking.call().map_err(|error| format!("its server can’t be reached ({error})"))?;
    if !answer.status().is_success() {
        return Err(format!("its server answers {}", answer.status().as_u16()));
    }
    let expected = answer.body().content_length();
    let most = Limits::DEFAULT.asset_bytes;
    if expected.is_some_and(|bytes| bytes > most) {
        return Err("it is larger than what can be kept".into());
    }
    let body = answer.into_body().into_with_config().limit(most).reader();
    Ok(Coming { bytes: expected.unwrap_or_default(), expected, body: Mutex::new((0, Box::new(body))) }.into())
}

/// A content that is on its way. It can be read once, from its beginning to its end.
pub(crate) struct Coming {
    /// How many bytes it is said to have.
    pub bytes: u64,
    /// How many it must have, if nobody else finds out whether it is complete.
    pub expected: Option<u64>,
    /// How far it was read.
    pub body: Mutex<(u64, Box<dyn Read + Send>)>,
}

impl From<Coming> for Source {
    fn from(coming: Coming) -> Self {
        Self::Pieces(Arc::new(coming))
    }
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
                Ok(0) if !buffer.is_empty() && self.expected.is_some_and(|expected| expected != *done) => {
                    return Err(failed("the connection was lost before it was complete".into()));
                }
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
pub(crate) fn agent() -> &'static Agent {
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

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, BufReader, Write as _},
        net::TcpListener,
        thread,
    };

    use super::*;

    /// A server that gives these answers, one for each connection, and what it was asked.
    fn server(answers: Vec<&'static str>) -> (String, thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let serving = thread::spawn(move || {
            let mut asked = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
                asked.push(lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n"));
                stream.write_all(answer.as_bytes()).unwrap();
            }
            asked
        });
        (address, serving)
    }

    async fn all(url: &str) -> Result<Vec<u8>, String> {
        let Source::Pieces(pieces) = download(url).await? else { panic!("not on its way") };
        let reading = tokio::task::spawn_blocking(move || {
            let (mut all, mut buffer) = (Vec::new(), [0; 3]);
            loop {
                match pieces.read(all.len() as u64, &mut buffer) {
                    Ok(0) => return Ok(all),
                    Ok(count) => all.extend_from_slice(&buffer[..count]),
                    Err(error) => return Err(error.to_string()),
                }
            }
        });
        reading.await.unwrap()
    }

    #[tokio::test]
    async fn what_is_there_arrives_and_nothing_is_told_of_who_asks() {
        let (url, serving) = server(vec![
            "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nSet-Cookie: a=b\r\nConnection: close\r\n\r\ncontent",
        ]);
        assert_eq!(all(&url).await.unwrap(), b"content");
        let asked = serving.join().unwrap();
        assert!(asked[1].starts_with("GET /there "), "{asked:?}");
        let told = asked.concat().to_lowercase();
        assert!(!told.contains("cookie") && !told.contains("referer") && !told.contains("linux"), "{told}");
    }

    #[tokio::test]
    async fn what_is_not_there_or_ends_early_is_said() {
        let (url, serving) = server(vec![
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 70\r\nConnection: close\r\n\r\nnot all of it",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\nConnection: close\r\n\r\n",
        ]);
        assert_eq!(all(&url).await.unwrap_err(), "its server answers 404");
        let early = all(&url).await.unwrap_err();
        assert!(early.contains("connection was lost"), "{early}");
        assert_eq!(all(&url).await.unwrap_err(), "it is larger than what can be kept");
        serving.join().unwrap();
        let gone = all(&url).await.unwrap_err();
        assert!(gone.contains("can’t be reached"), "{gone}");
        assert!(all("file:///etc/passwd").await.is_err());
    }
}
