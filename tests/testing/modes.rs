//! <https://fetch.spec.whatwg.org/#main-fetch> and <https://fetch.spec.whatwg.org/#dom-request>: what is not CORS, and
//! what is not sent at all.

use std::future::ready;

use futures_util::FutureExt;
use http::{Request, Response};
use tower::service_fn;
use tower_cors::testing::{Blocked, Browser, Mode, Redirect, ResponseType};

use crate::support::{PAGE, fetch, preflights, request, request_to, saying, sent};

#[test]
fn no_cors_sends_what_a_form_can_and_reads_nothing() {
    let headers = [
        ("x-a", "1"),
        ("authorization", "x"),
        ("accept", "a/b"),
        ("content-type", "text/plain"),
        ("range", "bytes=0-"),
    ];
    let outcome = fetch(
        &mut Browser::at(PAGE),
        saying(&[("access-control-allow-origin", "*")]),
        request("POST", &headers).mode(Mode::NoCors),
    );
    assert_eq!(outcome.response_type(), ResponseType::Opaque);
    assert!(outcome.response().is_none());
    let actual = outcome.actual().unwrap();
    let kept: Vec<_> = headers
        .iter()
        .filter(|(name, _)| sent(actual, name).is_some())
        .map(|(name, _)| *name)
        .collect();
    assert_eq!(kept, ["accept", "content-type"]);
    assert_eq!(sent(actual, "sec-fetch-mode"), Some("no-cors"));
    assert_eq!(preflights(&outcome), 0);
}

#[test]
fn no_cors_drops_a_form_header_that_asks_for_more() {
    let asked = request("POST", &[("content-type", "application/json")]).mode(Mode::NoCors);
    let outcome = fetch(&mut Browser::at(PAGE), saying(&[]), asked);
    assert_eq!(sent(outcome.actual().unwrap(), "content-type"), None);
}

/// <https://fetch.spec.whatwg.org/#concept-headers-append>
#[test]
fn no_cors_looks_at_all_lines_of_a_header_together() {
    let asked = request(
        "POST",
        &[
            ("content-type", "text/plain"),
            ("content-type", "text/plain"),
        ],
    );
    let outcome = fetch(
        &mut Browser::at(PAGE),
        saying(&[]),
        asked.mode(Mode::NoCors),
    );
    assert_eq!(
        sent(outcome.actual().unwrap(), "content-type"),
        Some("text/plain")
    );
}

#[test]
fn a_form_is_posted_with_its_origin_and_without_a_check() {
    let asked = request(
        "POST",
        &[("content-type", "application/x-www-form-urlencoded")],
    )
    .mode(Mode::Navigate);
    let outcome = fetch(&mut Browser::at(PAGE), saying(&[]), asked);
    assert_eq!(outcome.response_type(), ResponseType::Navigation);
    assert!(outcome.response().is_none());
    let actual = outcome.actual().unwrap();
    assert_eq!(sent(actual, "origin"), Some(PAGE));
    assert_eq!(sent(actual, "sec-fetch-mode"), Some("navigate"));
    assert_eq!(sent(actual, "sec-fetch-dest"), Some("document"));
}

#[test]
fn same_origin_mode_sends_nothing_elsewhere() {
    let outcome = fetch(
        &mut Browser::at(PAGE),
        saying(&[]),
        request("GET", &[]).mode(Mode::SameOrigin),
    );
    outcome.assert_blocked_because(Blocked::NotSameOrigin);
    assert!(outcome.exchanges().is_empty());
    let own = request_to("https://app.example.com/", "GET", &[]).mode(Mode::SameOrigin);
    fetch(&mut Browser::at(PAGE), saying(&[]), own).assert_readable();
}

#[test]
fn an_opaque_origin_is_not_even_its_own() {
    let outcome = fetch(
        &mut Browser::opaque(),
        saying(&[]),
        request("GET", &[]).mode(Mode::SameOrigin),
    );
    outcome.assert_blocked_because(Blocked::NotSameOrigin);
}

#[test]
fn what_fetch_throws_at_is_not_sent() {
    let with_user = request_to("https://user:password@api.example.com/", "GET", &[]);
    for asked in [
        request("CONNECT", &[]),
        request("trace", &[]),
        request("TrAcK", &[]),
        request("PUT", &[]).mode(Mode::NoCors),
        request("PUT", &[]).mode(Mode::Navigate),
        with_user,
    ] {
        let outcome = fetch(&mut Browser::at(PAGE), saying(&[]), asked);
        outcome.assert_blocked_because(Blocked::InvalidRequest);
        assert!(outcome.exchanges().is_empty());
    }
}

#[test]
fn no_cors_must_follow_redirects() {
    let asked = request("GET", &[])
        .mode(Mode::NoCors)
        .redirect(Redirect::Manual);
    let outcome = fetch(&mut Browser::at(PAGE), saying(&[]), asked);
    outcome.assert_blocked_because(Blocked::NoCorsRedirectMode);
}

#[test]
fn only_http_is_fetched_across_origins() {
    let outcome = fetch(
        &mut Browser::at(PAGE),
        saying(&[]),
        request_to("wss://api.example.com/", "GET", &[]),
    );
    outcome.assert_blocked_because(Blocked::NotHttp);
}

/// <https://w3c.github.io/webappsec-mixed-content/>
#[test]
fn a_secure_page_fetches_nothing_insecure_but_from_its_own_machine() {
    let open = [("access-control-allow-origin", "*")];
    let asks = |page: &str, url: &str| {
        fetch(
            &mut Browser::at(page),
            saying(&open),
            request_to(url, "GET", &[]),
        )
    };
    asks(PAGE, "http://api.example.com/").assert_blocked_because(Blocked::MixedContent);
    for (page, url) in [
        (PAGE, "http://localhost:3000/"),
        (PAGE, "http://127.0.0.1:3000/"),
        (PAGE, "http://[::1]:3000/"),
        ("http://app.example.com", "http://api.example.com/"),
    ] {
        asks(page, url).assert_readable();
    }
}

#[test]
fn a_service_that_fails_is_a_network_error() {
    let mut service =
        service_fn(|_: Request<String>| ready(Err::<Response<String>, _>("the database is gone")));
    let outcome = Browser::at(PAGE)
        .fetch(&mut service, request("GET", &[]))
        .now_or_never()
        .unwrap();
    outcome.assert_blocked_because(Blocked::NetworkError);
    assert!(
        outcome.to_string().contains("the database is gone"),
        "{outcome}"
    );
    assert_eq!(outcome.exchanges()[0].status(), None);
}

#[test]
fn a_page_without_a_url_fails_the_test() {
    for page in ["app.example.com", ""] {
        assert!(std::panic::catch_unwind(|| Browser::at(page)).is_err());
        assert!(std::panic::catch_unwind(|| Browser::sandboxed(page)).is_err());
        assert!(std::panic::catch_unwind(|| Browser::opaque().embedded_in(page)).is_err());
    }
}
