//! What `COMPARE.md` says of this crate and of tower-http's layer with the same policy: each test is a row of its tables.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use http::header::{CONTENT_TYPE, ETAG, ORIGIN, VARY};
use http::{HeaderName, HeaderValue, Method, Request, Response};
use tower::{Layer, Service};
use tower_cors::CorsLayer;
use tower_http::cors as peer;

use crate::support::{APP, Answer, EVIL, app_only, built, get, preflight, request, send_through};

/// A service that answers 200 with these headers.
#[derive(Clone)]
struct Inner(&'static [(&'static str, &'static str)]);

impl Service<Request<()>> for Inner {
    type Response = Response<&'static str>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let mut response = Response::new("served");
        for (name, value) in self.0 {
            let name = HeaderName::from_static(name);
            let value = HeaderValue::from_static(value);
            response.headers_mut().append(name, value);
        }
        ready(Ok(response))
    }
}

/// What the two layers answer to one request, over the same service.
struct Both {
    ours: Answer,
    theirs: Answer,
}

fn both(inner: &'static [(&'static str, &'static str)], request: impl Fn() -> Request<()>) -> Both {
    let policy = app_only()
        .allow_methods([Method::PUT])
        .allow_headers([CONTENT_TYPE])
        .expose_headers([ETAG])
        .allow_credentials(true)
        .max_age(Duration::from_secs(600));
    let ours = send_through(&CorsLayer::new(built(policy)), inner, request());
    let layer = peer::CorsLayer::new()
        .allow_origin([HeaderValue::from_static(APP)])
        .allow_methods([Method::PUT])
        .allow_headers([CONTENT_TYPE])
        .expose_headers([ETAG])
        .allow_credentials(true)
        .max_age(Duration::from_secs(600));
    let answered = layer.layer(Inner(inner)).call(request()).now_or_never();
    let (parts, body) = match answered {
        Some(Ok(response)) => response.into_parts(),
        None => unreachable!("nothing waits"),
    };
    let theirs = Answer {
        reached_the_service: body == "served",
        status: parts.status,
        headers: parts.headers,
        body,
    };
    Both { ours, theirs }
}

#[test]
fn an_options_request_that_is_no_preflight() {
    let Both { ours, theirs } = both(&[], || request(Method::OPTIONS, &[(ORIGIN, APP)]));
    assert!(ours.reached_the_service);
    assert!(!theirs.reached_the_service);
}

#[test]
fn an_options_request_without_origin() {
    let Both { ours, theirs } = both(&[], || request(Method::OPTIONS, &[]));
    assert!(ours.reached_the_service);
    assert!(!theirs.reached_the_service);
}

#[test]
fn a_get_of_a_rejected_origin() {
    let Both { ours, theirs } = both(&[], || get(EVIL));
    assert!(ours.reached_the_service);
    assert_eq!(ours.cors_headers(), [""; 0]);
    assert_eq!(
        theirs.cors_headers(),
        [
            "access-control-allow-credentials",
            "access-control-expose-headers"
        ]
    );
}

#[test]
fn a_preflight_of_a_rejected_origin() {
    let Both { ours, theirs } = both(&[], || preflight(EVIL, "PUT", "content-type"));
    assert_eq!((ours.status.as_u16(), ours.cors_headers().len()), (403, 0));
    assert_eq!(
        (theirs.status.as_u16(), theirs.cors_headers()),
        (
            200,
            vec![
                "access-control-allow-credentials",
                "access-control-allow-headers",
                "access-control-allow-methods",
                "access-control-max-age"
            ]
        )
    );
}

#[test]
fn two_origin_lines() {
    let two = || request(Method::GET, &[(ORIGIN, APP), (ORIGIN, EVIL)]);
    let Both { ours, theirs } = both(&[], two);
    assert_eq!(ours.header("access-control-allow-origin"), None);
    assert_eq!(theirs.header("access-control-allow-origin"), Some(APP));
}

#[test]
fn what_the_service_grants_a_rejected_origin() {
    let inner = &[("access-control-allow-origin", EVIL)];
    let Both { ours, theirs } = both(inner, || get(EVIL));
    assert_eq!(ours.header("access-control-allow-origin"), None);
    assert_eq!(theirs.header("access-control-allow-origin"), Some(EVIL));
}

#[test]
fn a_service_that_varies_on_origin_itself() {
    let Both { ours, theirs } = both(&[("vary", "Origin")], || get(APP));
    assert_eq!(ours.vary(), ["origin"]);
    assert_eq!(theirs.vary(), ["origin", "origin"]);
}

#[test]
fn a_service_that_varies_on_something_else() {
    let Both { ours, theirs } = both(&[("vary", "Accept-Encoding")], || get(APP));
    let lines = |answer: &Answer| answer.headers.get_all(VARY).iter().count();
    assert_eq!(ours.vary(), ["accept-encoding", "origin"]);
    assert_eq!((lines(&ours), lines(&theirs)), (1, 2));
}

#[test]
fn a_get_without_origin_varies_on_it() {
    let Both { ours, theirs } = both(&[], || request(Method::GET, &[]));
    assert_eq!(ours.vary(), ["origin"]);
    assert!(theirs.vary().contains(&"origin".to_owned()));
}

#[test]
fn a_preflight_for_a_method_or_a_header_that_is_not_allowed() {
    let allowed = both(&[], || preflight(APP, "PUT", "content-type"));
    for (method, header) in [("DELETE", "content-type"), ("PUT", "x-other")] {
        let Both { ours, theirs } = both(&[], || preflight(APP, method, header));
        assert_eq!((ours.status.as_u16(), theirs.status.as_u16()), (204, 200));
        assert_eq!(ours.headers, allowed.ours.headers);
    }
}

#[test]
fn max_age_where_none_is_set() {
    let policy = app_only().allow_methods([Method::PUT]);
    let layer = CorsLayer::new(built(policy));
    let answer = send_through(&layer, &[], preflight(APP, "PUT", ""));
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    assert_eq!(answer.header("access-control-max-age"), None);
}

#[test]
fn a_listed_origin_with_a_trailing_slash() {
    let listed = "https://app.example.com/";
    let ours = tower_cors::Policy::builder()
        .allow_origins([listed])
        .build();
    assert!(ours.is_err());
    let theirs = peer::CorsLayer::new().allow_origin([HeaderValue::from_static(listed)]);
    let answered = theirs.layer(Inner(&[])).call(get(APP)).now_or_never();
    let response = answered.expect("nothing waits").expect("infallible");
    assert!(
        !response
            .headers()
            .contains_key("access-control-allow-origin")
    );
}

#[test]
fn any_origin_with_credentials() {
    let ours = tower_cors::PolicyBuilder::public()
        .allow_credentials(true)
        .build();
    assert!(ours.is_err());
    let theirs = || {
        let layer = peer::CorsLayer::new().allow_origin(peer::Any);
        layer.allow_credentials(true).layer(Inner(&[]))
    };
    assert!(catch_unwind(AssertUnwindSafe(theirs)).is_err());
}
