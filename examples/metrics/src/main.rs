//! A service that counts what its CORS layer decides, for Prometheus to fetch.
//!
//! ```sh
//! cargo run -p tower-cors-example-metrics
//! ```
//!
//! The figures are served on a port of their own, which the public does not reach. What to watch:
//!
//! - `rate(cors_requests_total{decision="rejected"}[5m])` by `reason`: a rise of `origin-not-allowed` after a release is an
//!   origin that was forgotten; `origin-malformed` and `origin-repeated` are no browsers.
//! - `cors_requests_total{enforcement="would-block"}`: what `Enforcement::Block` would stop, before it does.
//! - `cors_cache_events_total{event="failure"}`: lookups that failed; each is an origin that was not served.
//! - `cors_cache_entries` at the cache's capacity or above, together with many `eviction` events: more origins than it holds.
//!   Many `eviction` events below it are invented origins, which make room for each other.

use std::convert::Infallible;

use axum::Router;
use axum::http::Method;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpListener;
use tower_cors::{CorsLayer, DynamicPolicies, Origin, Policy, Scope};

/// Stands for a query of a database.
async fn is_known(origin: Origin, _: Scope) -> Result<bool, Infallible> {
    Ok(origin.as_str() == "https://app.example.com")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let prometheus = PrometheusBuilder::new().install_recorder()?;
    let base = Policy::builder().allow_methods([Method::PUT]);
    let policies = DynamicPolicies::from_predicate(base, is_known)?;
    let api = Router::new()
        .route("/", get("hello").put("changed"))
        .layer(CorsLayer::new(policies));
    let figures = Router::new().route("/metrics", get(async move || prometheus.render()));

    let public = TcpListener::bind(("127.0.0.1", 0)).await?;
    let internal = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("listening on http://{}", public.local_addr()?);
    println!("figures at http://{}/metrics", internal.local_addr()?);
    tokio::try_join!(axum::serve(public, api), axum::serve(internal, figures))?;
    Ok(())
}
