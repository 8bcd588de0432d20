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
        ("https://api.example.com", ""),
        ("https://api.example.com", "="),
        ("https://api.example.com", "a=\u{1}"),
        ("https://api.example.com", "__Secure-a=1"),
        ("https://api.example.com", "__secure-a=1"),
        ("https://api.example.com", "=__Secure-a=1; Secure"),
        ("https://api.example.com", "__Host-a=1; Path=/"),
        ("https://api.example.com", "__Host-a=1; Secure"),
        (
            "https://api.example.com",
            "__Host-a=1; Secure; Path=/; Domain=example.com",
        ),
        ("no URL", "a=1"),
    ] {
        let set = || Browser::at(PAGE).set_cookie(url, cookie);
        assert!(std::panic::catch_unwind(set).is_err(), "{cookie} of {url}");
    }
}

#[test]
fn cookies_are_sent_longest_path_first() {
    let mut page = Browser::at(PAGE);
    let url = "https://api.example.com/a/b/c";
    for cookie in [
        "one=1; Path=/",
        "two=2; Path=/a/b",
        "three=3; Path=/a",
        "four=4; Path=/",
    ] {
        page.set_cookie(url, cookie);
    }
    // It keeps its place.
    page.set_cookie(url, "one=5; Path=/");
    let carried = carries(&mut page, url, "GET", Credentials::Include, Mode::Cors);
    assert_eq!(carried.as_deref(), Some("two=2; three=3; one=5; four=4"));
    let values: Vec<String> = page.cookies().map(ToString::to_string).collect();
    assert_eq!(values, ["one=5", "two=2", "three=3", "four=4"]);
}

#[test]
fn cookies_end_by_date_or_age() {
    let names = |page: &Browser| {
        page.cookies()
            .map(|cookie| cookie.name().to_owned())
            .collect::<Vec<_>>()
    };
    let mut page = Browser::at(PAGE);
    let past = "Thu, 01 Jan 1970 00:00:00 GMT";
    let future = "Fri, 31 Dec 2286 23:59:59 GMT";
    page.set_cookie(API, &format!("future=1; Expires={future}"));
    page.set_cookie(API, &format!("past=1; Expires={past}"));
    page.set_cookie(API, &format!("age=1; Max-Age=10; Expires={past}"));
    page.set_cookie(API, &format!("young=1; Expires={past}; Max-Age=20"));
    page.set_cookie(API, "malformed=1; Expires=tomorrow; Max-Age=soon");
    assert_eq!(names(&page), ["future", "age", "young", "malformed"]);
    page.advance(Duration::from_secs(10));
    assert_eq!(names(&page), ["future", "young", "malformed"]);
    // So services delete them.
    page.set_cookie(API, &format!("future=; Expires={past}"));
    page.set_cookie(API, "young=; Max-Age=-1");
    page.set_cookie(API, "malformed=; Max-Age=0");
    assert_eq!(page.cookies().count(), 0);
}

#[test]
fn an_insecure_response_does_not_overlay_a_secure_cookie() {
    let mut page = Browser::at("http://app.example.com");
    page.set_cookie(
        "https://api.example.com",
        "a=1; Secure; Domain=example.com; Path=/login",
    );
    for url in [
        "http://api.example.com",
        "http://other.example.com",
        "http://example.com",
    ] {
        assert!(
            page.try_set_cookie(url, "a=2; Path=/login/here").is_err(),
            "{url}"
        );
    }
    page.set_cookie("http://api.example.com", "a=2; Path=/");
    page.set_cookie("http://api.example.com", "b=2; Path=/login");
    page.set_cookie("https://api.example.com", "a=3; Path=/login");
    assert_eq!(page.cookies().count(), 4);
}

#[test]
fn a_cookie_without_a_name_is_its_value() {
    let mut page = Browser::at(PAGE);
    page.set_cookie(API, "value");
    page.set_cookie(API, "=other");
    let carried = carries(&mut page, API, "GET", Credentials::Include, Mode::Cors);
    assert_eq!(carried.as_deref(), Some("other"));
}

/// <https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#name-same-site-and-cross-site-re>
#[test]
fn same_site_is_about_all_pages_around() {
    let set = |mut page: Browser| {
        page.set_cookie(API, "none=1; SameSite=None; Secure");
        page.set_cookie(API, "lax=1");
        page
    };
    for (page, cookies) in [
        (
            Browser::at(PAGE).embedded_in("https://example.com"),
            "none=1; lax=1",
        ),
        (
            Browser::at(PAGE).embedded_in("https://example.org"),
            "none=1",
        ),
        (
            Browser::at("https://example.org").embedded_in(PAGE),
            "none=1",
        ),
        (Browser::sandboxed(PAGE), "none=1"),
        (Browser::opaque().embedded_in(PAGE), "none=1"),
    ] {
        let mut page = set(page);
        let carried = carries(&mut page, API, "GET", Credentials::Include, Mode::Cors);
        assert_eq!(carried.as_deref(), Some(cookies), "{page:?}");
    }
}
