//! One server for each classic mistake: the reason, and who changes what.

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::put;
use serde_json::{Value, json};
use tower_cors::{CorsLayer, Policy};

use crate::program::{APP, json as run_json, run};
use crate::servers::{answer, answering, origin, serve};

const ALLOWED: (&str, &str) = ("access-control-allow-origin", APP);
const CREDENTIALS: (&str, &str) = ("access-control-allow-credentials", "true");
const VARY: (&str, &str) = ("vary", "Origin");

/// Asks a server that answers so for PUT with JSON and credentials, as in the documentation.
fn put_json(
    reply: impl Fn(&Request) -> Response + Clone + Send + Sync + 'static,
) -> (Value, String) {
    let server = serve(answering(reply));
    let url = server.url();
    let arguments = [
        APP,
        "PUT",
        &url,
        "-H",
        "content-type: application/json",
        "-d",
        "{}",
        "--credentials",
    ];
    let json = run_json(arguments);
    let printed = run(arguments);
    (json, printed.out)
}

/// Asks with a plain GET.
fn get(
    reply: impl Fn(&Request) -> Response + Clone + Send + Sync + 'static,
    more: &[&str],
) -> (Value, String) {
    let server = serve(answering(reply));
    let url = server.url();
    let arguments = || [APP, url.as_str()].into_iter().chain(more.iter().copied());
    let json = run_json(arguments());
    let printed = run(arguments());
    (json, printed.out)
}

fn is_preflight(request: &Request) -> bool {
    request.method() == "OPTIONS"
}

#[track_caller]
fn assert_cause(json: &Value, code: &str, who: &str, sentence: &str) {
    assert_eq!(json["verdict"], "blocked", "{json:#}");
    let cause = &json["cause"];
    assert_eq!(
        (&cause["code"], &cause["who"]),
        (&json!(code), &json!(who)),
        "{json:#}"
    );
    assert!(
        cause["sentence"].as_str().unwrap().contains(sentence),
        "{json:#}"
    );
}

/// The lines for a server, joined.
fn lines(json: &Value, server: &str) -> String {
    let lines = json["cause"]["lines"][server].as_array();
    let lines = lines.unwrap_or_else(|| panic!("{json:#}")).iter();
    lines
        .map(|line| line.as_str().expect("text"))
        .collect::<Vec<&str>>()
        .join("\n")
}

#[test]
fn a_right_server_is_allowed() {
    let policy = Policy::builder()
        .allow_origins([APP])
        .allow_methods(["PUT"])
        .allow_headers(["content-type"])
        .allow_credentials(true)
        .build()
        .expect("no mistake");
    let app = Router::new()
        .route("/monsters", put(async || "changed"))
        .layer(CorsLayer::new(policy));
    let server = serve(app);
    let printed = run([
        APP,
        "PUT",
        &server.url(),
        "-H",
        "content-type: application/json",
        "--data",
        "{}",
        "--credentials",
    ]);
    printed
        .assert_code(0)
        .assert_says("allowed: a page at https://app.example.com can read the response to PUT");
    printed
        .assert_says("(200 OK)")
        .assert_says_not("What to change")
        .assert_says_not("Where browsers differ");
    assert_eq!(server.methods(), ["OPTIONS", "PUT"]);
    let sent = &server.requests()[1].headers;
    assert_eq!(sent["origin"], APP);
    assert_eq!(sent["content-type"], "application/json");
    assert_eq!(sent["sec-fetch-mode"], "cors");
    assert_eq!(sent["content-length"], "2");
}

#[test]
fn no_cors_at_all() {
    let (json, text) = get(|_| answer(200, &[]), &[]);
    assert_cause(
        &json,
        "allow-origin-missing",
        "server",
        "The response has no CORS headers.",
    );
    for server in [
        "nginx",
        "caddy",
        "express",
        "fastapi",
        "spring",
        "cloudflare",
        "s3",
        "tower-cors",
    ] {
        assert!(lines(&json, server).contains(APP), "{server}: {json:#}");
    }
    assert_eq!(
        json["cause"]["lines"]["s3"][0],
        "[{ \"AllowedOrigins\": [\"https://app.example.com\"], \"AllowedMethods\": [\"GET\"] }]  \
         # aws s3api put-bucket-cors; a rule answers if all of it matches"
    );
    assert!(text.starts_with("blocked: a page at https://app.example.com cannot read the response to GET http://127.0.0.1:"), "{text}");
}

