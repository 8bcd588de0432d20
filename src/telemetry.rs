//! Events for `tracing`, and counters, gauges and histograms for `metrics`.

#[cfg(feature = "cache")]
use std::time::Duration;

use http::{HeaderMap, Method};

use crate::decision::Decision;
use crate::enforce::Enforcement;
#[cfg(feature = "tracing")]
use crate::escaped::Escaped;
#[cfg(feature = "cache")]
use crate::{origin::Origin, scope::Scope};

/// Returns whether a recorder is installed, for this thread or for all.
#[cfg(feature = "metrics")]
#[inline(always)]
pub(crate) fn is_counting() -> bool {
    metrics::with_recorder(is_recorder)
}

/// The facade cannot be asked. Without a recorder it passes its own `NoopRecorder`, a static of size 0.
///
/// - A recorder that a program installs for all threads is boxed: if its size is 0, its address is its alignment.
/// - A recorder of size 0 that is installed for one thread only, as some tests do, looks like none.
#[cfg(feature = "metrics")]
fn is_recorder(recorder: &dyn metrics::Recorder) -> bool {
    let address = std::ptr::from_ref(recorder).cast::<()>().addr();
    size_of_val(recorder) > 0 || address == align_of_val(recorder)
}

#[cfg(not(feature = "metrics"))]
pub(crate) fn is_counting() -> bool {
    false
}

/// Counts a decision: by kind, decision and reason, never by anything that a client chooses.
#[cfg(feature = "metrics")]
pub(crate) fn count(
    method: &Method,
    headers: &HeaderMap,
    decision: Decision,
    enforcement: Enforcement,
) {
    metrics::counter!(
        "cors_requests_total",
        "kind" => crate::request::Kind::of(method, headers).name(),
        "decision" => decision.name(),
        "reason" => decision.code(),
        "enforcement" => enforcement.name(),
    )
    .increment(1);
}

#[cfg(not(feature = "metrics"))]
pub(crate) fn count(_: &Method, _: &HeaderMap, _: Decision, _: Enforcement) {}

/// Counts an event of a policy cache.
#[cfg(all(feature = "metrics", feature = "cache"))]
pub(crate) fn count_cache(event: &'static str) {
    metrics::counter!("cors_cache_events_total", "event" => event).increment(1);
}

