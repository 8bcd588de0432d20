//! The lines to write work: a server that has them answers as the page needs.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::put;
use serde_json::Value;

use crate::program::{APP, json, run};
use crate::servers::{Express, Nginx, answer, answering, serve};

const URL: &str = "https://api.example.com/monsters";

/// The lines for a server.
fn lines(json: &Value, server: &str) -> Vec<String> {
    let lines = json["cause"]["lines"][server]
        .as_array()
        .unwrap_or_else(|| panic!("{json:#}"));
    lines
        .iter()
        .map(|line| line.as_str().expect("text").to_owned())
        .collect()
}

/// Splits the lines for nginx into those of `http { }` and those of the location.
fn nginx_lines(json: &Value) -> (String, String) {
    let (http, location): (Vec<String>, Vec<String>) = lines(json, "nginx")
        .into_iter()
        .partition(|line| line.starts_with("map "));
    (http.join("\n"), location.join("\n"))
}

fn ask_nginx(nginx: &Nginx) -> Value {
    let to_nginx = nginx.arguments();
    let mut line = vec![
        APP,
        "PUT",
        URL,
        "-H",
        "content-type: application/json",
        "-d",
        "{}",
        "--credentials",
        "--server",
        "nginx",
    ];
    line.extend(to_nginx.iter().map(String::as_str));
    json(line)
}

fn behind() -> SocketAddr {
    // It lives as long as the process.
    let server = Box::leak(Box::new(serve(
        Router::new().route("/monsters", put(async || "changed")),
    )));
    server.address
}

#[test]
fn the_lines_for_nginx_work() {
    let location = format!("proxy_pass http://{};", behind());
    let wrong = Nginx::start("", &format!("location / {{ {location} }}"));
    let json = ask_nginx(&wrong);
    assert_eq!(json["verdict"], "blocked", "{json:#}");
    let (http, lines) = nginx_lines(&json);
    let right = Nginx::start(&http, &format!("location / {{ {location}\n{lines}\n }}"));
    let json = ask_nginx(&right);
    assert_eq!(json["verdict"], "allowed", "{json:#}");
    let to_nginx = right.arguments();
    let line = ["https://www.example.com", URL]
        .into_iter()
        .chain(to_nginx.iter().map(String::as_str));
    run(line)
        .assert_code(1)
        .assert_says("no Access-Control-Allow-Origin")
        .assert_says("< vary: Origin");
}

#[test]
fn the_lines_for_nginx_with_authentication_work() {
    let location = format!(
        "auth_basic \"monsters\"; auth_basic_user_file /dev/null; proxy_pass http://{};",
        behind()
    );
    let wrong = Nginx::start("", &format!("location / {{ {location} }}"));
    let json = ask_nginx(&wrong);
    assert_eq!(
        json["cause"]["code"], "preflight-allow-origin-missing",
        "{json:#}"
    );
    let (http, lines) = nginx_lines(&json);
    let right = Nginx::start(&http, &format!("location / {{ {location}\n{lines}\n }}"));
    let json = ask_nginx(&right);
    assert_eq!(json["verdict"], "allowed", "{json:#}");
    assert_eq!(
        json["exchanges"][1]["status"], 401,
        "the page can see it: {json:#}"
    );
}

#[test]
fn the_lines_for_nginx_with_a_missing_header_work() {
    let lines = "add_header Access-Control-Allow-Origin https://app.example.com always; add_header Vary Origin always;
        add_header Access-Control-Allow-Credentials true always; add_header Access-Control-Allow-Methods PUT always;
        if ($request_method = OPTIONS) { return 204; } return 200;";
    let wrong = Nginx::start("", &format!("location / {{ {lines} }}"));
    let json = ask_nginx(&wrong);
    assert_eq!(
        json["cause"]["code"], "preflight-header-not-allowed",
        "{json:#}"
    );
    let (http, missing) = nginx_lines(&json);
    assert_eq!((http.as_str(), missing.lines().count()), ("", 1));
    let right = Nginx::start("", &format!("location / {{ {missing} {lines} }}"));
    assert_eq!(ask_nginx(&right)["verdict"], "allowed");
}

