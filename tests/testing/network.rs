//! What a service is given of a URL, and what is told of one that fails.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::ready;

use futures_util::FutureExt;
use http::{Request, Response};
use tower::service_fn;
use tower_cors::testing::{Blocked, Browser, CorsCheck, Fetch, Redirect};

use crate::support::{API, PAGE, fetch, is_preflight, request, request_to, response, saying, sent};

/// A page of a secure site asks, and a link leads from it to insecure ones.
#[test]
fn the_service_is_given_the_whole_url() {
    for url in [
        "https://api.example.com/monsters",
        "http://api.example.com:8080/a%20b?c=d",
        "https://[2001:db8::1]/",
        "http://127.0.0.1:3000/?",
    ] {
        let mut page = Browser::at(PAGE);
        let mut given = Vec::new();
        let mut service = service_fn(|request: Request<String>| {
            given.push((request.uri().to_string(), request.headers()["host"].clone()));
            ready(Ok::<_, Infallible>(Response::new(String::new())))
        });
        let link = Fetch::navigation(format!("{url}#fragment"));
        page.fetch(&mut service, link).now_or_never().unwrap();
        let (given, host) = given.pop().expect("the service is asked");
        assert_eq!(given, url);
        let authority = given.split('/').nth(2).unwrap();
        assert_eq!(host, authority);
    }
}

#[test]
fn a_service_can_redirect_from_http_to_https() {
    let to_https = |request: &Request<String>| match request.uri().scheme_str() {
        Some("http") => {
            let location = format!("https://api.example.com{}", request.uri().path());
            response(
                301,
                &[
                    ("location", &location),
                    ("access-control-allow-origin", "*"),
                ],
            )
        }
        _ => response(200, &[("access-control-allow-origin", "*")]),
    };
    let mut page = Browser::at("http://app.example.com");
    let insecure = || request_to("http://api.example.com/monsters", "GET", &[]);
    let outcome = fetch(&mut page, to_https, insecure());
    outcome.assert_readable();
    let urls: Vec<_> = outcome.exchanges().iter().map(|one| one.url()).collect();
    assert_eq!(
        urls,
        [
            "http://api.example.com/monsters",
            "https://api.example.com/monsters"
        ]
    );
    // A preflight cannot be redirected.
    let put = request_to("http://api.example.com/monsters", "PUT", &[]);
    fetch(&mut page, to_https, put).assert_blocked_because(Blocked::PreflightStatus);
}

#[test]
fn the_outcome_has_the_url_of_the_response() {
    let hops = |request: &Request<String>| match request.uri().path() {
        "/a" => response(
            302,
            &[("location", "/b"), ("access-control-allow-origin", "*")],
        ),
        "/b" => response(
            302,
            &[("location", "/c?d"), ("access-control-allow-origin", "*")],
        ),
        _ => response(200, &[("access-control-allow-origin", "*")]),
    };
    let mut page = Browser::at(PAGE);
    let direct = fetch(&mut page, hops, request("GET", &[]));
    assert_eq!((direct.url(), direct.redirected()), (API, false));
    let asked = || request_to("https://api.example.com/a", "GET", &[]);
    let outcome = fetch(&mut page, hops, asked());
    assert_eq!(outcome.url(), "https://api.example.com/c?d");
    assert!(outcome.redirected());
    let outcome = fetch(&mut page, hops, asked().redirect(Redirect::Manual));
    assert_eq!(outcome.url(), "https://api.example.com/a");
    assert!(!outcome.redirected());
    let outcome = fetch(&mut page, hops, asked().redirect(Redirect::Error));
    assert!(!outcome.redirected());
    // A page that sets `location` to a fragment of another page gets the page without it.
    let outcome = fetch(&mut page, hops, Fetch::navigation(format!("{API}#top")));
    assert_eq!(outcome.url(), API);
}

#[derive(Debug)]
struct Layered(&'static str, Option<Box<Layered>>);

impl fmt::Display for Layered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Layered {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|cause| cause as _)
    }
}

#[test]
fn a_failure_of_the_service_is_told_with_its_causes() {
    let refused = || {
        let refused = Layered("connection refused", None);
        let connect = Layered(
            "tcp connect error: connection refused",
            Some(refused.into()),
        );
        Layered("client error", Some(Box::new(connect)))
    };
    let mut service = service_fn(|_: Request<String>| ready(Err::<Response<String>, _>(refused())));
    let mut page = Browser::at(PAGE);
    let outcome = page
        .fetch(&mut service, request("GET", &[]))
        .now_or_never()
        .unwrap();
    outcome.assert_blocked_because(Blocked::NetworkError);
    let told = "client error: tcp connect error: connection refused";
    let text = outcome.to_string();
    assert!(text.contains(&format!("was an error ({told});")), "{text}");
    assert!(text.contains(&format!("< no response: {told}\n")), "{text}");
    let error = outcome.actual().unwrap().error().expect("it failed");
    assert!(error.is::<Layered>());
    let answered = fetch(&mut page, saying(&[]), request("GET", &[]));
    assert!(answered.actual().unwrap().error().is_none());
}

/// `fetch()` throws a `TypeError`, and nothing is sent.
#[test]
fn what_cannot_be_asked_is_an_error_of_the_page() {
    let invalid = Request::get(API).header("x-a", "a\nb").body(String::new());
    let asked: [Fetch<String>; 4] = [
        request_to("https://:0/", "GET", &[]),
        Fetch::from(invalid),
        Fetch::form(API, String::new()).content_type("a\nb"),
        Fetch::image("https://exa mple/"),
    ];
    for asked in asked {
        let told = format!("{asked:?}");
        let outcome = fetch(&mut Browser::at(PAGE), saying(&[]), asked);
        assert_eq!(outcome.blocked(), Some(Blocked::InvalidRequest), "{told}");
        assert!(outcome.exchanges().is_empty());
        assert!(!outcome.to_string().is_empty());
    }
}

