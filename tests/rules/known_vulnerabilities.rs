//! Flaws that CORS libraries have had, and that this one must not: each test names the advisory or the issue.

use http::header::{AUTHORIZATION, ORIGIN};
use http::{HeaderName, HeaderValue, Method};
use tower_cors::{Origin, OriginPattern, Policy, PolicyBuilder};

use crate::support::{APP, EVIL, app_only, built, get, preflight, request, send, send_through};

fn allows(patterns: &[&str], origin: &str) -> bool {
    let policy = built(
        Policy::builder()
            .allow_origins(patterns)
            .allow_credentials(true),
    );
    let answer = send(policy, get(origin));
    answer.header("access-control-allow-origin").is_some()
}

/// CVE-2018-20744, CVE-2024-25124, CVE-2026-54290, CVE-2017-20146, echo#2400, starlette#3246: any origin, reflected.
#[test]
fn any_origin_is_never_reflected_and_never_with_credentials() {
    assert!(
        Policy::builder()
            .allow_any_origin()
            .allow_credentials(true)
            .build()
            .is_err()
    );
    let answer = send(built(PolicyBuilder::public()), get(EVIL));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
}

/// GHSA-qxrj-hx23-xp82 (@koa/cors): the default reflects.
#[test]
fn nothing_is_allowed_by_default() {
    assert!(Policy::builder().build().is_err());
}

/// rs/cors#197: wildcards inside a label or at the end.
#[test]
fn a_wildcard_elsewhere_than_a_whole_leading_label_or_the_port_is_an_error() {
    let patterns = [
        "h*",
        "https://*",
        "https://*example.com",
        "https://example.*",
        "https://a.*.com",
        "*example.com",
        "https://example.com:8*",
    ];
    for pattern in patterns {
        assert!(pattern.parse::<OriginPattern>().is_err(), "{pattern}");
    }
}

/// GHSA-vhxv-fg4m-p2w8 (jub0bs/cors), GHSA-v84h-653v-4pq9 (fcors): two origins that share a suffix merge.
#[test]
fn two_listed_origins_do_not_combine_to_a_third() {
    for origin in [
        "https://barfoo.com",
        "https://foobar.com",
        "https://oo.com",
        "https://bar.foo.com",
    ] {
        assert!(
            !allows(&["https://foo.com", "https://bar.com"], origin),
            "{origin}"
        );
    }
}

/// CVE-2019-25211 (gin-contrib/cors): a trailing wildcard cuts one character too many.
#[test]
fn a_port_wildcard_ends_the_host() {
    for origin in [
        "http://localhost.example.com",
        "http://localhost.example.com:3000",
        "http://localhos",
        "http://localhostx:1",
    ] {
        assert!(!allows(&["http://localhost:*"], origin), "{origin}");
    }
    assert!("https://example.com/*".parse::<OriginPattern>().is_err());
}

/// GHSA-p8f7-22gq-m7j9 (Phoenix): a wildcard without a dot boundary.
#[test]
fn a_subdomain_wildcard_ends_at_a_dot() {
    for origin in [
        "https://evilexample.com",
        "https://evil-example.com",
        "https://example.com",
        "https://x.evilexample.com",
    ] {
        assert!(!allows(&["https://*.example.com"], origin), "{origin}");
    }
}

/// CVE-2026-37737 (sanic-cors), starlette#801, CVE-2017-11173 (rack-cors): unanchored expressions.
#[test]
fn an_origin_is_matched_to_its_end() {
    for origin in [
        "https://app.example.com.attacker.io",
        "https://app.example.com:8443",
        "https://app.example.comx",
    ] {
        assert!(!allows(&[APP], origin), "{origin}");
    }
}

/// istio#59026, and jub0bs/cors v1.0.2, poem 3.1.12: paths, user names, control characters under a wildcard.
#[test]
fn a_wildcard_stands_for_labels_and_nothing_else() {
    for origin in [
        "https://evil.com/.example.com",
        "https://evil.com?.example.com",
        "https://evil.com#.example.com",
        "https://user@x.example.com",
        "https://a b.example.com",
        "https://a\t.example.com",
        "https://[example.com]",
        "https://evil.com:80/.example.com",
        "https://%65vil.example.com",
        "https://*.example.com",
    ] {
        assert!(
            !allows(&["https://*.example.com", "https://example.com"], origin),
            "{origin}"
        );
    }
    let mut raw = get(APP);
    raw.headers_mut().insert(
        ORIGIN,
        HeaderValue::from_bytes(b"https://\xff.example.com").unwrap(),
    );
    let policy = built(Policy::builder().allow_origins(["https://*.example.com"]));
    assert_eq!(send(policy, raw).cors_headers(), [""; 0]);
}

