//! Observers of decisions: nobody, or `tracing`, `metrics` and the debug header.

use http::{HeaderMap, Method};

use crate::decision::Decision;
use crate::enforce::Enforcement;
use crate::explain::browser_verdict;
use crate::policy::Policy;
use crate::request::RequestOrigin;
use crate::telemetry;

/// Is told about each decision.
///
/// [`decide`](crate::decide::decide) is generic over it, so that one function decides every request, and costs nothing
/// extra if nobody observes.
pub(crate) trait Observer {
    /// Returns whether somebody observes.
    fn is_observing(&self) -> bool;

    /// Reports a decision, and returns the one to show in the debug header. `policy` is the one that
    /// answers a preflight.
    fn on_decision(
        &self,
        method: &Method,
        headers: &HeaderMap,
        policy: Option<&Policy>,
        decision: Decision,
        enforcement: Enforcement,
    ) -> Option<Decision>;
}

/// Nobody observes.
pub(crate) struct Silent;

impl Observer for Silent {
    #[inline(always)]
    fn is_observing(&self) -> bool {
        false
    }

    #[inline(always)]
    fn on_decision(
        &self,
        _: &Method,
        _: &HeaderMap,
        _: Option<&Policy>,
        _: Decision,
        _: Enforcement,
    ) -> Option<Decision> {
        None
    }
}

/// Somebody may observe: decisions go to `tracing`, to `metrics`, and to the debug header if it is on.
pub(crate) struct Observed {
    pub(crate) debug_header: bool,
}

impl Observer for Observed {
    fn is_observing(&self) -> bool {
        true
    }

    fn on_decision(
        &self,
        method: &Method,
        headers: &HeaderMap,
        policy: Option<&Policy>,
        decision: Decision,
        enforcement: Enforcement,
    ) -> Option<Decision> {
        let decision = RequestOrigin::of(headers).specify(decision);
        if telemetry::is_counting() {
            telemetry::count(method, headers, decision, enforcement);
        }
        let is_tracing = telemetry::is_tracing();
        if !is_tracing && !self.debug_header {
            return None;
        }
        let decision = policy.map_or(decision, |policy| {
            browser_verdict(policy, method, headers, decision)
        });
        if is_tracing {
            telemetry::trace(method, headers, decision, enforcement);
        }
        self.debug_header.then_some(decision)
    }
}

impl<O: Observer> Observer for Option<O> {
    fn is_observing(&self) -> bool {
        self.is_some()
    }

    fn on_decision(
        &self,
        method: &Method,
        headers: &HeaderMap,
        policy: Option<&Policy>,
        decision: Decision,
        enforcement: Enforcement,
    ) -> Option<Decision> {
        self.as_ref()?
            .on_decision(method, headers, policy, decision, enforcement)
    }
}

/// Returns whether `tracing` or `metrics` wants to know about decisions.
#[inline(always)]
pub(crate) fn is_enabled() -> bool {
    telemetry::is_tracing() || telemetry::is_counting()
}