#[test]
fn urls_are_relative_to_the_page() {
    let page = "https://app.example.com/shop/list?page=1#top";
    for (asked, url) in [
        ("top.txt", "https://app.example.com/shop/top.txt"),
        ("?q", "https://app.example.com/shop/list?q"),
        ("../a", "https://app.example.com/a"),
        ("//api.example.com/x", "https://api.example.com/x"),
        ("#part", "https://app.example.com/shop/list?page=1#part"),
        ("", "https://app.example.com/shop/list?page=1"),
        (
            "https://api.example.com/ü?ö#ä",
            "https://api.example.com/%C3%BC?%C3%B6#%C3%A4",
        ),
    ] {
        let mut page = Browser::at(page);
        let outcome = fetch(&mut page, saying(&[]), Fetch::get(asked));
        assert_eq!(outcome.exchanges()[0].url(), url, "{asked}");
        let outcome = fetch(&mut page, saying(&[]), request("GET", &[]).url(asked));
        assert_eq!(outcome.exchanges()[0].url(), url, "{asked}");
        let outcome = fetch(&mut page, saying(&[]), Fetch::image(asked));
        assert_eq!(outcome.exchanges()[0].url(), url, "{asked}");
    }
    // As far as `http::Uri` can hold one.
    for relative in ["/a", "top.txt"] {
        let request = Request::get(relative).body(String::new());
        let outcome = fetch(&mut Browser::at(page), saying(&[]), request);
        assert!(outcome.blocked().is_none(), "{outcome}");
    }
    // Without an address there is nothing to be relative to.
    let outcome = fetch(&mut Browser::opaque(), saying(&[]), Fetch::get("top.txt"));
    outcome.assert_blocked_because(Blocked::InvalidRequest);
}

#[test]
fn the_address_of_a_page_can_be_checked() {
    for page in [
        "app.example.com",
        "",
        "wss://app.example.com",
        "https://a.example:0",
    ] {
        let error = Browser::try_at(page).expect_err(page).to_string();
        assert!(error.contains(&format!("`{page}`")), "{error}");
        assert!(error.contains("help: "), "{error}");
    }
    let mut page = Browser::try_at(PAGE).expect("a page");
    assert!(page.try_visit("app.example.com").is_err());
    // It is where it was.
    let outcome = fetch(&mut page, saying(&[]), request("GET", &[]));
    assert!(
        outcome
            .to_string()
            .contains("of a page at https://app.example.com")
    );
    assert!(page.try_visit("https://example.org").is_ok());
    let outcome = fetch(
        &mut page,
        |asked| {
            assert!(!is_preflight(asked));
            response(200, &[])
        },
        request("GET", &[]),
    );
    assert!(
        outcome
            .to_string()
            .contains("of a page at https://example.org")
    );
}

/// <https://html.spec.whatwg.org/#attr-iframe-sandbox>
#[test]
fn a_sandboxed_frame_has_an_address_and_no_origin() {
    let page = "https://app.example.com/preview/";
    for browser in [
        Browser::sandboxed(page),
        Browser::opaque().embedded_in(page),
        Browser::opaque()
            .embedded_in(page)
            .embedded_in("https://example.org"),
    ] {
        let mut frame = browser.clone();
        let outcome = fetch(&mut frame, saying(&[]), Fetch::get("x"));
        let asked = &outcome.exchanges()[0];
        assert_eq!(asked.url(), "https://app.example.com/preview/x");
        assert_eq!(sent(asked, "origin"), Some("null"));
        assert_eq!(sent(asked, "sec-fetch-site"), Some("cross-site"));
        outcome.assert_blocked_because(Blocked::CorsCheck(CorsCheck::AllowOriginMissing));
        let mixed = Fetch::get("http://api.example.com/");
        fetch(&mut frame, saying(&[]), mixed).assert_blocked_because(Blocked::MixedContent);
    }
    let mut insecure = Browser::sandboxed("http://app.example.com");
    let outcome = fetch(
        &mut insecure,
        saying(&[("access-control-allow-origin", "null")]),
        Fetch::get("/"),
    );
    outcome.assert_readable();
    // The page of a tab over TLS keeps its frames secure.
    let mut framed = Browser::at("http://app.example.com").embedded_in("https://example.org");
    fetch(&mut framed, saying(&[]), Fetch::get("/")).assert_blocked_because(Blocked::MixedContent);
}

/// <https://fetch.spec.whatwg.org/#network-partition-keys>
#[test]
fn preflights_are_cached_for_each_site_around() {
    let mut page = Browser::at(PAGE);
    let allow = [
        ("access-control-allow-origin", PAGE),
        ("access-control-allow-methods", "PUT"),
        ("access-control-max-age", "600"),
    ];
    let asks = |page: &mut Browser| {
        let outcome = fetch(page, saying(&allow), request("PUT", &[]));
        outcome.assert_readable();
        outcome.preflight().is_some()
    };
    assert!(asks(&mut page));
    assert!(!asks(&mut page));
    let mut page = page.embedded_in("https://example.org");
    assert!(asks(&mut page));
    assert!(!asks(&mut page));
    let mut page = page.embedded_in("https://www.example.org:8443");
    assert!(!asks(&mut page));
    page.visit(PAGE);
    assert!(!asks(&mut page));
}