/// jub0bs/cors v1.0.2, tower-http, actix-cors, poem, warp, salvo: the first of two `Origin` lines wins.
#[test]
fn two_origin_lines_allow_nothing() {
    let answer = send(
        built(app_only()),
        request(Method::GET, &[(ORIGIN, APP), (ORIGIN, EVIL)]),
    );
    assert_eq!(answer.cors_headers(), [""; 0]);
}

/// django-cors-headers#259: a list without schemes trusts `http`.
#[test]
fn a_listed_origin_has_a_scheme_and_no_other_is_allowed() {
    assert!("app.example.com".parse::<OriginPattern>().is_err());
    assert!(!allows(&[APP], "http://app.example.com"));
    assert!(!allows(
        &["https://*.example.com"],
        "http://app.example.com"
    ));
}

/// django-cors-headers#701: a malformed origin is an exception, and the answer 500.
#[test]
fn a_malformed_origin_is_rejected_and_the_service_answers() {
    for origin in [
        "https://example.com].evil.com",
        "https://[",
        "https://[]",
        "https://]",
        "[",
        ":",
        "://",
        "https://[::1]]",
    ] {
        let answer = send(built(app_only()), get(origin));
        assert_eq!(
            (answer.status.as_u16(), answer.body),
            (200, "served"),
            "{origin}"
        );
        assert_eq!(answer.cors_headers(), [""; 0], "{origin}");
    }
}

/// CVE-2019-9580 (StackStorm): `Access-Control-Allow-Origin: null` for whom is rejected.
#[test]
fn a_rejected_origin_is_not_answered_with_null() {
    for origin in [EVIL, "null"] {
        assert_eq!(send(built(app_only()), get(origin)).cors_headers(), [""; 0]);
    }
}

/// GO-2024-2883 (rs/cors), go-chi/cors#36: memory in proportion to the commas of a request.
#[test]
fn commas_are_not_split_into_an_answer() {
    let commas = ",".repeat(1 << 20);
    let lists = built(app_only().allow_headers([AUTHORIZATION]));
    assert_eq!(
        send(lists, preflight(APP, "PUT", &commas)).header("access-control-allow-headers"),
        Some("authorization")
    );
    let mirror = built(app_only().allow_any_header().allow_credentials(true));
    assert_eq!(send(mirror, preflight(APP, "PUT", &commas)).status, 403);
}

/// rs/cors#198, jub0bs/cors#14, middy#1263: header values shared between responses and changed by a handler.
#[test]
fn a_changed_response_changes_no_other() {
    let policy = built(app_only().allow_methods([Method::PUT]));
    let mut first = send(policy.clone(), preflight(APP, "PUT", ""));
    first.headers.insert(
        "access-control-allow-methods",
        HeaderValue::from_static("EVERYTHING"),
    );
    first.headers.remove("vary");
    let second = send(policy, preflight(APP, "PUT", ""));
    assert_eq!(second.header("access-control-allow-methods"), Some("PUT"));
    assert_eq!(second.header("vary"), Some("Origin"));
}

/// GHSA-q7jf-gf43-6x6p (hono): the request's `Vary` is copied to the response.
#[test]
fn a_requests_headers_do_not_come_back() {
    let headers = [
        (ORIGIN, APP),
        (HeaderName::from_static("vary"), "X"),
        (HeaderName::from_static("set-cookie"), "a=b"),
    ];
    let answer = send(built(app_only()), request(Method::GET, &headers));
    assert_eq!(answer.header("vary"), Some("Origin"));
    let mut asked = preflight(APP, "PUT", "");
    asked
        .headers_mut()
        .extend(request(Method::GET, &headers[1..]).headers().clone());
    let answer = send(built(app_only()), asked);
    assert_eq!(answer.header("vary"), Some("Origin"));
    assert_eq!(answer.header("set-cookie"), None);
}

