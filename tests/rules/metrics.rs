//! What is told to `metrics`: by kind, decision and reason, never by anything that a client chooses.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::{pending, ready};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use http::Method;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tower::{Layer, ServiceExt, service_fn};
use tower_cors::{CorsLayer, DynamicPolicies, Enforcement, Origin, Policy, PolicyCache, Scope};

use crate::support::{APP, EVIL, app_only, built, get, preflight, request, send_through};

#[path = "../support/metrics.rs"]
pub(crate) mod recorded;

use recorded::counted;

#[test]
fn every_decision_is_counted_by_kind_decision_and_reason() {
    let layer = CorsLayer::new(built(app_only())).enforce(Enforcement::Block);
    let counted = counted(|| {
        for request in [
            get(APP),
            get(APP),
            get(EVIL),
            get("https://another.example"),
            get("nonsense"),
            request(Method::GET, &[]),
            preflight(APP, "PUT", "x-a"),
            preflight(EVIL, "PUT", ""),
        ] {
            send_through(&layer, &[], request);
        }
    });
    let requests = |labels: &str| format!("cors_requests_total{{{labels}}}");
    let expected = BTreeMap::from([
        (
            requests("kind=actual,decision=allowed,reason=allowed,enforcement=none"),
            2.0,
        ),
        (
            requests("kind=actual,decision=rejected,reason=origin-not-allowed,enforcement=blocked"),
            2.0,
        ),
        (
            requests("kind=actual,decision=rejected,reason=origin-malformed,enforcement=blocked"),
            1.0,
        ),
        (
            requests("kind=not-cors,decision=not-cors,reason=not-cors,enforcement=none"),
            1.0,
        ),
        (
            requests("kind=preflight,decision=allowed,reason=allowed,enforcement=none"),
            1.0,
        ),
        (
            requests("kind=preflight,decision=rejected,reason=origin-not-allowed,enforcement=none"),
            1.0,
        ),
    ]);
    assert_eq!(counted, expected);
}

#[test]
fn the_cache_counts_its_events_and_tells_its_size() {
    let policies = DynamicPolicies::new(|origin: Origin, _: Scope| {
        ready(if origin.as_str() == APP {
            Ok(Some(built(app_only())))
        } else {
            Err("the database is away")
        })
    });
    let layer = CorsLayer::new(policies);
    let counted = counted(|| {
        for request in [get(APP), get(APP), get(EVIL)] {
            send_through(&layer, &[], request);
        }
    });
    let of_cache: Vec<(&str, f64)> = counted
        .iter()
        .filter(|(name, _)| !name.starts_with("cors_requests"))
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    assert_eq!(
        of_cache,
        [
            ("cors_cache_entries{}", 1.0),
            ("cors_cache_events_total{event=failure}", 1.0),
            ("cors_cache_events_total{event=hit}", 1.0),
            ("cors_cache_events_total{event=miss}", 2.0),
            ("cors_decision_age_seconds{}", 1.0),
            ("cors_lookup_duration_seconds{outcome=allowed}", 1.0),
            ("cors_lookup_duration_seconds{outcome=failed}", 1.0),
            ("cors_lookups_in_flight{}", 0.0),
        ]
    );
}

#[test]
fn the_cache_records_ages_refreshes_invalidations_and_how_long_lookups_take() {
    let clock = Arc::new(Mutex::new(Instant::now()));
    let wait = |seconds| *clock.lock().unwrap() += Duration::from_secs(seconds);
    let of_cache = Arc::clone(&clock);
    let cache = PolicyCache::builder()
        .clock(move || *of_cache.lock().unwrap())
        .build();
    let of_source = Arc::clone(&clock);
    let policies = DynamicPolicies::from_predicate(
        Policy::builder().max_age(Duration::from_secs(100)),
        move |origin, _| {
            *of_source.lock().unwrap() += Duration::from_secs(2);
            ready(Ok::<_, Infallible>(origin.as_str() == APP))
        },
    )
    .unwrap()
    .cache(cache.clone());
    let layer = CorsLayer::new(policies);
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let send = |origin| send_through(&layer, &[], get(origin));
        send(APP);
        wait(10);
        send(APP);
        send(EVIL);
        wait(1);
        send(EVIL);
        // More than half of Max-Age has passed, so this is a refresh, which is no use of the old decision.
        wait(40);
        send(APP);
        cache.invalidate_all();
        send(APP);
    });
    let metrics: BTreeMap<String, DebugValue> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let labels = key.key().labels().map(|label| label.value().to_owned());
            let labels: Vec<String> = labels.collect();
            (format!("{} {}", key.key().name(), labels.join(" ")), value)
        })
        .collect();
    let seconds = |name: &str| match &metrics[name] {
        DebugValue::Histogram(values) => values.iter().map(|value| value.into_inner()).collect(),
        other => panic!("{name} is {other:?}"),
    };
    let ages: Vec<f64> = seconds("cors_decision_age_seconds ");
    assert_eq!(ages, [12.0, 3.0]);
    let durations: Vec<f64> = seconds("cors_lookup_duration_seconds allowed");
    assert_eq!(durations, [2.0, 2.0, 2.0]);
    for event in ["refresh", "invalidation"] {
        let count = &metrics[&format!("cors_cache_events_total {event}")];
        assert_eq!(*count, DebugValue::Counter(1), "{event}");
    }
    let stats = cache.stats();
    assert_eq!((stats.refreshes, stats.invalidations), (1, 1));
    assert_eq!((stats.hits, stats.misses), (2, 4));
}

#[test]
fn a_lookup_that_all_requests_dropped_is_abandoned_and_no_longer_in_flight() {
    let policies = DynamicPolicies::new(|_, _| pending::<Result<Option<Policy>, Infallible>>());
    let layer = CorsLayer::new(policies);
    let counted = counted(|| {
        let service = layer.layer(service_fn(async |_: http::Request<()>| {
            Ok::<_, Infallible>(http::Response::new(String::new()))
        }));
        assert!(service.oneshot(get(APP)).now_or_never().is_none());
    });
    assert_eq!(counted["cors_lookups_in_flight{}"], 0.0);
    let abandoned = "cors_lookup_duration_seconds{outcome=abandoned}";
    assert_eq!(counted[abandoned], 1.0);
}

#[test]
fn e9_own_pages_are_counted_as_what_they_are() {
    let site = http::HeaderName::from_static("sec-fetch-site");
    let own = [
        (http::header::ORIGIN, "https://api.example.com"),
        (site, "same-origin"),
    ];
    for enforcement in [Enforcement::Off, Enforcement::Report, Enforcement::Block] {
        let layer = CorsLayer::new(built(app_only())).enforce(enforcement);
        let counted = counted(|| {
            send_through(&layer, &[], request(Method::POST, &own));
        });
        let labels = "kind=actual,decision=same-origin,reason=same-origin,enforcement=none";
        let expected = BTreeMap::from([(format!("cors_requests_total{{{labels}}}"), 1.0)]);
        assert_eq!(counted, expected);
    }
}