#[cfg(all(not(feature = "metrics"), feature = "cache"))]
pub(crate) fn count_cache(_: &'static str) {}

/// Records how many entries a policy cache has.
#[cfg(all(feature = "metrics", feature = "cache"))]
pub(crate) fn gauge_cache(entries: usize) {
    // A cache of more than 2^52 decisions does not fit a machine.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    metrics::gauge!("cors_cache_entries").set(entries as f64);
}

#[cfg(all(not(feature = "metrics"), feature = "cache"))]
pub(crate) fn gauge_cache(_: usize) {}

/// Records the age of a cached decision that a request uses.
#[cfg(all(feature = "metrics", feature = "cache"))]
#[inline]
pub(crate) fn record_age(age: impl FnOnce() -> Duration) {
    if is_counting() {
        metrics::histogram!("cors_decision_age_seconds").record(age().as_secs_f64());
    }
}

#[cfg(all(not(feature = "metrics"), feature = "cache"))]
#[inline]
pub(crate) fn record_age(_: impl FnOnce() -> Duration) {}

/// Counts a lookup in flight. Returns whether somebody counts, so that its end is counted only then.
#[cfg(all(feature = "metrics", feature = "cache"))]
pub(crate) fn lookup_started() -> bool {
    let is_counting = is_counting();
    if is_counting {
        metrics::gauge!("cors_lookups_in_flight").increment(1.0);
    }
    is_counting
}

#[cfg(all(not(feature = "metrics"), feature = "cache"))]
pub(crate) fn lookup_started() -> bool {
    false
}

/// Records how long a lookup took that [was counted](lookup_started).
#[cfg(all(feature = "metrics", feature = "cache"))]
pub(crate) fn lookup_ended(outcome: &'static str, duration: Duration) {
    metrics::gauge!("cors_lookups_in_flight").decrement(1.0);
    metrics::histogram!("cors_lookup_duration_seconds", "outcome" => outcome)
        .record(duration.as_secs_f64());
}

#[cfg(all(not(feature = "metrics"), feature = "cache"))]
pub(crate) fn lookup_ended(_: &'static str, _: Duration) {}

/// Returns whether a subscriber is enabled for this crate.
#[cfg(feature = "tracing")]
#[inline]
pub(crate) fn is_tracing() -> bool {
    tracing::enabled!(target: TARGET, tracing::Level::DEBUG)
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn is_tracing() -> bool {
    false
}

#[cfg(feature = "tracing")]
const TARGET: &str = "tower_cors";

/// One event for a decision: rejections at `debug`, all else at `trace`.
#[cfg(feature = "tracing")]
pub(crate) fn trace(
    method: &Method,
    headers: &HeaderMap,
    decision: Decision,
    enforcement: Enforcement,
) {
    use crate::request::{Kind, RequestOrigin};

    macro_rules! event {
        ($level:ident, $decision:literal) => {
            tracing::event!(
                target: TARGET,
                tracing::Level::$level,
                kind = Kind::of(method, headers).name(),
                origin = %Escaped(RequestOrigin::shown(headers)),
                method = %Escaped(method.as_str().as_bytes()),
                decision = $decision,
                reason = decision.code(),
                enforcement = enforcement.name(),
            )
        };
    }
    match decision {
        Decision::Rejected(_) => event!(DEBUG, "rejected"),
        Decision::Allowed => event!(TRACE, "allowed"),
        Decision::SameOrigin => event!(TRACE, "same-origin"),
        Decision::NotCors => event!(TRACE, "not-cors"),
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn trace(_: &Method, _: &HeaderMap, _: Decision, _: Enforcement) {}

/// One event for a response from which the layer removes CORS headers that the inner service set.
///
/// It is at `debug`, as every rejection: such a service sets them on every response, and nested layers are no mistake.
#[cfg(feature = "tracing")]
pub(crate) fn inner_headers_removed<'a>(
    removed: impl Iterator<Item = (&'a http::HeaderName, &'a http::HeaderValue)>,
) {
    /// The most headers that are listed.
    const LISTED: usize = 16;

    let fields: Vec<String> = removed
        .take(LISTED)
        .map(|(name, value)| {
            let name = Escaped(name.as_str().as_bytes());
            format!("{name}: {}", Escaped(value.as_bytes()))
        })
        .collect();
    tracing::event!(
        target: TARGET,
        tracing::Level::DEBUG,
        removed = %fields.join("; "),
        "the CORS headers of the inner service are removed, because this layer decides; \
         help: set them in one place, either there or in this layer",
    );
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn inner_headers_removed<'a>(
    _: impl Iterator<Item = (&'a http::HeaderName, &'a http::HeaderValue)>,
) {
}

/// One event for a layer whose enforcement rejects nothing.
#[cfg(feature = "tracing")]
pub(crate) fn enforces_in_vain() {
    tracing::event!(
        target: TARGET,
        tracing::Level::WARN,
        "enforcement rejects nothing, because a policy of this layer allows any origin; help: list the origins, let any \
         origin only read with `read_only`, or list the hosts of the service",
    );
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn enforces_in_vain() {}

/// One event for a lookup that failed, however many requests waited for it.
#[cfg(all(feature = "tracing", feature = "cache"))]
pub(crate) fn lookup_failed(origin: &Origin, scope: &Scope, error: &str) {
    tracing::event!(
        target: TARGET,
        tracing::Level::ERROR,
        origin = %Escaped(origin.as_str().as_bytes()),
        scope = %Escaped(scope.as_str().as_bytes()),
        error = %Escaped(error.as_bytes()),
        "the lookup of a policy failed",
    );
}

#[cfg(all(not(feature = "tracing"), feature = "cache"))]
pub(crate) fn lookup_failed(_: &Origin, _: &Scope, _: &str) {}

/// One event for a looked-up policy that does not allow the origin, however many requests waited for it.
///
/// It is at `debug`, as every rejection, because a lookup may return the same policy for every origin.
#[cfg(all(feature = "tracing", feature = "cache"))]
pub(crate) fn looked_up_policy_rejects(origin: &Origin, scope: &Scope) {
    tracing::event!(
        target: TARGET,
        tracing::Level::DEBUG,
        origin = %Escaped(origin.as_str().as_bytes()),
        scope = %Escaped(scope.as_str().as_bytes()),
        "the origin is rejected, because the policy that the lookup returned does not allow it; \
         help: list the origin in that policy, or use `DynamicPolicies::from_predicate`",
    );
}

#[cfg(all(not(feature = "tracing"), feature = "cache"))]
pub(crate) fn looked_up_policy_rejects(_: &Origin, _: &Scope) {}

/// One event for an insecure origin that a predicate allows with credentials, however many requests waited for it.
#[cfg(all(feature = "tracing", feature = "cache"))]
pub(crate) fn insecure_origin_rejected(origin: &Origin, scope: &Scope) {
    tracing::event!(
        target: TARGET,
        tracing::Level::WARN,
        origin = %Escaped(origin.as_str().as_bytes()),
        scope = %Escaped(scope.as_str().as_bytes()),
        "the origin is rejected although the predicate allows it, because with credentials a network attacker could \
         impersonate users over `http`; help: use `https` there, or call `dangerously_allow_insecure_origin` on the base policy",
    );
}

#[cfg(all(not(feature = "tracing"), feature = "cache"))]
pub(crate) fn insecure_origin_rejected(_: &Origin, _: &Scope) {}
