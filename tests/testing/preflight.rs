//! <https://fetch.spec.whatwg.org/#cors-preflight-fetch>: what the response to a preflight must say.

use http::{Request, Response};
use tower_cors::testing::{Blocked, Browser, Outcome};

use crate::support::{PAGE, fetch, including, is_preflight, request, response};

const METHODS: &str = "access-control-allow-methods";
const HEADERS: &str = "access-control-allow-headers";

fn api(
    status: u16,
    lines: Vec<(&'static str, &'static str)>,
) -> impl Fn(&Request<String>) -> Response<String> {
    let allow = [
        ("access-control-allow-origin", PAGE),
        ("access-control-allow-credentials", "true"),
    ];
    move |request| {
        let status = if is_preflight(request) { status } else { 200 };
        response(status, &[&allow, lines.as_slice()].concat())
    }
}

fn without(
    lines: &[(&'static str, &'static str)],
    method: &str,
    names: &[(&str, &str)],
) -> Outcome<String> {
    fetch(
        &mut Browser::at(PAGE),
        api(200, lines.to_vec()),
        request(method, names),
    )
}

fn with(
    lines: &[(&'static str, &'static str)],
    method: &str,
    names: &[(&str, &str)],
) -> Outcome<String> {
    fetch(
        &mut Browser::at(PAGE),
        api(200, lines.to_vec()),
        including(request(method, names)),
    )
}

#[test]
fn the_status_is_200_to_299() {
    for status in [200, 204, 206, 299] {
        fetch(
            &mut Browser::at(PAGE),
            api(status, vec![(METHODS, "PUT")]),
            request("PUT", &[]),
        )
        .assert_readable();
    }
    for status in [300, 301, 302, 304, 307, 400, 401, 403, 404, 405, 500, 503] {
        let lines = vec![(METHODS, "PUT"), ("location", "/elsewhere")];
        let outcome = fetch(
            &mut Browser::at(PAGE),
            api(status, lines),
            request("PUT", &[]),
        );
        outcome.assert_blocked_because(Blocked::PreflightStatus);
        assert_eq!(
            outcome.exchanges().len(),
            1,
            "the request itself is not sent: {outcome}"
        );
    }
}

#[test]
fn a_method_is_allowed_by_its_bytes() {
    let rejected = Some(Blocked::PreflightMethodNotAllowed);
    for (line, method, blocked) in [
        ("PUT", "PUT", None),
        ("DELETE, PUT", "PUT", None),
        (",PUT ,, DELETE,", "DELETE", None),
        ("put", "PUT", rejected),
        ("DELETE", "PUT", rejected),
        ("", "PUT", rejected),
        ("PATCH", "patch", rejected),
        ("patch", "PATCH", rejected),
        ("patch", "patch", None),
        ("PUTS", "PUT", rejected),
    ] {
        assert_eq!(
            without(&[(METHODS, line)], method, &[]).blocked(),
            blocked,
            "{method} by {line}"
        );
        assert_eq!(
            with(&[(METHODS, line)], method, &[]).blocked(),
            blocked,
            "{method} by {line}, credentials"
        );
    }
}

#[test]
fn lists_go_on_over_several_lines() {
    let lines = [
        (METHODS, "DELETE"),
        (METHODS, "PUT"),
        (HEADERS, "x-a"),
        (HEADERS, "x-b"),
    ];
    without(&lines, "PUT", &[("x-a", "1"), ("x-b", "1")]).assert_readable();
}

#[test]
fn get_head_and_post_need_not_be_listed() {
    for method in ["GET", "HEAD", "POST"] {
        let outcome = without(
            &[(METHODS, "DELETE"), (HEADERS, "x-a")],
            method,
            &[("x-a", "1")],
        );
        outcome.assert_readable();
        assert!(outcome.preflight().is_some());
    }
}

#[test]
fn a_wildcard_allows_any_method_without_credentials_only() {
    without(&[(METHODS, "*")], "CHICKEN", &[]).assert_readable();
    with(&[(METHODS, "*")], "CHICKEN", &[])
        .assert_blocked_because(Blocked::PreflightMethodNotAllowed);
    with(&[(METHODS, "*")], "*", &[]).assert_readable();
}

#[test]
fn a_header_is_allowed_in_any_case() {
    let rejected = Some(Blocked::PreflightHeaderNotAllowed);
    for (line, name, blocked) in [
        ("x-a", "X-A", None),
        ("X-A", "x-a", None),
        ("x-b , X-a", "x-a", None),
        ("x-b", "x-a", rejected),
        ("", "x-a", rejected),
        ("x-ab", "x-a", rejected),
    ] {
        assert_eq!(
            without(&[(HEADERS, line)], "GET", &[(name, "1")]).blocked(),
            blocked,
            "{name} by {line}"
        );
    }
    let outcome = without(&[(HEADERS, "x-a")], "GET", &[("x-a", "1"), ("x-b", "1")]);
    outcome.assert_blocked_because(Blocked::PreflightHeaderNotAllowed);
    let outcome = without(&[], "GET", &[("content-type", "application/json")]);
    outcome.assert_blocked_because(Blocked::PreflightHeaderNotAllowed);
}

#[test]
fn a_wildcard_allows_any_header_without_credentials_only() {
    without(&[(HEADERS, "*")], "GET", &[("x-a", "1"), ("x-b", "1")]).assert_readable();
    with(&[(HEADERS, "*")], "GET", &[("x-a", "1")])
        .assert_blocked_because(Blocked::PreflightHeaderNotAllowed);
    with(&[(HEADERS, "*")], "GET", &[("*", "1")]).assert_readable();
}

/// <https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name>
#[test]
fn a_wildcard_does_not_cover_authorization() {
    let headers = [("Authorization", "x")];
    without(&[(HEADERS, "*")], "GET", &headers)
        .assert_blocked_because(Blocked::PreflightHeaderNotAllowed);
    without(&[(HEADERS, "*, authorization")], "GET", &headers).assert_readable();
    with(&[(HEADERS, "Authorization")], "GET", &headers).assert_readable();
}

#[test]
fn one_invalid_element_spoils_a_list() {
    for list in [
        "PUT, a b",
        "PUT, \"x\"",
        "PUT; DELETE",
        "PUT, (",
        "PUT DELETE",
    ] {
        let lines = [(METHODS, list)];
        without(&lines, "PUT", &[]).assert_blocked_because(Blocked::PreflightMethodsMalformed);
    }
    for list in ["x-a, a:b", "x-a, \"x\"", "x-a x-b", "x-a, [x]"] {
        let lines = [(HEADERS, list)];
        without(&lines, "GET", &[("x-a", "1")])
            .assert_blocked_because(Blocked::PreflightHeadersMalformed);
    }
    // Also the list that nothing is needed of.
    without(
        &[(METHODS, "a b"), (HEADERS, "x-a")],
        "GET",
        &[("x-a", "1")],
    )
    .assert_blocked_because(Blocked::PreflightMethodsMalformed);
}

#[test]
fn the_cors_check_comes_before_the_status_and_the_lists() {
    let outcome = fetch(
        &mut Browser::at(PAGE),
        |_| response(500, &[(METHODS, "a b")]),
        request("PUT", &[("x-a", "1")]),
    );
    assert_eq!(
        outcome.blocked().map(Blocked::code),
        Some("preflight-allow-origin-missing")
    );
}
