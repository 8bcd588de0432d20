//! Bodies, cache modes, workers, `data:` URLs and what else a page can ask for: <https://fetch.spec.whatwg.org/#request-class>

use http::Request;
use tower_cors::testing::{
    Blocked, Browser, Cache, Credentials, Fetch, Mode, Outcome, Profile, ResponseType,
};

use crate::support::{API, PAGE, fetch, is_preflight, request, response, saying, sent};

const OPEN: [(&str, &str); 3] = [
    ("access-control-allow-origin", PAGE),
    ("access-control-allow-headers", "content-type,range,x-a"),
    ("access-control-allow-methods", "PUT, DELETE"),
];

fn asks(asked: Fetch<String>) -> Outcome<String> {
    fetch(&mut Browser::at(PAGE), saying(&OPEN), asked)
}

/// <https://fetch.spec.whatwg.org/#concept-bodyinit-extract>
#[test]
fn a_body_has_a_type_and_a_length() {
    let put = || request("PUT", &[]);
    let text = Some("text/plain;charset=UTF-8");
    let form = Some("application/x-www-form-urlencoded;charset=UTF-8");
    let json = Some("application/json");
    let bytes = |body: &[u8]| Fetch::from(Request::put(API).body(Vec::new())).bytes(body);
    for (asked, content_type, length, body) in [
        (put().text("ü"), text, Some("2"), "ü"),
        (put().text(""), text, Some("0"), ""),
        (put().search_params("a=b"), form, Some("3"), "a=b"),
        (
            put().text("{}").content_type("application/json"),
            json,
            Some("2"),
            "{}",
        ),
        (put().without_body(), None, Some("0"), ""),
        (request("DELETE", &[]).without_body(), None, None, ""),
        (request("POST", &[]).text("a"), text, Some("1"), "a"),
        (request("GET", &[]), None, None, ""),
        (put(), None, None, ""),
    ] {
        let told = format!("{asked:?}");
        let outcome = asks_with(asked, |request| {
            if !is_preflight(request) {
                assert_eq!(request.body(), body, "{told}");
            }
        });
        let actual = outcome.actual().unwrap();
        assert_eq!(sent(actual, "content-type"), content_type, "{told}");
        assert_eq!(sent(actual, "content-length"), length, "{told}");
    }
    let mut service = tower::service_fn(|_: Request<Vec<u8>>| {
        std::future::ready(Ok::<_, std::convert::Infallible>(response(200, &OPEN)))
    });
    let mut page = Browser::at(PAGE);
    let outcome = futures_util::FutureExt::now_or_never(page.fetch(&mut service, bytes(b"\xff")));
    let outcome = outcome.unwrap();
    let actual = outcome.actual().unwrap();
    assert_eq!(actual.request_headers()["content-length"], "1");
    assert!(!actual.request_headers().contains_key("content-type"));
}

fn asks_with(asked: Fetch<String>, see: impl Fn(&Request<String>)) -> Outcome<String> {
    let answer = |request: &Request<String>| {
        see(request);
        response(200, &OPEN)
    };
    fetch(&mut Browser::at(PAGE), answer, asked)
}

/// A text that is JSON needs the type to be JSON, and is preflighted only then.
#[test]
fn a_text_is_no_json() {
    let post = || request("POST", &[]).text("{}");
    assert!(asks(post()).preflight().is_none());
    let json = post().content_type("application/json");
    assert!(asks(json).preflight().is_some());
    // A redirect sends it again, with its type and length.
    let answer = |request: &Request<String>| match request.uri().path() {
        "/monsters" => response(307, &[&OPEN[..], &[("location", "/b")]].concat()),
        _ => {
            assert_eq!(request.body(), "{}");
            response(200, &OPEN)
        }
    };
    let outcome = fetch(&mut Browser::at(PAGE), answer, post());
    outcome.assert_readable();
    assert_eq!(sent(outcome.actual().unwrap(), "content-length"), Some("2"));
}

