//! E1 to E3: requests that are stopped, and those that are not.

use http::header::{HOST, HeaderName, ORIGIN};
use http::{Method, Request};
use tower_cors::{CorsLayer, Enforcement, Policy, PolicyBuilder};
#[cfg(feature = "cache")]
use {
    std::{convert::Infallible, future::ready},
    tower_cors::{DynamicPolicies, Origin, Scope},
};

use crate::support::{APP, Answer, EVIL, app_only, built, preflight, request, send_through};

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

fn send(policy: Policy, enforcement: Enforcement, request: Request<()>) -> Answer {
    send_through(&CorsLayer::new(policy).enforce(enforcement), &[], request)
}

#[track_caller]
fn assert_blocked(answer: &Answer) {
    assert!(!answer.reached_the_service);
    assert_eq!(answer.status, 403);
    // `*` where caches may take the origin for another.
    let vary = answer.header("vary");
    assert!(matches!(vary, Some("Origin" | "*")), "{vary:?}");
    assert_eq!(answer.headers.len(), 1);
}

#[test]
fn e1_block_answers_an_actual_request_of_a_rejected_origin_with_403() {
    for method in [Method::GET, Method::POST, Method::OPTIONS, Method::CONNECT] {
        for origin in [EVIL, "null", "nonsense", ""] {
            assert_blocked(&send(
                built(app_only()),
                Enforcement::Block,
                request(method.clone(), &[(ORIGIN, origin)]),
            ));
        }
    }
    let two = request(Method::GET, &[(ORIGIN, APP), (ORIGIN, EVIL)]);
    assert_blocked(&send(built(app_only()), Enforcement::Block, two));
}

#[test]
fn e1_block_serves_an_allowed_origin() {
    let answer = send(
        built(app_only()),
        Enforcement::Block,
        request(Method::POST, &[(ORIGIN, APP)]),
    );
    assert!(answer.reached_the_service);
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    let answer = send(
        built(PolicyBuilder::public()),
        Enforcement::Block,
        request(Method::POST, &[(ORIGIN, EVIL)]),
    );
    assert!(answer.reached_the_service);
}

#[test]
fn e1_report_and_off_serve_every_request() {
    for enforcement in [Enforcement::Off, Enforcement::Report] {
        let answer = send(
            built(app_only()),
            enforcement,
            request(Method::POST, &[(ORIGIN, EVIL)]),
        );
        assert!(answer.reached_the_service);
        assert_eq!(
            (answer.status.as_u16(), answer.cors_headers().len()),
            (200, 0)
        );
    }
}

#[test]
fn e1_preflights_are_answered_as_ever() {
    let policy = built(app_only().allow_methods([Method::PUT]));
    for enforcement in [Enforcement::Off, Enforcement::Report, Enforcement::Block] {
        assert_eq!(
            send(policy.clone(), enforcement, preflight(APP, "PUT", "")).status,
            204
        );
        assert_eq!(
            send(policy.clone(), enforcement, preflight(EVIL, "PUT", "")).status,
            403
        );
    }
}

#[test]
fn e1_what_is_blocked_or_would_be_says_so() {
    let layer = CorsLayer::new(built(app_only()))
        .enforce(Enforcement::Block)
        .explain_in_response(true);
    let answer = send_through(&layer, &[], request(Method::GET, &[(ORIGIN, EVIL)]));
    assert_eq!(
        answer.header("x-cors-decision"),
        Some("rejected; origin-not-allowed")
    );
}

#[test]
fn e2_same_origin_requests_pass_by_the_browsers_word() {
    let own = "https://api.example.com";
    for (site, passes) in [
        ("same-origin", true),
        ("same-site", false),
        ("cross-site", false),
        ("none", false),
        ("", false),
    ] {
        let asked = request(
            Method::POST,
            &[(ORIGIN, own), (HOST, "api.example.com"), (SITE, site)],
        );
        assert_eq!(
            send(built(app_only()), Enforcement::Block, asked).reached_the_service,
            passes,
            "{site}"
        );
    }
    let twice = request(
        Method::POST,
        &[(ORIGIN, own), (SITE, "same-origin"), (SITE, "cross-site")],
    );
    assert_blocked(&send(built(app_only()), Enforcement::Block, twice));
}

