//! P1 to P10: what preflights are answered.

use std::time::Duration;

use http::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_TYPE,
    ETAG, ORIGIN,
};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use tower_cors::{CorsLayer, Decision, Policy, PolicyBuilder, PolicyError, Rejection};

use crate::support::{APP, Answer, EVIL, app_only, built, preflight, request, send, send_through};

const PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");

fn lists() -> Policy {
    built(
        app_only()
            .allow_methods([Method::PUT, Method::DELETE, Method::PUT])
            .allow_headers([AUTHORIZATION, CONTENT_TYPE, AUTHORIZATION])
            .expose_headers([ETAG])
            .allow_credentials(true)
            .max_age(Duration::from_secs(600)),
    )
}

fn mirror() -> Policy {
    built(
        app_only()
            .allow_any_method()
            .allow_any_header()
            .allow_credentials(true),
    )
}

#[test]
fn p1_a_preflight_does_not_reach_the_service() {
    for origin in [APP, EVIL, "null", "nonsense"] {
        for policy in [lists(), mirror(), built(PolicyBuilder::public())] {
            assert!(!send(policy, preflight(origin, "PUT", "x-a")).reached_the_service);
        }
    }
}

#[test]
fn p2_an_allowed_origin_is_answered_with_the_whole_lists() {
    let answer = send(lists(), preflight(APP, "PUT", "content-type"));
    assert_eq!(answer.status, 204);
    assert_eq!(answer.body, "");
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true")
    );
    assert_eq!(
        answer.header("access-control-allow-methods"),
        Some("PUT,DELETE")
    );
    assert_eq!(
        answer.header("access-control-allow-headers"),
        Some("authorization,content-type")
    );
    assert_eq!(answer.header("access-control-max-age"), Some("600"));
    assert_eq!(answer.headers.len(), 6, "{:?}", answer.headers);
}

#[test]
fn p2_the_answer_is_a_constant_whatever_the_client_sent() {
    let constant = send(lists(), preflight(APP, "PUT", "content-type"));
    let commas = ",".repeat(8192);
    for asked in [
        preflight(APP, "PATCH", "x-not-allowed"),
        preflight(APP, "GET", ""),
        preflight(APP, "p u t", "\"nonsense"),
        preflight(APP, "PUT", &commas),
        request(
            Method::OPTIONS,
            &[
                (ORIGIN, APP),
                (ACCESS_CONTROL_REQUEST_METHOD, ""),
                (HeaderName::from_static("cookie"), "a=b"),
            ],
        ),
    ] {
        let answer = send(lists(), asked);
        assert_eq!(answer.status, constant.status);
        assert_eq!(answer.headers, constant.headers);
    }
}

#[test]
fn p2_nothing_is_listed_where_nothing_is_allowed() {
    let answer = send(built(app_only()), preflight(APP, "PUT", ""));
    assert_eq!(answer.status, 204);
    assert_eq!(answer.cors_headers(), ["access-control-allow-origin"]);
}

#[test]
fn p2_the_status_is_configurable() {
    let policy = built(app_only().preflight_status(StatusCode::OK));
    assert_eq!(send(policy, preflight(APP, "PUT", "")).status, 200);
}

#[test]
fn p2_a_max_age_of_zero_is_sent_and_none_is_not() {
    let answer = |policy| send(built(policy), preflight(APP, "PUT", ""));
    let zero = answer(app_only().max_age(Duration::ZERO));
    assert_eq!(zero.header("access-control-max-age"), Some("0"));
    let part = answer(app_only().max_age(Duration::from_millis(1999)));
    assert_eq!(part.header("access-control-max-age"), Some("1"));
    let day = answer(app_only().max_age(Duration::from_secs(86_400)));
    assert_eq!(day.header("access-control-max-age"), Some("86400"));
    assert_eq!(answer(app_only()).header("access-control-max-age"), None);
}

