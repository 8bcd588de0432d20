//! What came to a server, and when, by its own clock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{any, get};
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, CACHE_CONTROL};

use crate::Page;

/// A server's clock, and the requests that came to it. Pages read the clock at `/clock` of their own host, in
/// milliseconds.
///
/// A page reads the clock before it sends a request, and so knows of a moment before it: no delay on the way is taken
/// for a lifetime.
#[derive(Clone, Debug)]
pub struct Timeline {
    start: Instant,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
}

/// A request that came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Arrival {
    /// Its path.
    pub path: String,
    /// Its method; `preflight` where it is one.
    pub method: String,
    /// The value of `X-Number`, by which a page tells its requests apart without another URL.
    pub number: Option<u64>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            arrivals: Arc::default(),
        }
    }
}

impl Timeline {
    /// How long ago the clock started.
    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// The routes, with this clock, and with this eye on what comes to them.
    pub fn around(&self, routes: Router) -> Router {
        let timeline = self.clone();
        let clock = async move || {
            let now = timeline.now().as_millis().to_string();
            ([(CACHE_CONTROL, "no-store")], now)
        };
        let warm = (
            [
                ("access-control-allow-origin", "*"),
                ("access-control-allow-methods", "PUT"),
                ("access-control-max-age", "600"),
            ],
            "warm",
        );
        routes
            .route("/warm/{number}", any(async move || warm))
            .layer(from_fn_with_state(self.clone(), note))
            .route("/clock", get(clock))
    }

    /// Sends requests of the page until the engine keeps the answers to their preflights: Firefox forgets what it learns
    /// in its first moments with a host.
    ///
    /// # Panics
    ///
    /// Where it never does.
    pub async fn warm(&self, page: &Page) {
        let script = r#"
            const put = async () => (await fetch(`http://api.shop.test${argument}`, { method: "PUT" })).text();
            await put();
            await put();
        "#;
        for number in 0..10_000 {
            let path = format!("/warm/{number}");
            page.run(script, &path.clone().into()).await;
            if self.methods(&path) == ["preflight", "PUT", "PUT"] {
                return;
            }
        }
        panic!("the engine keeps no answer to a preflight");
    }

    /// What came to a path, in its order.
    pub fn arrivals(&self, path: &str) -> Vec<Arrival> {
        let arrivals = self.lock();
        let of_the_path = arrivals.iter().filter(|arrival| arrival.path == path);
        of_the_path.cloned().collect()
    }

    /// The methods of what came to a path, in its order; `preflight` for those.
    pub fn methods(&self, path: &str) -> Vec<String> {
        let methods = |arrival: Arrival| arrival.method;
        self.arrivals(path).into_iter().map(methods).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arrival>> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn note(State(timeline): State<Timeline>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let is_preflight = headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let number = headers.get("x-number");
    let arrival = Arrival {
        path: request.uri().path().to_owned(),
        method: if is_preflight {
            "preflight".to_owned()
        } else {
            request.method().to_string()
        },
        number: number.and_then(|number| number.to_str().ok()?.parse().ok()),
    };
    timeline.lock().push(arrival);
    next.run(request).await
}
