//! `Policy::explain`: what would be rejected and what to change, in one sentence.

use http::header::{AUTHORIZATION, HeaderName, ORIGIN};
use http::{HeaderValue, Method, Request};
use tower_cors::{Decision, Policy, Rejection};

use crate::support::{APP, EVIL, app_only, built, get, preflight, request};

#[track_caller]
fn assert_explained(policy: &Policy, request: &Request<()>, code: &str, words: &[&str]) {
    let explanation = policy.explain(request.method(), request.headers());
    let sentence = explanation.to_string();
    assert_eq!(explanation.code(), code, "{sentence}");
    assert_eq!(explanation.decision().code(), code);
    assert!(
        !sentence.contains('\n') && !sentence.contains(". "),
        "one sentence: {sentence}"
    );
    for word in words {
        assert!(sentence.contains(word), "{word:?} is not in: {sentence}");
    }
}

fn policy() -> Policy {
    built(
        Policy::builder()
            .allow_origins([APP, "https://*.shop.example", "http://localhost:3000"])
            .allow_methods(["PUT", "chicken"])
            .allow_headers([AUTHORIZATION]),
    )
}

#[test]
fn what_is_no_cors_request_is_said_to_be_none() {
    assert_explained(
        &policy(),
        &request(Method::GET, &[]),
        "not-cors",
        &["no `Origin` header"],
    );
}

#[test]
fn what_is_allowed_is_said_to_be() {
    assert_explained(
        &policy(),
        &get(APP),
        "allowed",
        &[APP, "may read the response", "without credentials"],
    );
    assert_explained(
        &policy(),
        &preflight(APP, "PUT", "Authorization"),
        "allowed",
        &[APP, "may send PUT"],
    );
    let credentials = built(app_only().allow_credentials(true));
    assert_explained(
        &credentials,
        &get(APP),
        "allowed",
        &["with or without credentials"],
    );
}

#[test]
fn a_method_that_is_not_allowed_names_the_line_to_write() {
    let cases = [
        (
            "DELETE",
            vec!["by the browser", "DELETE", ".allow_methods([\"DELETE\"])"],
        ),
        (
            "PATCH",
            vec!["by the browser", "add `.allow_methods([\"PATCH\"])`"],
        ),
        ("QUERY", vec![".allow_methods([\"QUERY\"])"]),
        (
            "patch",
            vec![
                "case-sensitive",
                "the page must write PATCH",
                ".allow_methods([\"PATCH\"])",
            ],
        ),
        (
            "Chicken",
            vec!["case-sensitive", "the page must write chicken"],
        ),
        ("a\u{7f}", vec![]),
    ];
    for (method, words) in cases
        .into_iter()
        .filter(|(method, _)| HeaderValue::from_str(method).is_ok())
    {
        assert_explained(
            &policy(),
            &preflight(APP, method, ""),
            "method-not-allowed",
            &words,
        );
    }
}

#[test]
fn a_header_that_is_not_allowed_names_the_line_to_write() {
    let asked = preflight(APP, "PUT", "authorization,x-token");
    assert_explained(
        &policy(),
        &asked,
        "header-not-allowed",
        &["`x-token`", ".allow_headers([\"x-token\"])"],
    );
}

#[test]
fn all_that_a_preflight_lacks_is_named_at_once() {
    assert_explained(
        &policy(),
        &preflight(APP, "DELETE", "authorization,x-b,x-a,x-B"),
        "method-not-allowed",
        &[
            "by the browser: the method DELETE is not allowed; add `.allow_methods([\"DELETE\"])`; ",
            "the request headers `x-b`, `x-a` are not allowed; add `.allow_headers([\"x-b\", \"x-a\"])`",
        ],
    );
    assert_explained(
        &policy(),
        &preflight(EVIL, "DELETE", "x-a"),
        "origin-not-allowed",
        &[
            ".allow_origins([\"https://evil.example\"])`; the method DELETE is not allowed",
            "; the request header `x-a` is not allowed; add `.allow_headers([\"x-a\"])`",
        ],
    );
    assert_explained(
        &policy(),
        &preflight("null", "GET", "x-a"),
        "null-origin-not-allowed",
        &[".allow_null_origin(true)`; the request header `x-a` is not allowed"],
    );
    let flood: Vec<String> = (0..100).map(|number| format!("x-{number}")).collect();
    assert_explained(
        &policy(),
        &preflight(APP, "GET", &flood.join(",")),
        "header-not-allowed",
        &["`x-31` and 68 more are not allowed"],
    );
}

