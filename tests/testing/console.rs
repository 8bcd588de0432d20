//! The text of a failure.

use std::future::ready;

use futures_util::FutureExt;
use http::{HeaderValue, Request, Response, StatusCode};
use tower::service_fn;
use tower_cors::testing::{Blocked, Browser, CorsCheck, Exchange, Outcome, findings};

use crate::support::{
    API, PAGE, fetch, including, is_preflight, request, request_to, response, saying,
};

const ORIGIN: (&str, &str) = ("access-control-allow-origin", PAGE);

fn says(outcome: &Outcome<String>, expected: &[&str]) {
    let console = outcome.to_string();
    for part in expected {
        assert!(console.contains(part), "no {part:?} in\n{console}");
    }
}

#[test]
fn it_names_the_step_the_header_and_the_builder_method() {
    says(
        &fetch(&mut Browser::at(PAGE), saying(&[]), request("GET", &[])),
        &[
            "reason: allow-origin-missing",
            "https://fetch.spec.whatwg.org/#concept-cors-check",
            "Access-Control-Allow-Origin: was missing; should be `https://app.example.com` or `*`",
            ".allow_origins([\"https://app.example.com\"])",
        ],
    );
    says(
        &fetch(
            &mut Browser::opaque(),
            saying(&[ORIGIN]),
            request("GET", &[]),
        ),
        &[
            "was `https://app.example.com`; should be `null` or `*`",
            ".allow_null_origin(true)",
        ],
    );
    says(
        &fetch(
            &mut Browser::at(PAGE),
            saying(&[("access-control-allow-origin", "*")]),
            including(request("GET", &[])),
        ),
        &[
            "reason: allow-origin-wildcard",
            "`*` does not do for a request with credentials",
            ".allow_credentials(true)",
        ],
    );
    says(
        &fetch(
            &mut Browser::at(PAGE),
            saying(&[ORIGIN, ORIGIN]),
            request("GET", &[]),
        ),
        &[
            "reason: allow-origin-repeated",
            "look for a second CORS layer",
        ],
    );
    says(
        &fetch(
            &mut Browser::at(PAGE),
            saying(&[ORIGIN]),
            including(request("GET", &[])),
        ),
        &[
            "Access-Control-Allow-Credentials: was missing; should be `true`",
            ".allow_credentials(true)",
        ],
    );
}

#[test]
fn it_says_what_a_preflight_lacks() {
    let preflight = |lines: &[(&str, &str)], method: &str, headers: &[(&str, &str)]| {
        fetch(
            &mut Browser::at(PAGE),
            saying(&[&[ORIGIN], lines].concat()),
            request(method, headers),
        )
    };
    says(
        &preflight(&[("access-control-allow-methods", "DELETE")], "PUT", &[]),
        &[
            "Access-Control-Allow-Methods: was `DELETE`; should be a list with `PUT`",
            ".allow_methods([\"PUT\"])",
        ],
    );
    says(
        &preflight(&[], "CHICKEN", &[]),
        &["was missing or empty", ".allow_methods([\"CHICKEN\"])"],
    );
    says(
        &preflight(&[("access-control-allow-methods", "PATCH")], "patch", &[]),
        &["methods are case-sensitive", "let the page write `PATCH`"],
    );
    says(
        &preflight(
            &[("access-control-allow-headers", "x-b")],
            "GET",
            &[("X-A", "1")],
        ),
        &[
            "Access-Control-Allow-Headers: was `x-b`; should be a list with `x-a`",
            ".allow_headers([\"x-a\"])",
        ],
    );
    says(
        &preflight(
            &[("access-control-allow-headers", "*")],
            "GET",
            &[("Authorization", "1")],
        ),
        &["should be a list with `authorization`, which `*` does not cover"],
    );
    says(
        &preflight(
            &[("access-control-allow-headers", "x-a, b c")],
            "GET",
            &[("x-a", "1")],
        ),
        &[
            "was a list with the element `b c`",
            "one wrong element spoils the list",
        ],
    );
    says(
        &fetch(
            &mut Browser::at(PAGE),
            |_| response(401, &[ORIGIN]),
            request("PUT", &[]),
        ),
        &[
            "the status of the preflight: was 401 Unauthorized; should be 200 to 299",
            "outside authentication",
        ],
    );
    let answered = fetch(&mut Browser::at(PAGE), saying(&[]), request("PUT", &[]));
    assert!(!answered.to_string().contains("put the CORS layer outside"));
}

