//! A1 to A5: what the responses to actual requests are given.

use http::Method;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, ETAG, HeaderName, ORIGIN};
use std::convert::Infallible;
use std::future::ready;

use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use tower::{Layer, Service, service_fn};
use tower_cors::{CorsLayer, Enforcement, Policy, PolicyBuilder};

use crate::support::{APP, EVIL, app_only, built, get, preflight, request, send, send_through};

const CORS_OF_AN_APP: [(&str, &str); 8] = [
    ("access-control-allow-origin", "https://inner.example"),
    ("access-control-allow-origin", "*"),
    ("access-control-allow-credentials", "true"),
    ("access-control-allow-methods", "PATCH"),
    ("access-control-allow-headers", "x-inner"),
    ("access-control-expose-headers", "x-inner"),
    ("access-control-max-age", "1"),
    ("access-control-allow-private-network", "true"),
];

#[test]
fn a1_any_origin_is_a_constant_on_every_response_and_varies_on_nothing() {
    let policy = built(Policy::builder().allow_any_origin().expose_headers([ETAG]));
    for request in [
        request(Method::GET, &[]),
        get(APP),
        get("null"),
        request(Method::POST, &[(ORIGIN, EVIL)]),
    ] {
        let answer = send(policy.clone(), request);
        assert_eq!(
            answer.cors_headers(),
            [
                "access-control-allow-origin",
                "access-control-expose-headers"
            ]
        );
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-expose-headers"), Some("etag"));
        assert_eq!(answer.vary(), [""; 0]);
    }
}

#[test]
fn a2_every_response_of_another_policy_varies_on_origin() {
    for policy in [
        app_only(),
        Policy::builder().allow_origins_where(|_| false),
        Policy::builder().allow_null_origin(true),
        Policy::builder().allow_origins(["https://*.example.com"]),
    ] {
        let policy = built(policy);
        for request in [
            request(Method::GET, &[]),
            get(APP),
            get(EVIL),
            get("null"),
            get("nonsense"),
        ] {
            assert_eq!(send(policy.clone(), request).vary(), ["origin"]);
        }
    }
}

#[test]
fn a2_vary_is_merged_into_what_the_application_set() {
    let layer = CorsLayer::new(built(app_only()));
    for (inner, merged) in [
        (vec!["Accept-Encoding"], vec!["Accept-Encoding, Origin"]),
        (vec!["accept-encoding"], vec!["accept-encoding, Origin"]),
        (vec!["Cookie"], vec!["Cookie, Origin"]),
        (
            vec!["Accept-Encoding, Cookie"],
            vec!["Accept-Encoding, Cookie, Origin"],
        ),
        (
            vec!["Accept-Encoding", "Cookie"],
            vec!["Accept-Encoding, Cookie, Origin"],
        ),
        (vec![""], vec!["Origin"]),
        (vec!["Origin"], vec!["Origin"]),
        (vec!["oRiGiN, Accept"], vec!["oRiGiN, Accept"]),
        // There are caches that read only the last line, or only the first.
        (vec!["Accept", " origin "], vec!["Accept, origin"]),
        (vec!["Origin", "", "Accept"], vec!["Origin, Accept"]),
        (vec!["*"], vec!["*"]),
        // There are caches that know it only where it stands alone.
        (vec!["Accept, *"], vec!["*"]),
        (vec!["Origin, *"], vec!["*"]),
        (vec!["Accept", "*", "Cookie"], vec!["*"]),
        (vec!["X-Origin"], vec!["X-Origin, Origin"]),
    ] {
        let headers: Vec<(&str, &str)> = inner.iter().map(|value| ("vary", *value)).collect();
        for request in [get(APP), get(EVIL), request(Method::GET, &[])] {
            let answer = send_through(&layer, &headers, request);
            let lines: Vec<&str> = answer
                .headers
                .get_all("vary")
                .iter()
                .map(|line| line.to_str().unwrap().trim())
                .collect();
            assert_eq!(lines, merged, "{inner:?}");
        }
    }
}

#[test]
fn a2_a_separator_at_any_place_in_an_origin_of_any_length_is_noticed() {
    let layer = CorsLayer::new(built(app_only()));
    let vary = |origin: &str| {
        let answer = send_through(&layer, &[], request(Method::GET, &[(ORIGIN, origin)]));
        answer.vary().join(";")
    };
    for length in 1..50 {
        let origin = "a".repeat(length);
        assert_eq!(vary(&origin), "origin", "{length}");
        for place in 0..length {
            for separator in [",", " ", "\t"] {
                let mut origin = origin.clone();
                origin.replace_range(place..=place, separator);
                assert_eq!(vary(&origin), "*", "{origin:?}");
            }
        }
    }
}

