//! Logged-in pages over TLS: which cookies engines send where, in how many header fields, and what they do with plain `http` and
//! WebSockets.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, WebSocketUpgrade};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use axum::{Json, Router};
use http::header::{COOKIE, ORIGIN, SET_COOKIE};
use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use tower_cors::testing::{Browser, Credentials, Fetch};
use tower_cors::{CorsLayer, Enforcement, Policy};
use tower_cors_engine_tests::{Engine, Network, PageOrigin, Session};

const SERVICE: PageOrigin = PageOrigin::Secure("api.shop.test", None);
const SAME_SITE: PageOrigin = PageOrigin::Secure("app.shop.test", None);
const TWIN: PageOrigin = PageOrigin::Tuple("app.shop.test", None);
const OTHER_SITE: PageOrigin = PageOrigin::Secure("app.test", None);
const STRANGER: PageOrigin = PageOrigin::Secure("stranger.test", None);

const COOKIES: [&str; 6] = [
    "plain=1; Path=/",
    "lax=1; Path=/; SameSite=Lax; Secure",
    "strict=1; Path=/; SameSite=Strict; Secure",
    "none=1; Path=/; SameSite=None; Secure",
    "partitioned=1; Path=/; SameSite=None; Secure; Partitioned",
    "insecure-none=1; Path=/; SameSite=None",
];

/// What came to the service: the path, the `Origin`, `Sec-Fetch-Site`, and the number of `Cookie` header fields.
type Came = Arc<Mutex<Vec<String>>>;

fn site(came: &Came) -> Router {
    let policy = Policy::builder()
        .allow_origins([SAME_SITE.to_string(), OTHER_SITE.to_string()])
        .dangerously_allow_insecure_origin(TWIN.to_string())
        .allow_credentials(true)
        .allow_methods(["PUT"])
        .enforce(Enforcement::Block)
        .build();
    let layer = CorsLayer::new(policy.expect("the policy has no mistake"));
    let came = Arc::clone(came);
    Router::new()
        .route("/log-in", post(log_in))
        .route("/cookies", any(cookies))
        .route("/socket", any(socket))
        .layer(from_fn(move |request, next| {
            note(Arc::clone(&came), request, next)
        }))
        .layer(layer)
}

async fn log_in() -> Response {
    let mut response = ().into_response();
    for cookie in COOKIES {
        let cookie = HeaderValue::from_static(cookie);
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// Answers with the names of the cookies that came.
async fn cookies(request: Request) -> Json<Vec<String>> {
    let fields = request.headers().get_all(COOKIE).iter();
    let mut names: Vec<String> = fields
        .flat_map(|field| field.to_str().unwrap_or_default().split("; "))
        .filter_map(|pair| Some(pair.split_once('=')?.0.to_owned()))
        .collect();
    names.sort();
    Json(names)
}

async fn socket(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async |mut socket| {
        if let Some(Ok(said)) = socket.recv().await {
            let _ = socket.send(said).await;
        }
        // Until the page has closed it.
        let _ = socket.recv().await;
    })
}

async fn note(came: Came, request: Request, next: Next) -> Response {
    let line = describe(&request);
    came.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(line);
    next.run(request).await
}

fn describe(request: &Request) -> String {
    let text = |name: &HeaderName| {
        let value = request.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    format!(
        "{} {} {:?} from {} ({}), {} cookie fields",
        request.method(),
        request.uri().path(),
        request.version(),
        text(&ORIGIN).unwrap_or_else(|| "nowhere".into()),
        text(&HeaderName::from_static("sec-fetch-site")).unwrap_or_else(|| "unmarked".into()),
        request.headers().get_all(COOKIE).iter().count(),
    )
}

const FETCH: &str = r#"
    try {
      const { url, method, credentials } = argument;
      return await (await fetch(url, { method, credentials, cache: "no-store" })).json();
    } catch (error) {
      return error instanceof TypeError ? null : String(error);
    }
"#;

const SOCKET: &str = r#"
    try {
      const socket = new WebSocket(argument);
      return await new Promise((resolve) => {
        socket.onopen = () => socket.send("hello");
        socket.onmessage = ({ data }) => { socket.close(); resolve(data); };
        socket.onerror = socket.onclose = () => resolve(null);
      });
    } catch (error) {
      return error.name === "SecurityError" ? null : String(error);
    }
"#;

async fn ask(session: &mut Session, page: PageOrigin, url: &str, method: &str) -> Value {
    session.page.visit(page).await;
    let argument = json!({ "url": url, "method": method, "credentials": "include" });
    session.page.run(FETCH, &argument).await
}

async fn open(engine: Engine, came: &Came) -> Session {
    let network = Network::start_over_tls(site(came)).await;
    let mut session = engine.open(network).await;
    let url = format!("{SERVICE}/log-in");
    ask(&mut session, SERVICE, &url, "POST").await;
    session
}

/// What a page gets: the names of the cookies that its request to the service carries, also without TLS, and whether its
/// WebSockets open, also without TLS.
#[derive(PartialEq, Eq, Debug)]
struct Got {
    over_tls: Option<&'static [&'static str]>,
    without_tls: Option<&'static [&'static str]>,
    socket: bool,
    socket_without_tls: bool,
}

