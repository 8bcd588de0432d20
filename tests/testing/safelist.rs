//! <https://fetch.spec.whatwg.org/#cors-safelisted-request-header>: what is sent without asking.

use proptest::prelude::*;
use tower_cors::testing::Browser;

use crate::support::{PAGE, fetch, open, preflight, preflights, request, sent};

fn is_preflighted(method: &str, headers: &[(&str, &str)]) -> bool {
    preflights(&fetch(
        &mut Browser::at(PAGE),
        open("5"),
        request(method, headers),
    )) == 1
}

/// <https://fetch.spec.whatwg.org/#cors-safelisted-method>, after <https://fetch.spec.whatwg.org/#concept-method-normalize>
#[test]
fn get_head_and_post_need_no_preflight_in_any_case() {
    for method in ["GET", "HEAD", "POST", "get", "Head", "pOST"] {
        assert!(!is_preflighted(method, &[]), "{method}");
    }
    for method in [
        "PUT", "put", "DELETE", "OPTIONS", "PATCH", "patch", "CHICKEN", "QUERY",
    ] {
        assert!(is_preflighted(method, &[]), "{method}");
    }
}

#[test]
fn a_header_is_safelisted_by_its_name_and_the_bytes_of_its_value() {
    let long = "a".repeat(129);
    let cases = [
        ("accept", "*/*", true),
        ("Accept", "text/html;q=0.9, application/json", true),
        ("accept", "text/html, \"quoted\"", false),
        ("accept", &long[..128], true),
        ("accept", &long, false),
        ("accept-language", "de, en-GB;q=0.8, *;q=0.1", true),
        ("accept-language", "de_DE", false),
        ("accept-language", "a\tb", false),
        ("accept-language", &long, false),
        ("content-language", "de", true),
        ("content-language", "de:en", false),
        ("content-type", "text/plain", true),
        ("content-type", "text/plain;charset=UTF-8", true),
        ("content-type", "TEXT/Plain ; charset=utf-8", true),
        ("content-type", "text/plain;", true),
        ("content-type", "multipart/form-data; boundary=x", true),
        ("content-type", "application/x-www-form-urlencoded", true),
        ("content-type", "application/json", false),
        ("content-type", "text/plain, application/json", false),
        ("content-type", "text/plain; charset=\"utf-8\"", false),
        ("content-type", "text /plain", false),
        ("content-type", "text/", false),
        ("content-type", "/plain", false),
        ("content-type", "text", false),
        ("content-type", "", false),
        ("range", "bytes=0-", true),
        ("range", "bytes=0-5", true),
        ("range", "bytes=5-5", true),
        (
            "range",
            "bytes=18446744073709551616-18446744073709551617",
            true,
        ),
        ("range", "bytes=6-5", false),
        ("range", "bytes=018-9", false),
        ("range", "bytes=-5", false),
        ("range", "bytes=0-5,6-7", false),
        ("range", "bytes = 0-5", false),
        ("range", "Bytes=0-5", false),
        ("range", "bytes=", false),
        ("range", "bytes=5", false),
        ("range", "bytes=+1-5", false),
        ("authorization", "x", false),
        ("x-a", "", false),
        ("dpr", "1", false),
        ("save-data", "on", false),
        ("last-event-id", "1", false),
    ];
    for (name, value, is_safelisted) in cases {
        assert_eq!(
            !is_preflighted("GET", &[(name, value)]),
            is_safelisted,
            "{name}: {value}"
        );
    }
}

/// Spaces at the ends are no part of a value, nor of its length.
#[test]
fn a_value_is_normalized_before_it_is_looked_at() {
    let padded = format!("  {}\t", "a".repeat(128));
    assert!(!is_preflighted("GET", &[("accept", &padded)]));
}

/// <https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names>
#[test]
fn over_1024_bytes_of_safelisted_values_need_permission() {
    let value = "a".repeat(128);
    let eight = [("accept", value.as_str()); 8];
    assert!(!is_preflighted("GET", &eight));
    let mut more = eight.to_vec();
    more.push(("accept-language", "d"));
    let outcome = fetch(&mut Browser::at(PAGE), open("5"), request("GET", &more));
    assert_eq!(
        sent(preflight(&outcome), "access-control-request-headers"),
        Some("accept,accept-language")
    );
}

/// <https://fetch.spec.whatwg.org/#forbidden-request-header>
#[test]
fn a_header_that_pages_cannot_set_is_dropped_in_silence() {
    let names = [
        "Accept-Charset",
        "Accept-Encoding",
        "Access-Control-Request-Headers",
        "Access-Control-Request-Method",
        "Connection",
        "Content-Length",
        "Cookie",
        "Cookie2",
        "Date",
        "DNT",
        "Expect",
        "Keep-Alive",
        "Referer",
        "Set-Cookie",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Via",
        "Proxy-Anything",
        "Sec-Anything",
    ];
    for name in names {
        let outcome = fetch(
            &mut Browser::at(PAGE),
            open("5"),
            request("GET", &[(name, "x")]),
        );
        assert_eq!(preflights(&outcome), 0, "{name}");
        let actual = outcome.actual().expect("a request");
        assert_eq!(sent(actual, name), None, "{name}");
    }
    for (name, ours) in [("Host", "api.example.com"), ("Origin", PAGE)] {
        let outcome = fetch(
            &mut Browser::at(PAGE),
            open("5"),
            request("GET", &[(name, "https://x.example")]),
        );
        assert_eq!(sent(outcome.actual().expect("a request"), name), Some(ours));
    }
}

#[test]
fn a_header_that_overrides_the_method_is_dropped_if_it_names_a_forbidden_one() {
    for (value, is_dropped) in [
        ("TRACE", true),
        ("PUT, track", true),
        ("PUT,connect ,x", true),
        ("PUT", false),
        ("\"TRACE\"", false),
        ("\"a, TRACE, b\"", false),
        ("\"a\\\", TRACE, b\"", false),
        ("\"a\", TRACE", true),
    ] {
        for name in [
            "X-HTTP-Method",
            "X-HTTP-Method-Override",
            "X-Method-Override",
        ] {
            assert_eq!(
                !is_preflighted("POST", &[(name, value)]),
                is_dropped,
                "{name}: {value}"
            );
        }
    }
}

/// The rules once more, as plainly as they can be written.
fn needs_permission(name: &str, value: &str) -> bool {
    let value = value.trim();
    let has_unsafe_byte = value.contains(|c: char| "\"():<>?@[\\]{}".contains(c) || c == '\x7f');
    let is_form = || {
        let essence = value.split(';').next().unwrap_or("").trim().to_lowercase();
        [
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "text/plain",
        ]
        .contains(&essence.as_str())
    };
    value.len() > 128
        || match name {
            "accept" => has_unsafe_byte,
            "accept-language" | "content-language" => {
                value.contains(|c: char| !c.is_ascii_alphanumeric() && !" *,-.;=".contains(c))
            }
            "content-type" => has_unsafe_byte || !is_form(),
            _ => true,
        }
}

proptest! {
    #[test]
    fn a_preflight_is_sent_exactly_where_the_rules_say_so(
        name in prop::sample::select(vec!["accept", "accept-language", "content-language", "content-type", "x-a"]),
        value in prop_oneof!["[ -~]{0,12}", "[a-z,;=]{120,136}", "(text/plain|multipart/form-data|text/html) ?;?[ -~]{0,8}"],
    ) {
        prop_assert_eq!(is_preflighted("GET", &[(name, &value)]), needs_permission(name, &value));
    }
}
