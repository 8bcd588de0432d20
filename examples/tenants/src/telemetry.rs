//! The metrics of this service, and the page on which Prometheus reads them.
//!
//! Those of the layer and its cache begin with `cors_`, and those of this file with `tenants_`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use metrics::{counter, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// The bounds of how long lookups take, in seconds.
const DURATIONS: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0,
];
/// The bounds of how old decisions are, in seconds.
const AGES: [f64; 10] = [
    1.0, 5.0, 15.0, 60.0, 150.0, 300.0, 600.0, 1800.0, 7200.0, 86400.0,
];
/// How often values of histograms are merged. Without that they would use more memory until somebody reads them.
const UPKEEP: Duration = Duration::from_secs(5);

/// Installs the recorder. Counters of rare events start at 0, because Prometheus sees no rise of what it sees first.
pub(crate) fn install() -> Result<PrometheusHandle, BuildError> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Full("cors_lookup_duration_seconds".into()),
            &DURATIONS,
        )?
        .set_buckets_for_metric(Matcher::Full("cors_decision_age_seconds".into()), &AGES)?
        .install_recorder()?;
    for event in ["received", "missed"] {
        counter!("tenants_announcements_total", "event" => event).absolute(0);
    }
    for event in [
        "hit",
        "miss",
        "refresh",
        "coalesced",
        "failure",
        "eviction",
        "invalidation",
    ] {
        counter!("cors_cache_events_total", "event" => event).absolute(0);
    }
    counter!("tenants_change_log_failures_total").absolute(0);
    let upkeep = recorder.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            upkeep.run_upkeep();
        }
    });
    Ok(recorder)
}

pub(crate) fn capacity(permissions: usize) {
    #[expect(clippy::cast_precision_loss, reason = "it fits a machine")]
    gauge!("tenants_cache_capacity").set(permissions as f64);
}

pub(crate) fn announcement(event: &'static str) {
    counter!("tenants_announcements_total", "event" => event).increment(1);
}

pub(crate) fn announcements_missed(count: usize) {
    counter!("tenants_announcements_total", "event" => "missed").increment(count as u64);
}

pub(crate) fn announcements_connected(is_connected: bool) {
    gauge!("tenants_announcements_connected").set(if is_connected { 1.0 } else { 0.0 });
}

pub(crate) fn log_was_read() {
    counter!("tenants_change_log_reads_total").increment(1);
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    gauge!("tenants_change_log_read_timestamp_seconds").set(now.unwrap_or_default().as_secs_f64());
}

pub(crate) fn log_was_not_read() {
    counter!("tenants_change_log_failures_total").increment(1);
}
