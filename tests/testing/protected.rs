//! What `assert_protected` finds, in services that are protected as services have been.

use std::convert::Infallible;
use std::future::ready;

use axum::body::Body;
use axum::{Router, routing::get};
use futures_util::FutureExt;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use tower::service_fn;
use tower_cors::testing::{Finding, Hole, Severity, assert_protected, unprotected};
use tower_cors::{CorsLayer, Enforcement, Policy, PolicyBuilder};

use crate::safe::holes;
use crate::support::PAGE;

const LOCAL: &str = "http://127.0.0.1:3000/mcp";
const REMOTE: &str = "https://api.example.com/mcp";

/// The findings in a service that rejects a request if `is_rejected`.
fn found(
    url: &str,
    method: &str,
    headers: &[(&str, &str)],
    is_rejected: impl Fn(&Method, &HeaderMap) -> Option<u16>,
) -> Vec<Finding> {
    let mut service = service_fn(|request: Request<String>| {
        let status = is_rejected(request.method(), request.headers()).unwrap_or(200);
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        ready(Ok::<_, Infallible>(response))
    });
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    unprotected(&mut service, request.body(String::new()), [PAGE])
        .now_or_never()
        .expect("nothing waits")
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// What the layer does with enforcement, over again and for this test alone.
fn protects(headers: &HeaderMap) -> bool {
    let origin = header(headers, "origin");
    let site = header(headers, "sec-fetch-site");
    origin.is_some_and(|origin| origin != PAGE)
        || origin.is_none() && site.is_some_and(|site| site != "same-origin" && site != "none")
}

const GET: [Hole; 6] = [
    Hole::ImageReaches,
    Hole::ScriptReaches,
    Hole::FrameReaches,
    Hole::FetchReaches,
    Hole::EventSourceReaches,
    Hole::WebSocketReaches,
];
const POST: [Hole; 3] = [Hole::FormReaches, Hole::FetchReaches, Hole::BeaconReaches];

#[test]
fn a_service_that_rejects_nothing_is_reached_in_every_way() {
    let open = |url, method| holes(&found(url, method, &[], |_, _| None));
    assert_eq!(open(REMOTE, "GET"), GET);
    assert_eq!(open(REMOTE, "POST"), POST);
    let rebound = [Hole::RebindingReaches];
    assert_eq!(open(LOCAL, "GET"), [GET.as_slice(), &rebound].concat());
    assert_eq!(open(LOCAL, "POST"), [POST.as_slice(), &rebound].concat());
    // Other methods need the permission of a preflight, but not under rebinding.
    assert_eq!(
        open(LOCAL, "PUT"),
        [Hole::AllowedOriginRejected, Hole::RebindingReaches]
    );
    assert_eq!(open(REMOTE, "PUT"), [Hole::AllowedOriginRejected]);
}

#[test]
fn a_service_that_looks_at_origin_and_fetch_metadata_is_protected_over_tls() {
    for method in ["GET", "POST"] {
        let found = found(REMOTE, method, &[], |_, headers| {
            protects(headers).then_some(403)
        });
        assert_eq!(holes(&found), [], "{method}");
    }
}

#[test]
fn each_careless_protection_has_its_hole() {
    type Rejected = fn(&HeaderMap) -> bool;
    let cases: [(&str, &str, Rejected, &[Hole]); 7] = [
        (
            "`null` is taken for nobody's origin",
            "POST",
            |headers| protects(headers) && header(headers, "origin") != Some("null"),
            &[Hole::FormReaches, Hole::FetchReaches, Hole::BeaconReaches],
        ),
        (
            "neighbors are taken for ours",
            "GET",
            |headers| header(headers, "sec-fetch-site") == Some("cross-site"),
            &GET,
        ),
        (
            "only fetch metadata is looked at, which Chromium's handshakes lack",
            "GET",
            |headers| {
                let site = header(headers, "sec-fetch-site");
                site.is_some_and(|site| {
                    site != "same-origin" && header(headers, "origin") != Some(PAGE)
                })
            },
            &[Hole::WebSocketReaches],
        ),
        (
            "only the origin is looked at",
            "GET",
            |headers| header(headers, "origin").is_some_and(|origin| origin != PAGE),
            &[
                Hole::ImageReaches,
                Hole::ScriptReaches,
                Hole::FrameReaches,
                Hole::FetchReaches,
            ],
        ),
        (
            "handshakes are let through",
            "GET",
            |headers| protects(headers) && !headers.contains_key("upgrade"),
            &[Hole::WebSocketReaches],
        ),
        (
            "frames are taken for links",
            "GET",
            |headers| protects(headers) && header(headers, "sec-fetch-mode") != Some("navigate"),
            &[Hole::FrameReaches],
        ),
        (
            "a JSON body is demanded",
            "POST",
            |headers| header(headers, "content-type") != Some("application/json"),
            &[],
        ),
    ];
    for (name, method, is_rejected, expected) in cases {
        let headers: &[_] = match method {
            "POST" => &[("content-type", "application/json")],
            _ => &[],
        };
        let found = found(REMOTE, method, headers, |method, headers| {
            // The preflight of an allowed page passes.
            (method != Method::OPTIONS && is_rejected(headers)).then_some(403)
        });
        let mut holes = holes(&found);
        holes.retain(|hole| *hole != Hole::AllowedOriginRejected);
        let order = |hole: &Hole| GET.iter().chain(&POST).position(|other| other == hole);
        holes.sort_by_key(order);
        let mut expected = expected.to_vec();
        expected.sort_by_key(order);
        assert_eq!(holes, expected, "{name}");
    }
}

#[test]
fn rebinding_is_found_unless_the_host_is_compared_as_a_whole() {
    type Accepted = fn(&str) -> bool;
    let cases: [(Accepted, Option<&str>); 5] = [
        (|host| host == "127.0.0.1:3000", None),
        (
            |host| host.starts_with("127.0.0.1"),
            Some("127.0.0.1.stranger.invalid:3000"),
        ),
        (
            |host| host.contains("127.0.0.1"),
            Some("127.0.0.1.stranger.invalid:3000"),
        ),
        (
            |host| host.ends_with(":3000"),
            Some("stranger.invalid:3000"),
        ),
        (
            |host| host == "127.0.0.1:3000" || host == "0.0.0.0:3000",
            Some("0.0.0.0:3000"),
        ),
    ];
    for (is_accepted, shown) in cases {
        for method in ["GET", "POST"] {
            let found = found(LOCAL, method, &[], |_, headers| {
                let host = header(headers, "host").unwrap();
                // Of the attacker's own origin, or none.
                let origin = header(headers, "origin").unwrap_or(PAGE);
                let is_own = origin == format!("http://{host}");
                if !is_accepted(host) {
                    Some(421)
                } else {
                    (!is_own && protects(headers)).then_some(403)
                }
            });
            // Without a look at the host a POST of the zero address has a stranger's origin.
            let is_stopped = shown == Some("0.0.0.0:3000") && method == "POST";
            let Some(host) = shown.filter(|_| !is_stopped) else {
                assert_eq!(holes(&found), [], "{method}");
                continue;
            };
            assert_eq!(holes(&found), [Hole::RebindingReaches], "{method} {host}");
            let sent = found[0].exchange().request_headers();
            assert_eq!(header(sent, "host"), Some(host), "{method}");
        }
    }
}

#[test]
fn a_rebound_name_resembles_that_of_the_service() {
    type Accepted = fn(&str) -> bool;
    let cases: [(&str, Accepted, &str); 5] = [
        (
            "http://mcp.example.com/",
            |host| host.ends_with("example.com"),
            "strangerexample.com",
        ),
        (
            "http://example.com/",
            |host| host.ends_with("example.com"),
            "strangerexample.com",
        ),
        (
            "http://mcp.example.com/",
            |host| host.contains("mcp.example.com") && !host.starts_with("mcp"),
            "stranger-mcp.example.com.stranger.invalid",
        ),
        (
            "http://localhost/",
            |host| host.split('.').nth(1) == Some("localhost"),
            "stranger.localhost.invalid",
        ),
        ("http://[::1]/", |host| host != "[::1]", "stranger.invalid"),
    ];
    for (url, is_accepted, shown) in cases {
        let found = found(url, "PUT", &[], |_, headers| {
            let host = header(headers, "host").unwrap();
            // The rebound names alone.
            let is_own = header(headers, "origin") == Some(&format!("http://{host}"));
            (!is_own || !is_accepted(host)).then_some(421)
        });
        let rebound = found
            .iter()
            .find(|finding| finding.hole() == Hole::RebindingReaches);
        let sent = rebound.expect(url).exchange().request_headers();
        assert_eq!(header(sent, "host"), Some(shown), "{url}");
    }
}

/// Over TLS no browser accepts the certificate.
#[test]
fn nobody_rebinds_a_name_over_tls() {
    let found = found(REMOTE, "GET", &[], |_, headers| {
        assert_eq!(header(headers, "host"), Some("api.example.com"));
        None
    });
    assert!(!holes(&found).contains(&Hole::RebindingReaches));
}

#[test]
fn what_browsers_add_by_themselves_comes_along_and_secrets_of_pages_do_not() {
    let guarded = |name: &'static str, value: &'static str| {
        let found = found(REMOTE, "POST", &[(name, value)], move |_, headers| {
            (header(headers, name) != Some(value)).then_some(401)
        });
        holes(&found)
    };
    assert_eq!(guarded("cookie", "session=1"), POST);
    assert_eq!(guarded("authorization", "Basic dTpw"), POST);
    // Its preflight is not answered, so the search says that it proves little.
    let bearer = guarded("authorization", "Bearer x");
    assert_eq!(bearer, [Hole::AllowedOriginRejected]);
    let rebound = found(LOCAL, "GET", &[("cookie", "session=1")], |_, headers| {
        (header(headers, "cookie").is_none() || protects(headers)).then_some(401)
    });
    assert_eq!(
        holes(&rebound),
        [],
        "the cookies are not of the attacker's name"
    );
}

#[test]
fn an_allowed_page_that_is_rejected_is_told() {
    let found = found(REMOTE, "GET", &[], |_, _| Some(404));
    assert_eq!(holes(&found), [Hole::AllowedOriginRejected]);
    assert_eq!(found[0].severity(), Severity::Mistake);
}

fn with_layer(policy: PolicyBuilder, url: &str, method: &str, allowed: &[&str]) -> Vec<Finding> {
    let policy = policy.build().expect("no mistake");
    let mut app = Router::new()
        .route(
            "/mcp",
            get(async || "events")
                .post(async || "{}")
                .put(async || "{}"),
        )
        .layer(CorsLayer::new(policy));
    let request = Request::builder().method(method).uri(url);
    unprotected(&mut app, request.body(Body::empty()), allowed)
        .now_or_never()
        .expect("nothing waits")
}

#[test]
fn this_layer_protects_as_it_says() {
    let policy = |enforcement| {
        Policy::builder()
            .allow_origins([PAGE])
            .allow_methods([Method::PUT])
            .enforce(enforcement)
    };
    for (enforcement, get, post) in [
        (Enforcement::Off, GET.as_slice(), POST.as_slice()),
        (Enforcement::Report, &GET, &POST),
        (
            Enforcement::BlockUnsafe,
            &[
                Hole::ImageReaches,
                Hole::ScriptReaches,
                Hole::FrameReaches,
                Hole::FetchReaches,
                Hole::EventSourceReaches,
            ],
            &[],
        ),
        (Enforcement::Block, &[], &[]),
    ] {
        let found = |method| holes(&with_layer(policy(enforcement), REMOTE, method, &[PAGE]));
        assert_eq!(found("GET"), get, "{enforcement:?}");
        assert_eq!(found("POST"), post, "{enforcement:?}");
        assert_eq!(found("PUT"), [], "{enforcement:?}");
    }
    for method in ["GET", "POST", "PUT"] {
        let found = with_layer(policy(Enforcement::Block), LOCAL, method, &[PAGE]);
        assert_eq!(holes(&found), [Hole::RebindingReaches], "{method}");
        let hosts = policy(Enforcement::Block).local_hosts();
        assert_eq!(
            holes(&with_layer(hosts, LOCAL, method, &[PAGE])),
            [],
            "{method}"
        );
        let mcp = || PolicyBuilder::mcp().allow_origins([PAGE]).local_hosts();
        if method != "PUT" {
            assert_eq!(
                holes(&with_layer(mcp(), LOCAL, method, &[PAGE])),
                [],
                "{method}"
            );
        }
    }
}

/// Without a connection a framework answers a handshake with an error, whoever asks.
#[test]
fn a_handshake_that_is_answered_as_that_of_an_allowed_page_reached_the_service() {
    let handshake = |status: u16, of_others: u16| {
        let found = found(REMOTE, "GET", &[], |_, headers| {
            if !headers.contains_key("upgrade") {
                return protects(headers).then_some(403);
            }
            let is_ours = header(headers, "origin") == Some(PAGE);
            Some(if is_ours { status } else { of_others })
        });
        holes(&found)
    };
    for status in [400, 426] {
        assert_eq!(handshake(status, status), [Hole::WebSocketReaches]);
        assert_eq!(handshake(status, 403), []);
    }
    assert_eq!(handshake(403, 403), []);
    assert_eq!(handshake(101, 101), [Hole::WebSocketReaches]);
}

/// Over `http` to another machine browsers send nothing by which a GET can be told.
#[test]
fn what_cannot_be_told_over_http_is_found() {
    let policy = Policy::builder()
        .allow_origins([PAGE.replacen("https", "http", 1)])
        .enforce(Enforcement::Block)
        .hosts(["192.168.1.7"]);
    let url = "http://192.168.1.7:8080/mcp";
    let found = with_layer(policy, url, "GET", &["http://app.example.com"]);
    assert_eq!(
        holes(&found),
        [
            Hole::ImageReaches,
            Hole::ScriptReaches,
            Hole::FrameReaches,
            Hole::FetchReaches
        ]
    );
    assert!(found[0].to_string().contains("so use TLS"));
}

#[test]
fn where_any_page_may_send_only_rebinding_is_found() {
    let policy = || Policy::builder().allow_any_origin();
    assert_eq!(holes(&with_layer(policy(), REMOTE, "POST", &["*"])), []);
    assert_eq!(
        holes(&with_layer(policy(), LOCAL, "POST", &["*"])),
        [Hole::RebindingReaches]
    );
}

#[test]
fn the_assertion_names_every_way_and_what_to_do() {
    let mut service =
        service_fn(|_: Request<String>| ready(Ok::<_, Infallible>(Response::new(()))));
    let request = Request::post(REMOTE).body(String::new());
    let assertion = || assert_protected(&mut service, request, [PAGE]).now_or_never();
    let panic =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(assertion)).expect_err("it fails");
    let message = panic.downcast_ref::<String>().expect("a message");
    for part in [
        "3 findings about requests of pages that must not send any:\n- FormReaches: a form in a page of a stranger \
         reached the service: POST https://api.example.com/mcp with `host: api.example.com`, \
         `origin: https://stranger.invalid`, `sec-fetch-site: cross-site` was answered with 200 OK\n",
        "  so did a form in a frame in a page of a stranger; a form without referrer in a page of a stranger; ",
        "; a form in a page of the same host at another port; ",
        "; a form in a page of a neighbor on the same site; ",
        "; a form in a page in a sandboxed frame; ",
        "with tower-cors `.enforce(Enforcement::BlockUnsafe)`",
        "demand a token",
    ] {
        assert!(message.contains(part), "no {part:?} in\n{message}");
    }
}
