//! F1 to F4: what browsers report about the page that sent a request, and the comparison with other protections.

use std::convert::Infallible;
use std::future::ready;

use futures_util::FutureExt;
use http::header::{HeaderName, ORIGIN};
use http::{HeaderMap, Method, Request, Response};
use tower::{Layer, Service, service_fn};
use tower_cors::{CorsLayer, Enforcement, Policy, PolicyBuilder};
use tower_http::csrf::CsrfLayer;

use crate::support::{APP, Answer, app_only, built, request, send_through};

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

type Headers<'a> = [(HeaderName, &'a str)];

fn to(policy: &Policy, method: Method, headers: &Headers<'_>) -> Answer {
    send_through(
        &CorsLayer::new(policy.clone()),
        &[],
        request(method, headers),
    )
}

fn blocking() -> Policy {
    built(app_only().enforce(Enforcement::Block))
}

#[test]
fn f1_a_request_without_origin_that_a_page_of_another_origin_sent_is_rejected() {
    for site in [
        "cross-site",
        "same-site",
        "nonsense",
        "Same-Origin",
        "none, none",
    ] {
        for (sent_by, method, mode, dest) in [
            ("an image", Method::GET, "no-cors", "image"),
            ("a script", Method::GET, "no-cors", "script"),
            ("fetch with no-cors", Method::GET, "no-cors", "empty"),
            ("a frame", Method::GET, "navigate", "iframe"),
            ("an object", Method::GET, "navigate", "object"),
            (
                "a form of an old browser",
                Method::POST,
                "navigate",
                "document",
            ),
            ("nothing known", Method::GET, "", ""),
        ] {
            let headers = [(SITE, site), (MODE, mode), (DEST, dest)];
            let answer = to(&blocking(), method, &headers);
            assert!(!answer.reached_the_service, "{sent_by}, {site}");
            assert_eq!(answer.status, 403);
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
    }
    let twice = [(SITE, "same-origin"), (SITE, "cross-site")];
    assert!(!to(&blocking(), Method::GET, &twice).reached_the_service);
}

#[test]
fn f1_other_requests_without_origin_pass() {
    for method in [Method::GET, Method::POST, Method::DELETE] {
        let without = to(&blocking(), method.clone(), &[]);
        assert!(without.reached_the_service, "{method}");
        for site in ["same-origin", "none", ""] {
            let answer = to(&blocking(), method.clone(), &[(SITE, site)]);
            assert!(answer.reached_the_service, "{method} {site}");
        }
    }
    for enforcement in [Enforcement::Off, Enforcement::Report] {
        let policy = built(app_only().enforce(enforcement));
        assert!(to(&policy, Method::CONNECT, &[]).reached_the_service);
        let answer = to(&policy, Method::GET, &[(SITE, "cross-site")]);
        assert!(answer.reached_the_service, "{enforcement}");
    }
}

/// Firefox behind a proxy sends neither `Origin` nor `Sec-Fetch-Site` with them: `tests/engines/tests/logged_in.rs`.
#[test]
fn f5_a_websocket_over_http_2_whose_page_is_unknown_is_rejected() {
    for enforcement in [Enforcement::Block, Enforcement::BlockUnsafe] {
        let policy = built(app_only().enforce(enforcement));
        let answer = to(&policy, Method::CONNECT, &[]);
        assert!(!answer.reached_the_service);
        assert_eq!(answer.status, 403);
        let reason = policy
            .explain(&Method::CONNECT, &HeaderMap::new())
            .to_string();
        assert!(reason.contains("extended CONNECT protocol"), "{reason}");
        // As some proxies leave it.
        assert!(!to(&policy, Method::CONNECT, &[(SITE, "")]).reached_the_service);
        for known in [(ORIGIN, APP), (SITE, "same-origin"), (SITE, "none")] {
            assert!(to(&policy, Method::CONNECT, &[known]).reached_the_service);
        }
        for rejected in [(ORIGIN, "https://evil.example"), (SITE, "cross-site")] {
            assert!(!to(&policy, Method::CONNECT, &[rejected]).reached_the_service);
        }
    }
}

#[test]
fn f1_the_reason_is_reported() {
    for (enforcement, status, reason) in [
        (Enforcement::Off, 200, "not-cors"),
        (Enforcement::Report, 200, "rejected; cross-site-request"),
        (Enforcement::Block, 403, "rejected; cross-site-request"),
    ] {
        let layer = CorsLayer::new(built(app_only()))
            .enforce(enforcement)
            .explain_in_response(true);
        let answer = send_through(&layer, &[], request(Method::GET, &[(SITE, "cross-site")]));
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.header("x-cors-decision"), Some(reason));
    }
}

