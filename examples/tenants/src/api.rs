//! The API: what pages of allowed origins call.

use axum::Router;
use axum::routing::get;
use tower_cors::CorsLayer;

use crate::tenant::Tenant;

pub(crate) fn app(layer: CorsLayer) -> Router {
    Router::new()
        .route("/", get(greet).put(change))
        .layer(layer) // last, so that it covers the routes and the 404 too
}

async fn greet(tenant: Tenant) -> String {
    format!("hello from {}\n", tenant.as_str())
}

async fn change(tenant: Tenant) -> String {
    format!("changed at {}\n", tenant.as_str())
}
