//! Configuration errors: all at once, each naming the value and the fix.

use std::time::Duration;

use http::{HeaderName, Method, StatusCode};
use tower_cors::{Policy, PolicyBuilder, PolicyError};

use crate::support::{APP, app_only};

/// The errors of a builder, as their sentences.
fn errors(builder: PolicyBuilder) -> Vec<String> {
    match builder.build() {
        Ok(policy) => panic!("built: {policy:?}"),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

/// The one error of a builder; its sentence must hold all of these words.
#[track_caller]
fn one_error(builder: PolicyBuilder, words: &[&str]) -> PolicyError {
    let errors = builder.build().expect_err("a mistake");
    let all: Vec<PolicyError> = errors.into_iter().collect();
    assert_eq!(all.len(), 1, "{all:?}");
    let sentence = all[0].to_string();
    for word in words {
        assert!(sentence.contains(word), "{word:?} is not in: {sentence}");
    }
    all.into_iter().next().unwrap()
}

fn method(name: &str) -> Method {
    Method::from_bytes(name.as_bytes()).unwrap()
}

#[test]
fn no_origins() {
    assert_eq!(
        one_error(Policy::builder(), &["allow_origins", "allow_any_origin"]),
        PolicyError::NoOrigins
    );
    let none: [&str; 0] = [];
    assert_eq!(
        one_error(Policy::builder().allow_origins(none), &[]),
        PolicyError::NoOrigins
    );
    for enough in [
        app_only(),
        Policy::builder().allow_any_origin(),
        Policy::builder().allow_null_origin(true),
        Policy::builder().allow_origins_where(|_| false),
    ] {
        enough.build().unwrap();
    }
}

#[test]
fn malformed_patterns_name_the_value_and_what_to_write() {
    for (given, fix) in [
        (
            "https://app.example.com/",
            "write `https://app.example.com`",
        ),
        (
            "https://app.example.com/path?q#f",
            "write `https://app.example.com`",
        ),
        (
            "https://app.example.com:443",
            "write `https://app.example.com`",
        ),
        (
            "http://app.example.com:80/",
            "write `http://app.example.com`",
        ),
        ("https://App.Example.COM", "write `https://app.example.com`"),
        (
            "HTTPS://APP.EXAMPLE.COM:443/",
            "write `https://app.example.com`",
        ),
        (
            "https://bücher.example",
            "write `https://xn--bcher-kva.example`",
        ),
        (
            "https://*.Bücher.example:8443/",
            "write `https://*.xn--bcher-kva.example:8443`",
        ),
        ("app.example.com", "write `https://app.example.com`"),
        ("*.example.com", "write `https://*.example.com`"),
        ("localhost:3000", "write `http://localhost:3000`"),
        (
            " https://app.example.com ",
            "write `https://app.example.com`",
        ),
        (
            "https://user:secret@app.example.com",
            "write `https://app.example.com`",
        ),
        (
            "https://app.example.com.",
            "write `https://app.example.com`",
        ),
        (
            "https://app.example.com:",
            "write `https://app.example.com`",
        ),
        ("http://[0:0:0:0:0:0:0:1]:3000", "write `http://[::1]:3000`"),
        ("http://[2001:DB8::1]", "write `http://[2001:db8::1]`"),
        ("http://[::ffff:1.2.3.4]", "write `http://[::ffff:102:304]`"),
        (
            "https://app.*.com",
            "a wildcard stands for whole leading labels",
        ),
        (
            "https://*app.example.com",
            "a wildcard stands for whole leading labels",
        ),
        (
            "https://app*.example.com",
            "a wildcard stands for whole leading labels",
        ),
        ("https://*", "a wildcard stands for whole leading labels"),
        (
            "https://*.*.example.com",
            "a wildcard stands for whole leading labels",
        ),
        ("*://app.example.com", "no scheme"),
        (
            "https://*.127.0.0.1",
            "a wildcard stands for whole leading labels",
        ),
        (
            "https://*.[::1]",
            "a wildcard stands for whole leading labels",
        ),
        ("http://127.1", "IPv4 address not in its canonical form"),
        (
            "http://2130706433",
            "IPv4 address not in its canonical form",
        ),
        ("https://a..example.com", "empty label"),
        ("https://*..example.com", "empty label"),
        ("https://app.example.com:0", "port out of range"),
        ("https://app.example.com:65536", "port out of range"),
        (
            "https://app.example.com:80*",
            "unexpected character in the port",
        ),
        ("https://", "no host"),
        ("https://*.", "no host"),
        ("", "no scheme"),
        ("https://a.com, https://b.com", "unexpected character"),
        ("null", "allow_null_origin"),
        ("*", "allow_any_origin"),
    ] {
        let error = one_error(
            Policy::builder().allow_origins([given]),
            &[fix, &format!("`{}", given.escape_debug())],
        );
        let PolicyError::MalformedPattern(error) = error else {
            panic!("{error:?}")
        };
        assert_eq!(error.value(), given);
        if let Some(suggestion) = error.suggestion() {
            Policy::builder()
                .allow_origins([suggestion])
                .build()
                .unwrap();
            assert!(fix.contains(suggestion));
        }
    }
}

#[test]
fn a_value_with_control_characters_is_escaped_in_its_error() {
    let error = one_error(
        Policy::builder().allow_origins(["https://a\n\u{1b}[31m.com"]),
        &["\\n", "\\u{1b}"],
    );
    assert!(!error.to_string().contains('\n'));
}

#[test]
fn any_origin_beside_listed_ones() {
    for builder in [app_only(), Policy::builder().allow_origins_where(|_| true)] {
        assert_eq!(
            one_error(builder.allow_any_origin(), &["mean nothing"]),
            PolicyError::AnyOriginBesideOthers
        );
    }
}

#[test]
fn any_origin_with_credentials() {
    let builder = Policy::builder().allow_any_origin().allow_credentials(true);
    assert_eq!(
        one_error(builder, &["every site", "allow_origins"]),
        PolicyError::AnyOriginWithCredentials
    );
}

#[test]
fn null_with_credentials() {
    let builder = app_only().allow_null_origin(true).allow_credentials(true);
    assert_eq!(
        one_error(builder, &["null", "sandboxed frame"]),
        PolicyError::NullOriginWithCredentials
    );
    app_only()
        .allow_null_origin(true)
        .allow_null_origin(false)
        .allow_credentials(true)
        .build()
        .unwrap();
}

#[test]
fn insecure_origins_with_credentials_unless_they_are_local() {
    let credentials = |origin| {
        Policy::builder()
            .allow_origins([origin])
            .allow_credentials(true)
    };
    for origin in [
        "http://app.example.com",
        "http://*.example.com:*",
        "ws://app.example.com",
        "http://128.0.0.1",
        "http://localhost.evil.com",
        "http://[::2]",
    ] {
        let error = one_error(
            credentials(origin),
            &[origin, "dangerously_allow_insecure_origins"],
        );
        assert!(matches!(
            error,
            PolicyError::InsecureOriginWithCredentials(_)
        ));
        credentials(origin)
            .dangerously_allow_insecure_origins()
            .build()
            .unwrap();
        Policy::builder().allow_origins([origin]).build().unwrap();
    }
    for origin in [
        "http://localhost:*",
        "http://127.0.0.1:3000",
        "http://127.9.9.9",
        "http://[::1]:3000",
        "http://app.localhost",
        "http://*.localhost:*",
        "tauri://localhost",
        "chrome-extension://abc",
    ] {
        credentials(origin).build().unwrap();
    }
}

#[test]
fn a_top_level_domain_with_credentials() {
    let credentials = |origin| {
        Policy::builder()
            .allow_origins([origin])
            .allow_credentials(true)
    };
    for origin in ["https://*.com", "https://*.dev:8443"] {
        let error = one_error(
            credentials(origin),
            &[origin, "public suffix", "dangerously_allow_public_suffixes"],
        );
        assert!(matches!(
            error,
            PolicyError::PublicSuffixWithCredentials { below: false, .. }
        ));
        credentials(origin)
            .dangerously_allow_public_suffixes()
            .build()
            .unwrap();
        Policy::builder().allow_origins([origin]).build().unwrap();
    }
}

#[cfg(feature = "public-suffix")]
#[test]
fn a_public_suffix_at_or_below_a_pattern_with_credentials() {
    let credentials = |origin| {
        Policy::builder()
            .allow_origins([origin])
            .allow_credentials(true)
    };
    for (origin, is_below) in [
        ("https://*.github.io", false),
        ("https://*.co.uk", false),
        ("https://*.run.app", true),
        ("https://*.amazonaws.com", true),
        ("https://*.elb.amazonaws.com", true),
        ("https://*.core.windows.net", true),
        ("https://*.digitaloceanspaces.com", true),
    ] {
        let error = one_error(credentials(origin), &[origin, "strangers"]);
        let PolicyError::PublicSuffixWithCredentials { below, .. } = error else {
            panic!("{error:?}")
        };
        assert_eq!(below, is_below, "{origin}");
        credentials(origin)
            .dangerously_allow_public_suffixes()
            .build()
            .unwrap();
        Policy::builder().allow_origins([origin]).build().unwrap();
    }
    for origin in [
        "https://*.example.com",
        "https://octocat.github.io",
        "https://*.octocat.github.io",
        "http://*.localhost:*",
    ] {
        credentials(origin).build().unwrap();
    }
}

#[test]
fn a_predicate_with_credentials_that_accepts_strangers() {
    let reflect = app_only().allow_origins_where(|_| true);
    let error = one_error(
        reflect.clone().allow_credentials(true),
        &["nobody owns", "every site"],
    );
    assert!(matches!(error, PolicyError::PredicateAcceptsStrangers(_)));
    reflect.build().unwrap();
    for accepts in ["https", "http"] {
        let by_scheme =
            app_only().allow_origins_where(move |origin| origin.scheme() == Some(accepts));
        one_error(by_scheme.allow_credentials(true), &[accepts]);
    }
    let known = app_only().allow_origins_where(|origin| origin.host() == Some("known.example"));
    known.allow_credentials(true).build().unwrap();
}

#[test]
fn a_predicate_with_credentials_that_panics() {
    let panics = app_only().allow_origins_where(|_| panic!("a mistake of the user"));
    let error = one_error(
        panics.allow_credentials(true),
        &["panics", "return `false`"],
    );
    assert!(matches!(error, PolicyError::PredicatePanics(_)));
}

#[test]
fn forbidden_methods() {
    for name in ["CONNECT", "TRACE", "TRACK", "connect", "Track"] {
        let error = one_error(
            app_only().allow_methods([method(name)]),
            &[name, "no page can send"],
        );
        assert_eq!(error, PolicyError::ForbiddenMethod(method(name)));
    }
}

#[test]
fn methods_that_differ_from_a_standard_one_in_case() {
    for (given, standard) in [
        ("patch", "PATCH"),
        ("Delete", "DELETE"),
        ("get", "GET"),
        ("oPTIONS", "OPTIONS"),
    ] {
        one_error(
            app_only().allow_methods([method(given)]),
            &[given, &format!("write `{standard}`")],
        );
    }
    app_only()
        .allow_methods([method("chicken"), method("PROPFIND"), method("QUERY")])
        .build()
        .unwrap();
}

#[test]
fn wildcards_among_names() {
    let star = HeaderName::from_static("*");
    for (builder, error, fix) in [
        (
            app_only().allow_methods([method("*")]),
            PolicyError::WildcardMethod,
            "allow_any_method",
        ),
        (
            app_only().allow_headers([star.clone()]),
            PolicyError::WildcardRequestHeader,
            "allow_any_header",
        ),
        (
            app_only().expose_headers([star]),
            PolicyError::WildcardExposedHeader,
            "expose_any_header",
        ),
    ] {
        assert_eq!(one_error(builder, &[fix]), error);
    }
}

#[test]
fn forbidden_request_headers() {
    // https://fetch.spec.whatwg.org/#forbidden-request-header, and the protocol's own.
    for name in [
        "accept-charset",
        "accept-encoding",
        "access-control-request-headers",
        "access-control-request-method",
        "access-control-request-private-network",
        "connection",
        "content-length",
        "cookie",
        "cookie2",
        "date",
        "dnt",
        "expect",
        "host",
        "keep-alive",
        "origin",
        "referer",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "proxy-authorization",
        "proxy-anything",
        "sec-fetch-site",
        "sec-anything",
        "access-control-allow-origin",
    ] {
        let error = one_error(
            app_only().allow_headers([HeaderName::from_static(name)]),
            &[name, "remove it"],
        );
        assert_eq!(
            error,
            PolicyError::ForbiddenRequestHeader(HeaderName::from_static(name))
        );
    }
    let allowed = [
        "accept",
        "authorization",
        "content-type",
        "range",
        "user-agent",
        "x-origin",
        "if-match",
        "security",
    ];
    app_only()
        .allow_headers(allowed.map(HeaderName::from_static))
        .build()
        .unwrap();
}

#[test]
fn headers_that_cannot_be_exposed() {
    for name in [
        "set-cookie",
        "set-cookie2",
        "cookie",
        "origin",
        "host",
        "referer",
        "if-match",
        "access-control-request-method",
        "access-control-allow-origin",
    ] {
        let error = one_error(
            app_only().expose_headers([HeaderName::from_static(name)]),
            &[name, "remove it"],
        );
        assert_eq!(
            error,
            PolicyError::ForbiddenExposedHeader(HeaderName::from_static(name))
        );
    }
    let exposed = [
        "etag",
        "date",
        "content-length",
        "location",
        "authorization",
        "x-total-count",
        "retry-after",
    ];
    app_only()
        .expose_headers(exposed.map(HeaderName::from_static))
        .build()
        .unwrap();
}

#[test]
fn any_exposed_header_with_credentials() {
    let builder = app_only().expose_any_header().allow_credentials(true);
    assert_eq!(
        one_error(builder, &["expose_headers"]),
        PolicyError::AnyExposedHeaderWithCredentials
    );
}

#[test]
fn max_age_over_a_day() {
    let builder = app_only().max_age(Duration::from_secs(86_401));
    assert_eq!(
        one_error(builder, &["86401 s", "86400"]),
        PolicyError::MaxAgeTooLong(86_401)
    );
    one_error(app_only().max_age(Duration::MAX), &["86400"]);
}

#[test]
fn a_preflight_status_that_is_not_2xx() {
    for status in [
        StatusCode::CONTINUE,
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FORBIDDEN,
    ] {
        let builder = app_only().preflight_status(status);
        assert_eq!(
            one_error(builder, &[status.as_str(), "204"]),
            PolicyError::PreflightStatus(status)
        );
    }
}

#[test]
fn every_mistake_is_told_at_once() {
    let builder = Policy::builder()
        .allow_origins([APP, "https://a.com/", "http://b.com"])
        .allow_null_origin(true)
        .allow_methods([Method::TRACE, method("patch")])
        .allow_headers([HeaderName::from_static("cookie")])
        .expose_headers([HeaderName::from_static("set-cookie")])
        .expose_any_header()
        .allow_credentials(true)
        .max_age(Duration::from_secs(100_000))
        .preflight_status(StatusCode::NOT_FOUND);
    assert_eq!(errors(builder.clone()).len(), 10, "{:#?}", errors(builder));
    let all = builder.build().unwrap_err();
    assert!(
        all.to_string()
            .starts_with("the CORS policy has 10 mistakes:\n- ")
    );
    assert_eq!(
        format!("{all:?}"),
        all.to_string(),
        "what `unwrap` shows is for people, too"
    );
}

#[test]
fn a_malformed_origin_alone_is_not_also_no_origin() {
    assert_eq!(
        errors(Policy::builder().allow_origins(["nonsense"])).len(),
        1
    );
}
