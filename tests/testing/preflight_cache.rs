//! <https://fetch.spec.whatwg.org/#cors-preflight-cache>

use std::time::Duration;

use http::{Request, Response};
use tower_cors::testing::{Blocked, Browser, Fetch};

use crate::support::{
    PAGE, fetch, including, is_preflight, open, preflights, request, request_to, response,
};

const SECOND: Duration = Duration::from_secs(1);

/// Whether a fetch is preflighted by a service that allows much for a minute.
fn asks(page: &mut Browser, asked: Fetch<String>) -> bool {
    let outcome = fetch(page, api(&[("access-control-max-age", "60")]), asked);
    outcome.assert_readable();
    preflights(&outcome) == 1
}

/// Allows the page PUT, DELETE, `x-a`, `x-b` and credentials.
fn api(lines: &[(&'static str, &'static str)]) -> impl Fn(&Request<String>) -> Response<String> {
    let allow = [
        ("access-control-allow-origin", PAGE),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", "PUT, DELETE"),
        ("access-control-allow-headers", "X-A, x-b, authorization"),
    ];
    let lines = [&allow, lines].concat();
    move |request| {
        // An opaque page is allowed as such.
        let mut response = response(200, &lines);
        let origin = request.headers()["origin"].clone();
        response
            .headers_mut()
            .insert("access-control-allow-origin", origin);
        response
    }
}

/// How long a permission lives that comes with these lines, in whole seconds up to 100,000.
fn lifetime(page: &Browser, lines: &[(&'static str, &'static str)]) -> u64 {
    let mut page = page.clone();
    fetch(&mut page, api(lines), request("PUT", &[])).assert_readable();
    let lives = |seconds: u64| {
        let mut page = page.clone();
        page.advance(Duration::from_secs(seconds));
        preflights(&fetch(&mut page, api(lines), request("PUT", &[]))) == 0
    };
    (0..100_000)
        .collect::<Vec<_>>()
        .partition_point(|seconds| lives(*seconds)) as u64
}

#[test]
fn max_age_is_seconds_and_5_where_it_is_missing_or_malformed() {
    let line = "access-control-max-age";
    let cases: [(&[(&str, &str)], u64); 13] = [
        (&[], 5),
        (&[(line, "60")], 60),
        (&[(line, "0")], 0),
        (&[(line, "1")], 1),
        (&[(line, "007")], 7),
        (&[(line, "")], 5),
        (&[(line, "-1")], 5),
        (&[(line, "+60")], 5),
        (&[(line, "60.5")], 5),
        (&[(line, "60s")], 5),
        (&[(line, "60, 60")], 5),
        (&[(line, "60"), (line, "60")], 5),
        (&[(line, "99999999999999999999999")], 100_000),
    ];
    for (lines, seconds) in cases {
        assert_eq!(lifetime(&Browser::at(PAGE), lines), seconds, "{lines:?}");
    }
}

#[test]
fn time_goes_by_only_where_the_test_says_so() {
    let mut page = Browser::at(PAGE);
    assert!(asks(&mut page, request("PUT", &[])));
    page.advance(60 * SECOND - Duration::from_nanos(1));
    assert!(!asks(&mut page, request("PUT", &[])));
    page.advance(Duration::from_nanos(1));
    assert!(asks(&mut page, request("PUT", &[])));
}

#[test]
fn an_answer_serves_each_method_and_header_that_it_names() {
    let mut page = Browser::at(PAGE);
    assert!(asks(&mut page, request("PUT", &[("x-a", "1")])));
    assert!(!asks(&mut page, request("DELETE", &[])));
    assert!(!asks(
        &mut page,
        request("GET", &[("x-b", "1"), ("X-A", "2")])
    ));
    assert!(!asks(&mut page, request("POST", &[("authorization", "2")])));
}

#[test]
fn an_answer_serves_its_url_and_its_origin_only() {
    let mut page = Browser::at(PAGE);
    assert!(asks(
        &mut page,
        request_to("https://api.example.com/a?b=1", "PUT", &[])
    ));
    assert!(!asks(
        &mut page,
        request_to("https://api.example.com/a?b=1", "PUT", &[])
    ));
    assert!(asks(
        &mut page,
        request_to("https://api.example.com/a?b=2", "PUT", &[])
    ));
    assert!(asks(
        &mut page,
        request_to("https://api.example.com:8443/a?b=1", "PUT", &[])
    ));
    page.visit("https://other.example.com");
    assert!(asks(
        &mut page,
        request_to("https://api.example.com/a?b=1", "PUT", &[])
    ));
    page.visit(PAGE);
    assert!(!asks(
        &mut page,
        request_to("https://api.example.com/a?b=1", "PUT", &[])
    ));
}

#[test]
fn permission_with_credentials_serves_requests_without_and_not_the_other_way() {
    let mut page = Browser::at(PAGE);
    assert!(asks(&mut page, including(request("PUT", &[]))));
    assert!(!asks(&mut page, request("PUT", &[])));
    page.clear_preflight_cache();
    assert!(asks(&mut page, request("PUT", &[])));
    assert!(asks(&mut page, including(request("PUT", &[]))));
}

