//! What `assert_safe` finds behind this layer, and behind another.

use axum::body::Body;
use axum::{Router, routing::get};
use futures_util::FutureExt;
use http::{HeaderValue, Method, Request};
use tower_cors::testing::{Finding, Hole, Readers, Severity, assert_safe, findings};
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
            "https://stranger.example.com",
            "https://app-stranger.example.com",
            "https://appstranger.example.com",
            "https://stranger-app.example.com",
            "https://strangerapp.example.com",
            "https://stranger-app-stranger.example.com",
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

/// tower-http 0.7.1 looks at the first line of two, which no browser sends.
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
    let list = AllowOrigin::list([HeaderValue::from_static(PAGE)]);
    let findings = findings_in(&mut behind(list.clone()), &[PAGE]);
    assert_eq!(findings[0].severity(), Severity::Note);
    assert_safe(
        &mut behind(list),
        Request::get(API).body(Body::empty()),
        [PAGE],
    )
    .now_or_never()
    .expect("nothing waits");
    let suffix = AllowOrigin::predicate(|origin, _| origin.as_bytes().ends_with(b".example.com"));
    let findings = findings_in(&mut behind(suffix), &["https://*.example.com"]);
    assert_eq!(
        holes(&findings),
        [
            Hole::InsecureTwinAllowed,
            Hole::LookAlikeAllowed,
            Hole::MalformedAllowed,
            Hole::RepeatedAllowed
        ]
    );
    let findings = findings_in(&mut behind(AllowOrigin::mirror_request()), &[PAGE]);
    assert!(holes(&findings).contains(&Hole::StrangerAllowed));
}

/// The policies that are recommended for an API that everyone may read.
#[test]
fn ours_with_cookies_and_everyone_without_is_safe() {
    let readers = || {
        Readers::new()
            .with_credentials([PAGE])
            .without_credentials(["*"])
    };
    let found = |ours: PolicyBuilder| {
        let ours = ours.allow_credentials(true).build().expect("no mistake");
        let everyone = PolicyBuilder::public().build().expect("no mistake");
        let mut app = Router::new()
            .route("/monsters", get(async || "zombie"))
            .layer(CorsLayer::new([ours, everyone]));
        let request = Request::get(API).body(Body::empty());
        let search = findings(&mut app, request, readers());
        search.now_or_never().expect("nothing waits")
    };
    let ours = Policy::builder().allow_origins([PAGE]);
    assert_eq!(holes(&found(ours)), []);
    let wider = Policy::builder().allow_origins(["https://*.example.com", PAGE]);
    assert_eq!(holes(&found(wider)), [Hole::LookAlikeAllowed]);
}
