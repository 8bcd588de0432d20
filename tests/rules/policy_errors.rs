//! Configuration errors: all at once, each naming the value and the fix.

use std::time::Duration;

use http::header::{AUTHORIZATION, DATE};
use http::{HeaderName, Method, StatusCode};
use tower_cors::{Allowed, Origin, OriginSet, Policy, PolicyBuilder, PolicyError};

use crate::support::{APP, app_only, built};

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
            "https://app.example.com./",
            "write `https://app.example.com.`",
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
            "https://*app.com",
            "a wildcard stands for whole leading labels",
        ),
        (
            "https://app.example*",
            "a wildcard stands for whole leading labels",
        ),
        (
            "https://pr-*-*.example.com",
            "a wildcard stands for whole leading labels",
        ),
        ("https://*-x.*.example.com", "as in `pr-*.example.com`"),
        ("https://*", "list hosts, as in `https://*.example.com`"),
        ("file://*", "list hosts, as in `https://*.example.com`"),
        ("wss://*", "the origin of its page"),
        ("http://localhost:{}", "a list names each port once"),
        ("http://localhost:{3000", "a list names each port once"),
        ("http://localhost:{3000,}", "a list names each port once"),
        (
            "http://localhost:{3000,3000}",
            "a list names each port once",
        ),
        (
            "http://localhost:{3000-3999}",
            "unexpected character in the port",
        ),
        ("http://localhost:{0,3000}", "port out of range"),
        ("http://localhost:{3000,65536}", "port out of range"),
        ("http://localhost:{03000}", "port out of range"),
        ("http://localhost:3999-3000", "a range rises"),
        ("http://localhost:3000-3000", "a range rises"),
        ("http://localhost:3000-", "a range rises"),
        ("http://localhost:0-3000", "port out of range"),
        ("http://localhost:3000-70000", "port out of range"),
        ("http://localhost:3000-03999", "port out of range"),
        (
            "http://localhost:{3000, 5173}",
            "write `http://localhost:{3000,5173}`",
        ),
        (
            "http(s)://app.example.com",
            "with `http://` and with `https://`",
        ),
        (
            "https://*.*.example.com",
            "a wildcard stands for whole leading labels",
        ),
        (
            "*://app.example.com",
            "list it twice, with `http://` and with `https://`",
        ),
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
        ("https://a.com, https://b.com", "list each by itself"),
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
            one_error(builder.allow_any_origin(), &["have no effect"]),
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
        "http://128.0.0.1",
        "http://localhost.evil.com",
        "http://[::2]",
    ] {
        let error = one_error(
            credentials(origin),
            &[origin, "dangerously_allow_insecure_origin"],
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
        let error = one_error(credentials(origin), &[origin, "third parties"]);
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
        &["invented", "other sites"],
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
fn a_predicate_with_credentials_that_accepts_names_that_anyone_can_register() {
    for suffix in [".vercel.app", ".github.io", ".netlify.app", ".pages.dev"] {
        let accepts = move |origin: &Origin| origin.as_str().ends_with(suffix);
        let hosted = app_only().allow_origins_where(accepts);
        one_error(hosted.clone().allow_credentials(true), &[suffix]);
        hosted.clone().build().unwrap();
        let meant = hosted
            .allow_credentials(true)
            .dangerously_allow_public_suffixes();
        meant.build().unwrap();
    }
}

#[test]
fn a_predicate_with_credentials_that_accepts_look_alikes_of_a_listed_origin() {
    let prefix = |origin: &Origin| origin.as_str().starts_with(APP);
    let suffix = |origin: &Origin| origin.as_str().ends_with("app.example.com");
    for predicate in [prefix, suffix] {
        let similar = app_only().allow_origins_where(predicate);
        one_error(similar.allow_credentials(true), &["app.example.com"]);
    }
    // A stranger that the list allows says nothing about the predicate.
    let listed = app_only()
        .allow_origin("https://tower-cors-asks-for-a-stranger.vercel.app")
        .allow_origins_where(|origin| {
            origin.host() == Some("tower-cors-asks-for-a-stranger.vercel.app")
        });
    listed.allow_credentials(true).build().unwrap();
}

#[test]
fn any_and_all_as_origins() {
    for text in ["any", "all"] {
        one_error(
            Policy::builder().allow_origin(text),
            &[text, "allow_any_origin"],
        );
    }
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
fn one_value_is_allowed_as_a_list_of_one_is() {
    let one = built(
        Policy::builder()
            .allow_origin(APP)
            .allow_origin("https://*.example.org")
            .allow_method("PUT")
            .allow_method(Method::DELETE)
            .allow_header("X-Tenant")
            .allow_header(AUTHORIZATION)
            .expose_header("ETag")
            .expose_header(DATE),
    );
    let many = built(
        Policy::builder()
            .allow_origins([APP, "https://*.example.org"])
            .allow_methods(["PUT", "DELETE"])
            .allow_headers(["x-tenant", "authorization"])
            .expose_headers(["etag", "date"]),
    );
    assert_eq!(format!("{one:?}"), format!("{many:?}"));
}

#[test]
fn names_are_taken_as_text_or_as_types_by_value_or_reference_from_every_collection() {
    let texts: Vec<String> = vec!["PUT".to_owned(), "DELETE".to_owned()];
    let methods = vec![Method::PUT, Method::DELETE];
    for builder in [
        app_only().allow_methods(["PUT", "DELETE"]),
        app_only().allow_methods(&["PUT", "DELETE"]),
        app_only().allow_methods(texts.iter()),
        app_only().allow_methods(&texts[..]),
        app_only().allow_methods(texts.clone()),
        app_only().allow_methods([Method::PUT, Method::DELETE]),
        app_only().allow_methods(&methods),
        app_only().allow_methods(methods.iter().filter(|method| !method.is_safe())),
        app_only().allow_methods(methods.clone()),
        app_only().allow_methods(["PUT", "DELETE", "PUT"]),
    ] {
        let expected = Allowed::Only(methods.as_slice());
        assert_eq!(built(builder).methods(), expected);
    }
    let headers = [AUTHORIZATION, HeaderName::from_static("x-tenant")];
    for builder in [
        app_only().allow_headers(["Authorization", "X-Tenant"]),
        app_only().allow_headers(&headers),
        app_only().allow_headers(headers.to_vec()),
        app_only().allow_headers(["authorization".to_owned(), "x-tenant".to_owned()]),
    ] {
        assert_eq!(built(builder).headers(), Allowed::Only(&headers[..]));
    }
    for builder in [
        app_only().expose_headers(["Authorization", "X-Tenant", "x-tenant"]),
        app_only().expose_headers(&headers),
    ] {
        assert_eq!(
            built(builder).exposed_headers(),
            Allowed::Only(&headers[..])
        );
    }
}

#[test]
fn a_text_that_is_no_method_names_itself_the_mistake_and_the_line() {
    for (text, sentence) in [
        (
            "P T",
            r#"method `P T` is invalid: unexpected character at byte 1; help: write each name by itself, as in `.allow_methods(["PUT"])`"#,
        ),
        (
            "PUT, DELETE",
            r#"method `PUT, DELETE` is invalid: unexpected character at byte 3; help: write each name by itself, as in `.allow_methods(["PUT", "DELETE"])`"#,
        ),
        (
            " PUT",
            r#"method ` PUT` is invalid: unexpected character at byte 0; help: write each name by itself, as in `.allow_methods(["PUT"])`"#,
        ),
        (
            "PUT|DELETE",
            r#"method `PUT|DELETE` is invalid: unexpected character at byte 3; help: write each name by itself, as in `.allow_methods(["PUT", "DELETE"])`"#,
        ),
        (
            "PÜT\n",
            r#"method `PÜT\n` is invalid: unexpected character at byte 1; help: write each name by itself, as in `.allow_methods(["PUT"])`"#,
        ),
    ] {
        let error = one_error(app_only().allow_method(text), &[]);
        assert_eq!(error, PolicyError::MalformedMethod(text.to_owned()));
        assert_eq!(error.to_string(), sentence);
    }
}

#[test]
fn a_text_that_is_no_header_name_names_itself_the_mistake_and_the_line() {
    let too_long = "a".repeat(1 << 16);
    for (text, mistake, names) in [
        ("x tenant", "unexpected character at byte 1", None),
        (
            "X-Tenant:",
            "unexpected character at byte 8",
            Some(r#"["X-Tenant"]"#),
        ),
        (
            "x-a,x-b",
            "unexpected character at byte 3",
            Some(r#"["x-a", "x-b"]"#),
        ),
        (
            "x-a,,x-b",
            "unexpected character at byte 3",
            Some(r#"["x-a", "x-b"]"#),
        ),
        (&too_long, "it is too long", None),
    ] {
        let asked = one_error(app_only().allow_header(text), &[]);
        assert_eq!(asked, PolicyError::MalformedRequestHeader(text.to_owned()));
        let cut = format!("{:.256}… ({} bytes)", text, text.len());
        let shown = if text.len() > 256 { &cut } else { text };
        let names_or = |example| names.unwrap_or(example);
        assert_eq!(
            asked.to_string(),
            format!(
                "header name `{shown}` is invalid: {mistake}; help: write each name by itself, as in `.allow_headers({})`",
                names_or(r#"["content-type"]"#)
            )
        );
        let exposed = one_error(app_only().expose_header(text), &[]);
        assert_eq!(
            exposed,
            PolicyError::MalformedExposedHeader(text.to_owned())
        );
        assert_eq!(
            exposed.in_config().to_string(),
            format!(
                "header name `{shown}` is invalid: {mistake}; help: write each name by itself, as in `expose = {}`",
                names_or(r#"["etag"]"#)
            )
        );
    }
}

#[test]
fn the_first_character_that_http_does_not_take_in_a_name_is_the_unexpected_one() {
    // `*` has a mistake of its own.
    for byte in (0..=127u8).filter(|byte| *byte != b'*') {
        let taken = app_only().allow_method(format!("x{}", char::from(byte)));
        let position = if taken.build().is_ok() { 2 } else { 1 };
        let text = format!("x{}\u{e4}", char::from(byte));
        let words = [format!("character at byte {position};")];
        let words = words.each_ref().map(String::as_str);
        one_error(app_only().allow_method(&text), &words);
        one_error(app_only().allow_header(&text), &words);
    }
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
        .allow_methods(["TRACE", "patch", "P T"])
        .allow_headers(["cookie", "x tenant"])
        .expose_headers(["set-cookie", ""])
        .expose_any_header()
        .allow_credentials(true)
        .max_age(Duration::from_secs(100_000))
        .preflight_status(StatusCode::NOT_FOUND);
    assert_eq!(errors(builder.clone()).len(), 14, "{:#?}", errors(builder));
    let all = builder.build().unwrap_err();
    assert!(
        all.to_string()
            .starts_with("the CORS policy has 14 mistakes:\n- ")
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

#[test]
fn a_policy_says_what_its_builder_was_told() {
    let policy = built(
        Policy::builder()
            .allow_origins([APP, "https://*.example.org"])
            .allow_methods(["PUT"])
            .allow_headers(["x-tenant"])
            .expose_headers(["etag"])
            .allow_credentials(true)
            .max_age(Duration::from_millis(600_900))
            .preflight_status(StatusCode::OK)
            .allow_private_network(true)
            .allow_timing(true)
            .enforce(tower_cors::Enforcement::Report)
            .trust_same_origin(false),
    );
    let mut origins: Vec<&str> = policy
        .origins()
        .into_iter()
        .flat_map(OriginSet::iter)
        .collect();
    origins.sort_unstable();
    assert_eq!(origins, ["https://*.example.org", APP]);
    assert!(!policy.allows_any_origin() && !policy.allows_null_origin() && !policy.has_predicate());
    assert_eq!(policy.methods(), Allowed::Only(&[Method::PUT]));
    let (tenant, etag) = (
        HeaderName::from_static("x-tenant"),
        HeaderName::from_static("etag"),
    );
    assert_eq!(policy.headers(), Allowed::Only(&[tenant]));
    assert_eq!(policy.exposed_headers(), Allowed::Only(&[etag]));
    assert!(policy.allows_credentials());
    assert_eq!(policy.max_age(), Some(Duration::from_secs(600)));
    assert_eq!(policy.preflight_status(), StatusCode::OK);
    assert!(policy.allows_private_network() && policy.allows_timing());
    assert!(!policy.trusts_same_origin());
}

#[test]
fn a_policy_says_what_holds_by_default() {
    let policy = built(app_only());
    assert_eq!(policy.origins().map(OriginSet::len), Some(1));
    assert_eq!(policy.methods(), Allowed::Only(&[]));
    assert_eq!(policy.headers(), Allowed::Only(&[]));
    assert_eq!(policy.exposed_headers(), Allowed::Only(&[]));
    assert!(!policy.allows_credentials());
    assert_eq!(policy.max_age(), None);
    assert_eq!(policy.preflight_status(), StatusCode::NO_CONTENT);
    assert!(!policy.allows_private_network() && !policy.allows_timing());
    assert!(policy.trusts_same_origin());
    assert!(!built(app_only().expose_header("etag")).allows_timing());
}

#[test]
fn a_policy_says_what_it_allows_without_a_list() {
    let any = Policy::permissive();
    assert!(any.allows_any_origin() && any.allows_null_origin() && any.origins().is_none());
    assert!(!any.has_predicate());
    assert_eq!((any.methods(), any.headers()), (Allowed::Any, Allowed::Any));
    assert_eq!(any.exposed_headers(), Allowed::Any);
    // With credentials they are echoed, and so are any all the same.
    let echoed = built(
        app_only()
            .allow_any_method()
            .allow_any_header()
            .allow_credentials(true),
    );
    assert_eq!(
        (echoed.methods(), echoed.headers()),
        (Allowed::Any, Allowed::Any)
    );
    let others = built(
        app_only()
            .allow_null_origin(true)
            .allow_origins_where(|_| false),
    );
    assert!(others.allows_null_origin() && others.has_predicate());
}

#[test]
fn a_policy_allows_an_origin_checked_by_hand_as_it_allows_that_of_a_request() {
    let policy = built(
        Policy::builder()
            .allow_origins([APP, "https://*.example.org"])
            .allow_origins_where(|origin| origin.host() == Some("known.example")),
    );
    for (text, expected) in [
        (APP, true),
        ("https://a.example.org", true),
        ("https://known.example", true),
        ("https://example.org", false),
        ("https://evil.example", false),
        ("null", false),
    ] {
        let origin = Origin::try_from(text).unwrap();
        assert_eq!(policy.allows(&origin), expected, "{text}");
        assert!(Policy::permissive().allows(&origin), "{text}");
    }
}

#[test]
fn a_list_contains_what_it_names_and_any_contains_everything() {
    let put = Allowed::Only(&[Method::PUT]);
    assert!(put.contains(&Method::PUT) && !put.contains(&Method::DELETE));
    assert!(Allowed::Any.contains(&Method::DELETE));
}

#[test]
fn an_address_to_listen_on_leads_to_an_origin_that_pages_have() {
    for (listed, page) in [
        ("http://0.0.0.0", "http://localhost`"),
        ("http://0.0.0.0:3000", "http://localhost:3000`"),
        ("http://[::]:3000", "http://localhost:3000`"),
    ] {
        let builder = Policy::builder().allow_origin(listed);
        one_error(builder.clone().allow_credentials(true), &[listed, page]);
        // Chromium sends it, so it can be listed.
        builder.build().unwrap();
    }
    let listener = Policy::builder().allow_origin("0.0.0.0:3000");
    one_error(
        listener,
        &["address to listen on", "write `http://localhost:3000`"],
    );
}

#[test]
fn what_is_no_attempt_to_write_one_origin_names_what_does_it() {
    for (texts, part) in [
        (
            [
                "http://192.168.*.*:3000",
                "192.168.1.*",
                "http://10.0.0.0/8:3000",
                "172.16.0.0/12",
                "http://10.*",
            ],
            "`.allow_local_network(true)`",
        ),
        (
            [
                r"^https://.*\.example\.com$",
                r"https://[a-z]+\.example\.com",
                "https://.*.example.com",
                r"/example\.com$/",
                r"https://pr-\d+.example.com",
            ],
            "`.allow_origins_where(…)`",
        ),
        (
            [
                "https://a.example;https://b.example",
                "https://a.example https://b.example",
                "https://a.example, https://b.example",
                "http://a.example:80|https://b.example",
                "https://a.example\nhttps://b.example",
            ],
            "`.allow_origins_text(text)`",
        ),
        (
            [
                "ws://a.example",
                "data:",
                "javascript:",
                "blob:https://a.example",
                "about:blank",
            ],
            "scheme without pages",
        ),
        (
            ["none", "nobody", "none", "nobody", "none"],
            "`.allow_no_origin()`",
        ),
    ] {
        for text in texts {
            let error = one_error(Policy::builder().allow_origin(text), &[part]);
            let PolicyError::MalformedPattern(error) = error else {
                panic!("{error}");
            };
            assert_eq!(error.suggestion(), None, "{text}");
        }
    }
    let page = Policy::builder().allow_origin("https://a.example/?next=https://b.example");
    one_error(page, &["write `https://a.example`"]);
}