#[test]
fn a2_what_is_answered_to_an_origin_that_caches_take_for_another_is_kept_for_none() {
    let layer = CorsLayer::new(built(app_only()));
    let ours_and_everyone = CorsLayer::new([built(app_only()), built(PolicyBuilder::public())]);
    let blocks = layer.clone().enforce(Enforcement::Block);
    let long = format!("https://{}.example", "x".repeat(8192));
    let with_comma = format!("{APP},");
    let spaced = format!("{APP} ,");
    let lists: [&[&str]; 6] = [
        &[APP, EVIL],
        &[EVIL, APP],
        &[""],
        &[&with_comma],
        &[&spaced],
        &[&long],
    ];
    for lines in lists {
        for layer in [&layer, &ours_and_everyone, &blocks] {
            let asked = || lines.iter().map(|line| (ORIGIN, *line)).collect::<Vec<_>>();
            let answer = send_through(layer, &[("vary", "Accept")], request(Method::GET, &asked()));
            assert_eq!(answer.vary(), ["*"], "{lines:?}");
            let mut preflight = asked();
            preflight.push((ACCESS_CONTROL_REQUEST_METHOD, "PUT"));
            let answer = send_through(layer, &[], request(Method::OPTIONS, &preflight));
            assert_eq!(answer.vary(), ["*"], "{lines:?}");
        }
    }
    // What is the same for every origin is kept for every origin.
    let any = CorsLayer::new(built(PolicyBuilder::public()));
    let answer = send_through(
        &any,
        &[],
        request(Method::GET, &[(ORIGIN, ""), (ORIGIN, APP)]),
    );
    assert_eq!(answer.vary(), [""; 0]);
}

#[test]
fn a2_what_is_answered_to_an_origin_is_kept_for_it_up_to_the_longest() {
    let longest = format!("{}://{}.:65535", "x".repeat(63), "a".repeat(253));
    let longer = format!("x{longest}");
    for (origin, vary) in [(&longest, "origin"), (&longer, "*")] {
        let answer = send(built(app_only()), get(origin));
        assert_eq!(answer.vary(), [vary], "{} bytes", origin.len());
    }
}

#[test]
fn a2_an_any_origin_policy_leaves_the_applications_vary_alone() {
    let layer = CorsLayer::new(built(PolicyBuilder::public()));
    let answer = send_through(&layer, &[("vary", "Accept"), ("vary", "Accept")], get(APP));
    assert_eq!(answer.vary(), ["accept", "accept"]);
}

#[test]
fn a3_an_allowed_origin_gets_its_own_value_and_what_is_configured() {
    let policy = built(
        app_only()
            .allow_credentials(true)
            .expose_headers([ETAG, HeaderName::from_static("x-total")]),
    );
    let answer = send(policy, get(APP));
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true")
    );
    assert_eq!(
        answer.header("access-control-expose-headers"),
        Some("etag,x-total")
    );
    assert_eq!(answer.cors_headers().len(), 3);

    let answer = send(built(app_only()), get(APP));
    assert_eq!(answer.cors_headers(), ["access-control-allow-origin"]);
}

#[test]
fn a3_any_exposed_header_is_a_wildcard() {
    let answer = send(built(app_only().expose_any_header()), get(APP));
    assert_eq!(answer.header("access-control-expose-headers"), Some("*"));
}

#[test]
fn a3_an_origin_of_a_pattern_a_predicate_or_null_gets_its_own_value() {
    let policy = built(
        Policy::builder()
            .allow_origins(["https://*.example.com", "http://localhost:*"])
            .allow_origins_where(|origin| origin.host() == Some("known.example"))
            .allow_null_origin(true),
    );
    for origin in [
        "https://a.b.example.com",
        "http://localhost:3000",
        "http://localhost",
        "https://known.example",
        "null",
    ] {
        let answer = send(policy.clone(), get(origin));
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
    }
}

#[test]
fn a4_cors_headers_of_the_application_are_replaced_when_allowed() {
    let answer = send_through(
        &CorsLayer::new(built(app_only())),
        &CORS_OF_AN_APP,
        get(APP),
    );
    assert_eq!(answer.cors_headers(), ["access-control-allow-origin"]);
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
}

#[test]
fn a4_cors_headers_of_the_application_are_removed_when_rejected_or_not_cors() {
    let layer = CorsLayer::new(built(app_only().allow_credentials(true)));
    for request in [
        get(EVIL),
        get("null"),
        get("nonsense"),
        request(Method::GET, &[]),
    ] {
        let answer = send_through(&layer, &CORS_OF_AN_APP, request);
        assert_eq!(answer.cors_headers(), [""; 0]);
    }
}

#[test]
fn a4_other_headers_of_the_application_stay() {
    let inner = [
        ("content-type", "text/plain"),
        ("x-access-control-ish", "1"),
        ("set-cookie", "a"),
        ("set-cookie", "b"),
    ];
    let answer = send_through(&CorsLayer::new(built(app_only())), &inner, get(APP));
    assert_eq!(answer.headers.len(), inner.len() + 2);
    assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 2);
}

