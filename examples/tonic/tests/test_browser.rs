//! The same layers without a socket, and a page of the test browser.

use http::{HeaderMap, HeaderValue, Request};
use tonic::body::Body;
use tonic::service::Routes;
use tonic_web::GrpcWebLayer;
use tower::Layer;
use tower_cors::testing::{Blocked, Browser, Fetch, Profile, assert_safe};
use tower_cors::{CorsLayer, PolicyBuilder};
use tower_cors_example_tonic::PAGE;

const CHECK: &str = "https://api.example.com/grpc.health.v1.Health/Check";

/// A call as grpc-web and connect-es send it, of an empty message.
fn call() -> Fetch<Body> {
    let request = Request::post(CHECK)
        .header("content-type", "application/grpc-web+proto")
        .header("x-grpc-web", "1")
        .header("grpc-timeout", "10S")
        .body(Body::new(http_body_util::Full::new(
            bytes::Bytes::from_static(&[0; 5]),
        )));
    Fetch::from(request)
}

#[tokio::test]
async fn a_page_of_every_engine_calls_a_tonic_service() {
    let policy = PolicyBuilder::grpc_web()
        .allow_origins([PAGE])
        .build()
        .expect("no mistake");
    let (_reporter, health) = tonic_health::server::health_reporter();
    let mut service = CorsLayer::new(policy).layer(GrpcWebLayer::new().layer(Routes::new(health)));
    for profile in [
        Profile::standard(),
        Profile::chromium(),
        Profile::firefox(),
        Profile::webkit(),
    ] {
        let mut page = Browser::at(PAGE).like(profile.clone());
        let outcome = page.fetch(&mut service, call()).await;
        let read: &HeaderMap = outcome.assert_readable().headers();
        assert_eq!(
            read.get("content-type"),
            Some(&HeaderValue::from_static("application/grpc-web+proto"))
        );
        let mut page = Browser::at("https://evil.example").like(profile);
        let outcome = page.fetch(&mut service, call()).await;
        assert_eq!(
            outcome.blocked().map(Blocked::code),
            Some("preflight-allow-origin-missing")
        );
    }
    assert_safe(&mut service, call(), [PAGE]).await;
}