#[test]
fn a_list_without_this_origin() {
    let reply = |request: &Request| match origin(request).as_str() {
        "https://www.example.com" => answer(200, &[ALLOWED, VARY]),
        _ => answer(200, &[VARY]),
    };
    let (json, _) = get(reply, &[]);
    assert_cause(
        &json,
        "origin-not-allowed",
        "server",
        "depends on the origin (`Vary: Origin`)",
    );
    assert!(
        lines(&json, "tower-cors").contains(".allow_origins([\"https://app.example.com\"])"),
        "{json:#}"
    );
}

#[test]
fn a_wildcard_with_credentials() {
    let (json, _) = get(
        |_| answer(200, &[("access-control-allow-origin", "*"), CREDENTIALS]),
        &["--credentials"],
    );
    assert_cause(
        &json,
        "allow-origin-wildcard",
        "server",
        "`Access-Control-Allow-Origin: *`",
    );
    let nginx = lines(&json, "nginx");
    assert!(
        nginx.contains("map $http_origin") && nginx.contains("Vary Origin"),
        "{nginx}"
    );
    assert!(!nginx.contains("Credentials"), "it has them: {nginx}");
}

#[test]
fn a_doubled_allow_origin() {
    let (json, _) = get(|_| answer(200, &[ALLOWED, ALLOWED, VARY]), &[]);
    assert_cause(
        &json,
        "allow-origin-repeated",
        "server",
        "Access-Control-Allow-Origin 2 times",
    );
    assert!(
        lines(&json, "nginx").starts_with("proxy_hide_header Access-Control-Allow-Origin;"),
        "{json:#}"
    );
    let list = (
        "access-control-allow-origin",
        "https://a.example, https://app.example.com",
    );
    let (json, _) = get(move |_| answer(200, &[list]), &[]);
    assert_cause(
        &json,
        "allow-origin-repeated",
        "server",
        "more than one value",
    );
    assert!(
        lines(&json, "nginx").contains("map $http_origin"),
        "{json:#}"
    );
}

#[test]
fn a_preflight_that_authentication_answers() {
    let (json, text) = put_json(|request| match is_preflight(request) {
        true => answer(401, &[("www-authenticate", "Basic")]),
        false => answer(200, &[ALLOWED, CREDENTIALS, VARY]),
    });
    assert_cause(
        &json,
        "preflight-allow-origin-missing",
        "server",
        "authentication answered it before",
    );
    let change = json["cause"]["change"].as_str().unwrap();
    assert!(change.contains("OPTIONS before authentication"), "{change}");
    assert!(lines(&json, "nginx").contains("return 204"), "{json:#}");
    assert!(lines(&json, "spring").contains("http.cors("), "{json:#}");
    assert!(text.contains("< www-authenticate: Basic"), "{text}");
}

#[test]
fn a_preflight_that_the_router_answers() {
    for status in [404, 405] {
        let (json, _) = put_json(move |request| match is_preflight(request) {
            true => answer(status, &[("allow", "PUT")]),
            false => answer(200, &[ALLOWED, CREDENTIALS, VARY]),
        });
        assert_cause(
            &json,
            "preflight-allow-origin-missing",
            "server",
            "the router answered it before",
        );
        assert!(
            json["cause"]["change"]
                .as_str()
                .unwrap()
                .contains("OPTIONS for this URL"),
            "{json:#}"
        );
    }
}

#[test]
fn a_preflight_with_headers_and_the_wrong_status() {
    let headers = [
        ALLOWED,
        CREDENTIALS,
        ("access-control-allow-methods", "PUT"),
        ("access-control-allow-headers", "content-type"),
    ];
    let (json, _) = put_json(move |request| match is_preflight(request) {
        true => answer(403, &headers),
        false => answer(200, &headers),
    });
    assert_cause(&json, "preflight-status", "server", "403 Forbidden");
    assert!(
        lines(&json, "nginx").contains("return 204") && !lines(&json, "nginx").contains("map"),
        "{json:#}"
    );
}

