//! What the API was asked and what it answered, for the page to show.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use serde_json::{Value, json};
use tower_cors::Policy;

/// The most exchanges that are kept, and the longest name of a run.
const KEPT: usize = 256;
const LONGEST_RUN: usize = 64;

/// Keeps the last exchanges.
#[derive(Clone)]
pub(crate) struct Recorder {
    policy: Policy,
    exchanges: Arc<Mutex<VecDeque<(String, Value)>>>,
}

impl Recorder {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            policy,
            exchanges: Arc::default(),
        }
    }

    /// The exchanges of a run, in their order.
    pub(crate) fn of(&self, run: &str) -> Vec<Value> {
        let exchanges = self
            .exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        exchanges
            .iter()
            .filter(|(of, _)| of == run)
            .map(|(_, exchange)| exchange.clone())
            .collect()
    }

    fn keep(&self, run: String, exchange: Value) {
        let mut exchanges = self
            .exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        exchanges.push_back((run, exchange));
        if exchanges.len() > KEPT {
            exchanges.pop_front();
        }
    }
}

/// The run that a query names: `run=ID`.
pub(crate) fn run_of(query: Option<&str>) -> Option<&str> {
    let run = query?
        .split('&')
        .find_map(|pair| pair.strip_prefix("run="))?;
    let is_name = run
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (is_name && !run.is_empty() && run.len() <= LONGEST_RUN).then_some(run)
}

/// Records a request that names a run, and its response.
pub(crate) async fn record(
    State(recorder): State<Recorder>,
    request: Request,
    next: Next,
) -> Response {
    let Some(run) = run_of(request.uri().query()).map(str::to_owned) else {
        return next.run(request).await;
    };
    let explanation = recorder.policy.explain(request.method(), request.headers());
    let mut exchange = json!({
        "method": request.method().as_str(),
        "path": request.uri().path(),
        "asked": of_interest(request.headers()),
        "code": explanation.code(),
        "explanation": explanation.to_string(),
    });
    let response = next.run(request).await;
    if let Some(fields) = exchange.as_object_mut() {
        fields.insert("status".into(), response.status().as_u16().into());
        fields.insert("answered".into(), of_interest(response.headers()).into());
    }
    recorder.keep(run, exchange);
    response
}

/// The headers that matter to CORS, as `[name, value]`.
fn of_interest(headers: &HeaderMap) -> Vec<Value> {
    const NAMES: [&str; 8] = [
        "origin",
        "authorization",
        "content-type",
        "cookie",
        "set-cookie",
        "vary",
        "x-request-id",
        "x-internal-id",
    ];
    let matters = |name: &str| {
        name.starts_with("access-control-") || name == "x-debug" || NAMES.contains(&name)
    };
    let shown = headers.iter().filter(|(name, _)| matters(name.as_str()));
    shown
        .map(|(name, value)| json!([name.as_str(), value.as_bytes().escape_ascii().to_string()]))
        .collect()
}
