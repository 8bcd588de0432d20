//! The official clients in a program that is no browser, and what its user reads if it is rejected.

use axum::Router;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower_cors::{CorsLayer, PolicyBuilder};
use tower_cors_mcp_tests::{Log, Service};

use crate::npm::run_native;

/// A server on this machine, to which the name `localhost` does not lead.
fn routes(log: &Log) -> Router {
    let policy = PolicyBuilder::mcp()
        .allow_origins(["http://app.shop.test"])
        .hosts(["127.0.0.1"])
        .build()
        .expect("the policy has no mistake");
    let layer = CorsLayer::new(policy).explain_in_response(true);
    Service::new(log).routes("preset", layer)
}

/// What the clients say of the server at this host, with this `Origin`.
async fn outcomes(router: Router, host: &str, origin: Option<&'static str>) -> Value {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let serving = tokio::spawn(async { axum::serve(listener, router).await });
    let url = format!("http://{host}:{port}/preset/mcp");
    let outcomes = tokio::task::spawn_blocking(move || run_native(&url, origin)).await;
    serving.abort();
    outcomes.expect("the program ends")
}

fn same(older: &str, modern: &str) -> Value {
    let sdk = format!("Error: Streamable HTTP error: Error POSTing to endpoint: {older}");
    let legacy = format!("SdkHttpError: Error POSTing to endpoint: {older}");
    json!({ "sdk": sdk, "legacy": legacy, "auto": modern, "2026-07-28": modern })
}

/// The recipe of `docs/mcp.md`.
async fn with_reason(response: Response) -> Response {
    let decision = response.headers().get("x-cors-decision").cloned();
    let decision = decision
        .as_ref()
        .and_then(|decision| decision.to_str().ok());
    let reason = decision.and_then(|decision| decision.strip_prefix("rejected; "));
    let (403 | 421, Some(reason)) = (response.status().as_u16(), reason) else {
        return response;
    };
    let error = format!(r#"{{"code":-32000,"message":"{reason}"}}"#);
    let body = format!(r#"{{"jsonrpc":"2.0","error":{error}}}"#);
    let json = [("content-type", "application/json")];
    (response.into_parts().0, json, body).into_response()
}

#[tokio::test]
async fn a_program_without_origin_uses_the_server() {
    let log = Log::default();
    let routes = routes(&log).layer(map_response(with_reason));
    let outcomes = outcomes(routes, "127.0.0.1", None).await;
    let tools = "5 tools";
    let expected = json!({ "sdk": tools, "legacy": tools, "auto": tools, "2026-07-28": tools });
    assert_eq!(outcomes, expected);
    assert_ne!(log.take(), [""; 0]);
}

/// Why the layer has no body of its own, and what one outside of it is good for.
#[tokio::test]
async fn only_clients_of_older_revisions_show_the_body_of_a_rejection() {
    const DENIED: &str =
        "SdkHttpError: Version negotiation failed: the server denied access (HTTP 403)";
    const NOT_OFFERED: &str = "SdkError: Version negotiation failed: the server did not offer pinned \
                               protocol version 2026-07-28 via server/discover (no fallback in pin mode)";
    let log = Log::default();
    let body = |reason: &str| {
        format!(r#"{{"jsonrpc":"2.0","error":{{"code":-32000,"message":"{reason}"}}}}"#)
    };
    let evil = Some("https://evil.example");
    let empty = outcomes(routes(&log), "127.0.0.1", evil).await;
    assert_eq!(empty, same("", DENIED));
    let explained = routes(&log).layer(map_response(with_reason));
    let told = outcomes(explained.clone(), "127.0.0.1", evil).await;
    assert_eq!(told, same(&body("origin-not-allowed"), DENIED));
    // With 421, the client takes the server for one of an older revision, unless it must not.
    let mut elsewhere = same(&body("host-not-allowed"), "");
    elsewhere["auto"] = elsewhere["legacy"].clone();
    elsewhere["2026-07-28"] = NOT_OFFERED.into();
    assert_eq!(outcomes(explained, "localhost", None).await, elsewhere);
    assert_eq!(log.take(), [""; 0]);
}
