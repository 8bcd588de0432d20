//! Only what differs between browsers is said.

use axum::extract::Request;

use crate::program::{APP, json, run};
use crate::servers::{answer, answering, serve};

#[test]
fn what_all_browsers_do_the_same_is_not_repeated() {
    let server = serve(answering(|_| answer(200, &[])));
    let url = server.url();
    run([APP, "PUT", &url]).assert_says_not("Where browsers differ");
    assert_eq!(
        server.methods(),
        ["OPTIONS"],
        "the other browsers are judged by the same answer"
    );
}

#[test]
fn a_wildcard_for_authorization_is_allowed_by_all_and_not_by_the_standard() {
    let lists = [
        ("access-control-allow-headers", "*"),
        ("access-control-allow-origin", "*"),
    ];
    let server = serve(answering(move |_| answer(200, &lists)));
    let url = server.url();
    let line = [APP, url.as_str(), "-H", "authorization: Bearer secret"];
    let printed = run(line);
    printed
        .assert_code(0)
        .assert_says("Where browsers differ from Chromium");
    printed
        .assert_says("the Fetch standard blocks it: preflight-header-not-allowed")
        .assert_says_not("Firefox");
    let standard = json(line.into_iter().chain(["--browser", "standard"]));
    assert_eq!(standard["verdict"], "blocked", "{standard:#}");
    let others: Vec<&str> = standard["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["engine"].as_str().unwrap())
        .collect();
    assert_eq!(
        others,
        ["Chromium", "Firefox", "WebKit (Safari)"],
        "{standard:#}"
    );
    assert!(
        standard["differences"][0]["what"]
            .as_str()
            .unwrap()
            .contains("was not asked for"),
        "{standard:#}"
    );
}

#[test]
fn a_preflight_that_only_some_browsers_send() {
    let server = serve(answering(|request: &Request| {
        match request.method().as_str() {
            "OPTIONS" => answer(403, &[]),
            _ => answer(200, &[("access-control-allow-origin", "*")]),
        }
    }));
    let url = server.url();
    let line = [APP, url.as_str(), "-H", "downlink: 1.5"];
    let printed = run(line);
    printed.assert_code(0).assert_says(
        "Firefox blocks it after a preflight, which it needs: preflight-allow-origin-missing",
    );
    printed.assert_says("WebKit (Safari) blocks it after a preflight");
    assert!(
        server
            .methods()
            .iter()
            .filter(|&method| method == "GET")
            .count()
            == 1,
        "{:?}",
        server.methods()
    );
}

#[test]
fn how_long_a_preflight_is_kept() {
    let lists = [
        ("access-control-allow-methods", "PUT"),
        ("access-control-allow-origin", "*"),
        ("access-control-max-age", "86400"),
    ];
    let server = serve(answering(move |_| answer(200, &lists)));
    let printed = run([APP, "PUT", &server.url()]);
    printed
        .assert_code(0)
        .assert_says("Chromium 7200 s, Firefox 86400 s and WebKit (Safari) 600 s");
}
