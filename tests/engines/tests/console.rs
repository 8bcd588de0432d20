//! The messages that the test browser prints are those that engines print, word for word, and each message of the table was
//! printed by an engine.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get};
use http::header::ACCESS_CONTROL_REQUEST_METHOD;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tower::{ServiceExt, service_fn};
use tower_cors::testing::{
    Blocked, Browser, Cause, Credentials, Diagnosis, Fetch, Message, Mode, Outcome, Redirect,
};
use tower_cors_engine_tests::{Engine, Network, PageOrigin, Session};

type Headers = &'static [(&'static str, &'static str)];

/// What a page asks for.
#[derive(Clone, Copy)]
enum Ask {
    /// `fetch()` of this URL, or of the case's own if it is empty.
    Fetch {
        url: &'static str,
        method: &'static str,
        headers: Headers,
        credentials: bool,
        mode: Mode,
        redirect: Redirect,
    },
    Body,
    Image,
    Script,
    Style,
    EventSource,
    WebSocket,
    Beacon,
    /// What the test browser does not model: a script, and the causes of what Chromium, Firefox and WebKit print.
    Page(&'static str, [Option<Cause>; 3]),
}

struct Case {
    name: &'static str,
    ask: Ask,
    preflight: (u16, Headers),
    response: (u16, Headers),
}

const GET: Ask = Ask::Fetch {
    url: "",
    method: "GET",
    headers: &[],
    credentials: false,
    mode: Mode::Cors,
    redirect: Redirect::Follow,
};

const fn method(method: &'static str, headers: Headers, credentials: bool) -> Ask {
    Ask::Fetch {
        url: "",
        method,
        headers,
        credentials,
        mode: Mode::Cors,
        redirect: Redirect::Follow,
    }
}

const fn url(url: &'static str) -> Ask {
    Ask::Fetch {
        url,
        method: "GET",
        headers: &[],
        credentials: false,
        mode: Mode::Cors,
        redirect: Redirect::Follow,
    }
}

const fn mode(method: &'static str, mode: Mode, redirect: Redirect) -> Ask {
    Ask::Fetch {
        url: "",
        method,
        headers: &[],
        credentials: false,
        mode,
        redirect,
    }
}

const fn case(name: &'static str, ask: Ask, status: u16, headers: Headers) -> Case {
    Case {
        name,
        ask,
        preflight: (204, &[]),
        response: (status, headers),
    }
}

const fn preflight(name: &'static str, ask: Ask, status: u16, headers: Headers) -> Case {
    Case {
        name,
        ask,
        preflight: (status, headers),
        response: (200, &[OWN, TRUE]),
    }
}

const ALLOW_ORIGIN: &str = "access-control-allow-origin";
const METHODS: &str = "access-control-allow-methods";
const HEADERS: &str = "access-control-allow-headers";
const OWN: (&str, &str) = (ALLOW_ORIGIN, "{page}");
const ANY: (&str, &str) = (ALLOW_ORIGIN, "*");
const STRANGER: (&str, &str) = (ALLOW_ORIGIN, "http://stranger.test");
const NO_URL: (&str, &str) = (ALLOW_ORIGIN, "app.shop.test");
const TRUE: (&str, &str) = ("access-control-allow-credentials", "true");
const UPPER: (&str, &str) = ("access-control-allow-credentials", "True");
const PUTS: (&str, &str) = (METHODS, "PUT");
const PUT: Ask = method("PUT", &[], false);
const PUT_WITH_COOKIES: Ask = method("PUT", &[], true);
const WITH_COOKIES: Ask = method("GET", &[], true);
const CUSTOM: Headers = &[("X-Custom", "1")];

/// The case whose page came over TLS.
const MIXED: &str = "mixed";

/// The case whose page is at `localhost`, so that it may use what only secure pages may.
const PERMISSION: &str = "permission";

/// Prints nothing about it.
const NOTHING: Option<Cause> = None;

#[rustfmt::skip]
const CASES: &[Case] = &[
    case("none", GET, 200, &[]),
    case("none-403", GET, 403, &[]),
    case("none-502", GET, 502, &[]),
    case("two-lines", GET, 200, &[ANY, STRANGER]),
    case("two-in-one", GET, 200, &[(ALLOW_ORIGIN, "{page}, {page}")]),
    case("wildcard", WITH_COOKIES, 200, &[ANY, TRUE]),
    case("differs", GET, 200, &[STRANGER]),
    case("slash", GET, 200, &[(ALLOW_ORIGIN, "{page}/")]),
    case("null", GET, 200, &[(ALLOW_ORIGIN, "null")]),
    case("no-url", GET, 200, &[NO_URL]),
    case("empty", GET, 200, &[(ALLOW_ORIGIN, "")]),
    case("credentials-missing", WITH_COOKIES, 200, &[OWN]),
    case("credentials-upper", WITH_COOKIES, 200, &[OWN, UPPER]),
    preflight("preflight-none", PUT, 204, &[]),
    preflight("preflight-403", PUT, 403, &[]),
    preflight("preflight-405", PUT, 405, &[]),
    preflight("preflight-two", PUT, 204, &[OWN, ANY]),
    preflight("preflight-wildcard", PUT_WITH_COOKIES, 204, &[ANY]),
    preflight("preflight-differs", PUT, 204, &[STRANGER]),
    preflight("preflight-no-url", PUT, 204, &[NO_URL]),
    preflight("preflight-credentials", PUT_WITH_COOKIES, 204, &[OWN]),
    preflight("preflight-upper", PUT_WITH_COOKIES, 204, &[OWN, UPPER]),
    preflight("preflight-401", PUT, 401, &[OWN, PUTS]),
    preflight("preflight-redirect", PUT, 301, &[OWN, PUTS, ("location", "/case/none")]),
    preflight("preflight-redirect-none", PUT, 307, &[("location", "/case/none")]),
    preflight("methods-malformed", PUT, 204, &[OWN, (METHODS, "PUT, @(")]),
    preflight("headers-malformed", PUT, 204, &[OWN, PUTS, (HEADERS, "x a")]),
    preflight("method", PUT, 204, &[OWN, (METHODS, "DELETE")]),
    preflight("method-literal", PUT_WITH_COOKIES, 204, &[OWN, TRUE, (METHODS, "*")]),
    preflight("method-case", method("patch", &[], false), 204, &[OWN, (METHODS, "PATCH")]),
    preflight("header", method("PUT", CUSTOM, false), 204, &[OWN, PUTS]),
    preflight("header-json", method("POST", &[("Content-Type", "application/json")], false), 204, &[OWN]),
    preflight("header-literal", method("GET", CUSTOM, true), 204, &[OWN, TRUE, (HEADERS, "*")]),
    preflight("header-several", method("GET", &[("X-Custom", "1"), ("X-Second", "1")], false), 204, &[OWN, (HEADERS, "x-a")]),
    preflight("both", method("PUT", CUSTOM, false), 204, &[OWN]),
    Case { response: (401, &[]), ..preflight("allowed-then-401", PUT, 204, &[OWN, PUTS]) },
    case("redirect-error", mode("GET", Mode::Cors, Redirect::Error), 302, &[OWN, ("location", "/case/none")]),
    case("redirect-malformed", GET, 302, &[OWN, ("location", "http://a b:x/")]),
    case("redirect-ftp", GET, 302, &[OWN, ("location", "ftp://a.test/")]),
    case("redirect-data", GET, 302, &[OWN, ("location", "data:,x")]),
    case("redirect-app", GET, 302, &[OWN, ("location", "app://x")]),
    case("redirect-password", GET, 302, &[OWN, ("location", "http://user:password@{host}/case/none")]),
    case("redirect-loop", GET, 302, &[OWN, ("location", "/case/redirect-loop")]),
    case("redirect-not-allowed", GET, 302, &[("location", "/case/none")]),
    case("redirect-to-none", GET, 302, &[OWN, ("location", "/case/none")]),
    case("redirect-to-other", GET, 302, &[OWN, ("location", "{other}/case/own")]),
    case("own", PUT, 200, &[OWN]),
    case("same-origin", mode("GET", Mode::SameOrigin, Redirect::Follow), 200, &[]),
    case("no-cors-error", mode("GET", Mode::NoCors, Redirect::Error), 200, &[]),
    case("no-cors-put", mode("PUT", Mode::NoCors, Redirect::Follow), 200, &[]),
    case("forbidden-method", method("TRACE", &[], false), 200, &[]),
    case("body-of-get", Ask::Body, 200, &[]),
    case("no-scheme", url("localhost:3000/monsters"), 200, &[]),
    case("other-scheme", url("app://api/monsters"), 200, &[]),
    case("password", url("http://user:password@api.shop.test/"), 200, &[]),
    case("malformed-url", url("http://a b:x/"), 200, &[]),
    case("refused", url("{closed}/monsters"), 200, &[]),
    Case { ask: Ask::Fetch { url: "{closed}/monsters", method: "PUT", headers: &[], credentials: false, mode: Mode::Cors,
           redirect: Redirect::Follow }, ..case("refused-preflight", GET, 200, &[]) },
    case("dead", url("{dead}/monsters"), 200, &[]),
    Case { ask: Ask::Fetch { url: "{dead}/monsters", method: "PUT", headers: &[], credentials: false, mode: Mode::Cors,
           redirect: Redirect::Follow }, ..case("dead-preflight", GET, 200, &[]) },
    case("image", Ask::Image, 200, &[]),
    case("image-wildcard", Ask::Image, 200, &[ANY]),
    case("script", Ask::Script, 200, &[("content-type", "text/javascript")]),
    case("style", Ask::Style, 200, &[("content-type", "text/css")]),
    case("events", Ask::EventSource, 200, &[]),
    case("events-type", Ask::EventSource, 200, &[OWN, ("content-type", "text/plain; charset=utf-8")]),
    case("events-status", Ask::EventSource, 401, &[OWN, ("content-type", "text/event-stream")]),
    case("socket-403", Ask::WebSocket, 403, &[]),
    case("socket-200", Ask::WebSocket, 200, &[]),
    case("socket-key", Ask::WebSocket, 101, &[("upgrade", "websocket"), ("connection", "upgrade"), ("sec-websocket-accept", "eA==")]),
    preflight("beacon-preflight", Ask::Beacon, 204, &[]),
    preflight("beacon-wildcard", Ask::Beacon, 204, &[ANY, (HEADERS, "content-type")]),
    Case { response: (200, &[]), ..preflight("beacon", Ask::Beacon, 204, &[OWN, TRUE, (HEADERS, "content-type")]) },
    case("resource-policy", Ask::Page("await fetch(url, { mode: 'no-cors' })",
        [Some(Cause::ResourcePolicy); 3]), 200, &[("cross-origin-resource-policy", "same-origin")]),
    case("security-policy", Ask::Page("await framed('security')",
        [Some(Cause::ContentSecurityPolicy); 3]), 200, &[OWN]),
    case("forbidden-header", Ask::Page("await request({ host: 'a' })", [Some(Cause::ForbiddenHeader); 3]), 200, &[OWN]),
    case("not-exposed", Ask::Page("(await request({})).getResponseHeader('x-secret')",
        [Some(Cause::HeaderNotExposed), NOTHING, NOTHING]), 200, &[OWN, ("x-secret", "1")]),
    case("xhr", Ask::Page("await request({})", [Some(Cause::OriginNotAllowed); 3]), 200, &[]),
    case("module", Ask::Page("await import(url)", [Some(Cause::OriginNotAllowed); 3]), 200, &[("content-type", "text/javascript")]),
    case("module-html", Ask::Page("await import(url)", [Some(Cause::WrongType); 3]), 200, &[ANY, ("content-type", "text/html")]),
    case("no-sniff", Ask::Page("await loaded('script', url.replace('api', 'app'))", [Some(Cause::WrongType); 3]), 200,
        &[("content-type", "application/json"), ("x-content-type-options", "nosniff")]),
    case("font", Ask::Page("await new FontFace('a', `url(${url})`).load()", [Some(Cause::OriginNotAllowed), Some(Cause::OriginNotAllowed), NOTHING]),
        200, &[("content-type", "font/woff2")]),
    case("worker", Ask::Page("new Worker(url)",
        [Some(Cause::WorkerOfOtherOrigin), Some(Cause::SameOriginOnly), Some(Cause::WorkerOfOtherOrigin)]), 200, &[]),
    case("file", Ask::Page("await fetch('file:///etc/hostname')", [Some(Cause::SchemeNotSupported); 3]), 200, &[]),
    case("loopback", Ask::Page("await framed('public')", [Some(Cause::LocalNetwork), NOTHING, NOTHING]), 200, &[OWN]),
    case("closed", Ask::Page("await framed('closing')", [Some(Cause::ContentSecurityPolicy); 3]), 200, &[OWN]),
    case(MIXED, GET, 200, &[OWN]),
    case(PERMISSION, Ask::Page("await framed('public')", [Some(Cause::LocalNetwork), NOTHING, NOTHING]), 200, &[ANY]),
];

/// Does what a case asks for, and returns what it threw.
const SCRIPT: &str = r#"
    const { url, kind, options, script } = argument;
    const settled = (target, good, bad = "error") => new Promise((resolve, reject) => {
      target.addEventListener(good, resolve);
      target.addEventListener(bad, () => reject("failed"));
    });
    const loaded = (name, url, attributes = {}) => {
      const element = Object.assign(document.createElement(name), attributes);
      const done = settled(element, "load");
      element[name === "link" ? "href" : "src"] = url;
      document.documentElement.append(element);
      return done;
    };
    const request = async (headers) => {
      const request = new XMLHttpRequest();
      request.open("GET", url);
      for (const name in headers) request.setRequestHeader(name, headers[name]);
      const done = settled(request, "load");
      request.send();
      await done;
      return request;
    };
    // A frame says when its request has ended.
    const framed = async (how) => {
      const frame = document.createElement("iframe");
      frame.src = `/frame/${how}?url=${encodeURIComponent(url)}`;
      const done = settled(window, "message");
      document.documentElement.append(frame);
      await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 3000))]);
      frame.remove();
    };
    const crossOrigin = "anonymous";
    const kinds = {
      fetch: () => fetch(url, options),
      image: () => loaded("img", url, { crossOrigin }),
      script: () => loaded("script", url, { crossOrigin }),
      style: () => loaded("link", url, { crossOrigin, rel: "stylesheet" }),
      events: async () => {
        const source = new EventSource(url);
        await settled(source, "open").finally(() => source.close());
      },
      socket: () => settled(new WebSocket(url), "open"),
      beacon: () => navigator.sendBeacon(url, new Blob(["{}"], { type: "application/json" })),
      page: () => new (Object.getPrototypeOf(async () => {}).constructor)(
        "url", "loaded", "request", "framed", script)(url, loaded, request, framed),
    };
    try {
      await kinds[kind]();
      return null;
    } catch (error) {
      return String(error);
    }
