//! What elements, links, forms and sockets of a page send, and what the page gets:
//! <https://html.spec.whatwg.org/>, <https://w3c.github.io/webappsec-fetch-metadata/>

use http::Method;
use tower_cors::testing::{
    Blocked, Browser, Credentials, Destination, Exchange, Fetch, Outcome, ReferrerPolicy,
    ResponseType,
};

use crate::support::{API, PAGE, fetch, is_preflight, preflights, response, saying, sent};

/// A way in which a page sends a request to [`API`].
type Way = fn() -> Fetch<String>;

/// The name of a way, and the method, origin, mode, destination, user and cookies that it sends.
type Sent = (
    &'static str,
    Way,
    &'static str,
    Option<&'static str>,
    &'static str,
    &'static str,
    Option<&'static str>,
    &'static str,
);

const ATTACKER: &str = "https://attacker.example";

fn actual(outcome: &Outcome<String>) -> &Exchange {
    outcome.actual().expect("a request was sent")
}

/// What a page of another site sends, with a cookie of each `SameSite`.
#[test]
fn each_way_sends_what_browsers_send() {
    #[rustfmt::skip]
    let ways: [Sent; 13] = [
        ("image", || Fetch::image(API), "GET", None, "no-cors", "image", None, "none"),
        ("image crossorigin", || Fetch::image(API).crossorigin(Credentials::SameOrigin), "GET", Some(ATTACKER), "cors", "image", None, ""),
        ("image use-credentials", || Fetch::image(API).crossorigin(Credentials::Include), "GET", Some(ATTACKER), "cors", "image", None, "none"),
        ("script", || Fetch::script(API), "GET", None, "no-cors", "script", None, "none"),
        ("style", || Fetch::style(API), "GET", None, "no-cors", "style", None, "none"),
        ("frame", || Fetch::frame(API), "GET", None, "navigate", "iframe", None, "none"),
        ("link", || Fetch::navigation(API), "GET", None, "navigate", "document", Some("?1"), "none,lax"),
        ("location", || Fetch::navigation(API).user_activation(false), "GET", None, "navigate", "document", None, "none,lax"),
        ("form", || Fetch::form(API, "a=b".to_owned()), "POST", Some(ATTACKER), "navigate", "document", Some("?1"), "none"),
        ("form in a frame", || Fetch::form(API, "a=b".to_owned()).destination(Destination::Iframe).user_activation(false), "POST", Some(ATTACKER), "navigate", "iframe", None, "none"),
        ("websocket", || Fetch::web_socket("wss://api.example.com/monsters"), "GET", Some(ATTACKER), "websocket", "empty", None, "none"),
        ("event source", || Fetch::event_source(API), "GET", Some(ATTACKER), "cors", "empty", None, ""),
        ("beacon", || Fetch::beacon(API, "a".to_owned()), "POST", Some(ATTACKER), "no-cors", "empty", None, "none"),
    ];
    for (name, way, method, origin, mode, destination, user, cookies) in ways {
        let mut page = Browser::at(ATTACKER);
        page.set_cookie(API, "none=1; Secure; SameSite=None");
        page.set_cookie(API, "lax=1; SameSite=Lax");
        page.set_cookie(API, "strict=1; SameSite=Strict");
        let outcome = fetch(&mut page, saying(&[]), way());
        let actual = actual(&outcome);
        assert_eq!(preflights(&outcome), 0, "{name}");
        assert_eq!(actual.method(), method, "{name}");
        assert_eq!(actual.url(), API, "{name}");
        assert_eq!(sent(actual, "origin"), origin, "{name}");
        assert_eq!(sent(actual, "sec-fetch-site"), Some("cross-site"), "{name}");
        assert_eq!(sent(actual, "sec-fetch-mode"), Some(mode), "{name}");
        assert_eq!(sent(actual, "sec-fetch-dest"), Some(destination), "{name}");
        assert_eq!(sent(actual, "sec-fetch-user"), user, "{name}");
        let sent = sent(actual, "cookie").unwrap_or("");
        let names: Vec<_> = sent
            .split("; ")
            .filter_map(|pair| pair.strip_suffix("=1"))
            .collect();
        assert_eq!(names.join(","), cookies, "{name}");
    }
}

#[test]
fn each_way_has_the_type_of_its_body() {
    let cases: [(Fetch<String>, &str); 3] = [
        (
            Fetch::form(API, String::new()),
            "application/x-www-form-urlencoded",
        ),
        (
            Fetch::form(API, String::new()).content_type("multipart/form-data; boundary=x"),
            "multipart/form-data; boundary=x",
        ),
        (
            Fetch::beacon(API, String::new()),
            "text/plain;charset=UTF-8",
        ),
    ];
    for (way, content_type) in cases {
        let outcome = fetch(&mut Browser::at(PAGE), saying(&[]), way);
        assert_eq!(sent(actual(&outcome), "content-type"), Some(content_type));
    }
    let accepts: [(Fetch<String>, &str); 4] = [
        (
            Fetch::image(API),
            "image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
        ),
        (Fetch::style(API), "text/css,*/*;q=0.1"),
        (
            Fetch::frame(API),
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        ),
        (Fetch::event_source(API), "text/event-stream"),
    ];
    for (way, accept) in accepts {
        let outcome = fetch(&mut Browser::at(PAGE), saying(&[]), way);
        assert_eq!(sent(actual(&outcome), "accept"), Some(accept));
    }
}

