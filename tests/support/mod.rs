//! A real client for servers on loopback, and what they answer.
#![allow(dead_code, reason = "each test file uses the part it needs")]

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
    ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Version};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

pub(crate) const APP: &str = "https://app.example.com";
pub(crate) const EVIL: &str = "https://evil.example";

/// A server that listens on loopback.
#[derive(Clone, Copy)]
pub(crate) struct Server {
    address: SocketAddr,
    version: Version,
}

impl Server {
    /// A server that is spoken to in HTTP/1.1.
    pub(crate) fn at(address: SocketAddr) -> Self {
        let version = Version::HTTP_11;
        Self { address, version }
    }

    /// The same server, spoken to in HTTP/2 with prior knowledge.
    pub(crate) fn in_http2(self) -> Self {
        let version = Version::HTTP_2;
        Self { version, ..self }
    }

    /// `http://127.0.0.1:1234` with this scheme, or `ws`.
    pub(crate) fn url(self, scheme: &str, path: &str) -> String {
        format!("{scheme}://{}{path}", self.address)
    }

    /// A GET without an origin.
    pub(crate) async fn get(self, path: &str) -> Answer {
        self.send(Method::GET, path, &[]).await
    }

    /// A GET of a page.
    pub(crate) async fn get_from(self, origin: &str, path: &str) -> Answer {
        self.send(Method::GET, path, &[(ORIGIN, origin)]).await
    }

    /// A preflight as browsers send it, of a page that wants to use `method` without headers of its own.
    pub(crate) async fn preflight(self, origin: &str, path: &str, method: &str) -> Answer {
        let headers = [(ORIGIN, origin), (ACCESS_CONTROL_REQUEST_METHOD, method)];
        self.send(Method::OPTIONS, path, &headers).await
    }

    /// A preflight as browsers send it.
    pub(crate) async fn preflight_with(
        self,
        origin: &str,
        path: &str,
        method: &str,
        names: &str,
    ) -> Answer {
        let headers = [
            (ORIGIN, origin),
            (ACCESS_CONTROL_REQUEST_METHOD, method),
            (ACCESS_CONTROL_REQUEST_HEADERS, names),
        ];
        self.send(Method::OPTIONS, path, &headers).await
    }

    pub(crate) async fn send(
        self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
    ) -> Answer {
        self.send_body(method, path, headers, Bytes::new()).await
    }

    pub(crate) async fn send_body(
        self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request = Request::new(Full::new(body.into()));
        *request.method_mut() = method;
        *request.uri_mut() = self.url("http", path).parse().expect("a path");
        for (name, value) in headers {
            let value = value.parse().expect("a header value");
            request.headers_mut().append(name, value);
        }
        let client = Client::builder(TokioExecutor::new())
            .http2_only(self.version == Version::HTTP_2)
            .build_http();
        let response = in_time(client.request(request))
            .await
            .expect("the server answers");
        let (parts, body) = response.into_parts();
        assert_eq!(parts.version, self.version);
        let body = in_time(body.collect()).await.expect("a whole body");
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.to_bytes(),
        }
    }
}

/// A server that hangs fails its test instead of stopping all of them.
async fn in_time<F: Future>(answer: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(30), answer)
        .await
        .expect("an answer within half a minute")
}

/// What came over the wire.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The one value of a header; none if it is missing.
    pub(crate) fn header(&self, name: impl AsRef<str>) -> Option<&str> {
        let lines = lines(&self.headers, name.as_ref());
        assert!(lines.len() < 2, "a line too many: {:?}", self.headers);
        lines.first().copied()
    }

    /// The origin that may read the answer.
    pub(crate) fn readable_by(&self) -> Option<&str> {
        self.header(ACCESS_CONTROL_ALLOW_ORIGIN)
    }

    /// The `Access-Control-*` lines as `name: value`, sorted.
    pub(crate) fn cors_lines(&self) -> Vec<String> {
        cors_lines(&self.headers)
    }

    /// The names that the answer varies on, in lower case and sorted, over all lines.
    pub(crate) fn vary(&self) -> Vec<String> {
        vary(&self.headers)
    }

    /// Whether every `Access-Control-*` header has one line, and `Vary` names nothing twice.
    pub(crate) fn says_nothing_twice(&self) -> bool {
        let names = |name: &&HeaderName| name.as_str().starts_with("access-control-");
        let single = |name: &HeaderName| self.headers.get_all(name).iter().count() == 1;
        let mut vary = self.vary();
        vary.dedup();
        self.headers.keys().filter(names).all(single) && vary == self.vary()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }
}

/// The `Access-Control-*` lines as `name: value`, sorted.
pub(crate) fn cors_lines(headers: &HeaderMap) -> Vec<String> {
    let mut lines: Vec<String> = headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("access-control-"))
        .map(|(name, value)| format!("{name}: {}", text_of(value)))
        .collect();
    lines.sort();
    lines
}

fn vary(headers: &HeaderMap) -> Vec<String> {
    let mut names: Vec<String> = lines(headers, VARY.as_str())
        .iter()
        .flat_map(|line| line.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    names.sort();
    names
}

fn lines<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    headers.get_all(name).iter().map(text_of).collect()
}

fn text_of(value: &HeaderValue) -> &str {
    value.to_str().expect("an ASCII header")
}