#[test]
fn p3_a_rejected_origin_gets_403_and_no_cors_header() {
    for policy in [lists(), mirror()] {
        for origin in [EVIL, "null", "nonsense", ""] {
            let answer = send(policy.clone(), preflight(origin, "PUT", "content-type"));
            assert_eq!(answer.status, 403, "{origin}");
            let vary = if origin.is_empty() { "*" } else { "Origin" };
            assert_eq!(answer.header("vary"), Some(vary));
            assert_eq!(answer.headers.len(), 1, "{:?}", answer.headers);
            assert_eq!(answer.body, "");
        }
    }
}

#[test]
fn p4_any_method_and_header_without_credentials_are_wildcards_and_authorization() {
    for origins in [app_only(), Policy::builder().allow_any_origin()] {
        let policy = built(origins.allow_any_method().allow_any_header());
        let answer = send(policy, preflight(APP, "PUT", "authorization,x-a"));
        assert_eq!(answer.header("access-control-allow-methods"), Some("*"));
        assert_eq!(
            answer.header("access-control-allow-headers"),
            Some("*, authorization")
        );
    }
}

#[test]
fn p4_any_method_and_header_with_credentials_mirror_what_was_asked() {
    let answer = send(mirror(), preflight(APP, "patch", "authorization,x-a"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("patch"));
    assert_eq!(
        answer.header("access-control-allow-headers"),
        Some("authorization,x-a")
    );
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true")
    );

    let answer = send(mirror(), preflight(APP, "POST", ""));
    assert_eq!(answer.header("access-control-allow-methods"), Some("POST"));
    assert_eq!(answer.header("access-control-allow-headers"), None);
}

#[test]
fn p4_what_is_no_token_is_not_mirrored() {
    for (method, headers, rejection) in [
        ("p u t", "x-a", Rejection::RequestMethodMalformed),
        ("", "x-a", Rejection::RequestMethodMalformed),
        ("*", "x-a", Rejection::RequestMethodMalformed),
        ("PUT, POST", "x-a", Rejection::RequestMethodMalformed),
        ("PUT", "x a", Rejection::RequestHeadersMalformed),
        ("PUT", "x-a, \"x-b\"", Rejection::RequestHeadersMalformed),
        ("PUT", "*", Rejection::RequestHeadersMalformed),
        ("PUT", "x-a,*", Rejection::RequestHeadersMalformed),
        ("PUT", "x-a;x-b", Rejection::RequestHeadersMalformed),
    ] {
        let asked = preflight(APP, method, headers);
        assert_eq!(
            mirror().decide(&Method::OPTIONS, asked.headers()),
            Decision::Rejected(rejection),
            "{method}, {headers}"
        );
        let answer = send(mirror(), asked);
        assert_eq!(answer.status, 403);
        assert_eq!(answer.cors_headers(), [""; 0]);
    }
}

#[test]
fn p4_two_requested_methods_are_rejected_where_the_method_is_mirrored() {
    let mut asked = preflight(APP, "PUT", "");
    asked.headers_mut().append(
        ACCESS_CONTROL_REQUEST_METHOD,
        HeaderValue::from_static("PUT"),
    );
    assert_eq!(send(mirror(), asked).status, 403);
}

#[test]
fn p4_at_most_4_kib_are_mirrored_over_all_lines() {
    let name = |length: usize| "x".repeat(length);
    for (lines, allowed) in [
        (vec![name(4096)], true),
        (vec![name(4097)], false),
        (vec![name(2000), name(2095)], true),
        (vec![name(2000), name(2096)], false),
        (vec![String::new(); 4097], true),
        (vec![String::new(); 5000], false),
        (vec![",".repeat(4096)], true),
        (vec![",".repeat(4097)], false),
    ] {
        let mut asked = preflight(APP, "PUT", "");
        for line in &lines {
            asked
                .headers_mut()
                .append(ACCESS_CONTROL_REQUEST_HEADERS, line.parse().unwrap());
        }
        let expected = if allowed {
            Decision::Allowed
        } else {
            Decision::Rejected(Rejection::RequestHeadersTooLong)
        };
        let shape = (lines.len(), lines[0].len());
        assert_eq!(
            mirror().decide(&Method::OPTIONS, asked.headers()),
            expected,
            "{shape:?}"
        );
    }
}

