//! The audit: one finding for each mistake, and nothing sent that the user did not agree to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;
use tower_cors::{CorsLayer, Policy};

use crate::program::{APP, answered, json as run_json, run};
use crate::servers::{Reserved, Server, answer, answering, origin, raw, serve};

/// Answers origins that a function allows.
fn allowing(is_allowed: fn(&str) -> bool, credentials: bool) -> Server {
    serve(answering(move |request: &Request| {
        allow(&origin(request), is_allowed, credentials)
    }))
}

fn allow(origin: &str, is_allowed: fn(&str) -> bool, credentials: bool) -> Response {
    if !is_allowed(origin) {
        return answer(200, &[("vary", "Origin")]);
    }
    let Ok(value) = origin.parse::<axum::http::HeaderValue>() else {
        return answer(200, &[("vary", "Origin")]);
    };
    let mut response = answer(200, &[("vary", "Origin")]);
    response
        .headers_mut()
        .insert("access-control-allow-origin", value);
    if credentials {
        response.headers_mut().insert(
            "access-control-allow-credentials",
            axum::http::HeaderValue::from_static("true"),
        );
    }
    response
}

fn audit(server: &Server, more: &[&str]) -> Value {
    let url = server.url();
    run_json(
        [APP, url.as_str(), "--audit"]
            .into_iter()
            .chain(more.iter().copied()),
    )
}

/// The codes of all findings but notes.
fn codes(json: &Value) -> Vec<String> {
    let findings = json["findings"].as_array().expect("a list").iter();
    findings
        .filter(|finding| finding["severity"] != "note")
        .map(|finding| finding["cause"]["code"].as_str().expect("text").to_owned())
        .collect()
}

#[test]
fn nothing_is_found_in_a_right_server() {
    let policy = Policy::builder()
        .allow_origins([APP])
        .allow_credentials(true)
        .build()
        .expect("no mistake");
    let server = serve(
        Router::new()
            .route("/monsters", get(async || "zombie"))
            .layer(CorsLayer::new(policy)),
    );
    let printed = run([APP, &server.url(), "--audit", "--credentials"]);
    printed.assert_code(0).assert_says("nothing found: ");
    let requests = server.requests().len();
    assert!(requests > 100, "{requests}");
    assert!(
        printed.out.contains(&format!("in {requests} requests")),
        "{}",
        printed.out
    );
}

#[test]
fn one_mistake_is_one_finding() {
    let any = |origin: &str| !origin.is_empty();
    let server = allowing(any, true);
    let json = audit(&server, &["--credentials"]);
    assert_eq!(codes(&json), ["any-origin-with-credentials"], "{json:#}");
    let finding = &json["findings"][0];
    assert!(finding["requests"].as_u64().unwrap() > 100, "{finding:#}");
    assert!(
        finding["cause"]["sentence"]
            .as_str()
            .unwrap()
            .contains("also `null`"),
        "{finding:#}"
    );
    let printed = run([APP, &server.url(), "--audit", "--credentials"]);
    printed.assert_code(1).assert_says(
        "1. hole: the server sends back any origin, also `null`, and allows credentials",
    );
    assert!(printed.out.lines().count() < 40, "{}", printed.out);
}

