//! The API for pages, and the listener for operators.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tower_cors::{CorsLayer, SnapshotPolicies};

/// What pages of allowed origins call.
pub fn api(snapshot: SnapshotPolicies) -> Router {
    Router::new()
        .route("/", get(async || "hello\n").put(async || "changed\n"))
        .layer(CorsLayer::new(snapshot)) // last, so that it covers the routes and the 404 too
}

/// `/ready` is for the probe that decides when a replica that starts gets requests. `/status` is for people.
pub fn health(snapshot: SnapshotPolicies) -> Router {
    let status = snapshot.clone();
    let ready = async move || match snapshot.is_ready() {
        true => (StatusCode::OK, "ready\n"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "no snapshot\n"),
    };
    Router::new().route("/ready", get(ready)).route(
        "/status",
        get(async move || format!("{:#?}\n", status.status())),
    )
}
