//! Events and metrics of snapshots.

use std::time::Duration;

use super::SnapshotError;
use crate::policy::PolicyError;

#[cfg(feature = "tracing")]
const TARGET: &str = "tower_cors";

/// One event for a load that failed, and the counter.
#[cfg_attr(
    not(feature = "tracing"),
    expect(unused_variables, reason = "only the event has them")
)]
pub(super) fn failed(error: &SnapshotError, failures_in_a_row: u64, expires_in: Option<Duration>) {
    count(if *error == SnapshotError::Outdated {
        "outdated"
    } else {
        "failed"
    });
    #[cfg(feature = "tracing")]
    if *error == SnapshotError::Outdated {
        tracing::event!(target: TARGET, tracing::Level::DEBUG, "{error}");
    } else {
        tracing::event!(
            target: TARGET,
            tracing::Level::ERROR,
            error = %crate::escaped::Escaped(error.to_string().as_bytes()),
            failures_in_a_row,
            expires_in_seconds = expires_in.unwrap_or_default().as_secs(),
            "the load of a snapshot of origins failed",
        );
    }
}

/// One event for entries that are no origins.
#[cfg_attr(
    not(feature = "tracing"),
    expect(unused_variables, reason = "only the event has them")
)]
pub(super) fn skipped(skipped: usize, first: &PolicyError) {
    #[cfg(feature = "tracing")]
    tracing::event!(
        target: TARGET,
        tracing::Level::WARN,
        skipped,
        first = %crate::escaped::Escaped(first.to_string().as_bytes()),
        "entries of a snapshot are left out, because they are no origins",
    );
}

/// One event for a snapshot that is used from now on, and the metrics.
#[cfg_attr(
    not(any(feature = "tracing", feature = "metrics")),
    expect(unused_variables, reason = "only the event and metrics have them")
)]
pub(super) fn taken(origins: usize, skipped: usize, age: Duration) {
    count("taken");
    #[cfg(feature = "metrics")]
    {
        let read_at = crate::clock::unix_time().saturating_sub(age);
        // More than 2^52 origins do not fit a machine.
        #[expect(clippy::cast_precision_loss, reason = "see above")]
        let (origins, skipped) = (origins as f64, skipped as f64);
        metrics::gauge!("cors_snapshot_read_timestamp_seconds").set(read_at.as_secs_f64());
        metrics::gauge!("cors_snapshot_origins").set(origins);
        metrics::gauge!("cors_snapshot_skipped").set(skipped);
    }
    #[cfg(feature = "tracing")]
    tracing::event!(
        target: TARGET,
        tracing::Level::DEBUG,
        origins,
        skipped,
        age_seconds = age.as_secs_f64(),
        "a snapshot of origins is in use",
    );
}

#[cfg(feature = "metrics")]
fn count(outcome: &'static str) {
    metrics::counter!("cors_snapshot_loads_total", "outcome" => outcome).increment(1);
}

#[cfg(not(feature = "metrics"))]
fn count(_: &'static str) {}