const ALL: &[&str] = &["lax", "none", "partitioned", "plain", "strict"];
const ALL_OF_WEBKIT: &[&str] = &[
    "insecure-none",
    "lax",
    "none",
    "partitioned",
    "plain",
    "strict",
];

/// What each page is known to get. Chromium blocks cookies of other sites, and the scheme is a part of its sites. Firefox
/// partitions cookies of other sites. WebKitGTK does neither, and stores `SameSite=None` without `Secure`.
///
/// Behind a proxy, as here, Firefox opens WebSockets over HTTP/2 without `Origin`. The layer rejects them, because any page can.
fn known(engine: Engine, page: PageOrigin) -> Got {
    use Engine::{Chromium, Firefox, WebKit};
    let ours = |cookies| Got {
        over_tls: Some(cookies),
        // Mixed content.
        without_tls: None,
        socket: engine != Firefox,
        socket_without_tls: false,
    };
    match (page, engine) {
        (STRANGER, _) => Got {
            over_tls: None,
            socket: false,
            ..ours(&[])
        },
        (OTHER_SITE, Chromium | Firefox) => ours(&[]),
        (OTHER_SITE, WebKit) => ours(&["insecure-none", "none", "partitioned", "plain"]),
        (TWIN, _) => Got {
            without_tls: Some(match engine {
                WebKit => &["insecure-none", "plain"],
                _ => &["plain"],
            }),
            socket_without_tls: true,
            ..ours(match engine {
                Chromium => &[],
                Firefox => &["lax", "none", "plain", "strict"],
                WebKit => ALL_OF_WEBKIT,
            })
        },
        (_, WebKit) => ours(ALL_OF_WEBKIT),
        _ => ours(ALL),
    }
}

const PAGES: [PageOrigin; 5] = [SERVICE, SAME_SITE, TWIN, OTHER_SITE, STRANGER];

async fn pages_get_what_is_known(engine: Engine) {
    let came = Came::default();
    let mut session = open(engine, &came).await;
    for page in PAGES {
        let expected = known(engine, page);
        let version = &session.version.clone();
        for method in ["GET", "PUT"] {
            let url = format!("{SERVICE}/cookies");
            let seen = ask(&mut session, page, &url, method).await;
            assert_eq!(
                seen,
                json!(expected.over_tls),
                "{method} of {page}, {version}"
            );
        }
        let url = "http://api.shop.test/cookies";
        let seen = ask(&mut session, page, url, "GET").await;
        assert_eq!(seen, json!(expected.without_tls), "{page}, {version}");
        for (scheme, opens) in [
            ("wss", expected.socket),
            ("ws", expected.socket_without_tls),
        ] {
            let url = json!(format!("{scheme}://api.shop.test/socket"));
            let said = session.page.run(SOCKET, &url).await;
            let expected = opens.then_some("hello");
            assert_eq!(said, json!(expected), "{scheme} of {page}, {version}");
        }
    }
    let came = came.lock().unwrap_or_else(PoisonError::into_inner);
    println!("{}\n{came:#?}", session.version);
    // A browser splits its cookies into one field each in HTTP/2.
    let fields = match engine {
        Engine::WebKit => "GET /cookies HTTP/1.1 from nowhere (same-origin), 1 cookie fields",
        _ => "GET /cookies HTTP/2.0 from nowhere (same-origin), 5 cookie fields",
    };
    assert!(came.iter().any(|line| line == fields), "{came:#?}");
}

#[tokio::test]
async fn logged_in_pages_get_what_is_known_in_chromium() {
    pages_get_what_is_known(Engine::Chromium).await;
}

#[tokio::test]
async fn logged_in_pages_get_what_is_known_in_firefox() {
    pages_get_what_is_known(Engine::Firefox).await;
}

#[tokio::test]
async fn logged_in_pages_get_what_is_known_in_webkit() {
    pages_get_what_is_known(Engine::WebKit).await;
}

/// The test browser sends cookies by the standard, as a browser that blocks no site's cookies.
#[tokio::test]
async fn the_test_browser_sends_cookies_by_the_standard() {
    let mut site = site(&Came::default());
    let mut page = Browser::at(&SERVICE.to_string());
    let log_in = Request::post(format!("{SERVICE}/log-in")).body(Body::empty());
    page.fetch(&mut site, log_in).await.assert_readable();
    for (origin, expected) in [
        (SERVICE, Some(ALL)),
        (SAME_SITE, Some(ALL)),
        (TWIN, Some(&["none", "partitioned"][..])),
        (OTHER_SITE, Some(&["none", "partitioned"][..])),
        (STRANGER, None),
    ] {
        page.visit(&origin.to_string());
        let request = Request::get(format!("{SERVICE}/cookies")).body(Body::empty());
        let request = Fetch::from(request).credentials(Credentials::Include);
        let outcome = page.fetch(&mut site, request).await;
        let names = match outcome.into_response() {
            Some(response) => {
                let body = to_bytes(response.into_body(), 1_000).await;
                serde_json::from_slice::<Value>(&body.expect("a body")).expect("a list")
            }
            None => Value::Null,
        };
        assert_eq!(names, json!(expected), "{origin}");
    }
}
