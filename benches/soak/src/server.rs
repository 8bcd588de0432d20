//! The service under test, and what disturbs it.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::any;
use axum::serve::ListenerExt;
use http::header::HeaderName;
use http::{Method, StatusCode};
use tokio::net::TcpListener;
use tokio::time::sleep;
use tower_cors::{
    CorsLayer, DynamicPolicies, Enforcement, Origin, Policy, PolicyBuilder, PolicyCache,
    PolicyHandle, Scope,
};

use crate::random::Random;
use crate::tally::Tally;

pub(crate) const APP: &str = "https://app.example.com";
pub(crate) const ADMIN: &str = "https://admin.example.com";
/// With what the source panics when it is asked to.
pub(crate) const PANIC: &str = "the source panics as it was asked to";
/// Many more are asked of.
const CAPACITY: usize = 1_000;

/// What changes while requests run.
#[derive(Clone)]
pub(crate) struct Sources {
    handle: PolicyHandle,
    cache: PolicyCache,
}

impl Sources {
    /// Forgets all decisions.
    pub(crate) fn forget(&self) {
        self.cache.invalidate_all();
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) sources: Sources,
}

pub(crate) async fn start(tally: Arc<Tally>) -> Server {
    let cache = PolicyCache::builder().capacity(CAPACITY).build();
    let handle = PolicyHandle::new(of_app());
    let lookup = move |origin: Origin, _: Scope| {
        let tally = Arc::clone(&tally);
        async move { lookup(&origin, &tally).await }
    };
    let dynamic = DynamicPolicies::new(lookup).cache(cache.clone());
    let listed = build(
        Policy::builder()
            .allow_origins([APP, ADMIN])
            .allow_methods([Method::PUT]),
    );
    let mirrored = build(
        Policy::builder()
            .allow_origins([APP])
            .allow_credentials(true)
            .allow_any_method()
            .allow_any_header(),
    );
    let served = || any(async |body: Bytes| (StatusCode::OK, body));
    let path = |path: &str, layer: CorsLayer| Router::new().route(path, served()).layer(layer);
    let router = path("/listed", CorsLayer::new(listed.clone()))
        .merge(path("/handle", CorsLayer::new(handle.clone())))
        .merge(path("/lookup", CorsLayer::new(dynamic)))
        .merge(path(
            "/block",
            CorsLayer::new(listed).enforce(Enforcement::Block),
        ))
        .merge(path("/mirrored", CorsLayer::new(mirrored)));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("a socket"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Server {
        address,
        sources: Sources { handle, cache },
    }
}

fn build(builder: PolicyBuilder) -> Policy {
    builder.build().expect("no mistake")
}

/// The two policies of the handle differ in all they say.
fn of_app() -> Policy {
    let builder = Policy::builder()
        .allow_origins([APP])
        .allow_methods([Method::PUT]);
    build(builder.expose_headers([HeaderName::from_static("x-app")]))
}

fn of_admin() -> Policy {
    let builder = Policy::builder()
        .allow_origins([ADMIN])
        .allow_methods([Method::DELETE]);
    build(builder.expose_headers([HeaderName::from_static("x-admin")]))
}

/// Does what the host of the origin says.
async fn lookup(origin: &Origin, tally: &Tally) -> Result<Option<Policy>, &'static str> {
    let allowed = || {
        build(
            Policy::builder()
                .allow_origins([origin.as_str()])
                .allow_methods([Method::PUT]),
        )
    };
    let host = origin.as_str().trim_start_matches("https://");
    match host.split('-').next() {
        Some("ok") => Ok(Some(allowed())),
        Some("slow") => {
            sleep(Duration::from_millis(5)).await;
            Ok(Some(allowed()))
        }
        Some("fail") => {
            tally.count("lookups that failed");
            Err("the source fails as it was asked to")
        }
        Some("panic") => {
            tally.count("lookups that panicked");
            std::panic::panic_any(PANIC)
        }
        Some("hang") => {
            tally.count("lookups that hung");
            pending().await
        }
        _ => Ok(None),
    }
}

/// Replaces the policy and forgets decisions, until the end.
pub(crate) async fn disturb(sources: Sources, mut random: Random, end: Instant, tally: Arc<Tally>) {
    let mut admin = false;
    while Instant::now() < end {
        admin = !admin;
        sources
            .handle
            .replace(if admin { of_admin() } else { of_app() });
        tally.count("policies replaced");
        match random.below(50) {
            0 => sources.forget(),
            1 => sources.cache.invalidate_scope(&Scope::default()),
            _ => {
                let origin = format!("https://ok-{}.example.com", random.below(200));
                sources
                    .cache
                    .invalidate(&origin.parse().expect("an origin"));
            }
        }
        tally.count("invalidations");
        sleep(Duration::from_micros(500)).await;
    }
}
