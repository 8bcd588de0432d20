//! Services that answer what a test says, and pages that ask them.

use std::convert::Infallible;
use std::future::ready;

use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use tower::service_fn;
use tower_cors::testing::{Browser, Credentials, Exchange, Fetch, Outcome};

pub(crate) const PAGE: &str = "https://app.example.com";
pub(crate) const API: &str = "https://api.example.com/monsters";

/// Fetches from a service that answers with `answer`.
pub(crate) fn fetch(
    page: &mut Browser,
    answer: impl Fn(&Request<String>) -> Response<String>,
    fetch: impl Into<Fetch<String>>,
) -> Outcome<String> {
    let mut service =
        service_fn(|request: Request<String>| ready(Ok::<_, Infallible>(answer(&request))));
    page.fetch(&mut service, fetch)
        .now_or_never()
        .expect("nothing waits")
}

/// A request to [`API`].
pub(crate) fn request(method: &str, headers: &[(&str, &str)]) -> Fetch<String> {
    request_to(API, method, headers)
}

pub(crate) fn request_to(url: &str, method: &str, headers: &[(&str, &str)]) -> Fetch<String> {
    let mut builder = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(String::new()).into()
}

pub(crate) fn including(fetch: Fetch<String>) -> Fetch<String> {
    fetch.credentials(Credentials::Include)
}

/// A response with these lines.
pub(crate) fn response(status: u16, headers: &[(&str, &str)]) -> Response<String> {
    let mut response = Response::new(String::from("a body"));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    for (name, value) in headers {
        let name = HeaderName::try_from(*name).expect("a header name");
        let value = HeaderValue::try_from(*value).expect("a header value");
        response.headers_mut().append(name, value);
    }
    response
}

/// A service that answers everything with 200 and these lines.
pub(crate) fn saying(headers: &[(&str, &str)]) -> impl Fn(&Request<String>) -> Response<String> {
    move |_| response(200, headers)
}

pub(crate) fn is_preflight(request: &Request<String>) -> bool {
    request
        .headers()
        .contains_key("access-control-request-method")
}

/// A service that allows everything that a page without credentials can ask for, for `max_age` seconds.
pub(crate) fn open(max_age: &str) -> impl Fn(&Request<String>) -> Response<String> {
    move |_| {
        response(
            200,
            &[
                ("access-control-allow-origin", "*"),
                ("access-control-allow-methods", "PUT, DELETE, PATCH"),
                ("access-control-allow-headers", "x-a, x-b, authorization"),
                ("access-control-max-age", max_age),
            ],
        )
    }
}

/// The one value of a request's header; none if it is missing.
pub(crate) fn sent<'a>(exchange: &'a Exchange, name: &str) -> Option<&'a str> {
    let lines = exchange.request_headers().get_all(name);
    assert!(lines.iter().count() < 2, "more than one {name}: {exchange}");
    lines
        .iter()
        .next()
        .map(|line| line.to_str().expect("an ASCII header"))
}

/// The only preflight of a fetch.
pub(crate) fn preflight(outcome: &Outcome<String>) -> &Exchange {
    assert_eq!(preflights(outcome), 1, "{outcome}");
    outcome.preflight().expect("counted above")
}

pub(crate) fn preflights(outcome: &Outcome<String>) -> usize {
    outcome
        .exchanges()
        .iter()
        .filter(|exchange| exchange.is_preflight())
        .count()
}
