//! The network, as a service that the test browser sends its requests to.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, ACCEPT_LANGUAGE, HOST, USER_AGENT};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tower_service::Service;
use url::Url;

mod connect;
mod error;

use connect::{Connection, Connector, Stage, told};
pub(crate) use error::NetworkError;

use crate::args::Asked;
use crate::progress::Progress;

/// What servers see of this program. Some answer 403 to a request without it.
const AGENT: &str = "Mozilla/5.0 (compatible; tower-cors-check)";
/// The most that is read of a body, so that its connection can be used again.
const READ: usize = 256 * 1024;
/// How long a body is read at most. An event stream never ends.
const READ_TIME: Duration = Duration::from_millis(500);

/// The network. Each request goes to the server in its URL.
#[derive(Clone)]
pub(crate) struct Network {
    shared: Rc<Mutex<Shared>>,
}

struct Shared {
    connector: Connector,
    connections: HashMap<(String, String, u16), Connection>,
    timeout: Duration,
    limit: Limit,
    rewrite: Option<Rewrite>,
    preflight_only: bool,
    log: Vec<Sent>,
    /// When the last request was sent.
    last: Option<Instant>,
    progress: Progress,
}

/// How many requests may be sent, and how fast.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) requests: usize,
    /// From the start of one to the start of the next.
    pub(crate) pause: Duration,
    /// After so many failures in turn the server is left alone.
    pub(crate) failures: usize,
}

/// Requests for one URL that are sent to another server: the same request, one hop later.
#[derive(Clone, Debug)]
pub(crate) struct Rewrite {
    pub(crate) from: Url,
    pub(crate) to: Url,
}

/// How a request was sent, and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// Where it went, if that is not the URL that the page asked for.
    pub(crate) rewritten: Option<Url>,
    /// None if there was no connection.
    pub(crate) over: Option<Over>,
    pub(crate) took: Duration,
    pub(crate) status: Option<StatusCode>,
    pub(crate) error: Option<NetworkError>,
}

/// The connection of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Over {
    /// Such as `HTTP/2, TLS 1.3`.
    pub(crate) protocol: String,
    pub(crate) address: SocketAddr,
}

impl Sent {
    /// Nothing is known of the connection.
    pub(crate) fn unknown() -> Self {
        Self {
            rewritten: None,
            over: None,
            took: Duration::ZERO,
            status: None,
            error: None,
        }
    }
}

impl Network {
    /// # Errors
    ///
    /// If a file with certificates cannot be read.
    pub(crate) fn new(asked: &Asked, progress: Progress) -> Result<Self, String> {
        let connector = Connector::new(&asked.cacert, asked.resolve.clone(), asked.http1)?;
        Ok(Self {
            shared: Rc::new(Mutex::new(Shared {
                connector,
                connections: HashMap::new(),
                timeout: asked.timeout,
                limit: Limit {
                    requests: 100,
                    pause: Duration::ZERO,
                    failures: usize::MAX,
                },
                rewrite: None,
                preflight_only: false,
                log: Vec::new(),
                last: None,
                progress,
            })),
        })
    }

    pub(crate) async fn set_limit(&self, limit: Limit) {
        let mut shared = self.shared.lock().await;
        shared.limit = limit;
        shared.log.clear();
    }

    pub(crate) async fn set_rewrite(&self, rewrite: Option<Rewrite>) {
        self.shared.lock().await.rewrite = rewrite;
    }

    pub(crate) async fn set_preflight_only(&self) {
        self.shared.lock().await.preflight_only = true;
    }

    /// Returns what was sent since it was last asked.
    pub(crate) async fn take_log(&self) -> Vec<Sent> {
        std::mem::take(&mut self.shared.lock().await.log)
    }
}

impl Service<Request<Bytes>> for Network {
    type Response = Response<()>;
    type Error = NetworkError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<()>, NetworkError>>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NetworkError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let shared = Rc::clone(&self.shared);
        Box::pin(async move { shared.lock().await.answer(request).await })
    }
}

impl Shared {
    async fn answer(&mut self, request: Request<Bytes>) -> Result<Response<()>, NetworkError> {
        if self.preflight_only && !is_preflight(&request) {
            return self.not_sent(NetworkError::NotSent);
        }
        if self.log.len() >= self.limit.requests {
            let limit = self.limit.requests;
            return self.not_sent(NetworkError::TooMany { limit });
        }
        if let Some(error) = self.gave_up() {
            return self.not_sent(error);
        }
        if let Some(last) = self.last {
            tokio::time::sleep_until(last + self.limit.pause).await;
        }
        self.last = Some(Instant::now());
        let mut url = url_of(&request)?;
        let mut rewritten = None;
        if let Some(rewrite) = &self.rewrite
            && rewrite.from == url
        {
            url = rewrite.to.clone();
            rewritten = Some(url.clone());
        }
        let count = self.log.len() + 1;
        self.progress
            .doing(count, &format!("{} {url}", request.method()));
        let started = Instant::now();
        let mut stage = Stage {
            waiting_for: "an answer of",
            address: url.host_str().unwrap_or_default().to_owned(),
        };
        let mut over = None;
        let limit = self.timeout;
        let sending = self.send(&url, request, &mut stage, &mut over);
        let answer = match timeout(limit, sending).await {
            Ok(answer) => answer,
            Err(_) => Err(NetworkError::Timeout {
                waiting_for: stage.waiting_for,
                address: stage.address,
                limit,
            }),
        };
        self.log.push(Sent {
            rewritten,
            over,
            took: started.elapsed(),
            status: answer.as_ref().ok().map(Response::status),
            error: answer.as_ref().err().cloned(),
        });
        let (head, body) = answer?.into_parts();
        if !drain(body).await {
            self.connections.remove(&key(&url));
        }
        Ok(Response::from_parts(head, ()))
    }

