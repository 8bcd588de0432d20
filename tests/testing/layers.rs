//! Pages at services that people build: with this layer, with another, and with broken ones.

use std::convert::Infallible;

use axum::body::Body;
use axum::routing::{get, put};
use axum::{Router, middleware};
use futures_util::FutureExt;
use http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG};
use http::{HeaderValue, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Bytes;
use tower::{Layer, service_fn};
use tower_cors::testing::{Blocked, Browser, Credentials, Fetch, Outcome, Profile};
use tower_cors::{CorsLayer, Policy, PolicyBuilder};

use crate::support::{API, PAGE};

fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing waits")
}

fn policy() -> Policy {
    let builder = Policy::builder()
        .allow_origins([PAGE, "https://*.example.org"])
        .allow_methods([Method::PUT])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE])
        .expose_headers([ETAG])
        .allow_credentials(true);
    builder.build().expect("no mistake")
}

fn router() -> Router {
    let monsters = put(async || "changed").get(async || ([(ETAG, "\"1\"")], "zombie"));
    Router::new().route("/monsters", monsters)
}

fn change() -> Fetch<Body> {
    let request = Request::put(API)
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from("{}"));
    Fetch::from(request).credentials(Credentials::Include)
}

fn fetch_from(page: &str, app: &mut Router, fetch: impl Into<Fetch<Body>>) -> Outcome<Body> {
    now(Browser::at(page).fetch(app, fetch))
}

#[test]
fn pages_that_are_allowed_read_an_axum_app_in_every_engine() {
    let mut app = router().layer(CorsLayer::new(policy()));
    for profile in [
        Profile::standard(),
        Profile::chromium(),
        Profile::firefox(),
        Profile::webkit(),
    ] {
        for origin in [PAGE, "https://a.b.example.org"] {
            let mut page = Browser::at(origin).like(profile.clone());
            now(page.fetch(&mut app, change())).assert_readable();
            let outcome = now(page.fetch(&mut app, Request::get(API).body(Body::empty())));
            assert!(
                outcome.assert_readable().headers().contains_key(ETAG),
                "{outcome}"
            );
        }
    }
    let outcome = fetch_from("https://evil.example", &mut app, change());
    assert_eq!(
        outcome.blocked().map(Blocked::code),
        Some("preflight-allow-origin-missing")
    );
    let missing = Request::get("https://api.example.com/missing").body(Body::empty());
    assert_eq!(
        fetch_from(PAGE, &mut app, missing)
            .assert_readable()
            .status(),
        404
    );
}

#[test]
fn a_preset_for_everyone_is_read_by_everyone_without_credentials() {
    let policy = PolicyBuilder::public()
        .allow_any_method()
        .allow_any_header()
        .build()
        .expect("no mistake");
    let mut app = router().layer(CorsLayer::new(policy));
    for mut page in [Browser::at("https://evil.example"), Browser::opaque()] {
        let request = Request::put(API)
            .header(AUTHORIZATION, "x")
            .header("x-a", "1")
            .body(Body::empty());
        now(page.fetch(&mut app, request)).assert_readable();
        assert!(now(page.fetch(&mut app, change())).blocked().is_some());
    }
}

#[test]
fn a_layer_inside_authentication_is_told_apart() {
    let reject = middleware::from_fn(async |_: axum::extract::Request, _: middleware::Next| {
        http::StatusCode::UNAUTHORIZED
    });
    let mut app = router().layer(CorsLayer::new(policy())).layer(reject);
    let outcome = fetch_from(PAGE, &mut app, change());
    assert_eq!(
        outcome.blocked().map(Blocked::code),
        Some("preflight-allow-origin-missing")
    );
    assert_eq!(
        outcome.preflight().and_then(|preflight| preflight.status()),
        Some(http::StatusCode::UNAUTHORIZED)
    );
}

#[test]
fn it_tries_an_app_behind_tower_http() {
    let cors = tower_http::cors::CorsLayer::new()
        .allow_origin(HeaderValue::from_static(PAGE))
        .allow_methods([Method::PUT])
        .allow_headers([CONTENT_TYPE]);
    let mut app = Router::new()
        .route("/monsters", get(async || "").put(async || ""))
        .layer(cors.clone());
    let outcome = fetch_from(PAGE, &mut app, change());
    assert_eq!(
        outcome.blocked().map(Blocked::code),
        Some("preflight-allow-credentials-missing")
    );
    let mut app = Router::new()
        .route("/monsters", put(async || ""))
        .layer(cors.allow_credentials(true));
    fetch_from(PAGE, &mut app, change()).assert_readable();
}

#[test]
fn it_finds_two_layers_that_both_speak() {
    let cors = || tower_http::cors::CorsLayer::new().allow_origin(HeaderValue::from_static(PAGE));
    let by_hand = tower_http::set_header::SetResponseHeaderLayer::appending(
        http::header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static(PAGE),
    );
    let mut app = router().layer(cors()).layer(by_hand);
    let outcome = fetch_from(PAGE, &mut app, Request::get(API).body(Body::empty()));
    assert_eq!(
        outcome.blocked().map(Blocked::code),
        Some("allow-origin-repeated")
    );
}

#[test]
fn it_takes_services_with_bodies_of_other_kinds() {
    let inner = service_fn(async |request: Request<Full<Bytes>>| {
        assert_eq!(request.uri().path(), "/monsters");
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("hello"))))
    });
    let mut service = CorsLayer::new(policy()).layer(inner);
    let outcome =
        now(Browser::at(PAGE).fetch(&mut service, Request::get(API).body(Full::default())));
    outcome.assert_readable();
    // A service without bodies.
    let mut service = CorsLayer::new(policy()).layer(service_fn(async |_: Request<()>| {
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(Response::new(()))
    }));
    now(Browser::at(PAGE).fetch(&mut service, Request::get(API).body(()))).assert_readable();
}

/// Axum's handlers and Tokio's tasks need it.
#[test]
fn a_fetch_can_move_between_threads() {
    fn is_send(_: &impl Send) {}
    let mut app = router();
    let mut page = Browser::at(PAGE);
    is_send(&page.fetch(&mut app, change()));
}
