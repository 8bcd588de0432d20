//! What a request costs on one thread and on two at once, which share the application: nanoseconds, for what is shared
//! costs no instructions.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use axum::Router;
use axum::routing::get;
use futures_util::FutureExt;
use tower::Service;
use tower_cors::{CorsLayer, DynamicPolicies, Origin, Policy, Scope};

use crate::hand::Hand;
use crate::turns::median;
use crate::{APP, REQUESTS, get_allowed, measured, origins, ours, ours_of, theirs_of};

/// Those that are compared take turns, so that what else the machine does meets all of them.
const ROUNDS: usize = 41;
/// Batches of [`REQUESTS`] in one turn of a thread.
const BATCHES: usize = 21;

pub(crate) fn threads() {
    let found = ours(Policy::builder().allow_origins([APP]));
    let lookup = move |_: Origin, _: Scope| ready(Ok::<_, Infallible>(Some(found.clone())));
    let dynamic = CorsLayer::new(DynamicPolicies::new(lookup));
    let app = || Router::new().route("/", get(|| ready("served")));
    let apps = [
        ("floor", app()),
        ("ours, one policy", app().layer(ours_of(1))),
        ("ours, lookup, cached", app().layer(dynamic)),
        ("by hand", app().layer(Hand::new(origins(1)))),
        (
            "by hand, leaked",
            app().layer(Hand::new(origins(1)).leaked()),
        ),
        ("tower-http", app().layer(theirs_of(1))),
    ];
    let apps = apps.map(|(variant, app)| (variant, app.with_state::<()>(())));
    println!("\n| nanoseconds a request, GET allowed | 1 thread | 2 threads |\n|---|---:|---:|");
    let mut batches = [const { [const { Vec::new() }; 2] }; 6];
    for _ in 0..ROUNDS {
        for ((_, app), batches) in apps.iter().zip(&mut batches) {
            for (threads, batches) in [1, 2].into_iter().zip(batches) {
                batches.extend(turn(app, threads));
            }
        }
    }
    for ((variant, _), batches) in apps.iter().zip(batches) {
        let [one, two] = batches.map(median);
        println!("| {variant} | {one:.0} | {two:.0} |");
    }
}

/// The nanoseconds a request of each batch of each thread, all of which run at the same time.
fn turn(app: &Router, threads: usize) -> Vec<f64> {
    let start = Barrier::new(threads);
    let batches = || {
        let batch = || {
            let inputs = (0..REQUESTS).map(|_| get_allowed()).collect();
            let start = Instant::now();
            measured(inputs, |request| app.clone().call(request).now_or_never());
            start.elapsed().as_nanos() as f64 / REQUESTS as f64
        };
        start.wait();
        (0..BATCHES).map(|_| batch()).collect::<Vec<f64>>()
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(batches)).collect();
        let ended = running.into_iter().map(|thread| thread.join());
        ended
            .flat_map(|batches| batches.expect("no panic"))
            .collect()
    })
}
