//! What a browser sends: <https://fetch.spec.whatwg.org/#cors-preflight-fetch>,
//! <https://fetch.spec.whatwg.org/#http-network-or-cache-fetch>.

use tower_cors::testing::{Browser, Mode};

use crate::support::{
    API, PAGE, fetch, including, open, preflight, preflights, request, request_to, sent,
};

#[test]
fn a_preflight_says_what_the_standard_says_and_nothing_else() {
    let headers = [
        ("X-B", "1"),
        ("Authorization", "x"),
        ("x-a", "1"),
        ("Accept", "text/html"),
        ("X-B", "2"),
    ];
    let outcome = fetch(&mut Browser::at(PAGE), open("5"), request("put", &headers));
    let preflight = preflight(&outcome);
    assert_eq!(preflight.method(), "OPTIONS");
    assert_eq!(preflight.url(), API);
    let mut lines: Vec<_> = preflight
        .request_headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            ("accept", "*/*"),
            ("access-control-request-headers", "authorization,x-a,x-b"),
            ("access-control-request-method", "PUT"),
            ("host", "api.example.com"),
            ("origin", PAGE),
            ("sec-fetch-dest", "empty"),
            ("sec-fetch-mode", "cors"),
            ("sec-fetch-site", "same-site"),
            ("user-agent", "Mozilla/5.0"),
        ]
    );
    assert_eq!(outcome.actual().unwrap().method(), "PUT");
}

#[test]
fn a_preflight_without_unsafe_headers_does_not_ask_for_any() {
    let outcome = fetch(
        &mut Browser::at(PAGE),
        open("5"),
        request("PUT", &[("content-type", "text/plain")]),
    );
    assert_eq!(
        sent(preflight(&outcome), "access-control-request-headers"),
        None
    );
}

/// <https://fetch.spec.whatwg.org/#use-cors-preflight-flag>
#[test]
fn an_upload_listener_or_a_stream_asks_even_for_a_post() {
    for asked in [
        request("POST", &[]).upload_listener(),
        request("POST", &[]).streaming_body(),
    ] {
        let outcome = fetch(&mut Browser::at(PAGE), open("5"), asked);
        assert_eq!(
            sent(preflight(&outcome), "access-control-request-method"),
            Some("POST")
        );
        assert_eq!(
            sent(preflight(&outcome), "access-control-request-headers"),
            None
        );
        outcome.assert_readable();
    }
}

/// The order is that of bytes: `!` before digits, `_` before letters, `|` after them.
#[test]
fn the_names_asked_for_are_sorted_by_byte() {
    let names = ["x~b", "xb", "x_b", "X.b", "x-b", "0x", "!x", "x|b", "*"];
    let headers: Vec<_> = names.iter().map(|name| (*name, "1")).collect();
    let outcome = fetch(&mut Browser::at(PAGE), open("5"), request("GET", &headers));
    let asked = sent(preflight(&outcome), "access-control-request-headers");
    assert_eq!(asked, Some("!x,*,0x,x-b,x.b,x_b,xb,x|b,x~b"));
}

#[test]
fn patch_keeps_the_case_that_it_was_written_in() {
    let outcome = fetch(&mut Browser::at(PAGE), open("5"), request("patch", &[]));
    assert_eq!(
        sent(preflight(&outcome), "access-control-request-method"),
        Some("patch")
    );
}

#[test]
fn the_service_gets_the_port_in_url_and_host() {
    let asked = request_to("https://api.example.com:8443/a/b?c=d", "GET", &[]);
    let outcome = fetch(
        &mut Browser::at(PAGE),
        |request| {
            assert_eq!(request.uri(), "https://api.example.com:8443/a/b?c=d");
            crate::support::response(200, &[("access-control-allow-origin", PAGE)])
        },
        asked,
    );
    let actual = outcome.actual().unwrap();
    assert_eq!(sent(actual, "host"), Some("api.example.com:8443"));
    assert_eq!(actual.url(), "https://api.example.com:8443/a/b?c=d");
}

/// <https://w3c.github.io/webappsec-fetch-metadata/>
#[test]
fn the_service_is_told_how_far_the_page_is() {
    let mut page = Browser::at("https://app.example.com/shop");
    for (url, site) in [
        ("https://app.example.com/x", Some("same-origin")),
        ("https://app.example.com:8443/x", Some("same-site")),
        ("https://api.example.com/x", Some("same-site")),
        ("https://example.com/x", Some("same-site")),
        ("https://example.org/x", Some("cross-site")),
        ("http://localhost:3000/x", Some("cross-site")),
    ] {
        let outcome = fetch(&mut page, open("5"), request_to(url, "GET", &[]));
        assert_eq!(
            sent(outcome.actual().unwrap(), "sec-fetch-site"),
            site,
            "{url}"
        );
    }
    // Names below a public suffix are strangers.
    let outcome = fetch(
        &mut Browser::at("https://a.github.io"),
        open("5"),
        request_to("https://b.github.io/", "GET", &[]),
    );
    assert_eq!(
        sent(outcome.actual().unwrap(), "sec-fetch-site"),
        Some("cross-site")
    );
    let outcome = fetch(
        &mut Browser::at("http://app.example.com"),
        open("5"),
        request_to("http://api.example.com/", "GET", &[]),
    );
    assert_eq!(
        sent(outcome.actual().unwrap(), "sec-fetch-site"),
        None,
        "not a trustworthy URL"
    );
}