"#;

/// The addresses of a test, which stand for names in braces.
#[derive(Debug, Default)]
struct Places(OnceLock<[(&'static str, String); 9]>);

impl Places {
    fn set(&self, [port, other, secure]: [u16; 3], dead: u16) {
        // Nobody listens there: the port was free, and is taken by nobody else for a while.
        let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let closed = closed.expect("a free port").port();
        let places = [
            ("{page}", format!("http://app.shop.test:{port}")),
            ("{api}", format!("http://api.shop.test:{port}")),
            ("{host}", format!("api.shop.test:{port}")),
            ("{other}", format!("http://api.shop.test:{other}")),
            ("{closed}", format!("http://api.shop.test:{closed}")),
            ("{port}", closed.to_string()),
            ("{secure}", format!("https://app.shop.test:{secure}")),
            ("{dead}", format!("http://api.shop.test:{dead}")),
            ("{dead port}", dead.to_string()),
        ];
        self.0.set(places).expect("they are set once");
    }

    fn fill(&self, text: &str) -> String {
        let places = self.0.get().expect("they are set first");
        let filled = places.iter();
        filled.fold(text.to_owned(), |text, (name, value)| {
            text.replace(name, value)
        })
    }
}

fn routes(places: Arc<Places>) -> Router {
    Router::new()
        .route("/case/{name}", any(answer))
        .route("/frame/{how}", get(frame))
        .with_state(places)
}

async fn answer(
    State(places): State<Arc<Places>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let Some(case) = CASES.iter().find(|case| case.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let is_preflight = request
        .headers()
        .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let (status, headers) = if is_preflight {
        case.preflight
    } else {
        case.response
    };
    let status = StatusCode::from_u16(status).expect("a status");
    let mut response = status.into_response();
    for (name, value) in headers {
        let value = HeaderValue::try_from(places.fill(value)).expect("a value");
        let name = HeaderName::from_static(name);
        response.headers_mut().append(name, value);
    }
    response
}

/// A page in a frame that fetches, under a policy.
async fn frame(Path(how): Path<String>, Query(query): Query<HashMap<String, String>>) -> Response {
    let url = json!(query["url"]);
    let page = format!(
        "<!doctype html><meta charset=utf-8><script>fetch({url}).catch(String).then(() => parent.postMessage(0, '*'))</script>"
    );
    let policy = match how.as_str() {
        "security" => "connect-src 'self'",
        "public" => "treat-as-public-address",
        _ => "default-src 'none'; script-src 'unsafe-inline'",
    };
    ([("content-security-policy", policy)], Html(page)).into_response()
}

impl Case {
    fn url(&self, places: &Places) -> String {
        let own = format!("{{api}}/case/{}", self.name);
        let url = match self.ask {
            Ask::Fetch { url, .. } if !url.is_empty() => url.to_owned(),
            Ask::WebSocket => own.replace("{api}", "ws://{host}"),
            _ => own,
        };
        places.fill(&url)
    }

    /// What the page is told.
    fn argument(&self, places: &Places) -> Value {
        let (kind, options, script) = match self.ask {
            Ask::Fetch {
                method,
                headers,
                credentials,
                mode,
                redirect,
                ..
            } => {
                let mode = match mode {
                    Mode::NoCors => "no-cors",
                    Mode::SameOrigin => "same-origin",
                    _ => "cors",
                };
                let redirect = if redirect == Redirect::Error {
                    "error"
                } else {
                    "follow"
                };
                let credentials = if credentials {
                    "include"
                } else {
                    "same-origin"
                };
                let headers: Vec<_> = headers.iter().map(|(name, value)| [name, value]).collect();
                let options = json!({ "method": method, "headers": headers, "mode": mode,
                    "redirect": redirect, "credentials": credentials });
                ("fetch", options, "")
            }
            Ask::Body => ("fetch", json!({ "method": "GET", "body": "a" }), ""),
            Ask::Image => ("image", Value::Null, ""),
            Ask::Script => ("script", Value::Null, ""),
            Ask::Style => ("style", Value::Null, ""),
            Ask::EventSource => ("events", Value::Null, ""),
            Ask::WebSocket => ("socket", Value::Null, ""),
            Ask::Beacon => ("beacon", Value::Null, ""),
            Ask::Page(script, _) => ("page", Value::Null, script),
        };
        json!({ "url": self.url(places), "kind": kind, "options": options, "script": script })
    }

    /// The same for the test browser, if it models it.
    fn fetch(&self, places: &Places) -> Option<Fetch<Body>> {
        let url = self.url(places);
        let anonymous = Credentials::SameOrigin;
        Some(match self.ask {
            Ask::Fetch {
                method,
                headers,
                credentials,
                mode,
                redirect,
                ..
            } => {
                let mut request = Request::builder().method(method);
                for (name, value) in headers {
                    request = request.header(*name, *value);
                }
                Fetch::from(request.body(Body::empty()))
                    .url(url)
                    .mode(mode)
                    .redirect(redirect)
                    .credentials(if credentials {
                        Credentials::Include
                    } else {
                        anonymous
                    })
            }
            Ask::Body => {
                let request = Request::get(url).body(Body::from("a"));
                Fetch::from(request).body_source(|| Body::from("a"))
            }
            Ask::Image => Fetch::image(url).crossorigin(anonymous),
            Ask::Script => Fetch::script(url).crossorigin(anonymous),
            Ask::Style => Fetch::style(url).crossorigin(anonymous),
            Ask::EventSource => Fetch::event_source(url),
            Ask::WebSocket => Fetch::web_socket(url),
            Ask::Beacon => Fetch::beacon(url, Body::from("{}")).content_type("application/json"),
            Ask::Page(..) => return None,
        })
    }
}

async fn simulated(
    engine: Engine,
    case: &Case,
    places: &Places,
    site: &Router,
) -> Option<Outcome<Body>> {
    let fetch = case.fetch(places)?;
    let silent = [places.fill(":{port}"), places.fill(":{dead port}")];
    let mut service = service_fn(async |request: Request<Body>| {
        let host = request.headers().get("host");
        let is_silent = |host: &HeaderValue| {
            let ports = silent.iter();
            ports
                .clone()
                .any(|port| host.as_bytes().ends_with(port.as_bytes()))
        };
        if host.is_some_and(is_silent) {
            return Err("nobody listens");
        }
        let response = site.clone().oneshot(request).await;
        Ok(response.expect("it answers"))
    });
    let page = match case.name {
        MIXED => "{secure}",
        _ => "{page}",
    };
    let mut browser = Browser::at(&places.fill(page)).like(engine.profile());
    Some(browser.fetch(&mut service, fetch).await)
}

fn known(engine: Engine) -> tower_cors::testing::Engine {
    match engine {
        Engine::Chromium => tower_cors::testing::Engine::Chromium,
        Engine::Firefox => tower_cors::testing::Engine::Firefox,
        Engine::WebKit => tower_cors::testing::Engine::WebKit,
    }
}

/// Whether a line is about the page's requests, and says more than that one failed, or how the network did.
fn counts(line: &str) -> bool {
    let is_noise = [
        "Failed to load resource: the server responded",
        "Failed to load resource: net::ERR_FAILED",
        "Failed to load resource: net::ERR_CONNECTION_REFUSED",
        "Failed to load resource: net::ERR_EMPTY_RESPONSE",
        "Could not connect to",
        "Connection terminated unexpectedly",
        "XML Parsing Error",
    ];
    !is_noise.iter().any(|noise| line.starts_with(noise))
        && (line.contains("shop.test") || Message::all().any(|message| message.is_in(line)))
}

/// A page that is not the first has a number in its address, which the test browser does not know.
fn without_number(line: &str) -> String {
    match line.split_once("/page?visit=") {
        Some((before, after)) => {
            let after = after.trim_start_matches(|number: char| number.is_ascii_digit());
            format!("{before}/{after}")
        }
        None => line.to_owned(),
    }
}

/// Lines that count, without those that are repeated.
fn counted(lines: &[String]) -> Vec<String> {
    let lines = lines.iter().filter(|line| counts(line));
    let mut counted: Vec<_> = lines.map(|line| without_number(line)).collect();
    counted.dedup();
    counted
}

/// A server that accepts connections and closes them.
async fn dead_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // The request is read, so that the connection ends and is not reset.
            let _ = stream.read(&mut [0; 4096]).await;
        }
    });
    port
}

