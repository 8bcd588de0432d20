//! C1 to C3: what a request is to CORS.

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, COOKIE, ETAG, HeaderMap, ORIGIN};
use http::{HeaderValue, Method};
use tower_cors::{CorsLayer, Decision, Policy, PolicyBuilder, Rejection};

use crate::support::{APP, EVIL, app_only, built, get, preflight, request, send, send_through};

#[test]
fn c1_a_request_without_origin_is_not_cors() {
    let answer = send(built(app_only()), request(Method::GET, &[]));
    assert!(answer.reached_the_service);
    assert_eq!(answer.cors_headers(), [""; 0]);
    assert_eq!(
        built(app_only()).decide(&Method::GET, &HeaderMap::new()),
        Decision::NotCors
    );
}

#[test]
fn c1_options_with_origin_and_request_method_is_a_preflight() {
    let answer = send(built(app_only()), preflight(APP, "PUT", ""));
    assert!(!answer.reached_the_service);
}

#[test]
fn c1_every_other_options_reaches_the_service() {
    let method = ACCESS_CONTROL_REQUEST_METHOD;
    for headers in [
        vec![],
        vec![(ORIGIN, APP)],
        vec![(ORIGIN, EVIL)],
        vec![(method, "PUT")],
    ] {
        let answer = send(built(app_only()), request(Method::OPTIONS, &headers));
        assert!(answer.reached_the_service, "{headers:?}");
        assert_eq!(answer.body, "served");
    }
}

#[test]
fn c1_another_method_with_the_headers_of_a_preflight_is_an_actual_request() {
    for method in [
        Method::GET,
        Method::POST,
        Method::from_bytes(b"options").unwrap(),
    ] {
        let answer = send(
            built(app_only()),
            request(
                method.clone(),
                &[(ORIGIN, APP), (ACCESS_CONTROL_REQUEST_METHOD, "PUT")],
            ),
        );
        assert!(answer.reached_the_service, "{method}");
        let headers = [(ORIGIN, APP), (ACCESS_CONTROL_REQUEST_METHOD, "PUT")];
        let asked = request(method.clone(), &headers);
        assert_eq!(
            built(app_only())
                .explain(&method, asked.headers())
                .decision(),
            Decision::Allowed,
            "{method}"
        );
    }
}

#[test]
fn c2_two_origin_lines_are_rejected_whatever_they_say() {
    let policy = built(
        app_only()
            .allow_null_origin(true)
            .allow_origins_where(|_| true),
    );
    for second in [APP, EVIL, "null", ""] {
        for (first, second) in [(APP, second), (second, APP)] {
            let headers = [(ORIGIN, first), (ORIGIN, second)];
            let answer = send(policy.clone(), request(Method::GET, &headers));
            assert!(answer.reached_the_service);
            assert_eq!(answer.cors_headers(), [""; 0], "{first} and {second}");
            let decided = policy.decide(&Method::GET, request(Method::GET, &headers).headers());
            assert_eq!(decided, Decision::Rejected(Rejection::OriginRepeated));
        }
    }
}

/// Requests whose headers have one line each are decided in line, and HTTP/2 splits cookies.
#[test]
fn c2_another_header_of_two_lines_changes_nothing() {
    let policies = [
        app_only(),
        app_only()
            .allow_methods([Method::PUT])
            .expose_headers([ETAG]),
        app_only()
            .allow_credentials(true)
            .allow_any_header()
            .allow_timing(true),
        app_only()
            .allow_null_origin(true)
            .allow_private_network(true),
        Policy::builder().allow_origins(["https://*.example.com"]),
        Policy::builder().allow_origins_where(|origin| origin.as_str() == APP),
        Policy::builder().allow_any_origin().allow_any_method(),
    ];
    let origins = [
        APP,
        EVIL,
        "null",
        "",
        "*",
        "https://app.example.com, https://evil.example",
    ];
    let requests = || {
        let with_origin = origins.iter().flat_map(|origin| {
            [
                get(origin),
                request(Method::OPTIONS, &[(ORIGIN, *origin)]),
                preflight(origin, "PUT", "x-token"),
                preflight(origin, "P T", "x token"),
            ]
        });
        let without = [Method::GET, Method::OPTIONS].map(|method| request(method, &[]));
        with_origin.chain(without)
    };
    let own = [("vary", "Accept"), ("access-control-allow-origin", "*")];
    for policy in policies.map(built) {
        let layer = CorsLayer::new(policy);
        for inner in [&[][..], &own] {
            for (plain, mut crumbled) in requests().zip(requests()) {
                for crumb in ["a=1", "b=2"] {
                    let crumb = HeaderValue::from_static(crumb);
                    crumbled.headers_mut().append(COOKIE, crumb);
                }
                let asked = format!("{plain:?}");
                let answer = send_through(&layer, inner, plain);
                assert_eq!(
                    send_through(&layer, inner, crumbled),
                    answer,
                    "{asked} to {layer:?}"
                );
            }
        }
    }
}

#[test]
fn c2_a_malformed_origin_is_rejected_before_a_predicate_sees_it() {
    let policy = built(Policy::builder().allow_origins_where(|_| true));
    for origin in [
        "",
        "https://",
        "https://app.example.com/",
        "https://APP.example.com",
        "evil",
        "https://a b",
        "NULL",
    ] {
        let answer = send(policy.clone(), get(origin));
        assert_eq!(answer.cors_headers(), [""; 0], "{origin}");
        let decided = policy.decide(&Method::GET, get(origin).headers());
        assert_eq!(
            decided,
            Decision::Rejected(Rejection::OriginMalformed),
            "{origin}"
        );
        assert_eq!(
            send(policy.clone(), preflight(origin, "PUT", "")).status,
            403,
            "{origin}"
        );
    }
    let mut headers = HeaderMap::new();
    headers.insert(
        ORIGIN,
        HeaderValue::from_bytes(b"https://\xff.example.com").unwrap(),
    );
    assert_eq!(
        policy.decide(&Method::GET, &headers),
        Decision::Rejected(Rejection::OriginMalformed)
    );
}

#[test]
fn c2_an_any_origin_policy_answers_its_constant_to_anything() {
    let policy = built(PolicyBuilder::public());
    for origin in [APP, "null", "", "nonsense", "https://APP.example.com/"] {
        let answer = send(policy.clone(), get(origin));
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some("*"),
            "{origin}"
        );
        let answer = send(policy.clone(), preflight(origin, "PUT", "x-token"));
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some("*"),
            "{origin}"
        );
    }
}

#[test]
fn c3_an_origin_does_not_make_a_request_cross_origin() {
    // A same-origin POST, a form post and a WebSocket upgrade carry an `Origin` that no policy lists.
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::GET] {
        let answer = send(
            built(app_only()),
            request(method, &[(ORIGIN, "https://api.example.com")]),
        );
        assert!(answer.reached_the_service);
        assert_eq!(answer.status, 200);
    }
}
