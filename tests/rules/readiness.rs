//! What the layer does with an inner service that is ready, and with its own future.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{Request, Response};
use tower::buffer::Buffer;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_cors::{Cors, CorsLayer};

use crate::support::{APP, EVIL, app_only, built, get, preflight};

/// Ends a test that would hang. The clock is paused, so it ends as soon as no task can go on.
const DEADLINE: Duration = Duration::from_secs(60);

fn hello() -> BoxCloneSyncService<Request<()>, Response<String>, Infallible> {
    BoxCloneSyncService::new(service_fn(|_| ready(Ok(Response::new("hello".to_owned())))))
}

/// Asserts that another route with the same concurrency limit of 1 is served after a buffered route answered `request`.
async fn assert_permit_is_released(layer: CorsLayer, request: Request<()>) {
    let limit = GlobalConcurrencyLimitLayer::new(1);
    let mut buffered = Buffer::new(layer.layer(limit.layer(hello())), 8);
    let other = limit.layer(hello());
    let answer = buffered.ready().await.unwrap().call(request).await.unwrap();
    assert_eq!(answer.body(), "", "the layer responded itself");
    let served = tokio::time::timeout(DEADLINE, other.oneshot(get(APP)));
    assert_eq!(
        served.await.expect("the permit is free").unwrap().body(),
        "hello"
    );
}

#[tokio::test(start_paused = true)]
async fn a_preflight_releases_the_permit_of_the_inner_service() {
    let layer = CorsLayer::new(built(app_only()));
    assert_permit_is_released(layer.clone(), preflight(APP, "PUT", "")).await;
    assert_permit_is_released(layer, preflight(EVIL, "PUT", "")).await;
}

#[tokio::test(start_paused = true)]
async fn a_blocked_request_releases_the_permit_of_the_inner_service() {
    let layer = CorsLayer::new(built(app_only())).enforce(tower_cors::Enforcement::Block);
    assert_permit_is_released(layer, get(EVIL)).await;
}

#[cfg(feature = "cache")]
#[tokio::test(start_paused = true)]
async fn a_preflight_that_waits_for_a_lookup_holds_no_permit() {
    let policies =
        tower_cors::DynamicPolicies::new(|_, _| std::future::pending::<Result<_, String>>());
    let limit = GlobalConcurrencyLimitLayer::new(1);
    let mut looking_up = CorsLayer::new(policies).layer(limit.layer(hello()));
    let response = looking_up
        .ready()
        .await
        .unwrap()
        .call(preflight(APP, "PUT", ""));
    let mut response = pin!(response);
    assert!(
        response
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    let served = tokio::time::timeout(DEADLINE, limit.layer(hello()).oneshot(get(APP)));
    assert_eq!(
        served.await.expect("the permit is free").unwrap().body(),
        "hello"
    );
}

#[tokio::test]
async fn a_request_that_reaches_the_inner_service_uses_its_permit() {
    let limit = GlobalConcurrencyLimitLayer::new(1);
    let mut limited = CorsLayer::new(built(app_only())).layer(limit.layer(hello()));
    let response = limited.ready().await.unwrap().call(get(APP));
    let mut waiting = limit.layer(hello());
    let mut is_ready = pin!(waiting.ready());
    let mut context = Context::from_waker(Waker::noop());
    assert!(is_ready.as_mut().poll(&mut context).is_pending());
    assert_eq!(response.await.unwrap().body(), "hello");
    assert!(is_ready.as_mut().poll(&mut context).is_ready());
}

fn poll_twice(mut future: impl Future<Output = Result<Response<String>, Infallible>> + Unpin) {
    let mut context = Context::from_waker(Waker::noop());
    let mut polls = 0;
    // A lookup that is ready needs no waker.
    while polls < 3
        && std::pin::Pin::new(&mut future)
            .poll(&mut context)
            .is_pending()
    {
        polls += 1;
    }
    let _: Poll<_> = std::pin::Pin::new(&mut future).poll(&mut context);
}

#[test]
#[should_panic(expected = "polled after completion")]
fn a_future_that_answered_a_preflight_panics_when_it_is_polled_again() {
    let mut service = CorsLayer::new(built(app_only())).layer(hello());
    poll_twice(service.call(preflight(APP, "PUT", "")));
}

#[cfg(feature = "cache")]
#[test]
#[should_panic(expected = "polled after completion")]
fn a_future_that_looked_up_a_policy_panics_when_it_is_polled_again() {
    let policies = tower_cors::DynamicPolicies::new(|_, _| ready(Ok::<_, String>(None)));
    let mut service = CorsLayer::new(policies).layer(hello());
    poll_twice(service.call(preflight(APP, "PUT", "")));
}

#[test]
fn the_inner_service_can_be_reached_changed_and_taken_back() {
    let mut service = Cors::new(vec!["inner"], built(app_only()));
    assert_eq!(service.get_ref(), &["inner"]);
    service.get_mut().push("changed");
    assert_eq!(service.into_inner(), ["inner", "changed"]);
}

#[tokio::test]
async fn a_service_made_by_hand_is_the_same_as_one_made_by_the_layer() {
    let service = Cors::new(hello(), built(app_only()));
    let response = service.oneshot(get(APP)).await.unwrap();
    assert_eq!(response.headers()["access-control-allow-origin"], APP);
}