/// <https://fetch.spec.whatwg.org/#append-a-request-origin-header>
#[test]
fn the_origin_is_sent_across_origins_and_with_all_but_get_and_head() {
    let own = "https://app.example.com/monsters";
    let cases = [
        (own, "GET", Mode::Cors, None),
        (own, "HEAD", Mode::Cors, None),
        (own, "POST", Mode::Cors, Some(PAGE)),
        (own, "DELETE", Mode::SameOrigin, Some(PAGE)),
        (API, "GET", Mode::Cors, Some(PAGE)),
        (API, "HEAD", Mode::Cors, Some(PAGE)),
        (API, "GET", Mode::NoCors, None),
        (API, "POST", Mode::NoCors, Some(PAGE)),
        (API, "GET", Mode::Navigate, None),
        (API, "POST", Mode::Navigate, Some(PAGE)),
        (
            "http://api.example.com/",
            "POST",
            Mode::Navigate,
            Some("null"),
        ),
    ];
    for (url, method, mode, origin) in cases {
        let outcome = fetch(
            &mut Browser::at(PAGE),
            open("5"),
            request_to(url, method, &[]).mode(mode),
        );
        assert_eq!(
            sent(outcome.actual().unwrap(), "origin"),
            origin,
            "{method} {url} {mode:?}"
        );
    }
}

#[test]
fn the_origin_of_an_insecure_page_is_sent_to_insecure_urls() {
    let url = "http://api.example.com/";
    for mode in [Mode::NoCors, Mode::Navigate] {
        let outcome = fetch(
            &mut Browser::at("http://app.example.com"),
            open("5"),
            request_to(url, "POST", &[]).mode(mode),
        );
        let origin = sent(outcome.actual().unwrap(), "origin");
        assert_eq!(origin, Some("http://app.example.com"), "{mode:?}");
    }
}

#[test]
fn an_opaque_origin_is_null() {
    let outcome = fetch(&mut Browser::opaque(), open("5"), request("PUT", &[]));
    assert_eq!(sent(preflight(&outcome), "origin"), Some("null"));
    assert_eq!(sent(outcome.actual().unwrap(), "origin"), Some("null"));
    for page in [
        "data:text/html,x",
        "about:blank",
        "file:///index.html",
        "file://host/index.html",
    ] {
        let outcome = fetch(&mut Browser::at(page), open("5"), request("GET", &[]));
        assert_eq!(
            sent(outcome.actual().unwrap(), "origin"),
            Some("null"),
            "{page}"
        );
    }
}

#[test]
fn a_blob_is_of_the_origin_that_made_it() {
    let mut page = Browser::at("blob:https://app.example.com/0a0b0c0d-0000-4000-8000-000000000000");
    let outcome = fetch(&mut page, open("5"), request("GET", &[]));
    assert_eq!(sent(outcome.actual().unwrap(), "origin"), Some(PAGE));
    assert_eq!(
        sent(outcome.actual().unwrap(), "sec-fetch-site"),
        Some("same-site")
    );
}

#[test]
fn the_page_of_an_extension_has_an_origin() {
    let page = "chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/popup.html";
    let outcome = fetch(&mut Browser::at(page), open("5"), request("GET", &[]));
    let origin = "chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    assert_eq!(sent(outcome.actual().unwrap(), "origin"), Some(origin));
}

#[test]
fn a_relative_url_is_of_the_page() {
    let mut page = Browser::at("https://app.example.com/shop/");
    let outcome = fetch(&mut page, open("5"), request_to("/monsters", "PUT", &[]));
    assert_eq!(
        outcome.actual().unwrap().url(),
        "https://app.example.com/monsters"
    );
    assert_eq!(
        preflights(&outcome),
        0,
        "a page asks nobody about its own origin"
    );
}

#[test]
fn a_preflight_never_carries_credentials() {
    let mut page = Browser::at(PAGE);
    page.set_cookie(API, "session=1; Secure; SameSite=None");
    let allow = [
        ("access-control-allow-origin", PAGE),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-headers", "authorization"),
    ];
    let asked = including(request("GET", &[("authorization", "secret")]));
    let outcome = fetch(&mut page, crate::support::saying(&allow), asked);
    assert_eq!(sent(preflight(&outcome), "cookie"), None);
    assert_eq!(sent(preflight(&outcome), "authorization"), None);
    assert_eq!(sent(outcome.actual().unwrap(), "cookie"), Some("session=1"));
    assert_eq!(
        sent(outcome.actual().unwrap(), "authorization"),
        Some("secret")
    );
}
