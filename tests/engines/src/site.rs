//! The service behind the layers, and what came to it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, COOKIE,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;

use crate::description::Described;
use crate::layers::Layers;
use crate::{Case, Seen, Verdict};

/// What the service says with every response.
pub(crate) const RESPONSE_HEADERS: [(&str, &str); 8] = [
    ("cache-control", "no-store"),
    ("content-language", "en"),
    ("content-type", "text/plain"),
    ("etag", "\"1\""),
    ("last-modified", "Mon, 02 Nov 2026 00:00:00 GMT"),
    ("set-cookie", "session=1; Path=/; SameSite=Lax"),
    ("x-request-id", "42"),
    ("x-secret", "of the service"),
];

/// What it answers, also to what it cannot do.
pub(crate) const BODY: &str = "a monster";

/// The status with which the case of this number is answered: errors must be readable as well.
pub(crate) fn status(case: u32) -> u16 {
    [200, 401, 404, 500][case as usize % 4]
}

/// The same service behind one layer for each description, below `/{name}`.
#[derive(Debug)]
pub struct Site {
    /// All of them.
    pub router: Router,
    log: Arc<Mutex<Log>>,
}

/// What came.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The cases whose request came to the service, and whether with a cookie.
    pub reached: HashMap<u32, bool>,
    /// What the preflights of cases asked for: the method, and the names of the headers.
    pub preflights: HashMap<u32, String>,
    /// How many requests of cases came in each version of HTTP.
    pub versions: BTreeMap<String, usize>,
    /// Those that carried credentials, which none may.
    pub preflights_with_credentials: Vec<String>,
}

impl Log {
    /// What came of a case, of which a script saw this.
    pub(crate) fn verdict(&self, case: &Case, seen: Option<Seen>) -> Verdict {
        Verdict {
            seen,
            preflight: self.preflights.get(&case.number).cloned(),
            reached: self.reached.contains_key(&case.number),
        }
    }
}

impl Site {
    /// The services of these descriptions.
    pub fn new(services: &[Described], layers: Layers) -> Self {
        let log = Arc::new(Mutex::new(Log::default()));
        let mut router = Router::new();
        for service in services {
            let route = Router::new().route(&format!("/{}", service.name), any(answer));
            router = router.merge(layers.around(service, route.with_state(Arc::clone(&log))));
        }
        let router = router.layer(from_fn_with_state(Arc::clone(&log), look_at_preflights));
        Self { router, log }
    }

    /// What came until now.
    pub fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type SharedLog = Arc<Mutex<Log>>;

#[derive(Deserialize)]
struct Of {
    case: u32,
}

async fn answer(State(log): State<SharedLog>, Query(of): Query<Of>, request: Request) -> Response {
    let has_cookie = request.headers().contains_key(COOKIE);
    let version = format!("{:?}", request.version());
    {
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        log.reached.insert(of.case, has_cookie);
        *log.versions.entry(version).or_default() += 1;
    }
    let status = StatusCode::from_u16(status(of.case)).expect("a status of the list");
    let headers = RESPONSE_HEADERS.map(|(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    });
    let mut response = (status, BODY).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, value);
    }
    response
}

async fn look_at_preflights(
    State(log): State<SharedLog>,
    Query(of): Query<Of>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    if headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        let method = lines(headers, &ACCESS_CONTROL_REQUEST_METHOD);
        let names = lines(headers, &ACCESS_CONTROL_REQUEST_HEADERS);
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        log.preflights.insert(of.case, format!("{method} {names}"));
        if headers.contains_key(COOKIE) || headers.contains_key(AUTHORIZATION) {
            log.preflights_with_credentials.push(format!("{request:?}"));
        }
    }
    next.run(request).await
}

/// The lines of a header, of which browsers send one.
fn lines(headers: &HeaderMap, name: &HeaderName) -> String {
    let lines = headers.get_all(name).iter();
    let lines: Vec<_> = lines
        .map(|line| String::from_utf8_lossy(line.as_bytes()))
        .collect();
    lines.join(" and ")
}
