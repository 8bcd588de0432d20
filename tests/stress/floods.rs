//! Floods of invented origins, which must not evict the origins in use.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tower_cors::{CorsLayer, DynamicPolicies, Origin, Policy, PolicyCache, Scope};

use crate::support::{built, get, send_through};

const MAX_AGE: Duration = Duration::from_secs(600);

/// How many requests of 100 origins in use had to look up, in a flood of 50,000 invented ones that come `times` each, and
/// how many decisions are kept at the end.
fn looked_up_in_a_flood(origins_in_use_came_before: bool, times: usize) -> (usize, usize) {
    let found = built(
        Policy::builder()
            .allow_origins(["https://*.tenant.example"])
            .max_age(MAX_AGE),
    );
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let cache = PolicyCache::builder()
        .capacity(1_000)
        .negative_ttl(MAX_AGE)
        .build();
    let layer = CorsLayer::new(
        DynamicPolicies::new(move |origin: Origin, _: Scope| {
            let is_real = origin
                .host()
                .is_some_and(|host| host.ends_with(".tenant.example"));
            counted.fetch_add(usize::from(is_real), Ordering::SeqCst);
            ready(Ok::<_, Infallible>(is_real.then(|| found.clone())))
        })
        .cache(cache.clone()),
    );
    let ask_real = || {
        for number in 0..100 {
            send_through(
                &layer,
                &[],
                get(&format!("https://{number}.tenant.example")),
            );
        }
    };
    if origins_in_use_came_before {
        ask_real();
    }
    for number in 0..50_000 {
        for _ in 0..times {
            let invented = format!("https://{number}.invented.example");
            send_through(&layer, &[], get(&invented));
        }
        if number % 10_000 == 9_999 {
            ask_real();
        }
    }
    (asked.load(Ordering::SeqCst), cache.stats().entries)
}

#[test]
fn k5_a_flood_of_invented_origins_does_not_evict_those_in_use() {
    assert_eq!(looked_up_in_a_flood(true, 1).0, 100);
}

#[test]
fn k5_nor_does_a_flood_of_invented_origins_that_come_again() {
    assert_eq!(looked_up_in_a_flood(true, 3).0, 100);
}

#[test]
fn k5_origins_that_come_into_use_in_a_flood_are_kept() {
    assert_eq!(looked_up_in_a_flood(false, 3).0, 100);
}

#[test]
fn k5_rejections_have_a_tenth_of_the_room() {
    let (_, entries) = looked_up_in_a_flood(true, 1);
    assert!(entries <= 100 + 1_000 / 10, "{entries}");
}
