//! What `assert_safe` finds behind this layer, and behind another.

use axum::body::Body;
use axum::{Router, routing::get};
use futures_util::FutureExt;
use http::{HeaderValue, Method, Request};
use tower_cors::testing::{Finding, Hole, findings};
use tower_cors::{CorsLayer, Policy, PolicyBuilder};
use tower_http::cors::AllowOrigin;

use crate::safe::{holes, origins};
use crate::support::{API, PAGE};

fn app(policy: PolicyBuilder) -> Router {
    let policy = policy.build().expect("no mistake");
    Router::new()
        .route("/monsters", get(async || "zombie"))
        .layer(CorsLayer::new(policy))
}

fn findings_in(app: &mut Router, allowed: &[&str]) -> Vec<Finding> {
    findings(app, Request::get(API).body(Body::empty()), allowed)
        .now_or_never()
        .expect("nothing waits")
}

#[test]
fn this_layer_is_safe() {
    let lists: [&[&str]; 6] = [
        &[PAGE],
        &["https://*.example.com"],
        &[
            PAGE,
            "https://*.example.com:8443",
            "https://shop.example.org",
        ],
        &["http://localhost:*"],
        &["https://[2001:db8::1]:8443", "http://127.0.0.1:3000"],
        &["https://*.a.b.example.com:*"],
    ];
    for list in lists {
        let findings = findings_in(
            &mut app(Policy::builder()
                .allow_origins(list)
                .allow_credentials(true)),
            list,
        );
        assert!(findings.is_empty(), "{list:?}: {}", findings[0]);
    }
    assert!(findings_in(&mut app(PolicyBuilder::public()), &["*"]).is_empty());
    let null = Policy::builder()
        .allow_origins([PAGE])
        .allow_null_origin(true);
    assert!(findings_in(&mut app(null), &[PAGE, "null"]).is_empty());
}

#[test]
fn what_this_layer_allows_and_was_not_meant_is_found() {
    let wide = || app(Policy::builder().allow_origins(["https://*.example.com"]));
    assert_eq!(
        origins(&findings_in(&mut wide(), &[PAGE]), Hole::LookAlikeAllowed),
        [
            "https://strangerapp.example.com",
            "https://stranger-app.example.com",
            "https://stranger.app.example.com"
        ]
    );
    let null = Policy::builder()
        .allow_origins([PAGE])
        .allow_null_origin(true);
    assert_eq!(
        holes(&findings_in(&mut app(null), &[PAGE])),
        [Hole::NullAllowed]
    );
}

/// tower-http 0.7.1 looks at the first line of two.
#[test]
fn the_holes_of_other_layers_are_found() {
    let behind = |allow: AllowOrigin| {
        let cors = tower_http::cors::CorsLayer::new()
            .allow_origin(allow)
            .allow_methods([Method::PUT]);
        Router::new()
            .route("/monsters", get(async || "zombie"))
            .layer(cors)
    };
    let list = AllowOrigin::list([HeaderValue::from_static(PAGE)]);
    assert_eq!(
        holes(&findings_in(&mut behind(list), &[PAGE])),
        [Hole::RepeatedAllowed]
    );
    let suffix = AllowOrigin::predicate(|origin, _| origin.as_bytes().ends_with(b".example.com"));
    let findings = findings_in(&mut behind(suffix), &["https://*.example.com"]);
    assert_eq!(
        holes(&findings),
        [
            Hole::LookAlikeAllowed,
            Hole::MalformedAllowed,
            Hole::RepeatedAllowed
        ]
    );
    let findings = findings_in(&mut behind(AllowOrigin::mirror_request()), &[PAGE]);
    assert!(holes(&findings).contains(&Hole::StrangerAllowed));
}