#[test]
fn f2_links_of_other_sites_pass_and_nothing_else_that_navigates() {
    for (method, mode, dest, passes) in [
        (Method::GET, "navigate", "document", true),
        (Method::HEAD, "navigate", "document", true),
        (Method::POST, "navigate", "document", false),
        (Method::OPTIONS, "navigate", "document", false),
        (Method::GET, "navigate", "iframe", false),
        (Method::GET, "navigate", "frame", false),
        (Method::GET, "navigate", "embed", false),
        (Method::GET, "navigate", "", false),
        (Method::GET, "no-cors", "document", false),
        (Method::GET, "websocket", "empty", false),
    ] {
        for site in ["cross-site", "same-site"] {
            let headers = [(SITE, site), (MODE, mode), (DEST, dest)];
            let answer = to(&blocking(), method.clone(), &headers);
            assert_eq!(answer.reached_the_service, passes, "{method} {mode} {dest}");
        }
    }
    let headers = [
        (SITE, "cross-site"),
        (MODE, "navigate"),
        (DEST, "iframe"),
        (DEST, "document"),
    ];
    assert!(!to(&blocking(), Method::GET, &headers).reached_the_service);
}

#[test]
fn f3_a_policy_of_any_origin_serves_every_page() {
    let public = built(PolicyBuilder::public());
    let image = [(SITE, "cross-site"), (MODE, "no-cors"), (DEST, "image")];
    let alone = CorsLayer::new(public.clone()).enforce(Enforcement::Block);
    let answer = send_through(&alone, &[], request(Method::GET, &image));
    assert!(answer.reached_the_service);
    let list = CorsLayer::new([blocking(), public]);
    let answer = send_through(&list, &[], request(Method::GET, &image));
    assert!(answer.reached_the_service);
}

#[cfg(feature = "cache")]
#[test]
fn f1_holds_for_lookups_which_are_not_started() {
    use tower_cors::{DynamicPolicies, Origin, Scope};

    let lookup = |_: Origin, _: Scope| -> std::future::Ready<Result<Option<Policy>, Infallible>> {
        panic!("no lookup without an origin")
    };
    let policies = DynamicPolicies::new(lookup).enforce(Enforcement::Block);
    let layer = CorsLayer::new(policies);
    let image = request(Method::GET, &[(SITE, "cross-site"), (DEST, "image")]);
    assert!(!send_through(&layer, &[], image).reached_the_service);
    assert!(send_through(&layer, &[], request(Method::GET, &[])).reached_the_service);
}

/// Whether a request passes `tower_http::csrf`.
fn passes_theirs(layer: &CsrfLayer, request: Request<()>) -> bool {
    let inner = service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(()))));
    let response = layer.layer(inner).call(request).now_or_never();
    let Ok(response) = response.expect("nothing waits");
    response.status() == 200
}

/// A row of the table. `tests/peers/go` asks Go about the same rows.
#[derive(serde::Deserialize)]
struct Row {
    situation: String,
    method: String,
    headers: Vec<(String, String)>,
    block: bool,
    block_unsafe: bool,
    tower_http: bool,
    go: bool,
}

impl Row {
    fn request(&self) -> Request<()> {
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.as_str()))
            .collect();
        request(self.method.parse().unwrap(), &headers)
    }
}

fn rows() -> Vec<Row> {
    serde_json::from_str(include_str!("../data/protections.json")).unwrap()
}

#[test]
fn f4_each_row_of_the_guide_is_what_this_layer_and_csrf_of_tower_http_do() {
    let layer = |enforcement| CorsLayer::new(built(app_only().enforce(enforcement)));
    let (block, block_unsafe) = (layer(Enforcement::Block), layer(Enforcement::BlockUnsafe));
    let theirs = CsrfLayer::new().add_trusted_origin(APP).unwrap();
    for row in rows() {
        let passes = [
            send_through(&block, &[], row.request()).reached_the_service,
            send_through(&block_unsafe, &[], row.request()).reached_the_service,
            passes_theirs(&theirs, row.request()),
        ];
        let expected = [row.block, row.block_unsafe, row.tower_http];
        assert_eq!(passes, expected, "{} {}", row.method, row.situation);
    }
}

#[test]
fn f4_the_guide_has_each_row_and_no_other() {
    let word = |passes: bool| if passes { "passes" } else { "403" };
    let written: Vec<String> = include_str!("../../docs/cross-site-requests.md")
        .lines()
        .filter(|line| line.contains("| passes") || line.contains("| 403"))
        .map(str::to_owned)
        .collect();
    let expected = rows().into_iter().map(|row| {
        let words = [row.block, row.block_unsafe, row.tower_http, row.go].map(word);
        format!(
            "| {} | {} | {} |",
            row.situation,
            row.method,
            words.join(" | ")
        )
    });
    assert_eq!(written, expected.collect::<Vec<_>>());
}
