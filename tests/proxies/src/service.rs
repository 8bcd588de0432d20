//! The service behind the proxy.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

/// Which response of the service this is: the same number twice came from a cache.
pub(crate) const SERVED: HeaderName = HeaderName::from_static("x-served");
const TAG: HeaderValue = HeaderValue::from_static("\"1\"");

/// Resources under one path segment, with a layer over them.
#[derive(Debug)]
pub struct Layered {
    router: Router,
    counters: Counters,
}

impl Layered {
    /// The resources of a name, with what `layer` puts over them.
    pub fn new(name: &'static str, layer: impl FnOnce(Router) -> Router) -> Self {
        let counters = Counters::default();
        let resources = Router::new()
            .route(&format!("/{name}/plain"), get(plain))
            .route(&format!("/{name}/language"), get(language))
            .route(&format!("/{name}/star"), get(star))
            .route(&format!("/{name}/varies"), get(varies))
            .route(&format!("/{name}/short"), get(short))
            .route(&format!("/{name}/missing"), get(missing))
            .with_state(counters.clone());
        Self {
            router: layer(resources),
            counters,
        }
    }
}

/// What a cache is told in the paths after the name, each with what the application varies on.
pub(crate) const RESOURCES: [&str; 6] = ["plain", "language", "star", "varies", "short", "missing"];

/// A running service, stopped when it is dropped.
#[derive(Debug)]
pub struct Service {
    task: JoinHandle<()>,
    counters: Vec<Counters>,
}

impl Service {
    /// Serves on this socket.
    pub fn start(socket: &Path, layered: Vec<Layered>) -> Self {
        let mut router = Router::new();
        let mut counters = Vec::new();
        for layered in layered {
            router = router.merge(layered.router);
            counters.push(layered.counters);
        }
        let listener = UnixListener::bind(socket).expect("a new socket");
        let task = tokio::spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("serves for ever");
        });
        Self { task, counters }
    }

    /// How often it told the proxy by 304 that what it had kept is still right.
    pub fn renewed(&self) -> usize {
        let of = |counters: &Counters| counters.renewed.load(Ordering::Relaxed);
        self.counters.iter().map(of).sum()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone, Default, Debug)]
struct Counters {
    served: Arc<AtomicUsize>,
    renewed: Arc<AtomicUsize>,
}

impl Counters {
    fn respond(&self, headers: &[(HeaderName, &'static str)], body: &'static str) -> Response {
        let number = self.served.fetch_add(1, Ordering::Relaxed);
        let mut response = body.into_response();
        response.headers_mut().insert(SERVED, number.into());
        for (name, value) in headers {
            let value = HeaderValue::from_static(value);
            response.headers_mut().append(name, value);
        }
        response
    }
}

const LONG: (HeaderName, &str) = (CACHE_CONTROL, "public, max-age=3600");

async fn plain(State(counters): State<Counters>) -> Response {
    counters.respond(&[LONG, (ETAG, "\"1\"")], "plain text")
}

async fn language(State(counters): State<Counters>, headers: HeaderMap) -> Response {
    let german = headers
        .get(ACCEPT_LANGUAGE)
        .is_some_and(|language| language == "de");
    let body = if german { "de" } else { "en" };
    counters.respond(&[LONG, (VARY, "Accept-Language")], body)
}

async fn star(State(counters): State<Counters>) -> Response {
    counters.respond(&[LONG, (VARY, "*")], "star")
}

/// What an application does that has read about CORS, on two lines.
async fn varies(State(counters): State<Counters>) -> Response {
    counters.respond(
        &[LONG, (VARY, "Accept-Language"), (VARY, "origin")],
        "varies",
    )
}

/// What a cache soon has to ask about again.
async fn short(State(counters): State<Counters>, headers: HeaderMap) -> Response {
    let control = (
        CACHE_CONTROL,
        "public, max-age=1, stale-while-revalidate=60",
    );
    let tag = (ETAG, "\"1\"");
    if headers.get(IF_NONE_MATCH).is_some_and(|tag| *tag == TAG) {
        counters.renewed.fetch_add(1, Ordering::Relaxed);
        let mut response = counters.respond(&[control, tag], "");
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    counters.respond(&[control, tag], "short")
}

async fn missing(State(counters): State<Counters>) -> Response {
    let mut response = counters.respond(&[LONG], "missing");
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
