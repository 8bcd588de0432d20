//! An API with a CORS policy on one port and a page on another, to see what a browser asks and what it is answered.
//!
//! `cargo run --example playground` prints the two addresses; open the page's. `--api-port` and `--page-port` fix the
//! ports, which are free ones otherwise.

mod record;

use std::error::Error;
use std::time::Duration;

use axum::extract::{RawQuery, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, SET_COOKIE};
use axum::http::{HeaderName, Method, StatusCode};
use axum::response::{Html, IntoResponse};
use axum::routing::{get, put};
use axum::{Json, Router, middleware};
use tokio::net::TcpListener;
use tower_cors::{CorsLayer, Policy, PolicyErrors};

use record::Recorder;

const HELP: &str = "\
An API with a CORS policy, and a page of another origin that calls it.

    cargo run --example playground -- [--api-port PORT] [--page-port PORT]

Without a port, a free one is taken.";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let ports = match Ports::from_arguments(std::env::args().skip(1)) {
        Ok(Some(ports)) => ports,
        Ok(None) => {
            println!("{HELP}");
            return Ok(());
        }
        Err(mistake) => {
            eprintln!("{mistake}\n\n{HELP}");
            std::process::exit(2);
        }
    };
    // One address is enough: where `localhost` means `::1` first, browsers try 127.0.0.1 next.
    let api = TcpListener::bind(("127.0.0.1", ports.api)).await?;
    let page = TcpListener::bind(("127.0.0.1", ports.page)).await?;
    let (api_port, page_port) = (api.local_addr()?.port(), page.local_addr()?.port());

    let policy = policy(page_port)?;
    let recorder = Recorder::new(policy.clone());
    println!("API:  http://localhost:{api_port}");
    println!("page: http://localhost:{page_port}   <- open this in a browser");
    let (api, page) = tokio::join!(
        axum::serve(api, api_app(policy, recorder.clone())),
        axum::serve(page, page_app(recorder, api_port, page_port)),
    );
    api.and(page)?;
    Ok(())
}

/// What the API allows: one page, with cookies.
fn policy(page_port: u16) -> Result<Policy, PolicyErrors> {
    Policy::builder()
        .allow_origins([format!("http://localhost:{page_port}")])
        .allow_methods([Method::PUT])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE])
        .expose_headers([HeaderName::from_static("x-request-id")])
        .allow_credentials(true)
        .max_age(Duration::from_secs(600))
        .build()
}

fn api_app(policy: Policy, recorder: Recorder) -> Router {
    let answers_with_ids = [("x-request-id", "42"), ("x-internal-id", "4711")];
    Router::new()
        .route(
            "/monsters",
            get(async move || (answers_with_ids, "a list of monsters")).post(create),
        )
        .route("/monsters/1", put(replace).patch(async || "patched"))
        .route(
            "/login",
            get(async || {
                (
                    [(SET_COOKIE, "session=of-a-user; HttpOnly; SameSite=Lax")],
                    "welcome",
                )
            }),
        )
        .route("/me", get(me))
        .layer(CorsLayer::new(policy))
        // Outside the layer, to see what goes over the wire.
        .layer(middleware::from_fn_with_state(recorder, record::record))
}

async fn create(Json(monster): Json<serde_json::Value>) -> impl IntoResponse {
    let name = monster
        .get("name")
        .and_then(serde_json::Value::as_str)
        .unwrap_or("nameless");
    (StatusCode::CREATED, format!("created {name}"))
}

async fn replace(request: Request) -> impl IntoResponse {
    match request.headers().get(AUTHORIZATION) {
        Some(_) => (StatusCode::OK, "replaced"),
        None => (StatusCode::UNAUTHORIZED, "who are you?"),
    }
}

async fn me(request: Request) -> &'static str {
    let cookies = request.headers().get_all(COOKIE).iter();
    let is_known = cookies
        .filter_map(|line| line.to_str().ok())
        .any(|line| line.contains("session="));
    if is_known {
        "you are the user of this cookie"
    } else {
        "you are nobody"
    }
}

fn page_app(recorder: Recorder, api_port: u16, page_port: u16) -> Router {
    let fill = |page: &str| {
        page.replace("{{api}}", &format!("http://localhost:{api_port}"))
            .replace("{{page}}", &format!("http://localhost:{page_port}"))
            .replace("{{stranger}}", &format!("http://127.0.0.1:{page_port}"))
    };
    let page = fill(include_str!("page.html"));
    let stranger = fill(include_str!("stranger.html"));
    Router::new()
        .route("/", get(async move || Html(page)))
        .route("/stranger", get(async move || Html(stranger)))
        .route("/exchanges", get(exchanges))
        .with_state(recorder)
}

/// What the API saw and answered of one run, for the page that made it.
async fn exchanges(
    State(recorder): State<Recorder>,
    RawQuery(query): RawQuery,
) -> impl IntoResponse {
    match record::run_of(query.as_deref()) {
        Some(run) => Json(recorder.of(run)).into_response(),
        None => (StatusCode::BAD_REQUEST, "say which run: /exchanges?run=ID").into_response(),
    }
}

struct Ports {
    api: u16,
    page: u16,
}

impl Ports {
    /// The ports of the command line; `None` if it asks for help.
    fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut ports = Self { api: 0, page: 0 };
        while let Some(argument) = arguments.next() {
            let port = match argument.as_str() {
                "--api-port" => &mut ports.api,
                "--page-port" => &mut ports.page,
                "--help" | "-h" => return Ok(None),
                other => return Err(format!("`{}` is no option", other.escape_debug())),
            };
            let value = arguments
                .next()
                .ok_or_else(|| format!("{argument} wants a port"))?;
            *port = value.parse().map_err(|_| {
                format!(
                    "`{}` is no port: a port is a number from 0 to 65535",
                    value.escape_debug()
                )
            })?;
        }
        Ok(Some(ports))
    }
}