#[test]
fn p5_vary_names_exactly_what_the_answer_depends_on() {
    let (origin, method, headers, network) = (
        "origin",
        "access-control-request-method",
        "access-control-request-headers",
        "access-control-request-private-network",
    );
    let mirror_methods = app_only().allow_any_method().allow_credentials(true);
    let mirror_headers = app_only().allow_any_header().allow_credentials(true);
    let mirror_both = mirror_methods.clone().allow_any_header();
    for (policy, varies_on) in [
        (PolicyBuilder::public(), vec![]),
        (
            PolicyBuilder::public().allow_private_network(true),
            vec![network],
        ),
        (app_only(), vec![origin]),
        (
            app_only().allow_any_method().allow_any_header(),
            vec![origin],
        ),
        (
            app_only().allow_private_network(true),
            vec![network, origin],
        ),
        (mirror_methods, vec![method, origin]),
        (mirror_headers, vec![headers, origin]),
        (app_only().allow_mcp_parameters(true), vec![headers, origin]),
        (mirror_both.clone(), vec![headers, method, origin]),
        (
            mirror_both.allow_private_network(true),
            vec![headers, method, network, origin],
        ),
    ] {
        assert_eq!(
            send(built(policy), preflight(APP, "PUT", "x-a")).vary(),
            varies_on
        );
    }
}

#[test]
fn p5_a_rejection_of_what_is_mirrored_varies_on_it() {
    let answer = send(mirror(), preflight(APP, "PUT", "x a"));
    assert_eq!(
        answer.vary(),
        [
            "access-control-request-headers",
            "access-control-request-method",
            "origin"
        ]
    );
}

#[test]
fn p6_requested_headers_may_come_in_lines_with_spaces_empty_elements_and_repetitions() {
    for (lines, mirrored) in [
        (vec!["x-a,x-b"], Some("x-a,x-b")),
        (vec!["x-a,x-a"], Some("x-a,x-a")),
        (vec!["x-a", "x-b"], Some("x-a,x-b")),
        (vec![" x-a , x-b\t"], Some("x-a,x-b")),
        (vec![",x-a,,x-b,"], Some("x-a,x-b")),
        (vec!["", "x-a", ""], Some("x-a")),
        (vec![""], None),
        (vec![", ,", " "], None),
        (vec!["X-A"], Some("X-A")),
    ] {
        let mut asked = preflight(APP, "PUT", "");
        for line in &lines {
            asked
                .headers_mut()
                .append(ACCESS_CONTROL_REQUEST_HEADERS, line.parse().unwrap());
        }
        let explained = lists_of_two().explain(&Method::OPTIONS, asked.headers());
        assert_eq!(explained.code(), "allowed", "{lines:?}: {explained}");
        let answer = send(mirror(), asked);
        assert_eq!(answer.status, 204, "{lines:?}");
        assert_eq!(
            answer.header("access-control-allow-headers"),
            mirrored,
            "{lines:?}"
        );
    }
}

fn lists_of_two() -> Policy {
    let names = ["x-a", "x-b"].map(HeaderName::from_static);
    built(app_only().allow_methods([Method::PUT]).allow_headers(names))
}

#[test]
fn p6_a_post_without_requested_headers_is_a_legitimate_preflight() {
    for policy in [
        built(app_only()),
        lists(),
        mirror(),
        built(PolicyBuilder::public()),
    ] {
        let asked = preflight(APP, "POST", "");
        assert_eq!(
            policy.explain(&Method::OPTIONS, asked.headers()).code(),
            "allowed"
        );
        assert_eq!(send(policy, asked).status, 204);
    }
}

