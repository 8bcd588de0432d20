//! <https://fetch.spec.whatwg.org/#http-redirect-fetch>

use http::{Request, Response};
use tower_cors::testing::{
    Blocked, Browser, CorsCheck, Fetch, Mode, Outcome, Redirect, ResponseType,
};

use crate::support::{
    API, PAGE, fetch, is_preflight, preflights, request, request_to, response, sent,
};

const OTHER: &str = "https://other.example.org/x";

/// Redirects `/a` to `location` with `status`, and allows whoever asks everything.
fn redirecting(
    status: u16,
    location: &'static str,
) -> impl Fn(&Request<String>) -> Response<String> {
    move |request| {
        let origin = request
            .headers()
            .get("origin")
            .map_or("*", |origin| origin.to_str().unwrap());
        let allow = [
            ("access-control-allow-origin", origin),
            ("access-control-allow-methods", "PUT, DELETE"),
            (
                "access-control-allow-headers",
                "x-a, authorization, content-type, content-language",
            ),
        ];
        if request.uri().path() == "/a" && !is_preflight(request) {
            response(status, &[&allow[..], &[("location", location)]].concat())
        } else {
            response(200, &allow)
        }
    }
}

fn follow(
    from: &str,
    location: &'static str,
    asked: impl Fn(&str) -> Fetch<String>,
) -> Outcome<String> {
    fetch(
        &mut Browser::at(PAGE),
        redirecting(307, location),
        asked(from),
    )
}

fn get(url: &str) -> Fetch<String> {
    request_to(url, "GET", &[])
}

fn origins(outcome: &Outcome<String>) -> Vec<Option<&str>> {
    outcome
        .exchanges()
        .iter()
        .map(|exchange| sent(exchange, "origin"))
        .collect()
}

/// <https://fetch.spec.whatwg.org/#serializing-a-request-origin>
#[test]
fn a_redirect_from_one_foreign_origin_to_another_taints_the_origin() {
    let api = "https://api.example.com/a";
    for (from, to, expected) in [
        (api, "/b", [Some(PAGE), Some(PAGE)]),
        (api, OTHER, [Some(PAGE), Some("null")]),
        (
            api,
            "https://api.example.com:8443/b",
            [Some(PAGE), Some("null")],
        ),
        (api, "https://app.example.com/b", [Some(PAGE), Some("null")]),
        ("https://app.example.com/a", API, [None, Some(PAGE)]),
        ("https://app.example.com/a", "/b", [None, None]),
    ] {
        let outcome = follow(from, to, get);
        outcome.assert_readable();
        assert_eq!(origins(&outcome), expected, "{from} to {to}");
    }
}

#[test]
fn every_hop_is_checked() {
    let outcome = fetch(
        &mut Browser::at(PAGE),
        |request| match request.uri().path() {
            "/a" => response(302, &[("location", "/b")]),
            _ => response(200, &[("access-control-allow-origin", "*")]),
        },
        get("https://api.example.com/a"),
    );
    outcome.assert_blocked_because(Blocked::CorsCheck(CorsCheck::AllowOriginMissing));
    assert_eq!(outcome.exchanges().len(), 1);
}

/// A service that knows the page's origin does not know it as `null`.
#[test]
fn a_tainted_origin_is_checked_as_null() {
    let outcome = fetch(
        &mut Browser::at(PAGE),
        |request| {
            let location = [("location", OTHER)];
            let headers: &[_] = if request.uri().path() == "/a" {
                &location
            } else {
                &[]
            };
            let status = if headers.is_empty() { 200 } else { 302 };
            response(
                status,
                &[&[("access-control-allow-origin", PAGE)], headers].concat(),
            )
        },
        get("https://api.example.com/a"),
    );
    outcome.assert_blocked_because(Blocked::CorsCheck(CorsCheck::AllowOriginDiffers));
    assert_eq!(outcome.exchanges().len(), 2);
}

