//! What pages of engines send and get beyond CORS: redirects, bodies, caches, `data:` URLs. The cases are in `client.json`, what
//! came of them in `recorded/client-*.txt`, with which `tests/testing/recorded_client.rs` compares the test browser.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};
use tower_cors_engine_tests::{Engine, Network, PageOrigin, Timeline};

const PAGE: PageOrigin = PageOrigin::Tuple("app.shop.test", None);

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

type Log = Arc<Mutex<Vec<(usize, String)>>>;

/// Runs a step, and returns what the page gets of it.
const SCRIPT: &str = r#"
    const [url, init] = argument;
    if (typeof init.body === "object") init.body = "a".repeat(init.body.repeat);
    try {
      const response = await fetch(url, init);
      const text = await response.text().catch(() => "no body");
      const { type, status, redirected } = response;
      return [type, status, redirected ? "redirected" : "direct", response.url, text.slice(0, 7)].join(" ").trim();
    } catch (error) {
      return error instanceof TypeError ? "TypeError" : String(error);
    }
"#;

fn expand(text: &str, number: usize) -> String {
    text.replace("{api}", &format!("http://api.shop.test/client/{number}"))
        .replace("{own}", &format!("http://app.shop.test/client/{number}"))
}

fn expand_all(value: &Value, number: usize) -> Value {
    match value {
        Value::String(text) => expand(text, number).into(),
        Value::Array(values) => values
            .iter()
            .map(|value| expand_all(value, number))
            .collect(),
        other => other.clone(),
    }
}

