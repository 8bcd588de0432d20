//! What is told to `metrics`: by kind, decision and reason, never by anything that a client chooses.

use std::collections::BTreeMap;
use std::future::ready;

use http::Method;
use tower_cors::{CorsLayer, DynamicPolicies, Enforcement, Origin, Scope};

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
