//! Axum, with the two layers of Tower.

use std::convert::Infallible;
use std::future::ready;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{AppendHeaders, IntoResponse};
use axum::routing::{Route, any};
use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, Method, Request, Response};
use tower::layer::util::Identity;
use tower::{Layer, Service};

use crate::{METHODS, OwnHeaders, Policy, Visitor, head_of, with_body};

pub(crate) fn tower_cors(policy: &Policy, own: OwnHeaders, visitor: &mut impl Visitor) {
    layered(ours(policy), own, visitor);
}

pub(crate) fn around(policy: &Policy, own: OwnHeaders, visitor: &mut impl Visitor) {
    show(ours(policy).layer(router(own).with_state(())), visitor);
}

fn ours(policy: &Policy) -> tower_cors::CorsLayer {
    let mut builder = tower_cors::Policy::builder()
        .allow_origins(&policy.origins)
        .allow_methods(methods())
        .allow_headers([HeaderName::from_static(policy.header)])
        .allow_credentials(policy.credentials);
    if let Some(seconds) = policy.max_age {
        builder = builder.max_age(Duration::from_secs(seconds.into()));
    }
    tower_cors::CorsLayer::new(builder.build().expect("no mistake"))
}

pub(crate) fn tower_http(policy: &Policy, own: OwnHeaders, visitor: &mut impl Visitor) {
    let origins = policy.origins.iter();
    let origins = origins.map(|origin| HeaderValue::from_str(origin).expect("a value"));
    let mut layer = tower_http::cors::CorsLayer::new()
        .allow_origin(origins.collect::<Vec<_>>())
        .allow_methods(methods().collect::<Vec<_>>())
        .allow_headers([HeaderName::from_static(policy.header)])
        .allow_credentials(policy.credentials);
    if let Some(seconds) = policy.max_age {
        layer = layer.max_age(Duration::from_secs(seconds.into()));
    }
    layered(layer, own, visitor);
}

pub(crate) fn nothing(own: OwnHeaders, visitor: &mut impl Visitor) {
    layered(Identity::new(), own, visitor);
}

pub(crate) fn without(own: OwnHeaders, visitor: &mut impl Visitor) {
    show(router(own).with_state(()), visitor);
}

fn methods() -> impl Iterator<Item = Method> {
    METHODS
        .iter()
        .map(|method| method.parse().expect("a method"))
}

fn router(own: OwnHeaders) -> Router {
    let served = move || ready((AppendHeaders(own.iter().copied()), "served").into_response());
    Router::new().route("/", any(served))
}

fn layered<L>(layer: L, own: OwnHeaders, visitor: &mut impl Visitor)
where
    L: Layer<Route> + Clone + Send + Sync + 'static,
    L::Service: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    <L::Service as Service<Request<Body>>>::Future: Send + 'static,
{
    show(router(own).layer(layer).with_state(()), visitor);
}

/// Cloned for each request, as `axum::serve` does.
fn show<S>(service: S, visitor: &mut impl Visitor)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone,
{
    visitor.visit(
        |request| with_body(request, Body::empty()),
        |request| {
            let answer = service.clone().call(request).now_or_never();
            answer.expect("nothing waits")
        },
        |answer| {
            let Ok(response) = answer;
            head_of(response)
        },
    );
}
