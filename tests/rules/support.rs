//! A service behind the layer, and what it answers.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::ready;

use futures_util::FutureExt;
use http::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, ORIGIN, VARY,
};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use tower::{Layer, Service, service_fn};
use tower_cors::{CorsLayer, Policy, PolicyBuilder, PolicySource};

pub(crate) const APP: &str = "https://app.example.com";
pub(crate) const EVIL: &str = "https://evil.example";

/// A policy of one origin, to go on with.
pub(crate) fn app_only() -> PolicyBuilder {
    Policy::builder().allow_origins([APP])
}

pub(crate) fn built(builder: PolicyBuilder) -> Policy {
    builder
        .build()
        .expect("the policy of a test has no mistake")
}

/// What came back, and whether the inner service was asked.
#[derive(PartialEq, Debug)]
pub(crate) struct Answer {
    pub(crate) reached_the_service: bool,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: &'static str,
}

impl Answer {
    /// The one value of a header; none if it is missing.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.headers.get_all(name).iter();
        let first = lines.next()?;
        assert!(
            lines.next().is_none(),
            "more than one line of {name}: {:?}",
            self.headers
        );
        Some(first.to_str().expect("a header of ours is ASCII"))
    }

    /// The names that the answer varies on, in lower case and sorted.
    pub(crate) fn vary(&self) -> Vec<String> {
        let lines = self
            .headers
            .get_all(VARY)
            .iter()
            .map(|line| line.to_str().unwrap());
        let mut names: Vec<String> = lines
            .flat_map(|line| line.split(','))
            .map(|name| name.trim().to_ascii_lowercase())
            .collect();
        names.sort();
        names
    }

    /// The names of all `Access-Control-*` headers, sorted.
    pub(crate) fn cors_headers(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .headers
            .keys()
            .map(HeaderName::as_str)
            .filter(|name| name.starts_with("access-control-"))
            .collect();
        names.sort();
        names
    }
}

pub(crate) fn request(method: Method, headers: &[(HeaderName, &str)]) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = method;
    for (name, value) in headers {
        request.headers_mut().append(
            name,
            HeaderValue::from_bytes(value.as_bytes()).expect("a header value"),
        );
    }
    request
}

pub(crate) fn get(origin: &str) -> Request<()> {
    request(Method::GET, &[(ORIGIN, origin)])
}

/// A preflight as browsers send it; `headers` may be empty.
pub(crate) fn preflight(origin: &str, method: &str, headers: &str) -> Request<()> {
    let mut request = request(
        Method::OPTIONS,
        &[(ORIGIN, origin), (ACCESS_CONTROL_REQUEST_METHOD, method)],
    );
    if !headers.is_empty() {
        request.headers_mut().insert(
            ACCESS_CONTROL_REQUEST_HEADERS,
            headers.parse().expect("a header value"),
        );
    }
    request
}

/// Sends a request to a service that answers 200, "served", with no headers.
pub(crate) fn send(source: impl Into<PolicySource>, request: Request<()>) -> Answer {
    send_through(&CorsLayer::new(source), &[], request)
}

/// Sends a request through `layer` to a service that answers 200, "served", with these headers.
pub(crate) fn send_through(
    layer: &CorsLayer,
    inner: &[(&str, &str)],
    request: Request<()>,
) -> Answer {
    let reached = Cell::new(false);
    let inner = service_fn(|_: Request<()>| {
        reached.set(true);
        let mut response = Response::new("served");
        for (name, value) in inner {
            let name = HeaderName::try_from(*name).unwrap();
            response
                .headers_mut()
                .append(name, HeaderValue::try_from(*value).unwrap());
        }
        ready(Ok::<_, Infallible>(response))
    });
    let response = layer
        .layer(inner)
        .call(request)
        .now_or_never()
        .expect("nothing waits")
        .unwrap_or_else(|e| match e {});
    let (parts, body) = response.into_parts();
    Answer {
        reached_the_service: reached.get(),
        status: parts.status,
        headers: parts.headers,
        body,
    }
}