/// <https://fetch.spec.whatwg.org/#cors-preflight-fetch>
#[test]
fn it_names_all_that_a_preflight_lacks_at_once() {
    let asked = || request("PUT", &[("x-b", "1"), ("authorization", "1"), ("x-a", "1")]);
    let lacking = |lines: &[(&str, &str)], asked| {
        let outcome = fetch(&mut Browser::at(PAGE), saying(lines), asked);
        (outcome.blocked(), outcome.to_string())
    };
    let (blocked, console) = lacking(&[ORIGIN, ("access-control-allow-headers", "x-b")], asked());
    assert_eq!(blocked, Some(Blocked::PreflightMethodNotAllowed));
    for part in [
        ".allow_methods([\"PUT\"])",
        "reason: preflight-header-not-allowed",
        "should be a list with `authorization`, `x-a`\n",
        "let the service allow the headers; with tower-cors `.allow_headers([\"authorization\", \"x-a\"])`",
    ] {
        assert!(console.contains(part), "no {part:?} in\n{console}");
    }
    // Of an origin that is not allowed, the other headers say something only if there are some.
    let other = ("access-control-allow-origin", "https://other.example.com");
    let (blocked, console) = lacking(&[other], including(asked()));
    assert_eq!(
        blocked,
        Some(Blocked::PreflightCorsCheck(CorsCheck::AllowOriginDiffers))
    );
    for reason in [
        "preflight-allow-origin-differs",
        "preflight-allow-credentials-missing",
        "preflight-method-not-allowed",
        "preflight-header-not-allowed",
    ] {
        assert!(console.contains(reason), "no {reason} in\n{console}");
    }
    let (_, console) = lacking(&[], including(asked()));
    assert_eq!(console.matches("reason: ").count(), 1, "{console}");
}

#[test]
fn it_names_the_origin_and_the_credentials_that_a_response_lacks() {
    let wildcard = [("access-control-allow-origin", "*")];
    says(
        &fetch(
            &mut Browser::at(PAGE),
            saying(&wildcard),
            including(request("GET", &[])),
        ),
        &[
            "reason: allow-origin-wildcard",
            "reason: allow-credentials-missing",
        ],
    );
}

/// A layer that rejects an origin says at least on what its answer depends.
#[test]
fn it_tells_an_origin_that_is_rejected_from_a_layer_that_was_not_asked() {
    let answered = |method, status, lines: &'static [(&str, &str)]| {
        let mut page = Browser::at(PAGE);
        fetch(&mut page, |_| response(status, lines), request(method, &[])).to_string()
    };
    let outside = "no CORS layer took part in this response, which has the status";
    for (method, status, inside) in [
        ("GET", 401, "put the CORS layer outside authentication"),
        ("PUT", 401, "put the CORS layer outside authentication"),
        ("PUT", 404, "put the CORS layer outside the router"),
        ("PUT", 405, "put the CORS layer outside the router"),
        ("GET", 500, "put the CORS layer outside everything else"),
    ] {
        let console = answered(method, status, &[]);
        assert!(console.contains(outside), "{console}");
        assert!(console.contains(inside), "{console}");
        assert!(!console.contains(".allow_origins"), "{console}");
        let rejected = answered(method, status, &[("vary", "accept, origin")]);
        assert!(!rejected.contains(outside), "{rejected}");
        assert!(rejected.contains(".allow_origins"), "{rejected}");
    }
    assert!(!answered("GET", 200, &[]).contains(outside));
}