#[test]
fn p6_methods_are_case_sensitive() {
    let policy = built(app_only().allow_methods([Method::PATCH]));
    for (method, code) in [
        ("PATCH", "allowed"),
        ("patch", "method-not-allowed"),
        ("Patch", "method-not-allowed"),
    ] {
        let asked = preflight(APP, method, "");
        assert_eq!(
            policy.explain(&Method::OPTIONS, asked.headers()).code(),
            code,
            "{method}"
        );
        assert_eq!(
            send(policy.clone(), asked).header("access-control-allow-methods"),
            Some("PATCH")
        );
    }
}

#[test]
fn p7_get_head_and_post_need_no_permission() {
    let policy = built(
        app_only()
            .allow_methods([Method::PUT])
            .allow_headers([CONTENT_TYPE]),
    );
    for method in ["GET", "HEAD", "POST"] {
        let asked = preflight(APP, method, "content-type");
        assert_eq!(
            policy.explain(&Method::OPTIONS, asked.headers()).code(),
            "allowed",
            "{method}"
        );
    }
    for method in ["DELETE", "get", "Post"] {
        let asked = preflight(APP, method, "content-type");
        assert_eq!(
            policy.explain(&Method::OPTIONS, asked.headers()).code(),
            "method-not-allowed",
            "{method}"
        );
    }
}

#[test]
fn p8_no_policy_with_credentials_sends_a_wildcard() {
    let any = app_only().allow_any_method().allow_any_header();
    for policy in [
        lists(),
        built(any.allow_credentials(true)),
        built(PolicyBuilder::localhost().allow_origins([APP])),
    ] {
        for asked in [
            preflight(APP, "PUT", "x-a"),
            preflight(APP, "*", "*"),
            preflight(APP, "PUT", "*"),
            crate::support::get(APP),
        ] {
            let answer = send(policy.clone(), asked);
            for (name, value) in &answer.headers {
                assert!(!value.as_bytes().contains(&b'*'), "{name}: {value:?}");
            }
        }
    }
}

#[test]
fn p8_no_header_of_ours_comes_twice() {
    let layer = CorsLayer::new(lists());
    let inner = [
        ("access-control-allow-origin", APP),
        ("access-control-allow-credentials", "true"),
    ];
    for asked in [preflight(APP, "PUT", "x-a"), crate::support::get(APP)] {
        let answer = send_through(&layer, &inner, asked);
        for name in answer.cors_headers() {
            assert!(answer.header(name).is_some());
        }
        assert_eq!(answer.headers.keys_len(), answer.headers.len());
    }
}

#[test]
fn p9_private_network_access_is_off_by_default_and_answered_only_when_asked() {
    let asks = |value: &str| {
        let mut asked = preflight(APP, "PUT", "");
        asked
            .headers_mut()
            .insert(PRIVATE_NETWORK, value.parse().unwrap());
        asked
    };
    let allowing = built(app_only().allow_private_network(true));
    let header = "access-control-allow-private-network";
    assert_eq!(send(built(app_only()), asks("true")).header(header), None);
    assert_eq!(
        send(allowing.clone(), asks("true")).header(header),
        Some("true")
    );
    assert_eq!(send(allowing.clone(), asks("yes")).header(header), None);
    assert_eq!(
        send(allowing.clone(), preflight(APP, "PUT", "")).header(header),
        None
    );
    let mut rejected = asks("true");
    rejected
        .headers_mut()
        .insert(ORIGIN, HeaderValue::from_static(EVIL));
    assert_eq!(send(allowing.clone(), rejected).header(header), None);
    assert_eq!(
        send(allowing, crate::support::get(APP)).header(header),
        None,
        "only on preflights"
    );
}

/// The headers that a policy of `authorization` and the parameters of MCP allows to a preflight that asks for `asked`.
fn allowed_beside_parameters(asked: &[&str]) -> Answer {
    let policy = app_only()
        .allow_header("authorization")
        .allow_mcp_parameters(true);
    let mut request = preflight(APP, "POST", "");
    for line in asked {
        let line = HeaderValue::from_str(line).unwrap();
        request
            .headers_mut()
            .append(ACCESS_CONTROL_REQUEST_HEADERS, line);
    }
    send(built(policy), request)
}