#[test]
fn the_line_for_nginx_against_a_doubled_header_works() {
    let behind = serve(answering(|_| {
        answer(200, &[("access-control-allow-origin", APP)])
    }));
    let location = format!(
        "proxy_pass http://{}; add_header Access-Control-Allow-Origin {APP} always;",
        behind.address
    );
    let get = |nginx: &Nginx| {
        let to_nginx = nginx.arguments();
        let line = [APP, URL, "--server", "nginx"]
            .into_iter()
            .chain(to_nginx.iter().map(String::as_str));
        json(line)
    };
    let json = get(&Nginx::start("", &format!("location / {{ {location} }}")));
    assert_eq!(json["cause"]["code"], "allow-origin-repeated", "{json:#}");
    let (_, line) = nginx_lines(&json);
    assert_eq!(
        get(&Nginx::start(
            "",
            &format!("location / {{ {location} {line}\n }}")
        ))["verdict"],
        "allowed"
    );
}

fn ask_express(url: &str) -> Value {
    json([
        APP,
        "PUT",
        url,
        "-H",
        "content-type: application/json",
        "-d",
        "{}",
        "--credentials",
    ])
}

#[test]
fn the_line_for_express_works() {
    let routes = "app.put('/monsters', (request, response) => response.send('changed'));";
    let authentication = "app.use((request, response, next) => request.get('authorization') ? next() : response.sendStatus(401));";
    for before in ["", authentication] {
        let wrong = Express::start(&format!("{before}{routes}"));
        let json = ask_express(&wrong.url);
        assert_eq!(json["verdict"], "blocked", "{json:#}");
        assert_eq!(
            json["cause"]["lines"].as_object().unwrap().len(),
            1,
            "its answer names Express: {json:#}"
        );
        let line = lines(&json, "express").join("\n");
        let right = Express::start(&format!("{line}\n{before}{routes}"));
        let json = ask_express(&right.url);
        assert_eq!(json["verdict"], "allowed", "{json:#}");
    }
}

#[test]
fn the_line_for_express_covers_errors() {
    let routes = "app.get('/monsters', () => { throw new Error('zombie'); });";
    let wrong = Express::start(routes);
    let json = json([APP, &wrong.url]);
    assert!(
        json["cause"]["sentence"].as_str().unwrap().contains("500"),
        "{json:#}"
    );
    let line = lines(&json, "express").join("\n");
    let right = Express::start(&format!("{line}\n{routes}"));
    run([APP, &right.url])
        .assert_code(0)
        .assert_says("CORS is not the problem: the response itself is 500");
}

#[test]
fn cors_of_express_with_its_defaults_is_a_wildcard() {
    let express = Express::start(
        "app.use(cors()); app.get('/monsters', (request, response) => response.send('zombie'));",
    );
    run([APP, &express.url]).assert_code(0);
    let printed = run([APP, &express.url, "--credentials"]);
    printed
        .assert_code(1)
        .assert_says("Name the origin instead of `*`");
    printed.assert_says(
        "app.use(cors({ origin: [\"https://app.example.com\"], credentials: true }));",
    );
}

#[test]
fn the_lines_for_us_work() {
    let server = serve(Router::new().route("/monsters", put(async || "changed")));
    let json = json([
        APP,
        "PUT",
        &server.url(),
        "-H",
        "content-type: application/json",
        "--credentials",
    ]);
    // The line is code, so it stands here as the program wrote it.
    assert_eq!(
        lines(&json, "tower-cors")[0],
        "Policy::builder().allow_origins([\"https://app.example.com\"]).allow_credentials(true).allow_methods([\"PUT\"])\
         .allow_headers([\"content-type\"])"
    );
    let policy = tower_cors::Policy::builder()
        .allow_origins(["https://app.example.com"])
        .allow_credentials(true)
        .allow_methods(["PUT"])
        .allow_headers(["content-type"])
        .build()
        .expect("no mistake");
    let right = serve(
        Router::new()
            .route("/monsters", put(async || "changed"))
            .layer(tower_cors::CorsLayer::new(policy)),
    );
    run([
        APP,
        "PUT",
        &right.url(),
        "-H",
        "content-type: application/json",
        "--credentials",
    ])
    .assert_code(0);
}
