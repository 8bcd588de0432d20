//! Logged-in pages over TLS: which cookies engines send where, in how many header fields, and what they do with plain `http` and
//! WebSockets.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{Request, WebSocketUpgrade};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
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
        .route("/plain", get(async || "over http"))
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
        let _ = socket.send("hello".into()).await;
    })
}

async fn note(came: Came, request: Request, next: Next) -> Response {
    let line = describe(&request);
    if request.method() == "CONNECT" {
        println!("HEADERS {} {:#?}", request.uri(), request.headers());
    }
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
        socket.onmessage = ({ data }) => { socket.close(); resolve(data); };
        socket.onerror = () => resolve(null);
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

async fn explore(engine: Engine) {
    let came = Came::default();
    let mut session = open(engine, &came).await;
    println!("{}", session.version);
    for page in [SERVICE, SAME_SITE, TWIN, OTHER_SITE, STRANGER] {
        for method in ["GET", "PUT"] {
            let seen = ask(&mut session, page, &format!("{SERVICE}/cookies"), method).await;
            println!("{page} {method}: {seen}");
        }
        let plain = ask(&mut session, page, "http://api.shop.test/cookies", "GET").await;
        println!("{page} http: {plain}");
        let said = session
            .page
            .run(SOCKET, &json!("wss://api.shop.test/socket"))
            .await;
        println!("{page} socket: {said}");
        let said = session
            .page
            .run(SOCKET, &json!("ws://api.shop.test/socket"))
            .await;
        println!("{page} ws socket: {said}");
    }
    println!("{:#?}", came.lock());
    let _ = (
        Browser::at("https://a.test"),
        Credentials::Include,
        Fetch::<Body>::image("https://a.test"),
    );
}

#[tokio::test]
async fn chromium() {
    explore(Engine::Chromium).await;
}
#[tokio::test]
async fn firefox() {
    explore(Engine::Firefox).await;
}
#[tokio::test]
async fn webkit() {
    explore(Engine::WebKit).await;
}