#[test]
fn each_url_is_preflighted_on_its_own() {
    let outcome = follow("https://api.example.com/a", OTHER, |url| {
        request_to(url, "PUT", &[])
    });
    outcome.assert_readable();
    assert_eq!(preflights(&outcome), 2);
    assert_eq!(
        origins(&outcome),
        [Some(PAGE), Some(PAGE), Some("null"), Some("null")]
    );
}

#[test]
fn authorization_stays_with_the_origin() {
    let authorized = |url: &str| request_to(url, "GET", &[("authorization", "x"), ("x-a", "1")]);
    let outcome = follow("https://api.example.com/a", OTHER, authorized);
    let last = outcome.exchanges().last().unwrap();
    assert_eq!(
        (sent(last, "authorization"), sent(last, "x-a")),
        (None, Some("1"))
    );
    let preflights: Vec<_> = outcome
        .exchanges()
        .iter()
        .filter_map(|exchange| sent(exchange, "access-control-request-headers"))
        .collect();
    assert_eq!(preflights, ["authorization,x-a", "x-a"]);
    let outcome = follow(
        "https://api.example.com/a",
        "https://api.example.com:8443/b",
        authorized,
    );
    let last = outcome.exchanges().last().unwrap();
    assert_eq!(
        sent(last, "authorization"),
        None,
        "another port is another origin"
    );
    let outcome = follow("https://api.example.com/a", "/b", authorized);
    assert_eq!(
        sent(outcome.exchanges().last().unwrap(), "authorization"),
        Some("x")
    );
}

#[test]
fn some_redirects_turn_into_a_get_without_a_body() {
    for (status, method, next) in [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"),
        (301, "PUT", "PUT"),
        (302, "DELETE", "DELETE"),
        (307, "POST", "POST"),
        (308, "PUT", "PUT"),
    ] {
        let headers = [
            ("content-type", "text/plain"),
            ("content-language", "de"),
            ("x-a", "1"),
        ];
        let mut asked = request_to("https://api.example.com/a", method, &headers);
        if method != "HEAD" {
            asked = asked.body_source(|| "again".to_owned());
        }
        let answer = redirecting(status, "/b");
        let outcome = fetch(
            &mut Browser::at(PAGE),
            |request| {
                if request.uri().path() == "/b" && !is_preflight(request) {
                    assert_eq!(
                        request.body() == "again",
                        next == method && method != "HEAD",
                        "{status} {method}"
                    );
                }
                answer(request)
            },
            asked,
        );
        outcome.assert_readable();
        let last = outcome.exchanges().last().unwrap();
        assert_eq!(last.method(), next, "{status} {method}");
        let kept = next == method;
        assert_eq!(
            sent(last, "content-type").is_some(),
            kept,
            "{status} {method}"
        );
        assert_eq!(
            sent(last, "content-language").is_some(),
            kept,
            "{status} {method}"
        );
        assert_eq!(sent(last, "x-a"), Some("1"));
    }
}

#[test]
fn a_streamed_body_follows_only_303() {
    let streamed = |status| {
        let asked = request_to("https://api.example.com/a", "POST", &[]).streaming_body();
        fetch(&mut Browser::at(PAGE), redirecting(status, "/b"), asked)
    };
    for status in [301, 302, 307, 308] {
        streamed(status).assert_blocked_because(Blocked::RedirectOfStream);
    }
    streamed(303).assert_readable();
}

#[test]
fn where_a_redirect_may_not_lead() {
    for (location, reason) in [
        (
            "https://user@api.example.com/b",
            Blocked::RedirectWithCredentials,
        ),
        (
            "https://user:password@app.example.com/b",
            Blocked::RedirectWithCredentials,
        ),
        ("ftp://api.example.com/b", Blocked::RedirectNotHttp),
        ("data:text/plain,x", Blocked::RedirectNotHttp),
        ("https://[", Blocked::RedirectLocationMalformed),
        ("http://api.example.com/b", Blocked::MixedContent),
    ] {
        follow("https://api.example.com/a", location, get).assert_blocked_because(reason);
    }
}

