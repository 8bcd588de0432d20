//! The simulation is deterministic, keeps the promise, and finds a cache that breaks it.

use std::time::Duration;

use http::HeaderMap;
use http::header::ACCESS_CONTROL_MAX_AGE;
use tower_cors::testing::Profile;
use tower_cors_fleet::{Announcements, Fault, Pages, Settings, simulate};

fn small() -> Settings {
    Settings {
        replicas: 3,
        origins: 100,
        pages: 500,
        rate: 50.0,
        max_age: 60,
        warm_up: 100.0,
        duration: 600.0,
        revocations: 3_600.0,
        ..Settings::default()
    }
}

#[test]
fn equal_settings_give_equal_figures_and_no_permission_outlives_its_max_age() {
    for background in [true, false] {
        for announcements in [
            None,
            Some(Announcements {
                delay: 5.0,
                lost: 0.2,
                doubled: 0.2,
            }),
        ] {
            let settings = Settings {
                background,
                announcements,
                ..small()
            };
            let report = simulate(&settings);
            assert_eq!(report, simulate(&settings));
            assert!(report.requests > 10_000 && report.last_uses.count() > 20);
            assert_eq!(report.violations, 0);
        }
    }
}

#[test]
fn a_cache_that_replays_max_age_is_found() {
    let settings = Settings {
        fault: Some(Fault::ReplaysMaxAge),
        ..small()
    };
    assert!(simulate(&settings).violations > 0);
}

#[test]
fn slow_clocks_and_late_answers_lengthen_the_bound_by_what_they_take() {
    let settings = Settings {
        clock_drift: 0.1,
        transit: 5.0,
        ..small()
    };
    let report = simulate(&settings);
    assert_eq!(report.violations, 0);
    let longest = report.last_uses.quantile(1.0);
    // Max-Age is 60 s, so the bound is 71 s.
    assert!(longest > 60.0 && longest <= 71.0, "{longest}");
}

#[test]
fn a_page_keeps_an_answer_no_longer_than_its_engine() {
    let mut answer = HeaderMap::new();
    answer.insert(ACCESS_CONTROL_MAX_AGE, 100_000.into());
    let mut pages = Pages::new(1_000);
    let profiles = [Profile::chromium(), Profile::webkit(), Profile::firefox()];
    for page in 0..1_000 {
        let limit = profiles[Pages::engine(page)].max_age_limit();
        let limit = limit.unwrap_or(Duration::MAX).as_nanos() as u64;
        pages.keep(page, &answer, 0);
        assert!(pages.is_permitted(page, limit - 1) && !pages.is_permitted(page, limit));
    }
}
