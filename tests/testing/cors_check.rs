//! <https://fetch.spec.whatwg.org/#concept-cors-check>

use tower_cors::testing::CorsCheck::{
    AllowCredentialsMissing, AllowCredentialsNotTrue, AllowOriginDiffers, AllowOriginMissing,
    AllowOriginRepeated, AllowOriginWildcard,
};
use tower_cors::testing::{Blocked, Browser, CorsCheck};

use crate::support::{PAGE, fetch, including, is_preflight, request, response, saying};

const ORIGIN: &str = "access-control-allow-origin";
const CREDENTIALS: &str = "access-control-allow-credentials";

type Case<'a> = (
    &'a [(&'a str, &'a str)],
    Option<CorsCheck>,
    Option<CorsCheck>,
);

/// What a response says, what becomes of a request without credentials, and with.
const CASES: [Case<'_>; 24] = [
    (&[], Some(AllowOriginMissing), Some(AllowOriginMissing)),
    (
        &[(CREDENTIALS, "true")],
        Some(AllowOriginMissing),
        Some(AllowOriginMissing),
    ),
    (&[(ORIGIN, PAGE)], None, Some(AllowCredentialsMissing)),
    (&[(ORIGIN, PAGE), (CREDENTIALS, "true")], None, None),
    (
        &[
            (ORIGIN, " https://app.example.com\t"),
            (CREDENTIALS, " true "),
        ],
        None,
        None,
    ),
    (
        &[(ORIGIN, PAGE), (CREDENTIALS, "True")],
        None,
        Some(AllowCredentialsNotTrue),
    ),
    (
        &[(ORIGIN, PAGE), (CREDENTIALS, "1")],
        None,
        Some(AllowCredentialsNotTrue),
    ),
    (
        &[(ORIGIN, PAGE), (CREDENTIALS, "")],
        None,
        Some(AllowCredentialsNotTrue),
    ),
    (
        &[(ORIGIN, PAGE), (CREDENTIALS, "true, true")],
        None,
        Some(AllowCredentialsNotTrue),
    ),
    (
        &[(ORIGIN, PAGE), (CREDENTIALS, "true"), (CREDENTIALS, "true")],
        None,
        Some(AllowCredentialsNotTrue),
    ),
    (&[(ORIGIN, "*")], None, Some(AllowOriginWildcard)),
    (
        &[(ORIGIN, "*"), (CREDENTIALS, "true")],
        None,
        Some(AllowOriginWildcard),
    ),
    (
        &[(ORIGIN, "*"), (ORIGIN, "*")],
        Some(AllowOriginRepeated),
        Some(AllowOriginRepeated),
    ),
    (
        &[(ORIGIN, PAGE), (ORIGIN, PAGE)],
        Some(AllowOriginRepeated),
        Some(AllowOriginRepeated),
    ),
    (
        &[(ORIGIN, "https://app.example.com, *")],
        Some(AllowOriginRepeated),
        Some(AllowOriginRepeated),
    ),
    (
        &[(ORIGIN, "* https://app.example.com")],
        Some(AllowOriginDiffers),
        Some(AllowOriginDiffers),
    ),
    (
        &[(ORIGIN, "\"*\"")],
        Some(AllowOriginDiffers),
        Some(AllowOriginDiffers),
    ),
    (
        &[(ORIGIN, "")],
        Some(AllowOriginDiffers),
        Some(AllowOriginDiffers),
    ),
    (
        &[(ORIGIN, "null")],
        Some(AllowOriginDiffers),
        Some(AllowOriginDiffers),
    ),
    (
        &[(ORIGIN, "https://app.example.com/")],
        Some(AllowOriginDiffers),
        Some(AllowOriginDiffers),
    ),
    (
        &[(ORIGIN, "https://app.example.com:443")],
        Some(AllowOriginDiffers),
        Some(AllowOriginDiffers),
    ),
    (
        &[(ORIGIN, "https://App.example.com")],
        Some(AllowOriginDiffers),
        Some(AllowOriginDiffers),
    ),
    (
        &[(ORIGIN, "http://app.example.com")],
        Some(AllowOriginDiffers),
        Some(AllowOriginDiffers),
    ),
    (
        &[(ORIGIN, "https://*.example.com")],
        Some(AllowOriginDiffers),
        Some(AllowOriginDiffers),
    ),
];

