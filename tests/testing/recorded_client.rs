//! What pages send and get beyond CORS, against what pages of engines do: `tests/engines/client.json` and
//! `tests/engines/recorded/client-*.txt`.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::ready;
use std::path::Path;

use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, Request, Response};
use serde_json::{Value, json};
use tower::service_fn;
use tower_cors::testing::{
    Browser, Cache, Credentials, Exchange, Fetch, Mode, Outcome, Profile, Redirect, ResponseType,
};

/// The headers that are recorded, if they are sent.
const HEADERS: [&str; 17] = [
    "origin",
    "accept",
    "accept-language",
    "accept-encoding",
    "access-control-request-method",
    "access-control-request-headers",
    "cache-control",
    "content-type",
    "content-length",
    "content-language",
    "if-none-match",
    "last-event-id",
    "pragma",
    "range",
    "user-agent",
    "x-a",
    "x-b",
];

/// What the test browser does otherwise, and why: the engine, the case, the line of the engine, and that of the browser.
const EXPLAINED: [(&str, &str, &str, &str); 7] = [
    // A service gives a body of any type, which the browser cannot replace with none.
    (
        "all",
        "null bodies",
        "  < cors 204 direct {api}/204",
        "  < cors 204 direct {api}/204 content",
    ),
    (
        "all",
        "null bodies",
        "  < cors 205 direct {api}/205",
        "  < cors 205 direct {api}/205 content",
    ),
    (
        "all",
        "null bodies",
        "  < cors 304 direct {api}/304",
        "  < cors 304 direct {api}/304 content",
    ),
    // Pages read the body of a redirect that has no `Location`, and nothing else of it.
    (
        "webkit",
        "no Location",
        "  < opaqueredirect 0 direct {api}/a content",
        "  < opaqueredirect 0 direct {api}/a",
    ),
    (
        "webkit",
        "no Location",
        "  < opaqueredirect 0 direct {own}/a content",
        "  < opaqueredirect 0 direct {own}/a",
    ),
    // `about:` is not modelled.
    (
        "firefox",
        "other schemes",
        "  < opaque 0 direct",
        "  < TypeError",
    ),
    // What a page sets is for its own request.
    (
        "webkit",
        "headers of the browser that pages set",
        "  > OPTIONS {api}/6 | origin: http://app.shop.test | access-control-request-method: GET | access-control-request-headers: user-agent | user-agent: mine",
        "  > OPTIONS {api}/6 | origin: http://app.shop.test | access-control-request-method: GET | access-control-request-headers: user-agent",
    ),
];

fn expand(text: &str) -> String {
    text.replace("{api}", "http://api.shop.test/client")
        .replace("{own}", "http://app.shop.test/client")
}

fn shorten(text: &str) -> String {
    text.replace("http://api.shop.test/client/", "{api}/")
        .replace("http://app.shop.test/client/", "{own}/")
}