#[test]
fn p10_requested_parameters_of_mcp_are_allowed_and_no_other_header() {
    for (asked, allowed) in [
        (vec![], "authorization"),
        (vec!["x-a"], "authorization"),
        (vec!["mcp-param-region"], "authorization,mcp-param-region"),
        (
            vec!["mcp-param-a,mcp-param-b"],
            "authorization,mcp-param-a,mcp-param-b",
        ),
        (
            vec!["x-a, Mcp-Param-A ,", "mcp-param-!", "x-b"],
            "authorization,Mcp-Param-A,mcp-param-!",
        ),
        // Names that only look like them.
        (vec!["mcp-param-"], "authorization"),
        (vec!["mcp-param"], "authorization"),
        (vec!["x-mcp-param-a"], "authorization"),
        (vec!["mcp-params-a"], "authorization"),
        (vec!["mcp-method"], "authorization"),
        (vec!["*"], "authorization"),
        (vec!["x a"], "authorization"),
    ] {
        let answer = allowed_beside_parameters(&asked);
        assert_eq!(answer.status, 204, "{asked:?}");
        assert_eq!(
            answer.header("access-control-allow-headers"),
            Some(allowed),
            "{asked:?}"
        );
    }
    let alone = built(app_only().allow_mcp_parameters(true));
    let answer = send(alone.clone(), preflight(APP, "POST", "mcp-param-a"));
    assert_eq!(
        answer.header("access-control-allow-headers"),
        Some("mcp-param-a")
    );
    let answer = send(alone.clone(), preflight(APP, "POST", "x-a"));
    assert_eq!(answer.header("access-control-allow-headers"), None);
    let answer = send(alone, preflight(EVIL, "POST", "mcp-param-a"));
    assert_eq!(
        (answer.status, answer.cors_headers().len()),
        (403.try_into().unwrap(), 0)
    );
    let off = built(app_only());
    let answer = send(off, preflight(APP, "POST", "mcp-param-a"));
    assert_eq!(answer.header("access-control-allow-headers"), None);
}

#[test]
fn p10_parameters_that_are_no_tokens_or_longer_than_4_kib_are_rejected() {
    let long = |length: usize| format!("mcp-param-{}", "a".repeat(length - 10));
    for (asked, status) in [
        (vec!["mcp-param-a b".to_owned()], 403),
        (vec!["mcp-param-\"a\"".to_owned()], 403),
        (vec![long(4096)], 204),
        (vec![long(4097)], 403),
        (vec![long(2000), long(2095)], 204),
        (vec![long(2000), long(2096)], 403),
        (vec![long(11); 400], 403),
        // What is longer is not read, whatever it names.
        (vec!["x".repeat(5000), long(11)], 403),
        (vec!["x".repeat(5000)], 403),
    ] {
        let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
        let answer = allowed_beside_parameters(&asked);
        assert_eq!(answer.status, status, "{asked:?}");
        if status == 403 {
            assert_eq!(answer.cors_headers(), [""; 0]);
        }
    }
}

#[test]
fn p10_any_header_includes_the_parameters() {
    let any = PolicyBuilder::mcp().allow_any_header().allow_origin(APP);
    let any = built(any.hosts(["api.example.com"]));
    let mut asked = preflight(APP, "POST", "mcp-param-a");
    let host = http::HeaderValue::from_static("api.example.com");
    asked.headers_mut().insert(http::header::HOST, host);
    let answer = send(any, asked);
    let expected = Some("*, authorization");
    assert_eq!(answer.header("access-control-allow-headers"), expected);
    assert_eq!(answer.vary(), ["origin"]);
    let both = app_only().allow_any_header().allow_mcp_parameters(true);
    let mistakes: Vec<_> = both.build().unwrap_err().into_iter().collect();
    assert_eq!(mistakes, [PolicyError::McpParametersBesideAnyHeader]);
}