#[test]
fn each_comparison_is_told_from_the_others() {
    type IsAllowed = fn(&str) -> bool;
    let cases: [(&str, IsAllowed); 11] = [
        ("prefix", |origin| origin.starts_with(APP)),
        ("suffix", |origin| origin.ends_with("app.example.com")),
        ("suffix", |origin| origin.ends_with("example.com")),
        ("substring", |origin| origin.contains("app.example.com")),
        ("subdomains", |origin| {
            origin == APP
                || origin.starts_with("https://")
                    && origin.ends_with(".app.example.com")
                    && origin.len() > 27
        }),
        ("neighbors", |origin| {
            let name = origin
                .strip_prefix("https://")
                .and_then(|rest| rest.strip_suffix(".example.com"));
            name.is_some_and(|name| {
                !name.is_empty()
                    && name
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            })
        }),
        ("scheme-ignored", |origin| {
            [APP, "http://app.example.com"].contains(&origin)
        }),
        ("port-ignored", |origin| {
            origin == APP || origin == "https://app.example.com:8443"
        }),
        ("unescaped-dot", |origin| {
            origin.len() == APP.len()
                && origin.starts_with("https://app")
                && origin.ends_with("example.com")
        }),
        ("null-allowed", |origin| [APP, "null"].contains(&origin)),
        ("local-allowed", |origin| {
            [APP, "http://localhost:3000"].contains(&origin)
        }),
    ];
    for (code, is_allowed) in cases {
        let server = allowing(is_allowed, false);
        let json = audit(&server, &[]);
        assert_eq!(codes(&json), [code], "{json:#}");
    }
}

#[test]
fn upper_case_alone_is_a_note() {
    let server = allowing(|origin| origin.eq_ignore_ascii_case(APP), false);
    let json = audit(&server, &[]);
    assert_eq!(json["exit_code"], 0, "{json:#}");
    assert_eq!(
        json["findings"][0]["cause"]["code"], "case-ignored",
        "{json:#}"
    );
}

#[test]
fn several_mistakes_are_several_findings() {
    let server = serve(answering(|request: &Request| {
        match origin(request).as_str() {
            sent @ ("https://app.example.com" | "null") => {
                answer(200, &[("access-control-allow-origin", sent)])
            }
            _ => answer(200, &[]),
        }
    }));
    let json = audit(&server, &[]);
    assert_eq!(codes(&json), ["null-allowed", "vary-missing"], "{json:#}");
    let vary = &json["findings"][1];
    assert!(
        vary["cause"]["lines"]["nginx"]
            .to_string()
            .contains("Vary Origin"),
        "{vary:#}"
    );
}

#[test]
fn what_is_meant_is_not_found() {
    let neighbors = |origin: &str| {
        let name = origin
            .strip_prefix("https://")
            .and_then(|rest| rest.strip_suffix(".example.com"));
        name.is_some_and(|name| {
            !name.is_empty()
                && name.split('.').all(|label| {
                    !label.is_empty()
                        && label
                            .bytes()
                            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                })
        })
    };
    let server = allowing(neighbors, false);
    let json = audit(&server, &["--allow", "https://*.example.com"]);
    assert_eq!(codes(&json), [""; 0], "{json:#}");
    let any = serve(answering(|_| {
        answer(200, &[("access-control-allow-origin", "*")])
    }));
    assert_eq!(codes(&audit(&any, &[])), ["wildcard"]);
    assert_eq!(codes(&audit(&any, &["--allow", "*"])), [""; 0]);
}

#[test]
fn a_server_that_allows_nobody_proves_nothing() {
    let server = serve(answering(|_| answer(401, &[])));
    let json = audit(&server, &[]);
    assert_eq!(codes(&json), ["no-cors-layer"], "{json:#}");
    let server = serve(answering(|_| answer(200, &[("vary", "origin")])));
    assert_eq!(codes(&audit(&server, &[])), ["not-allowed"]);
    let allows = [("access-control-allow-origin", APP), ("vary", "origin")];
    let server = serve(answering(move |request: &Request| {
        match origin(request).as_str() {
            APP => answer(200, &allows),
            _ => answer(200, &[allows[1]]),
        }
    }));
    let url = server.url();
    let json = run_json([APP, "PUT", &url, "--audit"]);
    assert_eq!(codes(&json), ["request-not-allowed"], "{json:#}");
}

