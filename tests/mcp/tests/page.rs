//! The official clients in a page of another origin, in each engine.

use serde_json::{Value, json};
use tower_cors::{Policy, PolicyBuilder};
use tower_cors_engine_tests::{Engine, Network, PageOrigin, Session};
use tower_cors_mcp_tests::{Log, Service, bundle};

const PAGE: PageOrigin = PageOrigin::Tuple("app.shop.test", None);

fn preset() -> PolicyBuilder {
    PolicyBuilder::mcp()
        .allow_origins([PAGE.to_string()])
        .hosts(["mcp.shop.test"])
}

fn built(builder: PolicyBuilder) -> Policy {
    builder.build().expect("the policy has no mistake")
}

async fn run(session: &Session, function: &str, argument: Value) -> Value {
    let bundle = bundle().await;
    let script = format!("{bundle}\nreturn mcp.failure({{ use: {function:?}, ...argument }});");
    session.page.run(&script, &argument).await
}

#[tokio::test]
async fn chromium() {
    let log = Log::default();
    let routes = Service::new(&log).routes("preset", built(preset()));
    let mut session = Engine::Chromium.open(Network::start(routes).await).await;
    session.page.visit(PAGE).await;
    let url = "http://mcp.shop.test/preset/mcp";
    for (f, a) in [
        ("sdk", json!({"url": url})),
        ("client", json!({"url": url, "mode": "legacy"})),
        ("client", json!({"url": url, "mode": "auto"})),
        ("client", json!({"url": url, "mode": "2026-07-28"})),
        ("parameter", json!({"url": url})),
        ("parameter", json!({"url": url, "headers": {"mcp-param-region": "eu", "mcp-param-replicas": "3"}})),
        ("authorization", json!({"url": "http://mcp.shop.test/preset/protected"})),
    ] {
        println!("{f} {a}: {}", run(&session, f, a.clone()).await);
        println!("{:#?}", log.take());
    }
    let a = json!({"url": url, "bundle": bundle().await});
    println!("worker {}", run(&session, "parameterInWorker", a.clone()).await);
}
