//! A recorder that is installed for the whole process, which needs a process of its own.
#![cfg(feature = "metrics")]

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use http::{Request, Response, header};
use metrics::{
    Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use tower::{Layer, ServiceExt, service_fn};
use tower_cors::{CorsLayer, Policy};

static COUNTED: AtomicU64 = AtomicU64::new(0);

/// A recorder without a state of its own, as the facade's own recorder that stands for none.
struct Stateless;

struct Total;

impl CounterFn for Total {
    fn increment(&self, value: u64) {
        COUNTED.fetch_add(value, Ordering::SeqCst);
    }

    fn absolute(&self, _: u64) {}
}

impl Recorder for Stateless {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        assert_eq!(key.name(), "cors_requests_total");
        Counter::from_arc(Arc::new(Total))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn requests_are_counted_from_the_moment_a_recorder_is_installed() {
    let service = CorsLayer::new(Policy::permissive()).layer(service_fn(|_: Request<()>| {
        ready(Ok::<_, Infallible>(Response::new(())))
    }));
    let send = || {
        let request = Request::get("/").header(header::ORIGIN, "https://app.example.com");
        let response = service.clone().oneshot(request.body(()).unwrap());
        response.now_or_never().unwrap().unwrap()
    };
    send();
    assert_eq!(COUNTED.load(Ordering::SeqCst), 0);
    metrics::set_global_recorder(Stateless).unwrap();
    send();
    send();
    assert_eq!(COUNTED.load(Ordering::SeqCst), 2);
}
