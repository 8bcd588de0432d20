//! The same request in `testing::Browser`.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use serde::{Deserialize, Serialize};
use tower_cors::testing::{self, Blocked, Browser, Credentials, Fetch, Mode};

use crate::api::{Api, COOKIE_OF_THE_USER};

/// What the page asked in earnest.
#[derive(Deserialize)]
pub(crate) struct Asked {
    pub(crate) api: Api,
    /// The page's origin; `null` for an opaque one.
    origin: String,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
    credentials: bool,
    /// Whether a form is sent.
    form: bool,
    signed_in: bool,
    engine: Engine,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Engine {
    Chromium,
    Firefox,
    Webkit,
}

/// What came of it.
#[derive(Serialize)]
pub(crate) struct Verdict {
    readable: bool,
    /// What `Outcome` says.
    text: String,
    /// Why the page gets nothing.
    reason: Option<&'static str>,
    /// What the engine prints in its console.
    console: Vec<String>,
}

pub(crate) async fn outcome(asked: Asked, api: &str, mut service: Router) -> Verdict {
    let browser = match asked.origin.as_str() {
        "null" => Browser::opaque(),
        origin => Browser::at(origin),
    };
    let engine = match asked.engine {
        Engine::Chromium => testing::Engine::Chromium,
        Engine::Firefox => testing::Engine::Firefox,
        Engine::Webkit => testing::Engine::WebKit,
    };
    let mut browser = browser.like(engine.profile());
    if asked.signed_in {
        browser.set_cookie(api, COOKIE_OF_THE_USER);
    }
    let mut request = Request::builder()
        .method(asked.method.as_str())
        .uri(format!("{api}{}", asked.path));
    for (name, value) in &asked.headers {
        request = request.header(name, value);
    }
    let body = asked.body.clone();
    let mut fetch = Fetch::from(request.body(Body::from(asked.body)));
    if !body.is_empty() {
        fetch = fetch.body_source(move || Body::from(body.clone()));
    }
    let fetch = fetch
        .mode(if asked.form {
            Mode::Navigate
        } else {
            Mode::Cors
        })
        .credentials(if asked.credentials {
            Credentials::Include
        } else {
            Credentials::SameOrigin
        });
    let outcome = browser.fetch(&mut service, fetch).await;
    Verdict {
        readable: outcome.response().is_some(),
        text: outcome.to_string(),
        reason: outcome.blocked().map(Blocked::code),
        console: outcome.console(engine),
    }
}