#[test]
fn it_says_of_a_wildcard_that_it_is_a_name_only_where_it_is() {
    const LITERAL: &str = "for a request with credentials `*` is a name like any other";
    let denied = |list, with_credentials: bool| {
        let lines = [
            ORIGIN,
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-methods", list),
        ];
        let asked = request("PUT", &[]);
        let asked = if with_credentials {
            including(asked)
        } else {
            asked
        };
        fetch(&mut Browser::at(PAGE), saying(&lines), asked).to_string()
    };
    assert!(denied("*", true).contains(LITERAL));
    for console in [denied("DELETE", true), denied("DELETE", false)] {
        assert!(console.contains("a list with `PUT`\n"), "{console}");
    }
}

#[test]
fn it_shows_what_the_page_cannot_read() {
    let lines = [ORIGIN, ("x-total", "3")];
    let outcome = fetch(&mut Browser::at(PAGE), saying(&lines), request("GET", &[]));
    let headers = outcome.actual().and_then(Exchange::response_headers);
    assert_eq!(headers.expect("a response")["x-total"], "3");
}

#[test]
fn debug_shows_what_a_page_asks_for() {
    let printed = format!("{:?}", request("PUT", &[("x-a", "1")]));
    for words in ["Fetch", "PUT", "https://api.example.com/monsters", "x-a"] {
        assert!(printed.contains(words), "{words} is not in {printed}");
    }
}

#[test]
fn it_shows_all_that_went_over_the_wire() {
    let outcome = fetch(
        &mut Browser::at(PAGE),
        |request| match is_preflight(request) {
            true => response(204, &[ORIGIN, ("access-control-allow-methods", "PUT")]),
            false => response(500, &[("vary", "origin")]),
        },
        request("PUT", &[("content-type", "text/plain")]),
    );
    assert_eq!(
        outcome.to_string(),
        "blocked: PUT https://api.example.com/monsters of a page at https://app.example.com
  reason: allow-origin-missing
  step: the CORS check of the response, https://fetch.spec.whatwg.org/#concept-cors-check
  Access-Control-Allow-Origin: was missing; should be `https://app.example.com` or `*`
  help: let the service allow the origin; with tower-cors `.allow_origins([\"https://app.example.com\"])`

> OPTIONS https://api.example.com/monsters (preflight)
> host: api.example.com
> accept: */*
> origin: https://app.example.com
> access-control-request-method: PUT
> user-agent: Mozilla/5.0
> sec-fetch-site: same-site
> sec-fetch-mode: cors
> sec-fetch-dest: empty
< 204 No Content
< access-control-allow-origin: https://app.example.com
< access-control-allow-methods: PUT

> PUT https://api.example.com/monsters
> host: api.example.com
> content-type: text/plain
> accept: */*
> accept-language: en-US,en;q=0.9
> user-agent: Mozilla/5.0
> origin: https://app.example.com
> sec-fetch-site: same-site
> sec-fetch-mode: cors
> sec-fetch-dest: empty
< 500 Internal Server Error
< vary: origin
"
    );
}

#[test]
fn it_says_which_headers_a_page_cannot_read() {
    let lines = [
        ORIGIN,
        ("vary", "origin"),
        ("x-total", "3"),
        ("etag", "1"),
        ("content-type", "a/b"),
    ];
    says(
        &fetch(&mut Browser::at(PAGE), saying(&lines), request("GET", &[])),
        &[
            "readable: GET",
            "hidden from the page: x-total, etag\n",
            ".expose_headers(",
        ],
    );
    let lines = [ORIGIN, ("content-type", "a/b")];
    let outcome = fetch(&mut Browser::at(PAGE), saying(&lines), request("GET", &[]));
    assert!(!outcome.to_string().contains("hidden"), "{outcome}");
}

