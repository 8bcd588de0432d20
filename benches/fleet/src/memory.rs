//! What an entry costs.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::{HeaderValue, Request, Response};
use tower_cors::{CorsLayer, DynamicPolicies, Policy, PolicyCache};
use tower_layer::Layer;
use tower_service::Service;

const ENTRIES: usize = 200_000;

/// Returns how many bytes a cached permission takes, for an origin of the length that the simulation has.
pub(crate) fn bytes_of_an_entry() -> usize {
    let policy = Policy::builder()
        .allow_origins(["https://*.tenant.example"])
        .build()
        .unwrap_or_else(|errors| unreachable!("{errors}"));
    let before = resident();
    let now = std::time::Instant::now();
    let cache = PolicyCache::builder()
        .capacity(ENTRIES)
        .clock(move || now)
        .build();
    let policies = DynamicPolicies::new(move |_, _| {
        let found = Some(policy.clone());
        async move { Ok::<_, Infallible>(found) }
    });
    let layer = CorsLayer::new(policies.cache(cache.clone()));
    for number in 0..ENTRIES {
        let origin = format!("https://n{number:07}.tenant.example");
        let origin = HeaderValue::try_from(origin);
        let origin = origin.unwrap_or_else(|error| unreachable!("{error}"));
        let mut request = Request::new(());
        request.headers_mut().insert(http::header::ORIGIN, origin);
        let mut answering = pin!(layer.layer(App).call(request));
        let mut context = Context::from_waker(Waker::noop());
        let _ = answering.as_mut().poll(&mut context);
    }
    let bytes = (resident() - before) / cache.stats().entries.max(1);
    // Memory that is free again would hide what the next measurement takes.
    std::mem::forget(cache);
    bytes
}

#[derive(Clone)]
struct App;

impl Service<Request<()>> for App {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(())))
    }
}

/// Returns the resident memory in bytes, or 0 if the system does not tell.
pub(crate) fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let size = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let size = size.and_then(|size| size.trim().strip_suffix(" kB")?.parse().ok());
    size.map_or(0, |kilobytes: usize| kilobytes * 1_024)
}

/// Returns a size as people read it.
pub(crate) fn shown(bytes: usize) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
