//! What a page's browser sends to the proxy, and what it gets.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::time::timeout;

/// No answer takes so long, on however busy a machine.
const LATE: Duration = Duration::from_secs(60);

/// A connection to a proxy, made again where the proxy closes it between requests.
#[derive(Debug)]
pub struct Connection {
    socket: PathBuf,
    sender: Option<SendRequest<Empty<Bytes>>>,
}

impl Connection {
    /// A connection to what listens on `socket`.
    pub fn to(socket: &Path) -> Self {
        Self {
            socket: socket.to_owned(),
            sender: None,
        }
    }

    /// Sends a request without a body; once more where the proxy had closed a connection that was kept, as browsers do.
    ///
    /// # Panics
    ///
    /// Where no whole answer comes within a minute.
    pub async fn send(&mut self, request: Request<Empty<Bytes>>) -> Answer {
        let said = format!("{request:?}");
        let answer = async {
            let was_kept = self.sender.is_some();
            let mut response = self.sender().await.send_request(request.clone()).await;
            if was_kept && response.is_err() {
                self.sender = None;
                response = self.sender().await.send_request(request).await;
            }
            let response =
                response.unwrap_or_else(|error| panic!("{said} is not answered: {error:?}"));
            let (parts, body) = response.into_parts();
            let body = body.collect().await.expect("a whole body").to_bytes();
            Answer {
                status: parts.status,
                headers: parts.headers,
                body,
            }
        };
        let answer = timeout(LATE, answer).await;
        answer.unwrap_or_else(|_| panic!("{said} is not answered in time"))
    }

    async fn sender(&mut self) -> &mut SendRequest<Empty<Bytes>> {
        if let Some(sender) = &mut self.sender
            && sender.ready().await.is_err()
        {
            self.sender = None;
        }
        if self.sender.is_none() {
            let stream = UnixStream::connect(&self.socket).await.expect("a proxy");
            let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("HTTP");
            // Its end is seen by the next request.
            tokio::spawn(connection);
            self.sender = Some(sender);
        }
        self.sender.as_mut().expect("made above")
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, those of the proxy included.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// What the proxy says of where it had the answer from; empty where it had no choice.
    pub fn cache(&self) -> &str {
        let line = self.headers.get("x-cache");
        line.map_or("", |line| line.to_str().expect("ours"))
    }

    /// All lines of a header.
    pub fn lines(&self, name: &str) -> Vec<&str> {
        let lines = self.headers.get_all(name).iter();
        lines.map(|line| line.to_str().expect("ASCII")).collect()
    }
}