/// <https://fetch.spec.whatwg.org/#dom-request>
#[test]
fn a_body_is_not_for_get() {
    for method in ["GET", "HEAD"] {
        asks(request(method, &[]).text("")).assert_blocked_because(Blocked::InvalidRequest);
        asks(request(method, &[]).streaming_body()).assert_blocked_because(Blocked::InvalidRequest);
        asks(request(method, &[]).body_source(String::new))
            .assert_blocked_because(Blocked::InvalidRequest);
    }
    let post = || request("POST", &[]).streaming_body();
    asks(post().mode(Mode::NoCors)).assert_blocked_because(Blocked::InvalidRequest);
    asks(post().keepalive()).assert_blocked_because(Blocked::InvalidRequest);
    asks(post()).assert_readable();
    // No browser sends it, whatever the test passes.
    let got = Request::get(API).body("a body".to_owned());
    asks_with(got.into(), |request| assert_eq!(request.body(), ""));
}

/// <https://fetch.spec.whatwg.org/#http-network-or-cache-fetch>
#[test]
fn a_cache_mode_adds_headers_that_need_no_permission() {
    for (cache, control, pragma) in [
        (Cache::Default, None, None),
        (Cache::NoStore, Some("no-cache"), Some("no-cache")),
        (Cache::Reload, Some("no-cache"), Some("no-cache")),
        (Cache::NoCache, Some("max-age=0"), None),
        (Cache::ForceCache, None, None),
    ] {
        let outcome = asks(request("GET", &[]).cache(cache));
        assert!(outcome.preflight().is_none());
        let actual = outcome.actual().unwrap();
        assert_eq!(sent(actual, "cache-control"), control, "{cache:?}");
        assert_eq!(sent(actual, "pragma"), pragma, "{cache:?}");
    }
    let only = || request("GET", &[]).cache(Cache::OnlyIfCached);
    asks(only()).assert_blocked_because(Blocked::InvalidRequest);
    let own = only().url("/x").mode(Mode::SameOrigin);
    asks(own).assert_blocked_because(Blocked::NotCached);
}

#[test]
fn a_range_is_not_compressed() {
    let outcome = asks(request("GET", &[("range", "bytes=0-")]));
    assert_eq!(
        sent(outcome.actual().unwrap(), "accept-encoding"),
        Some("identity")
    );
    let outcome = asks(request("GET", &[]));
    assert_eq!(sent(outcome.actual().unwrap(), "accept-encoding"), None);
}

#[test]
fn a_request_that_outlives_the_page_is_small() {
    let limit = "a".repeat(64 * 1024);
    let post = |body: &str| request("POST", &[]).text(body);
    asks(post(&limit).keepalive()).assert_readable();
    asks(post(&format!("{limit}a"))).assert_readable();
    asks(post(&format!("{limit}a")).keepalive()).assert_blocked_because(Blocked::KeepaliveTooLarge);
    let beacon = Fetch::beacon(API, String::new()).text(format!("{limit}a"));
    asks(beacon).assert_blocked_because(Blocked::KeepaliveTooLarge);
}

/// <https://fetch.spec.whatwg.org/#http-network-or-cache-fetch>
#[test]
fn a_misdirected_request_is_sent_once_more() {
    let asked = |asked: Fetch<String>, profile: Profile| {
        let answer = |_: &Request<String>| response(421, &OPEN);
        let outcome = fetch(&mut Browser::at(PAGE).like(profile), answer, asked);
        let requests = outcome
            .exchanges()
            .iter()
            .filter(|one| !one.is_preflight())
            .count();
        (requests, outcome.blocked())
    };
    let standard = Profile::standard;
    assert_eq!(asked(request("GET", &[]), standard()), (2, None));
    assert_eq!(asked(request("POST", &[]).text("a"), standard()), (2, None));
    let stream = request("POST", &[]).streaming_body();
    let blocked = Some(Blocked::PreflightStatus);
    assert_eq!(asked(stream, standard()), (0, blocked));
}

#[test]
fn a_stream_is_not_sent_again_with_a_password() {
    let answer = |asked: Fetch<String>| {
        fetch(
            &mut Browser::at(PAGE),
            |request| response(if is_preflight(request) { 200 } else { 401 }, &OPEN),
            asked,
        )
    };
    let post = || request("POST", &[]).streaming_body();
    answer(post().url("/x")).assert_blocked_because(Blocked::StreamUnauthorized);
    answer(post().url("/x").credentials(Credentials::Omit)).assert_readable();
    // Of another origin it is not asked for a password.
    answer(post()).assert_readable();
    answer(request("POST", &[]).url("/x").text("a")).assert_readable();
}