#[test]
fn a_newer_answer_adds_and_renews_and_takes_nothing_back() {
    let mut page = Browser::at(PAGE);
    let put = [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "PUT"),
        ("access-control-max-age", "60"),
    ];
    let delete = [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "DELETE"),
        ("access-control-max-age", "60"),
    ];
    fetch(&mut page, |_| response(200, &put), request("PUT", &[])).assert_readable();
    page.advance(30 * SECOND);
    fetch(
        &mut page,
        |_| response(200, &delete),
        request("DELETE", &[]),
    )
    .assert_readable();
    page.advance(29 * SECOND);
    assert_eq!(
        preflights(&fetch(
            &mut page,
            |_| response(200, &delete),
            request("PUT", &[])
        )),
        0
    );
    page.advance(2 * SECOND);
    assert_eq!(
        preflights(&fetch(
            &mut page,
            |_| response(200, &put),
            request("PUT", &[])
        )),
        1
    );
    assert_eq!(
        preflights(&fetch(
            &mut page,
            |_| response(200, &put),
            request("DELETE", &[])
        )),
        0
    );
}

#[test]
fn an_answer_that_repeats_a_permission_renews_it() {
    let mut page = Browser::at(PAGE);
    let put = [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "PUT"),
        ("access-control-max-age", "60"),
    ];
    fetch(&mut page, |_| response(200, &put), request("PUT", &[])).assert_readable();
    page.advance(30 * SECOND);
    assert!(asks(&mut page, request("DELETE", &[])), "which repeats PUT");
    page.advance(59 * SECOND);
    assert!(!asks(&mut page, request("PUT", &[])));
}

#[test]
fn a_wildcard_is_remembered_and_does_not_cover_authorization() {
    let any = [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "*"),
        ("access-control-allow-headers", "*"),
    ];
    let mut page = Browser::at(PAGE);
    let count =
        |page: &mut Browser, asked| preflights(&fetch(page, |_| response(200, &any), asked));
    assert_eq!(count(&mut page, request("PUT", &[("x-a", "1")])), 1);
    assert_eq!(count(&mut page, request("CHICKEN", &[("x-b", "1")])), 0);
    assert_eq!(
        count(&mut page, request("PUT", &[("authorization", "1")])),
        1
    );
}

#[test]
fn an_upload_listener_is_remembered_by_its_method() {
    let mut page = Browser::at(PAGE);
    let allow = [
        ("access-control-allow-origin", "*"),
        ("access-control-max-age", "60"),
    ];
    let post = || request("POST", &[]).upload_listener();
    let count =
        |page: &mut Browser, asked| preflights(&fetch(page, |_| response(200, &allow), asked));
    assert_eq!(count(&mut page, post()), 1);
    assert_eq!(count(&mut page, post()), 0);
    // Only where the service lists no methods at all.
    let allow = [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "PUT"),
    ];
    page.clear_preflight_cache();
    for _ in 0..2 {
        assert_eq!(
            preflights(&fetch(&mut page, |_| response(200, &allow), post())),
            1
        );
    }
}

#[test]
fn a_rejection_is_not_remembered() {
    let mut page = Browser::at(PAGE);
    let rejected = fetch(&mut page, |_| response(403, &[]), request("PUT", &[]));
    assert!(rejected.blocked().is_some());
    assert!(asks(&mut page, request("PUT", &[])));
}

#[test]
fn a_rejection_takes_away_what_was_allowed_for_the_url() {
    let mut page = Browser::at(PAGE);
    assert!(asks(&mut page, request("PUT", &[])));
    let outcome = fetch(&mut page, api(&[]), request("CHICKEN", &[]));
    outcome.assert_blocked_because(Blocked::PreflightMethodNotAllowed);
    assert!(asks(&mut page, request("PUT", &[])));
}

#[test]
fn a_response_that_cannot_be_read_takes_away_what_was_allowed_for_the_url() {
    let mut page = Browser::at(PAGE);
    assert!(asks(&mut page, request("PUT", &[])));
    let outcome = fetch(&mut page, |_| response(200, &[]), request("PUT", &[]));
    assert!(outcome.blocked().is_some());
    assert!(asks(&mut page, request("PUT", &[])));
    // What other pages were allowed stays.
    page.visit("https://other.example.com");
    assert!(asks(&mut page, request("PUT", &[])));
    assert!(
        fetch(&mut page, |_| response(200, &[]), request("PUT", &[]))
            .blocked()
            .is_some()
    );
    page.visit(PAGE);
    assert!(!asks(&mut page, request("PUT", &[])));
    // A request that needs no preflight takes nothing away.
    let outcome = fetch(&mut page, |_| response(200, &[]), request("GET", &[]));
    assert!(outcome.blocked().is_some());
    assert!(!asks(&mut page, request("PUT", &[])));
}

#[test]
fn what_is_remembered_is_only_a_preflight() {
    let mut page = Browser::at(PAGE);
    fetch(&mut page, open("60"), request("PUT", &[])).assert_readable();
    let outcome = fetch(
        &mut page,
        |request| response(if is_preflight(request) { 500 } else { 200 }, &[]),
        request("PUT", &[]),
    );
    assert_eq!(
        outcome.blocked().map(Blocked::code),
        Some("allow-origin-missing")
    );
}