#[test]
fn a_host_that_is_not_local_is_asked_about_first() {
    let server = allowing(|origin| origin == APP, false);
    let resolve = format!("api.example.com:80:{}", server.address);
    let line = [
        "http://app.example.com",
        "http://api.example.com/",
        "--audit",
        "--rate",
        "100",
        "--resolve",
        &resolve,
    ];
    for answer in ["n\n", "", "whatever\n"] {
        let printed = answered(line, answer);
        printed.assert_code(2);
        assert!(
            printed
                .error
                .contains("requests to api.example.com, 100 per second")
                && printed.error.contains("[y/N]"),
            "{printed:?}"
        );
        assert!(printed.error.contains("nothing was sent"), "{printed:?}");
    }
    assert!(server.requests().is_empty());
    answered(line, "y\n").assert_code(1);
    let requests = server.requests().len();
    assert!(requests > 100, "{requests}");
    let printed = run(line.into_iter().chain(["--yes"]));
    assert!(!printed.error.contains("[y/N]"), "{printed:?}");
    assert_eq!(server.requests().len(), 2 * requests);
}

#[test]
fn an_audit_is_bounded_in_number_and_rate() {
    let server = allowing(|_| true, true);
    let url = server.url();
    let printed = run([APP, &url, "--audit", "--max-requests", "20"]);
    printed.assert_code(2);
    assert!(printed.error.contains("and the limit is 20"), "{printed:?}");
    assert!(server.requests().is_empty());
    run([APP, &url, "--audit", "--rate", "100"]).assert_code(1);
    let sent = server.requests();
    // None in the second before the next: a window of 50 lasts no less than half a second.
    for window in sent.windows(51) {
        let took = window[50].at - window[0].at;
        assert!(took.as_millis() >= 450, "{took:?}");
    }
    assert!(sent.len() < 260, "{}", sent.len());
}

#[test]
fn a_server_that_is_gone_is_left_alone() {
    let reserved = Reserved::new();
    let url = format!("http://{}/", reserved.address());
    let printed = run([APP, &url, "--audit"]);
    printed.assert_code(3).assert_says("is refused");
    // Three failures in turn are enough.
    let count = Arc::new(AtomicUsize::new(0));
    let connections = Arc::clone(&count);
    let closes = raw(move |_| {
        connections.fetch_add(1, Ordering::SeqCst);
    });
    run([APP, &format!("http://{closes}/"), "--audit"]).assert_code(3);
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

#[test]
fn an_origin_that_is_none_is_an_error() {
    let server = allowing(|_| true, false);
    let printed = run([APP, &server.url(), "--audit", "--allow", "app.example.com"]);
    printed.assert_code(2);
    assert!(
        printed.error.contains("`app.example.com` is not an origin"),
        "{printed:?}"
    );
    assert!(server.requests().is_empty());
}

#[test]
fn a_session_is_sent_along() {
    let server = serve(answering(|request: &Request| {
        match request.headers().get("cookie") {
            Some(_) => allow(&origin(request), |origin| origin == APP, true),
            None if request.method() == "OPTIONS" => {
                allow(&origin(request), |origin| origin == APP, true)
            }
            None => answer(401, &[]),
        }
    }));
    let json = audit(&server, &["--cookie", "session=top-secret"]);
    assert_eq!(codes(&json), [""; 0], "{json:#}");
    assert_eq!(server.requests()[0].headers["cookie"], "session=top-secret");
    assert!(!json.to_string().contains("top-secret"));
}

#[test]
fn a_search_that_the_server_limits_is_not_one_that_finds_nothing() {
    let count = Arc::new(AtomicUsize::new(0));
    let server = serve(answering(move |request: &Request| {
        match count.fetch_add(1, Ordering::SeqCst) {
            0..50 => allow(&origin(request), |origin| origin == APP, false),
            _ => answer(429, &[("vary", "origin")]),
        }
    }));
    let printed = run([APP, &server.url(), "--audit"]);
    printed
        .assert_code(3)
        .assert_says("The search is incomplete")
        .assert_says("`--rate 1`");
}