/// The answer of the case to a request: what its file says, with CORS headers that allow everything.
fn answer(case: &Value, number: usize, path: &str, request: &Request) -> Response {
    let is_preflight = request.method() == Method::OPTIONS;
    let answers = &case["answers"];
    let by_method = &answers[format!("{} {path}", request.method())];
    let said = match by_method {
        Value::Null if is_preflight => &Value::Null,
        Value::Null => &answers[path],
        said => said,
    };
    let mut response = Response::new(Body::from("content"));
    let status = said["status"].as_u64().unwrap_or(200) as u16;
    *response.status_mut() = status.try_into().expect("a status");
    let headers = response.headers_mut();
    headers.insert("cache-control", HeaderValue::from_static("no-store"));
    headers.insert("content-type", HeaderValue::from_static("text/plain"));
    if said["cors"] != json!(false) {
        let origin = request.headers().get("origin");
        let origin = origin.cloned().unwrap_or(HeaderValue::from_static("*"));
        headers.insert("access-control-allow-origin", origin);
        let fixed = [
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-methods", "PUT, DELETE, PATCH"),
            (
                "access-control-allow-headers",
                "content-type, x-a, x-b, last-event-id, user-agent",
            ),
            ("access-control-max-age", "600"),
        ];
        for (name, value) in fixed {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    let mut said_names = Vec::new();
    for pair in said["headers"].as_array().into_iter().flatten() {
        let name = HeaderName::try_from(pair[0].as_str().expect("a name")).expect("a name");
        // Each letter is a byte.
        let value = expand(pair[1].as_str().expect("a value"), number);
        let value: Vec<u8> = value.chars().map(|letter| letter as u8).collect();
        let value = HeaderValue::from_bytes(&value).expect("a value");
        if !said_names.contains(&name) {
            headers.remove(&name);
            said_names.push(name.clone());
        }
        headers.append(name, value);
    }
    response
}

fn told(method: &Method, uri: &str, headers: &HeaderMap) -> String {
    let mut line = format!("> {method} {uri}");
    for name in HEADERS {
        for value in headers.get_all(name) {
            let value = String::from_utf8_lossy(value.as_bytes());
            if !is_default(name, &value) {
                line += &format!(" | {name}: {value}");
            }
        }
        if ["accept", "accept-language", "user-agent"].contains(&name)
            && !headers.contains_key(name)
        {
            line += &format!(" | no {name}");
        }
    }
    line
}

/// What every request has, unless a page says otherwise; the languages are those of the machine.
fn is_default(name: &str, value: &str) -> bool {
    match name {
        "accept" => value == "*/*",
        "accept-language" => value != "bzh",
        "accept-encoding" => value != "identity",
        "user-agent" => value.starts_with("Mozilla/5.0 "),
        _ => false,
    }
}

async fn pages_send_and_get_what_is_recorded(engine: Engine) {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../client.json")).expect("the cases are JSON");
    let log = Log::default();
    let (seen, answered) = (Arc::clone(&log), cases.clone());
    let fallback = async move |request: Request| {
        // A connection whose request is not read is closed, and engines ask again over another one.
        let (parts, body) = request.into_parts();
        let _ = axum::body::to_bytes(body, usize::MAX).await;
        let request = Request::from_parts(parts, Body::empty());
        let uri = request.uri();
        let path = uri.path().to_owned();
        let Some((number, rest)) = path
            .strip_prefix("/client/")
            .and_then(|rest| Some((rest.split('/').next()?.parse::<usize>().ok()?, rest)))
        else {
            return Response::new(Body::from("content"));
        };
        let rest = &rest[rest.find('/').unwrap_or(rest.len())..];
        let host = request.headers()["host"].to_str().unwrap_or_default();
        let short = if host.starts_with("api") {
            "{api}"
        } else {
            "{own}"
        };
        let query = uri
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let line = told(
            request.method(),
            &format!("{short}{rest}{query}"),
            request.headers(),
        );
        seen.lock().expect("no test panicked").push((number, line));
        answer(&answered[number], number, rest, &request)
    };
    let timeline = Timeline::default();
    let network = Network::start(timeline.around(Router::new()).fallback(fallback)).await;
    let mut session = engine.open(network).await;
    session.page.visit(PAGE).await;
    timeline.warm(&session.page).await;
    let visit = session.page.run(
        "return new URLSearchParams(location.search).get('visit')",
        &Value::Null,
    );
    let visit = visit.await.as_str().expect("a number").to_owned();
    let mut recording = String::new();
    for (number, case) in cases.iter().enumerate() {
        recording += &format!("{}\n", case["name"].as_str().expect("a name"));
        for step in case["steps"].as_array().expect("steps") {
            let got = session.page.run(SCRIPT, &expand_all(step, number)).await;
            let mut log = log.lock().expect("no test panicked");
            for (_, line) in log.drain(..).filter(|(of, _)| *of == number) {
                let line = line.replace(&expand("{api}", number), "{api}");
                recording += &format!("  {line}\n");
            }
            let got = got.as_str().expect("a text");
            let got = got
                .replace(&format!("http://api.shop.test/client/{number}"), "{api}")
                .replace(&format!("http://app.shop.test/client/{number}"), "{own}");
            // The page of the tests has a number.
            let got = got.replace(&format!("?visit={visit}"), "");
            recording += &format!("  < {got}\n");
        }
    }
    let name = format!("recorded/client-{engine}.txt").to_lowercase();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("ACCEPT_RECORDING").is_some() {
        let version = &session.version;
        let text = format!("# {version}. Recorded by `tests/client.rs`.\n{recording}");
        std::fs::write(&file, text).expect("the recording can be written");
    }
    let recorded = std::fs::read_to_string(&file).expect("a recording");
    let recorded = recorded.split_once('\n').expect("a first line").1;
    println!("{}: {} lines", session.version, recording.lines().count());
    assert!(recording == recorded, "{recording}");
}

#[tokio::test]
async fn in_chromium() {
    pages_send_and_get_what_is_recorded(Engine::Chromium).await;
}

#[tokio::test]
async fn in_firefox() {
    pages_send_and_get_what_is_recorded(Engine::Firefox).await;
}

#[tokio::test]
async fn in_webkit() {
    pages_send_and_get_what_is_recorded(Engine::WebKit).await;
}