/// What a page gets of a response that says nothing of CORS.
#[test]
fn each_way_gives_the_page_what_it_can_use() {
    let ways: [(Way, ResponseType); 7] = [
        (|| Fetch::image(API), ResponseType::Opaque),
        (
            || Fetch::image(API).crossorigin(Credentials::SameOrigin),
            ResponseType::Error,
        ),
        (|| Fetch::script(API), ResponseType::Opaque),
        (|| Fetch::frame(API), ResponseType::Navigation),
        (|| Fetch::form(API, String::new()), ResponseType::Navigation),
        (|| Fetch::beacon(API, String::new()), ResponseType::Opaque),
        (|| Fetch::event_source(API), ResponseType::Error),
    ];
    for (way, expected) in ways {
        let outcome = fetch(&mut Browser::at(ATTACKER), saying(&[]), way());
        assert_eq!(outcome.response_type(), expected, "{outcome}");
    }
    let own = Fetch::beacon("/seen", String::new());
    let outcome = fetch(&mut Browser::at(PAGE), saying(&[]), own);
    assert_eq!(outcome.response_type(), ResponseType::Opaque);
}

/// <https://w3c.github.io/beacon/#sec-processing-model>
#[test]
fn a_beacon_with_json_is_preflighted() {
    let json = || Fetch::beacon(API, "{}".to_owned()).content_type("application/json");
    let outcome = fetch(&mut Browser::at(PAGE), saying(&[]), json());
    assert_eq!(preflights(&outcome), 1);
    assert!(outcome.actual().is_none());
    let allow = [
        ("access-control-allow-origin", PAGE),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-headers", "content-type"),
    ];
    let outcome = fetch(&mut Browser::at(PAGE), saying(&allow), json());
    assert_eq!(actual(&outcome).method(), "POST");
    assert_eq!(outcome.response_type(), ResponseType::Opaque);
}

/// <https://fetch.spec.whatwg.org/#append-a-request-origin-header>
#[test]
fn the_referrer_policy_hides_the_origin_of_forms() {
    use ReferrerPolicy as Policy;
    let insecure = "http://api.example.com/";
    let own = "https://app.example.com/monsters";
    let cases = [
        (Policy::NoReferrer, [Some("null"); 3]),
        (
            Policy::NoReferrerWhenDowngrade,
            [Some(PAGE), Some("null"), Some(PAGE)],
        ),
        (Policy::SameOrigin, [Some("null"), Some("null"), Some(PAGE)]),
        (Policy::Origin, [Some(PAGE); 3]),
        (Policy::StrictOrigin, [Some(PAGE), Some("null"), Some(PAGE)]),
        (Policy::OriginWhenCrossOrigin, [Some(PAGE); 3]),
        (
            Policy::StrictOriginWhenCrossOrigin,
            [Some(PAGE), Some("null"), Some(PAGE)],
        ),
        (Policy::UnsafeUrl, [Some(PAGE); 3]),
    ];
    for (policy, expected) in cases {
        let origins = [API, insecure, own].map(|url| {
            let form = Fetch::form(url, String::new()).referrer_policy(policy);
            let outcome = fetch(&mut Browser::at(PAGE), saying(&[]), form);
            sent(actual(&outcome), "origin").map(str::to_owned)
        });
        assert_eq!(
            origins.each_ref().map(Option::as_deref),
            expected,
            "{policy:?}"
        );
    }
    // It changes nothing where CORS or a handshake needs the origin.
    let ways: [Fetch<String>; 2] = [Fetch::event_source(API), Fetch::web_socket(API)];
    for way in ways {
        let way = way.referrer_policy(Policy::NoReferrer);
        let outcome = fetch(&mut Browser::at(PAGE), saying(&[]), way);
        assert_eq!(sent(actual(&outcome), "origin"), Some(PAGE));
    }
}

/// <https://w3c.github.io/webappsec-fetch-metadata/#sec-fetch-site-header>
#[test]
fn the_address_bar_is_no_page() {
    let mut page = Browser::at(ATTACKER);
    page.set_cookie(API, "strict=1; SameSite=Strict");
    let typed = Fetch::address_bar(API);
    let outcome = fetch(
        &mut page,
        |request| match request.uri().path() {
            "/monsters" => response(302, &[("location", "/next")]),
            _ => response(200, &[]),
        },
        typed,
    );
    assert_eq!(outcome.exchanges().len(), 2);
    for exchange in outcome.exchanges() {
        assert_eq!(sent(exchange, "sec-fetch-site"), Some("none"));
        assert_eq!(sent(exchange, "sec-fetch-user"), Some("?1"));
        assert_eq!(sent(exchange, "origin"), None);
        assert_eq!(sent(exchange, "cookie"), Some("strict=1"));
    }
}

