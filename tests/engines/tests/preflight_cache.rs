//! What the engines keep of the layer's answers to preflights, and for how long.

use std::time::Duration;

use axum::Router;
use axum::routing::any;
use http::{HeaderName, Method};
use serde_json::{Value, json};
use tower_cors::{CorsLayer, Policy};
use tower_cors_engine_tests::{Engine, Network, PageOrigin, Session, Timeline};

const PAGE: PageOrigin = PageOrigin::Tuple("app.shop.test", None);

/// The same service with two lifetimes, `/long` and `/short`.
async fn open(engine: Engine, timeline: &Timeline) -> Session {
    let behind = |path, max_age| {
        let policy = Policy::builder()
            .allow_origins([PAGE.to_string()])
            .allow_methods([Method::PUT, Method::DELETE])
            .allow_headers([HeaderName::from_static("x-custom")])
            .max_age(max_age)
            .build();
        let layer = CorsLayer::new(policy.expect("the policy has no mistake"));
        Router::new()
            .route(path, any(async || "a monster"))
            .layer(layer)
    };
    let routes = behind("/long", LONG).merge(behind("/short", SHORT));
    let network = Network::start(timeline.around(routes)).await;
    let mut session = engine.open(network).await;
    session.page.visit(PAGE).await;
    timeline.warm(&session.page).await;
    session
}

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_secs(2);

/// Sends PUT, waits by the server's clock until this long after it came, and sends it again.
async fn put_twice(session: &Session, path: &str, pause: Duration) -> Value {
    let script = r#"
        const clock = async () => Number(await (await fetch("/clock")).text());
        const put = async () => (await fetch(argument.url, { method: "PUT" })).text();
        await put();
        // The answer to its preflight was here before.
        const came = await clock();
        while (await clock() <= came + argument.pause) await new Promise((resolve) => setTimeout(resolve, 50));
        return put();
    "#;
    let url = format!("http://api.shop.test{path}");
    let argument = json!({ "url": url, "pause": pause.as_millis() as u64 });
    session.page.run(script, &argument).await
}

async fn one_preflight_serves_every_listed_method_and_header(engine: Engine) {
    let timeline = Timeline::default();
    let session = open(engine, &timeline).await;
    let script = r#"
        const texts = [];
        for (const [method, headers] of [["PUT", []], ["DELETE", []], ["PUT", [["X-Custom", "1"]]], ["DELETE", [["X-Custom", "1"]]]]) {
          texts.push(await (await fetch("http://api.shop.test/long", { method, headers })).text());
        }
        return texts;
    "#;
    let texts = session.page.run(script, &Value::Null).await;
    assert_eq!(texts, json!(vec!["a monster"; 4]));
    assert_eq!(
        timeline.methods("/long"),
        ["preflight", "PUT", "DELETE", "PUT", "DELETE"],
        "{}",
        session.version
    );
}

async fn no_preflight_serves_after_max_age(engine: Engine) {
    let timeline = Timeline::default();
    let session = open(engine, &timeline).await;
    put_twice(&session, "/short", SHORT).await;
    assert_eq!(
        timeline.methods("/short"),
        ["preflight", "PUT", "preflight", "PUT"],
        "{}",
        session.version
    );
}

/// Each of these in each engine.
macro_rules! in_every_engine {
    ($($test:ident),*) => {$(
        mod $test {
            use super::Engine;

            #[tokio::test]
            async fn in_chromium() {
                super::$test(Engine::Chromium).await;
            }

            #[tokio::test]
            async fn in_firefox() {
                super::$test(Engine::Firefox).await;
            }

            #[tokio::test]
            async fn in_webkit() {
                super::$test(Engine::WebKit).await;
            }
        }
    )*};
}

in_every_engine!(
    one_preflight_serves_every_listed_method_and_header,
    no_preflight_serves_after_max_age
);
