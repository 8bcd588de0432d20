//! What a new connection costs under `axum::serve`, which gives each one a router of its own with all layers applied, unless
//! it is given a service that is only cloned, such as a layer around the router.

use std::future::ready;

use axum::Router;
use axum::routing::get;
use tower::Layer;

use crate::hand::Hand;
use crate::{Meter, origins, ours_of, theirs_of};

const ROUTES: usize = 100;
/// Connections of one measurement: fewer than requests, for a layer that is copied whole takes long.
const CONNECTIONS: usize = 10;

pub(crate) fn connections(meter: &Meter) {
    for count in [1, 1_000] {
        let inside = format!("connection, {ROUTES} routes, {count} origins");
        serve_router(meter, &inside, "floor", routes());
        serve_router(meter, &inside, "ours", routes().layer(ours_of(count)));
        let hand = Hand::new(origins(count));
        serve_router(meter, &inside, "hand", routes().layer(hand.clone()));
        let theirs = routes().layer(theirs_of(count));
        serve_router(meter, &inside, "tower-http", theirs);
        // Over the same floor, for that is what it is instead of.
        let around = format!("connection, {ROUTES} routes, around Axum, {count} origins");
        serve_router(meter, &around, "floor", routes());
        serve_whole(meter, &around, "ours", &ours_of(count));
        serve_whole(meter, &around, "hand", &hand);
        serve_whole(meter, &around, "tower-http", &theirs_of(count));
    }
}

/// What `axum::serve(listener, router)` does for a connection.
fn serve_router(meter: &Meter, scenario: &str, variant: &'static str, router: Router) {
    let connection = move |()| router.clone().with_state::<()>(());
    meter.measure_times(CONNECTIONS, scenario, variant, || (), connection);
}

/// What `axum::serve(listener, layer.layer(router).into_make_service())` does for one.
fn serve_whole<L>(meter: &Meter, scenario: &str, variant: &'static str, layer: &L)
where
    L: Layer<Router>,
    L::Service: Clone + 'static,
{
    let service = layer.layer(routes().with_state(()));
    let connection = move |()| service.clone();
    meter.measure_times(CONNECTIONS, scenario, variant, || (), connection);
}

/// Each has a GET and a POST.
fn routes() -> Router {
    (0..ROUTES).fold(Router::new(), |router, number| {
        let both = get(|| ready("served")).post(|| ready("served"));
        router.route(&format!("/route{number}"), both)
    })
}