/// The answer of the case to a request: what its file says, with CORS headers that allow everything.
fn answer(case: &Value, request: &Request<String>) -> Response<String> {
    let path = request.uri().path();
    let path = path.strip_prefix("/client").unwrap_or(path);
    let is_preflight = request.method() == http::Method::OPTIONS;
    let answers = &case["answers"];
    let said = match &answers[format!("{} {path}", request.method())] {
        Value::Null if is_preflight => &Value::Null,
        Value::Null => &answers[path],
        said => said,
    };
    let mut response = Response::new(String::from("content"));
    let status = said["status"].as_u64().unwrap_or(200);
    *response.status_mut() = u16::try_from(status).unwrap().try_into().unwrap();
    let headers = response.headers_mut();
    if said["cors"] != json!(false) {
        let any = HeaderValue::from_static("*");
        let origin = request.headers().get("origin").cloned().unwrap_or(any);
        headers.insert("access-control-allow-origin", origin);
        for (name, value) in [
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-methods", "PUT, DELETE, PATCH"),
            (
                "access-control-allow-headers",
                "content-type, x-a, x-b, last-event-id, user-agent",
            ),
            ("access-control-max-age", "600"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    let mut named = Vec::new();
    for pair in said["headers"].as_array().into_iter().flatten() {
        let name = HeaderName::try_from(pair[0].as_str().unwrap()).unwrap();
        let value = expand(pair[1].as_str().unwrap());
        let value: Vec<u8> = value
            .chars()
            .map(|letter| u8::try_from(letter).unwrap())
            .collect();
        if !named.contains(&name) {
            headers.remove(&name);
            named.push(name.clone());
        }
        headers.append(name, HeaderValue::from_bytes(&value).unwrap());
    }
    response
}

/// The fetch of a step: a URL, and the options of `fetch()`.
fn fetch(step: &Value) -> Fetch<String> {
    let options = &step[1];
    let method = options["method"].as_str().unwrap_or("GET");
    let mut request = Request::builder().method(method);
    for pair in options["headers"].as_array().into_iter().flatten() {
        request = request.header(pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
    }
    let fetch = Fetch::from(request.body(String::new())).url(expand(step[0].as_str().unwrap()));
    let fetch = match &options["body"] {
        Value::String(text) => fetch.text(text),
        Value::Object(body) => fetch.text("a".repeat(body["repeat"].as_u64().unwrap() as usize)),
        _ => fetch.without_body(),
    };
    let fetch = match options["keepalive"].as_bool() {
        Some(true) => fetch.keepalive(),
        _ => fetch,
    };
    let mode = match options["mode"].as_str() {
        None | Some("cors") => Mode::Cors,
        Some("no-cors") => Mode::NoCors,
        Some("same-origin") => Mode::SameOrigin,
        Some(other) => panic!("the mode {other} is unknown"),
    };
    let redirect = match options["redirect"].as_str() {
        None | Some("follow") => Redirect::Follow,
        Some("manual") => Redirect::Manual,
        Some("error") => Redirect::Error,
        Some(other) => panic!("the redirect mode {other} is unknown"),
    };
    let credentials = match options["credentials"].as_str() {
        None | Some("same-origin") => Credentials::SameOrigin,
        Some("include") => Credentials::Include,
        Some(other) => panic!("the credentials mode {other} is unknown"),
    };
    let cache = match options["cache"].as_str() {
        None | Some("default") => Cache::Default,
        Some("no-store") => Cache::NoStore,
        Some("reload") => Cache::Reload,
        Some("no-cache") => Cache::NoCache,
        Some("force-cache") => Cache::ForceCache,
        Some("only-if-cached") => Cache::OnlyIfCached,
        Some(other) => panic!("the cache mode {other} is unknown"),
    };
    fetch
        .mode(mode)
        .redirect(redirect)
        .credentials(credentials)
        .cache(cache)
}

fn sent(exchange: &Exchange) -> String {
    let headers = exchange.request_headers();
    let url = exchange.url().split('#').next().unwrap();
    let mut line = format!("  > {} {}", exchange.method(), shorten(url));
    for name in HEADERS {
        // Servers get several lines of a header as one.
        let values: Vec<_> = headers.get_all(name).iter().collect();
        let value = values
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect::<Vec<_>>()
            .join(", ");
        let is_default = match name {
            "accept" => value == "*/*",
            "accept-language" => value == "en-US,en;q=0.9",
            "user-agent" => value == "Mozilla/5.0",
            _ => false,
        };
        if !values.is_empty() && !is_default {
            line += &format!(" | {name}: {value}");
        }
        if values.is_empty() && ["accept", "accept-language", "user-agent"].contains(&name) {
            line += &format!(" | no {name}");
        }
    }
    line
}

fn got(outcome: &Outcome<String>) -> String {
    let redirected = match outcome.redirected() {
        true => "redirected",
        false => "direct",
    };
    let (status, url, text) = match (outcome.response(), outcome.data()) {
        (Some(response), _) => (
            response.status().as_u16(),
            outcome.url(),
            response.body().clone(),
        ),
        (_, Some(data)) => (
            200,
            outcome.url(),
            String::from_utf8(data.body().clone()).unwrap(),
        ),
        _ if outcome.response_type() == ResponseType::OpaqueRedirect => {
            (0, outcome.url(), String::new())
        }
        _ => (0, "", String::new()),
    };
    let kind = match outcome.response_type() {
        ResponseType::Basic => "basic",
        ResponseType::Cors => "cors",
        ResponseType::Opaque => "opaque",
        ResponseType::OpaqueRedirect => "opaqueredirect",
        ResponseType::Error => return "  < TypeError".to_owned(),
        other => panic!("{other:?}"),
    };
    let redirected = if kind == "opaque" {
        "direct"
    } else {
        redirected
    };
    format!("  < {kind} {status} {redirected} {} {text}", shorten(url))
        .trim_end()
        .to_owned()
}

/// The lines of a case, as a browser of this profile has them.
fn lines(case: &Value, profile: &Profile) -> Vec<String> {
    let mut browser = Browser::at("http://app.shop.test/page").like(profile.clone());
    let mut lines = Vec::new();
    let asked = RefCell::new(0);
    let mut service = service_fn(|request: Request<String>| {
        *asked.borrow_mut() += 1;
        ready(Ok::<_, Infallible>(answer(case, &request)))
    });
    for step in case["steps"].as_array().unwrap() {
        let outcome = browser
            .fetch(&mut service, fetch(step))
            .now_or_never()
            .unwrap();
        let exchanges = outcome.exchanges().iter();
        lines.extend(
            exchanges
                .filter(|one| one.url().contains("/client/"))
                .map(sent),
        );
        lines.push(got(&outcome));
    }
    lines
}

#[test]
fn pages_send_and_get_what_those_of_engines_do() {
    let file = |name: &str| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/engines")
            .join(name);
        std::fs::read_to_string(file).expect("a file")
    };
    let cases: Vec<Value> = serde_json::from_str(&file("client.json")).expect("the cases are JSON");
    let mut differences = String::new();
    let mut unused = EXPLAINED.to_vec();
    for (engine, profile) in [
        ("chromium", Profile::chromium()),
        ("firefox", Profile::firefox()),
        ("webkit", Profile::webkit()),
    ] {
        let recorded = file(&format!("recorded/client-{engine}.txt"));
        let mut recorded = recorded.lines().skip(1).peekable();
        for case in &cases {
            let name = case["name"].as_str().unwrap();
            assert_eq!(recorded.next(), Some(name), "{engine}");
            let mut seen = Vec::new();
            while let Some(line) = recorded.next_if(|line| line.starts_with(' ')) {
                // The path has the number of the case.
                seen.push(line.to_owned());
            }
            // Of the page, only its start is recorded.
            let seen = seen
                .into_iter()
                .map(|line| line.replace(" <!docty", " content"));
            let seen: Vec<String> = seen.collect();
            let sent = lines(case, &profile);
            let explained = |seen: &str, sent: &str, unused: &mut Vec<_>| {
                let found = EXPLAINED.iter().find(|(of, case, theirs, ours)| {
                    (*of == "all" || *of == engine)
                        && *case == name
                        && *theirs == seen
                        && *ours == sent
                });
                unused.retain(|one| Some(one) != found);
                found.is_some()
            };
            let are_equal = seen.len() == sent.len()
                && seen
                    .iter()
                    .zip(&sent)
                    .all(|(seen, sent)| explained(seen, sent, &mut unused) || seen == sent);
            if !are_equal {
                let (seen, sent) = (seen.join("\n"), sent.join("\n"));
                differences += &format!("{engine}, {name}\n{sent}\n  seen\n{seen}\n\n");
            }
        }
    }
    assert!(differences.is_empty(), "{differences}");
    assert!(unused.is_empty(), "no engine differs so: {unused:?}");
}