#[test]
fn a_sent_byte_that_is_not_text_is_escaped() {
    let outcome = fetch(
        &mut Browser::at(PAGE),
        |_| {
            let mut response = response(200, &[]);
            let value = http::HeaderValue::from_bytes(b"\xff\x1b")
                .or(http::HeaderValue::from_bytes(b"\xff"));
            response
                .headers_mut()
                .insert("access-control-allow-origin", value.unwrap());
            response
        },
        request("GET", &[]),
    );
    says(
        &outcome,
        &["was `\\xff`", "< access-control-allow-origin: \\xff"],
    );
}

/// The message of an assertion that fails.
fn panics(assertion: impl FnOnce()) -> String {
    let panic =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(assertion)).expect_err("it fails");
    *panic.downcast::<String>().expect("a message")
}

#[test]
fn an_assertion_fails_with_all_of_it() {
    let blocked = fetch(&mut Browser::at(PAGE), saying(&[]), request("GET", &[]));
    let message = panics(|| {
        blocked.assert_readable();
    });
    assert!(
        message.starts_with("the page cannot read the response\nblocked: GET https://"),
        "{message}"
    );
    assert!(message.contains("< 200 OK"), "{message}");
    let message = panics(|| blocked.assert_blocked_because(Blocked::PreflightStatus));
    assert!(
        message.contains("because of `allow-origin-missing`, not of `preflight-status`"),
        "{message}"
    );
    let readable = fetch(
        &mut Browser::at(PAGE),
        saying(&[ORIGIN]),
        request("GET", &[]),
    );
    let message = panics(|| {
        readable.assert_blocked_because(Blocked::CorsCheck(CorsCheck::AllowOriginMissing))
    });
    assert!(
        message.contains("it is not blocked at all\nreadable: GET"),
        "{message}"
    );
    let elsewhere = fetch(
        &mut Browser::at(PAGE),
        saying(&[]),
        request_to("https://[::1]/", "GET", &[]),
    );
    assert!(
        elsewhere.to_string().contains("> host: [::1]\n"),
        "{elsewhere}"
    );
}

#[test]
fn what_a_service_answers_is_escaped_and_cut() {
    // A header cannot hold control characters below a space, but those above 127 it can.
    let hostile =
        HeaderValue::from_bytes(&b"\x9b31m\xc2\x9b\" https://".repeat(4096)).expect("a value");
    let of_headers = |status, names: &[&'static str]| {
        let hostile = hostile.clone();
        let names = names.to_vec();
        move |request: &Request<String>| {
            let mut answer = response(status, &[]);
            if status == 204 && !is_preflight(request) {
                *answer.status_mut() = StatusCode::OK;
            }
            for name in &names {
                answer.headers_mut().append(*name, hostile.clone());
            }
            answer
        }
    };
    let origin = "access-control-allow-origin";
    let mut reports = vec![];
    for (status, names) in [
        (200, &[origin][..]),
        (200, &[origin, origin]),
        (
            204,
            &[
                "access-control-allow-methods",
                "access-control-allow-headers",
            ],
        ),
        (302, &["location"]),
    ] {
        let outcome = fetch(
            &mut Browser::at(PAGE),
            of_headers(status, names),
            request("PUT", &[]),
        );
        reports.push(outcome.to_string());
    }
    let fails =
        |_: Request<String>| ready(Err::<Response<String>, _>("\x1b[31m\nlost\r".repeat(1024)));
    let mut failing = service_fn(fails);
    let mut page = Browser::at(PAGE);
    let outcome = page.fetch(&mut failing, request("GET", &[]));
    reports.push(outcome.now_or_never().expect("nothing waits").to_string());
    let found = findings(
        &mut failing,
        Request::get(API).body(String::new()).expect("a request"),
        [PAGE],
    );
    for finding in found.now_or_never().expect("nothing waits") {
        reports.push(finding.to_string());
    }
    for report in reports {
        let harmless = |c: char| c == '\n' || c == ' ' || c == '…' || c.is_ascii_graphic();
        assert!(report.chars().all(harmless), "{report:?}");
        assert!(
            report
                .lines()
                .all(|line| line.len() < 20_000 && !line.starts_with("lost")),
            "{report}"
        );
        assert!(report.len() < 100_000, "{} bytes", report.len());
    }
}
