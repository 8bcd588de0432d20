//! Two hops: nginx before a server of ours.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::{get, put};
use serde_json::Value;
use tower_cors::{CorsLayer, Policy};

use crate::program::{APP, json, run};
use crate::servers::{Nginx, Reserved, Server, answer, answering, serve};

fn ours() -> Server {
    let policy = Policy::builder()
        .allow_origins([APP])
        .allow_methods(["PUT"])
        .expose_headers(["etag"])
        .build()
        .expect("no mistake");
    let routes = Router::new().route(
        "/monsters",
        get(async || "zombie").merge(put(async || "changed")),
    );
    serve(routes.layer(CorsLayer::new(policy)))
}

/// nginx that passes requests on to an address, with more lines in its location.
fn nginx(address: SocketAddr, location: &str) -> Nginx {
    let server = format!("location / {{ proxy_pass http://{address}; {location} }}");
    Nginx::start("", &server)
}

fn compare(behind: &Server, nginx: &Nginx, method: &str) -> Value {
    let direct = behind.url();
    let to_nginx = nginx.arguments();
    let mut line = vec![
        APP,
        method,
        "--via",
        "https://api.example.com/monsters",
        "--direct",
        &direct,
    ];
    line.extend(to_nginx.iter().map(String::as_str));
    json(line)
}

fn changes(json: &Value) -> Vec<(String, String)> {
    let changes = json["changes"].as_array().expect("a list").iter();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    changes
        .map(|change| (text(&change["code"]), text(&change["sentence"])))
        .collect()
}

#[track_caller]
fn assert_one_change(json: &Value, code: &str, sentence: &str) {
    let changes = changes(json);
    assert_eq!(changes.len(), 1, "{json:#}");
    assert_eq!(changes[0].0, code, "{json:#}");
    assert!(changes[0].1.contains(sentence), "{json:#}");
}

#[test]
fn a_hop_that_changes_nothing() {
    let behind = ours();
    let nginx = nginx(behind.address, "");
    let json = compare(&behind, &nginx, "PUT");
    assert_eq!(
        (json["verdict"].as_str(), json["exit_code"].as_u64()),
        (Some("same"), Some(0)),
        "{json:#}"
    );
    assert_eq!(behind.methods(), ["OPTIONS", "PUT", "OPTIONS", "PUT"]);
    // The page came over https, and the server behind the hop speaks http: it gets the same request all the same.
    let sites: Vec<_> = behind
        .requests()
        .iter()
        .map(|seen| seen.headers["sec-fetch-site"].clone())
        .collect();
    assert_eq!(sites, ["same-site"; 4]);
}

#[test]
fn a_hop_that_removes_a_header() {
    let behind = ours();
    let nginx = nginx(
        behind.address,
        "proxy_hide_header Access-Control-Allow-Origin;",
    );
    let json = compare(&behind, &nginx, "GET");
    assert_one_change(
        &json,
        "header-removed",
        "The hop removes Access-Control-Allow-Origin: https://app.example.com.",
    );
    assert!(
        json["changes"][0]["lines"]["nginx"]
            .to_string()
            .contains("remove `proxy_hide_header"),
        "{json:#}"
    );
    let nginx = self::nginx(behind.address, "proxy_hide_header Vary;");
    assert_one_change(&compare(&behind, &nginx, "GET"), "vary-removed", "origin");
}

#[test]
fn a_hop_that_doubles_a_header() {
    let behind = ours();
    let nginx = nginx(
        behind.address,
        "add_header Access-Control-Allow-Origin * always;",
    );
    let json = compare(&behind, &nginx, "GET");
    assert_one_change(&json, "header-doubled", "the hop adds *");
    assert_eq!(json["via"]["blocked"], "allow-origin-repeated", "{json:#}");
    assert_eq!(json["direct"]["blocked"], Value::Null, "{json:#}");
}

#[test]
fn a_hop_that_strips_the_origin() {
    let behind = ours();
    let nginx = nginx(behind.address, "proxy_set_header Origin \"\";");
    for method in ["GET", "PUT"] {
        let json = compare(&behind, &nginx, method);
        assert_one_change(
            &json,
            "origin-stripped",
            "The hop removes `Origin` from the request",
        );
        assert!(
            json["changes"][0]["lines"]["nginx"]
                .to_string()
                .contains("proxy_set_header Origin $http_origin;"),
            "{json:#}"
        );
    }
}

#[test]
fn a_hop_that_answers_the_preflight() {
    let behind = ours();
    let nginx = nginx(
        behind.address,
        "if ($request_method = OPTIONS) { return 405; }",
    );
    let json = compare(&behind, &nginx, "PUT");
    assert_one_change(
        &json,
        "hop-answers",
        "The hop answers the preflight itself, with 405 Method Not Allowed",
    );
}

#[test]
fn a_hop_that_adds_all_headers() {
    let behind = serve(answering(|_| answer(200, &[])));
    let nginx = nginx(
        behind.address,
        "add_header Access-Control-Allow-Origin * always;",
    );
    let json = compare(&behind, &nginx, "GET");
    assert_one_change(&json, "header-added", "The server behind it sends none");
}

#[test]
fn a_hop_that_serves_another_pages_answer() {
    let behind = serve(answering(|_| {
        answer(
            200,
            &[("access-control-allow-origin", APP), ("vary", "origin")],
        )
    }));
    let cache = serve(answering(|_| {
        answer(
            200,
            &[
                ("access-control-allow-origin", "https://www.example.com"),
                ("vary", "origin"),
                ("age", "5"),
            ],
        )
    }));
    let (via, direct) = (cache.url(), behind.url());
    let json = json([APP, "--via", &via, "--direct", &direct]);
    assert_one_change(&json, "cached-for-another-origin", "from its cache");
}

#[test]
fn the_text_names_the_hop_and_the_line() {
    let behind = ours();
    let nginx = nginx(
        behind.address,
        "add_header Access-Control-Allow-Origin $http_origin always;",
    );
    let direct = behind.url();
    let to_nginx = nginx.arguments();
    let mut line = vec![
        APP,
        "--via",
        "https://api.example.com/monsters",
        "--direct",
        &direct,
    ];
    line.extend(to_nginx.iter().map(String::as_str));
    let printed = run(line);
    printed
        .assert_code(1)
        .assert_says("different: the hop changes what a page gets");
    printed
        .assert_says("The hop doubles Access-Control-Allow-Origin")
        .assert_says("proxy_hide_header Access-Control-Allow-Origin;");
    printed.assert_says("What to change, at the hop https://api.example.com");
}

#[test]
fn a_hop_that_is_gone() {
    let behind = ours();
    let reserved = Reserved::new();
    let (via, direct) = (
        format!("http://{}/monsters", reserved.address()),
        behind.url(),
    );
    let json = json([APP, "--via", &via, "--direct", &direct]);
    assert_eq!(json["cause"]["code"], "connection-refused", "{json:#}");
}

#[test]
fn what_a_page_does_not_send_is_explained() {
    let behind = ours();
    let json = json([
        APP,
        "--via",
        "http://api.example.com/",
        "--direct",
        &behind.url(),
    ]);
    assert_eq!(json["cause"]["code"], "mixed-content", "{json:#}");
    assert!(behind.requests().is_empty());
}
