//! The page, the frames of other origins in it, and what they ask the playground itself.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tower_cors::testing::Diagnosis;
use tower_cors::{CorsLayer, Enforcement, Policy, PolicyErrors, PolicyHandle};

use crate::api::Api;
use crate::policy;
use crate::record::{self, Recorder};
use crate::simulate::{self, Asked};

/// The most of a response that is shown, in bytes.
const SHOWN: usize = 4096;

/// The origins of the playground.
#[derive(Clone, Serialize)]
pub(crate) struct Places {
    /// The page.
    pub(crate) page: String,
    /// A page of another port: another origin, of the same site.
    pub(crate) other: String,
    /// The page under another name: another origin, of another site.
    pub(crate) far: String,
    pub(crate) ours: String,
    pub(crate) guarded: String,
    pub(crate) broken: String,
}

impl Places {
    fn of(&self, api: Api) -> &str {
        match api {
            Api::Ours => &self.ours,
            Api::Guarded => &self.guarded,
            Api::Broken => &self.broken,
        }
    }

    /// A file of the playground that knows where the others are. In a script, `<` could end it.
    fn fill(&self, file: &str, start: &str) -> String {
        let known = json!({ "places": self, "start": start }).to_string();
        file.replace("{{known}}", &known.replace('<', "\\u003c"))
            .replace("{{send}}", include_str!("page/send.js"))
    }
}

struct Playground {
    places: Places,
    policy: PolicyHandle,
    /// The text of the policy that runs. All tabs share it.
    running: Mutex<String>,
    recorder: Recorder,
}

type Shared = State<Arc<Playground>>;

/// The page with all that it asks for.
pub(crate) fn app(
    places: Places,
    start: String,
    policy: PolicyHandle,
    recorder: Recorder,
) -> Result<Router, PolicyErrors> {
    let itself = Policy::builder()
        .allow_origins([&places.page])
        .trust_same_origin(false)
        .enforce(Enforcement::Block)
        .build()?;
    let page = include_str!("page/page.html")
        .replace("{{style}}", include_str!("page/style.css"))
        .replace("{{scenarios}}", include_str!("page/scenarios.js"))
        .replace("{{wire}}", include_str!("page/wire.js"))
        .replace("{{editor}}", include_str!("page/editor.js"))
        .replace("{{page}}", include_str!("page/page.js"));
    let page = places.fill(&page, &start);
    let frames = frame_app(&places);
    let playground = Playground {
        places,
        policy,
        running: Mutex::new(start),
        recorder,
    };
    let app = Router::new()
        .route("/", get(async move || Html(page)))
        .route("/exchanges", get(exchanges))
        .route("/policy", get(running).post(replace))
        .route("/check", post(check))
        .route("/diagnose", post(diagnose))
        .route("/simulate", post(simulated))
        .route("/curl", post(curl))
        .with_state(Arc::new(playground))
        // No other page that is open in the browser replaces the policy.
        .layer(CorsLayer::new(itself))
        .merge(frames);
    Ok(app)
}

/// What runs requests from another origin, in a frame.
pub(crate) fn frame_app(places: &Places) -> Router {
    let frame = places.fill(include_str!("page/frame.html"), "");
    Router::new().route("/frame", get(async move || Html(frame)))
}

/// What an API saw and answered of one run, for the page that made it.
async fn exchanges(State(playground): Shared, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let after = record::value(&query, "after").and_then(|number| number.parse().ok());
    match record::value(&query, "run").filter(|run| record::is_name(run)) {
        Some(run) => Json(playground.recorder.of(run, after.unwrap_or(0))).into_response(),
        None => (StatusCode::BAD_REQUEST, "say which run: /exchanges?run=ID").into_response(),
    }
}

/// Replaces the policy, if this TOML is one. The one that runs stays otherwise.
async fn replace(State(playground): Shared, toml: String) -> Response {
    match policy::read(&toml) {
        Ok(read) => {
            let mut running = playground
                .running
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            playground.policy.replace(read.policy);
            *running = toml;
            Json(json!({ "rust": read.rust })).into_response()
        }
        Err(mistakes) => (StatusCode::UNPROCESSABLE_ENTITY, Json(mistakes)).into_response(),
    }
}

/// The text of the policy that runs, and the same in Rust.
async fn running(State(playground): Shared) -> Response {
    let toml = playground
        .running
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let rust = policy::read(&toml).map_or_else(|_| String::new(), |read| read.rust);
    Json(json!({ "toml": toml, "rust": rust })).into_response()
}

/// The mistakes of a policy. Whatever they are, the one that runs stays.
async fn check(toml: String) -> Response {
    match policy::read(&toml) {
        Ok(_) => Json(json!([])).into_response(),
        Err(mistakes) => Json(mistakes).into_response(),
    }
}

/// What a pasted message of a console means; `null` if it is not known.
async fn diagnose(pasted: String) -> Response {
    let known = Diagnosis::of(&pasted).map(|diagnosis| {
        let engines: Vec<_> = diagnosis
            .engines()
            .iter()
            .map(ToString::to_string)
            .collect();
        json!({
            "cause": diagnosis.cause().code(),
            "summary": diagnosis.cause().summary(),
            "fix": diagnosis.fix(),
            "engines": engines,
        })
    });
    Json(known).into_response()
}

async fn simulated(State(playground): Shared, Json(asked): Json<Asked>) -> Response {
    let api = playground.places.of(asked.api);
    let service = asked.api.router(&playground.policy, &playground.recorder);
    Json(simulate::outcome(asked, api, service).await).into_response()
}

#[derive(Deserialize)]
struct Curl {
    api: Api,
    path: String,
}

/// Asks an API without a browser, as curl does.
async fn curl(State(playground): Shared, Json(Curl { api, path }): Json<Curl>) -> Response {
    let url = format!("{}{path}", playground.places.of(api)).replace("localhost", "127.0.0.1");
    let url = path.starts_with('/').then(|| url.parse().ok()).flatten();
    let Some(url) = url else {
        return (
            StatusCode::BAD_REQUEST,
            "a path begins with / and has no spaces",
        )
            .into_response();
    };
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<&[u8]>>();
    let Ok(response) = client.get(url).await else {
        return (StatusCode::BAD_GATEWAY, "the API does not answer").into_response();
    };
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), SHOWN).collect().await;
    let text = body.map_or_else(|_| Vec::new(), |body| body.to_bytes().to_vec());
    Json(json!({ "status": status, "text": String::from_utf8_lossy(&text) })).into_response()
}