/// <https://fetch.spec.whatwg.org/#data-urls>
#[test]
fn data_urls_can_be_read_by_all() {
    for (url, content_type, body) in [
        (
            "data:,a%20b%zz%4",
            "text/plain;charset=US-ASCII",
            &b"a b%zz%4"[..],
        ),
        ("data:text/html,<p>?q#hidden", "text/html", b"<p>?q"),
        ("data:;charset=utf-8,x", "text/plain;charset=utf-8", b"x"),
        (
            "data:image/png;base64,AAEC/w==",
            "image/png",
            b"\0\x01\x02\xff",
        ),
        ("data:image/png; BASE64,A%41 E", "image/png", b"\0\x01"),
        ("data:nothing,x", "text/plain;charset=US-ASCII", b"x"),
    ] {
        for browser in [Browser::at(PAGE), Browser::opaque()] {
            for mode in [Mode::Cors, Mode::SameOrigin, Mode::NoCors] {
                let asked = Fetch::get(url).mode(mode);
                let outcome = fetch(&mut browser.clone(), saying(&[]), asked);
                assert_eq!(outcome.response_type(), ResponseType::Basic, "{outcome}");
                assert!(outcome.exchanges().is_empty());
                let data = outcome.data().expect("it is data");
                assert_eq!(data.headers()["content-type"], content_type, "{url}");
                assert_eq!(data.body(), body, "{url}");
            }
        }
    }
    for url in ["data:text/plain", "data:;base64,A", "data:;base64,%00AA"] {
        asks(Fetch::get(url)).assert_blocked_because(Blocked::DataMalformed);
    }
    for url in [
        "about:blank",
        "blob:https://app.example.com/x",
        "file:///x",
        "mailto:a@b",
    ] {
        for mode in [Mode::Cors, Mode::NoCors, Mode::Navigate] {
            asks(Fetch::get(url).mode(mode)).assert_blocked_because(Blocked::NotHttp);
        }
    }
}

/// <https://html.spec.whatwg.org/#set-up-a-worker-environment-settings-object>
#[test]
fn a_worker_is_of_its_page() {
    let mut worker = Browser::at(PAGE).in_worker("scripts/worker.js");
    let outcome = fetch(&mut worker, saying(&OPEN), Fetch::get("list"));
    assert_eq!(outcome.url(), "https://app.example.com/scripts/list");
    assert_eq!(outcome.response_type(), ResponseType::Basic);
    let outcome = fetch(&mut worker, saying(&OPEN), request("GET", &[]));
    assert_eq!(sent(outcome.actual().unwrap(), "origin"), Some(PAGE));
    let mut blob = Browser::at(PAGE).in_worker("blob:https://app.example.com/1");
    let outcome = fetch(&mut blob, saying(&OPEN), request("GET", &[]));
    assert_eq!(sent(outcome.actual().unwrap(), "origin"), Some(PAGE));
    let mut data = Browser::at(PAGE).in_worker("data:text/javascript,1");
    let outcome = fetch(&mut data, saying(&OPEN), request("GET", &[]));
    assert_eq!(sent(outcome.actual().unwrap(), "origin"), Some("null"));
    let mixed = fetch(
        &mut data,
        saying(&OPEN),
        Fetch::get("http://api.example.com"),
    );
    mixed.assert_blocked_because(Blocked::MixedContent);
    // It finds what its page was allowed.
    let put = || request("PUT", &[]);
    let mut page = Browser::at(PAGE);
    fetch(&mut page, saying(&OPEN), put()).assert_readable();
    let mut worker = page.in_worker("/worker.js");
    assert!(
        fetch(&mut worker, saying(&OPEN), put())
            .preflight()
            .is_none()
    );
    for script in [
        "https://api.example.com/worker.js",
        "blob:https://api.example.com/1",
        "http://app.example.com/",
    ] {
        let start = || Browser::at(PAGE).in_worker(script);
        assert!(std::panic::catch_unwind(start).is_err(), "{script}");
    }
}