#[test]
fn a_redirect_may_lead_to_a_url_with_credentials_where_it_crosses_no_origin() {
    let own = "https://user:password@app.example.com/b";
    let outcome = follow("https://app.example.com/a", own, get);
    assert!(outcome.blocked().is_none(), "{outcome}");
    let others = "https://user:password@api.example.com/b";
    follow("https://app.example.com/a", others, get)
        .assert_blocked_because(Blocked::RedirectWithCredentials);
    let outcome = follow("https://app.example.com/a", others, |url| {
        get(url).mode(Mode::Navigate)
    });
    assert!(outcome.blocked().is_none(), "{outcome}");
}

#[test]
fn a_redirect_status_without_location_is_a_response() {
    let outcome = fetch(
        &mut Browser::at(PAGE),
        |_| response(302, &[("access-control-allow-origin", "*")]),
        request("GET", &[]),
    );
    assert_eq!(outcome.assert_readable().status(), 302);
}

/// <https://fetch.spec.whatwg.org/#concept-response-location-url>
#[test]
fn a_fragment_is_handed_on_until_a_redirect_has_its_own() {
    let outcome = fetch(
        &mut Browser::at(PAGE),
        |request| {
            let location = match request.uri().path() {
                "/a" => "/b#here",
                "/b" => "/c",
                _ => return response(200, &[("access-control-allow-origin", "*")]),
            };
            response(
                302,
                &[("access-control-allow-origin", "*"), ("location", location)],
            )
        },
        get("https://api.example.com/a"),
    );
    let urls: Vec<_> = outcome
        .exchanges()
        .iter()
        .map(|exchange| exchange.url())
        .collect();
    assert_eq!(
        urls,
        [
            "https://api.example.com/a",
            "https://api.example.com/b#here",
            "https://api.example.com/c#here"
        ]
    );
}

#[test]
fn the_twenty_first_redirect_is_one_too_many() {
    let outcome = follow("https://api.example.com/a", "/a", get);
    outcome.assert_blocked_because(Blocked::TooManyRedirects);
    assert_eq!(outcome.exchanges().len(), 21);
}

/// <https://fetch.spec.whatwg.org/#concept-request-redirect-mode>
#[test]
fn redirects_are_errors_or_opaque_if_the_page_says_so() {
    let asked = |mode| {
        follow("https://api.example.com/a", "/b", |url| {
            get(url).redirect(mode)
        })
    };
    asked(Redirect::Error).assert_blocked_because(Blocked::RedirectNotAllowed);
    let outcome = asked(Redirect::Manual);
    assert_eq!(outcome.response_type(), ResponseType::OpaqueRedirect);
    assert!(outcome.response().is_none());
    assert_eq!(outcome.exchanges().len(), 1);
}

#[test]
fn same_origin_mode_does_not_leave_the_origin() {
    let outcome = follow("https://app.example.com/a", API, |url| {
        get(url).mode(Mode::SameOrigin)
    });
    outcome.assert_blocked_because(Blocked::NotSameOrigin);
}

/// <https://fetch.spec.whatwg.org/#concept-request-response-tainting>
#[test]
fn what_comes_back_to_the_page_by_a_detour_must_still_be_allowed() {
    let outcome = fetch(
        &mut Browser::at(PAGE),
        |request| match request.headers()["host"].to_str().unwrap() {
            "api.example.com" => response(
                302,
                &[
                    ("access-control-allow-origin", "*"),
                    ("location", "https://app.example.com/b"),
                ],
            ),
            _ => response(200, &[]),
        },
        get("https://api.example.com/a"),
    );
    outcome.assert_blocked_because(Blocked::CorsCheck(CorsCheck::AllowOriginMissing));
}
