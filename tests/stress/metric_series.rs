//! Hostile requests, which must not add time series to the metrics.

use std::future::ready;

use http::Method;
use tower_cors::{CorsLayer, DynamicPolicies, Enforcement, Origin, Scope};

use crate::support::{app_only, built, preflight, request, send_through};

#[path = "../support/metrics.rs"]
mod recorded;

use recorded::counted;

#[test]
fn whatever_is_sent_there_is_a_known_and_small_number_of_series() {
    const KNOWN: [&[&str]; 6] = [
        &["actual", "preflight", "not-cors"],
        &["allowed", "rejected", "not-cors", "same-origin"],
        &[
            "allowed",
            "not-cors",
            "same-origin",
            "cross-site-request",
            "websocket-without-origin",
            "origin-not-allowed",
            "null-origin-not-allowed",
            "file-origin-not-allowed",
            "origin-malformed",
            "origin-repeated",
            "request-method-malformed",
            "request-headers-malformed",
            "request-headers-too-long",
        ],
        &["none", "blocked"],
        &["hit", "miss", "refresh", "coalesced", "failure", "eviction"],
        &["allowed", "rejected", "failed", "abandoned"],
    ];
    let known = |label: &str| {
        let names = [
            "kind",
            "decision",
            "reason",
            "enforcement",
            "event",
            "outcome",
        ];
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
    let dynamic = CorsLayer::new(DynamicPolicies::new(|_: Origin, _: Scope| {
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
                "cors_cache_entries",
                "cors_decision_age_seconds",
                "cors_lookup_duration_seconds",
                "cors_lookups_in_flight"
            ]
            .contains(&name),
            "{name}"
        );
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            assert!(known(label), "{label} in {name}");
        }
    }
    assert!(counted.len() < 30, "{counted:?}");
}