#[test]
fn a_preflight_that_is_redirected() {
    let (json, _) = put_json(|_| answer(308, &[("location", "/monsters/")]));
    assert_cause(
        &json,
        "preflight-redirect",
        "page",
        "browsers do not follow",
    );
    assert!(
        json["cause"]["change"]
            .as_str()
            .unwrap()
            .ends_with("/monsters/."),
        "{json:#}"
    );
    let (json, _) = put_json(|_| answer(302, &[("location", "https://login.example.com/start")]));
    assert_cause(
        &json,
        "preflight-redirect",
        "server",
        "browsers do not follow",
    );
    assert!(
        json["cause"]["change"]
            .as_str()
            .unwrap()
            .contains("before the redirect"),
        "{json:#}"
    );
}

#[test]
fn a_header_and_a_method_that_are_missing() {
    let allows = (
        "access-control-allow-headers",
        "x-requested-with, \"; evil {",
    );
    let methods = ("access-control-allow-methods", "GET, DELETE");
    let (json, text) = put_json(move |_| {
        answer(
            204,
            &[
                ALLOWED,
                CREDENTIALS,
                VARY,
                methods,
                ("access-control-allow-headers", "x-requested-with"),
            ],
        )
    });
    assert_cause(
        &json,
        "preflight-method-not-allowed",
        "server",
        "does not allow the method PUT and the header `content-type`",
    );
    assert!(
        text.contains("Access-Control-Allow-Headers has x-requested-with"),
        "{text}"
    );
    let nginx = lines(&json, "nginx");
    assert_eq!(
        nginx,
        "add_header Access-Control-Allow-Methods \"GET, DELETE, PUT\" always;\n\
         add_header Access-Control-Allow-Headers \"x-requested-with, content-type\" always;"
    );
    // A line that somebody pastes has no text of a server that is not a name.
    let (json, _) = put_json(move |_| {
        answer(
            204,
            &[
                ALLOWED,
                CREDENTIALS,
                VARY,
                ("access-control-allow-methods", "PUT"),
                allows,
            ],
        )
    });
    assert_cause(
        &json,
        "preflight-headers-malformed",
        "server",
        "is not a list of names",
    );
    assert!(!lines(&json, "nginx").contains("evil"), "{json:#}");
}

#[test]
fn a_method_in_another_case_is_the_pages_mistake() {
    let server = serve(answering(|_| {
        answer(204, &[ALLOWED, ("access-control-allow-methods", "PATCH")])
    }));
    let json = run_json([APP, "patch", &server.url()]);
    assert_cause(
        &json,
        "preflight-method-not-allowed",
        "page",
        "methods are case-sensitive",
    );
    assert!(
        json["cause"]["change"]
            .as_str()
            .unwrap()
            .contains("`method: \"PATCH\"`"),
        "{json:#}"
    );
}

#[test]
fn a_wildcard_list_with_credentials() {
    let any = [
        ("access-control-allow-methods", "*"),
        ("access-control-allow-headers", "*"),
    ];
    let (json, text) =
        put_json(move |_| answer(204, &[ALLOWED, CREDENTIALS, VARY, any[0], any[1]]));
    assert_cause(&json, "preflight-method-not-allowed", "server", "PUT");
    assert!(text.contains("browsers take `*` for a name"), "{text}");
    assert!(
        lines(&json, "nginx").contains("Allow-Methods \"PUT\""),
        "{json:#}"
    );
}

#[test]
fn credentials_that_are_not_allowed() {
    let (json, _) = get(|_| answer(200, &[ALLOWED, VARY]), &["--credentials"]);
    assert_cause(
        &json,
        "allow-credentials-missing",
        "server",
        "not with credentials",
    );
    let (json, _) = get(
        |_| {
            answer(
                200,
                &[ALLOWED, VARY, ("access-control-allow-credentials", "True")],
            )
        },
        &["--credentials"],
    );
    assert_cause(&json, "allow-credentials-not-true", "server", "only `true`");
    assert_eq!(
        lines(&json, "nginx"),
        "add_header Access-Control-Allow-Credentials true always;"
    );
}