#[test]
fn e2_same_origin_requests_pass_by_host_and_port() {
    for (origin, host, passes) in [
        ("https://api.example.com", "api.example.com", true),
        ("https://api.example.com", "API.example.com:443", true),
        ("http://api.example.com", "api.example.com:80", true),
        ("http://localhost:3000", "localhost:3000", true),
        ("http://[::1]:3000", "[::1]:3000", true),
        ("https://api.example.com", "api.example.com:8443", false),
        ("https://api.example.com:8443", "api.example.com", false),
        ("https://evil.example", "api.example.com", false),
        (
            "https://api.example.com.evil.example",
            "api.example.com",
            false,
        ),
        ("tauri://api.example.com", "api.example.com", false),
        ("null", "null", false),
        ("nonsense", "nonsense", false),
        ("https://api.example.com", "", false),
        ("https://api.example.com", "user@api.example.com:80", false),
    ] {
        let asked = request(Method::POST, &[(ORIGIN, origin), (HOST, host)]);
        let answer = send(built(app_only()), Enforcement::Block, asked);
        assert_eq!(answer.reached_the_service, passes, "{origin} to {host}");
        assert_eq!(answer.cors_headers(), [""; 0], "it passes without a grant");
    }
    let two = request(
        Method::POST,
        &[
            (ORIGIN, EVIL),
            (HOST, "evil.example"),
            (HOST, "api.example.com"),
        ],
    );
    assert_blocked(&send(built(app_only()), Enforcement::Block, two));
    let none = request(Method::POST, &[(ORIGIN, EVIL)]);
    assert_blocked(&send(built(app_only()), Enforcement::Block, none));
}

#[test]
fn e2_authority_stands_for_host_in_http_2() {
    let mut asked = request(
        Method::POST,
        &[(ORIGIN, "https://api.example.com"), (HOST, "other.example")],
    );
    *asked.uri_mut() = "https://api.example.com/path".parse().unwrap();
    assert!(send(built(app_only()), Enforcement::Block, asked).reached_the_service);
}

#[cfg(feature = "cache")]
#[test]
fn e2_same_origin_requests_pass_where_a_lookup_rejects_their_origin() {
    let lookup = |_: Origin, _: Scope| ready(Ok::<_, Infallible>(None));
    let layer = CorsLayer::new(DynamicPolicies::new(lookup)).enforce(Enforcement::Block);
    let from = |site| {
        let headers = [(ORIGIN, APP), (SITE, site)];
        send_through(&layer, &[], request(Method::POST, &headers))
    };
    for _ in ["looked up", "cached"] {
        assert!(from("same-origin").reached_the_service);
        assert_blocked(&from("same-site"));
    }
}

#[test]
fn e3_requests_without_origin_pass() {
    for method in [Method::GET, Method::POST, Method::DELETE] {
        assert!(
            send(built(app_only()), Enforcement::Block, request(method, &[])).reached_the_service
        );
    }
}

#[test]
fn a_response_of_a_service_that_blocks_varies_on_origin() {
    for headers in [
        vec![],
        vec![(ORIGIN, APP)],
        vec![(ORIGIN, "https://api.example.com"), (SITE, "same-origin")],
    ] {
        assert_eq!(
            send(
                built(app_only()),
                Enforcement::Block,
                request(Method::POST, &headers)
            )
            .vary(),
            ["origin"]
        );
    }
}

/// <https://modelcontextprotocol.io/specification/2025-06-18/basic/transports#security-warning>
#[test]
fn mcp_answers_403_to_an_origin_that_is_present_and_not_allowed() {
    let policy = built(PolicyBuilder::mcp().allow_origins([APP]));
    let to = |headers: &[(HeaderName, &str)]| {
        send(
            policy.clone(),
            Enforcement::Block,
            request(Method::POST, headers),
        )
    };
    assert!(to(&[(ORIGIN, APP)]).reached_the_service, "valid");
    assert!(to(&[]).reached_the_service, "absent");
    for origin in [EVIL, "null", "nonsense", ""] {
        assert_blocked(&to(&[(ORIGIN, origin)]));
    }
    assert_blocked(&to(&[(ORIGIN, APP), (ORIGIN, APP)]));
}

#[test]
fn mcp_does_not_trust_host_under_dns_rebinding() {
    // The stranger's name now resolves to this machine, so that the browser takes the server for the page's own.
    let rebound = [
        (ORIGIN, "http://evil.example:8000"),
        (HOST, "evil.example:8000"),
        (SITE, "same-origin"),
    ];
    let mcp = built(PolicyBuilder::mcp().allow_origins([APP]));
    assert_blocked(&send(
        mcp,
        Enforcement::Block,
        request(Method::POST, &rebound),
    ));
    let others = built(app_only());
    assert!(send(others, Enforcement::Block, request(Method::POST, &rebound)).reached_the_service);
}
