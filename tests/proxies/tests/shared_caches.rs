//! No cache that many share gives the answer of one origin to a page of another.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN};
use tokio::time::{Instant, sleep};
use tower_cors_proxy_tests::{Case, Layered, Proxy, Service, Tally, Visitor, cases};

/// How long it may take until everything was seen, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(120);
const REQUESTS: usize = 6_000;

fn layered(cases: &[Case]) -> Vec<Layered> {
    let layer = |case: &Case| {
        let layer = case.layer.clone();
        Layered::new(case.name, |router| router.layer(layer))
    };
    cases.iter().map(layer).collect()
}

/// Asks so often, and on until each kind of answer was seen.
async fn visit(proxy: &Proxy, cases: &[Case], seen: impl Fn(&Tally) -> bool) -> Visitor {
    let mut visitor = Visitor::new(proxy.front(), 1);
    let deadline = Instant::now() + PATIENCE;
    while visitor.tally().answers < REQUESTS || !seen(visitor.tally()) {
        assert!(Instant::now() < deadline, "{:?}", visitor.tally());
        visitor.ask(cases).await;
        if visitor.tally().answers.is_multiple_of(REQUESTS / 4) {
            // What is fresh for a second is then stale.
            sleep(Duration::from_millis(1_200)).await;
        }
    }
    visitor
}

async fn gives_each_page_its_own(name: &str, proxy: Proxy) {
    let cases = cases();
    let service = Service::start(&proxy.service(), layered(&cases));
    let visitor = visit(&proxy, &cases, |tally| {
        let kinds = [tally.hits, tally.shared, tally.not_modified, tally.partial];
        kinds.iter().all(|count| *count > 0) && service.renewed() > 0
    })
    .await;
    let tally = visitor.tally();
    println!(
        "{name}: {} answers, {} from the cache, {} of these fetched for another origin, {} not modified, {} partial, \
         {} preflights, {} renewed by the service: {} wrong",
        tally.answers,
        tally.hits,
        tally.shared,
        tally.not_modified,
        tally.partial,
        tally.preflights,
        service.renewed(),
        tally.wrong.len()
    );
    let first: Vec<_> = tally.wrong.iter().take(5).collect();
    assert!(first.is_empty(), "{first:#?}");
}

#[tokio::test]
async fn varnish_gives_each_page_its_own_answer() {
    gives_each_page_its_own("Varnish", Proxy::varnish().await).await;
}

#[tokio::test]
async fn nginx_gives_each_page_its_own_answer() {
    gives_each_page_its_own("nginx", Proxy::nginx().await).await;
}

/// A layer of a few lines that is right but for `Vary`.
async fn without_vary(request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let listed = ["https://app.example.com", "https://admin.example.com"];
    let mut response = next.run(request).await;
    if let Some(origin) = origin.filter(|origin| listed.iter().any(|listed| origin == listed)) {
        response
            .headers_mut()
            .insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

/// The judges are judged: behind either cache, a layer without `Vary` is found out.
async fn finds_that_vary_is_missing(proxy: Proxy) {
    let cases: Vec<Case> = cases()
        .into_iter()
        .filter(|case| case.name == "listed")
        .collect();
    let broken = Layered::new("listed", |router| {
        router.layer(middleware::from_fn(without_vary))
    });
    let _service = Service::start(&proxy.service(), vec![broken]);
    let visitor = visit(&proxy, &cases, |tally| tally.hits > 0).await;
    assert!(!visitor.tally().wrong.is_empty());
}

#[tokio::test]
async fn varnish_serves_others_the_answer_of_a_layer_without_vary() {
    finds_that_vary_is_missing(Proxy::varnish().await).await;
}

#[tokio::test]
async fn nginx_serves_others_the_answer_of_a_layer_without_vary() {
    finds_that_vary_is_missing(Proxy::nginx().await).await;
}
