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
//! - `cors_lookup_duration_seconds`: how long lookups take, by their `outcome`. Requests without a decision wait for them.
//! - `cors_decision_age_seconds`: how old the decisions are that requests use. They get older while lookups fail.
//! - `cors_lookups_in_flight`: it rises while the source hangs.
//! - `cors_cache_events_total{event="coalesced"}`: requests that shared a lookup.
//! - `cors_cache_events_total{event="failure"}`: lookups that failed; each is an origin that was not served.
//! - `cors_cache_entries` at the cache's capacity or above, together with many `eviction` events: more origins than it holds.
//!   Many `eviction` events below it are invented origins, which make room for each other.
//!
//! `examples/tenants/operations` has a dashboard of Grafana and alerts, and `docs/operations.md` says what to do.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::http::Method;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpListener;
use tower_cors::{CorsLayer, DynamicPolicies, Origin, Policy, Scope};

/// The bounds of histograms in seconds: of how long lookups take, and how old decisions are.
const BUCKETS: [f64; 11] = [
    0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0, 300.0, 600.0, 7200.0,
];

/// Stands for a query of a database.
async fn is_known(origin: Origin, _: Scope) -> Result<bool, Infallible> {
    Ok(origin.as_str() == "https://app.example.com")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let prometheus = PrometheusBuilder::new()
        .set_buckets(&BUCKETS)?
        .install_recorder()?;
    let upkeep = prometheus.clone();
    tokio::spawn(async move {
        // Merges the values of histograms. Otherwise they would use more memory until Prometheus fetches them.
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            upkeep.run_upkeep();
        }
    });
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
