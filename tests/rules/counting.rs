//! What is told to `metrics`: by kind, decision and reason, never by anything that a client chooses.

use std::collections::BTreeMap;
use std::future::ready;

use http::Method;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tower_cors::{CorsLayer, DynamicPolicies, Enforcement};

use crate::support::{APP, EVIL, app_only, built, get, preflight, request, send_through};

/// The metrics of what `act` does, as `name{label=value,…}`.
fn counted(act: impl FnOnce()) -> BTreeMap<String, f64> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, act);
    let metrics = snapshotter.snapshot().into_vec().into_iter();
    let named = metrics.map(|(key, _, _, value)| {
        let key = key.key();
        let labels: Vec<String> = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        let value = match value {
            DebugValue::Counter(count) => count as f64,
            DebugValue::Gauge(value) => value.into_inner(),
            DebugValue::Histogram(_) => panic!("there is no histogram"),
        };
        (format!("{}{{{}}}", key.name(), labels.join(",")), value)
    });
    named.collect()
}

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
    let policies = DynamicPolicies::new(|origin, _| {
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
        .filter(|(name, _)| name.starts_with("cors_cache"))
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    assert_eq!(
        of_cache,
        [
            ("cors_cache_entries{}", 1.0),
            ("cors_cache_events_total{event=failure}", 1.0),
            ("cors_cache_events_total{event=hit}", 1.0),
            ("cors_cache_events_total{event=miss}", 2.0),
        ]
    );
}

#[test]
fn whatever_is_sent_there_is_a_known_and_small_number_of_series() {
    const KNOWN: [&[&str]; 5] = [
        &["actual", "preflight", "not-cors"],
        &["allowed", "rejected", "not-cors"],
        &[
            "allowed",
            "not-cors",
            "origin-not-allowed",
            "null-origin-not-allowed",
            "origin-malformed",
            "origin-repeated",
            "request-method-malformed",
            "request-headers-malformed",
            "request-headers-too-long",
        ],
        &["none", "blocked"],
        &["hit", "miss", "coalesced", "failure", "eviction"],
    ];
    let known = |label: &str| {
        let names = ["kind", "decision", "reason", "enforcement", "event"];
        let mut known = names.iter().zip(KNOWN);
        known.any(|(name, values)| {
            let value = label
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('='));
            value.is_some_and(|value| values.contains(&value))
        })
    };
    let of_pattern = tower_cors::Policy::builder().allow_origins(["https://*.example.com"]);
    let mirrors = of_pattern
        .allow_credentials(true)
        .allow_any_method()
        .allow_any_header();
    let mirrors = CorsLayer::new(built(mirrors)).enforce(Enforcement::Block);
    let dynamic = CorsLayer::new(DynamicPolicies::new(|_, _| {
        ready(Ok::<_, String>(Some(built(app_only()))))
    }));
    let counted = counted(|| {
        for number in 0..5_000 {
            let host =
                format!("n{number}.example\"}} {number}\\ncors_requests_total{{x=\"{number}");
            let method = Method::from_bytes(format!("STEAL{number}").as_bytes()).expect("a token");
            let origins = [
                format!("https://n{number}.example"),
                format!("https://n{number}.example.com"),
                format!("https://{host}"),
                "null".to_owned(),
            ];
            for origin in &origins {
                for layer in [&mirrors, &dynamic] {
                    let attack = request(method.clone(), &[(http::header::ORIGIN, origin)]);
                    send_through(layer, &[], attack);
                    send_through(layer, &[], preflight(origin, method.as_str(), &host));
                }
            }
        }
    });
    for name in counted.keys() {
        let (name, labels) = name
            .strip_suffix('}')
            .and_then(|name| name.split_once('{'))
            .expect("a name");
        assert!(
            [
                "cors_requests_total",
                "cors_cache_events_total",
                "cors_cache_entries"
            ]
            .contains(&name),
            "{name}"
        );
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            assert!(known(label), "{label} in {name}");
        }
    }
    assert!(counted.len() < 20, "{counted:?}");
}