#[test]
fn a_response_is_read_if_it_names_the_origin_byte_by_byte() {
    for (headers, without, with) in CASES {
        let mut page = Browser::at(PAGE);
        let outcome = fetch(&mut page, saying(headers), request("GET", &[]));
        assert_eq!(
            outcome.blocked(),
            without.map(Blocked::CorsCheck),
            "{headers:?}"
        );
        let outcome = fetch(&mut page, saying(headers), including(request("GET", &[])));
        assert_eq!(
            outcome.blocked(),
            with.map(Blocked::CorsCheck),
            "with credentials: {headers:?}"
        );
    }
}

#[test]
fn the_response_to_a_preflight_is_held_to_the_credentials_of_the_request() {
    for (headers, without, with) in CASES {
        let headers = [headers, &[("access-control-allow-methods", "PUT")]].concat();
        let mut page = Browser::at(PAGE);
        let outcome = fetch(&mut page, saying(&headers), request("PUT", &[]));
        assert_eq!(
            outcome.blocked(),
            without.map(Blocked::PreflightCorsCheck),
            "{headers:?}"
        );
        page.clear_preflight_cache();
        let outcome = fetch(&mut page, saying(&headers), including(request("PUT", &[])));
        assert_eq!(
            outcome.blocked(),
            with.map(Blocked::PreflightCorsCheck),
            "with credentials: {headers:?}"
        );
    }
}

#[test]
fn every_status_can_be_read() {
    for status in [200, 304, 401, 403, 404, 405, 500, 503] {
        let outcome = fetch(
            &mut Browser::at(PAGE),
            |_| response(status, &[(ORIGIN, "*")]),
            request("GET", &[]),
        );
        assert_eq!(outcome.assert_readable().status(), status);
        let outcome = fetch(
            &mut Browser::at(PAGE),
            |_| response(status, &[]),
            request("GET", &[]),
        );
        outcome.assert_blocked_because(Blocked::CorsCheck(AllowOriginMissing));
    }
}

#[test]
fn a_permitted_preflight_does_not_stand_for_the_response() {
    let outcome = fetch(
        &mut Browser::at(PAGE),
        |request| match is_preflight(request) {
            true => response(
                204,
                &[(ORIGIN, PAGE), ("access-control-allow-methods", "PUT")],
            ),
            false => response(200, &[]),
        },
        request("PUT", &[]),
    );
    outcome.assert_blocked_because(Blocked::CorsCheck(AllowOriginMissing));
    assert_eq!(outcome.exchanges().len(), 2);
}

#[test]
fn null_allows_an_opaque_origin_and_no_other() {
    let headers = [(ORIGIN, "null"), (CREDENTIALS, "true")];
    fetch(
        &mut Browser::opaque(),
        saying(&headers),
        including(request("GET", &[])),
    )
    .assert_readable();
    let outcome = fetch(
        &mut Browser::opaque(),
        saying(&[(ORIGIN, PAGE)]),
        request("GET", &[]),
    );
    outcome.assert_blocked_because(Blocked::CorsCheck(AllowOriginDiffers));
}

#[test]
fn what_is_of_the_pages_own_origin_is_not_checked() {
    let own = crate::support::request_to("https://app.example.com/x", "PUT", &[("x-a", "1")]);
    let outcome = fetch(&mut Browser::at(PAGE), saying(&[]), own);
    outcome.assert_readable();
    assert_eq!(outcome.exchanges().len(), 1);
}