#[test]
fn a_parameter_of_mcp_names_both_lines_to_write_and_is_allowed_by_either() {
    let asked = preflight(APP, "PUT", "authorization,mcp-param-region");
    let lines = [
        "`.allow_headers([\"mcp-param-region\"])`",
        "`.allow_mcp_parameters(true)`",
    ];
    assert_explained(&policy(), &asked, "header-not-allowed", &lines);
    let put = || app_only().allow_method("PUT").allow_header("authorization");
    let by_name = built(put().allow_header("mcp-param-region"));
    let by_prefix = built(put().allow_mcp_parameters(true));
    assert_explained(&by_name, &asked, "allowed", &[]);
    assert_explained(&by_prefix, &asked, "allowed", &[]);
    let other = preflight(APP, "PUT", "mcp-param-region,x-token");
    assert_explained(&by_prefix, &other, "header-not-allowed", &["`x-token`"]);
}

#[test]
fn an_origin_that_is_not_allowed_names_the_line_to_write_and_the_one_that_was_meant() {
    for (origin, words) in [
        (
            EVIL,
            vec![EVIL, ".allow_origins([\"https://evil.example\"])"],
        ),
        (
            "http://app.example.com",
            vec!["though `https://app.example.com` is"],
        ),
        (
            "https://localhost:3000",
            vec!["though `http://localhost:3000` is"],
        ),
        (
            "https://app.example.com:8443",
            vec!["though `https://app.example.com` is, without the port"],
        ),
        ("https://shop.example", vec!["though its subdomains are"]),
    ] {
        assert_explained(&policy(), &get(origin), "origin-not-allowed", &words);
        assert_explained(
            &policy(),
            &preflight(origin, "PUT", ""),
            "origin-not-allowed",
            &words,
        );
    }
}

#[test]
fn other_rejected_origins_say_what_they_are() {
    assert_explained(
        &policy(),
        &get("null"),
        "null-origin-not-allowed",
        &["sandboxed frame", ".allow_null_origin(true)"],
    );
    assert_explained(
        &policy(),
        &get("file://"),
        "file-origin-not-allowed",
        &["local file", ".allow_file_origin(true)"],
    );
    for origin in [
        "https://a..example.com",
        "https://a*b.example.com",
        "https://a,b.example.com",
    ] {
        assert_explained(
            &policy(),
            &get(origin),
            "origin-malformed",
            &["is not an origin that can be allowed"],
        );
    }
    let cases = [
        ("https://app.example.com/", "unexpected path at byte 23"),
        ("https://App.example.com", "upper-case"),
    ];
    for (origin, words) in cases {
        assert_explained(
            &policy(),
            &get(origin),
            "origin-malformed",
            &[words, "no browser sent it"],
        );
    }
    let mut repeated = get(APP);
    repeated
        .headers_mut()
        .append(ORIGIN, HeaderValue::from_static(APP));
    assert_explained(
        &policy(),
        &repeated,
        "origin-repeated",
        &["more than one", "proxy"],
    );
    let panics = built(app_only().allow_origins_where(|_| panic!("a mistake of the user")));
    assert_explained(&panics, &get(EVIL), "predicate-panicked", &[EVIL]);
}

#[test]
fn what_cannot_be_mirrored_says_why() {
    let mirror = built(
        app_only()
            .allow_any_method()
            .allow_any_header()
            .allow_credentials(true),
    );
    assert_explained(
        &mirror,
        &preflight(APP, "P T", ""),
        "request-method-malformed",
        &["allow_methods"],
    );
    assert_explained(
        &mirror,
        &preflight(APP, "PUT", "*"),
        "request-headers-malformed",
        &["allow_headers"],
    );
    assert_explained(
        &mirror,
        &preflight(APP, "PUT", &"x".repeat(5000)),
        "request-headers-too-long",
        &["4 KiB"],
    );
}

#[test]
fn what_the_client_sent_is_escaped_and_cut() {
    let long = "x".repeat(8192);
    let mut asked = preflight(APP, "PUT", &format!("authorization,{long}"));
    let sentence = policy()
        .explain(asked.method(), asked.headers())
        .to_string();
    assert!(sentence.len() < 1500, "{} bytes", sentence.len());
    assert!(sentence.contains("(8192 bytes)"));

    asked.headers_mut().insert(
        ORIGIN,
        HeaderValue::from_bytes(b"https://\t\xff\"evil").unwrap(),
    );
    let sentence = policy()
        .explain(asked.method(), asked.headers())
        .to_string();
    assert!(sentence.contains(r#"https://\t\xff\"evil"#), "{sentence}");
}

#[test]
fn decide_leaves_methods_and_headers_to_the_browser() {
    let asked = preflight(APP, "DELETE", "x-token");
    assert_eq!(
        policy().decide(asked.method(), asked.headers()),
        Decision::Allowed
    );
    let explained = policy().explain(asked.method(), asked.headers()).decision();
    assert_eq!(explained, Decision::Rejected(Rejection::MethodNotAllowed));
}

#[test]
fn a_header_beside_the_protocol_is_of_no_interest() {
    let mut asked = get(APP);
    asked.headers_mut().insert(
        HeaderName::from_static("x-anything"),
        HeaderValue::from_static("1"),
    );
    assert_explained(&policy(), &asked, "allowed", &[]);
}