/// <https://www.rfc-editor.org/rfc/rfc6455#section-4.1>
#[test]
fn a_web_socket_opens_by_a_handshake_alone() {
    let opened = [
        ("upgrade", "WebSocket"),
        ("connection", "keep-alive, Upgrade"),
        ("sec-websocket-accept", "s3pPLBmTxaQ9kYGzzhZRbK+xOo0="),
    ];
    let connect = |status, lines: &[(&str, &str)]| {
        let handshake = Fetch::web_socket("wss://api.example.com/live");
        fetch(
            &mut Browser::at(ATTACKER),
            |_| response(status, lines),
            handshake,
        )
    };
    let outcome = connect(101, &opened);
    assert_eq!(
        outcome.response_type(),
        ResponseType::WebSocket,
        "{outcome}"
    );
    assert!(
        outcome.to_string().starts_with("connected: GET"),
        "{outcome}"
    );
    let handshake = actual(&outcome);
    assert_eq!(handshake.url(), "https://api.example.com/live");
    for (name, value) in [
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
    ] {
        assert_eq!(sent(handshake, name), Some(value));
    }
    connect(200, &opened).assert_blocked_because(Blocked::WebSocketRejected);
    connect(302, &[("location", "/")]).assert_blocked_because(Blocked::WebSocketRejected);
    for missing in 0..opened.len() {
        let mut lines = opened.to_vec();
        lines.remove(missing);
        connect(101, &lines).assert_blocked_because(Blocked::WebSocketRejected);
    }
    let mut own = Browser::at("http://localhost:3000");
    let outcome = fetch(
        &mut own,
        saying(&[]),
        Fetch::web_socket("ws://localhost:3000/live"),
    );
    assert_eq!(
        sent(actual(&outcome), "sec-fetch-site"),
        Some("same-origin")
    );
    let mixed = Fetch::web_socket("ws://api.example.com/live");
    fetch(&mut Browser::at(PAGE), saying(&[]), mixed).assert_blocked_because(Blocked::MixedContent);
}

/// <https://html.spec.whatwg.org/#sse-processing-model>
#[test]
fn an_event_source_is_a_stream_of_events_that_the_page_may_read() {
    let listen = |status, content_type| {
        let lines = [
            ("access-control-allow-origin", PAGE),
            ("content-type", content_type),
        ];
        let mut page = Browser::at(PAGE);
        fetch(
            &mut page,
            |_| response(status, &lines),
            Fetch::event_source(API),
        )
    };
    listen(200, "text/event-stream").assert_readable();
    listen(200, "Text/Event-Stream; charset=utf-8").assert_readable();
    listen(200, "text/plain").assert_blocked_because(Blocked::NotEventStream);
    listen(204, "text/event-stream").assert_blocked_because(Blocked::NotEventStream);
}

#[test]
fn a_frame_of_a_secure_page_is_secure() {
    let frame = Fetch::frame("http://api.example.com/");
    fetch(&mut Browser::at(PAGE), saying(&[]), frame).assert_blocked_because(Blocked::MixedContent);
    let link = Fetch::navigation("http://api.example.com/");
    let outcome = fetch(&mut Browser::at(PAGE), saying(&[]), link);
    assert_eq!(outcome.response_type(), ResponseType::Navigation);
}

/// A page whose name has got the address of the service is of the service's own origin, as far as the browser knows.
#[test]
fn a_rebound_page_sends_the_name_of_the_attacker() {
    let cases: [(Way, Option<&str>); 4] = [
        (
            || http::Request::get("/mcp").body(String::new()).into(),
            None,
        ),
        (
            || {
                http::Request::post("/mcp")
                    .header("content-type", "application/json")
                    .body(String::new())
                    .into()
            },
            Some("http://attacker.example:3000"),
        ),
        (|| Fetch::image("/mcp"), None),
        (
            || Fetch::web_socket("/mcp"),
            Some("http://attacker.example:3000"),
        ),
    ];
    for (way, origin) in cases {
        let mut page = Browser::rebound("http://127.0.0.1:3000");
        let outcome = fetch(&mut page, saying(&[]), way());
        let actual = actual(&outcome);
        assert_eq!(preflights(&outcome), 0);
        assert_eq!(sent(actual, "host"), Some("attacker.example:3000"));
        assert_eq!(sent(actual, "origin"), origin);
        assert_eq!(sent(actual, "sec-fetch-site"), None);
    }
    let mut page = Browser::rebound("http://localhost");
    let put = http::Request::put("/").body(String::new());
    let outcome = fetch(
        &mut page,
        |request| {
            assert!(!is_preflight(request));
            assert_eq!(request.method(), Method::PUT);
            response(200, &[])
        },
        put,
    );
    outcome.assert_readable();
    assert_eq!(sent(actual(&outcome), "host"), Some("attacker.example"));
    assert!(std::panic::catch_unwind(|| Browser::rebound("https://localhost")).is_err());
}