#[test]
fn the_origin_of_another_page() {
    let cases = [
        ("https://app.example.com/", "ends with a slash"),
        ("http://app.example.com", "its scheme is another"),
        ("https://app.example.com:8443", "its port is another"),
        ("https://App.example.com", "not in lower case"),
        ("https://*.example.com", "a `*` inside an origin"),
        ("https://www.example.com", "it is another origin"),
        ("null", "`null`"),
    ];
    for (value, why) in cases {
        let (json, _) = get(
            move |_| answer(200, &[("access-control-allow-origin", value)]),
            &[],
        );
        assert_cause(&json, "allow-origin-differs", "server", why);
    }
    let cached = [
        ("access-control-allow-origin", "https://www.example.com"),
        ("age", "7"),
    ];
    let (json, _) = get(move |_| answer(200, &cached), &[]);
    assert_cause(
        &json,
        "cached-for-another-origin",
        "server",
        "a cache answered",
    );
    assert!(lines(&json, "nginx").contains("Vary Origin"), "{json:#}");
}

#[test]
fn an_error_without_headers_is_not_about_the_origin() {
    for (status, by) in [
        (401, "authentication"),
        (404, "the router"),
        (500, "the handler of errors"),
        (502, "a proxy"),
    ] {
        let (json, _) = get(move |_| answer(status, &[]), &[]);
        assert_cause(&json, "allow-origin-missing", "server", by);
        assert!(
            json["cause"]["change"]
                .as_str()
                .unwrap()
                .contains("errors too"),
            "{json:#}"
        );
        assert!(
            lines(&json, "fastapi").contains("app = CORSMiddleware(app"),
            "{json:#}"
        );
    }
}

#[test]
fn an_answer_without_headers_after_an_allowed_preflight() {
    let (json, _) = put_json(|request| match is_preflight(request) {
        true => answer(
            204,
            &[
                ALLOWED,
                CREDENTIALS,
                ("access-control-allow-methods", "PUT"),
                ("access-control-allow-headers", "content-type"),
            ],
        ),
        false => answer(200, &[]),
    });
    assert_cause(
        &json,
        "allow-origin-missing",
        "server",
        "The preflight is allowed, but the response to the request itself",
    );
}

#[test]
fn a_redirect_to_another_server_is_not_about_the_first() {
    let target = serve(answering(|request| match origin(request).as_str() {
        APP => answer(200, &[ALLOWED, VARY]),
        _ => answer(200, &[VARY]),
    }));
    let location = target.url();
    let (json, _) = get(
        move |_| answer(302, &[ALLOWED, VARY, ("location", &location)]),
        &[],
    );
    assert_cause(&json, "redirected", "page", "`Origin: null`");
    assert!(
        json["cause"]["change"]
            .as_str()
            .unwrap()
            .contains(&target.url()),
        "{json:#}"
    );
    let login = target.url().replace("/monsters", "/login");
    let (json, _) = get(
        move |_| answer(302, &[ALLOWED, VARY, ("location", &login)]),
        &[],
    );
    assert_cause(&json, "redirected", "server", "`Origin: null`");
    assert!(
        json["cause"]["change"]
            .as_str()
            .unwrap()
            .contains("401 instead of a redirect"),
        "{json:#}"
    );
}

#[test]
fn a_redirect_that_leads_nowhere() {
    let cases = [
        (
            "https://user:secret@api.example.com/",
            "redirect-with-credentials",
        ),
        ("ftp://api.example.com/", "redirect-not-http"),
        ("http://[", "redirect-location-malformed"),
    ];
    for (location, code) in cases {
        let (json, _) = get(
            move |_| answer(302, &[ALLOWED, VARY, ("location", location)]),
            &[],
        );
        assert_cause(&json, code, "server", "does not follow the redirect");
    }
    let (json, _) = get(
        |_| answer(302, &[ALLOWED, VARY, ("location", "/monsters")]),
        &[],
    );
    assert_cause(&json, "too-many-redirects", "server", "twenty-first");
}

#[test]
fn a_page_without_an_origin_needs_one_of_its_own() {
    let server = serve(answering(|_| answer(200, &[VARY])));
    for page in ["null", "file:///home/me/index.html"] {
        let json = run_json([page, &server.url()]);
        assert_cause(&json, "allow-origin-missing", "server", "`null`");
        assert_eq!(
            json["cause"]["lines"],
            json!({}),
            "nobody should allow `null`: {json:#}"
        );
    }
    assert_eq!(server.requests()[0].headers["origin"], "null");
}

