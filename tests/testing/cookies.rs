//! Which requests carry cookies: <https://fetch.spec.whatwg.org/#http-network-or-cache-fetch>, and
//! <https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis>.

use std::time::Duration;

use http::Request;
use tower_cors::testing::{Browser, Credentials, Mode};

use crate::support::{API, PAGE, fetch, request, request_to, response, sent};

const OPEN: [(&str, &str); 2] = [
    ("access-control-allow-origin", PAGE),
    ("access-control-allow-credentials", "true"),
];

/// The cookies that a request to `url` carries.
fn carries(
    page: &mut Browser,
    url: &str,
    method: &str,
    credentials: Credentials,
    mode: Mode,
) -> Option<String> {
    let asked = request_to(url, method, &[])
        .credentials(credentials)
        .mode(mode);
    let outcome = fetch(page, |_| response(200, &OPEN), asked);
    sent(outcome.actual().expect("a request"), "cookie").map(str::to_owned)
}

fn includes(page: &mut Browser, url: &str) -> bool {
    carries(page, url, "GET", Credentials::Include, Mode::Cors).is_some()
}

#[test]
fn the_credentials_mode_says_to_whom_cookies_are_sent() {
    let own = "https://app.example.com/x";
    let mut page = Browser::at(PAGE);
    page.set_cookie(own, "own=1");
    page.set_cookie(API, "api=1");
    for (url, credentials, cookies) in [
        (own, Credentials::Omit, None),
        (own, Credentials::SameOrigin, Some("own=1")),
        (own, Credentials::Include, Some("own=1")),
        (API, Credentials::Omit, None),
        (API, Credentials::SameOrigin, None),
        (API, Credentials::Include, Some("api=1")),
    ] {
        assert_eq!(
            carries(&mut page, url, "GET", credentials, Mode::Cors).as_deref(),
            cookies,
            "{url}"
        );
    }
}

#[test]
fn same_site_keeps_cookies_from_pages_of_other_sites() {
    let set = |page: &mut Browser| {
        page.set_cookie(API, "none=1; SameSite=None; Secure");
        page.set_cookie(API, "lax=1; SameSite=Lax");
        page.set_cookie(API, "strict=1; SameSite=Strict");
        page.set_cookie(API, "unsaid=1");
    };
    let all = Some("none=1; lax=1; strict=1; unsaid=1");
    let none = Some("none=1");
    let safe = Some("none=1; lax=1; unsaid=1");
    for (at, method, mode, cookies) in [
        (PAGE, "GET", Mode::Cors, all),
        (PAGE, "POST", Mode::Navigate, all),
        ("https://example.org", "GET", Mode::Cors, none),
        ("https://example.org", "POST", Mode::NoCors, none),
        ("https://example.org", "GET", Mode::Navigate, safe),
        ("https://example.org", "POST", Mode::Navigate, none),
        ("http://app.example.com", "GET", Mode::Cors, none),
        ("data:,", "GET", Mode::Cors, none),
    ] {
        let mut page = Browser::at(at);
        set(&mut page);
        let carried = carries(&mut page, API, method, Credentials::Include, mode);
        assert_eq!(carried.as_deref(), cookies, "{at} {method} {mode:?}");
    }
}

#[test]
fn a_cookie_is_for_its_host_path_and_scheme() {
    let mut page = Browser::at(PAGE);
    page.set_cookie("https://api.example.com/a/b", "x=1; Path=/a");
    assert!(includes(&mut page, "https://api.example.com/a"));
    assert!(includes(&mut page, "https://api.example.com/a/c"));
    assert!(!includes(&mut page, "https://api.example.com/ab"));
    assert!(!includes(&mut page, "https://sub.api.example.com/a"));
    page.set_cookie(
        "https://api.example.com/",
        "y=1; Domain=example.com; Secure",
    );
    assert!(includes(&mut page, "https://other.example.com/"));
    let mut page = Browser::at(PAGE);
    page.set_cookie("https://api.example.com/b/c", "x=1; Path=/a");
    assert!(includes(&mut page, "https://api.example.com/a"));
    for line in ["z=1", "z=1; Path=", "z=1; Path=elsewhere"] {
        let mut page = Browser::at(PAGE);
        page.set_cookie("https://api.example.com/a/b", line);
        assert!(includes(&mut page, "https://api.example.com/a/c"), "{line}");
        assert!(!includes(&mut page, "https://api.example.com/c"), "{line}");
    }
    let mut page = Browser::at("http://127.0.0.1");
    page.set_cookie("http://127.0.0.1/", "n=1; Domain=127.0.0.1");
    assert!(includes(&mut page, "http://127.0.0.1/"));
    let mut page = Browser::at("http://app.example.com");
    page.set_cookie("https://api.example.com/", "y=1; Secure");
    assert!(!includes(&mut page, "http://api.example.com/"));
}

#[test]
fn a_response_sets_cookies_where_credentials_are_sent() {
    let answer = |_: &Request<String>| {
        response(
            200,
            &[
                &OPEN[..],
                &[("set-cookie", "a=1"), ("set-cookie", "b=2; Max-Age=10")],
            ]
            .concat(),
        )
    };
    let mut page = Browser::at(PAGE);
    fetch(&mut page, answer, request("GET", &[])).assert_readable();
    assert!(!includes(&mut page, API));
    let outcome = fetch(
        &mut page,
        answer,
        request("GET", &[]).credentials(Credentials::Include),
    );
    assert!(
        !outcome
            .assert_readable()
            .headers()
            .contains_key("set-cookie")
    );
    let carried = |page: &mut Browser| carries(page, API, "GET", Credentials::Include, Mode::Cors);
    assert_eq!(carried(&mut page).as_deref(), Some("a=1; b=2"));
    page.advance(Duration::from_secs(10));
    assert_eq!(carried(&mut page).as_deref(), Some("a=1"));
}

#[test]
fn a_page_of_another_site_sets_only_cookies_for_all_sites() {
    let answer = |_: &Request<String>| {
        response(
            200,
            &[
                ("set-cookie", "a=1"),
                ("set-cookie", "b=2; SameSite=None; Secure"),
            ],
        )
    };
    let mut page = Browser::at("https://example.org");
    fetch(
        &mut page,
        answer,
        request("GET", &[]).credentials(Credentials::Include),
    );
    page.visit(PAGE);
    let carried = carries(&mut page, API, "GET", Credentials::Include, Mode::Cors);
    assert_eq!(carried.as_deref(), Some("b=2"));
}

#[test]
fn a_cookie_that_no_browser_stores_fails_the_test() {
    for (url, cookie) in [
        ("https://api.example.com", "a=1; SameSite=None"),
        ("http://api.example.com", "a=1; Secure"),
        ("https://api.example.com", "a=1; Domain=example.org"),
        ("https://api.example.com", "a=1; Domain=com"),
        ("https://api.example.com", "nothing"),
        ("no URL", "a=1"),
    ] {
        let set = || Browser::at(PAGE).set_cookie(url, cookie);
        assert!(std::panic::catch_unwind(set).is_err(), "{cookie} of {url}");
    }
}
