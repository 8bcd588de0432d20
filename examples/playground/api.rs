//! The API that pages call, behind our layer, behind our layer that blocks, and behind a careless one.

use axum::extract::{Request, WebSocketUpgrade};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
    AUTHORIZATION, CACHE_CONTROL, COOKIE, ORIGIN, SET_COOKIE,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use tower_cors::{CorsLayer, Enforcement, PolicyHandle};

use crate::record::{self, Recorder};

/// The cookie of whoever has signed in. The playground has one user.
pub(crate) const COOKIE_OF_THE_USER: &str = "session=ada; HttpOnly; SameSite=Lax; Path=/";

/// One service, behind three ideas of CORS.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Api {
    /// Behind the policy of the page.
    Ours,
    /// The same, and requests of rejected origins are stopped.
    Guarded,
    /// Behind what is often found in answers to "blocked by CORS policy".
    Broken,
}

impl Api {
    pub(crate) fn router(self, policy: &PolicyHandle, recorder: &Recorder) -> Router {
        let service = service().layer(middleware::from_fn(record::inside));
        let layer = CorsLayer::new(policy.clone());
        let behind = match self {
            Self::Ours => service.layer(layer),
            Self::Guarded => service.layer(layer.enforce(Enforcement::Block)),
            Self::Broken => service.layer(middleware::from_fn(reflect)),
        };
        behind.layer(middleware::from_fn_with_state(
            (recorder.clone(), self),
            record::outside,
        ))
    }
}

fn service() -> Router {
    let ids = [("x-request-id", "42"), ("x-internal-id", "4711")];
    Router::new()
        .route(
            "/monsters",
            get(async move || (ids, "a list of monsters")).post(create),
        )
        .route(
            "/monsters/1",
            put(replace)
                .patch(async || "patched")
                .delete(async || "deleted"),
        )
        .route(
            "/news",
            get(async || ([(CACHE_CONTROL, "public, max-age=60")], "the news")),
        )
        .route(
            "/login",
            get(async || ([(SET_COOKIE, COOKIE_OF_THE_USER)], "welcome, Ada")),
        )
        .route("/me", get(me))
        .route("/transfer", post(transfer))
        .route("/socket", any(socket))
}

async fn create(Json(monster): Json<serde_json::Value>) -> impl IntoResponse {
    let name = monster.get("name").and_then(serde_json::Value::as_str);
    let name = name.unwrap_or("nameless");
    (StatusCode::CREATED, format!("created {name}"))
}

async fn replace(headers: HeaderMap) -> impl IntoResponse {
    match headers.get(AUTHORIZATION) {
        Some(_) => (StatusCode::OK, "replaced"),
        None => (StatusCode::UNAUTHORIZED, "who are you?"),
    }
}

async fn me(headers: HeaderMap) -> &'static str {
    if is_signed_in(&headers) {
        "you are Ada; your secret is 4711"
    } else {
        "you are nobody"
    }
}

async fn transfer(headers: HeaderMap) -> &'static str {
    if is_signed_in(&headers) {
        "100 coins of Ada are gone"
    } else {
        "nobody is signed in, so nothing happened"
    }
}

async fn socket(headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    let greeting = me(headers).await;
    upgrade.on_upgrade(async move |mut socket| {
        // The page may have gone; if not, it says when it has read.
        let _ = socket.send(greeting.into()).await;
        while let Some(Ok(_)) = socket.recv().await {}
    })
}

fn is_signed_in(headers: &HeaderMap) -> bool {
    let cookies = headers.get_all(COOKIE).iter();
    let mut texts = cookies.filter_map(|line| line.to_str().ok());
    texts.any(|line| line.split(';').any(|cookie| cookie.trim() == "session=ada"))
}

/// Allows whoever asks whatever he asks for, with credentials, and does not say that the answer varies. Do not copy it.
async fn reflect(request: Request, next: Next) -> Response {
    let asked = request.headers().clone();
    let is_preflight =
        request.method() == Method::OPTIONS && asked.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if is_preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let reflected = [
        (ORIGIN, ACCESS_CONTROL_ALLOW_ORIGIN),
        (ACCESS_CONTROL_REQUEST_METHOD, ACCESS_CONTROL_ALLOW_METHODS),
        (ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_ALLOW_HEADERS),
    ];
    for (of_request, of_response) in reflected {
        if let Some(value) = asked.get(of_request) {
            response.headers_mut().insert(of_response, value.clone());
        }
    }
    let credentials = HeaderValue::from_static("true");
    response
        .headers_mut()
        .insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, credentials);
    response
}