/// Runs a case, and returns what it threw and the lines of the console.
async fn run(
    session: &mut Session,
    case: &Case,
    places: &Places,
    is_enough: impl Fn(Option<&str>, &[String]) -> bool,
) -> (Option<String>, Vec<String>) {
    let thrown = session.page.run(SCRIPT, &case.argument(places)).await;
    let console = session.console.as_mut().expect("it has a console");
    let mut lines = console.take().await;
    let start = Instant::now();
    while !is_enough(thrown.as_str(), &lines) && start.elapsed() < Duration::from_secs(3) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        lines.extend(console.take().await);
    }
    (thrown.as_str().map(str::to_owned), lines)
}

async fn prints_what_is_predicted(engine: Engine) {
    let places = Arc::new(Places::default());
    let site = routes(Arc::clone(&places));
    let (network, ports) = Network::start_by_name_also_over_tls(site.clone()).await;
    places.set(ports, dead_server().await);
    let mut session = engine.open_with_console(network).await;
    session
        .page
        .visit(PageOrigin::Tuple("app.shop.test", Some(ports[0])))
        .await;
    let start = Instant::now();
    let console = session.console.as_mut().expect("it has a console");
    console.take().await;
    let mut wrong = Vec::new();
    let mut printed: Vec<String> = Vec::new();
    for case in CASES {
        let name = case.name;
        let begun = Instant::now();
        if name == MIXED {
            let page = PageOrigin::Secure("app.shop.test", Some(ports[2]));
            session.page.visit(page).await;
        }
        if name == PERMISSION {
            let page = PageOrigin::Tuple("localhost", Some(ports[0]));
            session.page.visit(page).await;
        }
        let outcome = simulated(engine, case, &places, &site).await;
        let mut expected = match &outcome {
            Some(outcome) => outcome.console(known(engine)),
            None => Vec::new(),
        };
        // What the arguments are wrong in is thrown.
        let is_invalid = outcome
            .as_ref()
            .is_some_and(|outcome| outcome.blocked() == Some(Blocked::InvalidRequest));
        let thrown_text = is_invalid.then(|| expected.pop()).flatten();
        let cause = match case.ask {
            Ask::Page(_, causes) => causes[engine as usize],
            _ => None,
        };
        let leads_to_cause =
            |line: &str| Diagnosis::of(line).map(|diagnosis| diagnosis.cause()) == cause;
        let is_caused = |thrown: Option<&str>, lines: &[String]| {
            cause.is_none()
                || thrown.is_some_and(leads_to_cause)
                || lines.iter().any(|line| leads_to_cause(line))
        };
        let (thrown, lines) = run(
            &mut session,
            case,
            &places,
            |thrown, lines| match &outcome {
                Some(_) => counted(lines) == expected,
                None => is_caused(thrown, lines),
            },
        )
        .await;
        let counted = counted(&lines);
        println!("{engine} {name}, {:?}: thrown {thrown:?}", begun.elapsed());
        for line in &lines {
            println!("    {line}");
        }
        if outcome.is_some() && counted != expected {
            wrong.push(format!(
                "{name}: printed {counted:#?} and not {expected:#?}"
            ));
        }
        if let Some(text) = thrown_text {
            let after = text
                .split_once("TypeError: ")
                .map(|(_, text)| format!("TypeError: {text}"));
            if after != thrown {
                wrong.push(format!("{name}: threw {thrown:?} and not {after:?}"));
            }
        }
        let is_missing = outcome.is_none() && !is_caused(thrown.as_deref(), &lines);
        if let (true, Some(cause)) = (is_missing, cause) {
            wrong.push(format!(
                "{name}: nothing was printed of {cause}: {counted:#?}"
            ));
        }
        printed.extend(lines);
        printed.extend(thrown);
        for line in &counted {
            let Some(diagnosis) = Diagnosis::of(line) else {
                wrong.push(format!("{name}: nothing is known of {line}"));
                continue;
            };
            let is_general = [
                Cause::ReasonElsewhere,
                Cause::NoResponse,
                Cause::NotEventStream,
            ]
            .contains(&diagnosis.cause());
            let blocked = outcome.as_ref().and_then(Outcome::blocked);
            if let (Some(blocked), false) = (blocked, is_general) {
                let reasons = diagnosis.reasons();
                if !reasons.contains(&blocked) {
                    wrong.push(format!(
                        "{name}: {line} leads to {reasons:?} and not to {blocked:?}"
                    ));
                }
            }
        }
    }
    for message in Message::all().filter(|message| message.engine() == known(engine)) {
        if !printed.iter().any(|line| message.is_in(line)) {
            wrong.push(format!("it never printed: {}", message.template()));
        }
    }
    let version = &session.version;
    println!("{version}: {} cases in {:?}", CASES.len(), start.elapsed());
    assert!(wrong.is_empty(), "{version}\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn chromium_prints_what_is_predicted() {
    prints_what_is_predicted(Engine::Chromium).await;
}

#[tokio::test]
async fn firefox_prints_what_is_predicted() {
    prints_what_is_predicted(Engine::Firefox).await;
}

#[tokio::test]
async fn webkit_prints_what_is_predicted() {
    prints_what_is_predicted(Engine::WebKit).await;
}