    /// The last error, if the server failed so often in turn that it is left alone.
    fn gave_up(&self) -> Option<NetworkError> {
        let last = self.log.iter().rev().take(self.limit.failures);
        let errors: Vec<&NetworkError> = last.map_while(|sent| sent.error.as_ref()).collect();
        (errors.len() == self.limit.failures).then(|| errors[0].clone())
    }

    fn not_sent(&mut self, error: NetworkError) -> Result<Response<()>, NetworkError> {
        self.log.push(Sent {
            rewritten: None,
            over: None,
            took: Duration::ZERO,
            status: None,
            error: Some(error.clone()),
        });
        Err(error)
    }

    /// Sends over a connection that is open, otherwise over a new one. A server may close a connection that is kept, so the
    /// request is sent again if nothing of the response came, as browsers do.
    async fn send(
        &mut self,
        url: &Url,
        request: Request<Bytes>,
        stage: &mut Stage,
        over: &mut Option<Over>,
    ) -> Result<Response<Incoming>, NetworkError> {
        let key = key(url);
        let host = url.host_str().unwrap_or_default().to_owned();
        let tls = url.scheme() == "https";
        if let Some(mut connection) = self.connections.remove(&key)
            && connection.sender.is_ready().await
        {
            stage.address = told(&host, connection.address);
            *over = Some(over_of(&connection));
            let again = request.clone();
            match connection
                .sender
                .send(wire(again, url, connection.sender.is_http2()))
                .await
            {
                Ok(response) => {
                    self.connections.insert(key, connection);
                    return Ok(response);
                }
                Err(error) if error.is_parse() => {
                    return Err(NetworkError::http(&error, stage.address.clone(), tls));
                }
                Err(_) => {}
            }
        }
        let mut connection = self.connector.connect(url, stage).await?;
        stage.waiting_for = "an answer of";
        stage.address = told(&host, connection.address);
        *over = Some(over_of(&connection));
        let request = wire(request, url, connection.sender.is_http2());
        let answer = connection.sender.send(request).await;
        let response =
            answer.map_err(|error| NetworkError::http(&error, stage.address.clone(), tls))?;
        self.connections.insert(key, connection);
        Ok(response)
    }
}

fn over_of(connection: &Connection) -> Over {
    Over {
        protocol: connection.protocol.clone(),
        address: connection.address,
    }
}

fn key(url: &Url) -> (String, String, u16) {
    let port = url.port_or_known_default().unwrap_or_default();
    (
        url.scheme().to_owned(),
        url.host_str().unwrap_or_default().to_owned(),
        port,
    )
}

/// Reads a short body to its end. Returns whether the connection can be used again.
async fn drain(mut body: Incoming) -> bool {
    let reading = async {
        let mut read = 0;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            read += frame.data_ref().map_or(0, Bytes::len);
            if read > READ {
                return false;
            }
        }
        true
    };
    timeout(READ_TIME, reading).await.unwrap_or(false)
}

/// Returns whether a request asks for permission to send another.
pub(crate) fn is_preflight<B>(request: &Request<B>) -> bool {
    request.method() == http::Method::OPTIONS
        && request
            .headers()
            .contains_key(http::header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The URL of a request of the test browser, whose URI is absolute.
fn url_of(request: &Request<Bytes>) -> Result<Url, NetworkError> {
    let text = request.uri().to_string();
    Url::parse(&text).map_err(|error| NetworkError::NoSuchHost {
        host: text,
        cause: error.to_string(),
    })
}

/// A request of the test browser as it goes over the wire, with the headers that all browsers add and that do not matter to
/// CORS.
fn wire(request: Request<Bytes>, url: &Url, is_http2: bool) -> Request<Full<Bytes>> {
    let (mut head, body) = request.into_parts();
    let target = match is_http2 {
        true => &url[..url::Position::AfterQuery],
        false => &url[url::Position::BeforePath..url::Position::AfterQuery],
    };
    if let Ok(target) = target.parse() {
        head.uri = target;
    }
    let headers = &mut head.headers;
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    match HeaderValue::from_str(host) {
        Ok(host) if !is_http2 => drop(headers.insert(HOST, host)),
        _ => drop(headers.remove(HOST)),
    }
    for (name, value) in [
        (USER_AGENT, AGENT),
        (ACCEPT_LANGUAGE, "en-US,en;q=0.9"),
        (ACCEPT_ENCODING, "gzip, deflate, br"),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    Request::from_parts(head, Full::new(body))
}
