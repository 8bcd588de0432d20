//! <https://fetch.spec.whatwg.org/#concept-filtered-response-cors>: what a page reads of a response.

use tower_cors::testing::{Browser, Outcome, ResponseType};

use crate::support::{PAGE, fetch, including, request, request_to, response};

const SENT: [(&str, &str); 10] = [
    ("cache-control", "no-store"),
    ("content-language", "de"),
    ("content-length", "6"),
    ("content-type", "text/plain"),
    ("expires", "0"),
    ("last-modified", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("pragma", "no-cache"),
    ("x-total", "3"),
    ("etag", "\"1\""),
    ("set-cookie", "a=1"),
];

const SAFELISTED: [&str; 7] = [
    "cache-control",
    "content-language",
    "content-length",
    "content-type",
    "expires",
    "last-modified",
    "pragma",
];

fn exposing(exposed: &[&'static str], with_credentials: bool) -> Outcome<String> {
    let mut lines = vec![
        ("access-control-allow-origin", PAGE),
        ("access-control-allow-credentials", "true"),
    ];
    lines.extend(
        exposed
            .iter()
            .map(|line| ("access-control-expose-headers", *line)),
    );
    lines.extend(SENT);
    let asked = request("GET", &[]);
    let asked = if with_credentials {
        including(asked)
    } else {
        asked
    };
    fetch(&mut Browser::at(PAGE), |_| response(200, &lines), asked)
}

/// The names that a page reads besides the safelisted ones.
fn read(outcome: &Outcome<String>) -> Vec<&str> {
    let headers = outcome.assert_readable().headers();
    assert!(
        SAFELISTED.iter().all(|name| headers.contains_key(*name)),
        "{outcome}"
    );
    let mut names: Vec<&str> = headers.keys().map(|name| name.as_str()).collect();
    names.retain(|name| !SAFELISTED.contains(name) && !name.starts_with("access-control-"));
    names.sort_unstable();
    names
}

#[test]
fn a_page_reads_the_safelisted_headers_and_the_exposed_ones() {
    let cases: [(&[&str], &[&str], &[&str]); 8] = [
        (&[], &[], &[]),
        (&["x-total"], &["x-total"], &["x-total"]),
        (
            &["X-Total, ETag"],
            &["etag", "x-total"],
            &["etag", "x-total"],
        ),
        (
            &["X-Total", "ETag"],
            &["etag", "x-total"],
            &["etag", "x-total"],
        ),
        (&["*"], &["etag", "x-total"], &[]),
        (&["x-total, a b"], &[], &[]),
        (&["set-cookie, x-total"], &["x-total"], &["x-total"]),
        (&[""], &[], &[]),
    ];
    for (exposed, without, with) in cases {
        assert_eq!(read(&exposing(exposed, false)), without, "{exposed:?}");
        assert_eq!(
            read(&exposing(exposed, true)),
            with,
            "{exposed:?} with credentials"
        );
    }
}

#[test]
fn a_page_reads_status_and_body() {
    let outcome = fetch(
        &mut Browser::at(PAGE),
        |_| response(418, &[("access-control-allow-origin", "*")]),
        request("GET", &[]),
    );
    assert_eq!(outcome.response_type(), ResponseType::Cors);
    assert_eq!(outcome.assert_readable().status(), 418);
    assert_eq!(
        outcome
            .into_response()
            .map(|response| response.into_body())
            .as_deref(),
        Some("a body")
    );
}

#[test]
fn of_its_own_origin_a_page_reads_all_but_cookies() {
    let asked = request_to("https://app.example.com/x", "GET", &[]);
    let outcome = fetch(&mut Browser::at(PAGE), |_| response(200, &SENT), asked);
    assert_eq!(outcome.response_type(), ResponseType::Basic);
    let headers = outcome.assert_readable().headers();
    assert!(headers.contains_key("x-total") && !headers.contains_key("set-cookie"));
}