#[test]
fn a4_with_two_layers_the_outer_ones_word_stands() {
    let other = "https://other.example";
    let inner = CorsLayer::new(built(
        Policy::builder()
            .allow_origins([APP, other])
            .allow_methods([Method::PUT])
            .expose_headers([ETAG])
            .allow_credentials(true),
    ));
    let outer = CorsLayer::new(built(app_only().allow_methods([Method::DELETE])));
    let send = |request: Request<()>| {
        let app = service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new("served"))));
        outer
            .layer(inner.layer(app))
            .call(request)
            .now_or_never()
            .unwrap()
            .unwrap()
    };
    let names = |response: &Response<&'static str>| {
        let mut names: Vec<String> = response
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {value:?}"))
            .collect();
        names.sort();
        names
    };
    assert_eq!(
        names(&send(get(APP))),
        [
            r#"access-control-allow-origin: "https://app.example.com""#,
            r#"vary: "Origin""#
        ]
    );
    assert_eq!(names(&send(get(other))), [r#"vary: "Origin""#]);
    assert_eq!(
        names(&send(preflight(APP, "PUT", ""))),
        [
            r#"access-control-allow-methods: "DELETE""#,
            r#"access-control-allow-origin: "https://app.example.com""#,
            r#"vary: "Origin""#,
        ]
    );
    assert_eq!(send(preflight(other, "PUT", "")).status(), 403);
}

#[test]
fn a5_the_service_runs_whatever_the_decision_with_its_status_and_body() {
    for status in [200, 204, 304, 401, 404, 405, 500] {
        for origin in [APP, EVIL, "null", "nonsense"] {
            let app = service_fn(|request: Request<&'static str>| {
                assert_eq!(*request.body(), "sent");
                let mut response = Response::new("served");
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                ready(Ok::<_, Infallible>(response))
            });
            let request = get(origin).map(|()| "sent");
            let response = CorsLayer::new(built(app_only()))
                .layer(app)
                .call(request)
                .now_or_never()
                .unwrap()
                .unwrap();
            assert_eq!(response.status(), status);
            assert_eq!(*response.body(), "served");
            assert_eq!(
                response
                    .headers()
                    .contains_key("access-control-allow-origin"),
                origin == APP
            );
        }
    }
}

#[test]
fn a5_an_error_of_the_service_is_passed_on() {
    let app = service_fn(|_: Request<()>| ready(Err::<Response<()>, _>("broken")));
    let result = CorsLayer::new(built(app_only()))
        .layer(app)
        .call(get(APP))
        .now_or_never()
        .unwrap();
    assert_eq!(result.unwrap_err(), "broken");
}

#[test]
fn timing_is_allowed_to_allowed_origins_only() {
    let policy = built(app_only().allow_timing(true));
    assert_eq!(
        send(policy.clone(), get(APP)).header("timing-allow-origin"),
        Some(APP)
    );
    assert_eq!(
        send(policy.clone(), get(EVIL)).header("timing-allow-origin"),
        None
    );
    assert_eq!(
        send(policy, preflight(APP, "PUT", "")).header("timing-allow-origin"),
        None
    );
    let public = built(PolicyBuilder::public().allow_timing(true));
    assert_eq!(
        send(public, get(EVIL)).header("timing-allow-origin"),
        Some("*")
    );
    assert_eq!(
        send(built(app_only()), get(APP)).header("timing-allow-origin"),
        None
    );
}

#[test]
fn the_first_policy_that_allows_the_origin_answers() {
    let ours = built(
        app_only()
            .allow_credentials(true)
            .allow_methods([Method::PUT]),
    );
    let everyone = built(Policy::builder().allow_any_origin());
    let both = [ours, everyone];

    let answer = send(both.clone(), get(APP));
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true")
    );
    assert_eq!(answer.vary(), ["origin"]);

    for origin in [EVIL, "null", "nonsense"] {
        let answer = send(both.clone(), get(origin));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        assert_eq!(
            answer.vary(),
            ["origin"],
            "one origin's answer must not be cached for another"
        );
    }
    assert_eq!(
        send(both.clone(), request(Method::GET, &[])).vary(),
        ["origin"]
    );

    let answer = send(both.clone(), preflight(APP, "PUT", ""));
    assert_eq!(answer.header("access-control-allow-methods"), Some("PUT"));
    let answer = send(both, preflight(EVIL, "PUT", ""));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-methods"), None);
    assert_eq!(answer.vary(), ["origin"]);
}

#[test]
fn one_policy_in_a_list_is_that_policy() {
    let answer = send([built(PolicyBuilder::public())], request(Method::GET, &[]));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.vary(), [""; 0]);
}
