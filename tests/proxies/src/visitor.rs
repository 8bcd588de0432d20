//! Pages that ask through the proxy, and what comes of it.

use std::collections::HashMap;
use std::path::PathBuf;

use http::header::{
    ACCEPT_LANGUAGE, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HOST, IF_NONE_MATCH, ORIGIN,
    RANGE,
};
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use crate::meant::{Case, Meant, ORIGINS};
use crate::service::{RESOURCES, SERVED};

/// How often what was seen.
#[derive(Default, Debug)]
pub struct Tally {
    /// Answers in all.
    pub answers: usize,
    /// From the cache: the service's number was seen before.
    pub hits: usize,
    /// Of these, such that were fetched for a page of another origin.
    pub shared: usize,
    /// 304 to the page.
    pub not_modified: usize,
    /// 206 to the page.
    pub partial: usize,
    /// Preflights.
    pub preflights: usize,
    /// What is wrong with answers.
    pub wrong: Vec<String>,
}

/// Sends random requests and judges the answers.
#[derive(Debug)]
pub struct Visitor {
    front: PathBuf,
    connection: Option<SendRequest<Empty<Bytes>>>,
    state: u64,
    /// For whom the service made the response of a number.
    made_for: HashMap<(String, String), Option<&'static str>>,
    tally: Tally,
}

impl Visitor {
    /// Of the proxy that listens there; the sequence is that of its seed.
    pub fn new(front: PathBuf, seed: u64) -> Self {
        Self {
            front,
            connection: None,
            state: seed,
            made_for: HashMap::new(),
            tally: Tally::default(),
        }
    }

    /// What was seen so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// One of so many: a linear congruential generator, whose high bits are good enough to choose by.
    fn draw(&mut self, many: usize) -> usize {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.state >> 33).expect("31 bits") % many
    }

    /// Sends one request of a page to one of the paths, and judges its answer.
    pub async fn ask(&mut self, cases: &[Case]) {
        let case = &cases[self.draw(cases.len())];
        let origin = ORIGINS[self.draw(ORIGINS.len())];
        let resource = if case.name == "path" {
            RESOURCES[0]
        } else {
            RESOURCES[self.draw(RESOURCES.len())]
        };
        let path = format!("/{}/{resource}", case.name);
        let mut request = Request::builder()
            .uri(&path)
            .header(HOST, "api.example.com");
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        let german = self.draw(2) == 0;
        if german {
            request = request.header(ACCEPT_LANGUAGE, "de");
        }
        let mut preflight = false;
        match self.draw(8) {
            0 => request = request.method(Method::HEAD),
            1 => request = request.header(IF_NONE_MATCH, "\"1\""),
            2 => request = request.header(RANGE, "bytes=0-1"),
            3 => {
                preflight = origin.is_some();
                request = request
                    .method(Method::OPTIONS)
                    .header(ACCESS_CONTROL_REQUEST_METHOD, "PUT");
            }
            _ => {}
        }
        let request = request.body(Empty::new()).expect("a request");
        let asked = format!("{} {:?}", request.method(), request.headers());
        let get = request.method() == Method::GET && !request.headers().contains_key(RANGE);
        let (parts, body) = self.send(request).await.into_parts();
        self.count(&path, origin, parts.status, &parts.headers, preflight);
        let meant = (case.meant)(origin);
        let mut wrong = judge(meant, origin, case.exposes && !preflight, &parts.headers);
        let reads = parts.status == StatusCode::OK && get && resource == "language";
        if reads && body != if german { "de" } else { "en" } {
            wrong.push(format!("the language of another: {body:?}"));
        }
        for what in wrong {
            let (status, headers) = (parts.status, &parts.headers);
            self.tally.wrong.push(format!(
                "{path}: {what}; meant {meant:?} for {asked}, got {status} {headers:?}"
            ));
        }
    }

    fn count(
        &mut self,
        path: &str,
        origin: Option<&'static str>,
        status: StatusCode,
        headers: &HeaderMap,
        preflight: bool,
    ) {
        self.tally.answers += 1;
        self.tally.not_modified += usize::from(status == StatusCode::NOT_MODIFIED);
        self.tally.partial += usize::from(status == StatusCode::PARTIAL_CONTENT);
        self.tally.preflights += usize::from(preflight);
        if let Some(number) = headers.get(SERVED).and_then(|number| number.to_str().ok()) {
            let made = (path.to_owned(), number.to_owned());
            match self.made_for.get(&made) {
                Some(other) => {
                    self.tally.hits += 1;
                    self.tally.shared += usize::from(*other != origin);
                }
                None => {
                    self.made_for.insert(made, origin);
                }
            }
        }
    }

    async fn send(&mut self, request: Request<Empty<Bytes>>) -> Response<String> {
        loop {
            // A proxy may close a connection that it had kept, before it reads what is sent on it.
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => self.connect().await,
            };
            if connection.ready().await.is_err() {
                continue;
            }
            let Ok(response) = connection.send_request(request.clone()).await else {
                continue;
            };
            let (parts, body) = response.into_parts();
            let body = body.collect().await.expect("a body").to_bytes();
            self.connection = Some(connection);
            let body = String::from_utf8_lossy(&body).into_owned();
            return Response::from_parts(parts, body);
        }
    }

    async fn connect(&self) -> SendRequest<Empty<Bytes>> {
        let stream = UnixStream::connect(&self.front)
            .await
            .expect("the proxy listens");
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .expect("HTTP/1.1");
        tokio::spawn(connection);
        sender
    }
}

/// What of the headers is not as meant.
fn judge(meant: Meant, origin: Option<&str>, exposes: bool, headers: &HeaderMap) -> Vec<String> {
    let (allow, credentials) = match meant {
        Meant::Nothing => {
            let said = headers
                .keys()
                .filter(|name| name.as_str().starts_with("access-control-"));
            return said.map(|name| format!("{name} for nobody")).collect();
        }
        Meant::Any => (Some("*"), None),
        Meant::This { credentials } => (origin, credentials.then_some("true")),
    };
    let expected = [
        (ACCESS_CONTROL_ALLOW_ORIGIN, allow),
        (ACCESS_CONTROL_ALLOW_CREDENTIALS, credentials),
        (ACCESS_CONTROL_EXPOSE_HEADERS, exposes.then_some("etag")),
    ];
    let said = |name: &HeaderName| -> Vec<String> {
        let lines = headers.get_all(name).iter();
        lines
            .map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
            .collect()
    };
    expected
        .into_iter()
        .filter_map(|(name, value)| {
            let said = said(&name);
            let right = said.iter().map(String::as_str).eq(value);
            (!right).then(|| format!("{name}: {said:?} instead of {value:?}"))
        })
        .collect()
}
