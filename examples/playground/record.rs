//! What an API was asked and what it answered, for the page to show.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Request, State};
use axum::http::header::ACCESS_CONTROL_REQUEST_METHOD;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;
use serde::Serialize;
use tower_cors::PolicyHandle;

use crate::api::Api;

/// The most exchanges that are kept, and the longest name of a run.
const KEPT: usize = 256;
const LONGEST_RUN: usize = 64;

/// A request, and its response.
#[derive(Clone, Serialize)]
pub(crate) struct Exchange {
    /// Later ones have higher numbers.
    number: usize,
    #[serde(skip)]
    run: String,
    is_preflight: bool,
    method: String,
    path: String,
    asked: Vec<(String, String)>,
    status: u16,
    answered: Vec<Answered>,
    /// Whether the service ran.
    reached: bool,
    /// What the layer decides, and why; nothing where there is none.
    code: Option<&'static str>,
    explanation: Option<String>,
}

/// A header of a response.
#[derive(Clone, Serialize)]
struct Answered {
    name: String,
    value: String,
    /// Whether the service set it so, and not the layer.
    by_service: bool,
}

/// Keeps the last exchanges.
#[derive(Clone)]
pub(crate) struct Recorder {
    policy: PolicyHandle,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    exchanges: VecDeque<Exchange>,
    last: usize,
}

impl Recorder {
    pub(crate) fn new(policy: PolicyHandle) -> Self {
        Self {
            policy,
            kept: Arc::default(),
        }
    }

    /// The exchanges of a run with a number over `after`, in their order.
    pub(crate) fn of(&self, run: &str, after: usize) -> Vec<Exchange> {
        let kept = lock(&self.kept);
        let exchanges = kept.exchanges.iter();
        exchanges
            .filter(|exchange| exchange.run == run && exchange.number > after)
            .cloned()
            .collect()
    }

    fn keep(&self, exchange: Exchange) {
        let mut kept = lock(&self.kept);
        kept.last += 1;
        let number = kept.last;
        kept.exchanges.push_back(Exchange { number, ..exchange });
        if kept.exchanges.len() > KEPT {
            kept.exchanges.pop_front();
        }
    }
}

/// What the service answered by itself, if it was asked.
#[derive(Clone, Default)]
struct Inside(Arc<Mutex<Option<HeaderMap>>>);

/// Goes between the layer and the service.
pub(crate) async fn inside(request: Request, next: Next) -> Response {
    let seen = request.extensions().get::<Inside>().cloned();
    let response = next.run(request).await;
    if let Some(Inside(seen)) = seen {
        *lock(&seen) = Some(response.headers().clone());
    }
    response
}

/// Goes around the layer, and records requests that name a run.
pub(crate) async fn outside(
    State((recorder, api)): State<(Recorder, Api)>,
    mut request: Request,
    next: Next,
) -> Response {
    let run = request.uri().query().and_then(|query| value(query, "run"));
    let Some(run) = run.filter(|run| is_name(run)).map(str::to_owned) else {
        return next.run(request).await;
    };
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let path = request.uri().path().to_owned();
    let layer = (api != Api::Broken).then(|| recorder.policy.current());
    let explanation = layer.map(|policy| policy.explain(&method, &headers));
    let inside = Inside::default();
    request.extensions_mut().insert(inside.clone());

    let response = next.run(request).await;

    let by_service = lock(&inside.0).take();
    let set = |name: &str, value: &str| {
        let lines = by_service.as_ref().map(|headers| headers.get_all(name));
        lines.is_some_and(|lines| lines.iter().any(|line| line == value))
    };
    recorder.keep(Exchange {
        number: 0,
        run,
        is_preflight: method == Method::OPTIONS
            && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD),
        method: method.to_string(),
        path,
        asked: of_interest(&headers),
        status: response.status().as_u16(),
        answered: of_interest(response.headers())
            .into_iter()
            .map(|(name, value)| Answered {
                by_service: set(&name, &value),
                name,
                value,
            })
            .collect(),
        reached: by_service.is_some(),
        code: explanation.as_ref().map(|explanation| explanation.code()),
        explanation: explanation.map(|explanation| explanation.to_string()),
    });
    response
}

/// The value of a query's parameter.
pub(crate) fn value<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

/// Whether a run may have this name.
pub(crate) fn is_name(run: &str) -> bool {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !run.is_empty() && run.len() <= LONGEST_RUN && run.bytes().all(is_known)
}

/// The headers that matter here.
fn of_interest(headers: &HeaderMap) -> Vec<(String, String)> {
    const NOT: [&str; 12] = [
        "accept",
        "accept-encoding",
        "accept-language",
        "allow",
        "cache-control",
        "connection",
        "content-length",
        "date",
        "host",
        "pragma",
        "priority",
        "user-agent",
    ];
    const NOT_BEGINNING: [&str; 4] = ["sec-ch-", "sec-gpc", "sec-websocket-", "upgrade"];
    let shown = headers.iter().filter(|(name, _)| {
        let name = name.as_str();
        let is_cached =
            name == "cache-control" && headers.get(name).is_some_and(|v| v != "no-cache");
        is_cached
            || !NOT.contains(&name) && !NOT_BEGINNING.iter().any(|start| name.starts_with(start))
    });
    shown
        .map(|(name, value)| {
            (
                name.to_string(),
                value.as_bytes().escape_ascii().to_string(),
            )
        })
        .collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
