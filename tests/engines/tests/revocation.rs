//! A permission that is revoked at its source: how long pages still use it.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use http::{HeaderName, Method, StatusCode};
use serde_json::{Value, json};
use tower_cors::{CorsLayer, DynamicPolicies, Policy};
use tower_cors_engine_tests::{Engine, Network, PageOrigin, Timeline};

const PAGE: PageOrigin = PageOrigin::Tuple("app.shop.test", None);
const MAX_AGE: Duration = Duration::from_secs(6);
const X_NUMBER: HeaderName = HeaderName::from_static("x-number");

/// Who may do what, until it is revoked.
#[derive(Clone)]
struct Source {
    timeline: Timeline,
    is_revoked: Arc<AtomicBool>,
    /// When the last grant was decided for the layer, and for its rival.
    decided: Arc<Mutex<[Option<Duration>; 2]>>,
}

const OURS: usize = 0;
const REPLAYING: usize = 1;

impl Source {
    fn new(timeline: &Timeline) -> Self {
        Self {
            timeline: timeline.clone(),
            is_revoked: Arc::default(),
            decided: Arc::default(),
        }
    }

    fn decided(&self) -> MutexGuard<'_, [Option<Duration>; 2]> {
        self.decided.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn decide(&self, whose: usize) -> Option<Policy> {
        if self.is_revoked.load(SeqCst) {
            return None;
        }
        self.decided()[whose] = Some(self.timeline.now());
        Some(
            Policy::builder()
                .allow_origins([PAGE.to_string()])
                .allow_methods([Method::PUT])
                .allow_headers([X_NUMBER])
                .max_age(MAX_AGE)
                .build()
                .expect("the policy has no mistake"),
        )
    }

    fn routes(&self) -> Router {
        let source = self.clone();
        let policies = DynamicPolicies::new(move |_, _| {
            std::future::ready(Ok::<_, String>(source.decide(OURS)))
        });
        let ours = Router::new()
            .route("/ours/{url}", any(async || "a monster"))
            .layer(CorsLayer::new(policies));
        let replaying = Router::new()
            .route("/replaying/{url}", any(async || "a monster"))
            .layer(from_fn_with_state(self.clone(), replay));
        let is_revoked = Arc::clone(&self.is_revoked);
        let revoke = async move || is_revoked.store(true, SeqCst);
        let source = self.clone();
        let decided = async move || {
            let milliseconds = |at: Duration| u64::try_from(at.as_millis()).ok();
            Json(source.decided().map(|at| at.and_then(milliseconds)))
        };
        ours.merge(replaying)
            .route("/revoke", get(revoke))
            .route("/decided", get(decided))
    }
}

/// A cache that serves a decision for Max-Age, and lets browsers keep it for Max-Age again.
async fn replay(State(source): State<Source>, request: Request, next: Next) -> Response {
    let now = source.timeline.now();
    let last = source.decided()[REPLAYING];
    let is_granted =
        last.is_some_and(|at| now < at + MAX_AGE) || source.decide(REPLAYING).is_some();
    let grant = [
        ("access-control-allow-origin", PAGE.to_string()),
        ("access-control-allow-methods", "PUT".to_owned()),
        ("access-control-allow-headers", "x-number".to_owned()),
        ("access-control-max-age", MAX_AGE.as_secs().to_string()),
    ];
    if request.method() != Method::OPTIONS {
        return (grant, next.run(request).await).into_response();
    }
    if is_granted {
        (StatusCode::NO_CONTENT, grant).into_response()
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

/// Sends PUT to URLs that join one after the other, each with a number and the time before it, until twice Max-Age is
/// over.
const SCRIPT: &str = r#"
    const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));
    const clock = async () => Number(await (await fetch("/clock")).text());
    const sent = [];
    async function put(url) {
      const before = await clock();
      const number = sent.push({ url, before });
      try {
        await (await fetch(`http://api.shop.test${url}`, { method: "PUT", headers: { "X-Number": number } })).text();
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
      return before;
    }
    const maxAge = argument;
    await Promise.all([put("/ours/0"), put("/replaying/0")]);
    const start = Math.max(...await (await fetch("/decided")).json());
    const end = start + 2 * maxAge + 1500;
    async function join(url, offset) {
      while (await clock() < start + offset * maxAge) await wait(20);
      while (await put(url) < end) await wait(100);
    }
    const revoke = async () => {
      while (await clock() < start + maxAge / 4) await wait(20);
      await fetch("/revoke");
    };
    const joined = [0, 0.2, 0.4, 0.6, 0.8].flatMap((offset, url) =>
      ["ours", "replaying"].map((whose) => join(`/${whose}/${url}`, offset)));
    await Promise.all([revoke(), ...joined]);
    return { sent, decided: await (await fetch("/decided")).json() };
"#;

/// The latest time before a request to one of them that came without a preflight being rejected, since the decision.
fn latest(timeline: &Timeline, result: &Value, whose: &str, decided: &Value) -> Duration {
    let came: Vec<u64> = (0..5)
        .flat_map(|url| timeline.arrivals(&format!("/{whose}/{url}")))
        .filter(|arrival| arrival.method == "PUT")
        .filter_map(|arrival| arrival.number)
        .collect();
    let sent = result["sent"].as_array().expect("what was sent");
    let latest = came
        .iter()
        .map(|number| usize::try_from(*number).expect("few numbers") - 1)
        .filter_map(|place| sent[place]["before"].as_u64())
        .max()
        .expect("the page sent something before the permission was revoked");
    Duration::from_millis(latest - decided.as_u64().expect("a decision was taken"))
}

/// Firefox stops sooner: it forgets what it was allowed when the response to a request says nothing of it any more.
async fn no_page_uses_a_revoked_permission_later_than_max_age(engine: Engine) {
    let timeline = Timeline::default();
    let routes = Source::new(&timeline).routes();
    let network = Network::start(timeline.around(routes)).await;
    let mut session = engine.open(network).await;
    session.page.visit(PAGE).await;
    timeline.warm(&session.page).await;
    let result = session
        .page
        .run(SCRIPT, &json!(MAX_AGE.as_millis() as u64))
        .await;

    let ours = latest(&timeline, &result, "ours", &result["decided"][OURS]);
    let replaying = latest(
        &timeline,
        &result,
        "replaying",
        &result["decided"][REPLAYING],
    );
    println!(
        "{}: the last PUT began {ours:?} after the decision; from a cache that replays Max-Age, {replaying:?}",
        session.version
    );
    assert!(ours <= MAX_AGE, "{ours:?}");
    assert!(
        replaying > MAX_AGE,
        "the experiment shows nothing: {replaying:?}"
    );
}

#[tokio::test]
async fn no_page_of_chromium_uses_a_revoked_permission_later_than_max_age() {
    no_page_uses_a_revoked_permission_later_than_max_age(Engine::Chromium).await;
}

#[tokio::test]
async fn no_page_of_firefox_uses_a_revoked_permission_later_than_max_age() {
    no_page_uses_a_revoked_permission_later_than_max_age(Engine::Firefox).await;
}

#[tokio::test]
async fn no_page_of_webkit_uses_a_revoked_permission_later_than_max_age() {
    no_page_uses_a_revoked_permission_later_than_max_age(Engine::WebKit).await;
}
