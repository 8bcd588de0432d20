//! What a new connection costs under `axum::serve`, which gives each one a router of its own with all layers applied.

use std::future::ready;

use axum::Router;
use axum::routing::get;

use crate::hand::Hand;
use crate::{Meter, origins, ours_of, theirs_of};

const ROUTES: usize = 100;
/// Connections of one measurement: fewer than requests, for a layer that is copied whole takes long.
const CONNECTIONS: usize = 10;

pub(crate) fn connections(meter: Meter) {
    let connect = |count: usize, variant: &str, router: Router| {
        let scenario = format!("connection, {ROUTES} routes, {count} origins");
        let connection = |()| router.clone().with_state::<()>(());
        meter.measure_times(CONNECTIONS, &scenario, variant, || (), connection);
    };
    for count in [1, 1_000] {
        connect(count, "floor", routes());
        connect(count, "ours", routes().layer(ours_of(count)));
        connect(count, "hand", routes().layer(Hand::new(origins(count))));
        connect(count, "tower-http", routes().layer(theirs_of(count)));
    }
}

/// Each has a GET and a POST.
fn routes() -> Router {
    (0..ROUTES).fold(Router::new(), |router, number| {
        let both = get(|| ready("served")).post(|| ready("served"));
        router.route(&format!("/route{number}"), both)
    })
}