/// hono#2932, salvo-cors 0.84: the application's `Vary` is overwritten. warp 0.4: none at all.
#[test]
fn the_applications_vary_survives_and_ours_is_there() {
    let layer = tower_cors::CorsLayer::new(built(app_only()));
    assert_eq!(
        send_through(&layer, &[("vary", "Accept")], get(APP)).header("vary"),
        Some("Accept, Origin")
    );
}

/// xsleaks#103: a cached answer of another origin tells where a user has been.
#[test]
fn an_answer_for_one_origin_is_never_the_one_for_another() {
    let policy = built(Policy::builder().allow_origins([APP, "https://other.example.com"]));
    for origin in [APP, "https://other.example.com", EVIL] {
        assert_eq!(send(policy.clone(), get(origin)).vary(), ["origin"]);
    }
}

/// CVE-2024-6221 (flask-cors): private networks allowed by default.
#[test]
fn private_networks_are_not_allowed_by_default() {
    let mut asked = preflight(APP, "PUT", "");
    asked.headers_mut().insert(
        "access-control-request-private-network",
        HeaderValue::from_static("true"),
    );
    let answer = send(built(app_only()), asked);
    assert_eq!(answer.header("access-control-allow-private-network"), None);
}

/// CVE-2024-1681 (flask-cors): a log line written by a client.
#[test]
fn what_a_client_sent_is_escaped_where_it_is_shown() {
    let mut asked = get(APP);
    asked.headers_mut().insert(
        ORIGIN,
        HeaderValue::from_bytes(b"https://a\t\x80\xe2\x80\xae").unwrap(),
    );
    let sentence = built(app_only())
        .explain(&Method::GET, asked.headers())
        .to_string();
    assert!(
        sentence.is_ascii() && !sentence.contains('\t'),
        "{sentence}"
    );
}

/// CVE-2023-35943 (Envoy): an inner filter removes `Origin` and the response phase reads it again.
#[test]
fn the_decision_does_not_depend_on_what_the_service_does_to_the_request() {
    // The service is given the request whole; what is granted was decided before.
    let answer = send(built(app_only()), get(APP));
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
}

/// gofr#3971: configured headers overwrite what was negotiated; here there is nothing to write them with, and a
/// service's own are replaced.
#[test]
fn a_services_allow_origin_does_not_overwrite_ours() {
    let layer = tower_cors::CorsLayer::new(built(app_only()));
    let answer = send_through(&layer, &[("access-control-allow-origin", EVIL)], get(APP));
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
}

/// jub0bs/cors#12 and #15: legitimate requests rejected, by a search that lost its way.
#[test]
fn every_listed_origin_and_header_is_allowed() {
    let names = [
        "x-csrf-token",
        "x-request-id",
        "x-custom-header",
        "authorization",
        "content-type",
        "x-a",
        "x-b",
    ];
    let policy = built(app_only().allow_headers(names.map(HeaderName::from_static)));
    for subset in 1_u32..1 << names.len() {
        let mut asked: Vec<&str> = (0..names.len())
            .filter(|bit| subset & (1 << bit) != 0)
            .map(|bit| names[bit])
            .collect();
        asked.sort_unstable();
        let asked = preflight(APP, "POST", &asked.join(","));
        assert_eq!(
            policy.explain(&Method::OPTIONS, asked.headers()).code(),
            "allowed"
        );
    }
    let origins: Vec<String> = (0..500)
        .map(|number| format!("https://{}.{number}.example", "ab".repeat(number % 7 + 1)))
        .collect();
    let policy = built(Policy::builder().allow_origins(&origins));
    for origin in &origins {
        assert!(
            policy
                .decide(&Method::GET, get(origin).headers())
                .is_allowed(),
            "{origin}"
        );
    }
}

/// tower-http#674 and others: a preflight without requested headers, rejected by jub0bs/cors v1.0.2.
#[test]
fn a_post_preflight_without_requested_headers_is_answered() {
    assert_eq!(
        send(built(app_only()), preflight(APP, "POST", "")).status,
        204
    );
}

/// What equals an origin to a careless parser is none.
#[test]
fn one_origin_has_one_spelling() {
    for text in [
        "https://app.example.com:443",
        "HTTPS://app.example.com",
        "https://app.example.com/",
    ] {
        assert!(text.parse::<Origin>().is_err(), "{text}");
        assert!(!allows(&[APP], text), "{text}");
    }
    // With a dot, it is another origin to browsers too.
    assert!(!allows(&[APP], "https://app.example.com."));
}