#[test]
fn what_a_page_cannot_send_is_the_pages_mistake() {
    let server = serve(answering(|_| answer(200, &[ALLOWED])));
    let json = run_json([APP, "http://api.example.com/"]);
    assert_cause(&json, "mixed-content", "server", "http URL");
    let json = run_json([APP, "TRACE", &server.url()]);
    assert_cause(&json, "invalid-request", "page", "TRACE");
    let with_user = server.url().replace("http://", "http://user:secret@");
    let json = run_json([APP, &with_user]);
    assert_cause(&json, "invalid-request", "page", "user name");
    assert!(!json.to_string().contains("secret"), "{json:#}");
    assert!(server.requests().is_empty());
}

#[test]
fn what_is_wrong_besides_cors_is_said() {
    let expose = ("x-total-count", "1");
    let server = serve(answering(move |_| answer(404, &[ALLOWED, expose])));
    let printed = run([APP, &server.url(), "-H", "cookie: a=1"]);
    printed
        .assert_code(0)
        .assert_says("CORS is not the problem: the response itself is 404 Not Found.");
    printed.assert_says("The page cannot read x-total-count");
    printed.assert_says("Browsers do not let pages set `cookie`: not sent.");
    printed.assert_says("names one origin without `Vary: Origin`");
    let url = server.url();
    let same = url.trim_end_matches("/monsters");
    run([same, &url])
        .assert_code(0)
        .assert_says("the same origin, so CORS does not apply");
}

#[test]
fn the_servers_that_the_answer_names_get_their_lines_alone() {
    let server = serve(answering(|_| {
        answer(
            200,
            &[("server", "cloudflare"), ("x-powered-by", "Express")],
        )
    }));
    let url = server.url();
    let printed = run([APP, &url]);
    printed
        .assert_says("The response names Express and Cloudflare.")
        .assert_says("`--server all`");
    printed
        .assert_says("app.use(cors({")
        .assert_says_not("add_header")
        .assert_says_not("CORSMiddleware");
    run([APP, &url, "--server", "all"])
        .assert_says("add_header")
        .assert_says("CORSMiddleware");
    run([APP, &url, "--server", "s3"])
        .assert_says("put-bucket-cors")
        .assert_says_not("app.use");
}

#[test]
fn a_message_alone_is_enough() {
    let lists = [
        ("access-control-allow-methods", "PUT"),
        ("access-control-allow-headers", "x-requested-with"),
    ];
    let server = serve(answering(move |_| {
        answer(204, &[ALLOWED, CREDENTIALS, VARY, lists[0], lists[1]])
    }));
    let pasted = |reason: &str| {
        format!(
            "index.js:7 Access to fetch at '{}' from origin '{APP}' has been blocked by CORS policy: {reason}",
            server.url()
        )
    };
    let header = pasted(
        "Request header field content-type is not allowed by Access-Control-Allow-Headers in preflight response.",
    );
    let printed = run(["--message", &header]);
    printed
        .assert_code(1)
        .assert_says("This is the reason of your message.")
        .assert_says("Chromium prints:")
        .assert_says("The preflight does not allow the header `content-type`.");
    // The same page, and a request without the header.
    let printed = run(["--message", &header, APP, &server.url()]);
    printed
        .assert_code(0)
        .assert_says("Your message has a reason that does not apply to this request")
        .assert_says("it sets a header (`-H 'content-type: application/json'`)");
    let wildcard = pasted(
        "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the \
         request's credentials mode is 'include'.",
    );
    let json = run_json(["--message", &wildcard]);
    assert_eq!(json["credentials"], true, "{json:#}");
    assert!(
        json["notes"][0]
            .as_str()
            .unwrap()
            .contains("does not apply"),
        "{json:#}"
    );
}

#[test]
fn a_message_that_names_nothing_needs_a_page_and_a_url() {
    let server = serve(answering(|_| answer(200, &[])));
    let firefox = "(Reason: CORS header ‘Access-Control-Allow-Origin’ missing). Status code: 200.";
    let printed = run(["--message", firefox]);
    printed.assert_code(2);
    assert!(
        printed.error.contains("does not name the page and the URL"),
        "{printed:?}"
    );
    let printed = run([
        "--message",
        firefox,
        "--browser",
        "firefox",
        APP,
        &server.url(),
    ]);
    printed
        .assert_code(1)
        .assert_says("This is the reason of your message.")
        .assert_says("Firefox prints:");
    let printed = run(["--message", "Hello, world", APP, &server.url()]);
    printed.assert_says("The message is not known.");
}
